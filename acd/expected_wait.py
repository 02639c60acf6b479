"""How long a caller will wait: from the place, the people and recent handling times.

With n agents at work on the queue and a mean handling time h, one of them becomes free every h / n
seconds; the caller at place p waits for p of them. Handling times are an exponentially weighted
mean over the queue's latest talks with their wrap-up, so that an afternoon of long calls is
noticed. How far the estimates were off is kept, so that it can be shown beside them.
"""

from bisect import insort
from collections import deque
from dataclasses import dataclass, field

WEIGHT = 0.05
"Of the latest handling time: the mean looks back over about 20 talks."
KEPT = 500
"Errors that the percentiles are taken of."
ROUNDING_S = ((60, 10), (300, 60), (1_800, 300))
"Up to so many seconds, an announcement is rounded up to a multiple of …"
COARSEST_S = 600


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How far estimates were off, in seconds, over the latest callers who were answered."""

    count: int
    p50_s: float
    p90_s: float


@dataclass(slots=True)
class ExpectedWait:
    """One queue's."""

    handle_s: float = 180.0
    "Before any talk: a guess."
    _errors_s: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT))

    def handled(self, handle_s: float) -> None:
        self.handle_s += WEIGHT * (handle_s - self.handle_s)

    def estimate_s(self, position: int, agents: int, free: int) -> float | None:
        """
        position: 1 is next. agents: signed in, who suit and take calls or have one.
        free: of them without a call. None: nobody is there, so nothing can be expected.
        """
        if agents <= 0:
            return None
        ahead = position - free
        return 0.0 if ahead <= 0 else ahead * self.handle_s / agents

    def waited(self, expected_s: float, waited_s: float) -> None:
        """What became of an estimate that was made at entry."""
        self._errors_s.append(abs(waited_s - expected_s))

    def accuracy(self) -> Accuracy | None:
        """None before anybody was answered."""
        if not self._errors_s:
            return None
        errors: list[float] = []
        for error in self._errors_s:
            insort(errors, error)
        last = len(errors) - 1
        return Accuracy(len(errors), errors[last // 2], errors[round(0.9 * last)])


def spoken_s(expected_s: float, told_s: float | None) -> float | None:
    """What the caller is told, rounded up; `told_s`: what he was told last, None for the first
    time. None: the figure would rise, so he hears that it takes longer than expected."""
    step = next((step for most, step in ROUNDING_S if expected_s <= most), COARSEST_S)
    rounded = float(-(-expected_s // step) * step)
    return rounded if told_s is None or rounded <= told_s else None
