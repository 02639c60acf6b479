"""`/api/v1/search`: recordings by what was said in them; each place found can be played.

Team leads find the talks of their own team, inspectors and supervisors all.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta, tzinfo
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from foundation.ids import AgentId, QueueId
from foundation.web.queries import CalendarDay, Offset
from foundation.web.users import Role, User
from recordings.api import RecordingOut, midnight, to_out
from recordings.searching.question import Hit, Term, find_hits, parse
from recordings.searching.search_store import Found, SearchFilter, SearchStore
from telephony.calls.events import Side
from wallboard.directory import Directory
from wallboard.rights import team_led_by

HITS_SHOWN = 5
"Of one recording."
LEAD_IN_S = 1.0
"A place is played from so long before its word."

Allowed = Callable[[User], User]
ReadDirectory = Callable[[], Awaitable[Directory]]


class Asked(BaseModel):
    """The question and its filters; all must match."""

    q: Annotated[str, Field(min_length=1, max_length=200)]
    'Words, and phrases in quotes: `refund "my order"`; Chinese needs no spaces.'
    agent_id: str | None = None
    queue: str | None = None
    call_class: Annotated[str | None, Field(alias="class")] = None
    "What the call was about: a name of `/api/v1/search/classes`."
    side: Side | None = None
    "Who said it."
    first: Annotated[CalendarDay | None, Field(alias="from")] = None
    "The day in the centre's time zone."
    last: Annotated[CalendarDay | None, Field(alias="to")] = None
    "Included."
    limit: Annotated[int, Query(ge=1, le=100)] = 20
    offset: Offset = 0


class HitOut(BaseModel):
    side: Side
    start_s: float
    end_s: float
    before: str
    match: str
    after: str
    play_url: str
    "The page that plays the recording from there."


class FoundOut(BaseModel):
    recording: RecordingOut
    hits: list[HitOut]
    "In order of time; the first five."
    hit_count: int


class SearchPage(BaseModel):
    items: list[FoundOut]
    total: int
    "Recordings that match, on every page."
    terms: list[str]
    "How the question was understood; phrases stand in quotes."


class ClassOut(BaseModel):
    kind: str
    "`menu`, `intent` or `wrap_up`."
    name: str


def search_router(
    store: SearchStore, read_directory: ReadDirectory, zone: tzinfo, allowed: Allowed
) -> APIRouter:
    router = APIRouter(prefix="/api/v1/search", tags=["recordings"])
    Hearer = Annotated[User, Depends(allowed)]

    @router.get("", summary="Find recordings by what was said")
    async def search(asked: Annotated[Asked, Query()], user: Hearer) -> SearchPage:
        """The newest first. 422 for a question without a word."""
        # The first Chinese question loads jieba's dictionary, which takes a second.
        terms = await asyncio.to_thread(parse, asked.q)
        agents = _may_hear(await read_directory(), user, asked.agent_id)
        found, total = await store.find(
            terms, _to_filter(asked, agents, zone), asked.limit, asked.offset
        )
        items = [_found_out(each, terms) for each in found]
        return SearchPage(items=items, total=total, terms=[_told(term) for term in terms])

    @router.get("/classes", summary="What calls were about, for the filter `class`")
    async def classes(user: Hearer) -> list[ClassOut]:
        return [ClassOut(kind=kind, name=name) for kind, name in await store.classes()]

    return router


def _may_hear(directory: Directory, user: User, asked: str | None) -> frozenset[AgentId] | None:
    """Of the agents asked for, those whom the user may hear; None: everybody."""
    wanted = None if asked is None else frozenset({AgentId(asked)})
    if user.may_act_as(Role.SUPERVISOR, Role.INSPECTOR):
        return wanted
    own = team_led_by(directory, user)
    team = frozenset(
        agent_id for agent_id, card in directory.agents.items() if own and card.team == own
    )
    return team if wanted is None else team & wanted


def _to_filter(asked: Asked, agents: frozenset[AgentId] | None, zone: tzinfo) -> SearchFilter:
    return SearchFilter(
        agents=agents,
        queue=QueueId(asked.queue) if asked.queue is not None else None,
        call_class=asked.call_class,
        side=asked.side,
        started_from=midnight(asked.first, zone) if asked.first else None,
        started_before=midnight(asked.last + timedelta(days=1), zone) if asked.last else None,
    )


def _found_out(found: Found, terms: tuple[Term, ...]) -> FoundOut:
    hits = [hit for side in found.transcript for hit in find_hits(side, terms)]
    hits.sort(key=lambda hit: hit.start_s)
    return FoundOut(
        recording=to_out(found.recording),
        hits=[_hit_out(found.recording.recording_id, hit) for hit in hits[:HITS_SHOWN]],
        hit_count=len(hits),
    )


def _hit_out(recording_id: str, hit: Hit) -> HitOut:
    from_s = max(0.0, hit.start_s - LEAD_IN_S)
    return HitOut(
        side=hit.side,
        start_s=hit.start_s,
        end_s=hit.end_s,
        before=hit.before,
        match=hit.match,
        after=hit.after,
        play_url=f"/recordings/{recording_id}?t={from_s:.1f}",
    )


def _told(term: Term) -> str:
    return term.word or f'"{" ".join(term.letters)}"'
