"""Look-ups against a real server on loopback that behaves as badly as servers do."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from callcenter.conduct.lookups import HttpLookups, LookupOptions
from foundation.ids import CallId
from ivr.effects import StartLookup
from ivr.inputs import Input, LookupDone, LookupFailed
from tests.support.eventually import eventually

pytestmark = pytest.mark.e2e
C1 = CallId("c-1")


class Server:
    """Says to each path what the test has put there."""

    def __init__(self) -> None:
        self.says: dict[str, bytes] = {}
        self.asked: list[bytes] = []
        self.left = asyncio.Event()
        "Somebody who was not answered has had enough of it."
        self.port = 0
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._answer(reader, writer)
        except asyncio.IncompleteReadError:
            pass  # connected, and gone without a question
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        body = await reader.readexactly(int(length or 0))
        self.asked.append(head + body)
        path = head.split(b" ")[1].decode().partition("?")[0]
        answer = self.says.get(path)
        if answer is not None:
            writer.write(answer)
            return
        await reader.read()  # hangs until the other side has enough of it
        self.left.set()


def reply(body: bytes, status: str = "200 OK", more: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{more}Connection: close\r\n\r\n"
    return head.encode() + body


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    await made.open()
    yield made
    await made.close()


@pytest.fixture
async def lookups(server: Server) -> AsyncIterator[HttpLookups]:
    host = f"127.0.0.1:{server.port}"
    made = HttpLookups(
        LookupOptions(
            hosts=frozenset({host}),
            headers={host: {"Authorization": "Bearer secret"}},
            at_once=2,
            max_bytes=1000,
        )
    )
    yield made
    await made.close()


async def ask(
    lookups: HttpLookups, url: str, *, method: str = "GET", timeout_s: float = 5.0
) -> Input:
    answers: asyncio.Queue[Input] = asyncio.Queue()
    body: dict[str, str | float | bool | None] | None = None
    if method == "POST":
        body = {"tier": "gold", "n": 1.5}
    asked = StartLookup(7, url, method, {"who": "+86 139&x"}, body, timeout_s)
    lookups.start(C1, asked, lambda _, given: answers.put_nowait(given))
    return await asyncio.wait_for(answers.get(), 20)


async def test_answer_is_read_as_json_with_exact_numbers(
    server: Server, lookups: HttpLookups
) -> None:
    server.says["/a"] = reply('{"price": 12.50, "名": ["x"]}'.encode())
    given = await ask(lookups, f"http://127.0.0.1:{server.port}/a?fixed=1")
    assert given == LookupDone(7, {"price": Decimal("12.50"), "名": ["x"]})
    assert server.asked[0].startswith(b"GET /a?fixed=1&who=%2B86")
    assert b"%26x" in server.asked[0]
    assert b"Authorization: Bearer secret" in server.asked[0]


async def test_body_is_posted_as_json(server: Server, lookups: HttpLookups) -> None:
    server.says["/a"] = reply(b"[]")
    assert await ask(lookups, f"http://127.0.0.1:{server.port}/a", method="POST") == LookupDone(
        7, []
    )
    assert server.asked[0].endswith(b'{"tier":"gold","n":1.5}')


@pytest.mark.parametrize(
    ("answer", "is_missing"),
    [
        (reply(b"", "404 Not Found"), True),
        (reply(b"{}", "500 Internal Server Error"), False),
        (reply(b"{}", "302 Found", "Location: http://127.0.0.1:1/\r\n"), False),
        (reply(b"no json"), False),
        (reply(b"[" * 900), False),
        (reply(b'"' + b"x" * 2000 + b'"'), False),
        (reply(b"1" * 900), False),
        (b"garbage\r\n\r\n", False),
        (b"", False),
    ],
)
async def test_bad_answer_is_a_failure(
    server: Server, lookups: HttpLookups, answer: bytes, is_missing: bool
) -> None:
    server.says["/a"] = answer
    given = await ask(lookups, f"http://127.0.0.1:{server.port}/a")
    # A number of 900 digits is JSON; what it is good for is the flow's question.
    if not (isinstance(given, LookupDone) and answer.endswith(b"1")):
        assert given == LookupFailed(7, is_missing)


async def test_server_that_hangs_or_is_not_there_fails_in_time(
    server: Server, lookups: HttpLookups
) -> None:
    before = asyncio.get_running_loop().time()
    given = await ask(lookups, f"http://127.0.0.1:{server.port}/hangs", timeout_s=0.3)
    assert given == LookupFailed(7)
    assert asyncio.get_running_loop().time() - before < 3.0
    await server.close()
    assert await ask(lookups, f"http://127.0.0.1:{server.port}/a") == LookupFailed(7)
    await server.open()


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{other}/a",
        "http://localhost:{port}/a",
        "ftp://127.0.0.1:{port}/a",
        "http://127.0.0.1:{port}@evil.example/a",
        "http://[::1/a",
        "",
    ],
)
async def test_other_servers_are_never_asked(
    server: Server, lookups: HttpLookups, url: str
) -> None:
    filled = url.format(port=server.port, other=1)
    assert await ask(lookups, filled) == LookupFailed(7)
    assert server.asked == []


async def test_no_more_are_open_than_may_be(server: Server, lookups: HttpLookups) -> None:
    answers: asyncio.Queue[tuple[CallId, Input]] = asyncio.Queue()
    url = f"http://127.0.0.1:{server.port}/hangs"
    for at in range(4):
        lookups.start(
            CallId(f"c-{at}"),
            StartLookup(at, url, "GET", {}, None, 5.0),
            lambda call_id, given: answers.put_nowait((call_id, given)),
        )
    refused = {(await asyncio.wait_for(answers.get(), 20))[0] for _ in range(2)}
    assert len(refused) == 2
    assert answers.empty()


async def test_question_of_a_caller_who_has_left_is_stopped(
    server: Server, lookups: HttpLookups
) -> None:
    answers: list[Input] = []
    url = f"http://127.0.0.1:{server.port}/hangs"
    asked = StartLookup(1, url, "GET", {}, None, 60.0)
    lookups.start(C1, asked, lambda _, given: answers.append(given))
    await eventually(lambda: bool(server.asked))
    lookups.stop(C1)
    await asyncio.wait_for(server.left.wait(), 20)
    assert answers == []
