"""What a floor is given that takes over from one whose process died; times are of its own clock.

Whoever gives it (`Floor.restore`) has made it whole: an agent who rings or talks has a caller who
is bound to that agent, or is a guest, and the other way round.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field

from acd.agent import Assignment, Step
from acd.events import AgentState
from acd.requirement import EVERYBODY, Requirement
from foundation.ids import AgentId, CallId, OfferId, QueueId


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAgent:
    """An agent who is not OFF."""

    agent_id: AgentId
    state: AgentState
    since: float
    reason: str = ""
    idle_since: float = 0.0
    assignment: Assignment | None = None
    "Of RINGING, TALKING and WRAP_UP."
    after_talk: tuple[Step, str] = (Step.MAKE_READY, "")
    "What the agent chose while talking, with the reason of a pause."
    wrap_up_s: float | None = None
    "How long the wrap-up is, when the agent has extended it."
    wrap_up_code: str = ""
    is_overdue: bool = False
    "That the pause or the wrap-up lasts too long was told."
    registered: bool = False
    busy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCaller:
    """A visit without an outcome, or one whose talk goes on."""

    call_id: CallId
    queue: QueueId
    priority: int
    entered_at: float
    front: bool = False
    tier: str = ""
    requires: Requirement = EVERYBODY
    waited_s: float = 0.0
    offers: Mapping[AgentId, OfferId] = field(default_factory=dict)
    "Of agents whose phones ring; of the one who talks."
    is_answered: bool = False
    answered_at: float = 0.0
    "Of a talk."
    tried: Set[AgentId] = frozenset()
    told_s: float | None = None
    "The wait that was announced last; no later announcement is longer."
    claimed_by: AgentId | None = None
    "Whom somebody has chosen for him."
    claimed_until: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptGuest:
    """An agent who is asked into a talk; RINGING, or TALKING once he has joined."""

    call_id: CallId
    queue: QueueId
    agent_id: AgentId
    offer_id: OfferId
    has_joined: bool = False
