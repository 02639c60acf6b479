"""Core's Unix socket, on a real socket."""

import asyncio
import os
import stat
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from foundation import unix
from foundation.errors import (
    ConfigurationError,
    Conflict,
    IllegalTransition,
    NotFound,
    Overloaded,
    RemoteError,
    Unavailable,
)
from foundation.frames import pack
from foundation.ids import AgentId, CallId
from foundation.ipc import Client, Request, Server, WrongVersion, connect_with_retry
from foundation.ipc.messages import Hello
from foundation.ipc.server import Handler
from foundation.journal import Journal, JournalOptions
from foundation.record import Record
from tests.support.events import CODEC, BellRang

pytestmark = pytest.mark.e2e


@dataclass(frozen=True, slots=True)
class AgentView:
    agent_id: AgentId
    calls: tuple[CallId, ...]


@dataclass(frozen=True, slots=True)
class ShowAgent(Request[AgentView]):
    agent_id: AgentId


@dataclass(frozen=True, slots=True)
class Fail(Request[None]):
    how: str


@dataclass(frozen=True, slots=True)
class Wait(Request[float]):
    seconds: float


class CountAgents(msgspec.Struct, Request[int], frozen=True):
    pass


class NoRoomForAgent(Overloaded):
    """Known to both sides here."""


async def show_agent(request: ShowAgent) -> AgentView:
    return AgentView(request.agent_id, (CallId("c-1"),))


async def count_agents(request: CountAgents) -> int:
    return 7


async def fail(request: Fail) -> None:
    match request.how:
        case "conflict":
            raise Conflict("the agent is talking")
        case "subclass":
            raise NoRoomForAgent("no room")
        case "transition":
            raise IllegalTransition("eva", "OFF", "Offer")
        case "configuration":
            raise ConfigurationError(["one", "two"])
        case _:
            raise ZeroDivisionError("a bug")


async def wait(request: Wait) -> float:
    await asyncio.sleep(request.seconds)
    return request.seconds


HANDLERS: dict[type[Request[Any]], Handler] = {
    ShowAgent: show_agent,
    Fail: fail,
    Wait: wait,
    CountAgents: count_agents,
}


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    journal = await Journal.open(tmp_path / "journal.db", CODEC)
    yield journal
    await journal.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "core.sock"


@pytest.fixture
async def server(path: Path, journal: Journal) -> AsyncIterator[Server]:
    server = await Server.listen(path, HANDLERS, journal)
    yield server
    await server.close(within_s=0.0)


@pytest.fixture
async def client(server: Server, path: Path) -> AsyncIterator[Client]:
    client = await Client.connect(path, CODEC)
    yield client
    await client.close()


def bell(number: int) -> BellRang:
    return BellRang(CallId(f"c-{number}"), number)


def mode(path: Path) -> str:
    return stat.filemode(path.stat().st_mode) if path.exists() else "gone"


async def take(client: Client, after_seq: int, number: int) -> list[Record[object]]:
    taken: list[Record[object]] = []
    async with aclosing(client.records(after_seq)) as records:
        async for record in records:
            taken.append(record)
            if len(taken) == number:
                break
    return taken


async def test_a_request_gets_its_typed_reply(client: Client) -> None:
    view = await client.ask(ShowAgent(AgentId("eva")))

    assert view == AgentView(AgentId("eva"), (CallId("c-1"),))
    assert await client.ask(CountAgents()) == 7


async def test_requests_do_not_wait_for_each_other(client: Client) -> None:
    slow = asyncio.create_task(client.ask(Wait(60), timeout_s=60))
    assert await client.ask(Wait(0)) == 0
    slow.cancel()
    await asyncio.gather(slow, return_exceptions=True)


@pytest.mark.parametrize(
    ("how", "error", "sentence"),
    [
        ("conflict", Conflict, "the agent is talking"),
        ("subclass", NoRoomForAgent, "no room"),
        ("transition", IllegalTransition, "eva in state OFF cannot take 'Offer'"),
    ],
)
async def test_an_error_of_the_handler_arrives_as_the_same_class(
    client: Client, how: str, error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error) as caught:
        await client.ask(Fail(how))

    assert type(caught.value) is error
    assert str(caught.value) == sentence


async def test_the_problems_of_a_configuration_arrive_one_by_one(client: Client) -> None:
    with pytest.raises(ConfigurationError) as caught:
        await client.ask(Fail("configuration"))

    assert caught.value.problems == ["one", "two"]


async def test_a_bug_in_a_handler_costs_one_request_only(client: Client) -> None:
    with pytest.raises(Exception, match="request Fail failed: ZeroDivisionError") as caught:
        await client.ask(Fail("bug"))

    assert getattr(caught.value, "http_status", None) == 500
    assert await client.ask(CountAgents()) == 7


async def test_a_request_that_core_does_not_know_is_not_found(path: Path, journal: Journal) -> None:
    server = await Server.listen(path, {}, journal)
    client = await Client.connect(path)
    with pytest.raises(NotFound, match="knows no request CountAgents"):
        await client.ask(CountAgents())
    await client.close()
    await server.close()


async def test_a_number_that_cannot_be_written_is_refused_with_a_sentence(client: Client) -> None:
    with pytest.raises(RemoteError, match="in Wait is too large to be written down: 10000000000"):
        await client.ask(Wait(10**25))
    assert await client.ask(CountAgents()) == 7


async def test_a_late_reply_is_unavailable(client: Client) -> None:
    with pytest.raises(Unavailable, match="did not answer Wait within"):
        await client.ask(Wait(60), timeout_s=0.01)


async def test_core_going_away_fails_what_was_asked_and_what_is_streamed(
    client: Client, server: Server, journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    journal.publish(bell(1))
    asked = asyncio.create_task(client.ask(Wait(60), timeout_s=60))
    streamed = asyncio.create_task(take(client, 0, 2))
    await client.ask(Wait(0))
    await server.close(within_s=0.0)

    for task in (asked, streamed):
        with pytest.raises(Unavailable):
            await task
    with pytest.raises(Unavailable):
        await client.ask(CountAgents())
    assert not client.is_connected
    assert "cut off: 1 requests" in caplog.text


async def test_what_was_asked_is_carried_out_before_core_ends_and_nothing_more_is_taken_up(
    path: Path, journal: Journal
) -> None:
    begun, disk = asyncio.Event(), asyncio.Event()

    async def write_and_tell(_: CountAgents) -> int:
        begun.set()
        await disk.wait()
        return journal.publish(bell(1)).seq

    server = await Server.listen(path, {**HANDLERS, CountAgents: write_and_tell}, journal)
    client = await Client.connect(path)
    asked = asyncio.create_task(client.ask(CountAgents()))
    await begun.wait()
    closing = asyncio.create_task(server.close(within_s=60.0))
    with pytest.raises(Unavailable, match="core ends and does not take up Wait"):
        await client.ask(Wait(0))
    disk.set()
    await closing

    assert await asked == journal.last_seq == 1
    await client.close()


async def test_records_come_from_the_disk_and_then_live(client: Client, journal: Journal) -> None:
    for number in range(1, 2101):
        journal.publish(bell(number))
    await journal.settled(1500)
    taking = asyncio.create_task(take(client, 50, 2100))
    for number in range(2101, 2151):
        journal.publish(bell(number))
        await asyncio.sleep(0)

    records = await taking
    await journal.settled(2150)

    assert [record.seq for record in records] == list(range(51, 2151))
    assert records[-1].event == bell(2150)
    assert records == [record async for record in journal.reader.read(after_seq=50)]


async def test_a_follower_that_does_not_read_is_sent_away_and_comes_back(tmp_path: Path) -> None:
    options = JournalOptions(follower_rows=100)
    journal = await Journal.open(tmp_path / "journal.db", CODEC, options=options)
    server = await Server.listen(tmp_path / "core.sock", HANDLERS, journal)
    client = await Client.connect(tmp_path / "core.sock", CODEC)
    seen: list[int] = []

    async def read_and_stall() -> None:
        async for record in client.records(0):
            seen.append(record.seq)
            for _ in range(5000 if len(seen) == 1 else 0):
                journal.publish(bell(2))

    journal.publish(bell(1))
    with pytest.raises(Unavailable):
        await read_and_stall()
    await journal.settled(5001)
    seen += [record.seq for record in await take(client, seen[-1], 5001 - len(seen))]

    assert seen == list(range(1, 5002))
    await client.close()
    await server.close()
    await journal.close()


async def test_another_version_is_told_so(server: Server, path: Path) -> None:
    with unix.connect(path, timeout_s=5) as raw:
        await asyncio.to_thread(raw.sendall, pack(msgspec.msgpack.encode(Hello(99))))
        answer = await asyncio.to_thread(raw.recv, 4096)

    assert b"WrongVersion" in answer
    assert b"core speaks version 1, the asker speaks 99" in answer
    assert issubclass(WrongVersion, Unavailable)


@pytest.mark.parametrize("garbage", [b"\xff" * 64, pack(b"not msgpack"), pack(b"\x80")])
async def test_garbage_ends_its_connection_only(client: Client, path: Path, garbage: bytes) -> None:
    with unix.connect(path, timeout_s=5) as raw:
        await asyncio.to_thread(raw.sendall, garbage)
        assert await asyncio.to_thread(raw.recv, 4096) == b""

    assert await client.ask(CountAgents()) == 7


async def test_the_socket_is_private_and_a_stale_one_is_replaced(path: Path) -> None:
    for _ in range(2):
        server = await Server.listen(path, HANDLERS)
        assert mode(path) == "srw-------"
        await server.close()
    assert mode(path) == "gone"
    unix.listen(path).close()
    assert mode(path) == "srw-------"
    await (await Server.listen(path, HANDLERS)).close()


async def test_a_second_core_in_the_same_folder_is_refused(server: Server, path: Path) -> None:
    with pytest.raises(Conflict, match="another process listens"):
        await Server.listen(path, HANDLERS)


async def test_a_folder_with_a_long_name_is_no_obstacle(tmp_path: Path) -> None:
    path = tmp_path / ("d" * 120) / "core.sock"
    server = await Server.listen(path, HANDLERS)
    client = await Client.connect(path)
    descriptors = len(os.listdir("/proc/self/fd"))
    assert await client.ask(CountAgents()) == 7
    assert len(os.listdir("/proc/self/fd")) == descriptors
    await client.close()
    await server.close()


async def test_connecting_waits_until_core_is_there(path: Path) -> None:
    with pytest.raises(Unavailable, match="does not listen"):
        await Client.connect(path)
    connecting = asyncio.create_task(connect_with_retry(path))
    await asyncio.sleep(0)
    server = await Server.listen(path, HANDLERS)
    client = await connecting
    assert await client.ask(CountAgents()) == 7
    await client.close()
    await server.close()
