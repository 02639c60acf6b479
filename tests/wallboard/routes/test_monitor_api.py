"""Who may have which phone rung into which talk, against a core that is played."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from acd.events import AgentAnswered, AgentChanged, AgentState, CallQueued
from foundation.errors import Conflict
from foundation.ids import AgentId, CallId, PartyId, QueueId
from telephony.calls.events import CallArrived, MonitorMode
from tests.support.fake_core import FakeCore
from tests.support.web_house import (
    QUICK_FOLLOW,
    board_app,
    caught_up,
    client_of,
    running,
    sign_in,
    user_store,
    web_options,
)
from wallboard.commands import MonitorCall, StopMonitor
from wallboard.directory import AgentCard, Directory
from wallboard.web_role import BoardOptions

ORDERS, ANN, BOB, EVE = QueueId("orders"), AgentId("ann"), AgentId("bob"), AgentId("eve")
DAY, NIGHT, WAITS = CallId("c-day"), CallId("c-night"), CallId("c-waits")
"Ann of the day team talks in the first, Eve of the night team in the second, nobody in the third."
DIRECTORY = Directory(
    {ANN: AgentCard("Ann", "day"), BOB: AgentCard("Bob", "day"), EVE: AgentCard("Eve", "night")}
)


class Desk:
    def __init__(self, core: FakeCore, client: httpx.AsyncClient) -> None:
        self.core = core
        self.client = client

    async def post(
        self, who: str, body: dict[str, str], call_id: CallId = DAY
    ) -> tuple[int, object]:
        await sign_in(self.client, who)
        answer = await self.client.post(f"/api/v1/calls/{call_id}/monitor", json=body)
        return answer.status_code, answer.json()

    async def delete(self, who: str, query: str = "", call_id: CallId = DAY) -> int:
        await sign_in(self.client, who)
        answer = await self.client.delete(f"/api/v1/calls/{call_id}/monitor{query}")
        return answer.status_code


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    core = FakeCore()
    for call_id, agent in ((DAY, ANN), (NIGHT, EVE), (WAITS, None)):
        await core.tell(CallArrived(call_id, PartyId("p-1"), "8000"), CallQueued(call_id, ORDERS))
        if agent is not None:
            talks = AgentChanged(agent, AgentState.TALKING, call_id=call_id)
            await core.tell(AgentAnswered(call_id, ORDERS, agent), talks)
    async with user_store(tmp_path) as users:
        options = BoardOptions(web=web_options(), directory=DIRECTORY, follow=QUICK_FOLLOW)
        app = board_app(core, users, options)
        async with running(app), client_of(app) as client:
            await caught_up(client)
            yield Desk(core, client)


@pytest.mark.parametrize("mode", [*MonitorMode])
async def test_supervisor_joins_a_talk_by_a_phone(desk: Desk, mode: MonitorMode) -> None:
    assert await desk.post("sue", {"mode": mode.value, "phone": "boss"}) == (
        200,
        {"call_id": "c-day", "phone": "boss", "mode": mode.value},
    )
    assert desk.core.asked == [MonitorCall(call_id="c-day", phone="boss", mode=mode, by="sue")]


async def test_team_lead_may_listen_to_the_own_team_by_the_own_phone(desk: Desk) -> None:
    status, said = await desk.post("lea", {"mode": "listen"})

    assert status == 200, said
    assert desk.core.asked == [
        MonitorCall(call_id="c-day", phone="bob", mode=MonitorMode.LISTEN, by="lea")
    ]


@pytest.mark.parametrize(
    ("who", "call_id"), [("lea", NIGHT), ("lea", WAITS), ("tom", DAY), ("tom", WAITS)]
)
async def test_team_lead_may_not_listen_to_others(desk: Desk, who: str, call_id: CallId) -> None:
    sentence = {"error": "A team lead may monitor the talks of the own team only."}

    assert await desk.post(who, {"mode": "listen", "phone": "boss"}, call_id) == (403, sentence)
    assert await desk.delete(who, call_id=call_id) == 403
    assert desk.core.asked == []


async def test_team_lead_may_not_let_an_agent_of_another_team_listen(desk: Desk) -> None:
    sentence = {"error": "A team lead may have the phones of the own team rung only."}

    assert await desk.post("lea", {"mode": "listen", "phone": "eve"}) == (403, sentence)
    assert desk.core.asked == []
    assert (await desk.post("lea", {"mode": "listen", "phone": "boss"}))[0] == 200
    assert (await desk.post("sue", {"mode": "listen", "phone": "eve"}))[0] == 200


async def test_agent_may_not_listen_at_all(desk: Desk) -> None:
    status, said = await desk.post("ann", {"mode": "listen", "phone": "ann"})

    assert status == 403
    assert "supervisor or team_lead" in str(said)
    assert desk.core.asked == []


async def test_who_has_no_phone_must_name_one(desk: Desk) -> None:
    assert await desk.post("sue", {"mode": "listen"}) == (
        422,
        {"error": "Name the phone that is to be rung; you have none of your own."},
    )


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"phone": "boss"},
        {"mode": "shout", "phone": "boss"},
        {"mode": "listen", "phone": "sip:boss@evil.example"},
        {"mode": "listen", "phone": "boss", "loud": "yes"},
    ],
)
async def test_unusable_wish_is_422_with_a_sentence(desk: Desk, body: dict[str, str]) -> None:
    status, said = await desk.post("sue", body)

    assert status == 422
    assert "body." in str(said)
    assert desk.core.asked == []


async def test_call_that_is_not_is_404(desk: Desk) -> None:
    assert await desk.post("sue", {"mode": "listen", "phone": "boss"}, CallId("c-9")) == (
        404,
        {"error": "There is no call 'c-9' now."},
    )
    assert await desk.delete("sue", call_id=CallId("c-9")) == 404


async def test_what_core_refuses_is_told_in_its_words(desk: Desk) -> None:
    desk.core.refuse_with = Conflict("The phone boss is not registered.")

    assert await desk.post("sue", {"mode": "listen", "phone": "boss"}) == (
        409,
        {"error": "The phone boss is not registered."},
    )


async def test_phone_is_hung_up_by_name_or_whatever_one_brought_in(desk: Desk) -> None:
    assert await desk.delete("sue", "?phone=boss") == 200
    assert await desk.delete("sue") == 200
    assert await desk.delete("sue", "?phone=sip:boss@h") == 422
    assert desk.core.asked == [
        StopMonitor(call_id="c-day", phone="boss", by="sue"),
        StopMonitor(call_id="c-day", by="sue"),
    ]
