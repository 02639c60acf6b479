"""What an administrator decides about agents and queues; all durations are seconds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from foundation.errors import ConfigurationError
from foundation.ids import AgentId


class Strategy(StrEnum):
    """Which of several available agents gets the call; the functions are in `acd.routing`."""

    LONGEST_IDLE = "longest_idle"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentOptions:
    """How all agents of this floor are treated."""

    auto_ready: bool = False
    "The registration is the sign-in: a phone that registers is READY, one that is gone is OFF."


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
    auto_answer: bool = False
    "The phone is asked to answer by itself, with a short tone for the agent."


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLevel:
    """`percent` of the callers are to be answered within `within_s`."""

    percent: float = 80.0
    within_s: float = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueOptions:
    """How the callers of one queue are served."""

    skills: Mapping[str, int] = field(default_factory=dict)
    "What an agent must have: skill to least level. Empty: every agent suits."
    strategy: Strategy = Strategy.LONGEST_IDLE
    ring_s: float = 15.0
    "How long an agent's phone rings before the call is offered elsewhere."
    wrap_up_s: float = 20.0
    "Time for notes after a talk, during which no call is offered; 0: none."
    max_wait_s: float = 600.0
    "Who has waited this long overflows; an offer in flight may still succeed."
    short_abandon_s: float = 5.0
    "Who gives up sooner is not counted against the answer rate."
    service_level: ServiceLevel = field(default_factory=ServiceLevel)
    announce_agent: bool = False
    "The caller hears the agent's number before the talk."
    announce_position_every_s: float | None = None
    "How often a waiting caller hears the place in the queue, the first time at entry; None: never."
    music: str = ""
    "Name of what waiting callers hear; '': the centre's own music."

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
        if self.wrap_up_s < 0:
            problems.append(f"wrap_up_s must not be negative, but is {self.wrap_up_s}")
        if problems:
            raise ConfigurationError(problems)
