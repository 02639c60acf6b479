"""The socket's manners: who comes back, who is refused, who is let go, and with which words."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from socket import SO_RCVBUF, SOL_SOCKET
from socket import socket as Socket

import pytest
from msgspec import json
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import CloseCode

from acd.events import AgentChanged, AgentState, CallQueued
from foundation.ids import AgentId, CallId, QueueId, TvLinkId
from tests.support.fake_core import FakeCore
from tests.support.web_house import (
    QUICK_FOLLOW,
    WATCH_TOKEN,
    board_app,
    served,
    user_store,
    web_options,
)
from wallboard.directory import AgentCard, Directory, QueueCard
from wallboard.events import TvLinkRevoked
from wallboard.figures.boards import DEFAULT_PLAN, Plan
from wallboard.screens.document import Document
from wallboard.screens.screens import NO_SUCH_BOARD, REVOKED, TOO_MANY, TOO_SLOW
from wallboard.screens.socket import SocketOptions
from wallboard.screens.tv_links import TvLink, hash_of
from wallboard.web_role import BoardOptions

pytestmark = pytest.mark.e2e

ORDERS = QueueId("orders")
MANY = [AgentId(f"agent{number:04}") for number in range(300)]
DIRECTORY = Directory(
    {agent: AgentCard(f"Agent {agent}", "day") for agent in MANY}, {ORDERS: QueueCard("Orders")}
)
BEARER = {"Authorization": f"Bearer {WATCH_TOKEN}"}
PATIENCE_S = 30.0
HALL_TV = TvLink(
    link_id=TvLinkId("tv-1"),
    name="Hall",
    board="small",
    hides_names=True,
    made_by="sue",
    made_at=datetime(2026, 6, 22, tzinfo=UTC),
    token_hash=hash_of("hall-token"),
)


@dataclass
class Hall:
    core: FakeCore
    url: str
    port: int
    links: list[TvLink]
    calls: int = field(default=0)

    @asynccontextmanager
    async def screen(self, query: str = "") -> AsyncIterator[ClientConnection]:
        async with connect(self.url + query, additional_headers=BEARER) as socket:
            yield socket

    async def tv(self, token: str) -> ClientConnection:
        return await connect(f"{self.url}?tv={token}")

    async def call(self) -> None:
        self.calls += 1
        await self.core.tell(CallQueued(CallId(f"c-{self.calls}"), ORDERS))


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    links = [HALL_TV]

    async def read_links() -> list[TvLink]:
        return list(links)

    core = FakeCore()
    plans = {"default": DEFAULT_PLAN, "small": Plan(name="small", tiles=DEFAULT_PLAN.tiles[:1])}
    async with user_store(tmp_path) as users:
        options = BoardOptions(
            web=web_options(),
            directory=DIRECTORY,
            follow=QUICK_FOLLOW,
            plans=plans,
            read_tv_links=read_links,
            socket=SocketOptions(most_screens=3, read_within_s=0.5),
        )
        app = board_app(core, users, options)
        async with served(app, ws_ping_interval=0.2, ws_ping_timeout=0.3) as port:
            yield Hall(core, f"ws://127.0.0.1:{port}/ws/wallboard", port, links)


async def _next(socket: ClientConnection) -> Document:
    message: Document = json.decode(await asyncio.wait_for(socket.recv(), PATIENCE_S))
    return message


async def _until_offered(socket: ClientConnection, offered: int) -> list[Document]:
    """Messages up to the one that tells of so many."""
    messages = []
    while True:
        messages.append(await _next(socket))
        if messages[-1].get("totals", {}).get("offered", -1) >= offered:
            return messages


async def _closed(socket: ClientConnection) -> tuple[int, str]:
    with pytest.raises(ConnectionClosed) as closed:
        await asyncio.wait_for(_read_on(socket), PATIENCE_S)
    frame = closed.value.rcvd
    assert frame is not None, "closed without a word"
    return frame.code, frame.reason


async def _read_on(socket: ClientConnection) -> None:
    while True:
        await socket.recv()


async def test_screen_that_comes_back_gets_what_it_missed_and_nothing_else(hall: Hall) -> None:
    async with hall.screen() as first:
        await hall.call()
        seen = (await _until_offered(first, 1))[-1]["seq"]
    async with hall.screen() as other:  # somebody looks on, so deltas are made
        await _next(other)
        for _ in range(3):
            await hall.call()
            await _until_offered(other, hall.calls)
    async with hall.screen(f"?after={seen}") as again:
        missed = await _until_offered(again, 4)

    assert [message["type"] for message in missed] == ["delta"] * len(missed)
    assert [message["seq"] for message in missed] == list(range(seen + 1, seen + 1 + len(missed)))


async def test_screen_that_comes_back_from_elsewhere_gets_a_snapshot(hall: Hall) -> None:
    async with hall.screen() as first:
        seq = (await _next(first))["seq"]
    for after in (seq + 100, 0, max(0, seq - 100)):
        async with hall.screen(f"?after={after}") as again:
            assert (await _next(again))["type"] == "snapshot"
    async with hall.screen(f"?board=small&after={seq}") as other:
        assert (await _next(other))["type"] == "snapshot", "another board's number"


async def test_board_is_chosen_and_one_that_is_not_there_is_refused_with_a_word(
    hall: Hall,
) -> None:
    async with hall.screen("?board=small") as small:
        assert list((await _next(small))["board"]["tiles"]) == ["t0"]
    async with hall.screen("?board=big") as big:
        assert await _closed(big) == (NO_SUCH_BOARD, "There is no board 'big'.")


async def test_there_are_only_so_many_screens(hall: Hall) -> None:
    async with hall.screen() as one, hall.screen() as two, hall.screen() as three:
        for each in (one, two, three):
            await _next(each)
        async with hall.screen() as fourth:
            assert await _closed(fourth) == (TOO_MANY, "There are 3 screens already.")
        await _next(one)


async def test_tv_link_shows_its_own_board_without_names_until_it_is_revoked(hall: Hall) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await hall.tv("guessed")
    assert refused.value.response.status_code == 401
    async with await hall.tv("hall-token&board=default") as socket:
        snapshot = await _next(socket)
        while not snapshot.get("core_up"):
            snapshot |= await _next(socket)
        hall.links.clear()
        await hall.core.tell(TvLinkRevoked(HALL_TV.link_id))
        closed = await _closed(socket)

    assert snapshot["board"]["name"] == "small"
    assert snapshot["agents"]["001"]["name"] == ""
    assert closed == (REVOKED, "This link has been revoked.")
    with pytest.raises(InvalidStatus):
        await hall.tv("hall-token")


async def test_screen_that_reads_nothing_is_let_go_and_its_connection_is_gone(hall: Hall) -> None:
    narrow = Socket()
    narrow.setsockopt(SOL_SOCKET, SO_RCVBUF, 4096)
    narrow.connect(("127.0.0.1", hall.port))
    narrow.setblocking(False)
    reader = await connect(hall.url, additional_headers=BEARER)
    sleeper = await connect(
        hall.url,
        additional_headers=BEARER,
        sock=narrow,
        max_queue=1,
        compression=None,
        ping_interval=None,
    )
    sleeper.transport.pause_reading()
    async with reader:
        await _next(reader)
        async with asyncio.timeout(PATIENCE_S):
            for turn in range(100):
                state = (AgentState.READY, AgentState.PAUSED)[turn % 2]
                hall.core.at_s += 1
                events = [AgentChanged(agent, state, f"turn {turn}") for agent in MANY]
                await hall.core.tell(*events)
                while "agents" not in await _next(reader):
                    pass
                if turn > 20 and await _screens(hall) == 1:
                    break
        assert await _screens(hall) == 1
    sleeper.transport.resume_reading()
    with pytest.raises(ConnectionClosed) as closed:
        await asyncio.wait_for(_read_on(sleeper), PATIENCE_S)
    # Why is said to who begins to read within some seconds; the rest of it is thrown away.
    said = closed.value.rcvd
    assert said is None or said.code in (TOO_SLOW, CloseCode.INTERNAL_ERROR)


async def test_screen_that_answers_no_ping_is_let_go_with_a_word(hall: Hall) -> None:
    """A client of our own making: libraries answer pings by themselves."""
    reader, writer = await asyncio.open_connection("127.0.0.1", hall.port)
    writer.write(
        b"GET /ws/wallboard HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        b"Authorization: Bearer " + WATCH_TOKEN.encode() + b"\r\n\r\n"
    )
    async with asyncio.timeout(PATIENCE_S):
        heard = await reader.read()  # until the server closes

    assert b"101 Switching Protocols" in heard
    assert heard.endswith(b"\x03\xf3keepalive ping timeout"), heard[-40:]
    writer.close()


async def _screens(hall: Hall) -> int:
    """As the server counts them."""
    reader, writer = await asyncio.open_connection("127.0.0.1", hall.port)
    writer.write(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    text = (await reader.read()).decode()
    writer.close()
    return int(float(text.partition("\ncallcenter_web_screens ")[2].split()[0]))
