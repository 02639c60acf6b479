"""A served centre on several transports at once: agents and callers on TCP, TLS and WebSocket."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from acd.events import AgentChanged, AgentState
from telephony.calls.events import CallArrived, CallBridged
from telephony.sip.events import HostPort
from telephony.sip.sockets.tls import TlsFiles
from tests.support.baresip import Baresip
from tests.support.centre import Centre, Ports, Tones, served
from tests.support.certificates import make_certificate
from tests.support.interop_table import shows
from tests.support.programs import need_program
from tests.support.tones import tone, write_wav
from tests.support.web_phone import WebPhone

pytestmark = [pytest.mark.e2e, pytest.mark.interop]


@dataclass(frozen=True, slots=True)
class House:
    """A centre with its ports by transport."""

    centre: Centre
    folder: Path
    tcp: int
    tls: int
    wss: int


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[House]:
    need_program("baresip", "baresip-core")
    folder = tmp_path_factory.mktemp("certificates")
    files = make_certificate(folder)
    tcp, tls, wss = (Ports.find().http for _ in range(3))
    udp = Ports.find().sip
    listen = [
        f"udp:127.0.0.1:{udp}",
        f"tcp:127.0.0.1:{tcp}",
        f"tls:127.0.0.1:{tls}",
        f"wss:127.0.0.1:{wss}",
    ]
    pair = {"certificate": str(files.certificate), "key": str(files.key)}
    changes = {"sip": {"listen": listen, "tls": pair}}
    with served(tmp_path_factory.mktemp("centre"), shared, changes) as centre:
        yield House(centre, folder, tcp, tls, wss)


def phone(house: House, folder: Path, transport: str, port: int, agent: int) -> dict[str, Any]:
    folder = folder / f"{transport}{agent}"
    folder.mkdir()
    return {
        "folder": folder,
        "user": f"agent{agent:04d}",
        "password": f"pw{agent:04d}",
        "server": f"127.0.0.1:{port}",
        "register": True,
        "transport": transport,
        "says": write_wav(folder / "says.wav", tone(Tones.AGENT, 40)),
    }


async def is_ready(centre: Centre, before: int, agent: int) -> None:
    agent_id = f"agent{agent:04d}"
    await centre.told(AgentChanged, before, agent_id=agent_id, state=AgentState.READY)


@pytest.mark.parametrize(
    "transport",
    [
        pytest.param("tcp", marks=shows("TCP", by="baresip")),
        pytest.param("tls", marks=shows("TLS", by="baresip")),
    ],
)
async def test_an_agent_and_a_caller_talk_over(
    transport: str, house: House, tmp_path: Path
) -> None:
    centre, port = house.centre, getattr(house, transport)
    before = centre.mark()
    agents = phone(house, tmp_path, transport, port, 1)
    callers = {**phone(house, tmp_path, transport, port, 2), "register": False}
    async with Baresip.started(**agents) as agent, Baresip.started(**callers) as caller:
        await is_ready(centre, before, 1)
        await caller.command("dial", f"sip:8000@127.0.0.1:{port};transport={transport}")
        await centre.told(CallArrived, before)
        await caller.wait_for("CALL_ESTABLISHED", 20)
        await centre.told(CallBridged, before, agent_id="agent0001")
        await agent.command("hangup")
        await caller.wait_for("CALL_CLOSED", 20)
    await centre.told(AgentChanged, before, agent_id="agent0001", state=AgentState.OFF)


async def test_a_browsers_phone_is_an_agents_and_is_gone_with_its_connection(
    house: House,
) -> None:
    centre = house.centre
    before = centre.mark()
    files = TlsFiles(house.folder / "hotline.pem", house.folder / "hotline.key")
    async with WebPhone.connected(HostPort("127.0.0.1", house.wss), files) as browser:
        assert await browser.register("agent0003", "pw0003") == 200
        await is_ready(centre, before, 3)
    await centre.told(AgentChanged, before, agent_id="agent0003", state=AgentState.OFF)


async def test_the_listening_sockets_outlive_a_killed_core(house: House, tmp_path: Path) -> None:
    centre = house.centre
    before = centre.mark()
    agents = phone(house, tmp_path, "tls", house.tls, 4)
    async with Baresip.started(**agents):
        await is_ready(centre, before, 4)
        before = centre.mark()
        pid = centre.kill("core")
        callers = {**phone(house, tmp_path, "tcp", house.tcp, 5), "register": False}
        async with Baresip.started(**callers) as caller:
            # The connection waits in the kernel until a core accepts it.
            await caller.command("dial", f"sip:8000@127.0.0.1:{house.tcp};transport=tcp")
            await centre.replaced("core", pid)
            await caller.wait_for("CALL_ESTABLISHED", 30)
    await centre.ready()
