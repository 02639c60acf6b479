"""What the journal has told so far of one call, one visit, one agent; filled by `history`."""

from dataclasses import dataclass, field

from acd.agent import Assignment, Step, reason_of
from acd.events import (
    NOBODYS_FAULT,
    AgentAway,
    AgentChanged,
    AgentState,
    CallOverflowed,
    OfferFailure,
    WrapUpCoded,
    WrapUpExtended,
    WrapUpOverdue,
)
from callcenter.events import CallSentOn
from foundation.ids import AgentId, CallId, OfferId, PartyId, QueueId
from recordings.events import PauseReason, RecordingStarted
from telephony.calls.events import EndedBy, GuestInvited, Side


@dataclass(slots=True)
class VisitPast:
    """A visit to a queue without an outcome, or whose talk goes on."""

    queue: QueueId
    priority: int
    entered_at: float
    offers: dict[AgentId, OfferId] = field(default_factory=dict)
    "Of agents whose phones ring; of the one who talks, or did."
    is_answered: bool = False
    answered_at: float = 0.0
    tried: set[AgentId] = field(default_factory=set)
    front: bool = False
    tier: str = ""
    requires: str = ""
    waited_s: float = 0.0
    told_s: float | None = None
    "The wait that was announced last."
    claimed_by: AgentId | None = None
    "Whom somebody has chosen for the caller."
    claimed_until: float = 0.0
    number: int = 0
    "In the order in which the callers came: several may have come at one moment."

    @property
    def agent_id(self) -> AgentId | None:
        """Who talks, or did."""
        return next(iter(self.offers), None) if self.is_answered else None


@dataclass(slots=True)
class GuestPast:
    """An agent who is asked into a talk."""

    call_id: CallId
    queue: QueueId
    agent_id: AgentId
    offer_id: OfferId
    has_joined: bool = False


@dataclass(slots=True)
class InvitedPast:
    """Who is rung into a call, or has the caller now: as the switchboard told it."""

    invited: GuestInvited
    has_joined: bool = False
    in_conference: bool = False

    @property
    def offer_id(self) -> OfferId:
        return self.invited.offer_id


@dataclass(slots=True)
class CallPast:
    """A call without an end."""

    call_id: CallId
    party_id: PartyId
    line: str
    is_answered: bool = False
    language: str = ""
    "Chosen in a flow; '' none."
    is_over: bool = False
    "Refused, or not to be gone on with."
    ended_by: EndedBy | None = None
    "Its end is written; what that means to its visit is not."
    visit: VisitPast | None = None
    last_visit: VisitPast | None = None
    "The one before, when there is none now."
    overflowed: CallOverflowed | None = None
    "The end of the last visit, if that was how it ended."
    is_bridged: bool = False
    talked: tuple[QueueId, float] | None = None
    "What was learnt of its last talk: how long it took."
    returns: int = 0
    "How often an agent was lost before the talk began, so that the call went to the queue's front."
    held_by: set[Side] = field(default_factory=set)
    recording: RecordingStarted | None = None
    "That was not ended."
    pauses: set[PauseReason] = field(default_factory=set)
    "Of that recording."
    declined: bool = False
    "The caller does not want to be recorded."
    guest: InvitedPast | None = None
    taking: OfferId | None = None
    "A guest of ours has the caller, which the floor did not come to say."
    outside: GuestInvited | None = None
    "The caller talks with this guest, who is outside."
    sent_on: CallSentOn | None = None
    "An agent sent the caller to a queue or line that he has not come to."


@dataclass(slots=True)
class AgentPast:
    agent_id: AgentId
    state: AgentState = AgentState.OFF
    reason: str = ""
    since: float = 0.0
    idle_since: float = 0.0
    assignment: Assignment | None = None
    after_talk: tuple[Step, str] = (Step.MAKE_READY, "")
    is_sent_off: bool = False
    "OFF by the API, whatever the phone does."
    due: AgentChanged | None = None
    "The change that follows from the last fact and was not written down any more."
    due_at: float = 0.0
    wrap_up_s: float | None = None
    "Of a wrap-up that was extended."
    wrap_up_code: str = ""
    is_overdue: bool = False
    "The pause or the wrap-up lasts too long, and that was told."

    def enter(self, changed: AgentChanged, at_s: float) -> None:
        was = self.state
        self.state, self.reason, self.since, self.due = changed.state, changed.reason, at_s, None
        self.is_overdue = False
        if changed.call_id is None:
            self.assignment = None
        if changed.state is AgentState.READY and was is not AgentState.RINGING:
            self.idle_since = at_s
        if changed.state is not AgentState.WRAP_UP:
            self.wrap_up_s = None
        if changed.state not in (AgentState.TALKING, AgentState.WRAP_UP):
            self.after_talk = (Step.MAKE_READY, "")
            self.wrap_up_code = ""

    def choose(self, step: Step, reason: str) -> None:
        """By the API; while somebody talks it is done later."""
        self.is_sent_off = step is Step.SIGN_OUT
        if self.state is AgentState.TALKING:
            self.after_talk = (step, reason)


class AgentsPast(dict[AgentId, AgentPast]):
    """All agents of whom something was told."""

    def of(self, agent_id: AgentId) -> AgentPast:
        return self.setdefault(agent_id, AgentPast(agent_id))

    def take_of_shift(
        self, event: WrapUpCoded | WrapUpExtended | WrapUpOverdue | AgentAway
    ) -> None:
        agent = self.of(event.agent_id)
        match event:
            case WrapUpCoded(code=code):
                agent.wrap_up_code = code
            case WrapUpExtended(wrap_up_s=wrap_up_s):
                agent.wrap_up_s = wrap_up_s
            case WrapUpOverdue() | AgentAway():
                agent.is_overdue = True

    def expect(
        self,
        agent_id: AgentId,
        state: AgentState,
        at_s: float,
        call_id: CallId | None = None,
        reason: str = "",
    ) -> None:
        """What follows from a fact that was told just now."""
        agent = self.of(agent_id)
        agent.due, agent.due_at = AgentChanged(agent_id, state, reason, call_id), at_s

    def expect_after_failure(self, agent_id: AgentId, why: OfferFailure, at_s: float) -> None:
        if why in NOBODYS_FAULT:
            self.expect(agent_id, AgentState.READY, at_s)
        else:
            self.expect(agent_id, AgentState.PAUSED, at_s, reason=reason_of(why))
