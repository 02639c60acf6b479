"""The formulas that the trade has for one figure, each with the words that are printed beside it.

Ours come first and are what the API and the reports use; a board may choose another. All of them
are a ratio of counts, so they hold for a queue, for several, for the house and for a half hour.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from wallboard.fold.tally import Counts, Tally, Visit
from wallboard.words import Words


@dataclass(frozen=True, slots=True)
class Basis:
    """What a formula may use, at one moment."""

    counts: Counts
    waiting_in_time: int
    "Of those who entered in the same stretch: wait, and no longer than T."
    waiting_late: int

    @property
    def waiting(self) -> int:
        return self.waiting_in_time + self.waiting_late


def basis_of(tally: Tally, now_s: float) -> Basis:
    return basis(tally.counts, tally.waiting_today(), now_s)


def basis(counts: Counts, waiting: Iterable[Visit], now_s: float) -> Basis:
    """`waiting`: those who entered in the stretch that `counts` is of."""
    late = [now_s - visit.entered_s > visit.target.within_s for visit in waiting]
    return Basis(counts, len(late) - sum(late), sum(late))


@dataclass(frozen=True, slots=True)
class Formula:
    """part / whole; `text` is what is printed, T being the target's time."""

    figure: str
    name: str
    part: Callable[[Basis], int]
    whole: Callable[[Basis], int]
    text: Words

    def value(self, basis: Basis) -> float | None:
        """None where the whole is nobody."""
        whole = self.whole(basis)
        return self.part(basis) / whole if whole > 0 else None


def _entered(basis: Basis) -> int:
    """All who are held against us one way or another: neither short abandons nor callbacks."""
    counts = basis.counts
    return counts.offered - counts.short_abandoned - counts.callback


SERVICE_LEVEL = (
    Formula(
        "service_level",
        "standard",
        lambda b: b.counts.answered_in_time,
        lambda b: _entered(b) - b.waiting_in_time,
        Words(
            "answered ≤ T / (offered − short abandons − callbacks − waiting ≤ T)",
            "T 内接起 / (进线 − 短时放弃 − 预约回呼 − 等待未满 T)",
        ),
    ),
    Formula(
        "service_level",
        "with_short",
        lambda b: b.counts.answered_in_time,
        lambda b: b.counts.offered - b.counts.callback - b.waiting_in_time,
        Words(
            "answered ≤ T / (offered − callbacks − waiting ≤ T)",
            "T 内接起 / (进线 − 预约回呼 − 等待未满 T)",
        ),
    ),
    Formula(
        "service_level",
        "without_overflow",
        lambda b: b.counts.answered_in_time,
        lambda b: _entered(b) - b.counts.overflowed - b.waiting_in_time,
        Words(
            "answered ≤ T / (offered − short abandons − callbacks − overflowed − waiting ≤ T)",
            "T 内接起 / (进线 − 短时放弃 − 预约回呼 − 溢出 − 等待未满 T)",
        ),
    ),
    Formula(
        "service_level",
        "without_abandons",
        lambda b: b.counts.answered_in_time,
        lambda b: b.counts.offered - b.counts.abandoned - b.counts.callback - b.waiting_in_time,
        Words(
            "answered ≤ T / (offered − all abandons − callbacks − waiting ≤ T)",
            "T 内接起 / (进线 − 全部放弃 − 预约回呼 − 等待未满 T)",
        ),
    ),
    Formula(
        "service_level",
        "answered_only",
        lambda b: b.counts.answered_in_time,
        lambda b: b.counts.answered,
        Words("answered ≤ T / answered", "T 内接起 / 接起"),
    ),
    Formula(
        "service_level",
        "with_abandons",
        lambda b: b.counts.answered_in_time + b.counts.abandoned_in_time,
        lambda b: b.counts.answered + b.counts.abandoned,
        Words(
            "(answered ≤ T + abandoned ≤ T) / (answered + abandoned)",
            "(T 内接起 + T 内放弃) / (接起 + 放弃)",
        ),
    ),
)
ANSWER_RATE = (
    Formula(
        "answer_rate",
        "standard",
        lambda b: b.counts.answered,
        lambda b: _entered(b) - b.waiting,
        Words(
            "answered / (offered − short abandons − callbacks − waiting)",
            "接起 / (进线 − 短时放弃 − 预约回呼 − 等待)",
        ),
    ),
    Formula(
        "answer_rate",
        "with_short",
        lambda b: b.counts.answered,
        lambda b: b.counts.offered - b.counts.callback - b.waiting,
        Words(
            "answered / (offered − callbacks − waiting)",
            "接起 / (进线 − 预约回呼 − 等待)",
        ),
    ),
    Formula(
        "answer_rate",
        "without_overflow",
        lambda b: b.counts.answered,
        lambda b: _entered(b) - b.counts.overflowed - b.waiting,
        Words(
            "answered / (offered − short abandons − callbacks − overflowed − waiting)",
            "接起 / (进线 − 短时放弃 − 预约回呼 − 溢出 − 等待)",
        ),
    ),
    Formula(
        "answer_rate",
        "raw",
        lambda b: b.counts.answered,
        lambda b: b.counts.offered,
        Words("answered / offered", "接起 / 进线"),
    ),
)
ABANDON_RATE = (
    Formula(
        "abandon_rate",
        "standard",
        lambda b: b.counts.abandoned - b.counts.short_abandoned,
        lambda b: _entered(b) - b.waiting,
        Words(
            "(abandoned − short) / (offered − short abandons − callbacks − waiting)",
            "(放弃 − 短时放弃) / (进线 − 短时放弃 − 预约回呼 − 等待)",
        ),
    ),
    Formula(
        "abandon_rate",
        "with_short",
        lambda b: b.counts.abandoned,
        lambda b: b.counts.offered - b.counts.callback - b.waiting,
        Words(
            "abandoned / (offered − callbacks − waiting)",
            "放弃 / (进线 − 预约回呼 − 等待)",
        ),
    ),
    Formula(
        "abandon_rate",
        "raw",
        lambda b: b.counts.abandoned,
        lambda b: b.counts.offered,
        Words("abandoned / offered", "放弃 / 进线"),
    ),
)
FORMULAS = {
    formulas[0].figure: {each.name: each for each in formulas}
    for formulas in (SERVICE_LEVEL, ANSWER_RATE, ABANDON_RATE)
}
"By figure and name, ours first."
STANDARD = "standard"


def formula_of(figure: str, name: str = STANDARD) -> Formula | None:
    """None for a figure that has one meaning only."""
    return FORMULAS[figure][name] if figure in FORMULAS else None
