"""A desk of inspections for the web role's tests: ina has inspected ann's talks.

i-open       of eve's talk, not scored yet
i-done       of ann's talk, scored
i-appealed   of ann's talk, scored and appealed against
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from random import Random
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from foundation import clock
from foundation.ids import AgentId, CallId, QueueId, RecordingId
from recordings.inspection import messages
from recordings.inspection.desk import InspectionDesk, InspectionParts
from recordings.inspection.events import InspectionEvent
from recordings.inspection.form import OURS, parse_form
from recordings.inspection.inspection import Inspection, InspectionId, Sheet, appeal, submit
from recordings.inspection.store import InspectionStore
from recordings.store import RecordingStore

FORM = parse_form(OURS.read_text(encoding="utf-8"), "ours")
POINTS = {item.id: item.points for item in FORM.written.items}
SHEET = Sheet(POINTS, (), (), "Well done.")


async def inspections_played(
    sessions: async_sessionmaker[AsyncSession],
    recordings: RecordingStore,
    told: list[InspectionEvent] | None = None,
) -> dict[type, Callable[[Any], Awaitable[Any]]]:
    """Handlers by request, as core has them."""
    store = InspectionStore(sessions)
    open_ = _drawn("i-open", "r-2", "eve")
    done = submit(_drawn("i-done", "r-1", "ann"), SHEET, FORM, "ina", clock.utc_now())
    appealed = appeal(
        replace(done, inspection_id=InspectionId("i-appealed")),
        "No.",
        done.agent_id,
        clock.utc_now(),
    )
    await store.add([open_, done, appealed])
    news = [] if told is None else told
    desk = InspectionDesk(
        InspectionParts(store, recordings, lambda: FORM, news.append, clock.utc_now, Random(1))
    )
    return {
        messages.DrawTalks: desk.draw,
        messages.GiveTalk: desk.give,
        messages.WriteSheet: desk.write,
        messages.AppealScore: desk.appeal,
        messages.SettleAppeal: desk.settle,
    }


def _drawn(name: str, recording: str, agent: str) -> Inspection:
    return Inspection(
        inspection_id=InspectionId(name),
        recording_id=RecordingId(recording),
        call_id=CallId("c-talk"),
        agent_id=AgentId(agent),
        queue=QueueId("orders"),
        inspector="ina",
        plan="random",
        drawn=clock.utc_now(),
    )
