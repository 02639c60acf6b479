"""`/ws/wallboard` on a real server: who may look, what comes, and that no screen holds another."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from socket import SO_RCVBUF, SOL_SOCKET
from socket import socket as Socket

import pytest
from msgspec import json
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from acd.events import AgentChanged, AgentState, CallQueued
from foundation.ids import AgentId, CallId, QueueId
from foundation.web.store import UserStore
from foundation.web.tokens import ApiToken, hash_token
from foundation.web.users import Role
from tests.support.fake_core import FakeCore
from tests.support.web_house import (
    QUICK_FOLLOW,
    WATCH_TOKEN,
    board_app,
    client_of,
    served,
    sign_in,
    user_store,
    web_options,
)
from wallboard.directory import AgentCard, Directory, QueueCard
from wallboard.screens.document import Document
from wallboard.screens.socket import SocketOptions
from wallboard.web_role import BoardOptions

pytestmark = pytest.mark.e2e

ORDERS = QueueId("orders")
MANY = [AgentId(f"agent{number:04}") for number in range(300)]
DIRECTORY = Directory(
    {agent: AgentCard(f"Agent {agent}", "day") for agent in MANY}, {ORDERS: QueueCard("Orders")}
)
BEARER = {"Authorization": f"Bearer {WATCH_TOKEN}"}
PATIENCE_S = 30.0
SECRET = f"cc_{'0' * 43}"
TOKEN = ApiToken(
    token_id="t-1",
    name="screen",
    token_hash=hash_token(SECRET),
    role=Role.SUPERVISOR,
    made_by="root",
    made_s=0.0,
    expires_s=4_000_000_000.0,
)


@dataclass
class Hall:
    core: FakeCore
    port: int
    url: str
    cookie: str
    users: UserStore

    @asynccontextmanager
    async def screen(self) -> AsyncIterator[ClientConnection]:
        async with connect(self.url, additional_headers=BEARER) as socket:
            yield socket


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    core = FakeCore()
    async with user_store(tmp_path) as users:
        options = BoardOptions(
            web=web_options(),
            directory=DIRECTORY,
            follow=QUICK_FOLLOW,
            socket=SocketOptions(look_s=0.05),
        )
        app = board_app(core, users, options)
        async with served(app) as port:
            async with client_of(app) as client:
                await sign_in(client, "ann")
                cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
            yield Hall(core, port, f"ws://127.0.0.1:{port}/ws/wallboard", cookie, users)


def _narrow_socket(port: int) -> Socket:
    """The kernel takes in little for a program that does not read."""
    narrow = Socket()
    narrow.setsockopt(SOL_SOCKET, SO_RCVBUF, 4096)
    narrow.connect(("127.0.0.1", port))
    narrow.setblocking(False)
    return narrow


async def _next(socket: ClientConnection) -> Document:
    message: Document = json.decode(await asyncio.wait_for(socket.recv(), PATIENCE_S))
    return message


async def test_snapshot_comes_first_and_deltas_follow_in_order(hall: Hall) -> None:
    async with hall.screen() as socket:
        snapshot = await _next(socket)
        seqs, offered = [], snapshot["totals"]["offered"]
        for number in range(3):
            await hall.core.tell(CallQueued(CallId(f"c-{number}"), ORDERS))
            while offered < number + 1:
                delta = await _next(socket)
                seqs.append(delta["seq"])
                offered = delta.get("totals", {}).get("offered", offered)

    assert snapshot["type"] == "snapshot"
    assert len(snapshot["agents"]) == len(MANY)
    assert seqs == list(range(snapshot["seq"] + 1, snapshot["seq"] + 1 + len(seqs)))


async def test_signed_in_session_may_look(hall: Hall) -> None:
    async with connect(hall.url, additional_headers={"Cookie": hall.cookie}) as socket:
        assert (await _next(socket))["type"] == "snapshot"


async def test_open_screen_of_who_is_locked_or_revoked_is_let_go_and_no_other(hall: Hall) -> None:
    ann = await hall.users.find("ann")
    assert ann is not None
    await hall.users.add_token(TOKEN)
    bearer = {"Authorization": f"Bearer {SECRET}"}
    async with (
        hall.screen() as watch,
        connect(hall.url, additional_headers={"Cookie": hall.cookie}) as hers,
        connect(hall.url, additional_headers=bearer) as programs,
    ):
        for socket in (watch, hers, programs):
            assert (await _next(socket))["type"] == "snapshot"
        await hall.users.change(replace(ann, is_locked=True))
        await hall.users.revoke_token(TOKEN.token_id)
        for socket in (hers, programs):
            async with asyncio.timeout(PATIENCE_S):
                await socket.wait_closed()
            assert socket.close_code == 4403
        await hall.core.tell(CallQueued(CallId("c-1"), ORDERS))
        assert (await _next(watch))["type"] == "delta"


@pytest.mark.parametrize("bearer", [None, "Bearer guessed", "Basic c3VlOnB3"])
async def test_nobody_else_may_look(hall: Hall, bearer: str | None) -> None:
    headers = {} if bearer is None else {"Authorization": bearer}
    with pytest.raises(InvalidStatus) as refused:
        await connect(hall.url, additional_headers=headers)

    assert refused.value.response.status_code == 401


async def test_page_of_another_site_may_not_look_with_a_visitors_cookie(hall: Hall) -> None:
    headers = {"Cookie": hall.cookie, "Origin": "http://evil.example"}
    with pytest.raises(InvalidStatus) as refused:
        await connect(hall.url, additional_headers=headers)

    assert refused.value.response.status_code == 403


async def test_core_that_goes_away_is_told_and_its_return_too(hall: Hall) -> None:
    async with hall.screen() as socket:
        up = (await _next(socket))["core_up"]
        while not up:
            up = (await _next(socket)).get("core_up", up)
        await hall.core.go_away()
        while up:
            up = (await _next(socket)).get("core_up", up)
        await hall.core.come_back()
        while not up:
            up = (await _next(socket)).get("core_up", up)


async def test_what_a_screen_sends_is_ignored(hall: Hall) -> None:
    async with hall.screen() as socket:
        await _next(socket)
        await socket.send('{"type": "hang up everything"}')
        await socket.send(b"\x00\xff")
        await hall.core.tell(CallQueued(CallId("c-1"), ORDERS))
        delta = await _next(socket)
        while "totals" not in delta:
            delta = await _next(socket)

    assert delta["totals"]["offered"] == 1
    assert hall.core.asked == []


async def test_screen_that_does_not_read_delays_nobody_and_gets_a_new_snapshot(hall: Hall) -> None:
    """300 agents change state again and again: some MB of deltas, which nobody may pile up."""
    narrow = _narrow_socket(hall.port)
    async with (
        connect(
            hall.url, additional_headers=BEARER, max_queue=1, sock=narrow, compression=None
        ) as sleeper,
        hall.screen() as reader,
    ):
        await _next(reader)
        for turn in range(24):
            state = (AgentState.READY, AgentState.PAUSED)[turn % 2]
            hall.core.at_s += 1
            await hall.core.tell(*(AgentChanged(agent, state, f"turn {turn}") for agent in MANY))
            reason = ""
            while reason != f"turn {turn}":
                delta = await _next(reader)
                assert delta["type"] == "delta"
                reason = delta.get("agents", {}).get(MANY[-1], {}).get("reason", reason)

        seq, kinds, reason = -1, [], ""
        while reason != "turn 23":
            message = await _next(sleeper)
            kinds.append(message["type"])
            assert message["type"] == "snapshot" or message["seq"] == seq + 1
            seq = message["seq"]
            reason = message.get("agents", {}).get(MANY[-1], {}).get("reason", reason)

    assert kinds[0] == "snapshot"
    assert "snapshot" in kinds[1:]
