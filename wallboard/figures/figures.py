"""The figures of the trade, as `docs/figures.md` defines each; None where nobody called.

Pure functions of the board and `now_s`: a caller who waits longer than T counts as missed the
moment T is over, without an event.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from acd.events import AgentState
from wallboard.figures.formulas import ABANDON_RATE, ANSWER_RATE, SERVICE_LEVEL, basis_of
from wallboard.fold.agents import BUSY_STATES, AgentClock
from wallboard.fold.tally import Counts, Tally, Visit


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """Of one queue, or of the house; counts are of today's entrants, unless said otherwise."""

    offered: int
    answered: int
    abandoned: int
    "Short ones included."
    short_abandoned: int
    overflowed: int
    callback: int
    "Chose to wait at home; the call back is offered for itself."
    lost: int
    waiting: int
    "Now, ringing included, those from before midnight too."
    carried_over: int
    "Of the waiting, who entered before midnight: offered yesterday."
    longest_wait_s: float | None
    talking: int
    "Now."
    answer_rate: float | None
    "answered / (offered - short abandons - callbacks - still waiting)"
    raw_answer_rate: float | None
    "answered / offered"
    abandon_rate: float | None
    "abandoned, short ones not, / (offered - short abandons - callbacks - still waiting)"
    service_level: float | None
    "answered within T / (offered - short abandons - callbacks - waiting no longer than T)"
    asa_s: float | None
    "Mean of queue entry to the agent's 200, over the answered."
    aht_s: float | None
    "Mean of talk, hold and wrap-up, over answered calls whose wrap-up is over."


@dataclass(frozen=True, slots=True)
class AgentFigures:
    """Of one agent or of a team, today."""

    answered: int
    asa_s: float | None
    aht_s: float | None
    occupancy: float | None
    "(ringing + talking + holding + wrap-up) / signed-in time without pauses"
    utilisation: float | None
    "The same over all signed-in time."


def queue_figures(tally: Tally, now_s: float) -> QueueFigures:
    counts, waiting = tally.counts, tally.waiting_today()
    basis = basis_of(tally, now_s)
    return QueueFigures(
        offered=counts.offered,
        answered=counts.answered,
        abandoned=counts.abandoned,
        short_abandoned=counts.short_abandoned,
        overflowed=counts.overflowed,
        callback=counts.callback,
        lost=counts.lost,
        waiting=len(tally.waiting),
        carried_over=len(tally.waiting) - len(waiting),
        longest_wait_s=_longest_wait_s(tally.waiting.values(), now_s),
        talking=tally.talking,
        answer_rate=ANSWER_RATE[0].value(basis),
        raw_answer_rate=_ratio(counts.answered, counts.offered),
        abandon_rate=ABANDON_RATE[0].value(basis),
        service_level=SERVICE_LEVEL[0].value(basis),
        asa_s=_ratio(counts.wait_sum_s, counts.answered),
        aht_s=_ratio(counts.handle_sum_s, counts.handled),
    )


def agent_figures(clocks: Sequence[AgentClock], now_s: float, day_start_s: float) -> AgentFigures:
    """Of one agent, or of all agents of a team together."""
    counts = _sum([clock.counts for clock in clocks])

    def spent_s(states: Iterable[AgentState]) -> float:
        return sum(clock.time_in(s, now_s, day_start_s) for clock in clocks for s in states)

    busy_s = spent_s(BUSY_STATES)
    without_pauses_s = busy_s + spent_s([AgentState.READY])
    signed_in_s = without_pauses_s + spent_s([AgentState.PAUSED])
    return AgentFigures(
        answered=counts.answered,
        asa_s=_ratio(counts.wait_sum_s, counts.answered),
        aht_s=_ratio(counts.handle_sum_s, counts.handled),
        occupancy=_ratio(busy_s, without_pauses_s),
        utilisation=_ratio(busy_s, signed_in_s),
    )


def _longest_wait_s(waiting: Iterable[Visit], now_s: float) -> float | None:
    oldest_s = min((visit.entered_s for visit in waiting), default=None)
    return None if oldest_s is None else max(0.0, now_s - oldest_s)


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None


def _sum(counts: Sequence[Counts]) -> Counts:
    total = Counts()
    for each in counts:
        total.answered += each.answered
        total.wait_sum_s += each.wait_sum_s
        total.handled += each.handled
        total.handle_sum_s += each.handle_sum_s
    return total
