"""The demo's centre: a folder written anew, then served by `callcenter serve` as any other."""

import asyncio
import os
import re
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

import callcenter
from callcenter.commands.init import FIRST_USER, new_password
from callcenter.configuration.settings import Settings, load
from callcenter.places import Places
from foundation.db import create_schema, make_engine
from foundation.errors import CallCentreError
from foundation.web.store import UserStore
from foundation.web.users import Passwords, Role, User

TEMPLATE = Path(__file__).with_name("centre.yaml")
FLOWS = Path(callcenter.__file__).parent / "starter" / "flows"
HOST = "127.0.0.1"
READY_WITHIN_S = 60.0
STOPPED_WITHIN_S = 20.0
ASK_READY_EVERY_S = 0.1


class CentreFailed(CallCentreError):
    """The centre did not start; the message says where its logs are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Centre:
    """Where it is and who may do what."""

    folder: Path
    sip_port: int
    http_port: int
    supervisor: str
    password: str
    "Of the supervisor."
    sip_passwords: Mapping[str, str]
    names: Mapping[str, str]
    "Agents' names by id."

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.http_port}"

    @property
    def places(self) -> Places:
        return Places(self.folder / "data")


async def write_centre(folder: Path, blocked: str) -> Centre:
    """Fresh passwords, free ports; `blocked` is the number that is refused."""
    sip_port = _free_port(socket.SOCK_DGRAM, 5060)
    http_port = _free_port(socket.SOCK_STREAM, 8080)
    filled: dict[str, Callable[[], str]] = {
        "SIP_PORT": lambda: str(sip_port),
        "HTTP_PORT": lambda: str(http_port),
        "BLOCKED": lambda: blocked,
        "PASSWORD": new_password,
    }
    text = re.sub("@([A-Z_]+)@", lambda m: filled[m[1]](), TEMPLATE.read_text(encoding="utf-8"))
    settings = await asyncio.to_thread(_write, folder, text)
    password = new_password()
    await _add_supervisor(settings.database_url, password)
    return Centre(
        folder=folder,
        sip_port=sip_port,
        http_port=http_port,
        supervisor=FIRST_USER,
        password=password,
        sip_passwords={a.id: a.sip_password.get_secret_value() for a in settings.agents},
        names={agent.id: agent.name for agent in settings.agents},
    )


def _write(folder: Path, text: str) -> Settings:
    (folder / "data").mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / "callcenter.yaml"
    file.touch(mode=0o600)  # it holds passwords
    file.write_text(text, encoding="utf-8")
    shutil.copytree(FLOWS, folder / "flows", dirs_exist_ok=True)
    return load(folder)


async def _add_supervisor(database_url: str, password: str) -> None:
    engine = make_engine(database_url)
    try:
        await create_schema(engine)
        hashed = Passwords().hash(password)
        await UserStore(engine).add(User(FIRST_USER, Role.ADMINISTRATOR, hashed))
    finally:
        await engine.dispose()


def _free_port(kind: socket.SocketKind, wanted: int) -> int:
    """The wanted one if nobody has it, for then a softphone needs no port typed in."""
    for port in (wanted, 0):
        with socket.socket(socket.AF_INET, kind) as probe:
            # What a server does too: a port in TIME_WAIT is free.
            if kind is socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind((HOST, port))
                return int(probe.getsockname()[1])
    raise CentreFailed("this machine has no free port on 127.0.0.1")


@asynccontextmanager
async def served(centre: Centre) -> AsyncIterator[None]:
    """While it runs, callers are answered and the wallboard moves."""
    log = centre.places.logs / "serve.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "callcenter", "serve", str(centre.folder),
            stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output,
            env=dict(_environment()),
            start_new_session=True,  # Ctrl-C is for the demo, which ends the centre in order
        )  # fmt: skip
    try:
        await _wait_ready(centre, process)
        yield
    finally:
        await _stop(process)


def _environment() -> Iterator[tuple[str, str]]:
    """Ours, without what would change the centre's configuration; with our packages' place."""
    for name, value in os.environ.items():
        if not name.upper().startswith("CALLCENTER_"):
            yield name, value
    root = str(Path(callcenter.__file__).parent.parent)
    yield "PYTHONPATH", os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])


async def _wait_ready(centre: Centre, process: asyncio.subprocess.Process) -> None:
    async with httpx.AsyncClient(base_url=centre.url) as http:
        with suppress(TimeoutError):
            async with asyncio.timeout(READY_WITHIN_S):
                while process.returncode is None:
                    with suppress(httpx.TransportError):
                        if (await http.get("/readyz")).is_success:
                            return
                    await asyncio.sleep(ASK_READY_EVERY_S)
    raise CentreFailed(f"the centre did not start; its logs are in {centre.places.logs}")


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), STOPPED_WITHIN_S)
    except TimeoutError:
        process.kill()
        await process.wait()
