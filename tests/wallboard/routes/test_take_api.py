"""Who may have a waiting caller taken, and for whom, against a core that is played."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from acd.events import AgentChanged, AgentOffered, AgentState, CallQueued, CallReserved
from foundation.errors import Conflict
from foundation.ids import CallId, OfferId, PartyId
from telephony.calls.events import CallArrived
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
from tests.wallboard.routes.test_wait_api import ANN, C1, C2, DIRECTORY, LATE, ORDERS, Desk
from wallboard.commands import GiveBackCall, TakeCall
from wallboard.web_role import BoardOptions


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    core = FakeCore()
    for call_id, queue in ((C1, ORDERS), (C2, LATE)):
        await core.tell(CallArrived(call_id, PartyId("p-1"), "8000"), CallQueued(call_id, queue))
    async with user_store(tmp_path) as users:
        options = BoardOptions(web=web_options(), directory=DIRECTORY, follow=QUICK_FOLLOW)
        app = board_app(core, users, options)
        async with running(app), client_of(app) as client:
            await caught_up(client)
            yield Desk(core, client)


async def delete(desk: Desk, who: str, path: str) -> int:
    await sign_in(desk.client, who)
    return (await desk.client.delete(f"/api/v1/{path}")).status_code


@pytest.mark.parametrize(
    ("who", "agent"),
    [("sue", "eve"), ("lea", "bob"), ("lea", "ann"), ("ann", "ann")],
    ids=lambda each: str(each),
)
async def test_supervisors_choose_anybody_leads_their_team_agents_themselves(
    desk: Desk, who: str, agent: str
) -> None:
    desk.core.on_command = [CallReserved(C1, ORDERS, ANN, 60.0)]
    status, answer = await desk.post(who, "calls/c-1/take", {"agent": agent, "reserve_s": 60})

    assert (status, answer["agent"]) == (200, agent)
    assert desk.core.asked == [TakeCall(call_id="c-1", agent_id=agent, reserve_s=60, by=who)]


@pytest.mark.parametrize(
    ("who", "call", "agent"),
    [("lea", "c-1", "eve"), ("ann", "c-1", "bob"), ("ann", "c-2", "ann"), ("lea", "c-2", "ann")],
    ids=lambda each: str(each),
)
async def test_nobody_else_is_chosen_and_from_no_other_queue(
    desk: Desk, who: str, call: str, agent: str
) -> None:
    status, answer = await desk.post(who, f"calls/{call}/take", {"agent": agent})
    assert (status, str(answer["error"])[:25]) == (403, "This is for supervisors, ")
    assert desk.core.asked == []


async def test_answer_tells_whether_the_phone_rings_or_the_caller_waits(desk: Desk) -> None:
    desk.core.on_command = [CallReserved(C1, ORDERS, ANN, 60.0)]
    _, answer = await desk.post("sue", "calls/c-1/take", {"agent": "ann", "reserve_s": 60})
    assert answer == {"call_id": "c-1", "agent": "ann", "is_reserved": True}

    desk.core.on_command = [
        CallReserved(C2, LATE, ANN, 60.0),
        AgentOffered(C2, LATE, ANN, OfferId("o-1")),
        AgentChanged(ANN, AgentState.RINGING, call_id=C2),
    ]
    _, answer = await desk.post("sue", "calls/c-2/take", {"agent": "ann"})
    assert answer["is_reserved"] is False
    [first] = [
        call
        for call in (await desk.client.get("/api/v1/calls")).json()
        if call["id"] == CallId("c-1")
    ]
    assert first["reserved_for"] == "ann"


async def test_caller_is_given_back_by_who_could_take_him(desk: Desk) -> None:
    await desk.core.tell(CallReserved(C1, ORDERS, ANN, 60.0))
    await sign_in(desk.client, "ann")
    await shown(
        desk.client, "/api/v1/calls", lambda calls: any(call["reserved_for"] for call in calls)
    )
    assert await delete(desk, "ann", "calls/c-1/take") == 200
    assert await delete(desk, "ann", "calls/c-2/take") == 403
    assert desk.core.asked == [GiveBackCall(call_id="c-1", by="ann")]


async def test_what_is_not_there_is_404_what_cannot_be_409_and_too_long_422(desk: Desk) -> None:
    assert (await desk.post("sue", "calls/c-9/take", {"agent": "ann"}))[0] == 404
    assert (await desk.post("sue", "calls/c-1/take", {"agent": "nobody"}))[0] == 404
    for reserve_s in (0, 1801):
        body = {"agent": "ann", "reserve_s": reserve_s}
        assert (await desk.post("sue", "calls/c-1/take", body))[0] == 422
    desk.core.refuse_with = Conflict("ann is talking")
    assert await desk.post("sue", "calls/c-1/take", {"agent": "ann"}) == (
        409,
        {"error": "ann is talking"},
    )
