"""The transcription jobs: which recording is whose to transcribe, and for how long.

            Queue             Lease                  Finish
    ·──────────────▶ QUEUED ─────────▶ LEASED ────────────────▶ · done
                       ▲                 │ │ lease_s without Renew, or Fail
                       └─────────────────┘ │ (attempts left: again after a wait)
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
Rule 4: of the jobs that are due the highest priority goes first, complaints before all if their
        queue says so; of equal ones the oldest, or the youngest where `newest_first` is set.
        `Raise` changes a job's priority for good, `Queue` of a failed attempt keeps it.
Rule 5: each attempt waits twice as long as the one before it, give or take `jitter`, so that a
        hundred jobs that failed together do not come back together.
Rule 6: nothing here is stored. After a restart of core every recording that has neither transcript
        nor verdict is queued again, with the attempts that the store has counted.
"""

import heapq
from collections.abc import Callable
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

    longest_retry_s: float = 600.0
    "No wait between two attempts is longer, jitter aside."

    jitter: float = 0.2
    "Each wait is up to this share longer or shorter, by chance."

    newest_first: bool = False
    "Among jobs of the same priority."


# -- inputs ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Queue:
    """Have it transcribed; `attempts` were made before this run of core."""

    recording_id: RecordingId
    attempts: int = 0
    priority: int = 0
    waited_s: float = 0.0
    "Since its talk ended; more than nothing after a restart of core."
    audio_s: float = 0.0
    "Length of the talk."


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
    done: float = 0.0
    "Share of the work that is done, 0 to 1."


@dataclass(frozen=True, slots=True)
class Finish:
    """Somebody brought the transcript, or the recording was deleted."""

    recording_id: RecordingId


@dataclass(frozen=True, slots=True)
class Fail:
    """`worker` could not do it; `sentence` says why."""

    recording_id: RecordingId
    worker: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Raise:
    """Somebody cannot wait for it, or can."""

    recording_id: RecordingId
    priority: int


JobInput: TypeAlias = Queue | Lease | Renew | Finish | Fail | Raise

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
    priority: int
    since: float
    "When its talk ended."
    audio_s: float
    worker: str = ""
    run: str = ""
    "Of the worker's process."
    done: float = 0.0


@dataclass(frozen=True, slots=True)
class JobView:
    """One job as people may see it."""

    recording_id: RecordingId
    state: JobState
    priority: int
    attempts: int
    waited_s: float
    due_in_s: float
    "QUEUED: before that it is not leased; 0: it may be."
    audio_s: float
    worker: str
    done: float


def middle() -> float:
    """A chance that adds no jitter."""
    return 0.5


class JobPool:
    """All jobs that this run of core knows of; a `foundation.machine.Machine`."""

    def __init__(self, options: LeaseOptions, chance: Callable[[], float] = middle) -> None:
        """`chance`: 0 to 1, another one with each call."""
        self._options = options
        self._chance = chance
        self._jobs: dict[RecordingId, _Job] = {}

    def state(self, recording_id: RecordingId) -> JobState | None:
        job = self._jobs.get(recording_id)
        return job.state if job else None

    @property
    def unfinished(self) -> int:
        """Recordings that wait for a transcript or are being transcribed."""
        return len(self._jobs)

    @property
    def leased(self) -> int:
        return sum(job.state is S.LEASED for job in self._jobs.values())

    def oldest_s(self, now: float) -> float:
        """How long ago the talk ended that has waited longest; 0 when none waits."""
        return max((now - job.since for job in self._jobs.values()), default=0.0)

    def audio_s(self) -> float:
        """Of all talks that wait or are being transcribed."""
        return sum(job.audio_s for job in self._jobs.values())

    def views(self, now: float, most: int) -> list[JobView]:
        """The leased ones, then those that wait, in the order in which they will be leased."""
        first = heapq.nsmallest(
            most, self._jobs, key=lambda r: (self._jobs[r].state is S.QUEUED, self._rank(r))
        )
        return [self._view(each, now) for each in first]

    @property
    def deadline(self) -> float | None:
        return min(
            (job.due_at for job in self._jobs.values() if job.state is S.LEASED), default=None
        )

    def feed(self, given: JobInput, now: float) -> list[JobEffect]:
        match given:
            case Queue():
                return self._queue(given, now)
            case Lease(worker, run):
                return self._lease(worker, run, now)
            case Renew():
                return self._renew(given, now)
            case Finish(recording_id):
                return self._finish(recording_id)
            case Fail(recording_id, worker, sentence):
                if not self._holds(worker, recording_id):
                    return [Ignored(recording_id)]
                return [self._fail(recording_id, sentence, now)]
            case Raise(recording_id, priority):
                return self._raise(recording_id, priority)
            case _:
                assert_never(given)

    def tick(self, now: float) -> list[JobEffect]:
        """Takes back the leases that have run out."""
        over = [r for r, job in self._jobs.items() if job.state is S.LEASED and job.due_at <= now]
        return [self._fail(r, f"{self._jobs[r].worker} was not heard of again", now) for r in over]

    def _queue(self, given: Queue, now: float) -> list[JobEffect]:
        recording_id, attempts = given.recording_id, given.attempts
        if recording_id in self._jobs:
            return [Ignored(recording_id)]
        if attempts >= self._options.max_attempts:
            # The last attempt took core along, or both were killed at once.
            return [AttemptFailed(recording_id, f"{attempts} attempts left no word", final=True)]
        since = now - given.waited_s
        self._jobs[recording_id] = _Job(
            S.QUEUED, attempts, now, given.priority, since, given.audio_s
        )
        return []

    def _raise(self, recording_id: RecordingId, priority: int) -> list[JobEffect]:
        job = self._jobs.get(recording_id)
        if job is None:
            return [Ignored(recording_id)]
        self._jobs[recording_id] = replace(job, priority=priority)
        return []

    def _lease(self, worker: str, run: str, now: float) -> list[JobEffect]:
        held = self._held_by(worker)
        if held is not None and self._jobs[held].run != run:
            failed = self._fail(held, f"{worker} was killed at it", now)
            return [failed, *self._lease(worker, run, now)]
        recording_id = held or self._next_due(now)
        if recording_id is None:
            return []
        job = self._jobs[recording_id]
        # A worker that asks although it holds a lease never got our reply: same job, same attempt.
        attempts = job.attempts if job.state is S.LEASED else job.attempts + 1
        until = now + self._options.lease_s
        self._jobs[recording_id] = replace(
            job, state=S.LEASED, attempts=attempts, due_at=until, worker=worker, run=run, done=0.0
        )
        return [Leased(recording_id, worker, attempts)]

    def _renew(self, given: Renew, now: float) -> list[JobEffect]:
        if not self._holds(given.worker, given.recording_id):
            return [Ignored(given.recording_id)]
        job = self._jobs[given.recording_id]
        self._jobs[given.recording_id] = replace(
            job, due_at=now + self._options.lease_s, done=given.done
        )
        return []

    def _finish(self, recording_id: RecordingId) -> list[JobEffect]:
        if self._jobs.pop(recording_id, None) is None:
            return [Ignored(recording_id)]
        return [Finished(recording_id)]

    def _fail(self, recording_id: RecordingId, sentence: str, now: float) -> AttemptFailed:
        job = self._jobs.pop(recording_id)
        final = job.attempts >= self._options.max_attempts
        if not final:
            self._jobs[recording_id] = replace(
                job, state=S.QUEUED, due_at=now + self._wait_s(job.attempts), worker="", run=""
            )
        return AttemptFailed(recording_id, sentence, final)

    def _wait_s(self, attempts: int) -> float:
        """Before the next attempt, when `attempts` have failed."""
        longest_s = self._options.longest_retry_s
        # Beyond 2^30 any first wait is longer than the longest.
        wait_s = min(longest_s, self._options.retry_s * 2 ** min(attempts - 1, 30))
        return float(wait_s * (1 + self._options.jitter * (2 * self._chance() - 1)))

    def _holds(self, worker: str, recording_id: RecordingId) -> bool:
        job = self._jobs.get(recording_id)
        return job is not None and job.state is S.LEASED and job.worker == worker

    def _held_by(self, worker: str) -> RecordingId | None:
        return next((r for r in self._jobs if self._holds(worker, r)), None)

    def _next_due(self, now: float) -> RecordingId | None:
        due = [r for r, j in self._jobs.items() if j.state is S.QUEUED and j.due_at <= now]
        return min(due, key=self._rank, default=None)

    def _rank(self, recording_id: RecordingId) -> tuple[int, float]:
        """The lowest is leased first."""
        job = self._jobs[recording_id]
        return -job.priority, -job.since if self._options.newest_first else job.since

    def _view(self, recording_id: RecordingId, now: float) -> JobView:
        job = self._jobs[recording_id]
        waits = job.state is S.QUEUED
        return JobView(
            recording_id=recording_id,
            state=job.state,
            priority=job.priority,
            attempts=job.attempts,
            waited_s=now - job.since,
            due_in_s=max(0.0, job.due_at - now) if waits else 0.0,
            audio_s=job.audio_s,
            worker=job.worker,
            done=job.done,
        )
