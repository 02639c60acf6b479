"""What the journal says of each call and each agent at the moment where it ends.

A pure fold, as a core that was started again needs it: times are those of the journal's clock. A
journal may end between two facts of one step (an agent is offered a call, the agent rings); what
the second would have been is kept as `AgentPast.due`, so that it can be told later.
"""

from dataclasses import dataclass, field

from acd.agent import RONA, Assignment, Step
from acd.events import (
    AgentAnswered,
    AgentChanged,
    AgentOffered,
    AgentReserved,
    AgentState,
    CallAbandoned,
    CallLost,
    CallOverflowed,
    CallQueued,
    OfferFailed,
    OfferFailure,
    ReservationFailed,
    TalkEnded,
    TalkTaken,
)
from callcenter.events import ActionTaken
from foundation.ids import AgentId, CallId, OfferId, PartyId, QueueId, RecordingId
from foundation.record import Record
from recordings.events import RecordingEnded, RecordingStarted
from telephony.calls.events import (
    CallAnswered,
    CallArrived,
    CallBridged,
    CallEnded,
    CallHeld,
    CallRefused,
    CallResumed,
    EndedBy,
    Side,
)


@dataclass(slots=True)
class VisitPast:
    """A visit to a queue without an outcome, or whose talk goes on."""

    queue: QueueId
    priority: int
    entered_at: float
    agent_id: AgentId | None = None
    offer_id: OfferId | None = None
    is_answered: bool = False
    tried: set[AgentId] = field(default_factory=set)
    front: bool = False


@dataclass(slots=True)
class GuestPast:
    """An agent who is asked into a talk."""

    call_id: CallId
    queue: QueueId
    agent_id: AgentId
    offer_id: OfferId
    has_joined: bool = False


@dataclass(slots=True)
class CallPast:
    """A call without an end."""

    call_id: CallId
    party_id: PartyId
    line: str
    is_answered: bool = False
    is_over: bool = False
    "Refused, or not to be gone on with."
    ended_by: EndedBy | None = None
    "Its end is written; what that means to its visit is not."
    visit: VisitPast | None = None
    last_visit: VisitPast | None = None
    "The one before, when there is none now."
    has_overflowed: bool = False
    is_bridged: bool = False
    held_by: set[Side] = field(default_factory=set)
    recording: RecordingStarted | None = None
    "That was not ended."


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

    def enter(self, changed: AgentChanged, at_s: float) -> None:
        was = self.state
        self.state, self.reason, self.since, self.due = changed.state, changed.reason, at_s, None
        if changed.call_id is None:
            self.assignment = None
        if changed.state is AgentState.READY and was is not AgentState.RINGING:
            self.idle_since = at_s
        if changed.state not in (AgentState.TALKING, AgentState.WRAP_UP):
            self.after_talk = (Step.MAKE_READY, "")

    def choose(self, step: Step, reason: str) -> None:
        """By the API; while somebody talks it is done later."""
        self.is_sent_off = step is Step.SIGN_OUT
        if self.state is AgentState.TALKING:
            self.after_talk = (step, reason)


CHOICES = {
    "agent ready": Step.MAKE_READY,
    "agent paused": Step.PAUSE,
    "agent off": Step.SIGN_OUT,
}
"Actions of the audit (`callcenter.actions`) that an agent who talks does after the talk."


class History:
    """Fed with every record in order; then asked."""

    def __init__(self) -> None:
        self.calls: dict[CallId, CallPast] = {}
        "In order of arrival."
        self.ended: set[CallId] = set()
        self.agents: dict[AgentId, AgentPast] = {}
        self.recordings: dict[RecordingId, RecordingStarted] = {}
        "Not ended, also of calls that are."
        self.guests: dict[AgentId, GuestPast] = {}
        "Agents who are asked into a talk, or advise in one."

    def take(self, record: Record[object]) -> None:
        event, at_s = record.event, record.at_s
        match event:
            case CallArrived(call_id, party_id, line):
                self.calls[call_id] = CallPast(call_id, party_id, line)
            case CallEnded(call_id, by):
                self._ended(call_id, by)
            case AgentChanged(agent_id):
                self._agent(agent_id).enter(event, at_s)
                self._follow_guest(event)
            case ActionTaken(action=action, target=target, detail=detail) if action in CHOICES:
                self._agent(AgentId(target)).choose(CHOICES[action], detail)
            case RecordingStarted(recording_id, call_id):
                self.recordings[recording_id] = event
                if call_id in self.calls:
                    self.calls[call_id].recording = event
            case RecordingEnded(recording_id):
                self._recording_ended(recording_id)
            case _:
                call = self.calls.get(getattr(event, "call_id", CallId("")))
                if call is not None:
                    self._take_of_call(call, event, at_s)

    def _agent(self, agent_id: AgentId) -> AgentPast:
        return self.agents.setdefault(agent_id, AgentPast(agent_id))

    def _follow_guest(self, changed: AgentChanged) -> None:
        """A guest's agent who is free, or pauses, is no guest any more."""
        guest = self.guests.get(changed.agent_id)
        if guest is None:
            return
        if changed.state is AgentState.TALKING:
            guest.has_joined = True
        elif changed.state is not AgentState.RINGING:
            del self.guests[changed.agent_id]

    def _ended(self, call_id: CallId, by: EndedBy) -> None:
        self.ended.add(call_id)
        call = self.calls.get(call_id)
        if call is not None:
            call.ended_by = by
            self._drop_if_over(call)

    def _drop_if_over(self, call: CallPast) -> None:
        if call.ended_by is not None and call.visit is None:
            del self.calls[call.call_id]

    def _recording_ended(self, recording_id: RecordingId) -> None:
        started = self.recordings.pop(recording_id, None)
        if started is not None and started.call_id in self.calls:
            self.calls[started.call_id].recording = None

    def _take_of_call(self, call: CallPast, event: object, at_s: float) -> None:
        match event:
            case CallAnswered():
                call.is_answered = True
            case CallRefused():
                call.is_over = True
            case CallBridged():
                call.is_bridged = True
            case CallHeld(side=side):
                call.held_by.add(side)
            case CallResumed(side=side):
                call.held_by.discard(side)
            case CallQueued(_, queue, priority, front):
                call.visit = VisitPast(queue, priority, at_s, front=front)
                call.last_visit, call.has_overflowed, call.is_bridged = None, False, False
                call.held_by.clear()
            case AgentReserved() | ReservationFailed() | TalkTaken():
                self._take_of_guest(call, event, at_s)
            case _ if call.visit is not None:
                self._take_of_visit(call, call.visit, event, at_s)

    def _take_of_visit(self, call: CallPast, visit: VisitPast, event: object, at_s: float) -> None:
        match event:
            case AgentOffered(call_id, queue, agent_id, offer_id):
                visit.agent_id, visit.offer_id = agent_id, offer_id
                self._agent(agent_id).assignment = Assignment(call_id, queue, offer_id)
                self._expect(agent_id, AgentState.RINGING, at_s, call_id)
            case OfferFailed(_, _, agent_id, _, why):
                visit.tried.add(agent_id)
                visit.agent_id = visit.offer_id = None
                self._expect_after_failure(agent_id, why, at_s)
            case AgentAnswered(call_id, _, agent_id):
                visit.is_answered = True
                self._expect(agent_id, AgentState.TALKING, at_s, call_id)
            case CallAbandoned() | CallOverflowed() | CallLost() | TalkEnded():
                call.has_overflowed = isinstance(event, CallOverflowed)
                call.visit, call.last_visit = None, visit
                if isinstance(event, TalkEnded):
                    self._expect(event.agent_id, AgentState.WRAP_UP, at_s, event.call_id)
                self._drop_if_over(call)

    def _take_of_guest(
        self, call: CallPast, event: AgentReserved | ReservationFailed | TalkTaken, at_s: float
    ) -> None:
        agent_id = event.agent_id
        match event:
            case AgentReserved(call_id, queue, _, offer_id):
                self.guests[agent_id] = GuestPast(call_id, queue, agent_id, offer_id)
                self._agent(agent_id).assignment = Assignment(call_id, queue, offer_id)
                self._expect(agent_id, AgentState.RINGING, at_s, call_id)
            case ReservationFailed(why=why):
                self.guests.pop(agent_id, None)
                self._expect_after_failure(agent_id, why, at_s)
            case TalkTaken(queue=queue):
                guest = self.guests.pop(agent_id, None)
                call.visit = VisitPast(queue, 0, at_s, agent_id, is_answered=True)
                call.visit.offer_id = None if guest is None else guest.offer_id
                call.is_bridged = True

    def _expect_after_failure(self, agent_id: AgentId, why: OfferFailure, at_s: float) -> None:
        if why is OfferFailure.WITHDRAWN:
            self._expect(agent_id, AgentState.READY, at_s)
        else:
            self._expect(agent_id, AgentState.PAUSED, at_s, reason=RONA)

    def _expect(
        self,
        agent_id: AgentId,
        state: AgentState,
        at_s: float,
        call_id: CallId | None = None,
        reason: str = "",
    ) -> None:
        agent = self._agent(agent_id)
        agent.due, agent.due_at = AgentChanged(agent_id, state, reason, call_id), at_s

    def complete(self) -> list[object]:
        """Do what was due when the journal ended; these facts say so."""
        facts: list[object] = []
        for agent in self.agents.values():
            if agent.due is not None:
                facts.append(agent.due)
                agent.enter(agent.due, agent.due_at)
        return facts
