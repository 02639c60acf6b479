"""The routes that change agents and queues live, against a core that is played."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from acd.expected_wait import Accuracy
from acd.views import Expectation, FloorNow, PhoneTrouble
from callcenter.asks import (
    AddAgentLive,
    AddQueueLive,
    AgentAdded,
    ChangeAgentLive,
    ChangeQueueLive,
    QueueAdded,
    QueueRemoved,
    RemoveAgentLive,
    RemoveQueueLive,
    ResetLive,
    ShowLive,
)
from callcenter.web.live_api import live_router
from foundation.errors import CallCentreError, Conflict, NotFound, RemoteError, Unavailable
from foundation.ids import AgentId, QueueId
from foundation.ipc import Request
from foundation.ipc.messages import ReplyT
from foundation.web.api import require_role
from foundation.web.users import Role
from tests.support.fake_core import FakeCore
from tests.support.web_house import (
    QUICK_FOLLOW,
    board_app,
    caught_up,
    client_of,
    running,
    shown,
    sign_in,
    user_store,
    web_options,
)
from wallboard.directory import AgentCard, Directory, QueueCard
from wallboard.events import DirectoryChanged
from wallboard.web_role import BoardOptions


class Core:
    """Answers nothing in particular, and writes down what it was asked."""

    def __init__(self) -> None:
        self.asked: list[object] = []
        self.refuse_with: CallCentreError | None = None
        self.directory = Directory(
            {AgentId("ann"): AgentCard("Ann", "day")},
            {QueueId("orders"): QueueCard("Orders"), QueueId("help"): QueueCard("Help")},
        )

    async def request(self, request: Request[ReplyT]) -> ReplyT:
        if self.refuse_with is not None:
            raise self.refuse_with
        self.asked.append(request)
        if isinstance(request, AddAgentLive):
            return AgentAdded(1, "made")  # type: ignore[return-value]  # its own
        if isinstance(request, AddQueueLive):
            return QueueAdded(1, ["nobody suits"])  # type: ignore[return-value]  # its own
        if isinstance(request, RemoveQueueLive):
            return QueueRemoved(1, "2 waiting")  # type: ignore[return-value]  # its own
        return "version: 1\n"  # type: ignore[return-value]  # only ShowLive's is looked at

    async def read_floor(self) -> FloorNow:
        if self.refuse_with is not None:
            raise self.refuse_with
        accuracy = Accuracy(count=9, p50_s=4.04, p90_s=30.0)
        return FloorNow(
            {QueueId("orders"): Expectation(92.0, accuracy)},
            {AgentId("ann"): PhoneTrouble.AWAY},
        )

    async def read_directory(self) -> Directory:
        return self.directory


class Desk:
    def __init__(self, core: Core, board_core: FakeCore, client: httpx.AsyncClient) -> None:
        self.core = core
        self.board_core = board_core
        self.client = client

    async def put(self, path: str, body: object, who: str = "sue") -> tuple[int, object]:
        await sign_in(self.client, who)
        answer = await self.client.put(f"/api/v1/{path}", json=body)
        return answer.status_code, answer.json()


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    core, board_core = Core(), FakeCore()
    router = live_router(core, require_role(Role.SUPERVISOR, Role.ADMINISTRATOR))
    async with user_store(tmp_path) as users:
        options = BoardOptions(
            web=web_options(),
            follow=QUICK_FOLLOW,
            read_directory=core.read_directory,
            read_floor=core.read_floor,
        )
        app = board_app(board_core, users, options, [router])
        async with running(app), client_of(app) as client:
            await caught_up(client)
            yield Desk(core, board_core, client)


@pytest.mark.parametrize("who", ["sue", "root"])
async def test_supervisor_and_administrator_change_skills_backup_and_queues(
    desk: Desk, who: str
) -> None:
    assert (await desk.put("agents/ann/skills", {"orders": 5}, who))[0] == 200
    assert (await desk.put("agents/ann/backup", {"backup": True}, who))[0] == 200
    assert (await desk.put("queues/orders", {"ring_s": 9, "relax": []}, who))[0] == 200
    assert desk.core.asked == [
        ChangeAgentLive("ann", who, skills={"orders": 5}),
        ChangeAgentLive("ann", who, backup=True),
        ChangeQueueLive("orders", {"ring_s": 9, "relax": []}, who),
    ]


@pytest.mark.parametrize("who", ["ann", "tom", "lea"])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("agents/ann/skills", {"orders": 5}),
        ("agents/ann/backup", {"backup": True}),
        ("queues/orders", {"ring_s": 9}),
    ],
)
async def test_nobody_else_does(desk: Desk, who: str, path: str, body: object) -> None:
    assert (await desk.put(path, body, who))[0] == 403
    assert (await desk.client.delete("/api/v1/live")).status_code == 403
    assert desk.core.asked == []


@pytest.mark.parametrize("skills", [{"orders": 0}, {"orders": 11}, {"or ders": 1}, ["orders"]])
async def test_levels_and_names_are_checked_before_core_is_asked(
    desk: Desk, skills: object
) -> None:
    assert (await desk.put("agents/ann/skills", skills))[0] == 422
    assert desk.core.asked == []


@pytest.mark.parametrize(
    ("error", "status"), [(NotFound("There is no agent 'x'."), 404), (RemoteError("Bad."), 422)]
)
async def test_cores_refusal_comes_with_its_sentence(
    desk: Desk, error: CallCentreError, status: int
) -> None:
    desk.core.refuse_with = error
    assert await desk.put("agents/x/skills", {}) == (status, {"error": str(error)})


async def test_live_changes_are_shown_and_undone(desk: Desk) -> None:
    await sign_in(desk.client, "sue")
    shown = await desk.client.get("/api/v1/live")
    undone = await desk.client.delete("/api/v1/live")

    assert shown.json() == {"live": "version: 1\n"}
    assert undone.json() == {"live": ""}
    assert desk.core.asked == [ShowLive(), ResetLive("sue")]


async def test_board_asks_for_names_again_when_they_have_changed(desk: Desk) -> None:
    await sign_in(desk.client, "sue")
    assert [one["name"] for one in (await desk.client.get("/api/v1/agents")).json()] == ["Ann"]

    desk.core.directory = Directory({AgentId("ann"): AgentCard("Anne", "day")})
    await desk.board_core.tell(DirectoryChanged())
    agents = await shown(desk.client, "/api/v1/agents", lambda agents: agents[0]["name"] != "Ann")
    assert [one["name"] for one in agents] == ["Anne"]


async def test_queues_tell_the_expected_wait_and_agents_whose_phone_cannot_ring(
    desk: Desk,
) -> None:
    await sign_in(desk.client, "ann")
    orders, help_ = (await desk.client.get("/api/v1/queues")).json()
    [ann] = (await desk.client.get("/api/v1/agents")).json()
    assert (orders["expected_wait_s"], orders["expected_wait_error_s"]) == (90.0, 5.0)
    assert help_["expected_wait_s"] is None
    assert ann["phone"] == "away"


async def test_queues_tell_how_far_their_expected_waits_were_off(desk: Desk) -> None:
    await sign_in(desk.client, "ann")
    orders, help_ = (await desk.client.get("/api/v1/queues")).json()
    assert orders["expected_wait_error"] == {"count": 9, "p50_s": 4.0, "p90_s": 30.0}
    assert help_["expected_wait_error"] is None

    desk.core.refuse_with = Unavailable("core is away")
    orders, _ = (await desk.client.get("/api/v1/queues")).json()
    assert orders["expected_wait_error"] is None


NEW = {"id": "cem", "name": "Cem", "number": "1003", "skills": {"orders": 4}}


async def test_agent_is_added_with_a_password_that_is_told_once_and_removed(desk: Desk) -> None:
    await sign_in(desk.client, "sue")
    added = await desk.client.post("/api/v1/agents", json=NEW)
    removed = await desk.client.delete("/api/v1/agents/cem")

    assert (added.status_code, added.json()) == (201, {"id": "cem", "sip_password": "made"})
    assert (removed.status_code, removed.json()) == (200, {"id": "cem"})
    ask, gone = desk.core.asked
    assert isinstance(ask, AddAgentLive)
    assert ask.fields | NEW == ask.fields
    assert gone == RemoveAgentLive("cem", "sue")


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "two words"},
        {"name": ""},
        {"number": "x"},
        {"skills": {"orders": 0}},
        {"languages": ["english"]},
        {"sip_password": "mine"},
        {"srtp": "maybe"},
    ],
)
async def test_bad_agents_are_refused_before_core_is_asked(
    desk: Desk, wrong: dict[str, object]
) -> None:
    await sign_in(desk.client, "sue")
    answer = await desk.client.post("/api/v1/agents", json={**NEW, **wrong})
    assert answer.status_code == 422
    assert desk.core.asked == []


async def test_queue_is_added_and_removed_with_what_becomes_of_its_callers(desk: Desk) -> None:
    await sign_in(desk.client, "sue")
    new = {"id": "night", "name": "Night", "skills": {"orders": 2}}
    added = await desk.client.post("/api/v1/queues", json=new)
    removed = await desk.client.delete("/api/v1/queues/night?move_to=orders")
    later = await desk.client.delete("/api/v1/queues/help?when_empty=true")

    assert (added.status_code, added.json()) == (201, {"id": "night", "doubts": ["nobody suits"]})
    assert (removed.status_code, removed.json()) == (200, {"id": "night", "left": "2 waiting"})
    assert later.status_code == 200
    assert desk.core.asked == [
        AddQueueLive("night", {"name": "Night", "skills": {"orders": 2}}, "sue"),
        RemoveQueueLive("night", "sue", move_to="orders"),
        RemoveQueueLive("help", "sue", when_empty=True),
    ]


async def test_queues_that_cannot_come_or_go_are_told_why(desk: Desk) -> None:
    await sign_in(desk.client, "sue")
    assert (await desk.client.post("/api/v1/queues", json={"id": "two words"})).status_code == 422
    assert desk.core.asked == []
    desk.core.refuse_with = Conflict("The queue 'help' is in use: 2 waiting.")
    answer = await desk.client.delete("/api/v1/queues/help")
    assert (answer.status_code, answer.json()["error"]) == (
        409,
        "The queue 'help' is in use: 2 waiting.",
    )


async def test_ids_in_use_and_agents_in_a_call_are_a_conflict(desk: Desk) -> None:
    await sign_in(desk.client, "sue")
    desk.core.refuse_with = Conflict("'cem' is somebody's id already.")
    assert (await desk.client.post("/api/v1/agents", json=NEW)).status_code == 409
    assert (await desk.client.delete("/api/v1/agents/cem")).status_code == 409
