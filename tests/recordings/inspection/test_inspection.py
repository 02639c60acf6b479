"""One inspection from the draw to the settled appeal, and everything that may not be."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from foundation.errors import CallCentreError, Conflict, NotAllowed, RemoteError
from foundation.ids import AgentId, CallId, QueueId, RecordingId
from recordings.inspection.form import Form, parse_form
from recordings.inspection.inspection import (
    APPEAL_WITHIN,
    Comment,
    Inspection,
    InspectionId,
    Sheet,
    State,
    appeal,
    save,
    settle,
    submit,
)
from recordings.inspection.month import months

NOW = datetime(2026, 6, 22, 8, tzinfo=UTC)
EVA = AgentId("eva")
FORM = parse_form(
    """
items:
  - {id: greeting, points: 10, en: Greets, zh: 开头语}
  - {id: solution, points: 30, en: Solves, zh: 解决}
fatal:
  - {id: insult, en: Insults, zh: 辱骂}
""",
    "form",
)
GOOD = Sheet({"greeting": 10, "solution": 20}, (), (Comment(7.0, "b"), Comment(3.5, "a")), "well")


def drawn(**changes: object) -> Inspection:
    base = Inspection(
        inspection_id=InspectionId("i-1"),
        recording_id=RecordingId("r-1"),
        call_id=CallId("c-1"),
        agent_id=EVA,
        queue=QueueId("orders"),
        inspector="ina",
        plan="random",
        drawn=NOW,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def done() -> Inspection:
    return submit(drawn(), GOOD, FORM, "ina", NOW)


def appealed() -> Inspection:
    return appeal(done(), "I did solve it", EVA, NOW + timedelta(days=1))


def test_a_draft_may_be_incomplete_and_has_no_score() -> None:
    saved = save(drawn(), Sheet({"greeting": 5}, (), (), ""), FORM, "ina")
    assert (saved.state, saved.score, saved.points) == (State.OPEN, None, {"greeting": 5})


def test_a_submitted_sheet_has_its_score_and_its_comments_in_the_order_of_the_talk() -> None:
    inspection = done()
    assert (inspection.state, inspection.score) == (State.DONE, 75.0)
    assert [comment.text for comment in inspection.comments] == ["a", "b"]
    assert inspection.form_version == FORM.version


def test_a_fatal_fault_makes_all_points_nothing() -> None:
    sheet = replace(GOOD, fatal=("insult",))
    assert submit(drawn(), sheet, FORM, "ina", NOW).score == 0.0


@pytest.mark.parametrize(
    ("sheet", "sentence"),
    [
        (replace(GOOD, points={"greeting": 10}), "no points yet: solution"),
        (replace(GOOD, points={"greeting": 11, "solution": 1}), "'greeting' has 0 to 10 points"),
        (replace(GOOD, points={"greeting": -1, "solution": 1}), "not -1"),
        (replace(GOOD, points={**GOOD.points, "charm": 1}), "no item 'charm'"),
        (replace(GOOD, fatal=("charm",)), "no fault 'charm'"),
    ],
)
def test_what_the_form_does_not_allow_is_refused(sheet: Sheet, sentence: str) -> None:
    with pytest.raises(RemoteError, match=sentence):
        submit(drawn(), sheet, FORM, "ina", NOW)


def test_only_the_inspector_scores_and_only_once() -> None:
    with pytest.raises(NotAllowed, match="given to ina"):
        save(drawn(), GOOD, FORM, "ivo")
    with pytest.raises(Conflict, match="has its score"):
        submit(done(), GOOD, FORM, "ina", NOW)


@pytest.mark.parametrize(
    ("inspection", "by", "days", "error"),
    [
        (done(), AgentId("tom"), 1, NotAllowed),
        (done(), None, 1, NotAllowed),
        (drawn(), EVA, 1, Conflict),
        (appealed(), EVA, 1, Conflict),
        (done(), EVA, APPEAL_WITHIN.days + 1, Conflict),
        (replace(done(), calibration="c-1"), EVA, 1, NotAllowed),
    ],
    ids=["another agent", "no agent", "no score yet", "twice", "too late", "calibration"],
)
def test_who_may_not_appeal(
    inspection: Inspection, by: AgentId | None, days: int, error: type[CallCentreError]
) -> None:
    with pytest.raises(error):
        appeal(inspection, "no", by, NOW + timedelta(days=days))


def test_an_upheld_appeal_changes_the_score_and_keeps_the_one_before() -> None:
    points = {"greeting": 10.0, "solution": 30.0}
    settled = settle(appealed(), "right", "sue", NOW + timedelta(days=2), points, (), FORM)
    assert (settled.state, settled.score) == (State.SETTLED, 100.0)
    assert settled.appeal is not None
    assert (settled.appeal.upheld, settled.appeal.score_before) == (True, 75.0)


def test_a_refused_appeal_leaves_the_score() -> None:
    settled = settle(appealed(), "no", "sue", NOW, None, (), FORM)
    assert settled.score == 75.0
    assert settled.appeal is not None
    assert settled.appeal.upheld is False


def test_whoever_scored_does_not_settle_and_nobody_twice() -> None:
    with pytest.raises(NotAllowed):
        settle(appealed(), "no", "ina", NOW, None, (), FORM)
    settled = settle(appealed(), "no", "sue", NOW, None, (), FORM)
    with pytest.raises(Conflict):
        settle(settled, "no", "sue", NOW, None, (), FORM)


def test_the_month_has_scores_appeals_and_rules_but_no_calibration() -> None:
    other = replace(done(), inspection_id=InspectionId("i-2"), fatal=("insult",), score=0.0)
    compared = replace(done(), inspection_id=InspectionId("i-3"), calibration="c-1", score=10.0)
    [month] = months([appealed(), other, compared, drawn()], [(EVA, 80.0), (EVA, 91.0)])
    assert (month.inspected, month.mean_score, month.worst_score) == (2, 37.5, 0.0)
    assert (month.fatal, month.appeals, month.open_appeals, month.upheld) == (1, 1, 1, 0)
    assert (month.judged, month.rules_mean) == (2, 85.5)


def test_points_of_the_form_are_a_hundred() -> None:
    form: Form = FORM
    assert form.score({"greeting": 10, "solution": 30}, ()) == 100.0
