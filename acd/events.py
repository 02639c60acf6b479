"""Facts about queues and agents. All of them go to the journal.

Each visit of a caller to a queue starts with `CallQueued` and has exactly one outcome:
`AgentAnswered`, `CallAbandoned`, `CallOverflowed` or `CallLost`.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from foundation.ids import AgentId, CallId, OfferId, QueueId


class AgentState(StrEnum):
    OFF = "off"
    READY = "ready"
    RINGING = "ringing"
    TALKING = "talking"
    WRAP_UP = "wrap_up"
    PAUSED = "paused"


class OfferFailure(StrEnum):
    NO_ANSWER = "no_answer"
    DECLINED = "declined"
    UNREACHABLE = "unreachable"
    WITHDRAWN = "withdrawn"
    "The caller left, or the agent was signed out, while the phone rang: not the agent's fault."


@dataclass(frozen=True, slots=True)
class CallQueued:
    """A caller entered a queue: the visit begins."""

    call_id: CallId
    queue: QueueId
    priority: int = 0
    front: bool = False
    "Goes before all others of the same priority."


@dataclass(frozen=True, slots=True)
class PositionTold:
    """The caller is to hear the place in the queue now; 1 is next."""

    call_id: CallId
    queue: QueueId
    position: int


@dataclass(frozen=True, slots=True)
class AgentOffered:
    """The call is offered to the agent: the phone is to ring."""

    call_id: CallId
    queue: QueueId
    agent_id: AgentId
    offer_id: OfferId


@dataclass(frozen=True, slots=True)
class OfferFailed:
    """The offer is over without a pick-up; the caller keeps the place in the queue."""

    call_id: CallId
    queue: QueueId
    agent_id: AgentId
    offer_id: OfferId
    why: OfferFailure


@dataclass(frozen=True, slots=True)
class AgentAnswered:
    """The agent picked up the offered call; the visit's outcome is *answered*."""

    call_id: CallId
    queue: QueueId
    agent_id: AgentId


@dataclass(frozen=True, slots=True)
class CallAbandoned:
    """The caller hung up while waiting or while an agent's phone rang."""

    call_id: CallId
    queue: QueueId


@dataclass(frozen=True, slots=True)
class CallOverflowed:
    """The caller waited `max_wait_s` and was led elsewhere."""

    call_id: CallId
    queue: QueueId


@dataclass(frozen=True, slots=True)
class CallLost:
    """A fault of ours ended the visit."""

    call_id: CallId
    queue: QueueId


@dataclass(frozen=True, slots=True)
class TalkEnded:
    """The agent's part in the call is over; wrap-up begins."""

    call_id: CallId
    queue: QueueId
    agent_id: AgentId


@dataclass(frozen=True, slots=True)
class AgentReserved:
    """An agent is asked into a talk as guest: the phone is to ring."""

    call_id: CallId
    queue: QueueId
    agent_id: AgentId
    offer_id: OfferId


@dataclass(frozen=True, slots=True)
class ReservationFailed:
    """The guest did not pick up."""

    call_id: CallId
    queue: QueueId
    agent_id: AgentId
    offer_id: OfferId
    why: OfferFailure


@dataclass(frozen=True, slots=True)
class TalkTaken:
    """A transfer: the talk is `agent_id`'s from now on. `TalkEnded` of the agent before has been
    told already, then or at this moment; the contact goes on."""

    call_id: CallId
    queue: QueueId
    agent_id: AgentId


@dataclass(frozen=True, slots=True)
class AgentChanged:
    """The agent entered `state`; `reason` is given for PAUSED ('rona', 'meal', ...), else ''."""

    agent_id: AgentId
    state: AgentState
    reason: str = ""
    call_id: CallId | None = None


AcdEvent: TypeAlias = (
    CallQueued
    | PositionTold
    | AgentOffered
    | OfferFailed
    | AgentAnswered
    | CallAbandoned
    | CallOverflowed
    | CallLost
    | TalkEnded
    | AgentReserved
    | ReservationFailed
    | TalkTaken
    | AgentChanged
)
