"""What the floor can be told: what people chose, what phones and callers did.

`AgentInput` is about one agent, `CallInput` about a call that was queued by `Enqueue`. News that
comes too late (a caller who is gone, an offer that is over) is silently nothing; see `acd.floor`
for what is refused.
"""

from dataclasses import dataclass
from typing import TypeAlias

from acd.events import OfferFailure
from foundation.ids import AgentId, CallId, OfferId, QueueId


@dataclass(frozen=True, slots=True)
class SignIn:
    """Begin the shift: OFF becomes PAUSED with reason 'signed_in' until `Ready`."""

    agent_id: AgentId


@dataclass(frozen=True, slots=True)
class SignOut:
    """End the shift: at once, or after the talk and its wrap-up."""

    agent_id: AgentId


@dataclass(frozen=True, slots=True)
class Ready:
    """Take calls from now on; ends a pause or the wrap-up."""

    agent_id: AgentId


@dataclass(frozen=True, slots=True)
class Pause:
    """Take no calls for `reason`: at once, or after the talk and its wrap-up."""

    agent_id: AgentId
    reason: str


@dataclass(frozen=True, slots=True)
class FinishWrapUp:
    """The notes are written before `wrap_up_s` is over."""

    agent_id: AgentId


@dataclass(frozen=True, slots=True)
class PhoneChanged:
    """The agent's phone is reachable or not, and free or busy with some other call."""

    agent_id: AgentId
    registered: bool
    busy: bool


@dataclass(frozen=True, slots=True)
class Enqueue:
    """A caller enters `queue`; a higher `priority` is served first."""

    call_id: CallId
    queue: QueueId
    priority: int = 0


@dataclass(frozen=True, slots=True)
class CallerLeft:
    """The caller hung up."""

    call_id: CallId


@dataclass(frozen=True, slots=True)
class Accept:
    """The agent's phone answered the offer with 200."""

    call_id: CallId
    agent_id: AgentId
    offer_id: OfferId


@dataclass(frozen=True, slots=True)
class Decline:
    """The agent's phone refused the offer (486, 603: DECLINED) or was not found (UNREACHABLE)."""

    call_id: CallId
    agent_id: AgentId
    offer_id: OfferId
    why: OfferFailure


@dataclass(frozen=True, slots=True)
class AgentLeft:
    """The agent hung up, or the agent's leg died, after it had picked up."""

    call_id: CallId
    agent_id: AgentId


@dataclass(frozen=True, slots=True)
class Lose:
    """A fault of ours ends this call."""

    call_id: CallId


AgentInput: TypeAlias = SignIn | SignOut | Ready | Pause | FinishWrapUp | PhoneChanged
CallInput: TypeAlias = CallerLeft | Accept | Decline | AgentLeft | Lose
AcdInput: TypeAlias = AgentInput | Enqueue | CallInput
