"""Which facts make a task, and that each is opened once."""

from datetime import UTC, datetime, timedelta

import pytest

from acd.events import AgentAnswered, CallQueued
from desk.options import TaskOptions
from desk.task import Task, TaskKind, TaskState
from desk.watch import MOST_ENDED, TaskWatch
from foundation.errors import Conflict
from foundation.ids import AgentId, CallId, PartyId, QueueId, RecordingId, TaskId
from ivr.events import SurveyAnswered, VoicemailLeft
from telephony.calls.events import CallArrived, CallEnded, EndedBy

NOON = datetime(2026, 10, 12, 12, tzinfo=UTC)
C1, PARTY, ORDERS, EVA = CallId("c-1"), PartyId("p-1"), QueueId("orders"), AgentId("eva")
ARRIVED = CallArrived(C1, PARTY, "8000")
LEFT = VoicemailLeft(C1, "sales", "vm-1", 3.0, "orders")


def after(*events: object) -> TaskWatch:
    watch = TaskWatch(TaskOptions())
    for event in events:
        assert watch.on_event(event, NOON) == []
    return watch


def bad(score: int, question: str = "attitude", agent: str = "eva") -> SurveyAnswered:
    return SurveyAnswered(C1, "survey", question, score, agent)


def test_message_becomes_a_task_of_its_queue() -> None:
    [task] = after(ARRIVED).on_event(LEFT, NOON)
    assert (task.task_id, task.kind) == ("t-vm-1", "voicemail")
    assert (task.party_id, task.line, task.queue, task.detail) == (PARTY, "8000", ORDERS, "sales")
    assert task.recording_id == RecordingId("vm-1")
    assert task.due == NOON + timedelta(hours=4)


def test_message_is_closed_after_the_call_has_ended() -> None:
    [task] = after(ARRIVED, CallEnded(C1, EndedBy.CALLER, "")).on_event(LEFT, NOON)
    assert task.party_id == PARTY


@pytest.mark.parametrize(("score", "is_followed"), [(0, False), (1, True), (2, True), (3, False)])
def test_bad_score_makes_a_follow_up_of_the_talk(score: int, is_followed: bool) -> None:
    queued = CallQueued(C1, ORDERS, 3)
    answered = AgentAnswered(C1, ORDERS, EVA)
    tasks = after(ARRIVED, queued, answered).on_event(bad(score), NOON)
    assert [(task.kind, task.queue, task.agent_id) for task in tasks] == (
        [("follow_up", ORDERS, EVA)] if is_followed else []
    )


def test_one_follow_up_for_all_answers_of_a_call() -> None:
    watch = after(ARRIVED)
    assert len(watch.on_event(bad(1), NOON)) == 1
    assert watch.on_event(bad(2, "clarity"), NOON) == []


def test_nobody_is_followed_up_where_that_is_not_wanted() -> None:
    assert TaskWatch(TaskOptions(bad_score=0)).on_event(bad(1), NOON) == []


def test_what_the_last_core_did_not_come_to_is_missing_and_no_more() -> None:
    watch = TaskWatch(TaskOptions())
    watch.on_event(ARRIVED, NOON)
    [opened] = watch.on_event(LEFT, NOON)
    assert watch.missing == [opened]
    watch.on_event(opened, NOON)
    assert watch.missing == []
    assert watch.on_event(LEFT, NOON) == [], "it is open already"


def test_caller_of_an_unknown_call_is_nobody() -> None:
    [task] = TaskWatch(TaskOptions()).on_event(LEFT, NOON)
    assert (task.party_id, task.line) == ("", "")


def test_old_calls_are_forgotten() -> None:
    watch = TaskWatch(TaskOptions())
    for number in range(MOST_ENDED + 1):
        call_id = CallId(f"c-{number}")
        watch.on_event(CallArrived(call_id, PARTY, "8000"), NOON)
        watch.on_event(CallEnded(call_id, EndedBy.CALLER, ""), NOON)
    [task] = watch.on_event(VoicemailLeft(CallId("c-0"), "sales", "vm-1", 3.0), NOON)
    assert task.line == ""


# -- the task itself -------------------------------------------------------------------------------

TASK = Task(
    task_id=TaskId("t-1"),
    kind=TaskKind.VOICEMAIL,
    call_id=C1,
    party_id=PARTY,
    line="8000",
    queue=ORDERS,
    opened=NOON,
    due=NOON,
)


def test_task_is_taken_once_released_and_done() -> None:
    taken = TASK.taken("ann", NOON)
    assert (taken.state, taken.taken_by) == (TaskState.TAKEN, "ann")
    assert taken.taken("ann", NOON) == taken
    with pytest.raises(Conflict, match="ann has"):
        taken.taken("bob", NOON)
    assert taken.released(NOON).taken("bob", NOON).taken_by == "bob"
    done = taken.done("ann", "rang him", NOON)
    assert (done.state, done.note) == (TaskState.DONE, "rang him")


def test_what_is_done_stays_done() -> None:
    done = TASK.done("ann", "", NOON)
    with pytest.raises(Conflict):
        done.taken("bob", NOON)
    with pytest.raises(Conflict):
        done.released(NOON)
    with pytest.raises(Conflict):
        done.done("bob", "", NOON)
    with pytest.raises(Conflict, match="Nobody has"):
        TASK.released(NOON)
