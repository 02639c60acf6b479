"""Alarms told outside: a signed POST and a mail, on real sockets, by one process once.

The last test is of a served centre, whose screen on a wall shows the alarm as well.
"""

import asyncio
import hashlib
import hmac
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from fastapi import FastAPI, Request, Response
from msgspec import json
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from acd.events import CallAbandoned, CallQueued
from callcenter.actions.alarms import AlarmActions
from callcenter.configuration.settings import load
from callcenter.events import ActionTaken
from callcenter.rules.alarms import alarm_ways
from foundation.ids import CallId, QueueId
from tests.support.centre import Centre, served
from tests.support.fake_core import FakeCore
from tests.support.programs import find_free_port
from tests.support.web_house import (
    QUICK_FOLLOW,
    board_app,
    client_of,
    running,
    sign_in,
    user_store,
    web_options,
)
from wallboard.alarms.alarm_rules import FigureRule, Rules
from wallboard.commands import AlarmCommand, Command, Done
from wallboard.directory import Directory, QueueCard
from wallboard.events import AlarmAcknowledged, AlarmCleared, AlarmRaised, AlarmSent
from wallboard.fold.board import BoardEvent
from wallboard.screens.screens import REVOKED
from wallboard.web_role import BoardOptions

pytestmark = pytest.mark.e2e

ORDERS = QueueId("orders")
SECRET = "a secret of the webhook"
PATIENCE_S = 30.0
RULES: Rules = {"waits": FigureRule(figure="waiting", limit=0, clear=0)}
DIRECTORY = Directory({}, {ORDERS: QueueCard("Orders")})


class JournallingCore(FakeCore):
    """Does with alarms what core does."""

    async def ask(self, command: Command) -> Done:
        self._check_up()
        told: list[BoardEvent] = []
        if isinstance(command, AlarmCommand):
            AlarmActions(lambda event: told.append(event)).perform(command)  # type: ignore[arg-type]
        self.asked.append(command)
        await self.tell(*told)
        return Done(len(self.journal))


@dataclass
class Hook:
    """A program that takes webhooks, once it is willing."""

    answers: list[int]
    port: int = 0
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/alarms")
        async def take(request: Request) -> Response:
            self.got.append((dict(request.headers), await request.body()))
            return Response(status_code=self.answers.pop(0) if self.answers else 204)

        return app

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Hook"]:
        self.port = find_free_port()
        config = uvicorn.Config(self.app(), port=self.port, log_level="warning")
        server = uvicorn.Server(config)
        task = asyncio.create_task(server._serve(None))
        while not server.started and not task.done():  # noqa: ASYNC110  # uvicorn only has a flag
            await asyncio.sleep(0.01)
        try:
            yield self
        finally:
            server.should_exit = True
            await task

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [json.decode(body) for _, body in self.got]


class Letters:
    """What a mail server was given."""

    def __init__(self) -> None:
        self.got: list[Envelope] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.got.append(envelope)
        return "250 OK"


@pytest.fixture
def letters() -> Iterator[tuple[Letters, int]]:
    handler, port = Letters(), find_free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield handler, port
    finally:
        controller.stop()


def written(folder: Path, hook: int, mail: int) -> BoardOptions:
    """As a centre's configuration says it."""
    text = f"""
alarms:
  webhook: {{url: "http://127.0.0.1:{hook}/alarms", secret: "{SECRET}"}}
  mail:
    server: "127.0.0.1:{mail}"
    tls: none
    sender: alarms@house.example
    to: [boss@house.example]
"""
    (folder / "callcenter.yaml").write_text(text, encoding="utf-8")
    settings = load(folder)
    ways = alarm_ways(settings.alarms, settings.sip.domain)
    return BoardOptions(
        web=web_options(), directory=DIRECTORY, follow=QUICK_FOLLOW, rules=RULES, ways=ways
    )


async def until(core: FakeCore, is_so: Callable[[], bool]) -> None:
    """The board's clock runs faster than ours, so that a retry is not waited for."""
    async with asyncio.timeout(PATIENCE_S):
        while not is_so():
            core.at_s += 0.5
            await asyncio.sleep(0.05)


async def test_alarm_and_its_end_are_told_once_by_webhook_and_mail(
    tmp_path: Path, letters: tuple[Letters, int]
) -> None:
    """The webhook refuses twice; the web process is started again in between."""
    core, (mails, mail_port) = JournallingCore(), letters
    async with Hook([503, 429]).listening() as hook, user_store(tmp_path) as users:
        options = written(tmp_path, hook.port, mail_port)
        async with running(board_app(core, users, options)):
            await core.tell(CallQueued(CallId("c-1"), ORDERS))
            await until(core, lambda: len(hook.got) >= 3 and len(mails.got) == 1)
            await until(core, lambda: str(core.journal).count("AlarmSent") == 2)
        async with running(board_app(core, users, options)):
            await asyncio.sleep(2.0)  # time to do it twice
            core.at_s += 1
            await core.tell(CallAbandoned(CallId("c-1"), ORDERS))
            await until(core, lambda: len(hook.got) == 4 and len(mails.got) == 2)

    raised, cleared = hook.messages[2], hook.messages[3]
    assert [each["edge"] for each in hook.messages] == ["raised", "raised", "raised", "cleared"]
    assert raised["words"] == {
        "en": "House: Waiting 1 (limit 0)",
        "zh": "全局：排队 1（限值 0）",
    }
    assert cleared["alarm_id"] == raised["alarm_id"]
    deliveries = [headers["x-callcenter-delivery"] for headers, _ in hook.got]
    assert deliveries[0] == deliveries[1] == deliveries[2] != deliveries[3]
    for headers, body in hook.got:
        assert headers["x-callcenter-signature"] == f"sha256={_mac(headers, body)}"
    text = [mail.original_content.decode() for mail in mails.got if mail.original_content]
    assert "House: Waiting 1 (limit 0)" in text[0]
    assert "ALARM" in text[0]
    assert mails.got[0].rcpt_tos == ["boss@house.example"]
    assert f"<{raised['alarm_id']}.raised@house.example>" in text[0]


def _mac(headers: dict[str, str], body: bytes) -> str:
    signed = headers["x-callcenter-timestamp"].encode() + b"." + body
    return hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()


async def test_alarm_is_acknowledged_by_a_lead_and_by_nobody_else(tmp_path: Path) -> None:
    core = JournallingCore()
    async with user_store(tmp_path) as users:
        options = BoardOptions(
            web=web_options(), directory=DIRECTORY, follow=QUICK_FOLLOW, rules=RULES
        )
        app = board_app(core, users, replace(options))
        async with running(app), client_of(app) as client:
            await core.tell(CallQueued(CallId("c-1"), ORDERS))
            await sign_in(client, "tom")
            alarms = await _alarms(client)
            path = f"/api/v1/alarms/{alarms[0]['id']}/acknowledge"
            taken = (await client.post(path)).json()
            await sign_in(client, "ann")
            assert (await client.post(path)).status_code == 403
            assert (await client.post("/api/v1/alarms/al-x/acknowledge")).status_code == 403
            await sign_in(client, "tom")
            assert (await client.post("/api/v1/alarms/al-x/acknowledge")).status_code == 404

    assert (alarms[0]["rule"], alarms[0]["acknowledged_by"]) == ("waits", "")
    assert taken["acknowledged_by"] == "tom"


async def _alarms(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            found: list[dict[str, Any]] = (await client.get("/api/v1/alarms")).json()
            if found:
                return found
            await asyncio.sleep(0.05)


# -- a served centre -------------------------------------------------------------------------------

FEW = {"figure": "agents_signed_in", "below": 1}
OFF = {
    name: False
    for name in ("long_wait", "low_service_level", "group_complaint", "disk", "transcript_lag")
}


@asynccontextmanager
async def webhook(got: list[dict[str, Any]], port: int) -> AsyncIterator[None]:
    """As small a server as will do: each request's body, answered by 204."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].split()[0])
        got.append(json.decode(await reader.readexactly(length)))
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    async with server:
        yield


@pytest.fixture
def hooked(tmp_path: Path, shared: Path) -> Iterator[tuple[Centre, int]]:
    """A centre whose webhook is at a port where nobody listens yet."""
    port = find_free_port()
    alarms = {
        "rules": {**OFF, "few": FEW},
        "webhook": {"url": f"http://127.0.0.1:{port}/", "secret": "sixteen characters"},
    }
    with served(tmp_path / "centre", shared, {"alarms": alarms}) as centre:
        yield centre, port


async def test_links_and_alarms_outlive_the_web_process_and_are_told_once(
    hooked: tuple[Centre, int],
) -> None:
    centre, port = hooked
    got: list[dict[str, Any]] = []
    async with webhook(got, port):
        await centre.until(lambda: bool(centre.facts(AlarmSent)), within_s=PATIENCE_S)
        token = await tv(centre, "add", "Hall", "--hide-names")
        await _raised_is_told_once(centre, got)
        await _link_lasts_until_it_is_revoked(centre, token)

    assert not any(token.encode() in text for text in _logs(centre)), "it is in no log"
    assert [(each["rule"], each["edge"]) for each in got] == [("few", "raised")]


def _logs(centre: Centre) -> list[bytes]:
    return [file.read_bytes() for file in (centre.folder / "data" / "log").iterdir()]


async def _raised_is_told_once(centre: Centre, got: list[dict[str, Any]]) -> None:
    [raised] = centre.facts(AlarmRaised)
    web = centre.kill("web")
    await centre.replaced("web", web)
    await centre.ready()
    async with centre.web("sue") as supervisor:
        path = f"/api/v1/alarms/{raised.alarm_id}/acknowledge"
        answer = await centre.until_ok(lambda: supervisor.post(path))
    assert answer.json()["acknowledged_by"] == "sue"
    await asyncio.sleep(2.5)  # time to raise or to tell it again
    assert len(centre.facts(AlarmRaised)) == 1
    assert centre.facts(AlarmCleared) == []
    assert len(centre.facts(AlarmAcknowledged)) == 1
    assert len(got) == 1


async def _link_lasts_until_it_is_revoked(centre: Centre, token: str) -> None:
    async with screen(centre, token) as socket:
        snapshot = json.decode(await asyncio.wait_for(socket.recv(), PATIENCE_S))
        listed = centre.facts(ActionTaken, action="tv link made")
        await tv(centre, "revoke", listed[0].target)
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.wait_for(_read_on(socket), PATIENCE_S)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == REVOKED
    assert next(iter(snapshot["agents"])) == "001"
    assert [each["rule"] for each in snapshot["alarms"].values()] == ["few"]
    with pytest.raises(InvalidStatus):
        await connect(_url(centre, token))


@asynccontextmanager
async def screen(centre: Centre, token: str) -> AsyncIterator[ClientConnection]:
    async with connect(_url(centre, token)) as socket:
        yield socket


def _url(centre: Centre, token: str) -> str:
    return f"{centre.url.replace('http', 'ws', 1)}/ws/wallboard?tv={token}"


async def _read_on(socket: ClientConnection) -> None:
    while True:
        await socket.recv()


async def tv(centre: Centre, *words: str) -> str:
    """What `callcenter tv …` told; the token, if there is one."""
    command = [sys.executable, "-m", "callcenter", "tv", *words, "--dir", str(centre.folder)]
    told = await asyncio.to_thread(
        subprocess.run,
        command,
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "200"},
    )
    assert told.returncode == 0, told.stderr
    return str(told.stdout.partition("?tv=")[2].split("\n")[0].strip())
