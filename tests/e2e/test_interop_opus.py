"""Phones with Opus at a served centre, beside one of G.711 and beside another one of Opus."""

import asyncio
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recordings import wav
from recordings.events import RecordingEnded, RecordingStarted
from telephony.calls.events import CallBridged, Side
from telephony.media.sound import opus
from tests.support.baresip import Baresip
from tests.support.centre import Centre, Tones, served
from tests.support.interop_scenes import is_ready
from tests.support.interop_table import shows
from tests.support.linphone import Linphone
from tests.support.programs import need_program
from tests.support.tones import read_wav, seconds_of_tone, tone, write_wav

pytestmark = [pytest.mark.e2e, pytest.mark.interop]

PROGRAM = "baresip"

TALK_S = 2.0
CODEC = "opus/48000/1"
"baresip's own name for it without stereo; for a name that it does not know it offers all it has."
SPEAKS_IT = "Set audio decoder: opus"
CONFIG = "module opus.so\nopus_stereo no\nopus_sprop_stereo no\nopus_inbandfec yes\n"


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[Centre]:
    need_program("baresip", "baresip-core")
    if not opus.is_installed():
        pytest.skip("libopus is not installed")
    changes = {"media": {"opus": True}}
    with served(tmp_path_factory.mktemp("centre"), shared, changes) as centre:
        yield centre


def heard_8k(file: Path) -> bytes:
    """baresip records at the codec's rate; of a tone every sixth sample says as much."""
    with wave.open(str(file)) as reader:
        step = reader.getframerate() // 8000
    return np.frombuffer(read_wav(file), "<i2")[::step].tobytes()


def speaks_opus(phone: dict[str, Any]) -> bool:
    return SPEAKS_IT in (phone["folder"] / "baresip.log").read_text(errors="replace")


def phone(centre: Centre, folder: Path, codecs: str, freq_hz: float) -> dict[str, Any]:
    folder.mkdir()
    return {
        "folder": folder,
        "server": f"127.0.0.1:{centre.ports.sip}",
        "says": write_wav(folder / "says.wav", tone(freq_hz, 40)),
        "codecs": codecs,
        "config": CONFIG,
    }


async def talks(caller: Baresip, centre: Centre, before: int, agent_id: str) -> None:
    """Once the agent is ready: call the line, press 1, and be heard for a while."""
    await is_ready(centre, before, agent_id)
    await caller.command("dial", f"sip:8000@127.0.0.1:{centre.ports.sip}")
    await caller.wait_for("CALL_ESTABLISHED", 20)
    await caller.command("sndcode", "1")
    await centre.told(CallBridged, before, agent_id=agent_id)
    await asyncio.sleep(TALK_S)


@shows("Opus")
@pytest.mark.parametrize(
    "agents_codecs", [f"{CODEC},pcma/8000/1", "pcma/8000/1"], ids=["opus too", "g711 alone"]
)
async def test_a_caller_with_opus_talks_with_an_agent(
    centre: Centre, tmp_path: Path, agents_codecs: str
) -> None:
    before = centre.mark()
    agents = phone(centre, tmp_path / "agent", agents_codecs, Tones.AGENT)
    callers = phone(centre, tmp_path / "caller", CODEC, Tones.CALLER)
    async with (
        Baresip.started(**agents, user="agent0001", password="pw0001", register=True) as agent,
        Baresip.started(**callers, user="10086") as caller,
    ):
        await talks(caller, centre, before, "agent0001")
        await agent.command("hangup")
        await caller.wait_for("CALL_CLOSED", 20)
        await centre.told(RecordingEnded, before)
        agent_heard = heard_8k(agent.recording("dec"))
        caller_heard = heard_8k(caller.recording("dec"))

    assert speaks_opus(callers)
    assert speaks_opus(agents) is (CODEC in agents_codecs)
    assert seconds_of_tone(agent_heard, Tones.CALLER) > 1.2
    assert seconds_of_tone(caller_heard, Tones.AGENT) > 1.2
    file = centre.recording(centre.facts(RecordingStarted, before)[0].file)
    assert seconds_of_tone(wav.read_side(file, Side.AGENT)[0], Tones.AGENT) > 1.2
    assert seconds_of_tone(wav.read_side(file, Side.CALLER)[0], Tones.CALLER) > 1.2


@pytest.mark.matrix
@shows("Opus", by="linphonec")
async def test_with_nothing_but_opus_it_is_rung_and_talks(centre: Centre, tmp_path: Path) -> None:
    before = centre.mark()
    says = write_wav(tmp_path / "says.wav", tone(Tones.AGENT, 40))
    agents = Linphone.started(
        tmp_path, user="agent0002", password="pw0002", says=says, codec="opus",
        server=f"127.0.0.1:{centre.ports.sip}",
    )  # fmt: skip
    callers = phone(centre, tmp_path / "caller", CODEC, Tones.CALLER)
    async with agents as agent, Baresip.started(**callers, user="10086") as caller:
        await talks(caller, centre, before, "agent0002")
        await caller.command("hangup")
        await agent.prints("ended")
        await centre.told(RecordingEnded, before)
        caller_heard = heard_8k(caller.recording("dec"))

    assert seconds_of_tone(heard_8k(agent.recording), Tones.CALLER) > 1.2
    assert seconds_of_tone(caller_heard, Tones.AGENT) > 1.2
    assert speaks_opus(callers)
