"""What the floor can be told: what people chose, what phones and callers did.

`AgentInput` is about one agent, `CallInput` about a call that was queued by `Enqueue`, `GuestInput`
about an agent who is asked into a talk. News that comes too late (a caller who is gone, an offer
that is over) is silently nothing; see `acd.floor` for what is refused.
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
    front: bool = False
    "Before all others of the same priority, as one who has waited and talked already."


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


@dataclass(frozen=True, slots=True)
class Reserve:
    """The agent of a talk wants `agent_id` in the call, as guest: READY becomes RINGING.

    Settled by `Accept`, `Decline` or the queue's `ring_s`, as an offer is, with `offer_id`.
    """

    call_id: CallId
    queue: QueueId
    "Of the talk: its ring and wrap-up times count."
    agent_id: AgentId
    offer_id: OfferId


@dataclass(frozen=True, slots=True)
class Dismiss:
    """The guest's part is over without having taken the talk, or is not wanted any more: READY
    again without wrap-up, or what was chosen meanwhile."""

    agent_id: AgentId
    offer_id: OfferId


@dataclass(frozen=True, slots=True)
class TakeTalk:
    """The guest of `offer_id`, who has accepted, has the caller now: the talk of the agent before
    ends (wrap-up begins) if it has not, and the guest's begins. The visit's outcome stays."""

    call_id: CallId
    offer_id: OfferId


AgentInput: TypeAlias = SignIn | SignOut | Ready | Pause | FinishWrapUp | PhoneChanged
CallInput: TypeAlias = CallerLeft | Accept | Decline | AgentLeft | Lose
GuestInput: TypeAlias = Reserve | Dismiss | TakeTalk
AcdInput: TypeAlias = AgentInput | Enqueue | CallInput | GuestInput
