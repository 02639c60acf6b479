"""When the loop sleeps before it looks."""

import pytest

from telephony.media.naps import MANY_PACKETS, MOST_READY, NAP_S, Naps


@pytest.fixture
def busy() -> Naps:
    naps = Naps()
    for _ in range(MANY_PACKETS):
        naps.found(2)
    naps.measured(1.0)
    return naps


def test_few_packets_are_waited_for_awake() -> None:
    naps = Naps()
    naps.found(10)
    naps.measured(1.0)

    assert naps.before(0.1) == 0.0


def test_many_packets_are_worth_a_nap_until_they_are_few_again(busy: Naps) -> None:
    assert busy.before(0.1) == NAP_S

    busy.measured(1.0)

    assert busy.before(0.1) == 0.0


def test_what_is_due_sooner_is_not_slept_through(busy: Naps) -> None:
    assert busy.before(NAP_S / 2) == 0.0


def test_a_loop_that_is_behind_does_not_nap(busy: Naps) -> None:
    busy.found(MOST_READY)
    assert busy.before(0.1) == 0.0

    busy.found(MOST_READY - 1)
    assert busy.before(0.1) == NAP_S


def test_packets_that_c_took_count() -> None:
    naps = Naps()
    naps.taken_by_c(2 * MANY_PACKETS)
    naps.measured(1.0)

    assert naps.before(0.1) == NAP_S
