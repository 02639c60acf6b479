"""Facts about queues and agents. All of them go to the journal.

Each visit of a caller to a queue starts with `CallQueued` and has exactly one outcome:
`AgentAnswered`, `CallAbandoned`, `CallOverflowed`, `CallLeftForCallback` or `CallLost`.

Each callback starts with `CallbackQueued` and has exactly one end: `CallbackReached`, after which
it is a call with a visit of its own, or `CallbackGivenUp`.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import TypeAlias

from foundation.ids import AgentId, CallbackId, CallId, OfferId, PartyId, QueueId


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
    TAKEN = "taken"
    "Of those whose phones rang for the caller another one picked up first: nobody's fault."


NOBODYS_FAULT = frozenset({OfferFailure.WITHDRAWN, OfferFailure.TAKEN})
"The agent is as ready as before."


class Priority(IntEnum):
    """How urgent a caller's matter is; as a number, more is more urgent."""

    P3 = 0
    "The usual."
    P2 = 1
    P1 = 2
    P0 = 3
    "The fast channel."


@dataclass(frozen=True, slots=True)
class CallQueued:
    """A caller entered a queue: the visit begins."""

    call_id: CallId
    queue: QueueId
    priority: int = 0
    front: bool = False
    tier: str = ""
    requires: str = ""
    "The caller's own wish, as an expression (`acd.requirement`)."
    waited_s: float = 0.0
    "What was waited elsewhere before, and counts for the place."
    "Goes before all others of the same priority."


@dataclass(frozen=True, slots=True)
class PositionTold:
    """The caller is to hear the place in the queue now; 1 is next."""

    call_id: CallId
    queue: QueueId
    position: int
    expected_s: float | None = None
    "What to say of the wait, rounded up; None: nothing is known, or `is_longer`."
    is_longer: bool = False
    "It takes longer than was said last."


@dataclass(frozen=True, slots=True)
class AgentOffered:
    """The call is offered to the agent: the phone is to ring, beside others in a queue that rings
    all."""

    call_id: CallId
    queue: QueueId
    agent_id: AgentId
    offer_id: OfferId


@dataclass(frozen=True, slots=True)
class OfferFailed:
    """The offer is over without a pick-up; the caller keeps the place in the queue, unless other
    phones ring for him still, or one of them has picked up (TAKEN)."""

    call_id: CallId
    queue: QueueId
    agent_id: AgentId
    offer_id: OfferId
    why: OfferFailure


@dataclass(frozen=True, slots=True)
class AgentAnswered:
    """The agent picked up the offered call; the visit's outcome is *answered*. All other offers of
    the call have failed before, as TAKEN."""

    call_id: CallId
    queue: QueueId
    agent_id: AgentId


@dataclass(frozen=True, slots=True)
class CallAbandoned:
    """The caller hung up while waiting or while an agent's phone rang."""

    call_id: CallId
    queue: QueueId


class OverflowCause(StrEnum):
    WAITED = "waited"
    "`max_wait_s` is over."
    FULL = "full"
    "`max_waiting` callers wait already."
    EXPECTED = "expected"
    "The wait would be longer than `max_expected_wait_s`."
    NOBODY = "nobody"
    "No agent who suits takes calls or has one."
    MOVED = "moved"
    "Somebody moved the caller to another queue."
    CLOSED = "closed"
    "The queue is closed by hand."


@dataclass(frozen=True, slots=True)
class CallOverflowed:
    """The caller waited too long, or was not let in, and is led elsewhere."""

    call_id: CallId
    queue: QueueId
    cause: OverflowCause = OverflowCause.WAITED
    to: QueueId | None = None
    "Of MOVED: where to."
    waited_s: float = 0.0
    "Of MOVED: what counts there."


@dataclass(frozen=True, slots=True)
class CallPromoted:
    """A waiting caller has become more or less urgent."""

    call_id: CallId
    queue: QueueId
    priority: int
    tier: str = ""


@dataclass(frozen=True, slots=True)
class CallReserved:
    """Somebody chose an agent for a waiting caller; nobody else has him for `for_s`. An offer to
    that agent ends it, however it ends."""

    call_id: CallId
    queue: QueueId
    agent_id: AgentId
    for_s: float


class ReleaseCause(StrEnum):
    TIME_UP = "time_up"
    "The agent did not become free in time."
    AGENT_LEFT = "agent_left"
    "Paused, signed out, or without a phone."
    GIVEN_BACK = "given_back"
    "By hand, or for another agent."


@dataclass(frozen=True, slots=True)
class CallReleased:
    """The caller waits for anybody again, at the old place."""

    call_id: CallId
    queue: QueueId
    agent_id: AgentId
    why: ReleaseCause


@dataclass(frozen=True, slots=True)
class SurgeChanged:
    """A queue has called in its backup agents, or lets them go again."""

    queue: QueueId
    is_on: bool


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
class CallLeftForCallback:
    """The caller need not wait on the telephone: the place is kept for a callback."""

    call_id: CallId
    queue: QueueId
    callback_id: CallbackId


class CallbackFailure(StrEnum):
    """Why somebody was not reached, or will not be called back any more."""

    NO_ANSWER = "no_answer"
    BUSY = "busy"
    "Busy, or declined."
    UNREACHABLE = "unreachable"
    "The network could not put the call through."
    AGENT_LEFT = "agent_left"
    "The reserved agent was signed out, paused or lost the phone: no try of the party's."
    FAULT = "fault"
    "Ours: no try of the party's."
    NOT_ALLOWED = "not_allowed"
    "A number rule forbids it, or the number was erased: there is no other try."
    EXPIRED = "expired"
    "The turn did not come for `give_up_after_s`."
    CANCELLED = "cancelled"
    "By somebody with a role."


@dataclass(frozen=True, slots=True)
class CallbackQueued:
    """Somebody is to be called back. Told again once a day, by a core that was started again, and
    when the promise is moved to another queue, with what is left: the last one counts."""

    callback_id: CallbackId
    party_id: PartyId
    queue: QueueId
    priority: int = 0
    tier: str = ""
    requires: str = ""
    waited_s: float = 0.0
    "How long the place counts already; negative: the turn may come in so many seconds only."
    rest_s: float = 0.0
    "Not before so many seconds from now: for a wish of the party's, or after a try."
    tries: int = 0
    "That have come to nothing."
    give_up_in_s: float | None = None
    "It is kept for so long; None, in old journals: for as long as the queue's are."


@dataclass(frozen=True, slots=True)
class CallbackDue:
    """The turn has come and the agent is reserved: the party is to be dialled now."""

    callback_id: CallbackId
    party_id: PartyId
    queue: QueueId
    agent_id: AgentId
    offer_id: OfferId
    "Names this try, and the agent's reservation."


@dataclass(frozen=True, slots=True)
class CallbackUnreached:
    """A try has come to nothing and whoever rings for it is to be hung up; the agent is free."""

    callback_id: CallbackId
    queue: QueueId
    agent_id: AgentId
    offer_id: OfferId
    why: CallbackFailure
    tries: int
    "With this one."


@dataclass(frozen=True, slots=True)
class CallbackReached:
    """The party has answered `call_id`, which enters the queue at the callback's place."""

    callback_id: CallbackId
    queue: QueueId
    call_id: CallId


@dataclass(frozen=True, slots=True)
class CallbackGivenUp:
    """The party will not be called back."""

    callback_id: CallbackId
    queue: QueueId
    why: CallbackFailure
    rule: str = ""
    "The number rule of NOT_ALLOWED."


@dataclass(frozen=True, slots=True)
class AgentAway:
    """The agent has been paused for longer than the reason allows; the team lead is to know.

    Who does not come back within the grace is signed out, told as `AgentChanged` to OFF.
    """

    agent_id: AgentId
    reason: str
    away_s: float


@dataclass(frozen=True, slots=True)
class WrapUpCoded:
    """What the agent says the call was about."""

    call_id: CallId
    queue: QueueId
    agent_id: AgentId
    code: str


@dataclass(frozen=True, slots=True)
class WrapUpExtended:
    """The agent has taken more time for the notes; `wrap_up_s` is the whole by now."""

    agent_id: AgentId
    wrap_up_s: float


@dataclass(frozen=True, slots=True)
class WrapUpOverdue:
    """The time for notes is over and the code that the queue demands is missing: no call comes."""

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


CallbackEvent: TypeAlias = (
    CallbackQueued | CallbackDue | CallbackUnreached | CallbackReached | CallbackGivenUp
)
AcdEvent: TypeAlias = (
    CallQueued
    | PositionTold
    | AgentOffered
    | OfferFailed
    | AgentAnswered
    | CallAbandoned
    | CallOverflowed
    | CallLost
    | CallLeftForCallback
    | CallbackEvent
    | TalkEnded
    | CallPromoted
    | CallReserved
    | CallReleased
    | SurgeChanged
    | AgentReserved
    | ReservationFailed
    | TalkTaken
    | AgentAway
    | WrapUpCoded
    | WrapUpExtended
    | WrapUpOverdue
    | AgentChanged
)
