"""The bodies of `/api/v1/inspections`."""

from datetime import datetime

from pydantic import BaseModel

from recordings.inspection.inspection import Appeal, Inspection, State


class CommentOut(BaseModel):
    at_s: float
    text: str


class AppealOut(BaseModel):
    text: str
    made: datetime
    upheld: bool | None
    answer: str
    settled_by: str
    settled: datetime | None
    score_before: float | None


class InspectionOut(BaseModel):
    id: str
    recording_id: str
    call_id: str
    agent_id: str
    queue: str
    inspector: str
    plan: str
    drawn: datetime
    calibration: str
    state: State
    form_version: str
    points: dict[str, float]
    fatal: list[str]
    comments: list[CommentOut]
    summary: str
    score: float | None
    submitted: datetime | None
    appeal: AppealOut | None


def to_inspection_out(inspection: Inspection) -> InspectionOut:
    return InspectionOut(
        id=inspection.inspection_id,
        recording_id=inspection.recording_id,
        call_id=inspection.call_id,
        agent_id=inspection.agent_id,
        queue=inspection.queue,
        inspector=inspection.inspector,
        plan=inspection.plan,
        drawn=inspection.drawn,
        calibration=inspection.calibration,
        state=inspection.state,
        form_version=inspection.form_version,
        points=dict(inspection.points or {}),
        fatal=list(inspection.fatal),
        comments=[CommentOut(at_s=each.at_s, text=each.text) for each in inspection.comments],
        summary=inspection.summary,
        score=inspection.score,
        submitted=inspection.submitted,
        appeal=None if inspection.appeal is None else _to_appeal_out(inspection.appeal),
    )


def _to_appeal_out(made: Appeal) -> AppealOut:
    return AppealOut(
        text=made.text,
        made=made.made,
        upheld=made.upheld,
        answer=made.answer,
        settled_by=made.settled_by,
        settled=made.settled,
        score_before=made.score_before,
    )
