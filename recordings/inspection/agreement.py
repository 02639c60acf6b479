"""How far inspectors agree who have scored the same talks (calibration).

For each item and each pair of inspectors the share of talks with the same points, and Cohen's kappa
with linear weights over the points' share of the item's most (Cohen 1968): 1 the same always, 0 as
much as by chance. For the totals the mean difference and the mean absolute one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean

from foundation.ids import RecordingId
from recordings.inspection.inspection import Inspection

STEPS = 4
"Points are compared in quarters of an item's most, so that kappa has categories."


@dataclass(frozen=True, slots=True)
class ItemAgreement:
    item: str
    talks: int
    same: float
    "Share of talks, 0 to 1, with the same points."
    kappa: float | None
    "None where both gave everybody the same, so that chance explains all."


@dataclass(frozen=True, slots=True)
class PairAgreement:
    first: str
    second: str
    talks: int
    mean_difference: float
    "Score of the first less that of the second, mean over the talks."
    mean_distance: float
    items: tuple[ItemAgreement, ...]


def compare(inspections: Iterable[Inspection], most: Mapping[str, float]) -> list[PairAgreement]:
    """`most`: the points of each item. Only what was submitted counts."""
    done: dict[str, dict[RecordingId, Inspection]] = {}
    for each in inspections:
        if each.score is not None:
            done.setdefault(each.inspector, {})[each.recording_id] = each
    pairs = []
    for first, second in combinations(sorted(done), 2):
        both = sorted(done[first].keys() & done[second].keys())
        if both:
            sheets = [(done[first][one], done[second][one]) for one in both]
            pairs.append(_pair(first, second, sheets, most))
    return pairs


def _pair(
    first: str,
    second: str,
    sheets: Sequence[tuple[Inspection, Inspection]],
    most: Mapping[str, float],
) -> PairAgreement:
    differences = [(a.score or 0.0) - (b.score or 0.0) for a, b in sheets]
    return PairAgreement(
        first,
        second,
        len(sheets),
        round(fmean(differences), 2),
        round(fmean(abs(each) for each in differences), 2),
        tuple(_item(item, points, sheets) for item, points in most.items()),
    )


def _item(item: str, most: float, sheets: Sequence[tuple[Inspection, Inspection]]) -> ItemAgreement:
    given = [((a.points or {}).get(item), (b.points or {}).get(item)) for a, b in sheets]
    both = [(a, b) for a, b in given if a is not None and b is not None]
    if not both:
        return ItemAgreement(item, 0, 0.0, None)
    same = fmean(a == b for a, b in both)
    steps = [(round(STEPS * a / most), round(STEPS * b / most)) for a, b in both]
    return ItemAgreement(item, len(both), round(same, 3), weighted_kappa(steps))


def weighted_kappa(pairs: Sequence[tuple[int, int]]) -> float | None:
    """1 less the observed disagreement over that of chance, both weighed by distance."""
    observed = fmean(abs(a - b) for a, b in pairs)
    by_chance = fmean(abs(a - b) for a, _ in pairs for _, b in pairs)
    return None if by_chance == 0 else round(1 - observed / by_chance, 3)
