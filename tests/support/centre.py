"""A whole centre as its users meet it: `callcenter serve` in a folder and on ports of its own.

    with served(tmp_path, shared) as centre:
        async with centre.phone("10086") as caller, centre.agent(1) as agent:
            call = caller.dial("8000")
            ...
            await centre.told(AgentAnswered, since, agent_id="agent0001")

Its prompts are tones (`Tones`), so that a test knows by one frequency what somebody hears. What is
started here is ended here, by its process id, and nothing else is.
"""

import asyncio
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
import yaml
from sqlalchemy.ext.asyncio import AsyncEngine
from websockets.asyncio.client import ClientConnection, connect

from acd.events import AgentChanged, AgentState
from callcenter.codec import CODEC
from callcenter.demo.softphone import PhoneOptions
from callcenter.supervise.roles import RunFile, read_run_files, run_folder
from foundation.db import create_schema, make_engine
from foundation.journal.file import JournalFile
from foundation.journal.rows import to_record
from foundation.record import Record
from foundation.web.store import UserStore
from telephony.media import worker
from telephony.media.g711 import Law
from telephony.media.rtpengine import service
from telephony.sip.events import HostPort
from tests.support.desk_phone import DeskPhone
from tests.support.programs import find_free_port, find_media_ports
from tests.support.rtpengine import Rtpengine
from tests.support.tones import tone, write_wav
from tests.support.web_house import PASSWORD, USERS

ROOT = Path(__file__).parent.parent.parent
READY_WITHIN_S = 90.0
STOP_WITHIN_S = 40.0
PATIENCE_S = 30.0
"For what comes as soon as it can. A machine that is three times slower loses nothing by it."
AGENTS = 8
BLOCKED = "10099"
LOG_TAIL_LINES = 25
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"Each client of httpx would read all authorities' certificates again, 20 ms of CPU."

Fact = TypeVar("Fact")
Changes = Mapping[str, Any]
RUNNING: "list[Centre]" = []
"For the report of a test that fails."


class Tones:
    """What each prompt sounds like, in Hz: whole periods in 40 ms."""

    GREETING = 300
    CHOICES = 350
    WRONG_KEY = 400
    NO_KEY = 450
    MUSIC = 500
    LINE_FAULT = 550
    ALL_BUSY = 600
    CALLER = 1000
    AGENT = 1200

    @staticmethod
    def number_of(agent: int) -> int:
        """The agent's number, as it is told to the caller."""
        return 650 + 25 * agent


PROMPTS = {
    "greeting": (Tones.GREETING, 0.8),
    "choices": (Tones.CHOICES, 0.8),
    "wrong_key": (Tones.WRONG_KEY, 0.4),
    "no_key": (Tones.NO_KEY, 0.4),
    "music": (Tones.MUSIC, 2.0),
    "line_fault": (Tones.LINE_FAULT, 0.8),
    "all_busy": (Tones.ALL_BUSY, 0.8),
}
MAIN: dict[str, Any] = {
    "languages": ["en"],
    "start": "greeting",
    "prompts": {name: {"en": name} for name in ("greeting", "choices", "wrong_key", "no_key")},
    "nodes": {
        "greeting": {"do": "say", "prompt": "greeting", "next": "choices"},
        "choices": {
            "do": "menu", "prompt": "choices", "wait_s": 0.6, "tries": 2,
            "keys": {"1": "orders", "2": "brisk", "3": "impatient"},
            "wrong_key": "wrong_key", "no_key": "no_key", "default": "orders",
        },
        **{name: {"do": "queue", "queue": name} for name in ("orders", "brisk", "impatient")},
    },
}  # fmt: skip
PATIENT = {
    **MAIN,
    "nodes": {**MAIN["nodes"], "choices": {**MAIN["nodes"]["choices"], "wait_s": 60.0}},
}
"Who presses nothing stays in the menu, however slow the machine is."
ECHO = {"languages": ["en"], "start": "echo", "nodes": {"echo": {"do": "echo"}}}
SPOKEN = {
    "languages": ["en"],
    "start": "welcome",
    "prompts": {"welcome": {"en": "Welcome to our service. This call is recorded."}},
    "nodes": {
        "welcome": {"do": "say", "prompt": "welcome", "next": "end"},
        "end": {"do": "hangup"},
    },
}


@dataclass(frozen=True, slots=True)
class Ports:
    """Free when asked for."""

    sip: int
    http: int
    media: tuple[int, int]

    @classmethod
    def find(cls) -> "Ports":
        return cls(find_free_port(), find_free_port(), find_media_ports())


def configuration(ports: Ports, changes: Changes) -> dict[str, Any]:
    """`changes` are laid over it, section by section."""
    queue = {"skills": {"orders": 1}, "wrap_up_s": 0, "announce_position_every_s": 0}
    whole: dict[str, Any] = {
        "sip": {"listen": [f"udp:127.0.0.1:{ports.sip}"], "domain": "127.0.0.1"},
        "http": {"listen": f"127.0.0.1:{ports.http}"},
        "media": {"ports": list(ports.media), "limits": {"busy": 1.0}},
        "recordings": {"transcribe": False, "archive": "none", "models": {"en": "tiny-en"}},
        "auto_ready": True,
        "blocked": [BLOCKED],
        "lines": [
            {"number": "8000", "flow": "main"},
            {"number": "8001", "flow": "spoken"},
            {"number": "9196", "flow": "echo"},
        ],
        "agents": [
            {
                "id": f"agent{n:04d}", "name": f"Agent {n}", "sip_password": f"pw{n:04d}",
                "number": str(1000 + n), "skills": {"orders": 5},
            }
            for n in range(1, AGENTS + 1)
        ],
        "queues": {
            "orders": queue,
            "brisk": {**queue, "ring_s": 1.2},
            "impatient": {**queue, "max_wait_s": 1.0},
        },
    }  # fmt: skip
    return _merged(whole, changes)


def _merged(base: Mapping[str, Any], changes: Changes) -> dict[str, Any]:
    merged = dict(base)
    for key, change in changes.items():
        old = merged.get(key)
        merged[key] = (
            _merged(old, change)
            if isinstance(change, Mapping) and isinstance(old, Mapping)
            else change
        )
    return merged


def write_centre(folder: Path, ports: Ports, shared: Path, changes: Changes) -> None:
    """`shared`: a folder whose prompts and users all centres of the session use."""
    (folder / "flows").mkdir(parents=True)
    (folder / "prompts").mkdir()
    (folder / "data" / "cache").mkdir(parents=True)
    (folder / "callcenter.yaml").write_text(yaml.safe_dump(configuration(ports, changes)))
    flows = {"main": MAIN, "patient": PATIENT, "echo": ECHO, "spoken": SPOKEN}
    for name, flow in flows.items():
        (folder / "flows" / f"{name}.yaml").write_text(yaml.safe_dump(flow))
    for name, (freq_hz, seconds) in PROMPTS.items():
        write_wav(folder / "prompts" / f"{name}.wav", tone(freq_hz, seconds))
    for agent in range(1, AGENTS + 1):
        write_wav(folder / f"prompts/agent_{1000 + agent}.wav", tone(Tones.number_of(agent), 0.6))
    (shared / "prompts").mkdir(exist_ok=True)
    (folder / "data" / "cache" / "prompts").symlink_to(shared / "prompts")
    if not (shared / "callcenter.db").exists():
        asyncio.run(_make_users(shared / "callcenter.db"))
    shutil.copy(shared / "callcenter.db", folder / "data" / "callcenter.db")


async def _make_users(file: Path) -> None:
    """Migrating takes half a second, so one file is made and copied."""
    engine: AsyncEngine = make_engine(f"sqlite:///{file}")
    await create_schema(engine)
    users = UserStore(engine)
    for user in USERS:
        await users.add(user)
    await engine.dispose()


class Centre:
    """A centre in `folder`; made by `served`."""

    def __init__(self, folder: Path, ports: Ports, pbx: HostPort | None = None) -> None:
        """pbx: where callers dial; None: at the centre itself."""
        self.folder = folder
        self.ports = ports
        self.capabilities = frozenset(worker.CAPABILITIES)
        "Of its media plane."
        self.pbx = pbx
        self._parents: list[subprocess.Popen[bytes]] = []
        self._known: dict[int, RunFile] = {}

    # -- processes -------------------------------------------------------------------------------

    def serve(self) -> None:
        """Start it, or start it again; returns at once."""
        with (self.folder / "serve.log").open("ab") as log:
            parent = subprocess.Popen(
                [sys.executable, "-m", "callcenter", "serve", str(self.folder)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=ROOT, start_new_session=True,
            )  # fmt: skip
        self._parents.append(parent)

    @property
    def parent(self) -> "subprocess.Popen[bytes]":
        return self._parents[-1]

    def wait_ready(self) -> None:
        until = time.monotonic() + READY_WITHIN_S
        while not self.is_ready():
            assert self.parent.poll() is None, f"the centre did not come up\n{self.log_tails()}"
            assert time.monotonic() < until, f"the centre is not ready\n{self.log_tails()}"
            time.sleep(0.05)

    def is_ready(self) -> bool:
        with (
            suppress(OSError, HTTPException),
            closing(HTTPConnection("127.0.0.1", self.ports.http, timeout=2)) as connection,
        ):
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        return False

    async def ready(self) -> None:
        await self.until(self.is_ready, READY_WITHIN_S)

    def run_files(self) -> dict[str, RunFile]:
        found = {f.name: f for f in read_run_files(run_folder(self.folder)) if f.is_alive}
        self._known.update({f.pid: f for f in found.values()})
        return found

    def pid(self, role: str) -> int:
        return self.run_files()[role].pid

    def kill(self, role: str) -> int:
        """SIGKILL; gives the process id that is no more."""
        pid = self.pid(role)
        os.kill(pid, signal.SIGKILL)
        return pid

    async def replaced(self, role: str, pid: int) -> int:
        """Until another process than `pid` has the role."""
        await self.until(lambda: self.run_files().get(role, _NOBODY).pid not in (pid, 0))
        return self.pid(role)

    def stop(self) -> None:
        """In order, by SIGTERM."""
        self.run_files()
        self.parent.terminate()
        self.parent.wait(STOP_WITHIN_S)

    def left_over(self) -> list[str]:
        """Roles that were seen and still live."""
        return [f.name for f in self._known.values() if f.is_alive]

    def close(self) -> None:
        self.run_files()
        if self.parent.poll() is None:
            self.parent.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.parent.wait(STOP_WITHIN_S)
        for parent in self._parents:
            parent.kill()
            parent.wait()
        for run_file in [*self.run_files().values(), *self._known.values()]:
            if run_file.is_alive:
                os.kill(run_file.pid, signal.SIGKILL)

    # -- what it wrote ---------------------------------------------------------------------------

    def journal(self, after: int = 0) -> list[Record[object]]:
        with closing(JournalFile(self.folder / "data" / "journal.db", read_only=True)) as file:
            return [to_record(row, CODEC) for row in file.after(after, 100_000)]

    def mark(self) -> int:
        """The number of the last record on disk."""
        with closing(JournalFile(self.folder / "data" / "journal.db", read_only=True)) as file:
            last = file.last()
        return last.seq if last else 0

    def facts(self, kind: type[Fact], after: int = 0, **fields: object) -> list[Fact]:
        return [
            record.event
            for record in self.journal(after)
            if isinstance(record.event, kind)
            and all(getattr(record.event, name) == value for name, value in fields.items())
        ]

    async def told(
        self, kind: type[Fact], after: int, within_s: float = PATIENCE_S, **fields: object
    ) -> Fact:
        """The first such fact after the mark, as soon as it is on disk."""
        found: list[Fact] = []

        def look() -> bool:
            found[:] = self.facts(kind, after, **fields)
            return bool(found)

        await self.until(look, within_s, f"{kind.__name__} {fields}")
        return found[0]

    def recording(self, file: str) -> Path:
        return self.folder / "data" / "recordings" / file

    def log_tails(self) -> str:
        files = [self.folder / "serve.log", *sorted(self.folder.glob("data/log/*.log"))]
        return "\n".join(
            f"--- {file.name}\n" + "\n".join(_lines(file)[-LOG_TAIL_LINES:]) for file in files
        )

    def said(self, role: str) -> str:
        return "\n".join(_lines(self.folder / "data" / "log" / f"{role}.log"))

    @staticmethod
    async def until(
        is_so: Callable[[], bool], within_s: float = PATIENCE_S, what: str = "it"
    ) -> None:
        until = time.monotonic() + within_s
        while not is_so():
            assert time.monotonic() < until, f"in vain for {within_s} s: {what}"
            await asyncio.sleep(0.03)

    @staticmethod
    async def until_ok(ask: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
        """Ask until the web role knows what the journal knows already."""
        async with asyncio.timeout(PATIENCE_S):
            while (answer := await ask()).status_code == 404:  # noqa: ASYNC110  # another process
                await asyncio.sleep(0.03)
        assert answer.status_code == 200, answer.text
        return answer

    # -- phones ----------------------------------------------------------------------------------

    @property
    def sip(self) -> HostPort:
        return HostPort("127.0.0.1", self.ports.sip)

    @asynccontextmanager
    async def phone(
        self, number: str = "10086", law: Law | None = None, local_ip: str = "127.0.0.1"
    ) -> AsyncIterator[DeskPhone]:
        """A caller's; not registered."""
        options = PhoneOptions(server=self.pbx or self.sip, user=number, local_ip=local_ip)
        async with DeskPhone.opened(options) as phone:
            assert isinstance(phone, DeskPhone)
            phone.law = law
            yield phone

    @asynccontextmanager
    async def agent(
        self, number: int, law: Law | None = None, local_ip: str = "127.0.0.1"
    ) -> AsyncIterator[DeskPhone]:
        """Registered and READY; leaves (OFF) at the end."""
        agent_id = f"agent{number:04d}"
        options = PhoneOptions(
            server=self.sip, user=agent_id, password=f"pw{number:04d}", local_ip=local_ip
        )
        before = self.mark()
        async with DeskPhone.opened(options) as phone:
            assert isinstance(phone, DeskPhone)
            phone.law = law
            await phone.register()
            await self.told(AgentChanged, before, agent_id=agent_id, state=AgentState.READY)
            yield phone

    def needs(self, capability: str) -> None:
        """Skip the test when the centre's media plane does not declare it."""
        if capability not in self.capabilities:
            pytest.skip(f"the media driver does not declare the capability {capability!r}")

    # -- HTTP ------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports.http}"

    @asynccontextmanager
    async def web(self, name: str | None = "sue") -> AsyncIterator[httpx.AsyncClient]:
        """A client that has signed in as one of `web_house.USERS`; None: as nobody."""
        async with httpx.AsyncClient(base_url=self.url, timeout=10, verify=NO_TLS) as client:
            if name is not None:
                answer = await client.post("/sign-in", data={"name": name, "password": PASSWORD})
                assert answer.status_code == 303, answer.text
            yield client

    @asynccontextmanager
    async def board(self) -> AsyncIterator["Screen"]:
        """The wallboard's socket, followed."""
        async with self.web() as client:
            cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        address = f"ws://127.0.0.1:{self.ports.http}/ws/wallboard"
        async with connect(address, additional_headers={"Cookie": cookie}) as connection:
            screen = Screen(connection)
            await screen.start()
            try:
                yield screen
            finally:
                await screen.stop()


_NOBODY = RunFile("", 0, 0, "", "", 0)


def _lines(file: Path) -> list[str]:
    return file.read_text(errors="replace").splitlines() if file.exists() else []


class Screen:
    """What a wallboard shows: the snapshot with every delta laid over it."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._came = asyncio.Condition()
        self.shown: dict[str, Any] = {}
        self.history: list[dict[str, Any]] = []
        "The totals after each message."

    async def start(self) -> None:
        self._reading = asyncio.create_task(self._read(), name="screen")
        await self.shows(lambda shown: bool(shown))

    async def stop(self) -> None:
        self._reading.cancel()
        await asyncio.wait({self._reading})

    async def shows(
        self, is_so: Callable[[dict[str, Any]], bool], within_s: float = PATIENCE_S
    ) -> None:
        async with asyncio.timeout(within_s), self._came:
            await self._came.wait_for(lambda: is_so(self.shown))

    async def _read(self) -> None:
        async for message in self._connection:
            document = json.loads(message)
            async with self._came:
                if document["type"] == "snapshot":
                    self.shown = document
                else:
                    self.shown = _merged(self.shown, document)
                self.history.append(dict(self.shown["totals"]))
                self._came.notify_all()


def identity_gap(figures: Mapping[str, Any]) -> int:
    """0 when each visit of a caller has exactly one outcome or waits (docs: the identity)."""
    outcomes = ("answered", "abandoned", "overflowed", "callback", "lost", "waiting")
    return int(figures["offered"]) - sum(int(figures[name]) for name in outcomes)


@contextmanager
def served_with(
    driver: str,
    folder: Path,
    shared: Path,
    changes: Changes | None = None,
    pbx: HostPort | None = None,
) -> Iterator[Centre]:
    """`served` with our own media plane or, `driver` being rtpengine, with one of its own."""
    if driver == "own":
        with served(folder, shared, changes, pbx) as centre:
            yield centre
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    engine = Rtpengine(Ports.find().media, folder.with_suffix(".rtpengine.log"))
    with engine.running():
        media = {
            "driver": driver,
            "rtpengine": f"udp:127.0.0.1:{engine.ng[1]}",
            "rtpengine_digits": f"udp:127.0.0.1:{engine.digits[1]}",
        }
        with served(folder, shared, _merged({"media": media}, changes or {}), pbx) as centre:
            centre.capabilities = frozenset(service.CAPABILITIES)
            yield centre


@contextmanager
def served(
    folder: Path,
    shared: Path,
    changes: Changes | None = None,
    pbx: HostPort | None = None,
    ports: Ports | None = None,
    flows: Mapping[str, str] | None = None,
) -> Iterator[Centre]:
    """A centre that is ready; ended afterwards, whatever the test did to it. `flows`: YAML."""
    ports = ports or Ports.find()
    write_centre(folder, ports, shared, changes or {})
    for name, text in (flows or {}).items():
        (folder / "flows" / f"{name}.yaml").write_text(text, encoding="utf-8")
    centre = Centre(folder, ports, pbx)
    centre.serve()
    RUNNING.append(centre)
    try:
        centre.wait_ready()
        yield centre
    finally:
        RUNNING.remove(centre)
        centre.close()
