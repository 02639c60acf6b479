"""`/api/v1/recordings`: what was recorded, and what was said; the audio is in `audio_api`."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from foundation.errors import Conflict
from foundation.ids import AgentId, CallId, QueueId, RecordingId
from foundation.web.queries import CalendarDay, Offset
from recordings.recording import Recording, RecordingFilter, SideTranscript, TranscriptState
from recordings.store import RecordingStore
from recordings.transcribing.readable import sentences
from telephony.calls.events import Side

Guard = Callable[..., Any] | Callable[..., Awaitable[Any]]
"""A FastAPI dependency that raises for who may not hear this recording. It gives the agents whose
recordings alone are listed, or None: everybody's."""

_WHY_NO_TRANSCRIPT = {
    TranscriptState.NONE: "is not to be transcribed",
    TranscriptState.QUEUED: "has not been transcribed yet",
    TranscriptState.FAILED: "could not be transcribed",
}


class RecordingOut(BaseModel):
    id: str
    call_id: str
    agent_id: str
    queue: str
    started: datetime
    duration_s: float | None
    complete: bool | None
    "Null while the talk goes on; false when audio is missing."
    caller_language: str
    agent_language: str
    transcript: TranscriptState
    transcript_problem: str


class RecordingPage(BaseModel):
    items: list[RecordingOut]
    total: int
    "All that match, on every page."


class WordOut(BaseModel):
    text: str
    start: float
    "Seconds from the recording's first sample."
    end: float
    confidence: float
    side: str
    "'caller' or 'agent'."


class SentenceOut(BaseModel):
    """What one side said in one go, with punctuation (`transcribing.readable`)."""

    side: str
    text: str
    start: float
    end: float


class TranscriptOut(BaseModel):
    recording_id: str
    caller: str
    "What the caller said, as one line."
    caller_language: str
    "The one that was spoken."
    agent: str
    agent_language: str
    words: list[WordOut]
    "Both sides' words by their start."
    sentences: list[SentenceOut]
    "The same to be read, by their start."


class Wanted(BaseModel):
    """The filters of the list; all given ones must match."""

    call_id: str | None = None
    agent_id: str | None = None
    queue: str | None = None
    day: Annotated[CalendarDay | None, Field(alias="date")] = None
    "The day, in the centre's time zone, on which the talk began."
    first: Annotated[CalendarDay | None, Field(alias="from")] = None
    "Instead of it: the first day …"
    last: Annotated[CalendarDay | None, Field(alias="to")] = None
    "… and the last one, included."
    limit: Annotated[int, Query(ge=1, le=500)] = 50
    offset: Offset = 0


def recordings_router(store: RecordingStore, timezone: tzinfo, guard: Guard) -> APIRouter:
    """`guard` stands before every route."""
    router = APIRouter(
        prefix="/api/v1/recordings", tags=["recordings"], dependencies=[Depends(guard)]
    )

    @router.get("")
    async def list_recordings(
        wanted: Annotated[Wanted, Query()],
        heard: Annotated[frozenset[AgentId] | None, Depends(guard)],
    ) -> RecordingPage:
        """The newest first."""
        chosen = replace(_to_filter(wanted, timezone), agents=heard)
        found, total = await store.find(chosen, wanted.limit, wanted.offset)
        return RecordingPage(items=[to_out(recording) for recording in found], total=total)

    @router.get("/{recording_id}")
    async def get_recording(recording_id: RecordingId) -> RecordingOut:
        return to_out(await store.get(recording_id))

    @router.get("/{recording_id}/transcript")
    async def get_transcript(recording_id: RecordingId) -> TranscriptOut:
        recording = await store.get(recording_id)
        if recording.transcript is not TranscriptState.READY:
            raise Conflict(_why_no_transcript(recording))
        return _to_transcript_out(recording_id, await store.transcript(recording_id))

    return router


def _to_filter(wanted: Wanted, timezone: tzinfo) -> RecordingFilter:
    first, last = wanted.day or wanted.first, wanted.day or wanted.last
    return RecordingFilter(
        call_id=CallId(wanted.call_id) if wanted.call_id is not None else None,
        agent_id=AgentId(wanted.agent_id) if wanted.agent_id is not None else None,
        queue=QueueId(wanted.queue) if wanted.queue is not None else None,
        started_from=midnight(first, timezone) if first else None,
        started_before=midnight(last + timedelta(days=1), timezone) if last else None,
    )


def midnight(day: date, timezone: tzinfo) -> datetime:
    return datetime.combine(day, time.min, tzinfo=timezone)


def _why_no_transcript(recording: Recording) -> str:
    reason = (
        "is still being made" if recording.is_open else _WHY_NO_TRANSCRIPT[recording.transcript]
    )
    problem = f": {recording.transcript_problem}" if recording.transcript_problem else ""
    return f"recording {recording.recording_id!r} {reason}{problem}"


def to_out(recording: Recording) -> RecordingOut:
    caller_language, agent_language = recording.languages
    return RecordingOut(
        id=recording.recording_id,
        call_id=recording.call_id,
        agent_id=recording.agent_id,
        queue=recording.queue,
        started=recording.started,
        duration_s=recording.duration_s,
        complete=recording.complete,
        caller_language=caller_language,
        agent_language=agent_language,
        transcript=recording.transcript,
        transcript_problem=recording.transcript_problem,
    )


def _side(sides: list[SideTranscript], wanted: Side) -> SideTranscript:
    """A side that nobody transcribed has said nothing."""
    return next((side for side in sides if side.side is wanted), SideTranscript(wanted, "", ()))


def _to_transcript_out(recording_id: RecordingId, sides: list[SideTranscript]) -> TranscriptOut:
    caller, agent = _side(sides, Side.CALLER), _side(sides, Side.AGENT)
    words = [
        WordOut(
            text=word.text,
            start=word.start_s,
            end=word.end_s,
            confidence=word.confidence,
            side=side.side.value,
        )
        for side in sides
        for word in side.words
    ]
    return TranscriptOut(
        recording_id=recording_id,
        caller=caller.text,
        caller_language=caller.language,
        agent=agent.text,
        agent_language=agent.language,
        words=sorted(words, key=lambda word: word.start),
        sentences=sorted(_sentences(sides), key=lambda sentence: sentence.start),
    )


def _sentences(sides: list[SideTranscript]) -> Iterator[SentenceOut]:
    for side in sides:
        for each in sentences(side.words, side.language):
            yield SentenceOut(
                side=side.side.value, text=each.text, start=each.start_s, end=each.end_s
            )
