"""Counts visits to a queue, or contacts of the whole house, by their outcome.

      offer            settle(ANSWERED | ABANDONED | OVERFLOWED | CALLBACK | LOST)
    ─────────▶ waiting ─────────────────────────────────────────────────▶ settled
                  ▲                         reopen                            │
                  └───────────────────────────────────────────────────────────┘

A queue never reopens a visit: a caller who comes back makes a new one. The house does: a contact
that goes from one queue to the next is still one contact, and its last visit's outcome is its own.

Identity, at any moment: offered = answered + abandoned + overflowed + callback + lost + waiting,
where waiting means those who entered today (`Tally.waiting_today`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from enum import StrEnum

from foundation.ids import CallId
from wallboard.directory import ServiceTarget


class Outcome(StrEnum):
    ANSWERED = "answered"
    ABANDONED = "abandoned"
    OVERFLOWED = "overflowed"
    CALLBACK = "callback"
    "Waits at home; the call that keeps the promise has a visit of its own."
    LOST = "lost"


@dataclass(slots=True, eq=False)
class Visit:
    """One caller's way through one queue; or, for the house, through all its queues."""

    call_id: CallId
    entered_s: float
    "Of a contact that talked and waits again: so much later as the talk lasted."
    day: date
    "The local day of `entered_s`; the visit counts there and nowhere else."
    interval: int
    "The half hour of `entered_s`."
    target: ServiceTarget
    outcome: Outcome | None = None
    wait_s: float = 0.0
    "From entering to the outcome, ringing included."
    is_handled: bool = False
    "Counted in `Counts.handled`."


@dataclass(slots=True)
class Counts:
    """Of the visits that entered in one stretch of time."""

    offered: int = 0
    answered: int = 0
    answered_in_time: int = 0
    abandoned: int = 0
    short_abandoned: int = 0
    abandoned_in_time: int = 0
    "Hung up within T."
    overflowed: int = 0
    callback: int = 0
    lost: int = 0
    wait_sum_s: float = 0.0
    "Over the answered."
    handled: int = 0
    "Answered, and an agent's talk and wrap-up are over; each once, however many agents had it."
    handle_sum_s: float = 0.0
    "Talk, hold and wrap-up of all agents over the handled."

    def add(self, visit: Visit, sign: int = 1) -> None:
        """Count the outcome of `visit`; with sign -1, take it back."""
        match visit.outcome:
            case Outcome.ANSWERED:
                self.answered += sign
                self.answered_in_time += sign * (visit.wait_s <= visit.target.within_s)
                self.wait_sum_s += sign * visit.wait_s
            case Outcome.ABANDONED:
                self.abandoned += sign
                self.short_abandoned += sign * (visit.wait_s <= visit.target.short_abandon_s)
                self.abandoned_in_time += sign * (visit.wait_s <= visit.target.within_s)
            case Outcome.OVERFLOWED:
                self.overflowed += sign
            case Outcome.CALLBACK:
                self.callback += sign
            case Outcome.LOST:
                self.lost += sign


@dataclass(slots=True)
class Tally:
    """The day's counts, and who waits and talks now."""

    day: date = date.min
    counts: Counts = field(default_factory=Counts)
    intervals: dict[int, Counts] = field(default_factory=dict)
    waiting: dict[CallId, Visit] = field(default_factory=dict)
    "Everybody who waits now, those from before midnight too."
    talking: int = 0
    yesterday: dict[int, Counts] = field(default_factory=dict)
    "The half hours of the day before `day`."

    def start_day(self, day: date) -> None:
        is_next = day - self.day == timedelta(days=1) if self.day != date.min else False
        self.yesterday = self.intervals if is_next else {}
        self.day = day
        self.counts = Counts()
        self.intervals = {}

    def offer(self, visit: Visit) -> None:
        self.waiting[visit.call_id] = visit
        for counts in self._counts_of(visit):
            counts.offered += 1

    def settle(self, visit: Visit, outcome: Outcome, at_s: float) -> None:
        del self.waiting[visit.call_id]
        visit.outcome = outcome
        visit.wait_s = max(0.0, at_s - visit.entered_s)
        for counts in self._counts_of(visit):
            counts.add(visit)

    def reopen(self, visit: Visit, talked_s: float = 0.0) -> None:
        """`talked_s`: of the time since it was settled, what was no waiting."""
        visit.entered_s += talked_s
        for counts in self._counts_of(visit):
            counts.add(visit, -1)
        visit.outcome = None
        self.waiting[visit.call_id] = visit

    def handled(self, visit: Visit, handle_s: float) -> None:
        """Talk and wrap-up of an agent are over; after a transfer others follow."""
        for counts in self._counts_of(visit):
            counts.handled += not visit.is_handled
            counts.handle_sum_s += handle_s
        visit.is_handled = True

    def waiting_today(self) -> list[Visit]:
        return [visit for visit in self.waiting.values() if visit.day == self.day]

    def _counts_of(self, visit: Visit) -> tuple[Counts, ...]:
        if visit.day != self.day:
            return ()
        interval = self.intervals.get(visit.interval)
        if interval is None:
            interval = self.intervals[visit.interval] = Counts()
        return (self.counts, interval)


def summed(parts: Iterable[Counts]) -> Counts:
    """All counts of the parts together."""
    total = Counts()
    for part in parts:
        for name in _NAMES:
            setattr(total, name, getattr(total, name) + getattr(part, name))
    return total


def merged(tallies: Iterable[Tally], day: date) -> Tally:
    """Several queues as one; a caller who was in two of them counts in each."""
    parts = list(tallies)
    whole = Tally(day)
    whole.counts = summed(part.counts for part in parts)
    whole.intervals = merged_intervals([part.intervals for part in parts])
    whole.yesterday = merged_intervals([part.yesterday for part in parts])
    for part in parts:
        whole.waiting |= part.waiting
        whole.talking += part.talking
    return whole


def merged_intervals(parts: Iterable[Mapping[int, Counts]]) -> dict[int, Counts]:
    whole: dict[int, list[Counts]] = {}
    for part in parts:
        for number, counts in part.items():
            whole.setdefault(number, []).append(counts)
    return {number: summed(counts) for number, counts in whole.items()}


_NAMES = tuple(each.name for each in fields(Counts))
