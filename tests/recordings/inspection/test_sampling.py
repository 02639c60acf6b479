"""Which talks are drawn, and to whom they are given."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.errors import RemoteError
from foundation.ids import AgentId, RecordingId
from recordings.inspection.sampling import Candidate, How, assign, draw

CANDIDATES = st.lists(
    st.tuples(st.sampled_from("abc"), st.none() | st.floats(0, 100)), max_size=30
).map(
    lambda rows: [
        Candidate(RecordingId(f"r-{n}"), AgentId(agent), score)
        for n, (agent, score) in enumerate(rows)
    ]
)


@given(CANDIDATES, st.sampled_from(How), st.integers(1, 10), st.integers())
def test_nothing_is_drawn_twice_and_the_same_chance_draws_the_same(
    candidates: list[Candidate], how: How, count: int, seed: int
) -> None:
    drawn = draw(how, count, candidates, Random(seed))
    assert drawn == draw(how, count, candidates, Random(seed))
    assert len({each.recording_id for each in drawn}) == len(drawn)
    assert set(drawn) <= set(candidates)


@given(CANDIDATES, st.integers(1, 10), st.integers())
def test_by_agent_gives_everybody_the_same_number_or_all_there_are(
    candidates: list[Candidate], count: int, seed: int
) -> None:
    drawn = Counter(each.agent_id for each in draw(How.BY_AGENT, count, candidates, Random(seed)))
    there = Counter(each.agent_id for each in candidates)
    assert drawn == {agent: min(count, n) for agent, n in there.items()}


@given(CANDIDATES, st.integers(1, 10), st.integers())
def test_worst_first_leaves_none_out_that_is_worse(
    candidates: list[Candidate], count: int, seed: int
) -> None:
    drawn = draw(How.WORST_FIRST, count, candidates, Random(seed))
    left = [each for each in candidates if each not in drawn]
    worth = [101.0 if each.score is None else each.score for each in drawn]
    assert worth == sorted(worth)
    assert len(drawn) == min(count, len(candidates))
    if drawn:
        assert all((101.0 if each.score is None else each.score) >= worth[-1] for each in left)


def test_at_random_every_talk_has_the_same_chance() -> None:
    candidates = [Candidate(RecordingId(f"r-{n}"), AgentId("a"), None) for n in range(10)]
    drawn = Counter(
        each.recording_id
        for seed in range(2000)
        for each in draw(How.RANDOM, 3, candidates, Random(seed))
    )
    # Each is expected 600 times with a deviation of 20.
    assert all(500 < n < 700 for n in drawn.values())


def test_talks_go_to_the_inspectors_in_turn_and_in_a_calibration_to_all() -> None:
    drawn = [Candidate(RecordingId(f"r-{n}"), AgentId("a"), None) for n in range(3)]
    in_turn = [(a.candidate.recording_id, a.inspector) for a in assign(drawn, ["ina", "ivo"], "")]
    assert in_turn == [("r-0", "ina"), ("r-1", "ivo"), ("r-2", "ina")]
    compared = assign(drawn, ["ina", "ivo"], "c-1")
    assert len(compared) == 6
    assert {each.calibration for each in compared} == {"c-1"}


@pytest.mark.parametrize(
    ("inspectors", "calibration", "sentence"),
    [
        ([], "", "at least one inspector"),
        (["ina", "ina"], "", "named twice"),
        (["ina"], "c-1", "compares two inspectors"),
    ],
)
def test_who_cannot_inspect_is_refused(
    inspectors: list[str], calibration: str, sentence: str
) -> None:
    with pytest.raises(RemoteError, match=sentence):
        assign([], inspectors, calibration)
