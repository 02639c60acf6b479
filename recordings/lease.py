"""The transcription jobs: which recording is whose to transcribe, and for how long.

            Queue             Lease                  Finish
    ·──────────────▶ QUEUED ─────────▶ LEASED ────────────────▶ · done
                       ▲                 │ │ lease_s without Renew, or Fail
                       └─────────────────┘ │ (attempts left: again after retry_s)
                                           └──────────────────▶ · given up
                                             (no attempts left)

Rule 1: a lease is a promise with an end. Who holds one renews it while listening; a transcriber
        that was killed does not, and its job goes to the next who asks; at once when that is its
        own successor.
Rule 2: the first transcript wins, whoever brings it: one that comes after its lease ran out, or
        after core was started again and forgot the lease, is as good as any. A job that is done or
        given up leaves the pool; whatever still comes for it is `Ignored`.
Rule 3: a recording that has cost `max_attempts` leases is given up: something in it kills or
        confuses the transcriber, and the others must get their turn.
Rule 4: nothing here is stored. After a restart of core every recording that has neither transcript
        nor verdict is queued again, with the attempts that the store has counted.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias, assert_never

from foundation.ids import RecordingId


class JobState(StrEnum):
    QUEUED = "queued"
    LEASED = "leased"


S = JobState


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseOptions:
    """How patient core is with its transcribers."""

    lease_s: float = 60.0
    "A lease not renewed for so long is over. Transcribers renew after every 20 s of audio."

    max_attempts: int = 3
    "Leases a recording may cost before it is given up."

    retry_s: float = 5.0
    "Wait before the second attempt; the wait before the third is twice that, and so on."


# -- inputs ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Queue:
    """Have it transcribed; `attempts` were made before this run of core."""

    recording_id: RecordingId
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Lease:
    """`worker` has nothing to do. Another `run` than its lease's: it was killed meanwhile."""

    worker: str
    run: str = ""


@dataclass(frozen=True, slots=True)
class Renew:
    """`worker` is still at it."""

    recording_id: RecordingId
    worker: str


@dataclass(frozen=True, slots=True)
class Finish:
    """Somebody brought the transcript."""

    recording_id: RecordingId


@dataclass(frozen=True, slots=True)
class Fail:
    """`worker` could not do it; `sentence` says why."""

    recording_id: RecordingId
    worker: str
    sentence: str


JobInput: TypeAlias = Queue | Lease | Renew | Finish | Fail

# -- effects ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Leased:
    recording_id: RecordingId
    worker: str
    attempt: int
    "1 for the first."


@dataclass(frozen=True, slots=True)
class Finished:
    """Store the transcript."""

    recording_id: RecordingId


@dataclass(frozen=True, slots=True)
class Ignored:
    """The input has nothing to act on: done already, unknown, or somebody else's by now."""

    recording_id: RecordingId


@dataclass(frozen=True, slots=True)
class AttemptFailed:
    recording_id: RecordingId
    sentence: str
    final: bool


JobEffect: TypeAlias = Leased | Finished | Ignored | AttemptFailed


@dataclass(frozen=True, slots=True)
class _Job:
    state: JobState
    attempts: int
    due_at: float
    "QUEUED: not leased before; LEASED: the lease's end."
    worker: str = ""
    run: str = ""
    "Of the worker's process."


class JobPool:
    """All jobs that this run of core knows of; a `foundation.machine.Machine`."""

    def __init__(self, options: LeaseOptions) -> None:
        self._options = options
        self._jobs: dict[RecordingId, _Job] = {}

    def state(self, recording_id: RecordingId) -> JobState | None:
        job = self._jobs.get(recording_id)
        return job.state if job else None

    @property
    def unfinished(self) -> int:
        """Recordings that wait for a transcript or are being transcribed."""
        return len(self._jobs)

    @property
    def deadline(self) -> float | None:
        return min(
            (job.due_at for job in self._jobs.values() if job.state is S.LEASED), default=None
        )

    def feed(self, given: JobInput, now: float) -> list[JobEffect]:
        match given:
            case Queue(recording_id, attempts):
                return self._queue(recording_id, attempts, now)
            case Lease(worker, run):
                return self._lease(worker, run, now)
            case Renew(recording_id, worker):
                return self._renew(recording_id, worker, now)
            case Finish(recording_id):
                return self._finish(recording_id)
            case Fail(recording_id, worker, sentence):
                if not self._holds(worker, recording_id):
                    return [Ignored(recording_id)]
                return [self._fail(recording_id, sentence, now)]
            case _:
                assert_never(given)

    def tick(self, now: float) -> list[JobEffect]:
        """Takes back the leases that have run out."""
        over = [r for r, job in self._jobs.items() if job.state is S.LEASED and job.due_at <= now]
        return [self._fail(r, f"{self._jobs[r].worker} was not heard of again", now) for r in over]

    def _queue(self, recording_id: RecordingId, attempts: int, now: float) -> list[JobEffect]:
        if recording_id in self._jobs:
            return [Ignored(recording_id)]
        if attempts >= self._options.max_attempts:
            # The last attempt took core along, or both were killed at once.
            return [AttemptFailed(recording_id, f"{attempts} attempts left no word", final=True)]
        self._jobs[recording_id] = _Job(S.QUEUED, attempts, now)
        return []

    def _lease(self, worker: str, run: str, now: float) -> list[JobEffect]:
        held = self._held_by(worker)
        if held is not None and self._jobs[held].run != run:
            failed = self._fail(held, f"{worker} was killed at it", now)
            return [failed, *self._lease(worker, run, now)]
        recording_id = held or self._longest_due(now)
        if recording_id is None:
            return []
        job = self._jobs[recording_id]
        # A worker that asks although it holds a lease never got our reply: same job, same attempt.
        attempts = job.attempts if job.state is S.LEASED else job.attempts + 1
        until = now + self._options.lease_s
        self._jobs[recording_id] = _Job(S.LEASED, attempts, until, worker, run)
        return [Leased(recording_id, worker, attempts)]

    def _renew(self, recording_id: RecordingId, worker: str, now: float) -> list[JobEffect]:
        if not self._holds(worker, recording_id):
            return [Ignored(recording_id)]
        job = self._jobs[recording_id]
        self._jobs[recording_id] = replace(job, due_at=now + self._options.lease_s)
        return []

    def _finish(self, recording_id: RecordingId) -> list[JobEffect]:
        if self._jobs.pop(recording_id, None) is None:
            return [Ignored(recording_id)]
        return [Finished(recording_id)]

    def _fail(self, recording_id: RecordingId, sentence: str, now: float) -> AttemptFailed:
        attempts = self._jobs.pop(recording_id).attempts
        final = attempts >= self._options.max_attempts
        if not final:
            due_at = now + attempts * self._options.retry_s
            self._jobs[recording_id] = _Job(S.QUEUED, attempts, due_at)
        return AttemptFailed(recording_id, sentence, final)

    def _holds(self, worker: str, recording_id: RecordingId) -> bool:
        job = self._jobs.get(recording_id)
        return job is not None and job.state is S.LEASED and job.worker == worker

    def _held_by(self, worker: str) -> RecordingId | None:
        return next((r for r in self._jobs if self._holds(worker, r)), None)

    def _longest_due(self, now: float) -> RecordingId | None:
        due = [r for r, j in self._jobs.items() if j.state is S.QUEUED and j.due_at <= now]
        return min(due, key=lambda r: self._jobs[r].due_at, default=None)
