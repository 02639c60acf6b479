"""`/api/v1/inspections`: drawing talks, scoring them, appeals, calibration, the agents' month."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from foundation.errors import NotAllowed
from foundation.ids import AgentId, RecordingId
from foundation.ipc.messages import ReplyT, Request
from foundation.web.queries import MONTH, CalendarDay, Offset
from foundation.web.users import User
from recordings.inspection.agreement import PairAgreement, compare
from recordings.inspection.answers import InspectionOut, to_inspection_out
from recordings.inspection.form import Form, WrittenForm
from recordings.inspection.inspection import (
    Comment,
    Inspection,
    InspectionId,
    State,
    as_read_by,
)
from recordings.inspection.messages import (
    AppealScore,
    DrawTalks,
    GiveTalk,
    SettleAppeal,
    WriteSheet,
)
from recordings.inspection.month import Month, months
from recordings.inspection.sampling import How
from recordings.inspection.store import InspectionFilter, InspectionStore

Guard = Callable[..., Any]
View = Callable[[User], Awaitable[tuple[AgentId, ...] | None]]
"Whose inspections somebody may see now, None: everybody's; made by who knows roles and teams."
MOST = 100_000
"Inspections of a month that are added up."
Name = Annotated[str, Field(min_length=1, max_length=64)]
Text = Annotated[str, Field(max_length=4000)]


class Core(Protocol):
    async def request(self, request: Request[ReplyT]) -> ReplyT: ...


class WantedDraw(BaseModel, extra="forbid"):
    how: How
    count: Annotated[int, Field(ge=1, le=500)] = 10
    "In all; of each agent with `by_agent`."
    inspectors: Annotated[tuple[Name, ...], Field(min_length=1, max_length=20)]
    since: CalendarDay
    until: CalendarDay
    "The last day, included."
    queue: str | None = None
    agent_id: str | None = None
    least_s: Annotated[float, Field(ge=0, le=3600)] = 10.0
    "Shorter talks are not drawn."
    calibrate: bool = False
    "Everybody named scores every talk, to be compared."


class WantedTalk(BaseModel, extra="forbid"):
    recording_id: Name
    inspector: Name


class CommentIn(BaseModel, extra="forbid"):
    at_s: Annotated[float, Field(ge=0, le=86400)]
    text: Annotated[str, Field(min_length=1, max_length=1000)]


class SheetIn(BaseModel, extra="forbid"):
    points: dict[str, float] = Field(default_factory=dict)
    fatal: Annotated[tuple[Name, ...], Field(max_length=20)] = ()
    comments: Annotated[tuple[CommentIn, ...], Field(max_length=200)] = ()
    summary: Text = ""
    submit: bool = False
    "False: a draft that only the inspector sees."


class AppealIn(BaseModel, extra="forbid"):
    text: Annotated[str, Field(min_length=1, max_length=4000)]


class SettleIn(BaseModel, extra="forbid"):
    answer: Annotated[str, Field(min_length=1, max_length=4000)]
    points: dict[str, float] | None = None
    "All points anew when the agent is right; null: the score stays."
    fatal: tuple[Name, ...] = ()


class FormOut(BaseModel):
    version: str
    form: WrittenForm


class InspectionPage(BaseModel):
    items: list[InspectionOut]
    total: int


class DrawnOut(BaseModel):
    inspection_ids: list[str]


class CalibrationOut(BaseModel):
    name: str
    drawn: datetime
    sheets: int


class Wanted(BaseModel):
    inspector: str | None = None
    agent_id: str | None = None
    recording_id: str | None = None
    calibration: str | None = None
    state: State | None = None
    limit: Annotated[int, Query(ge=1, le=500)] = 100
    offset: Offset = 0


@dataclass(frozen=True, slots=True)
class InspectionApi:
    """What the routes need."""

    core: Core
    store: InspectionStore
    form: Callable[[], Form]
    "In force."
    zone: tzinfo
    may_see: View
    read_guard: Guard
    "Gives the user: agents see their own, team leads their team's."
    inspect_guard: Guard


def inspection_router(parts: InspectionApi) -> APIRouter:
    router = APIRouter(prefix="/api/v1/inspections", tags=["quality"])
    _comparing(router, parts)
    _reading(router, parts)
    _scoring(router, parts)
    return router


def _comparing(router: APIRouter, parts: InspectionApi) -> None:
    """Before what has an id in its path."""

    @router.get("/form", summary="The form in force")
    async def get_form(user: Annotated[User, Depends(parts.read_guard)]) -> FormOut:
        now = parts.form()
        return FormOut(version=now.version, form=now.written)

    @router.get("/month", summary="What inspection and rules made of each agent's month")
    async def get_month(
        user: Annotated[User, Depends(parts.read_guard)],
        month: Annotated[str, Query(pattern=MONTH)],
    ) -> list[Month]:
        first, before = _month(month, parts.zone)
        agents = await parts.may_see(user)
        wanted = InspectionFilter(agent_ids=agents, submitted_from=first, submitted_before=before)
        found, _ = await parts.store.find(wanted, MOST)
        scores = await parts.store.rule_scores(first, before)
        return months(found, [each for each in scores if agents is None or each[0] in agents])

    @router.get("/calibrations", summary="Comparisons of inspectors, the newest first")
    async def list_calibrations(
        user: Annotated[User, Depends(parts.inspect_guard)],
    ) -> list[CalibrationOut]:
        found = await parts.store.calibrations()
        return [CalibrationOut(name=name, drawn=drawn, sheets=n) for name, drawn, n in found]

    @router.get("/calibrations/{name}", summary="How far inspectors agree")
    async def get_agreement(
        name: str, user: Annotated[User, Depends(parts.inspect_guard)]
    ) -> list[PairAgreement]:
        found, _ = await parts.store.find(InspectionFilter(calibration=name), MOST)
        most = {item.id: item.points for item in parts.form().written.items}
        return compare(found, most)


def _reading(router: APIRouter, parts: InspectionApi) -> None:
    @router.get("", summary="Inspections, the newest first")
    async def list_inspections(
        user: Annotated[User, Depends(parts.read_guard)], wanted: Annotated[Wanted, Query()]
    ) -> InspectionPage:
        agents = await parts.may_see(user)
        asked: tuple[AgentId, ...] | None = None
        if wanted.agent_id is not None:
            is_mine = agents is None or wanted.agent_id in agents
            asked = (AgentId(wanted.agent_id),) if is_mine else ()
        states = None if wanted.state is None else (wanted.state,)
        chosen = InspectionFilter(
            inspector=wanted.inspector,
            agent_ids=agents if asked is None else asked,
            recording_id=None if wanted.recording_id is None else RecordingId(wanted.recording_id),
            # Others see what has its score, and no comparison of inspectors.
            calibration=wanted.calibration if agents is None else "",
            states=states if agents is None else _public(states),
        )
        found, total = await parts.store.find(chosen, wanted.limit, wanted.offset)
        return InspectionPage(items=await _told(parts.store, user, found), total=total)

    @router.get("/{inspection_id}", summary="One inspection")
    async def get_inspection(
        inspection_id: str, user: Annotated[User, Depends(parts.read_guard)]
    ) -> InspectionOut:
        found = await parts.store.get(InspectionId(inspection_id))
        agents = await parts.may_see(user)
        if agents is not None and (
            found.agent_id not in agents or found.state is State.OPEN or found.calibration
        ):
            raise NotAllowed("This inspection is not for you.")
        (told,) = await _told(parts.store, user, [found])
        return told


def _scoring(router: APIRouter, parts: InspectionApi) -> None:
    @router.post("/draw", summary="Draw talks and give them to inspectors")
    async def draw(
        wanted: WantedDraw, user: Annotated[User, Depends(parts.inspect_guard)]
    ) -> DrawnOut:
        ids = await parts.core.request(
            DrawTalks(
                how=wanted.how,
                count=wanted.count,
                inspectors=wanted.inspectors,
                started_from=_midnight(wanted.since, parts.zone),
                started_before=_midnight(wanted.until + timedelta(days=1), parts.zone),
                queue=wanted.queue,
                agent_id=wanted.agent_id,
                least_s=wanted.least_s,
                calibrate=wanted.calibrate,
                by=user.user_id,
            )
        )
        return DrawnOut(inspection_ids=ids)

    @router.post("", summary="Give one talk to an inspector")
    async def give(
        wanted: WantedTalk, user: Annotated[User, Depends(parts.inspect_guard)]
    ) -> DrawnOut:
        made = await parts.core.request(
            GiveTalk(recording_id=wanted.recording_id, inspector=wanted.inspector, by=user.user_id)
        )
        return DrawnOut(inspection_ids=[made])

    @router.put("/{inspection_id}", summary="Save or submit the sheet")
    async def write(
        inspection_id: str, sheet: SheetIn, user: Annotated[User, Depends(parts.inspect_guard)]
    ) -> InspectionOut:
        written = await parts.core.request(
            WriteSheet(
                inspection_id=inspection_id,
                points=sheet.points,
                fatal=sheet.fatal,
                comments=tuple(Comment(each.at_s, each.text) for each in sheet.comments),
                summary=sheet.summary,
                submit=sheet.submit,
                by=user.user_id,
            )
        )
        return to_inspection_out(written)

    @router.post("/{inspection_id}/appeal", summary="The agent does not accept the score")
    async def appeal(
        inspection_id: str, wanted: AppealIn, user: Annotated[User, Depends(parts.read_guard)]
    ) -> InspectionOut:
        made = await parts.core.request(
            AppealScore(inspection_id=inspection_id, text=wanted.text, agent_id=user.agent_id)
        )
        return to_inspection_out(made)

    @router.post("/{inspection_id}/settle", summary="Settle an appeal")
    async def settle(
        inspection_id: str, wanted: SettleIn, user: Annotated[User, Depends(parts.inspect_guard)]
    ) -> InspectionOut:
        settled = await parts.core.request(
            SettleAppeal(
                inspection_id=inspection_id,
                answer=wanted.answer,
                points=wanted.points,
                fatal=wanted.fatal,
                by=user.user_id,
            )
        )
        return to_inspection_out(settled)


async def _told(
    store: InspectionStore, user: User, found: Sequence[Inspection]
) -> list[InspectionOut]:
    mine = InspectionFilter(inspector=user.user_id, states=(State.OPEN,))
    to_score = {each.recording_id for each in (await store.find(mine, MOST))[0]}
    return [to_inspection_out(as_read_by(each, user.user_id, to_score)) for each in found]


def _public(states: tuple[State, ...] | None) -> tuple[State, ...]:
    shown = (State.DONE, State.APPEALED, State.SETTLED)
    return shown if states is None else tuple(each for each in states if each in shown)


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time.min, tzinfo=zone)


def _month(name: str, zone: tzinfo) -> tuple[datetime, datetime]:
    first = date.fromisoformat(f"{name}-01")
    return _midnight(first, zone), _midnight((first + timedelta(days=32)).replace(day=1), zone)
