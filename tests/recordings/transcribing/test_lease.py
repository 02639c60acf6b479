"""Transcription jobs: nobody's work is done twice, and no job is lost or tried for ever."""

from collections import Counter
from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from foundation.ids import RecordingId
from recordings.transcribing.lease import (
    AttemptFailed,
    Fail,
    Finish,
    Finished,
    Ignored,
    JobEffect,
    JobPool,
    JobState,
    JobView,
    Lease,
    Leased,
    LeaseOptions,
    Queue,
    Raise,
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


def test_the_highest_priority_is_leased_first_and_the_oldest_of_equal_ones() -> None:
    pool = JobPool(OPTIONS)
    pool.feed(Queue(RecordingId("orders-1")), now=0.0)
    pool.feed(Queue(RecordingId("complaint-2"), priority=5), now=1.0)
    pool.feed(Queue(RecordingId("complaint-1"), priority=5, waited_s=50.0), now=2.0)

    leased = [pool.feed(Lease(worker), now=3.0) for worker in ("w1", "w2", "w3")]

    assert [each.recording_id for (each,) in leased if isinstance(each, Leased)] == [
        "complaint-1",
        "complaint-2",
        "orders-1",
    ]


def test_newest_first_is_a_rule_among_equal_priorities() -> None:
    pool = JobPool(replace(OPTIONS, newest_first=True))
    for number, priority in ((1, 0), (2, 0), (3, -1)):
        pool.feed(Queue(RecordingId(f"r-{number}"), priority=priority), now=float(number))

    order = [view.recording_id for view in pool.views(now=10.0, most=10)]

    assert order == ["r-2", "r-1", "r-3"]
    assert pool.feed(Lease("w1"), now=10.0) == [Leased(RecordingId("r-2"), "w1", attempt=1)]


def test_a_job_that_is_raised_overtakes_and_keeps_its_priority_after_a_failure() -> None:
    pool = pool_with(ONE, TWO)
    assert pool.feed(Raise(TWO, 9), now=2.0) == []
    assert pool.feed(Raise(RecordingId("r-9"), 9), now=2.0) == [Ignored(RecordingId("r-9"))]

    assert pool.feed(Lease("w1"), now=3.0) == [Leased(TWO, "w1", attempt=1)]
    pool.feed(Fail(TWO, "w1", "no"), now=3.0)
    assert pool.feed(Lease("w1"), now=8.0) == [Leased(TWO, "w1", attempt=2)]


def test_waits_double_up_to_the_longest_and_differ_by_chance() -> None:
    options = replace(OPTIONS, max_attempts=5, longest_retry_s=15, jitter=0.2)
    waits: dict[float, list[float]] = {}
    for chance in (0.0, 0.5, 1.0):
        pool, now = JobPool(options, lambda chance=chance: chance), 0.0  # type: ignore[misc]
        pool.feed(Queue(ONE), now)
        for _ in range(4):
            pool.feed(Lease("w1"), now)
            pool.feed(Fail(ONE, "w1", "no"), now)
            wait_s = pool.views(now, 1)[0].due_in_s
            waits.setdefault(chance, []).append(wait_s)
            now += wait_s

    assert waits[0.5] == [5.0, 10.0, 15.0, 15.0]
    assert waits[0.0] == [4.0, 8.0, 12.0, 12.0]
    assert waits[1.0] == [6.0, 12.0, 18.0, 18.0]


def test_people_see_how_far_each_job_is_and_how_long_the_oldest_waits() -> None:
    pool = JobPool(OPTIONS)
    pool.feed(Queue(ONE, attempts=1, waited_s=100.0, audio_s=30.0), now=10.0)
    pool.feed(Queue(TWO, audio_s=60.0), now=10.0)
    pool.feed(Lease("w1"), now=20.0)
    pool.feed(Renew(ONE, "w1", done=0.5), now=25.0)

    leased, waiting = pool.views(now=30.0, most=10)

    assert leased == JobView(ONE, JobState.LEASED, 0, 2, 120.0, 0.0, 30.0, "w1", 0.5)
    assert waiting == JobView(TWO, JobState.QUEUED, 0, 0, 20.0, 0.0, 60.0, "", 0.0)
    assert (pool.oldest_s(30.0), pool.audio_s()) == (120.0, 90.0)
    assert JobPool(OPTIONS).oldest_s(30.0) == 0.0


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

    @rule(recording_id=RECORDINGS, priority=st.integers(-2, 2))
    def raise_priority(self, recording_id: RecordingId, priority: int) -> None:
        self.take(self.pool.feed(Raise(recording_id, priority), self.now))

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
