"""What people do with inspections, in core: check, write, tell."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from foundation.errors import Conflict, NotFound
from foundation.ids import AgentId, QueueId, RecordingId
from recordings.inspection.events import (
    AppealSettled,
    InspectionEvent,
    ScoreAppealed,
    TalkInspected,
    TalksDrawn,
)
from recordings.inspection.form import Form
from recordings.inspection.inspection import (
    Inspection,
    InspectionId,
    Sheet,
    appeal,
    save,
    settle,
    submit,
)
from recordings.inspection.messages import (
    AppealScore,
    DrawTalks,
    GiveTalk,
    SettleAppeal,
    WriteSheet,
)
from recordings.inspection.sampling import Assignment, Chance, assign, draw
from recordings.inspection.store import InspectionStore
from recordings.recording import RecordingFilter
from recordings.store import RecordingStore

MOST_CANDIDATES = 20_000
CHOSEN = "chosen"
"Instead of a way of drawing."


@dataclass(frozen=True, slots=True)
class InspectionParts:
    store: InspectionStore
    recordings: RecordingStore
    form: Callable[[], Form]
    "In force now."
    tell: Callable[[InspectionEvent], None]
    utc_now: Callable[[], datetime]
    chance: Chance


class InspectionDesk:
    """Answers `recordings.inspection.messages`."""

    def __init__(self, parts: InspectionParts) -> None:
        self._parts = parts

    async def draw(self, ask: DrawTalks) -> list[str]:
        """The ids of what was given to inspectors; none when nothing is left to be drawn."""
        wanted = RecordingFilter(
            agent_id=None if ask.agent_id is None else AgentId(ask.agent_id),
            queue=None if ask.queue is None else QueueId(ask.queue),
            started_from=ask.started_from,
            started_before=ask.started_before,
        )
        candidates = await self._parts.store.candidates(wanted, ask.least_s, MOST_CANDIDATES)
        drawn = draw(ask.how, ask.count, candidates, self._parts.chance)
        calibration = f"c-{secrets.token_hex(4)}" if ask.calibrate else ""
        made = [
            await self._made(each, ask.how) for each in assign(drawn, ask.inspectors, calibration)
        ]
        await self._parts.store.add(made)
        self._parts.tell(TalksDrawn(ask.by, ask.how.value, len(made)))
        return [each.inspection_id for each in made]

    async def give(self, ask: GiveTalk) -> str:
        """One talk that somebody has chosen."""
        recording = await self._parts.recordings.get(RecordingId(ask.recording_id))
        if recording.is_open:
            raise NotFound(f"The talk of {recording.recording_id!r} goes on.")
        if recording.is_message:
            raise Conflict(f"{recording.recording_id!r} is a caller's message: nobody talked.")
        made = await self._new(recording.recording_id, ask.inspector, CHOSEN, "")
        await self._parts.store.add([made])
        self._parts.tell(TalksDrawn(ask.by, CHOSEN, 1))
        return made.inspection_id

    async def write(self, ask: WriteSheet) -> Inspection:
        inspection = await self._parts.store.get(InspectionId(ask.inspection_id))
        sheet = Sheet(ask.points, ask.fatal, ask.comments, ask.summary)
        form = self._parts.form()
        if not ask.submit:
            return await self._kept(save(inspection, sheet, form, ask.by))
        done = await self._kept(submit(inspection, sheet, form, ask.by, self._parts.utc_now()))
        self._parts.tell(
            TalkInspected(
                done.inspection_id, done.recording_id, done.agent_id, done.inspector,
                done.score or 0.0,
            )
        )  # fmt: skip
        return done

    async def appeal(self, ask: AppealScore) -> Inspection:
        inspection = await self._parts.store.get(InspectionId(ask.inspection_id))
        by = None if ask.agent_id is None else AgentId(ask.agent_id)
        made = await self._kept(appeal(inspection, ask.text, by, self._parts.utc_now()))
        self._parts.tell(ScoreAppealed(made.inspection_id, made.agent_id))
        return made

    async def settle(self, ask: SettleAppeal) -> Inspection:
        inspection = await self._parts.store.get(InspectionId(ask.inspection_id))
        settled = await self._kept(
            settle(
                inspection, ask.answer, ask.by, self._parts.utc_now(), ask.points, ask.fatal,
                self._parts.form(),
            )
        )  # fmt: skip
        upheld = ask.points is not None
        score = settled.score or 0.0
        self._parts.tell(
            AppealSettled(settled.inspection_id, settled.agent_id, ask.by, upheld, score)
        )
        return settled

    async def _kept(self, inspection: Inspection) -> Inspection:
        await self._parts.store.replace(inspection)
        return inspection

    async def _made(self, given: Assignment, plan: str) -> Inspection:
        return await self._new(
            given.candidate.recording_id, given.inspector, plan, given.calibration
        )

    async def _new(
        self, recording_id: RecordingId, inspector: str, plan: str, calibration: str
    ) -> Inspection:
        recording = await self._parts.recordings.get(recording_id)
        return Inspection(
            inspection_id=InspectionId(f"i-{secrets.token_hex(6)}"),
            recording_id=recording_id,
            call_id=recording.call_id,
            agent_id=recording.agent_id,
            queue=recording.queue,
            inspector=inspector,
            plan=plan,
            drawn=self._parts.utc_now(),
            calibration=calibration,
        )
