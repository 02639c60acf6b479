"""`/api/v1/quality`: what rules make of talks, how well they do it, and trying new ones."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from foundation.errors import ConfigurationError, RemoteError
from foundation.ids import AgentId, QueueId, RecordingId
from foundation.web.queries import CalendarDay, Offset
from recordings.quality.answers import (
    PackOut,
    RecordingQualityOut,
    ScoredPage,
    TrialOut,
    to_pack_out,
    to_result_out,
    to_scored_out,
    to_trial_out,
)
from recordings.quality.figures import PackFigures
from recordings.quality.pack import Pack
from recordings.quality.store import QualityStore
from recordings.quality.trying import try_pack
from recordings.quality.written import parse, schema
from recordings.recording import RecordingFilter
from recordings.store import RecordingStore

Guard = Callable[..., Any]
MOST_PACK_CHARACTERS = 200_000


class Wanted(BaseModel):
    """The filters of the list; all given ones must match."""

    agent_id: str | None = None
    queue: str | None = None
    rule: str | None = None
    "Talks that break this one."
    since: CalendarDay | None = None
    "The first day, in the centre's time zone."
    until: CalendarDay | None = None
    "The last day, included."
    limit: Annotated[int, Query(ge=1, le=500)] = 50
    offset: Offset = 0


class TryIn(BaseModel):
    pack: str = Field(max_length=MOST_PACK_CHARACTERS)
    "The text of a pack, as in rules/quality/NAME.yaml."
    days: float = Field(default=7.0, gt=0, le=366)


class RescoreIn(BaseModel):
    days: float = Field(default=7.0, gt=0, le=366)


class RescoreOut(BaseModel):
    talks: int
    "That are judged again, one after the other."


class Desk:
    """What the routes need, besides the stores."""

    def __init__(
        self,
        packs: Callable[[], Mapping[str, Pack]],
        figures: Callable[[], list[PackFigures]],
        utc_now: Callable[[], datetime],
        timezone: tzinfo,
    ) -> None:
        """`packs`: in force, by language; `figures`: measured of packs, whichever version."""
        self.packs = packs
        self._figures = figures
        self.utc_now = utc_now
        self._timezone = timezone

    def find_figures(self, pack: str, version: str | None = None) -> PackFigures | None:
        """Of this version, or of the pack's newest that was measured."""
        found = [one for one in self._figures() if one.pack == pack]
        exact = [one for one in found if one.version == version]
        return next(iter(exact or found), None)

    def filter_of(self, wanted: Wanted) -> RecordingFilter:
        return RecordingFilter(
            agent_id=None if wanted.agent_id is None else AgentId(wanted.agent_id),
            queue=None if wanted.queue is None else QueueId(wanted.queue),
            started_from=None if wanted.since is None else self._midnight(wanted.since),
            started_before=None
            if wanted.until is None
            else self._midnight(wanted.until + timedelta(days=1)),
        )

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time.min, tzinfo=self._timezone)


def quality_router(
    recordings: RecordingStore,
    store: QualityStore,
    desk: Desk,
    read_guard: Guard,
    change_guard: Guard,
    hearing_guard: Guard,
    rescore: Callable[[float, Any], Awaitable[int]],
) -> APIRouter:
    """`rescore` asks core: days, and who wants it as `change_guard` knows him.

    `hearing_guard` gives the agents whose talks the user may hear (None: all), or refuses: verdicts
    quote what was said.
    """
    router = APIRouter(prefix="/api/v1/quality", tags=["quality"])
    reads, changes = [Depends(read_guard)], [Depends(change_guard)]

    @router.get("/results", dependencies=reads, summary="Talks by score, the worst first")
    async def list_results(
        wanted: Annotated[Wanted, Query()],
        heard: Annotated[frozenset[AgentId] | None, Depends(hearing_guard)],
    ) -> ScoredPage:
        chosen = replace(desk.filter_of(wanted), agents=heard)
        found, total = await store.worst(chosen, wanted.rule, wanted.limit, wanted.offset)
        items = [to_scored_out(recording, result) for recording, result in found]
        return ScoredPage(items=items, total=total)

    @router.get(
        "/recordings/{recording_id}",
        dependencies=[*reads, Depends(hearing_guard)],
        summary="One talk's verdicts",
    )
    async def get_recording(recording_id: RecordingId) -> RecordingQualityOut:
        """`current` is null while nothing has been judged."""
        await recordings.get(recording_id)
        outs = [
            to_result_out(result, desk.find_figures(result.verdict.pack, result.verdict.version))
            for result in await store.results(recording_id)
        ]
        current = next((one for one in outs if one.counts), None)
        return RecordingQualityOut(
            recording_id=recording_id,
            current=current,
            earlier=[one for one in outs if one is not current],
        )

    @router.get("/rules", dependencies=reads, summary="The rules in force, and how good they are")
    async def list_rules() -> list[PackOut]:
        return [
            to_pack_out(pack, desk.find_figures(pack.name, pack.version))
            for pack in desk.packs().values()
        ]

    @router.get("/schema", dependencies=reads, summary="JSON Schema of a pack")
    async def get_schema() -> dict[str, Any]:
        return schema()

    @router.post("/try", dependencies=changes, summary="A pack on past talks, without counting")
    async def try_it(wanted: TryIn) -> TrialOut:
        """A pack with problems is refused (422): a sentence for each, with its line."""
        try:
            pack = parse(wanted.pack, "pack", "trial")
        except ConfigurationError as error:
            raise RemoteError(str(error)) from None
        since = desk.utc_now() - timedelta(days=wanted.days)
        trial = await try_pack(pack, RecordingFilter(started_from=since), recordings, store)
        return to_trial_out(trial)

    @router.post("/rescore", summary="Judge past talks by the rules in force")
    async def rescore_talks(
        wanted: RescoreIn,
        user: Annotated[Any, Depends(change_guard)],  # noqa: ANN401  whoever the guard lets in
    ) -> RescoreOut:
        """Results of earlier versions stay and count no more."""
        return RescoreOut(talks=await rescore(wanted.days, user))

    return router
