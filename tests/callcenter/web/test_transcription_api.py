"""The routes of transcription and search: who may, what core is asked, what is found."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from fastapi import APIRouter

from callcenter.asks import RaiseTranscript, ReadTranscription, RetryTranscripts
from callcenter.roles.web import CHANGERS, HEARERS, LOOKERS
from callcenter.web.search_api import search_router
from callcenter.web.transcription_api import transcription_router
from foundation.errors import Conflict, Unavailable
from foundation.ids import AgentId, CallId, RecordingId
from foundation.ipc import Request
from foundation.ipc.messages import ReplyT
from foundation.web.api import require_role
from foundation.web.app import create_app
from recordings.searching.search_store import SearchStore
from recordings.store import RecordingStore
from recordings.transcribing.lease import JobState, JobView
from recordings.transcribing.transcription import Progress, WorkerView
from tests.support.database import fresh_sessions, sqlite_file
from tests.support.recording_fakes import STARTED, recording
from tests.support.search_behaviour import Sessions, keep
from tests.support.web_house import CHEAP, client_of, sign_in, user_store, web_options
from wallboard.directory import AgentCard, Directory

TEAMS = Directory(
    {
        AgentId("ann"): AgentCard("Ann", "day"),
        AgentId("bob"): AgentCard("Bob", "day"),
        AgentId("cat"): AgentCard("Cat", "night"),
    }
)


class Core:
    """Transcribes one talk while another waits."""

    def __init__(self) -> None:
        self.asked: list[object] = []
        self.is_away = False

    async def request(self, request: Request[ReplyT]) -> ReplyT:
        if self.is_away:
            raise Unavailable("Core is away.")
        self.asked.append(request)
        match request:
            case ReadTranscription():
                job = JobView(RecordingId("r-1"), JobState.LEASED, 5, 1, 42.0, 0.0, 30.0, "w1", 0.5)
                told: object = Progress(
                    waiting=1,
                    working=1,
                    failed=1,
                    lag_s=42.0,
                    speed=40.5,
                    workers=(WorkerView("w1", 1.0),),
                    jobs=(job,),
                )
            case RetryTranscripts(recording_id=recording_id):
                if recording_id == "r-9":
                    raise Conflict(
                        "the transcript of recording 'r-9' was not given up: it is ready"
                    )
                told = 1 if recording_id else 7
            case _:
                told = None
        return told  # type: ignore[return-value]  # as Core answers each of them

    async def directory(self) -> Directory:
        return TEAMS


class House:
    def __init__(self, core: Core, sessions: Sessions, client: httpx.AsyncClient) -> None:
        self.core = core
        self.sessions = sessions
        self.client = client

    async def get(self, path: str, who: str) -> tuple[int, Any]:
        await sign_in(self.client, who)
        answer = await self.client.get(path)
        return answer.status_code, answer.json()

    async def post(self, path: str, who: str, body: object = None) -> tuple[int, Any]:
        await sign_in(self.client, who)
        answer = await self.client.post(path, json=body)
        return answer.status_code, answer.json()


@asynccontextmanager
async def serving(folder: Path, routers: list[APIRouter]) -> AsyncIterator[httpx.AsyncClient]:
    async with user_store(folder) as users:
        app = create_app(web_options(), users, routers, passwords=CHEAP)
        async with client_of(app) as client:
            yield client


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    core = Core()
    async with fresh_sessions(sqlite_file(tmp_path)) as sessions:
        routers = [
            transcription_router(
                core, RecordingStore(sessions), require_role(*LOOKERS), require_role(*CHANGERS)
            ),
            search_router(
                SearchStore(sessions),
                core.directory,
                ZoneInfo("Asia/Shanghai"),
                require_role(*HEARERS),
            ),
        ]
        async with serving(tmp_path, routers) as client:
            yield House(core, sessions, client)


async def test_progress_lag_jobs_and_dead_letters_are_told(house: House) -> None:
    store = RecordingStore(house.sessions)
    await store.add(recording(3))
    await store.give_up(RecordingId("r-3"), "the model is broken")

    status, told = await house.get("/api/v1/transcription", "sue")

    assert status == 200
    assert (told["lag_s"], told["waiting"], told["working"], told["failed"]) == (42.0, 1, 1, 1)
    assert told["speed"] == 40.5
    assert told["workers"] == [{"name": "w1", "seen_s": 1.0}]
    assert told["jobs"][0]["recording_id"] == "r-1"
    assert (told["jobs"][0]["done"], told["jobs"][0]["priority"]) == (0.5, 5)
    (letter,) = told["dead_letters"]
    assert (letter["id"], letter["transcript_problem"]) == ("r-3", "the model is broken")


async def test_supervisors_take_up_dead_letters_and_raise_talks(house: House) -> None:
    path = "/api/v1/transcription"
    assert await house.post(f"{path}/r-1/retry", "sue") == (200, {"retried": 1})
    assert await house.post(f"{path}/retry", "sue") == (200, {"retried": 7})
    status, refused = await house.post(f"{path}/r-9/retry", "sue")
    assert (status, "it is ready" in refused["error"]) == (409, True)
    assert (await house.post(f"{path}/r-2/raise", "sue", {}))[0] == 200
    assert (await house.post(f"{path}/r-2/raise", "sue", {"priority": 11}))[0] == 422

    assert house.core.asked == [
        RetryTranscripts(RecordingId("r-1"), "sue"),
        RetryTranscripts(None, "sue"),
        RetryTranscripts(RecordingId("r-9"), "sue"),
        RaiseTranscript(RecordingId("r-2"), 10, "sue"),
    ]


@pytest.mark.parametrize("who", ["ann", "tom", "lea"])
async def test_agents_and_team_leads_have_no_part_in_it(house: House, who: str) -> None:
    assert (await house.get("/api/v1/transcription", who))[0] == 403
    assert (await house.post("/api/v1/transcription/retry", who))[0] == 403
    assert (await house.post("/api/v1/transcription/r-1/raise", who, {}))[0] == 403
    assert house.core.asked == []


async def test_core_that_is_away_is_told(house: House) -> None:
    house.core.is_away = True
    assert (await house.get("/api/v1/transcription", "sue"))[0] == 503


async def test_a_place_that_is_found_is_played_from_its_word(house: House) -> None:
    await keep(house.sessions, 1, "您好 我 要 退 款 谢谢", "好的 退款", of="ann")

    status, told = await house.get("/api/v1/search?q=退款", "sue")

    assert (status, told["total"], told["terms"]) == (200, 1, ["退款"])
    (item,) = told["items"]
    assert (item["recording"]["id"], item["hit_count"]) == ("r-1", 2)
    assert item["hits"][0] == {
        "side": "agent",
        "start_s": 1.0,
        "end_s": 1.5,
        "before": "好的",
        "match": "退款",
        "after": "",
        "play_url": "/recordings/r-1?t=0.0",
    }
    assert item["hits"][1]["play_url"] == "/recordings/r-1?t=2.0"


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [
        ("q=退款&agent_id=ann", [1]),
        ("q=退款&queue=support", [2]),
        ("q=退款&class=refund", [2]),
        ("q=退款&side=caller", [2, 1]),
        ("q=退款&side=agent", []),
        ("q=退款&from=2026-03-02", [2]),
        ("q=退款&to=2026-03-01", [1]),
        ('q="我要退款"', [1]),
        ("q=退款&limit=1&offset=1", [1]),
    ],
)
async def test_filters_of_the_query_reach_the_search(
    house: House, asked: str, numbers: list[int]
) -> None:
    await keep(house.sessions, 1, "我要 退款", of="ann")
    # Ten hours later it is the next day in Shanghai.
    await keep(house.sessions, 10, "退款", of="cat", queue="support", call="c-2")
    await RecordingStore(house.sessions).classify((CallId("c-2"), "wrap_up", "refund"))

    _, told = await house.get(f"/api/v1/search?{asked}", "root")

    found = [1 if item["recording"]["id"] == "r-1" else 2 for item in told["items"]]
    assert found == numbers
    assert (await house.get("/api/v1/search/classes", "root"))[1] == [
        {"kind": "wrap_up", "name": "refund"}
    ]


async def test_team_leads_find_the_talks_of_their_own_team_only(house: House) -> None:
    for number, agent in enumerate(("ann", "cat")):
        await keep(house.sessions, number, "退款", of=agent)

    _, by_lead = await house.get("/api/v1/search?q=退款", "lea")
    _, of_others = await house.get("/api/v1/search?q=退款&agent_id=cat", "lea")
    _, by_lead_of_none = await house.get("/api/v1/search?q=退款", "tom")
    by_agent, _ = await house.get("/api/v1/search?q=退款", "ann")

    assert [item["recording"]["agent_id"] for item in by_lead["items"]] == ["ann"]
    assert (of_others["total"], by_lead_of_none["total"], by_agent) == (0, 0, 403)


@pytest.mark.parametrize("asked", ["q=", "q=--", "q=退款&side=nobody", "q=退款&from=yesterday"])
async def test_question_that_says_nothing_is_refused(house: House, asked: str) -> None:
    assert (await house.get(f"/api/v1/search?{asked}", "sue"))[0] == 422


def test_recordings_of_this_file_begin_in_the_morning() -> None:
    """Of the first of March, in UTC: the filters above rely on it."""
    assert (STARTED + timedelta(hours=10)).astimezone(ZoneInfo("Asia/Shanghai")).day == 2
