"""One inspector's work on one talk, from the draw to the settled appeal.

    OPEN ── save ─▶ OPEN ── submit ─▶ DONE ── appeal ─▶ APPEALED ── settle ─▶ SETTLED

Rule 1: only the inspector whom it was given scores it, and only while it is open.
Rule 2: only the agent who talked appeals, once, and within `APPEAL_WITHIN`.
Rule 3: whoever scored a talk does not settle the appeal against it.
Rule 4: a score of a calibration measures inspectors: it is not for the agent's month, and nobody
        appeals against it.
Rule 5: nobody reads a draft but its inspector, nor another's sheet of a calibration before the own
        one of that talk is submitted: who has read it only agrees.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

from foundation.errors import Conflict, NotAllowed
from foundation.ids import AgentId, CallId, QueueId, RecordingId
from recordings.inspection.form import Form

InspectionId = NewType("InspectionId", str)
"`i-…`."
APPEAL_WITHIN = timedelta(days=14)
MOST_COMMENTS = 200


class State(StrEnum):
    OPEN = "open"
    DONE = "done"
    APPEALED = "appealed"
    SETTLED = "settled"


@dataclass(frozen=True, slots=True)
class Comment:
    """What an inspector remarks at a time of the talk."""

    at_s: float
    "Seconds from the recording's first sample."
    text: str


@dataclass(frozen=True, slots=True)
class Appeal:
    text: str
    made: datetime
    upheld: bool | None = None
    "The agent was right; None: not settled."
    answer: str = ""
    settled_by: str = ""
    settled: datetime | None = None
    score_before: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    inspection_id: InspectionId
    recording_id: RecordingId
    call_id: CallId
    agent_id: AgentId
    queue: QueueId
    inspector: str
    plan: str
    "How it was drawn, for people."
    drawn: datetime
    calibration: str = ""
    state: State = State.OPEN
    form_version: str = ""
    points: Mapping[str, float] | None = None
    fatal: tuple[str, ...] = ()
    comments: tuple[Comment, ...] = ()
    summary: str = ""
    "Reason and measure, for the agent."
    score: float | None = None
    submitted: datetime | None = None
    appeal: Appeal | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """What the inspector has filled in."""

    points: Mapping[str, float]
    fatal: Collection[str]
    comments: tuple[Comment, ...]
    summary: str


def save(inspection: Inspection, sheet: Sheet, form: Form, by: str) -> Inspection:
    """A draft; what is missing may be missing."""
    if inspection.inspector != by:
        raise NotAllowed(f"This talk was given to {inspection.inspector}.")
    if inspection.state is not State.OPEN:
        raise Conflict("This talk has its score; only an appeal changes it.")
    if len(sheet.comments) > MOST_COMMENTS:
        raise Conflict(f"A talk has at most {MOST_COMMENTS} comments.")
    form.score(sheet.points, sheet.fatal)
    return replace(
        inspection,
        form_version=form.version,
        points=dict(sheet.points),
        fatal=tuple(sorted(sheet.fatal)),
        comments=tuple(sorted(sheet.comments, key=lambda comment: comment.at_s)),
        summary=sheet.summary,
    )


def submit(inspection: Inspection, sheet: Sheet, form: Form, by: str, now: datetime) -> Inspection:
    """Every item has its points now, and the agent sees them."""
    saved = save(inspection, sheet, form, by)
    form.check_whole(sheet.points)
    score = form.score(sheet.points, sheet.fatal)
    return replace(saved, state=State.DONE, score=score, submitted=now)


def as_read_by(
    inspection: Inspection, user_id: str, to_score: Collection[RecordingId]
) -> Inspection:
    """Blank where rule 5 says so; `to_score`: the talks that the reader has yet to score."""
    is_draft = inspection.state is State.OPEN
    is_early = inspection.calibration != "" and inspection.recording_id in to_score
    if inspection.inspector == user_id or not (is_draft or is_early):
        return inspection
    return replace(inspection, points=None, fatal=(), comments=(), summary="", score=None)


def appeal(inspection: Inspection, text: str, by: AgentId | None, now: datetime) -> Inspection:
    if by != inspection.agent_id or inspection.calibration:
        raise NotAllowed("Only the agent who talked may appeal.")
    if inspection.state is not State.DONE or inspection.submitted is None:
        raise Conflict("There is no score to appeal against, or the appeal was made before.")
    if now - inspection.submitted > APPEAL_WITHIN:
        raise Conflict(f"An appeal is made within {APPEAL_WITHIN.days} days.")
    return replace(inspection, state=State.APPEALED, appeal=Appeal(text, now))


def settle(
    inspection: Inspection, answer: str, by: str, now: datetime, points: Mapping[str, float] | None,
    fatal: Collection[str], form: Form,
) -> Inspection:  # fmt: skip
    """`points` None: the score stays."""
    made = inspection.appeal
    if inspection.state is not State.APPEALED or made is None:
        raise Conflict("There is no appeal to be settled.")
    if inspection.inspector == by:
        raise NotAllowed("Whoever scored a talk does not settle the appeal against it.")
    settled = replace(
        made, upheld=points is not None, answer=answer, settled_by=by, settled=now,
        score_before=inspection.score,
    )  # fmt: skip
    changed = replace(inspection, state=State.SETTLED, appeal=settled)
    if points is None:
        return changed
    form.check_whole(points)
    score = form.score(points, fatal)
    return replace(
        changed, points=dict(points), fatal=tuple(sorted(fatal)), score=score,
        form_version=form.version,
    )  # fmt: skip
