"""Transcription jobs: nobody's work is done twice, and no job is lost or tried for ever."""

from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from foundation.ids import RecordingId
from recordings.lease import (
    AttemptFailed,
    Fail,
    Finish,
    Finished,
    Ignored,
    JobEffect,
    JobPool,
    JobState,
    Lease,
    Leased,
    LeaseOptions,
    Queue,
    Renew,
)

ONE, TWO = RecordingId("r-1"), RecordingId("r-2")
OPTIONS = LeaseOptions(lease_s=60, max_attempts=3, retry_s=5)


def pool_with(*recordings: RecordingId) -> JobPool:
    pool = JobPool(OPTIONS)
    for number, recording_id in enumerate(recordings):
        pool.feed(Queue(recording_id), now=float(number))
    return pool


def test_the_oldest_recording_is_leased_first() -> None:
    pool = pool_with(ONE, TWO)

    assert pool.feed(Lease("w1"), now=10.0) == [Leased(ONE, "w1", attempt=1)]
    assert pool.feed(Lease("w2"), now=10.0) == [Leased(TWO, "w2", attempt=1)]
    assert pool.feed(Lease("w3"), now=10.0) == []


def test_queueing_twice_makes_one_job() -> None:
    pool = pool_with(ONE)

    assert pool.feed(Queue(ONE), now=1.0) == [Ignored(ONE)]
    assert pool.unfinished == 1


def test_a_worker_that_missed_our_reply_gets_the_same_lease_again() -> None:
    pool = pool_with(ONE, TWO)
    pool.feed(Lease("w1"), now=10.0)

    assert pool.feed(Lease("w1"), now=11.0) == [Leased(ONE, "w1", attempt=1)]
    assert pool.deadline == 71.0


def test_a_worker_that_was_killed_gives_its_lease_back_when_its_successor_asks() -> None:
    pool = pool_with(ONE, TWO)
    pool.feed(Lease("w1", run="first"), now=10.0)

    failed, next_one = pool.feed(Lease("w1", run="second"), now=11.0)

    assert failed == AttemptFailed(ONE, "w1 was killed at it", final=False)
    assert next_one == Leased(TWO, "w1", attempt=1)
    assert pool.feed(Lease("w2"), now=16.0) == [Leased(ONE, "w2", attempt=2)]


def test_a_recording_that_kills_its_worker_each_time_is_given_up() -> None:
    pool = pool_with(ONE)

    told: list[JobEffect] = []
    for run in range(4):
        for wait_s in (0.0, 50.0):
            told += pool.feed(Lease("w1", run=str(run)), now=100.0 * run + wait_s)

    assert {each.attempt for each in told if isinstance(each, Leased)} == {1, 2, 3}
    assert told[-1] == AttemptFailed(ONE, "w1 was killed at it", final=True)
    assert pool.unfinished == 0


def test_a_lease_that_is_not_renewed_goes_to_the_next_worker() -> None:
    pool = pool_with(ONE)
    pool.feed(Lease("w1"), now=10.0)

    assert pool.tick(now=69.9) == []
    assert pool.tick(now=70.0) == [AttemptFailed(ONE, "w1 was not heard of again", final=False)]
    assert pool.feed(Lease("w2"), now=74.9) == []
    assert pool.feed(Lease("w2"), now=75.0) == [Leased(ONE, "w2", attempt=2)]


def test_renewing_prolongs_the_lease_of_its_holder_only() -> None:
    pool = pool_with(ONE)
    pool.feed(Lease("w1"), now=10.0)

    assert pool.feed(Renew(ONE, "w1"), now=50.0) == []
    assert pool.deadline == 110.0
    assert pool.feed(Renew(ONE, "w2"), now=100.0) == [Ignored(ONE)]
    assert pool.deadline == 110.0


def test_a_finished_job_leaves_the_pool_and_a_second_finish_is_ignored() -> None:
    pool = pool_with(ONE)
    pool.feed(Lease("w1"), now=10.0)

    assert pool.feed(Finish(ONE), now=20.0) == [Finished(ONE)]
    assert pool.feed(Finish(ONE), now=21.0) == [Ignored(ONE)]
    assert (pool.unfinished, pool.deadline, pool.state(ONE)) == (0, None, None)


def test_a_transcript_that_comes_after_its_lease_ran_out_is_taken() -> None:
    pool = pool_with(ONE)
    pool.feed(Lease("w1"), now=10.0)
    pool.tick(now=70.0)
    pool.feed(Lease("w2"), now=80.0)

    assert pool.feed(Finish(ONE), now=81.0) == [Finished(ONE)]
    assert pool.feed(Renew(ONE, "w2"), now=82.0) == [Ignored(ONE)]


def test_a_recording_that_fails_too_often_is_given_up() -> None:
    pool = pool_with(ONE)
    outcomes: list[JobEffect] = []
    for now in (10.0, 20.0, 40.0):
        pool.feed(Lease("w1"), now=now)
        outcomes += pool.feed(Fail(ONE, "w1", "no model"), now=now)

    assert outcomes == [
        AttemptFailed(ONE, "no model", final=False),
        AttemptFailed(ONE, "no model", final=False),
        AttemptFailed(ONE, "no model", final=True),
    ]
    assert pool.unfinished == 0


def test_waits_grow_with_the_attempts() -> None:
    pool = pool_with(ONE)
    for now in (0.0, 5.0):
        pool.feed(Lease("w1"), now=now)
        pool.feed(Fail(ONE, "w1", "no"), now=now)

    assert pool.feed(Lease("w1"), now=14.9) == []
    assert pool.feed(Lease("w1"), now=15.0) == [Leased(ONE, "w1", attempt=3)]


def test_only_the_holder_can_fail_a_job() -> None:
    pool = pool_with(ONE)
    pool.feed(Lease("w1"), now=10.0)

    assert pool.feed(Fail(ONE, "w2", "mine"), now=11.0) == [Ignored(ONE)]
    assert pool.state(ONE) is JobState.LEASED


def test_attempts_before_a_restart_count() -> None:
    pool = JobPool(OPTIONS)
    pool.feed(Queue(ONE, attempts=2), now=0.0)

    assert pool.feed(Lease("w1"), now=0.0) == [Leased(ONE, "w1", attempt=3)]
    assert pool.feed(Queue(TWO, attempts=3), now=0.0) == [
        AttemptFailed(TWO, "3 attempts left no word", final=True)
    ]
    assert pool.unfinished == 1


RECORDINGS = st.sampled_from([RecordingId(f"r-{n}") for n in range(4)])
WORKERS = st.sampled_from(["w1", "w2", "w3"])


class AnythingToThePool(RuleBasedStateMachine):
    """Any input in any state, and time passing."""

    def __init__(self) -> None:
        super().__init__()
        self.pool = JobPool(OPTIONS)
        self.now = 0.0
        self.leases: Counter[RecordingId] = Counter()
        self.queued: Counter[RecordingId] = Counter()
        self.outcomes: Counter[RecordingId] = Counter()

    @rule(recording_id=RECORDINGS)
    def queue(self, recording_id: RecordingId) -> None:
        if not self.take(self.pool.feed(Queue(recording_id), self.now)):
            self.queued[recording_id] += 1
            self.leases[recording_id] = 0

    @rule(worker=WORKERS)
    def lease(self, worker: str) -> None:
        held = self.held_by(worker)
        effects = self.take(self.pool.feed(Lease(worker), self.now))
        for effect in effects:
            assert isinstance(effect, Leased)
            assert held in (None, effect.recording_id)
            if held is None:
                self.leases[effect.recording_id] += 1
            assert effect.attempt == self.leases[effect.recording_id] <= OPTIONS.max_attempts

    @rule(recording_id=RECORDINGS, worker=WORKERS)
    def renew(self, recording_id: RecordingId, worker: str) -> None:
        self.take(self.pool.feed(Renew(recording_id, worker), self.now))

    @rule(recording_id=RECORDINGS)
    def finish(self, recording_id: RecordingId) -> None:
        self.take(self.pool.feed(Finish(recording_id), self.now))

    @rule(recording_id=RECORDINGS, worker=WORKERS)
    def fail(self, recording_id: RecordingId, worker: str) -> None:
        self.take(self.pool.feed(Fail(recording_id, worker, "no"), self.now))

    @rule(by_s=st.sampled_from([0.5, 5.0, 30.0, 60.0]))
    def time_passes(self, by_s: float) -> None:
        self.now += by_s
        self.take(self.pool.tick(self.now))

    @precondition(lambda self: self.pool.deadline is not None)
    @rule()
    def the_deadline_comes(self) -> None:
        assert self.pool.deadline is not None
        self.now = self.pool.deadline
        assert self.take(self.pool.tick(self.now))

    def take(self, effects: list[JobEffect]) -> list[JobEffect]:
        for effect in effects:
            if isinstance(effect, Finished) or (isinstance(effect, AttemptFailed) and effect.final):
                self.outcomes[effect.recording_id] += 1
        return effects

    def held_by(self, worker: str) -> RecordingId | None:
        held = [r for r in self.queued if self.pool.feed(Renew(r, worker), self.now) == []]
        assert len(held) <= 1
        return held[0] if held else None

    @invariant()
    def every_job_waits_is_leased_or_had_its_one_outcome(self) -> None:
        waiting = Counter(r for r in self.queued if self.pool.state(r) is not None)
        assert self.queued == self.outcomes + waiting

    @invariant()
    def no_deadline_is_past(self) -> None:
        assert self.pool.deadline is None or self.pool.deadline > self.now


TestAnythingToThePool = AnythingToThePool.TestCase
TestAnythingToThePool.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
