"""How far inspectors agree: kappa against worked examples."""

from dataclasses import replace

import pytest

from foundation.ids import RecordingId
from recordings.inspection.agreement import compare, weighted_kappa
from recordings.inspection.inspection import Inspection, InspectionId
from tests.recordings.inspection.test_inspection import done

MOST = {"greeting": 10.0, "solution": 30.0}


def sheet(inspector: str, talk: int, greeting: float, solution: float) -> Inspection:
    score = 100 * (greeting + solution) / 40
    return replace(
        done(), inspection_id=InspectionId(f"i-{inspector}-{talk}"), inspector=inspector,
        recording_id=RecordingId(f"r-{talk}"), calibration="c-1", score=score,
        points={"greeting": greeting, "solution": solution},
    )  # fmt: skip


def test_the_same_sheets_agree_wholly() -> None:
    sheets = [sheet(who, n, 10 * (n % 2), 10 * n) for who in ("ina", "ivo") for n in range(3)]
    [pair] = compare(sheets, MOST)
    assert (pair.talks, pair.mean_difference, pair.mean_distance) == (3, 0, 0)
    assert [(item.same, item.kappa) for item in pair.items] == [(1, 1), (1, 1)]


def test_a_stricter_inspector_shows_in_the_difference() -> None:
    sheets = [sheet("ina", n, 10, 30) for n in range(4)] + [
        sheet("ivo", n, 10, 22) for n in range(4)
    ]
    [pair] = compare(sheets, MOST)
    assert (pair.mean_difference, pair.mean_distance) == (20, 20)
    greeting, solution = pair.items
    assert (greeting.same, greeting.kappa) == (1, None), "all the same: chance explains it"
    assert (solution.same, solution.kappa) == (0, 0)


def test_only_talks_that_both_have_scored_are_compared() -> None:
    sheets = [
        sheet("ina", 1, 5, 5),
        sheet("ina", 2, 5, 5),
        sheet("ivo", 2, 5, 5),
        sheet("ivo", 3, 5, 5),
    ]
    [pair] = compare([*sheets, replace(sheet("ivo", 1, 5, 5), score=None)], MOST)
    assert pair.talks == 1
    assert compare(sheets[:2], MOST) == []


@pytest.mark.parametrize(
    ("pairs", "kappa"),
    [
        ([(0, 0), (1, 1)], 1.0),
        ([(0, 1), (1, 0)], -1.0),
        # Observed distance 1/4; by chance (0·9 + 1·6 + …)/16 = 1/2.
        ([(0, 0), (0, 0), (1, 1), (1, 0)], 0.5),
        ([(0, 0), (2, 2), (4, 2), (4, 4)], 0.714),
    ],
)
def test_kappa(pairs: list[tuple[int, int]], kappa: float) -> None:
    assert weighted_kappa(pairs) == pytest.approx(kappa, abs=0.001)
