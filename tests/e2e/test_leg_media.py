"""A served centre whose phones and trunks are spoken with as the configuration says."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from acd.events import AgentChanged, AgentState, CallQueued
from telephony.calls.events import CallAnswered, CallBridged, CallEnded
from tests.support.baresip import Baresip
from tests.support.centre import Centre, Tones, served
from tests.support.interop_table import shows
from tests.support.programs import need_program
from tests.support.tones import read_wav, signal_to_noise_db, tone, write_wav

pytestmark = [pytest.mark.e2e, pytest.mark.interop]

PROGRAM = "baresip"
TRUNK = "127.0.0.9"
SECURE_WORDS = ("SRTP is Enabled", "DTLS-SRTP complete")
CONFIG = "module srtp.so\nmodule dtls_srtp.so\nmodule ice.so\nrtcp_mux yes\n"
FULL_G711_DB = 34.0
KEYS_HZ = {"1": (697, 1209), "2": (697, 1336)}
AGENTS = [
    {
        "id": f"agent{n:04d}", "name": f"Agent {n}", "sip_password": f"pw{n:04d}",
        "number": str(1000 + n), "skills": {"orders": 5}, "srtp": srtp, "webrtc": n == 4,
    }
    for n, srtp in ((1, "require"), (2, "offer"), (3, "never"), (4, "never"))
]  # fmt: skip


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[Centre]:
    need_program("baresip", "baresip-core")
    pytest.importorskip("pylibsrtp", reason="its wheel is not installed")
    changes = {
        "agents": AGENTS,
        "trunks": [{"name": "north", "addresses": [TRUNK], "inband_dtmf": True}],
    }
    with served(tmp_path_factory.mktemp("centre"), shared, changes) as centre:
        yield centre


def phone(centre: Centre, folder: Path, number: int, encryption: str) -> dict[str, Any]:
    """How to start an agent's."""
    return {
        "folder": folder,
        "user": f"agent{number:04d}",
        "password": f"pw{number:04d}",
        "server": f"127.0.0.1:{centre.ports.sip}",
        "register": True,
        "says": write_wav(folder / "says.wav", tone(Tones.AGENT, 40)),
        "account": f";mediaenc={encryption}" if encryption else "",
        "config": CONFIG,
    }


async def is_ready(centre: Centre, before: int, agent_id: str) -> None:
    await centre.told(AgentChanged, before, agent_id=agent_id, state=AgentState.READY)


def keys(digits: str) -> bytes:
    """As a network makes them that knows of no telephone events."""
    pause = bytes(1600)
    pressed = []
    for digit in digits:
        low, high = (np.frombuffer(tone(hz, 0.1, -16), "<i2") for hz in KEYS_HZ[digit])
        pressed.append((low + high).tobytes())
    return pause + pause.join(pressed) + pause


@pytest.mark.parametrize(
    ("number", "encryption", "is_secure"),
    [
        pytest.param(1, "srtp-mand", True, id="srtp alone", marks=shows("SRTP")),
        pytest.param(2, "srtp", True, id="srtp taken", marks=shows("SRTP")),
        pytest.param(2, "", False, id="srtp not taken"),
        pytest.param(3, "", False, id="plain"),
        pytest.param(4, "dtls_srtp;medianat=ice", True, id="dtls and ice"),
    ],
)
async def test_an_agents_phone_talks_as_its_account_says(
    centre: Centre, tmp_path: Path, number: int, encryption: str, is_secure: bool
) -> None:
    before = centre.mark()
    agent_id = f"agent{number:04d}"
    async with (
        Baresip.started(**phone(centre, tmp_path, number, encryption)) as agent,
        centre.phone(local_ip=TRUNK) as caller,
    ):
        await is_ready(centre, before, agent_id)
        call = caller.dial("8000")
        await call.answered()
        # No event is sent: the key is in the audio.
        await call.play(keys("1"))
        await centre.told(CallQueued, before, queue="orders")
        await centre.told(CallBridged, before, agent_id=agent_id)
        await call.play(tone(Tones.CALLER, 1.5))
        await call.hears(Tones.AGENT, 1.2)
        call.hang_up()
        await agent.wait_for("CALL_CLOSED", within_s=20)
        heard = read_wav(agent.recording("dec"))
        log = (tmp_path / "baresip.log").read_text(errors="replace")

    assert any(words in log for words in SECURE_WORDS) is is_secure
    assert signal_to_noise_db(call.heard, Tones.AGENT) > FULL_G711_DB
    assert signal_to_noise_db(heard, Tones.CALLER) > FULL_G711_DB
    assert "inline:" not in centre.log_tails()


async def test_an_agents_own_call_without_srtp_is_refused_where_it_is_required(
    centre: Centre, tmp_path: Path
) -> None:
    before = centre.mark()
    async with Baresip.started(**phone(centre, tmp_path, 1, "")) as agent:
        await is_ready(centre, before, "agent0001")
        await agent.command("dial", f"sip:8000@127.0.0.1:{centre.ports.sip}")
        closed = await agent.wait_for("CALL_CLOSED", 20)

    assert "488" in str(closed["param"])
    assert not centre.facts(CallAnswered, before)


async def test_a_protected_caller_presses_keys_that_come_as_events(
    centre: Centre, tmp_path: Path
) -> None:
    before = centre.mark()
    async with Baresip.started(**phone(centre, tmp_path, 1, "srtp-mand")) as agent:
        await is_ready(centre, before, "agent0001")
        await agent.command("dial", f"sip:8000@127.0.0.1:{centre.ports.sip}")
        await agent.wait_for("CALL_ESTABLISHED", 20)
        await agent.command("sndcode", "2")
        await centre.told(CallQueued, before, queue="brisk")
        await agent.command("hangup")
    await centre.told(CallEnded, before)
