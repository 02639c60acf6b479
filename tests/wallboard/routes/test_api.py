"""The HTTP contract, against a core that is played."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter

from acd.events import AgentAnswered, AgentChanged, AgentState, CallAbandoned, CallQueued
from foundation.errors import Conflict
from foundation.ids import AgentId, CallId, PartyId, QueueId
from foundation.web.api import SignedIn
from telephony.calls.events import CallArrived, CallEnded, EndedBy
from tests.support.fake_core import FakeCore
from tests.support.web_house import (
    QUICK_FOLLOW,
    WATCH_TOKEN,
    board_app,
    caught_up,
    client_of,
    running,
    shown,
    sign_in,
    user_store,
    web_options,
)
from wallboard.commands import HangUpCall, SetAgentState, WantedState
from wallboard.directory import AgentCard, Directory, QueueCard
from wallboard.web_role import BoardOptions

ORDERS, ANN, BOB = QueueId("orders"), AgentId("ann"), AgentId("bob")
C1, C2 = CallId("c-1"), CallId("c-2")
FROM_AFAR = {"X-Forwarded-For": "192.0.2.7"}
"What a proxy on this machine says of somebody elsewhere."
DIRECTORY = Directory(
    {ANN: AgentCard("Ann", "day"), BOB: AgentCard("Bob", "day")}, {ORDERS: QueueCard("Orders")}
)


@dataclass
class House:
    core: FakeCore
    client: httpx.AsyncClient

    async def get(self, path: str) -> httpx.Response:
        return await self.client.get(path)

    async def as_user(self, name: str) -> "House":
        assert (await sign_in(self.client, name)).status_code == 303
        return self


def _extra() -> APIRouter:
    router = APIRouter()

    @router.get("/api/v1/recordings")
    async def recordings(user: SignedIn) -> list[str]:
        return [user.user_id]

    return router


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    core = FakeCore()
    await core.tell(
        CallArrived(C1, PartyId("p-1"), "8000"),
        CallQueued(C1, ORDERS),
        AgentChanged(ANN, AgentState.READY),
    )
    async with user_store(tmp_path) as users:
        options = BoardOptions(web=web_options(), directory=DIRECTORY, follow=QUICK_FOLLOW)
        app = board_app(core, users, options, [_extra()])
        async with running(app), client_of(app) as client:
            await caught_up(client)
            yield House(core, client)


async def test_nobody_sees_anything_without_signing_in(house: House) -> None:
    for path in ("/api/v1/calls", "/api/v1/queues", "/api/v1/agents", "/metrics", "/openapi.json"):
        answer = await house.client.get(path, headers=FROM_AFAR)
        assert answer.status_code == 401
        assert answer.json() == {"error": "Sign in first."}


async def test_calls_show_where_each_call_is_and_no_numbers(house: House) -> None:
    await house.as_user("ann")
    house.core.at_s += 4
    answer = await house.get("/api/v1/calls")

    [call] = answer.json()
    assert call["id"] == "c-1"
    assert (call["phase"], call["queue"], call["waited_s"]) == ("waiting", "orders", 4.0)
    assert "party_id" not in call


async def test_ended_call_stays_on_the_list_with_its_outcome(house: House) -> None:
    await house.as_user("ann")
    house.core.at_s += 9
    await house.core.tell(CallAbandoned(C1, ORDERS), CallEnded(C1, EndedBy.CALLER, "BYE"))

    [call] = await shown(house.client, "/api/v1/calls", lambda calls: calls[0]["phase"] == "ended")

    assert (call["outcome"], call["waited_s"], call["ended_by"]) == ("abandoned", 9.0, "caller")


async def test_queues_carry_the_figures(house: House) -> None:
    await house.as_user("ann")
    house.core.at_s += 3
    await house.core.tell(AgentAnswered(C1, ORDERS, ANN))

    [queue] = await shown(house.client, "/api/v1/queues", lambda queues: queues[0]["answered"] == 1)

    assert (queue["id"], queue["name"], queue["asa_s"]) == ("orders", "Orders", 3.0)
    assert queue["service_level"] == 1.0


async def test_supervisor_makes_an_agent_pause(house: House) -> None:
    await house.as_user("sue")
    house.core.on_command = [AgentChanged(ANN, AgentState.PAUSED, "meal")]

    answer = await house.client.post(
        "/api/v1/agents/ann/state", json={"state": "paused", "reason": "meal"}
    )

    assert house.core.asked == [
        SetAgentState(agent_id="ann", state=WantedState.PAUSED, reason="meal", by="sue")
    ]
    assert answer.status_code == 200
    assert (answer.json()["state"], answer.json()["reason"]) == ("paused", "meal")


async def test_agent_may_change_his_own_state_only(house: House) -> None:
    await house.as_user("ann")
    mine = await house.client.post("/api/v1/agents/ann/state", json={"state": "off"})
    other = await house.client.post("/api/v1/agents/bob/state", json={"state": "off"})

    assert mine.status_code == 200
    assert other.status_code == 403
    assert other.json() == {"error": "An agent may change his own state only."}


async def test_unknown_agent_is_404(house: House) -> None:
    await house.as_user("sue")
    answer = await house.client.post("/api/v1/agents/nobody/state", json={"state": "off"})

    assert answer.status_code == 404
    assert answer.json() == {"error": "There is no agent 'nobody'."}


async def test_state_that_core_refuses_is_409_with_cores_sentence(house: House) -> None:
    await house.as_user("sue")
    house.core.refuse_with = Conflict("Agent ann is talking.")
    answer = await house.client.post("/api/v1/agents/ann/state", json={"state": "ready"})

    assert answer.status_code == 409
    assert answer.json() == {"error": "Agent ann is talking."}


@pytest.mark.parametrize(
    "body",
    [{}, {"state": "talking"}, {"state": "off", "extra": 1}, {"state": "off", "reason": "x" * 41}],
)
async def test_unusable_body_is_422_with_a_sentence(house: House, body: object) -> None:
    await house.as_user("sue")
    answer = await house.client.post("/api/v1/agents/ann/state", json=body)

    assert answer.status_code == 422
    assert answer.json()["error"].startswith("body.")
    assert house.core.asked == []


async def test_supervisor_hangs_up_a_call(house: House) -> None:
    await house.as_user("sue")
    answer = await house.client.post("/api/v1/calls/c-1/hangup")

    assert answer.status_code == 200
    assert house.core.asked == [HangUpCall(call_id="c-1", by="sue")]


async def test_hanging_up_needs_the_role_supervisor(house: House) -> None:
    await house.as_user("tom")
    answer = await house.client.post("/api/v1/calls/c-1/hangup")

    assert answer.status_code == 403
    assert "supervisor" in answer.json()["error"]
    assert house.core.asked == []


async def test_administrator_may_do_what_a_supervisor_may(house: House) -> None:
    await house.as_user("root")

    assert (await house.client.post("/api/v1/calls/c-1/hangup")).status_code == 200


async def test_call_that_is_over_cannot_be_hung_up(house: House) -> None:
    await house.as_user("sue")

    assert (await house.client.post("/api/v1/calls/c-9/hangup")).status_code == 404


async def test_command_while_core_is_away_is_503(house: House) -> None:
    await house.as_user("sue")
    await house.core.go_away()
    answer = await house.client.post("/api/v1/calls/c-1/hangup")

    assert answer.status_code == 503
    assert answer.json() == {"error": "Core is away."}


async def test_not_ready_while_core_is_away_and_ready_again_afterwards(house: House) -> None:
    await house.core.go_away()
    away = await house.get("/readyz")
    await house.core.come_back()
    await caught_up(house.client)

    assert (away.status_code, away.json()) == (503, {"error": "Core is away."})
    assert (await house.get("/healthz")).status_code == 200


async def test_events_that_happened_while_the_link_was_down_are_caught_up(house: House) -> None:
    await house.as_user("ann")
    await house.core.go_away()
    await house.core.tell(CallQueued(C2, ORDERS))
    await house.core.come_back()

    [queue] = await shown(house.client, "/api/v1/queues", lambda queues: queues[0]["offered"] == 2)

    assert queue["waiting"] == 2


async def test_board_forgets_what_a_core_told_that_died_before_it_was_written(
    house: House,
) -> None:
    await house.as_user("ann")
    await house.core.tell(CallQueued(C2, ORDERS), CallQueued(CallId("c-3"), ORDERS))
    await shown(house.client, "/api/v1/queues", lambda queues: queues[0]["offered"] == 3)

    await house.core.go_away()
    assert (await house.get("/readyz")).status_code == 503
    house.core.forget(2)
    await house.core.tell(CallQueued(C2, ORDERS))
    await house.core.come_back()

    await shown(house.client, "/api/v1/queues", lambda queues: queues[0]["offered"] == 2)


async def test_extra_router_is_guarded_like_all_others(house: House) -> None:
    assert (await house.get("/api/v1/recordings")).status_code == 401
    await house.as_user("tom")
    assert (await house.get("/api/v1/recordings")).json() == ["tom"]


async def test_metrics_are_open_to_a_watch_token(house: House) -> None:
    bearer = {"Authorization": f"Bearer {WATCH_TOKEN}", **FROM_AFAR}
    answer = await house.client.get("/metrics", headers=bearer)

    assert answer.status_code == 200
    assert "callcenter_calls_waiting 1.0" in answer.text
    assert "callcenter_web_core_up 1.0" in answer.text


async def test_metrics_alone_are_open_to_programs_of_this_machine(house: House) -> None:
    assert (await house.client.get("/metrics")).status_code == 200
    assert (await house.client.get("/api/v1/calls")).status_code == 401
    assert (await house.client.get("/metrics", headers=FROM_AFAR)).status_code == 401


async def test_watch_token_opens_nothing_else(house: House) -> None:
    bearer = {"Authorization": f"Bearer {WATCH_TOKEN}"}

    assert (await house.client.get("/api/v1/calls", headers=bearer)).status_code == 401
    wrong = {"Authorization": "Bearer guessed", **FROM_AFAR}
    assert (await house.client.get("/metrics", headers=wrong)).status_code == 401


async def test_docs_list_every_route_without_the_internet(house: House) -> None:
    await house.as_user("sue")
    page = (await house.get("/docs")).text

    for path in (await house.get("/openapi.json")).json()["paths"]:
        assert path in page
    assert "//" not in page.replace("<!doctype html>", "")


async def test_wallboard_page_and_its_parts_are_served(house: House) -> None:
    await house.as_user("ann")
    page = await house.get("/wallboard")

    assert page.status_code == 200
    assert "style=" not in page.text
    assert "'unsafe-inline'" not in page.headers["content-security-policy"]
    for part in ("/wallboard/board.js", "/wallboard/board.css", "/sign-in/icon.svg"):
        assert part in page.text
        assert (await house.get(part)).status_code == 200
