"""What the floor can be told: what people chose, what phones and callers did.

`AgentInput` is about one agent, `CallInput` about a call that was queued by `Enqueue`, `GuestInput`
about an agent who is asked into a talk, `CallbackInput` about somebody who is to be called back.
News that comes too late (a caller who is gone, an offer that is over) is silently nothing; see
`acd.floor` for what is refused.
"""

from dataclasses import dataclass
from typing import TypeAlias

from acd.events import CallbackFailure, OfferFailure, Priority
from acd.options import AgentCard, QueueOptions
from acd.requirement import EVERYBODY, Requirement
from foundation.ids import AgentId, CallbackId, CallId, OfferId, PartyId, QueueId


@dataclass(frozen=True, slots=True)
class SignIn:
    """Begin the shift: OFF becomes PAUSED with reason 'signed_in' until `Ready`."""

    agent_id: AgentId
    paused_for: str = ""
    "Begin it with this pause; nothing is offered in between, with `auto_ready` either."


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
class TakeCaller:
    """A caller who waits is to go to this agent, at once, and to nobody else.

    Refused with `Conflict`: a caller who does not wait, an agent who is not free. With `reserve_s`
    who is busy has the caller next; when he is not free after so many seconds, or goes, the caller
    is anybody's again, at the old place. A refused offer ends it as well.
    """

    call_id: CallId
    agent_id: AgentId
    reserve_s: float | None = None


@dataclass(frozen=True, slots=True)
class GiveBack:
    """The caller need not wait for the agent who was chosen; refused with `Conflict` for who does
    not."""

    call_id: CallId


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
class RemoveQueue:
    """The queue is no more; refused with `Conflict` while it is in use (`acd.views.Presence`)."""

    queue: QueueId


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


@dataclass(frozen=True, slots=True)
class QueueCallback:
    """Somebody is to be called back, as if he waited in `queue`.

    Refused with `Conflict`: a queue that takes none or has too many, a party that is to be called
    back from there already.
    """

    callback_id: CallbackId
    party_id: PartyId
    queue: QueueId
    priority: int = Priority.P3
    tier: str = ""
    requires: Requirement = EVERYBODY
    waited_s: float = 0.0
    "How long the place counts already; negative: the turn may come in so many seconds only."
    rest_s: float = 0.0
    "Not to be called before so many seconds from now, whatever the place."
    tries: int = 0
    "That came to nothing before this floor."
    is_promised: bool = False
    "By a floor before this one: it is kept, whatever the queue takes by now."
    give_up_in_s: float | None = None
    "Of one that is promised; None: as the queue has it."


@dataclass(frozen=True, slots=True)
class LeaveForCallback:
    """A caller who waits hangs up soon and is called back instead, when the turn has come.

    Refused as `QueueCallback` is, and with `Conflict` for who does not wait: an agent rings.
    """

    call_id: CallId
    callback_id: CallbackId
    party_id: PartyId


@dataclass(frozen=True, slots=True)
class PartyReached:
    """Who was dialled for the callback has answered, in the call `call_id`.

    `IllegalTransition` (our bug), and nothing changes, for a call that is on the floor already.
    """

    callback_id: CallbackId
    call_id: CallId


@dataclass(frozen=True, slots=True)
class PartyUnreached:
    """The try `offer_id` has come to nothing."""

    callback_id: CallbackId
    offer_id: OfferId
    why: CallbackFailure
    rule: str = ""
    "The number rule of NOT_ALLOWED."


@dataclass(frozen=True, slots=True)
class CancelCallback:
    """Nobody is to be called back any more; refused with `NotFound` when it is over already."""

    callback_id: CallbackId


@dataclass(frozen=True, slots=True)
class MoveCallback:
    """Who is promised a callback is called back from another queue, with the place and the tries.

    Refused with `NotFound`: one that is over, a queue that there is not. With `Conflict`: one who
    is being dialled, a party that is to be called back from there already, a closed queue.
    """

    callback_id: CallbackId
    queue: QueueId


HouseInput: TypeAlias = ChangeAgent | RemoveAgent | ChangeQueue | RemoveQueue
"What administrators change while calls go on."
AgentInput: TypeAlias = (
    SignIn | SignOut | Ready | Pause | FinishWrapUp | ExtendWrapUp | CodeWrapUp | PhoneChanged
)
WaitInput: TypeAlias = Promote | Move | TakeCaller | GiveBack
CallInput: TypeAlias = CallerLeft | Accept | Decline | AgentLeft | Lose
GuestInput: TypeAlias = Reserve | Dismiss | TakeTalk
CallbackInput: TypeAlias = (
    QueueCallback | LeaveForCallback | PartyReached | PartyUnreached | CancelCallback | MoveCallback
)
AcdInput: TypeAlias = (
    AgentInput | Enqueue | WaitInput | CallInput | GuestInput | CallbackInput | HouseInput
)
