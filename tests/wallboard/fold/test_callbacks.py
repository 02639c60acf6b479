"""The list of callbacks, who may ask for one, and what they are to the figures."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from acd.events import (
    AgentAnswered,
    CallbackDue,
    CallbackFailure,
    CallbackGivenUp,
    CallbackQueued,
    CallbackReached,
    CallbackUnreached,
    CallLeftForCallback,
    CallQueued,
)
from foundation.errors import Conflict
from foundation.ids import AgentId, CallbackId, CallId, OfferId, PartyId, QueueId
from foundation.web.users import Role, User
from telephony.calls.events import CallArrived, CallEnded, CallPlaced, EndedBy
from tests.support.fake_core import MONDAY_NOON_S, FakeCore, record
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
from wallboard.commands import AskCallback, CancelCallback
from wallboard.figures.figures import queue_figures
from wallboard.fold.board import Board, BoardEvent
from wallboard.web_role import BoardOptions

ORDERS, ANN = QueueId("orders"), AgentId("ann")
B1, PARTY, OFFER = CallbackId("b-1"), PartyId("p-1"), OfferId("o-1")
CALL, BACK = CallId("c-1"), CallId("c-back")


class Desk:
    def __init__(self, core: FakeCore, client: httpx.AsyncClient) -> None:
        self.core = core
        self.client = client

    async def ask(self, who: str, **more: str) -> httpx.Response:
        await sign_in(self.client, who)
        body = {"number": "+86 139 0000 0001", "queue": "orders", **more}
        return await self.client.post("/api/v1/callbacks", json=body)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    core = FakeCore()
    await core.tell(CallbackQueued(B1, PARTY, ORDERS, waited_s=60.0, rest_s=30.0, tries=1))
    async with user_store(tmp_path) as users:
        await users.add(User("ivy", Role.INSPECTOR, CHEAP.hash(PASSWORD)))
        options = BoardOptions(web=web_options(), follow=QUICK_FOLLOW)
        app = board_app(core, users, options)
        async with running(app), client_of(app) as client:
            await caught_up(client)
            yield Desk(core, client)


@pytest.mark.parametrize("who", ["sue", "lea", "ann"])
async def test_supervisors_team_leads_and_agents_may_ask_and_cancel(desk: Desk, who: str) -> None:
    answer = await desk.ask(who)
    assert answer.status_code == 201
    callback_id = answer.json()["id"]
    assert desk.core.asked == [
        AskCallback(by=who, callback_id=callback_id, number="+86 139 0000 0001", queue="orders")
    ]
    removed = await desk.client.delete("/api/v1/callbacks/b-1")
    assert removed.status_code == 200
    assert desk.core.asked[1:] == [CancelCallback(by=who, callback_id="b-1")]


async def test_nobody_else_may(desk: Desk) -> None:
    assert (await desk.ask("ivy")).status_code == 403
    assert (await desk.client.delete("/api/v1/callbacks/b-1")).status_code == 403
    assert desk.core.asked == []


async def test_list_has_places_and_tries_and_no_numbers(desk: Desk) -> None:
    await sign_in(desk.client, "ivy")
    noon = datetime.fromtimestamp(MONDAY_NOON_S, UTC)
    assert (await desk.client.get("/api/v1/callbacks")).json() == [
        {
            "id": "b-1",
            "queue": "orders",
            "state": "pending",
            "since": (noon - timedelta(seconds=60)).isoformat(),
            "not_before": (noon + timedelta(seconds=30)).isoformat(),
            "tries": 1,
            "agent_id": None,
        }
    ]


async def test_what_core_refuses_and_what_is_not_there(desk: Desk) -> None:
    desk.core.refuse_with = Conflict("That number is to be called back already.")
    assert (await desk.ask("sue")).status_code == 409
    assert (await desk.client.delete("/api/v1/callbacks/b-none")).status_code == 404


async def test_a_wished_time_is_sent_on_as_seconds_from_now(desk: Desk) -> None:
    soon = datetime.now(UTC) + timedelta(hours=2)
    assert (await desk.ask("sue", not_before=soon.isoformat())).status_code == 201
    [asked] = desk.core.asked
    assert isinstance(asked, AskCallback)
    assert 7190 < asked.in_s <= 7200
    past = datetime.now(UTC) - timedelta(hours=2)
    assert (await desk.ask("sue", not_before=past.isoformat())).status_code == 201
    assert getattr(desk.core.asked[1], "in_s", None) == 0.0
    far = datetime.now(UTC) + timedelta(days=30)
    assert (await desk.ask("sue", not_before=far.isoformat())).status_code == 201
    assert 29.9 * 86_400 < getattr(desk.core.asked[2], "in_s", 0.0) <= 30 * 86_400
    assert (await desk.ask("sue", not_before="2026-11-28T10:00:00")).status_code == 422, "no zone"
    assert (await desk.ask("sue", number="sip:eve@example.org")).status_code == 422


def board_of(*told: tuple[float, BoardEvent]) -> Board:
    board = Board()
    for offset_s, event in told:
        board.fold(record(board.seq + 1, MONDAY_NOON_S + offset_s, event))
    return board


def test_who_waits_at_home_is_no_abandon_and_the_call_back_is_a_visit_of_its_own() -> None:
    board = board_of(
        (0, CallArrived(CALL, PARTY, "8000")),
        (0, CallQueued(CALL, ORDERS)),
        (30, CallLeftForCallback(CALL, ORDERS, B1)),
        (30, CallbackQueued(B1, PARTY, ORDERS, waited_s=30.0)),
        (31, CallEnded(CALL, EndedBy.CALLER, "bye")),
        (300, CallPlaced(BACK, PARTY, "", "carrier")),
        (310, CallbackReached(B1, ORDERS, BACK)),
        (310, CallQueued(BACK, ORDERS, waited_s=310.0)),
        (314, AgentAnswered(BACK, ORDERS, ANN)),
    )
    figures = queue_figures(board.queues[ORDERS], MONDAY_NOON_S + 320)
    assert (figures.offered, figures.answered, figures.callback, figures.abandoned) == (2, 1, 1, 0)
    assert (figures.answer_rate, figures.service_level, figures.asa_s) == (1.0, 1.0, 4.0)
    assert board.callbacks == {}
    assert board.house.counts.callback == 1


def test_lines_follow_each_try() -> None:
    due = CallbackDue(B1, PARTY, ORDERS, ANN, OFFER)
    told: list[tuple[float, BoardEvent]] = [(0, CallbackQueued(B1, PARTY, ORDERS)), (5, due)]
    line = board_of(*told).callbacks[B1]
    assert (line.state.value, line.agent_id, line.tries) == ("due", ANN, 0)
    told.append((40, CallbackUnreached(B1, ORDERS, ANN, OFFER, CallbackFailure.BUSY, 1)))
    line = board_of(*told).callbacks[B1]
    assert (line.state.value, line.agent_id, line.tries) == ("pending", None, 1)
    told.append((50, CallbackGivenUp(B1, ORDERS, CallbackFailure.EXPIRED)))
    assert board_of(*told, (51, due)).callbacks == {}
