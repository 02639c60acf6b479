"""Who may see tasks and do something about them, against a core that is played."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import Request, Response

from desk.store import TaskStore
from desk.task import Task, TaskKind, TaskState
from foundation.errors import Conflict, NotFound
from foundation.ids import AgentId, CallId, PartyId, QueueId, RecordingId, TaskId
from foundation.web.users import Role, User
from tests.support.database import fresh_sessions, sqlite_file
from tests.support.fake_core import MONDAY_NOON_S, FakeCore
from tests.support.web_house import (
    CHEAP,
    PASSWORD,
    QUICK_FOLLOW,
    board_app,
    caught_up,
    client_of,
    running,
    sign_in,
    user_store,
    web_options,
)
from wallboard.commands import CallBackForTask, FinishTask, ReleaseTask, TakeTask
from wallboard.directory import AgentCard, Directory, QueueCard
from wallboard.routes.task_api import Messages, Said, task_routes
from wallboard.web_role import BoardOptions

NOON = datetime.fromtimestamp(MONDAY_NOON_S, UTC)
ORDERS, LATE = QueueId("orders"), QueueId("late")
DIRECTORY = Directory(
    {AgentId("ann"): AgentCard("Ann", "day"), AgentId("bob"): AgentCard("Bob", "night")},
    {
        ORDERS: QueueCard("Orders", teams=frozenset({"day"})),
        LATE: QueueCard("Late", teams=frozenset({"night"})),
    },
)


def task(name: str, queue: QueueId, **changes: object) -> Task:
    given = {
        "task_id": TaskId(name),
        "kind": TaskKind.VOICEMAIL,
        "call_id": CallId("c-1"),
        "party_id": PartyId("p-1"),
        "line": "8000",
        "queue": queue,
        "opened": NOON - timedelta(hours=5),
        "due": NOON - timedelta(hours=1),
    }
    return Task(**(given | changes))  # type: ignore[arg-type]


class Desk:
    def __init__(self, core: FakeCore, client: httpx.AsyncClient) -> None:
        self.core = core
        self.client = client

    async def get(self, who: str, path: str = "") -> httpx.Response:
        await sign_in(self.client, who)
        return await self.client.get(f"/api/v1/tasks{path}")

    async def post(self, who: str, path: str, body: object = None) -> httpx.Response:
        await sign_in(self.client, who)
        return await self.client.post(f"/api/v1/tasks/{path}", json=body or {})

    async def ids(self, who: str, path: str = "") -> list[str]:
        return [each["id"] for each in (await self.get(who, path)).json()["items"]]


async def said(recording_id: RecordingId) -> Said:
    return Said(state="ready", text="please ring me", language="en", duration_s=3.0)


async def no_audio(recording_id: RecordingId, _by: str, _request: Request) -> Response:
    raise NotFound(f"The audio of {recording_id} is gone.")


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    core = FakeCore()
    async with user_store(tmp_path) as users, fresh_sessions(sqlite_file(tmp_path)) as sessions:
        await users.add(User("ian", Role.INSPECTOR, CHEAP.hash(PASSWORD)))
        store = TaskStore(sessions)
        await store.add(
            [
                task("t-orders", ORDERS, recording_id=RecordingId("vm-1")),
                task("t-late", LATE, due=NOON + timedelta(hours=1)),
                task("t-any", QueueId(""), kind=TaskKind.FOLLOW_UP, due=NOON),
                task("t-done", ORDERS, state=TaskState.DONE, taken_by="ann", due=NOON),
                task("t-eve", ORDERS, state=TaskState.TAKEN, taken_by="lea", due=NOON),
            ]
        )
        options = BoardOptions(web=web_options(), directory=DIRECTORY, follow=QUICK_FOLLOW)
        messages = Messages(said, no_audio)
        app = board_app(
            core,
            users,
            options,
            board_routers=lambda service: [task_routes(service, store, messages)],
        )
        async with running(app), client_of(app) as client:
            await caught_up(client)
            yield Desk(core, client)


@pytest.mark.parametrize(
    ("who", "ids"),
    [
        ("sue", ["t-orders", "t-any", "t-eve", "t-late"]),
        ("ann", ["t-orders", "t-any", "t-eve"]),
        ("lea", ["t-any", "t-eve", "t-late"]),
    ],
)
async def test_each_sees_what_his_team_serves_and_his_own(
    desk: Desk, who: str, ids: list[str]
) -> None:
    assert await desk.ids(who) == ids


async def test_list_is_narrowed_by_state_kind_and_owner(desk: Desk) -> None:
    assert await desk.ids("sue", "?state=done") == ["t-done"]
    assert await desk.ids("sue", "?kind=follow_up") == ["t-any"]
    assert await desk.ids("lea", "?mine=true") == ["t-eve"]
    assert await desk.ids("sue", "?call_id=c-none") == []


async def test_message_is_told_with_what_was_said(desk: Desk) -> None:
    found = (await desk.get("ann", "/t-orders")).json()
    assert found["said"]["text"] == "please ring me"
    assert found["is_overdue"] is True
    assert (await desk.get("ann", "/t-any")).json()["said"] is None
    assert (await desk.get("ann", "/t-any/audio")).status_code == 404
    assert (await desk.get("ann", "/t-orders/audio")).status_code == 404


async def test_task_of_another_team_is_not_there(desk: Desk) -> None:
    for verb in ("take", "release", "done", "call-back"):
        assert (await desk.post("ann", f"t-late/{verb}")).status_code == 404
    assert (await desk.get("ann", "/t-late")).status_code == 404
    assert desk.core.asked == []


async def test_what_is_done_goes_to_core(desk: Desk) -> None:
    assert (await desk.post("ann", "t-orders/take")).status_code == 200
    assert (await desk.post("ann", "t-orders/done", {"note": "rang him"})).status_code == 200
    answer = await desk.post("ann", "t-orders/call-back", {"queue": "orders"})
    assert answer.status_code == 201
    callback_id = answer.json()["callback_id"]
    assert desk.core.asked == [
        TakeTask(task_id="t-orders", by="ann"),
        FinishTask(task_id="t-orders", note="rang him", by="ann"),
        CallBackForTask(task_id="t-orders", callback_id=callback_id, queue="orders", by="ann"),
    ]


async def test_only_its_owner_and_leads_put_a_task_back(desk: Desk) -> None:
    assert (await desk.post("ann", "t-eve/release")).status_code == 403
    for who in ("lea", "sue"):
        assert (await desk.post(who, "t-eve/release")).status_code == 200
    assert desk.core.asked == [
        ReleaseTask(task_id="t-eve", by="lea"),
        ReleaseTask(task_id="t-eve", by="sue"),
    ]


async def test_what_core_refuses_is_refused(desk: Desk) -> None:
    desk.core.refuse_with = Conflict("lea has the task.")
    assert (await desk.post("ann", "t-eve/take")).status_code == 409


async def test_inspector_sees_all_and_takes_none(desk: Desk) -> None:
    assert len(await desk.ids("ian")) == 4
    assert (await desk.post("ian", "t-orders/take")).status_code == 403
