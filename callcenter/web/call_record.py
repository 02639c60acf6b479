"""`/api/v1/calls/{id}`: one call's story as the journal of the last two days tells it.

    journal (core, in a thread) ─▶ rows of the call ─▶ web role: tell_story ─▶ CallRecord

Figures are taken from the records' own clock (`at_s`), times of day from `utc`. No numbers and no
names are in here, because none are in the journal.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Protocol

import msgspec
from fastapi import APIRouter, Query
from pydantic import BaseModel

from acd import events as acd
from callcenter.events import CallSentOn
from foundation.errors import NotFound
from foundation.ids import CallId
from foundation.record import Record
from foundation.web.api import SignedIn
from foundation.web.users import User
from recordings import events as recordings
from telephony.calls import events as calls

OUTCOMES: dict[type, str] = {
    acd.AgentAnswered: "answered",
    acd.CallAbandoned: "abandoned",
    acd.CallOverflowed: "overflowed",
    acd.CallLeftForCallback: "callback",
    acd.CallLost: "lost",
}
"What ends a visit to a queue, and its name in the API."
UNTOLD = frozenset({"call_id", "party_id", "file"})
"The same in all events; who it was that called; where files lie: no screen's business."


class EventOut(BaseModel):
    at: datetime
    seq: int
    "Number of the journal's record."
    kind: str
    "The event's name; docs/events.md tells what each means."
    facts: dict[str, Any]


class LegOut(BaseModel):
    """RTP figures of one leg; remote_* is what the peer reported of what it got from us.

    mos, remote_mos: how it sounded, estimated by the E-model of ITU-T G.107, 1 to 4.41.
    """

    leg_id: str
    side: str
    packets_received: int
    packets_sent: int
    packets_lost: int
    jitter_ms: float
    remote_packets_lost: int | None
    remote_jitter_ms: float | None
    round_trip_ms: float | None = None
    mos: float | None = None
    remote_mos: float | None = None


class VisitOut(BaseModel):
    queue: str
    entered: datetime
    outcome: str | None = None
    "Null while the caller waits."
    waited_s: float | None = None
    "From the entry to the outcome."
    agent_id: str | None = None


class GuestOut(BaseModel):
    """A third who was rung into the call."""

    way: str
    "`consult`, or `transfer`: he was to have the caller as soon as he picked up."
    agent_id: str | None
    "Null for a number outside."
    trunk: str
    invited: datetime
    joined: datetime | None = None
    left: datetime | None = None
    status: int | None = None
    "The final SIP answer of one who did not pick up."
    has_talk: bool = False
    "He got the caller."


class HandoverOut(BaseModel):
    at: datetime
    to: str
    "Who has the caller now: an agent's id, `queue:NAME`, `line:NUMBER`, or `outside`."


class RecordingOut(BaseModel):
    id: str
    agent_id: str
    started: datetime
    duration_s: float | None = None
    complete: bool | None = None
    transcript_words: int | None = None


class CallRecord(BaseModel):
    id: str
    line: str | None = None
    arrived: datetime | None = None
    "Null when the call is older than what was read."
    ended: datetime | None = None
    ended_by: str | None = None
    reason: str = ""
    legs: list[LegOut] = []
    queue_visits: list[VisitOut] = []
    guests: list[GuestOut] = []
    handovers: list[HandoverOut] = []
    recordings: list[RecordingOut] = []
    events: list[EventOut] = []


class CallSource(Protocol):
    """Where the records of a call come from."""

    async def call(self, call_id: CallId) -> list[Record[object]]: ...


class OlderCalls(Protocol):
    """Reads further back than core does for every question."""

    async def __call__(self, call_id: CallId, day: date) -> list[Record[object]]: ...


MayRead = Callable[[User, CallRecord], Awaitable[None]]
"Raises for who may not read this call's story."


def call_record_router(
    source: CallSource, older: OlderCalls | None = None, may_read: MayRead | None = None
) -> APIRouter:
    """`may_read` None: everybody may who is signed in."""
    router = APIRouter(prefix="/api/v1/calls", tags=["wallboard"])

    @router.get("/{call_id}", summary="One call, event by event")
    async def get_call(
        call_id: str,
        user: SignedIn,
        day: Annotated[
            date | None, Query(description="On which it arrived; left out: two days back.")
        ] = None,
    ) -> CallRecord:
        wanted = CallId(call_id)
        if day is None or older is None:
            records = await source.call(wanted)
        else:
            records = await older(wanted, day)
        if not records:
            when = "in the last two days" if day is None else f"since {day}"
            raise NotFound(f"There was no call {call_id!r} {when}.")
        story = tell_story(wanted, records)
        if may_read is not None:
            await may_read(user, story)
        return story

    return router


def tell_story(call_id: CallId, records: Sequence[Record[object]]) -> CallRecord:
    """`records`: of this call only, in order."""
    story = _Story(call_id)
    for record in records:
        story.take(record)
    return story.record


class _Story:
    """The fold."""

    def __init__(self, call_id: CallId) -> None:
        self.record = CallRecord(id=call_id)
        self._entered_s = 0.0

    def take(self, record: Record[object]) -> None:
        event = record.event
        self.record.events.append(_event(record))
        match event:
            case calls.CallArrived(line=line) | calls.CallPlaced(line=line):
                self.record.line, self.record.arrived = line, record.utc
            case calls.CallEnded(by=by, reason=reason):
                self.record.ended, self.record.ended_by = record.utc, by.value
                self.record.reason = reason
            case calls.LegEnded():
                self.record.legs.append(LegOut(**_facts(event)))
            case acd.CallQueued(queue=queue):
                self.record.queue_visits.append(VisitOut(queue=queue, entered=record.utc))
                self._entered_s = record.at_s
            case acd.AgentAnswered() | acd.CallAbandoned() | acd.CallOverflowed() | acd.CallLost():
                self._visit_over(event, record.at_s)
            case recordings.RecordingStarted(recording_id=recording_id, agent_id=agent_id):
                self.record.recordings.append(
                    RecordingOut(id=recording_id, agent_id=agent_id, started=record.utc)
                )
            case recordings.RecordingEnded() | recordings.TranscriptReady():
                self._recording_told(event)
            case _:
                self._take_of_guests(event, record.utc)

    def _take_of_guests(self, event: object, at: datetime) -> None:
        guests = self.record.guests
        match event:
            case calls.GuestInvited(way=way, agent_id=agent_id, trunk=trunk):
                guests.append(GuestOut(way=way, agent_id=agent_id, trunk=trunk, invited=at))
            case calls.GuestJoined() if guests:
                guests[-1].joined = at
            case calls.GuestLeft(status=status) if guests:
                guests[-1].left, guests[-1].status = at, status or None
            case calls.TalkTransferred() if guests:
                guests[-1].has_talk = True
                if guests[-1].agent_id is None:
                    self._handed_over(at, "outside")
            case acd.TalkTaken(agent_id=agent_id):
                self._handed_over(at, agent_id)
            case CallSentOn(to=to):
                self._handed_over(at, to)
            case _:
                pass

    def _handed_over(self, at: datetime, to: str) -> None:
        self.record.handovers.append(HandoverOut(at=at, to=to))

    def _visit_over(
        self,
        event: acd.AgentAnswered | acd.CallAbandoned | acd.CallOverflowed | acd.CallLost,
        at_s: float,
    ) -> None:
        visits = self.record.queue_visits
        if not visits or visits[-1].outcome is not None:
            return  # it began before what was read
        visits[-1].outcome = OUTCOMES[type(event)]
        visits[-1].waited_s = round(at_s - self._entered_s, 3)
        if isinstance(event, acd.AgentAnswered):
            visits[-1].agent_id = event.agent_id

    def _recording_told(
        self, event: recordings.RecordingEnded | recordings.TranscriptReady
    ) -> None:
        for recording in self.record.recordings:
            if recording.id != event.recording_id:
                continue
            if isinstance(event, recordings.RecordingEnded):
                recording.duration_s, recording.complete = event.duration_s, event.complete
            else:
                recording.transcript_words = event.words


def _event(record: Record[object]) -> EventOut:
    return EventOut(
        at=record.utc,
        seq=record.seq,
        kind=type(record.event).__name__,
        facts=_facts(record.event),
    )


def _facts(event: object) -> dict[str, Any]:
    facts: dict[str, Any] = msgspec.to_builtins(event)
    return {name: value for name, value in facts.items() if name not in UNTOLD}
