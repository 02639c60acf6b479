"""What the floor can be told: what people chose, what phones and callers did.

`AgentInput` is about one agent, `CallInput` about a call that was queued by `Enqueue`, `GuestInput`
about an agent who is asked into a talk. News that comes too late (a caller who is gone, an offer
that is over) is silently nothing; see `acd.floor` for what is refused.
"""

from dataclasses import dataclass
from typing import TypeAlias

from acd.events import OfferFailure, Priority
from acd.options import AgentCard, QueueOptions
from acd.requirement import EVERYBODY, Requirement
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
class ExtendWrapUp:
    """More time for the notes; refused with `Conflict` beyond `max_wrap_up_s`."""

    agent_id: AgentId
    by_s: float


@dataclass(frozen=True, slots=True)
class CodeWrapUp:
    """What the agent's call was about: in the talk or in its wrap-up; the last one counts.

    Refused with `Conflict` when there is no such call, or the queue does not know the code.
    """

    agent_id: AgentId
    code: str


@dataclass(frozen=True, slots=True)
class PhoneChanged:
    """The agent's phone is reachable or not, and free or busy with some other call."""

    agent_id: AgentId
    registered: bool
    busy: bool


@dataclass(frozen=True, slots=True)
class Enqueue:
    """A caller enters `queue`; who is served before whom is in `acd.options.ServiceOrder`."""

    call_id: CallId
    queue: QueueId
    priority: int = Priority.P3
    front: bool = False
    "To the front, as one who has waited and talked already."
    tier: str = ""
    "VIP tier; '' for ordinary callers."
    requires: Requirement = EVERYBODY
    "What this caller needs of an agent beside what the queue asks."
    prefer: AgentId | None = None
    "Who is to have the call for the queue's `sticky_s`, if signed in: the last one who talked."
    waited_s: float = 0.0
    "What was waited for it elsewhere and counts here, too."


@dataclass(frozen=True, slots=True)
class Promote:
    """A caller who waits becomes more or less urgent; the time waited counts as before."""

    call_id: CallId
    priority: int
    tier: str = ""


@dataclass(frozen=True, slots=True)
class Move:
    """A caller who waits is to go to another queue: the visit overflows as MOVED, and whoever
    conducts the call has it enter `queue` with the time waited."""

    call_id: CallId
    queue: QueueId


@dataclass(frozen=True, slots=True)
class ChangeAgent:
    """An agent with this card from now on: a new one, or other skills. Calls go on."""

    card: AgentCard


@dataclass(frozen=True, slots=True)
class RemoveAgent:
    """The agent is no more; refused with `Conflict` unless OFF."""

    agent_id: AgentId


@dataclass(frozen=True, slots=True)
class ChangeQueue:
    """A queue with these options from now on, or a new one; who waits keeps the place."""

    queue: QueueId
    options: QueueOptions


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


HouseInput: TypeAlias = ChangeAgent | RemoveAgent | ChangeQueue
"What administrators change while calls go on."
AgentInput: TypeAlias = (
    SignIn | SignOut | Ready | Pause | FinishWrapUp | ExtendWrapUp | CodeWrapUp | PhoneChanged
)
WaitInput: TypeAlias = Promote | Move
CallInput: TypeAlias = CallerLeft | Accept | Decline | AgentLeft | Lose
GuestInput: TypeAlias = Reserve | Dismiss | TakeTalk
AcdInput: TypeAlias = AgentInput | Enqueue | WaitInput | CallInput | GuestInput | HouseInput
