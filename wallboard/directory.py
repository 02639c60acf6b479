"""Who and what the screens speak of: the names, teams and targets of the configuration.

Events carry ids only; the board joins them with this directory when it is rendered.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from foundation.ids import AgentId, QueueId


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceTarget:
    """What is promised to the callers of a queue."""

    share: float = 0.8
    "Of the callers, 0 to 1, that are to be answered within `within_s`."
    within_s: float = 15.0
    "T of the service level."
    short_abandon_s: float = 5.0
    "Who hangs up within this time after entering the queue is not held against us."


@dataclass(frozen=True, slots=True)
class AgentCard:
    name: str
    team: str = ""
    skills: Mapping[str, int] = field(default_factory=dict)
    "Levels, 1 to 10."
    is_backup: bool = False


@dataclass(frozen=True, slots=True)
class QueueCard:
    name: str
    target: ServiceTarget = ServiceTarget()
    teams: frozenset[str] = frozenset()
    "Those with an agent who suits."
    closed: bool = False
    "Who comes is not let in."
    leaving: bool = False
    "Closed, and gone when nobody is in it."


@dataclass(frozen=True, slots=True)
class Directory:
    """Agents and queues in the order in which screens show them."""

    agents: Mapping[AgentId, AgentCard] = field(default_factory=dict)
    queues: Mapping[QueueId, QueueCard] = field(default_factory=dict)
    target: ServiceTarget = ServiceTarget()
    "For the whole house, and for a queue that the configuration no longer names."
    sounding: frozenset[str] = frozenset()
    "Alarm rules that boards may sound for."
    transcribes: bool = False
    "Recordings are written down."
    emergency: Mapping[str, str] | None = None
    "Words by language of what every caller hears first now; None: no such announcement is on."
    removed_queues: tuple[QueueId, ...] = ()
    "That may be brought back."

    def target_of(self, queue: QueueId) -> ServiceTarget:
        card = self.queues.get(queue)
        return self.target if card is None else card.target

    def queue_name(self, queue: QueueId) -> str:
        card = self.queues.get(queue)
        return queue if card is None else card.name

    def agent_card(self, agent_id: AgentId) -> AgentCard:
        return self.agents.get(agent_id) or AgentCard(agent_id)
