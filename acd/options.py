"""What an administrator decides about agents and queues; all durations are seconds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from acd.events import Priority
from acd.requirement import EVERYBODY, Requirement, both, least_levels
from foundation.errors import ConfigurationError
from foundation.ids import AgentId, QueueId


class Strategy(StrEnum):
    """Which of several available agents gets the call; the functions are in `acd.routing`."""

    LONGEST_IDLE = "longest_idle"
    "The best suited first, and of those the longest idle."
    MOST_IDLE = "most_idle"
    "The longest idle of all who suit, whatever the levels."
    LEAST_OCCUPIED = "least_occupied"
    "Who was busy for the least share of the shift."
    BEST_SKILL_LEAST_OCCUPIED = "best_skill_least_occupied"
    FEWEST_CALLS = "fewest_calls"
    ROUND_ROBIN = "round_robin"
    TOP_DOWN = "top_down"
    "Always in the order of the configuration."
    RANDOM_WEIGHTED = "random_weighted"
    "By lot, better suited agents more often."
    RING_ALL = "ring_all"
    "All at once, up to `ring_all_most`; who picks up first has the caller."
    PERCENT_ALLOCATION = "percent_allocation"
    "Who is furthest below the share of the time that this queue should have of it."


class Selection(StrEnum):
    """Which of several waiting callers a freed agent takes."""

    GREATEST_NEED = "greatest_need"
    "Who is first in the order of service over all queues."
    SKILL_LEVEL = "skill_level"
    "Whoever the agent suits best."
    SERVICE_OBJECTIVE = "service_objective"
    "The queue that is closest to missing its service level."


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceOrder:
    """Who is served before whom: everybody by entry time, some with a head start, in seconds.

    A caller with a head start of 600 s goes before all who came up to 600 s earlier without one.
    Because everybody ages alike nobody can starve: once a caller has waited `longest_s`, no later
    arrival goes ahead.
    """

    priority_s: Mapping[Priority, float] = field(
        default_factory=lambda: {Priority.P0: 1800.0, Priority.P1: 600.0, Priority.P2: 180.0}
    )
    tier_s: Mapping[str, float] = field(default_factory=dict)
    "Of VIP tiers, by name; added to that of the priority."
    front_s: float = 1200.0
    "Of those who are put to the front because they have been served before; added as well."
    longest_s: float = 3600.0
    "No head start is longer, whatever adds up."

    def head_start_s(self, priority: int, tier: str = "", *, front: bool = False) -> float:
        """An unknown tier is none; a priority above P0 counts as P0."""
        urgency = Priority(min(max(priority, Priority.P3), Priority.P0))
        by_front = self.front_s if front else 0.0
        return min(
            self.longest_s,
            self.priority_s.get(urgency, 0.0) + self.tier_s.get(tier, 0.0) + by_front,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentOptions:
    """How all agents and callers of this floor are treated."""

    selection: Selection = Selection.GREATEST_NEED
    "Which of several waiting callers a freed agent takes."
    order: ServiceOrder = field(default_factory=ServiceOrder)
    "Who is served before whom."
    pause_limit_s: Mapping[str, float] = field(default_factory=dict)
    "How long a pause may last, by its reason."
    other_pauses_s: float | None = None
    "Pauses for any other reason; None: as long as they like."
    away_grace_s: float = 120.0
    "Who is not back so long after the limit is signed out."
    max_wrap_up_s: float = 600.0
    "Agents may extend their wrap-up up to this."
    auto_ready: bool = False
    "The registration is the sign-in: a phone that registers is READY, one that is gone is OFF."

    @property
    def has_pause_limits(self) -> bool:
        return bool(self.pause_limit_s) or self.other_pauses_s is not None

    def pause_limit_of(self, reason: str) -> float | None:
        """In seconds; None and 0 are none."""
        return self.pause_limit_s.get(reason, self.other_pauses_s) or None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentCard:
    """Who an agent is; nothing here changes during a call."""

    agent_id: AgentId
    name: str
    number: str = ""
    "What the caller is told before the talk when the queue has `announce_agent`, and 'dial me'."
    skills: Mapping[str, int] = field(default_factory=dict)
    "Skill to level; a higher level is better."
    team: str = ""
    languages: tuple[str, ...] = ()
    "Language codes, the mother tongue first."
    backup: bool = False
    "Is offered calls of a queue only while its `surge` lasts."
    allocation: Mapping[QueueId, float] = field(default_factory=dict)
    "For the strategy percent_allocation: percent of the busy time that a queue should have."
    auto_answer: bool = False
    "The phone is asked to answer by itself, with a short tone for the agent."


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLevel:
    """`percent` of the callers are to be answered within `within_s`."""

    percent: float = 80.0
    within_s: float = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Surge:
    """Backup agents join at the upper threshold and leave at the lower one, not in between."""

    join_waiting: int = 10
    "So many callers wait, and they are called in."
    leave_waiting: int = 3
    "So few, and they are let go."

    def __post_init__(self) -> None:
        if not 0 <= self.leave_waiting < self.join_waiting:
            problem = f"surge: 0 <= leave_waiting < join_waiting must hold, but {self}"
            raise ConfigurationError([problem])


class Relaxation(NamedTuple):
    """After so long a wait, less will do."""

    after_s: float
    requirement: Requirement


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackOptions:
    """How those who are to be called back are treated."""

    tries: int = 2
    "How often one who is not reached is dialled in all."
    retry_after_s: float = 300.0
    "How long after one try the next may be."
    ring_s: float = 40.0
    "How long a try may take until somebody answers; the agent is reserved meanwhile."
    give_up_after_s: float = 28_800.0
    "From when the turn could have come; a try in flight may still succeed."
    max_pending: int = 500
    "Who asks when so many are promised already is refused."
    furthest_s: float = 60 * 86_400.0
    "How far ahead somebody may wish to be called back."

    def __post_init__(self) -> None:
        numbers = (self.tries, self.retry_after_s, self.ring_s, self.give_up_after_s)
        if min(*numbers, self.max_pending, self.furthest_s) <= 0:
            raise ConfigurationError([f"callbacks: everything must be above 0, but {self}"])


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueOptions:
    """How the callers of one queue are served."""

    skills: Mapping[str, int] = field(default_factory=dict)
    "What an agent must have: skill to least level. Empty: every agent suits."
    requires: Requirement = EVERYBODY
    "What an agent must have beside `skills`."
    relax: tuple[Relaxation, ...] = ()
    "What will do instead of both, in the order of `after_s`."
    strategy: Strategy = Strategy.LONGEST_IDLE
    ring_all_most: int = 20
    "How many phones ring for one caller, with the strategy ring_all."
    sticky_s: float = 0.0
    "How long a caller waits for the agent who talked with him last, before all others; 0: never."
    max_waiting: int | None = None
    "Who comes when so many wait already overflows at once; None: any number may wait."
    max_expected_wait_s: float | None = None
    "Who would wait longer, by what is expected, overflows at once."
    is_closed: bool = False
    "Who comes overflows at once; who waits already is served."
    needs_agents: bool = False
    "Who comes while no agent who suits takes calls, or has one, overflows at once."
    surge: Surge | None = None
    "When backup agents are called in; None: never."
    ring_s: float = 15.0
    "How long an agent's phone rings before the call is offered elsewhere."
    wrap_up_s: float = 20.0
    "Time for notes after a talk, during which no call is offered; 0: none."
    wrap_up_codes: tuple[str, ...] = ()
    "What an agent may say a call was about; none: codes are not used."
    needs_wrap_up_code: bool = False
    "No call is offered before the last one has its code."
    max_wait_s: float = 600.0
    "Who has waited this long overflows; an offer in flight may still succeed."
    short_abandon_s: float = 5.0
    "Who gives up sooner is not counted against the answer rate."
    service_level: ServiceLevel = field(default_factory=ServiceLevel)
    callbacks: CallbackOptions | None = None
    "How callers are called back; None: nobody is promised to be."
    announce_agent: bool = False
    "The caller hears the agent's number before the talk."
    announce_position_every_s: float | None = None
    "How often a waiting caller hears the place in the queue, the first time at entry; None: never."
    music: str = ""
    "Name of what waiting callers hear; '': the centre's own music."

    @property
    def most_offers(self) -> int:
        """How many phones may ring for one caller."""
        return self.ring_all_most if self.strategy is Strategy.RING_ALL else 1

    @property
    def requirement(self) -> Requirement:
        """`skills` and `requires` together."""
        return both(least_levels(self.skills), self.requires)

    def __post_init__(self) -> None:
        problems = [
            f"{name} must be more than 0 seconds, not {seconds}"
            for name, seconds in (
                ("ring_s", self.ring_s),
                ("max_wait_s", self.max_wait_s),
                ("announce_position_every_s", self.announce_position_every_s),
            )
            if seconds is not None and seconds <= 0
        ]
        if self.ring_all_most < 1:
            problems.append(f"ring_all_most must be 1 or more, not {self.ring_all_most}")
        if self.wrap_up_s < 0:
            problems.append(f"wrap_up_s must not be negative, but is {self.wrap_up_s}")
        steps = [step.after_s for step in self.relax]
        if steps != sorted(set(steps)) or min(steps, default=1) <= 0:
            problems.append(f"relax must name later and later times above 0 s, not {steps}")
        if problems:
            raise ConfigurationError(problems)
