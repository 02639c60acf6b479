"""500 screens on one wallboard: how long a fact takes from core's journal to every screen.

    python -m bench screens

The web process is the real one, on a core of its own; this process plays core (the real journal,
the real Unix socket) and journals facts at random instants; another opens the screens, WebSocket
clients each with a connection of its own, and stamps what it gets. A fact carries its own time in
the reason of a pause, so each screen's sample is journal to screen. The floor beside it: a bare
server of the `websockets` library that sends messages of the same size, as often, to as many. Both
servers and the screens have a real-time priority where that is allowed.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, broadcast, serve

from acd.events import AgentChanged, AgentState, CallQueued
from acd.views import FloorNow
from bench import centre
from bench.media_relay import cpu_s
from bench.report import Row
from callcenter.actions.alarms import AlarmActions
from callcenter.asks import (
    BoardAsks,
    FindJournalEnds,
    JournalEnds,
    ReadAlarmRules,
    ReadBoards,
    ReadDirectory,
    ReadFloor,
)
from callcenter.codec import CODEC
from callcenter.configuration.settings import Settings, load
from callcenter.places import Places
from callcenter.rules.screens import directory
from foundation.db import create_schema, make_engine
from foundation.ids import AgentId, CallId, QueueId
from foundation.ipc import Request, Server
from foundation.ipc.server import Handler
from foundation.journal import Journal
from wallboard.commands import AlarmCommand, Done
from wallboard.directory import Directory
from wallboard.figures.boards import Plan

SCREENS = 500
AGENTS = 60
SECONDS = 20.0
FACTS_PER_S = 12.0
TOKEN = "a-token-for-screens-that-look-only"
MOST_MS = 250.0
LEAST_UPDATES_PER_S = 4.0
STAMP = re.compile(r'"reason":"(\d+)"')
WITHIN_S = 60.0


def screens() -> list[Row]:
    """The scenario `screens`."""
    _ask_for_realtime()
    return asyncio.run(_measure())


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one server and its screens."""

    told: dict[str, Any]
    "What the screens' process says."
    cpu_s: float
    "Of the server, while it was measured."

    @property
    def cpu_s_per_1000(self) -> float:
        messages: int = self.told["messages"]
        return 1000 * self.cpu_s / max(1, messages)

    def latency(self) -> str:
        told = self.told
        return f"p50 {told['p50']:.1f}, p99 {told['p99']:.1f}, max {told['max']:.1f} ms"


async def _measure() -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="callcenter-screens-") as folder:
        settings = await _write_centre(Path(folder))
        ours = await _board(settings)
    bare = await _floor(ours)
    updates = ours.told["messages"] / SCREENS / SECONDS
    told = ours.told
    return [
        Row("screens", str(told["screens"]), str(SCREENS), told["screens"] == SCREENS),
        Row(
            "updates a second to each screen",
            f"{updates:.1f} of {told['bytes'] / max(1, told['messages']):.0f} bytes",
            f"≥ {LEAST_UPDATES_PER_S:.0f}",
            updates >= LEAST_UPDATES_PER_S,
        ),
        Row(
            "fact in the journal to screen",
            f"{ours.latency()} ({told['samples']} samples)",
            f"p99 ≤ {MOST_MS:.0f} ms",
            told["p99"] <= MOST_MS and told["samples"] > 1000,
        ),
        Row("gaps in `seq`", str(told["gaps"]), "0", told["gaps"] == 0),
        Row("web process, share of its core", f"{100 * ours.cpu_s / SECONDS:.0f} %"),
        Row("web process, CPU for 1000 messages", f"{ours.cpu_s_per_1000:.3f} s"),
        Row("floor (bare `websockets`): message to screen", bare.latency()),
        Row("floor, CPU for 1000 messages", f"{bare.cpu_s_per_1000:.3f} s"),
        Row("CPU beside the floor's", f"x {ours.cpu_s_per_1000 / bare.cpu_s_per_1000:.1f}"),
    ]


# -- the board -------------------------------------------------------------------------------------


async def _write_centre(folder: Path) -> Settings:
    ports = centre.free_ports()
    document = centre.configuration(ports, AGENTS)
    document["http"] = {"listen": f"127.0.0.1:{ports.http}", "watch_tokens": [TOKEN]}
    document["alarms"] = {"rules": {"disk": False}}
    (folder / "flows").mkdir()
    (folder / "flows" / "main.yaml").write_text(json.dumps(centre.FLOW), encoding="utf-8")
    (folder / "callcenter.yaml").write_text(json.dumps(document), encoding="utf-8")
    settings = load(folder)
    Places(settings.data_path).run.mkdir(parents=True)
    engine = make_engine(settings.database_url)
    await create_schema(engine)
    await engine.dispose()
    return settings


async def _board(settings: Settings) -> Outcome:
    listen = settings.http.listen
    url = f"ws://127.0.0.1:{listen.port}/ws/wallboard"
    async with _played_core(settings) as journal:
        web = _started("callcenter.roles", "web", str(settings.folder), cpu=0)
        try:
            await _listens(listen.port)
            return await _with_screens(web, url, _facts(journal))
        finally:
            _end(web)


@asynccontextmanager
async def _played_core(settings: Settings) -> AsyncIterator[Journal]:
    """What the web process asks of core, and the journal that it follows."""
    journal = await Journal.open(settings.journal_path, CODEC)
    alarms = AlarmActions(lambda event: _published(journal, event))

    async def ends(_: FindJournalEnds) -> JournalEnds:
        return JournalEnds(1, journal.last_seq, journal.opened_seq, journal.run)

    async def done(ask: BoardAsks) -> Done:
        if isinstance(ask.command, AlarmCommand):
            alarms.perform(ask.command)
        return Done(journal.last_seq)

    async def names(_: ReadDirectory) -> Directory:
        return directory(settings)

    async def boards(_: ReadBoards) -> dict[str, Plan]:
        return dict(settings.boards)

    async def alarm_rules(_: ReadAlarmRules) -> str:
        return "{}"

    async def floor(_: ReadFloor) -> FloorNow:
        return FloorNow()

    handlers: dict[type[Request[Any]], Handler] = {
        FindJournalEnds: ends,
        BoardAsks: done,
        ReadDirectory: names,
        ReadBoards: boards,
        ReadFloor: floor,
        ReadAlarmRules: alarm_rules,
    }
    server = await Server.listen(Places(settings.data_path).core_socket, handlers, journal)
    journal.publish(CallQueued(CallId("c-0"), QueueId("orders")))
    try:
        yield journal
    finally:
        await server.close()
        await journal.close()


def _published(journal: Journal, event: object) -> None:
    journal.publish(event)


async def _facts(journal: Journal) -> None:
    """At random instants, until cancelled: somebody pauses, and now and then a call comes."""
    chance, number = random.Random(1), 0
    while True:
        await asyncio.sleep(chance.expovariate(FACTS_PER_S))
        number += 1
        agent = AgentId(f"agent{1 + number % AGENTS:04d}")
        journal.publish(AgentChanged(agent, AgentState.PAUSED, str(time.monotonic_ns())))
        if number % 4 == 0:
            journal.publish(CallQueued(CallId(f"c-{number}"), QueueId("orders")))


# -- the floor -------------------------------------------------------------------------------------


async def _floor(ours: Outcome) -> Outcome:
    size = ours.told["bytes"] // max(1, ours.told["messages"])
    rate = ours.told["messages"] / SCREENS / SECONDS
    server = _started("bench.screens", "floor", str(size), f"{rate:.2f}", cpu=0)
    try:
        assert server.stdout is not None
        port = int(await asyncio.to_thread(server.stdout.readline))
        return await _with_screens(server, f"ws://127.0.0.1:{port}/", asyncio.sleep(3600))
    finally:
        _end(server)


async def serve_floor(size: int, rate: float) -> None:
    """Until killed: as many messages of that size, with their time, to whoever is connected."""
    here: set[ServerConnection] = set()

    async def stay(connection: ServerConnection) -> None:
        here.add(connection)
        try:
            await connection.wait_closed()
        finally:
            here.discard(connection)

    async with serve(stay, "127.0.0.1", 0, compression=None) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        seq = 0
        while True:
            await asyncio.sleep(1 / rate)
            seq += 1
            head = f'{{"type":"delta","seq":{seq},"reason":"{time.monotonic_ns()}","rest":"'
            broadcast(here, head + "x" * max(0, size - len(head) - 2) + '"}')


# -- screens ---------------------------------------------------------------------------------------


async def _with_screens(server: "subprocess.Popen[str]", url: str, meanwhile: Any) -> Outcome:  # noqa: ANN401
    """Opens the screens, then counts the server's CPU while they are told for SECONDS."""
    watching = _started("bench.screens", "watch", url, cpu=1)
    assert watching.stdout is not None
    work = asyncio.create_task(meanwhile)
    try:
        await asyncio.to_thread(watching.stdout.readline)  # all are open
        before_s = cpu_s(server.pid)
        told = json.loads(await asyncio.to_thread(watching.stdout.readline))
        return Outcome(told, cpu_s(server.pid) - before_s)
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        _end(watching)


class Watched:
    """What the screens got."""

    def __init__(self) -> None:
        self.is_counting = False
        self.latencies_ms: list[float] = []
        self.messages = self.bytes = self.gaps = 0

    def took(self, message: str, seq: int) -> None:
        now = time.monotonic_ns()
        if not self.is_counting:
            return
        self.messages += 1
        self.bytes += len(message)
        for stamp in STAMP.findall(message):
            self.latencies_ms.append((now - int(stamp)) / 1e6)

    async def watch(self, url: str, opened: asyncio.Semaphore, is_open: asyncio.Event) -> None:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with opened:
            socket = await connect(url, additional_headers=headers, compression=None)
            is_open.set()
        async with socket:
            last = None
            async for message in socket:
                text = str(message)
                seq = int(text[text.index('"seq":') + 6 :].partition(",")[0])
                if text.startswith('{"type":"snapshot"') or (last is not None and seq != last + 1):
                    self.gaps += last is not None
                last = seq
                if not text.startswith('{"type":"snapshot"'):
                    self.took(text, seq)


async def watch_all(url: str) -> None:
    watched, at_once = Watched(), asyncio.Semaphore(50)
    events = [asyncio.Event() for _ in range(SCREENS)]
    tasks = [asyncio.create_task(watched.watch(url, at_once, each)) for each in events]
    async with asyncio.timeout(WITHIN_S):
        await asyncio.gather(*(each.wait() for each in events))
    await asyncio.sleep(2.0)  # the snapshots are behind us
    watched.gaps, watched.is_counting = 0, True
    print("open", flush=True)
    await asyncio.sleep(SECONDS)
    watched.is_counting = False
    alive = sum(not task.done() for task in tasks)
    print(json.dumps(_summary(watched, alive)), flush=True)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _summary(watched: Watched, alive: int) -> dict[str, Any]:
    found = sorted(watched.latencies_ms) or [0.0]
    return {
        "screens": alive,
        "messages": watched.messages,
        "bytes": watched.bytes,
        "gaps": watched.gaps,
        "samples": len(watched.latencies_ms),
        "p50": found[len(found) // 2],
        "p99": found[int(0.99 * (len(found) - 1))],
        "max": found[-1],
    }


# -- processes -------------------------------------------------------------------------------------


def _started(module: str, *words: str, cpu: int) -> "subprocess.Popen[str]":
    """On a processor of its own, where there are several."""

    def pin() -> None:
        usable = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {usable[cpu % len(usable)]})
        _ask_for_realtime()

    return subprocess.Popen(
        [sys.executable, "-m", module, *words], stdout=subprocess.PIPE, text=True, preexec_fn=pin
    )


def _ask_for_realtime() -> None:
    """Where it is allowed: what else the machine does is not what is to be measured."""
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(5))


def _end(process: "subprocess.Popen[str]") -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


async def _listens(port: int) -> None:
    async with asyncio.timeout(WITHIN_S):
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0.1)


SCENARIOS = {"screens": ("500 screens on one wallboard", screens)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=["watch", "floor"])
    parser.add_argument("words", nargs="+")
    given = parser.parse_args()
    if given.part == "watch":
        asyncio.run(watch_all(given.words[0]))
        return
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve_floor(int(given.words[0]), float(given.words[1])))


if __name__ == "__main__":
    main()
