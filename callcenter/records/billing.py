"""One row for each call, as a fold over the journal: what accounting and a trunk's owner ask for.

    CallArrived ─▶ open ─▶ … ─▶ CallEnded ─▶ settling ─ SETTLE_S ─▶ row
                     └── the journal's end ─▶ row without an end

Rule 1: each CallArrived or CallPlaced of the period gives exactly one row, also of a refused call
        and of one that still goes on. The period is about arrivals; a call that lasts longer is
        read to its end.
Rule 2: durations are of the journal's clock (`at_s`), times of day of `utc`.
Rule 3: a row waits a little for what comes after the end: the legs' figures.
Rule 4: only calls that are open or settling are kept, so any length of time can be read.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from acd import events as acd
from callcenter.events import CallSentOn
from foundation.ids import AgentId, CallId, PartyId, QueueId, RecordingId
from foundation.record import Record
from recordings.events import RecordingStarted
from telephony.calls import events as calls

OUTSIDE = "outside"
SETTLE_S = 10.0
"Media closes a leg within milliseconds; a worker that was restarted needs two seconds."


class Outcome(StrEnum):
    """What became of the call; of several visits to queues the last one counts."""

    OPEN = "open"
    "Goes on, or its end is not known."
    REFUSED = "refused"
    ANSWERED = "answered"
    ABANDONED = "abandoned"
    OVERFLOWED = "overflowed"
    LOST = "lost"
    CALLBACK = "callback"
    "The caller left the queue to be called back."
    NOT_REACHED = "not_reached"
    "We called back, and nobody picked up."
    UNQUEUED = "unqueued"
    "Ended in a flow, before any queue."
    DIALLED = "dialled"
    "An agent's own phone called somebody, who picked up."
    CANCELLED = "cancelled"
    "The caller gave up before our answer."


VISIT_OUTCOMES: dict[type, Outcome] = {
    acd.AgentAnswered: Outcome.ANSWERED,
    acd.CallAbandoned: Outcome.ABANDONED,
    acd.CallOverflowed: Outcome.OVERFLOWED,
    acd.CallLeftForCallback: Outcome.CALLBACK,
    acd.CallLost: Outcome.LOST,
}


@dataclass(slots=True)
class LegFigures:
    """RTP as we received it from one side, and as that side said it received ours."""

    packets_received: int = 0
    packets_lost: int = 0
    jitter_ms: float = 0.0
    remote_packets_lost: int | None = None
    remote_jitter_ms: float | None = None


@dataclass(slots=True)
class OutsideLeg:
    """Somebody outside whom we have dialled for this call."""

    party_id: PartyId
    trunk: str
    talk_s: float = 0.0
    "From the pick-up to the end of the leg; 0 for who did not pick up."


@dataclass(slots=True)
class CallRow:
    """Times are aware and UTC."""

    call_id: CallId
    party_id: PartyId
    line: str
    trunk: str
    arrived: datetime
    answered: datetime | None = None
    bridged: datetime | None = None
    "The first talk's."
    ended: datetime | None = None
    wait_s: float = 0.0
    "In all queues together."
    talk_s: float = 0.0
    "From an agent's pick-up to the end of the last agent's part, all talks together."
    call_s: float = 0.0
    "From our 200 to the end."
    agent_id: AgentId | None = None
    "Who had the caller last."
    queue: QueueId | None = None
    "The last one."
    agents: list[AgentId] = field(default_factory=list)
    "Who had the caller, one after the other."
    queues: list[QueueId] = field(default_factory=list)
    "Where the caller waited, one after the other."
    outcome: Outcome = Outcome.OPEN
    ended_by: str = ""
    reason: str = ""
    refused_status: int | None = None
    refused_rule: str = ""
    caller_leg: LegFigures | None = None
    agent_leg: LegFigures | None = None
    "Of the leg that carried most; phones that only rang carry nothing."
    recording_ids: list[RecordingId] = field(default_factory=list)
    handovers: list[str] = field(default_factory=list)
    "To whom the talk went: an agent's id, `queue:NAME`, `line:NUMBER`, `outside`; in order."
    outside: list[OutsideLeg] = field(default_factory=list)


@dataclass(slots=True)
class _Course:
    """A row in the making; the `*_at` are points of the journal's clock."""

    row: CallRow
    answered_at: float | None = None
    waiting_since: float | None = None
    talking_since: float | None = None
    ended_at: float = 0.0
    visit: Outcome | None = None
    guest: calls.GuestInvited | None = None
    outside_since: float | None = None
    has_dialled: bool = False
    "Somebody picked up whom an agent's own phone had called."


class Billing:
    """Takes the journal's records in order, from the beginning of the period on."""

    def __init__(self, since: datetime, until: datetime) -> None:
        """Calls that arrived at `since` or later and before `until`."""
        self._since = since
        self._until = until
        self._open: dict[CallId, _Course] = {}
        self._settling: deque[_Course] = deque()
        self._by_id: dict[CallId, _Course] = {}
        "All that are open or settling."
        self._now = 0.0
        self._is_past = False

    @property
    def is_complete(self) -> bool:
        """No record that follows can change or add a row."""
        return self._is_past and not self._by_id

    @property
    def kept(self) -> frozenset[CallId]:
        return frozenset(self._by_id)

    def take(self, record: Record[object]) -> Iterator[CallRow]:
        """The rows that are finished by now."""
        self._now = max(self._now, record.at_s)
        self._is_past = self._is_past or record.utc >= self._until
        self._note(record)
        while self._settling and self._settling[0].ended_at + SETTLE_S <= self._now:
            yield self._done(self._settling.popleft())

    def finish(self) -> Iterator[CallRow]:
        """The rest, when the journal has no more records."""
        while self._settling:
            yield self._done(self._settling.popleft())
        for course in list(self._open.values()):
            self._close_spans(course, self._now)
            del self._open[course.row.call_id]
            yield self._done(course)

    def _done(self, course: _Course) -> CallRow:
        del self._by_id[course.row.call_id]
        return course.row

    # -- the fold --------------------------------------------------------------------------------

    def _note(self, record: Record[object]) -> None:
        event = record.event
        if isinstance(event, calls.CallArrived | calls.CallPlaced):
            self._arrive(event, record.utc)
            return
        course = self._by_id.get(getattr(event, "call_id", None) or CallId(""))
        if course is None:
            return
        if isinstance(event, calls.LegEnded):
            _note_leg(course.row, event)
        elif course.row.call_id in self._open:
            self._note_open(course, event, record)

    def _arrive(self, event: calls.CallArrived | calls.CallPlaced, utc: datetime) -> None:
        if not self._since <= utc < self._until or event.call_id in self._by_id:
            return
        row = CallRow(event.call_id, event.party_id, event.line, event.trunk, utc)
        self._open[event.call_id] = self._by_id[event.call_id] = _Course(row)

    def _note_open(self, course: _Course, event: object, record: Record[object]) -> None:
        row, at_s = course.row, self._now
        match event:
            case calls.CallAnswered() if row.answered is None:
                row.answered, course.answered_at = record.utc, at_s
            case calls.CallBridged() if row.bridged is None:
                row.bridged = record.utc
            case calls.CallRefused(status=status, rule=rule):
                row.refused_status, row.refused_rule = status, rule
            case calls.CallNotReached():
                course.visit = Outcome.NOT_REACHED
            case calls.CallEnded():
                self._end(course, event, record.utc)
            case RecordingStarted(recording_id=recording_id):
                row.recording_ids.append(recording_id)
            case CallSentOn(to=to):
                row.handovers.append(to)
            case _:
                _note_visit(course, event, at_s)
                _note_guest(course, event, at_s)

    def _end(self, course: _Course, event: calls.CallEnded, utc: datetime) -> None:
        row = course.row
        self._close_spans(course, self._now)
        row.ended, row.ended_by, row.reason = utc, event.by.value, event.reason
        row.outcome = _outcome(course, event.by)
        course.ended_at = self._now
        del self._open[row.call_id]
        self._settling.append(course)

    def _close_spans(self, course: _Course, at_s: float) -> None:
        _end_wait(course, at_s)
        _end_talk(course, at_s)
        _end_outside(course, at_s)
        if course.answered_at is not None:
            course.row.call_s = at_s - course.answered_at


def _note_visit(course: _Course, event: object, at_s: float) -> None:
    match event:
        case acd.CallQueued(queue=queue):
            course.row.queue = queue
            course.row.queues.append(queue)
            course.visit = None
            course.waiting_since = at_s
        case acd.AgentAnswered(agent_id=agent_id):
            course.row.agent_id = agent_id
            course.row.agents.append(agent_id)
            course.talking_since = at_s
            _end_visit(course, Outcome.ANSWERED, at_s)
        case (
            acd.CallAbandoned() | acd.CallOverflowed() | acd.CallLeftForCallback() | acd.CallLost()
        ):
            _end_visit(course, VISIT_OUTCOMES[type(event)], at_s)
        case acd.TalkEnded():
            _end_talk(course, at_s)
        case acd.TalkTaken(agent_id=agent_id):
            course.row.agent_id = agent_id
            course.row.agents.append(agent_id)
            course.row.handovers.append(agent_id)
            course.talking_since = at_s
        case _:
            pass


def _note_guest(course: _Course, event: object, at_s: float) -> None:
    guest = course.guest
    match event:
        case calls.GuestInvited(party_id=party_id, trunk=trunk):
            course.guest = event
            if party_id is not None:
                course.row.outside.append(OutsideLeg(party_id, trunk))
        case calls.GuestJoined():
            course.has_dialled = course.row.queue is None
            if guest is not None and guest.party_id is not None:
                course.outside_since = at_s
        case calls.GuestLeft():
            _end_outside(course, at_s)
        case calls.TalkTransferred() if guest is not None and guest.party_id is not None:
            course.row.handovers.append(OUTSIDE)
        case _:
            pass


def _end_outside(course: _Course, at_s: float) -> None:
    if course.outside_since is not None:
        course.row.outside[-1].talk_s += at_s - course.outside_since
        course.outside_since = None


def _end_visit(course: _Course, outcome: Outcome, at_s: float) -> None:
    course.visit = outcome
    _end_wait(course, at_s)


def _end_wait(course: _Course, at_s: float) -> None:
    if course.waiting_since is not None:
        course.row.wait_s += at_s - course.waiting_since
        course.waiting_since = None


def _end_talk(course: _Course, at_s: float) -> None:
    if course.talking_since is not None:
        course.row.talk_s += at_s - course.talking_since
        course.talking_since = None


def _outcome(course: _Course, by: calls.EndedBy) -> Outcome:
    row = course.row
    if row.refused_status is not None:
        return Outcome.REFUSED
    if course.visit is not None:
        return course.visit
    if row.queue is not None:
        # The end is told before the floor tells what it means for the visit.
        return Outcome.ABANDONED if by is calls.EndedBy.CALLER else Outcome.LOST
    if course.has_dialled:
        return Outcome.DIALLED
    if row.answered is not None:
        return Outcome.UNQUEUED
    return Outcome.CANCELLED if by is calls.EndedBy.CALLER else Outcome.LOST


def _note_leg(row: CallRow, leg: calls.LegEnded) -> None:
    figures = LegFigures(
        leg.packets_received,
        leg.packets_lost,
        leg.jitter_ms,
        leg.remote_packets_lost,
        leg.remote_jitter_ms,
    )
    if leg.side is calls.Side.CALLER:
        row.caller_leg = figures
    elif row.agent_leg is None or figures.packets_received > row.agent_leg.packets_received:
        row.agent_leg = figures
