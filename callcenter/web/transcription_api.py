"""`/api/v1/transcription`: how far the transcripts are, what was given up, what goes first.

The lag (`lag_s`) is the age of the oldest talk that has no transcript yet, counted from its end.
"""

from collections.abc import Callable
from typing import Annotated, Protocol

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from callcenter.asks import RaiseTranscript, ReadTranscription, RetryTranscripts
from foundation.ids import RecordingId
from foundation.ipc import Request
from foundation.ipc.messages import ReplyT
from foundation.web.users import User
from recordings.api import RecordingOut, to_out
from recordings.store import RecordingStore
from recordings.transcribing.lease import JobView
from recordings.transcribing.transcription import Progress

Allowed = Callable[[User], User]
"Gives the user or refuses."


class Core(Protocol):
    async def request(self, request: Request[ReplyT]) -> ReplyT: ...


class JobOut(BaseModel):
    recording_id: str
    state: str
    "`leased` or `queued`."
    priority: int
    attempts: int
    waited_s: float
    due_in_s: float
    "Above 0 after a failure: until the next attempt."
    audio_s: float
    worker: str
    done: float
    "Share, 0 to 1."


class WorkerOut(BaseModel):
    name: str
    seen_s: float
    "Ago."


class TranscriptionOut(BaseModel):
    waiting: int
    working: int
    failed: int
    lag_s: float
    waiting_audio_s: float
    resting: bool
    "Calls need the machine."
    done: int
    "Since core began, as audio_s and cpu_s."
    audio_s: float
    cpu_s: float
    speed: float | None
    "Seconds of one channel for each CPU-second, of the latest recordings; null before the first."
    workers: list[WorkerOut]
    jobs: list[JobOut]
    "In the order in which they are done; the first hundred."
    dead_letters: list[RecordingOut]
    "What was given up, the newest first; `transcript_problem` says why. The first of `failed`."


class WantedPriority(BaseModel, extra="forbid"):
    priority: Annotated[int, Field(ge=0, le=10)] = 10
    "Queues have 0 to 9."


class RetriedOut(BaseModel):
    retried: int


def transcription_router(
    core: Core, store: RecordingStore, may_look: Allowed, may_change: Allowed
) -> APIRouter:
    router = APIRouter(prefix="/api/v1/transcription", tags=["transcription"])
    Looker = Annotated[User, Depends(may_look)]
    Changer = Annotated[User, Depends(may_change)]

    @router.get("", summary="Progress, lag, jobs and dead letters")
    async def get_transcription(
        user: Looker, limit: Annotated[int, Query(ge=0, le=500)] = 50
    ) -> TranscriptionOut:
        """`limit`: dead letters that are listed."""
        progress = await core.request(ReadTranscription())
        dead, _ = await store.failed(limit)
        letters = [to_out(recording) for recording in dead]
        return _to_out(progress, letters)

    @router.post("/retry", summary="Take up again all that was given up")
    async def retry_all(user: Changer) -> RetriedOut:
        """A thousand at once."""
        return RetriedOut(retried=await core.request(RetryTranscripts(None, user.user_id)))

    @router.post("/{recording_id}/retry", summary="Take up again what was given up")
    async def retry(recording_id: str, user: Changer) -> RetriedOut:
        wanted = RetryTranscripts(RecordingId(recording_id), user.user_id)
        return RetriedOut(retried=await core.request(wanted))

    @router.post("/{recording_id}/raise", summary="Transcribe a talk before others")
    async def raise_priority(
        recording_id: str, wanted: WantedPriority, user: Changer
    ) -> dict[str, str | int]:
        """Of those that wait the highest priority is next; kept over restarts."""
        await core.request(
            RaiseTranscript(RecordingId(recording_id), wanted.priority, user.user_id)
        )
        return {"recording_id": recording_id, "priority": wanted.priority}

    return router


def _to_out(progress: Progress, dead_letters: list[RecordingOut]) -> TranscriptionOut:
    return TranscriptionOut(
        waiting=progress.waiting,
        working=progress.working,
        failed=progress.failed,
        lag_s=progress.lag_s,
        waiting_audio_s=progress.waiting_audio_s,
        resting=progress.is_resting,
        done=progress.done,
        audio_s=progress.audio_s,
        cpu_s=progress.cpu_s,
        speed=progress.speed,
        workers=[WorkerOut(name=one.worker, seen_s=one.seen_s) for one in progress.workers],
        jobs=[_job(job) for job in progress.jobs],
        dead_letters=dead_letters,
    )


def _job(job: JobView) -> JobOut:
    return JobOut(
        recording_id=job.recording_id,
        state=job.state.value,
        priority=job.priority,
        attempts=job.attempts,
        waited_s=job.waited_s,
        due_in_s=job.due_in_s,
        audio_s=job.audio_s,
        worker=job.worker,
        done=job.done,
    )
