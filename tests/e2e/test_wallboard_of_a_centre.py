"""A served centre's wallboard: a link made in the terminal, alarms over a killed web process."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec import json
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from callcenter.events import ActionTaken
from tests.support.centre import Centre, served
from wallboard.events import AlarmAcknowledged, AlarmCleared, AlarmRaised, AlarmSent
from wallboard.screens import REVOKED

pytestmark = pytest.mark.e2e

PATIENCE_S = 20.0
FEW = {"figure": "agents_signed_in", "below": 1}
RULES = {
    name: False
    for name in ("long_wait", "low_service_level", "group_complaint", "disk", "transcript_lag")
}


@asynccontextmanager
async def webhook(got: list[dict[str, Any]]) -> AsyncIterator[int]:
    """As small a server as will do: each request's body, answered by 204."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].split()[0])
        got.append(json.decode(await reader.readexactly(length)))
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_links_and_alarms_outlive_the_web_process_and_are_told_once(
    tmp_path: Path, shared: Path
) -> None:
    got: list[dict[str, Any]] = []
    async with webhook(got) as port:
        alarms = {
            "rules": {**RULES, "few": FEW},
            "webhook": {"url": f"http://127.0.0.1:{port}/", "secret": "sixteen characters"},
        }
        with served(tmp_path / "centre", shared, {"alarms": alarms}) as centre:
            await centre.told(AlarmSent, 0, way="webhook")
            token = await tv(centre, "add", "Hall", "--hide-names")
            await _raised_is_told_once(centre, got)
            await _link_lasts_until_it_is_revoked(centre, token)
            logs = b"".join(file.read_bytes() for file in (centre.folder / "data/log").iterdir())

    assert token.encode() not in logs
    assert [(each["rule"], each["edge"]) for each in got] == [("few", "raised")]


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
