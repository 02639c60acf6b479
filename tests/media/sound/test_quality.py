"""The E-model against figures of ITU-T G.107 and G.113."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telephony.media.sound.quality import G711, mos


def test_a_faultless_leg_has_the_best_that_g711_can_have() -> None:
    assert mos(G711, loss=0.0, jitter_ms=0.0, round_trip_ms=0.0) == pytest.approx(4.38, abs=0.02)


@pytest.mark.parametrize(
    ("loss", "expected"), [(0.01, 4.3), (0.02, 4.18), (0.05, 3.84), (0.10, 3.33), (0.20, 2.5)]
)
def test_concealed_random_loss_costs_what_g113_says(loss: float, expected: float) -> None:
    assert mos(G711, loss, 0.0, 0.0) == pytest.approx(expected, abs=0.12)


def test_delay_is_hardly_heard_up_to_150_ms_and_disturbs_beyond() -> None:
    assert mos(G711, 0.0, 0.0, 150.0) > 4.2
    assert mos(G711, 0.0, 0.0, 700.0) < 3.6


def test_a_leg_of_which_nothing_comes_is_the_worst() -> None:
    assert mos(G711, 1.0, 0.0, 0.0) == 1.0


@settings(deadline=None)
@given(*[st.floats(0, 1)] * 2, *[st.floats(0, 500)] * 3)
def test_more_loss_jitter_or_delay_is_never_better(
    loss: float, more_loss: float, jitter: float, delay: float, more: float
) -> None:
    base = mos(G711, loss, jitter, delay)

    assert 1.0 <= base <= 4.5
    assert mos(G711, min(1.0, loss + more_loss), jitter, delay) <= base
    assert mos(G711, loss, jitter + more, delay) <= base
    assert mos(G711, loss, jitter, delay + more) <= base
