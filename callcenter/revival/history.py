"""What the journal says of each call and each agent at the moment where it ends.

A pure fold, as a core that was started again needs it: times are those of the journal's clock. A
journal may end between two facts of one step (an agent is offered a call, the agent rings); what
the second would have been is kept as `AgentPast.due`, so that it can be told later.
"""

from collections import deque
from datetime import datetime

from acd.agent import Assignment, Step
from acd.events import (
    AgentAnswered,
    AgentAway,
    AgentChanged,
    AgentOffered,
    AgentState,
    CallAbandoned,
    CallLeftForCallback,
    CallLost,
    CallOverflowed,
    CallPromoted,
    CallQueued,
    CallReleased,
    CallReserved,
    OfferFailed,
    OfferFailure,
    PositionTold,
    SurgeChanged,
    TalkEnded,
    WrapUpCoded,
    WrapUpExtended,
    WrapUpOverdue,
)
from callcenter.events import ActionTaken, CallSentOn
from callcenter.revival.callbacks_past import CallbacksPast
from callcenter.revival.guests_past import FLOORS, LEGS, GuestsPast
from callcenter.revival.past import AgentPast, AgentsPast, CallPast, VisitPast
from callcenter.revival.settle import REASON
from foundation.ids import AgentId, CallId, QueueId, RecordingId
from foundation.record import Record
from ivr.events import FlowStarted, LanguageChosen
from recordings.events import (
    RecordingDeclined,
    RecordingEnded,
    RecordingPaused,
    RecordingResumed,
    RecordingStarted,
)
from telephony.calls.events import (
    CallAnswered,
    CallArrived,
    CallBridged,
    CallEnded,
    CallHeld,
    CallPlaced,
    CallRefused,
    CallResumed,
    EndedBy,
)

CHOICES = {
    "agent ready": Step.MAKE_READY,
    "agent paused": Step.PAUSE,
    "agent off": Step.SIGN_OUT,
}
"Actions of the audit (`actions.supervision`) that an agent who talks does after the talk."
ENDED_KEPT = 5_000
TALKS_KEPT = 60
"Earlier ones weigh next to nothing in what is expected (`acd.expected_wait`)."


class History:
    """Fed with every record in order; then asked."""

    def __init__(self) -> None:
        self.calls: dict[CallId, CallPast] = {}
        "In order of arrival."
        self.ended: dict[CallId, None] = {}
        "The latest: of those that ended long ago no leg can live."
        self.agents = AgentsPast()
        self.recordings: dict[RecordingId, tuple[RecordingStarted, datetime]] = {}
        "Not ended, also of calls that are; with when they began."
        self.guests = GuestsPast(self.agents)
        self.callbacks = CallbacksPast()
        self.surging: set[QueueId] = set()
        "Queues that have called in their backup agents."
        self.talks: dict[QueueId, deque[float]] = {}
        "How long the latest of each queue took, in seconds."
        self._visits = 0
        self._at_s = 0.0
        "Of the latest record."

    def take(self, record: Record[object]) -> None:
        event, at_s = record.event, record.at_s
        self._at_s = at_s
        self.callbacks.take(event, record.utc)
        match event:
            case CallArrived(call_id, party_id, line) | CallPlaced(call_id, party_id, line):
                self.calls[call_id] = CallPast(call_id, party_id, line)
            case CallEnded(call_id, by, reason):
                self._ended(call_id, by, reason)
            case AgentChanged(agent_id):
                self.agents.of(agent_id).enter(event, at_s)
                self.guests.follow(event)
            case WrapUpExtended() | WrapUpCoded() | WrapUpOverdue() | AgentAway():
                self.agents.take_of_shift(event)
            case ActionTaken(action=action, target=target, detail=detail) if action in CHOICES:
                self.agents.of(AgentId(target)).choose(CHOICES[action], detail)
            case SurgeChanged(queue, is_on):
                (self.surging.add if is_on else self.surging.discard)(queue)
            case RecordingStarted():
                self._recording_started(event, record.utc)
            case RecordingEnded(recording_id):
                self._recording_ended(recording_id)
            case _:
                call = self.calls.get(getattr(event, "call_id", CallId("")))
                if call is not None:
                    self._take_of_call(call, event, at_s)

    def _ended(self, call_id: CallId, by: EndedBy, reason: str) -> None:
        self.ended[call_id] = None
        if len(self.ended) > ENDED_KEPT:
            del self.ended[next(iter(self.ended))]
        call = self.calls.get(call_id)
        if call is not None:
            call.ended_by = by
            if reason == REASON:
                self._unlearn(call)
            self._drop_if_over(call)

    def _drop_if_over(self, call: CallPast) -> None:
        if call.ended_by is not None and call.visit is None:
            del self.calls[call.call_id]

    def _recording_started(self, event: RecordingStarted, utc: datetime) -> None:
        self.recordings[event.recording_id] = event, utc
        call = self.calls.get(event.call_id)
        if call is not None:
            call.recording = event
            call.pauses.clear()

    def _recording_ended(self, recording_id: RecordingId) -> None:
        started, _ = self.recordings.pop(recording_id, (None, None))
        call = None if started is None else self.calls.get(started.call_id)
        # The recording of a handed-over talk ends when that of the next one has begun already.
        if call is not None and call.recording is started:
            call.recording = None

    def _take_of_call(self, call: CallPast, event: object, at_s: float) -> None:
        match event:
            case CallAnswered():
                call.is_answered = True
            case CallRefused():
                call.is_over = True
            case RecordingDeclined() | RecordingPaused() | RecordingResumed():
                _take_of_recording(call, event)
            case CallBridged():
                call.is_bridged = True
            case CallHeld(side=side):
                call.held_by.add(side)
            case CallResumed(side=side):
                call.held_by.discard(side)
            case CallQueued():
                self._queued(call, event, at_s)
            case _:
                self._take_of_talk(call, event, at_s)

    def _queued(self, call: CallPast, event: CallQueued, at_s: float) -> None:
        self._visits += 1
        had = call.last_visit
        call.returns += event.front and had is not None and had.is_answered and not call.is_bridged
        call.visit = VisitPast(
            event.queue,
            event.priority,
            at_s,
            front=event.front,
            tier=event.tier,
            requires=event.requires,
            waited_s=event.waited_s,
            number=self._visits,
        )
        call.last_visit, call.overflowed, call.is_bridged = None, None, False
        call.held_by.clear()
        call.taking = call.outside = call.sent_on = None

    def _take_of_talk(self, call: CallPast, event: object, at_s: float) -> None:
        if isinstance(event, FLOORS):
            self.guests.on_floor(call, event, at_s)
        elif isinstance(event, LEGS):
            self.guests.on_leg(call, event, at_s)
        elif isinstance(event, CallSentOn):
            call.sent_on = event
        elif isinstance(event, FlowStarted | LanguageChosen):
            self._take_of_flow(call, event)
        elif call.visit is not None:
            self._take_of_visit(call, call.visit, event, at_s)

    def _take_of_flow(self, call: CallPast, event: FlowStarted | LanguageChosen) -> None:
        """The flow of one whom an agent sent to a line begins as if he had dialled it."""
        if isinstance(event, LanguageChosen):
            call.language = event.language
        elif call.sent_on is not None:
            call.line = call.sent_on.to.removeprefix("line:")
            call.last_visit, call.sent_on, call.is_bridged = None, None, False

    def _take_of_visit(self, call: CallPast, visit: VisitPast, event: object, at_s: float) -> None:
        match event:
            case AgentOffered(call_id, queue, agent_id, offer_id):
                visit.offers[agent_id] = offer_id
                self.agents.of(agent_id).assignment = Assignment(call_id, queue, offer_id)
                self.agents.expect(agent_id, AgentState.RINGING, at_s, call_id)
            case OfferFailed(_, _, agent_id, _, why):
                visit.tried.add(agent_id)
                visit.offers.pop(agent_id, None)
                visit.claimed_by = None
                self.agents.expect_after_failure(agent_id, why, at_s)
            case PositionTold() | CallPromoted() | CallReserved() | CallReleased():
                _take_of_wait(visit, event, at_s)
            case AgentAnswered(call_id, _, agent_id):
                visit.is_answered, visit.answered_at = True, at_s
                self.agents.expect(agent_id, AgentState.TALKING, at_s, call_id)
            case CallLeftForCallback():
                # Stays on the line for a while, as in a menu.
                call.visit = call.last_visit = None
                self._drop_if_over(call)
            case CallAbandoned() | CallOverflowed() | CallLost() | TalkEnded():
                call.overflowed = event if isinstance(event, CallOverflowed) else None
                call.visit, call.last_visit = None, visit
                if isinstance(event, TalkEnded):
                    self.agents.expect(event.agent_id, AgentState.WRAP_UP, at_s, event.call_id)
                    self._talked(call, event.queue, at_s - visit.answered_at)
                self._drop_if_over(call)

    def _talked(self, call: CallPast, queue: QueueId, talk_s: float) -> None:
        lengths = self.talks.setdefault(queue, deque(maxlen=TALKS_KEPT))
        call.talked = queue, max(0.0, talk_s)
        lengths.append(call.talked[1])

    def _unlearn(self, call: CallPast) -> None:
        """The talk ended with a core, or the machine; how long nobody was there to end it is no
        part of it."""
        queue, talk_s = call.talked or (QueueId(""), 0.0)
        if talk_s in self.talks.get(queue, ()):
            self.talks[queue].remove(talk_s)

    def answer(self, call: CallPast, agent_id: AgentId) -> list[object]:
        """This one of those who were rung had picked up, and the journal did not come to say so."""
        visit = call.visit
        assert visit is not None
        taken = OfferFailure.TAKEN
        told: list[OfferFailed | AgentAnswered] = [
            OfferFailed(call.call_id, visit.queue, beaten, offer_id, taken)
            for beaten, offer_id in visit.offers.items()
            if beaten != agent_id
        ]
        told.append(AgentAnswered(call.call_id, visit.queue, agent_id))
        facts: list[object] = []
        for fact in told:
            self._take_of_call(call, fact, self._at_s)
            agent = self.agents.of(fact.agent_id)
            assert agent.due is not None
            facts += [fact, agent.due]
            self._enter_due(agent, agent.due)
        return facts

    def complete(self) -> list[object]:
        """Do what was due when the journal ended; these facts say so."""
        facts: list[object] = []
        for agent in self.agents.values():
            if agent.due is not None:
                facts.append(agent.due)
                self._enter_due(agent, agent.due)
        for call in self.calls.values():
            if call.taking is not None:
                facts += self.guests.finish(call, self._at_s)
            elif call.outside is not None:
                facts += self.guests.finish_outside(call, self._at_s)
        return facts

    def _enter_due(self, agent: AgentPast, changed: AgentChanged) -> None:
        agent.enter(changed, agent.due_at)
        self.guests.follow(changed)


def _take_of_wait(
    visit: VisitPast,
    event: PositionTold | CallPromoted | CallReserved | CallReleased,
    at_s: float,
) -> None:
    match event:
        case PositionTold(expected_s=expected_s):
            visit.told_s = visit.told_s if expected_s is None else expected_s
        case CallPromoted(priority=priority, tier=tier):
            visit.priority, visit.tier = priority, tier
        case CallReserved(agent_id=agent_id, for_s=for_s):
            visit.claimed_by, visit.claimed_until = agent_id, at_s + for_s
        case CallReleased():
            visit.claimed_by = None


def _take_of_recording(
    call: CallPast, event: RecordingDeclined | RecordingPaused | RecordingResumed
) -> None:
    match event:
        case RecordingDeclined():
            call.declined = True
        case RecordingPaused(why=why):
            call.pauses.add(why)
        case RecordingResumed(why=why):
            call.pauses.discard(why)
