"""Strategies: which of the available agents who suit is asked first. Each is one small function.

A strategy gives an agent a rank; the least is asked first, and the agent's id breaks what is still
a tie. Most ranks hold from the moment at which the agent becomes available (`STEADY`): those
agents stand sorted (`acd.pool`). The others change while time passes and are compared at the
moment of the choice.

Best suited is who has the highest sum of levels over the skills that the caller needs; other
skills do not count, so that a requirement without skills treats all alike.

The names of the trade (Avaya Business Advocate 2006): EAD is by level first, UCD is not; MIA is
the most idle agent, LOA the least occupied. `longest_idle` is EAD-MIA, `most_idle` UCD-MIA,
`best_skill_least_occupied` EAD-LOA, `least_occupied` UCD-LOA, `percent_allocation` PAD.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import inf, log
from typing import TypeAlias

from acd.agent import Agent
from acd.options import AgentCard, Strategy
from acd.requirement import Requirement, skills_in
from acd.worktime import WorkTime
from foundation.ids import QueueId

MAX_KEPT = 2_000
Rank: TypeAlias = tuple[float, float]
"The least is asked first."


@dataclass(frozen=True, slots=True)
class Candidate:
    """An available agent as a strategy sees him."""

    agent: Agent
    work: WorkTime
    queue: QueueId
    level: int
    "Sum of the levels of the skills that are needed."
    turn: int
    "Place in the order of the configuration, from 0."
    chance: float
    "A random number from 0 to below 1, drawn when the agent became available."


Ranking: TypeAlias = Callable[[Candidate, float], Rank]
"Of a candidate at a time (seconds)."


def longest_idle(candidate: Candidate, now: float) -> Rank:
    """Best suited first, then longest idle; withdrawn offers do not interrupt that time."""
    return (-candidate.level, candidate.agent.idle_since)


def most_idle(candidate: Candidate, now: float) -> Rank:
    return (candidate.agent.idle_since, 0)


def best_skill_least_occupied(candidate: Candidate, now: float) -> Rank:
    return (-candidate.level, candidate.work.occupancy(now))


def least_occupied(candidate: Candidate, now: float) -> Rank:
    return (candidate.work.occupancy(now), candidate.agent.idle_since)


def fewest_calls(candidate: Candidate, now: float) -> Rank:
    """Since sign-in: who comes late is not asked until all others are even, but asked more."""
    return (candidate.work.calls, candidate.agent.idle_since)


def round_robin(candidate: Candidate, now: float) -> Rank:
    """Whose last offer is longest ago, answered or not."""
    return (candidate.work.last_offer, candidate.turn)


def top_down(candidate: Candidate, now: float) -> Rank:
    """Always in the order of the configuration."""
    return (candidate.turn, 0)


def random_weighted(candidate: Candidate, now: float) -> Rank:
    """By lot, the chance in proportion to the level (Efraimidis and Spirakis 2006)."""
    return (-log(1 - candidate.chance) / max(1, candidate.level), candidate.turn)


def percent_allocation(candidate: Candidate, now: float) -> Rank:
    """Whose share of time for the queue is the lowest percentage of what it should be."""
    target = candidate.agent.card.allocation.get(candidate.queue, 0) / 100
    share = candidate.work.queue_share(candidate.queue, now)
    return (share / target if target > 0 else inf, candidate.agent.idle_since)


RANKINGS: dict[Strategy, Ranking] = {
    Strategy.LONGEST_IDLE: longest_idle,
    Strategy.MOST_IDLE: most_idle,
    Strategy.BEST_SKILL_LEAST_OCCUPIED: best_skill_least_occupied,
    Strategy.LEAST_OCCUPIED: least_occupied,
    Strategy.FEWEST_CALLS: fewest_calls,
    Strategy.ROUND_ROBIN: round_robin,
    Strategy.TOP_DOWN: top_down,
    Strategy.RANDOM_WEIGHTED: random_weighted,
    # Whom the ring-all limit leaves out is decided so; the others ring anyway.
    Strategy.RING_ALL: longest_idle,
    Strategy.PERCENT_ALLOCATION: percent_allocation,
}
STEADY = frozenset(
    {
        Strategy.LONGEST_IDLE,
        Strategy.MOST_IDLE,
        Strategy.FEWEST_CALLS,
        Strategy.ROUND_ROBIN,
        Strategy.TOP_DOWN,
        Strategy.RANDOM_WEIGHTED,
        Strategy.RING_ALL,
        # While nobody rings or talks to an available agent, his busy time stands still.
        Strategy.PERCENT_ALLOCATION,
    }
)
"Their ranks hold until the agent is taken."


def level_of(card: AgentCard, requirement: Requirement) -> int:
    return sum([card.skills.get(skill, 0) for skill in _counted(requirement)])


@lru_cache(MAX_KEPT)
def _counted(requirement: Requirement) -> frozenset[str]:
    return frozenset(skills_in(requirement))
