"""baresip at a served centre: as an agent's phone that registers, and as a caller."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from acd.events import AgentChanged, CallQueued
from recordings import wav
from recordings.events import RecordingEnded, RecordingStarted
from telephony.calls.events import (
    CallBridged,
    Side,
)
from tests.support.baresip import Baresip
from tests.support.centre import Centre, Tones
from tests.support.interop_scenes import holds, is_ready, reaches, transfers
from tests.support.interop_table import shows
from tests.support.programs import need_program
from tests.support.secure_house import House, secure_house
from tests.support.tones import read_wav, signal_to_noise_db, tone, write_wav

pytestmark = [pytest.mark.e2e, pytest.mark.interop]

PROGRAM = "baresip"
FULL_G711_DB = 34.0


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[House]:
    need_program("baresip", "baresip-core")
    with secure_house(tmp_path_factory.mktemp("baresip") / "house", shared) as house:
        yield house


@pytest.fixture
def centre(house: House) -> Centre:
    return house.centre


@pytest.fixture
def agents_phone(centre: Centre, tmp_path: Path) -> dict[str, Any]:
    """How to start agent 1's."""
    return {
        "folder": tmp_path,
        "user": "agent0001",
        "password": "pw0001",
        "server": f"127.0.0.1:{centre.ports.sip}",
        "register": True,
        "says": write_wav(tmp_path / "says.wav", tone(Tones.AGENT, 40)),
    }


@shows("registers", "is rung")
async def test_registers_as_an_agent_answers_by_itself_and_talks(
    centre: Centre, agents_phone: dict[str, Any]
) -> None:
    before = centre.mark()
    async with Baresip.started(**agents_phone) as agent, centre.phone() as caller:
        call = await reaches(caller, centre, before)
        await call.play(tone(Tones.CALLER, 1.5))
        await call.hears(Tones.AGENT, 1.2)
        call.hang_up()
        await agent.wait_for("CALL_CLOSED", within_s=20)
        ended = await centre.told(RecordingEnded, before)
        heard = read_wav(agent.recording("dec"))

    assert signal_to_noise_db(call.heard, Tones.AGENT) > FULL_G711_DB
    assert signal_to_noise_db(heard, Tones.CALLER) > FULL_G711_DB
    assert ended.complete
    file = centre.recording(centre.facts(RecordingStarted, before)[0].file)
    assert signal_to_noise_db(wav.read_side(file, Side.CALLER)[0], Tones.CALLER) > FULL_G711_DB
    assert signal_to_noise_db(wav.read_side(file, Side.AGENT)[0], Tones.AGENT) > FULL_G711_DB


async def test_a_wrong_password_does_not_register(
    centre: Centre, agents_phone: dict[str, Any]
) -> None:
    before = centre.mark()
    # Another agent's: so many failures lock this address out for a while.
    guess = {**agents_phone, "user": "agent0003", "password": "a guess"}
    async with Baresip.started(**guess) as agent:
        log = agent.folder / "baresip.log"
        await centre.until(lambda: "403 Forbidden" in log.read_text(errors="replace"))

    assert centre.facts(AgentChanged, before) == []


@shows("holds")
async def test_its_hold_gives_the_caller_music_and_its_resume_the_agent(
    centre: Centre, agents_phone: dict[str, Any]
) -> None:
    before = centre.mark()
    async with Baresip.started(**agents_phone) as agent, centre.phone() as caller:
        call = await reaches(caller, centre, before)
        await holds(
            centre, before, call,
            hold=lambda: agent.command("hold"),
            resume=lambda: agent.command("resume"),
            hang_up=lambda: agent.command("hangup"),
        )  # fmt: skip


@shows("transfers")
async def test_its_transfer_key_gives_the_caller_to_a_colleague(
    centre: Centre, agents_phone: dict[str, Any]
) -> None:
    before = centre.mark()
    async with Baresip.started(**agents_phone) as agent, centre.phone() as caller:
        call = await reaches(caller, centre, before)
        to = f"sip:agent0002@127.0.0.1:{centre.ports.sip}"
        await transfers(
            centre, before, call,
            transfer=lambda: agent.command("transfer", to),
            ended=lambda: agent.wait_for("CALL_CLOSED", within_s=20),
        )  # fmt: skip


@shows("calls in", "keys")
@pytest.mark.parametrize("law", ["pcmu", "pcma"])
async def test_calls_the_line_presses_a_key_and_talks_to_an_agent(
    centre: Centre, tmp_path: Path, law: str
) -> None:
    before = centre.mark()
    says = write_wav(tmp_path / "says.wav", tone(Tones.CALLER, 40))
    async with (
        Baresip.started(
            tmp_path, user="10087", says=says, server="127.0.0.1", codecs=f"{law}/8000/1"
        ) as caller,
        centre.agent(2) as agent,
    ):
        await caller.command("dial", f"sip:8000@127.0.0.1:{centre.ports.sip}")
        await caller.wait_for("CALL_ESTABLISHED", within_s=20)
        await caller.command("sndcode", "2")
        assert (await centre.told(CallQueued, before)).queue == "brisk"
        incoming = await agent.rings()
        incoming.accept()
        await centre.told(CallBridged, before)
        await incoming.play(tone(Tones.AGENT, 1.5))
        await incoming.hears(Tones.CALLER, 1.2)
        incoming.hang_up()
        await caller.wait_for("CALL_CLOSED", within_s=20)
        heard = read_wav(caller.recording("dec"))

    assert signal_to_noise_db(heard, Tones.AGENT) > FULL_G711_DB
    assert signal_to_noise_db(incoming.heard, Tones.CALLER) > FULL_G711_DB


@shows("TLS")
async def test_registers_over_tls_answers_by_itself_and_talks(
    house: House, agents_phone: dict[str, Any]
) -> None:
    centre = house.centre
    before = centre.mark()
    tls = {"server": house.tls_address, "transport": "tls"}
    async with Baresip.started(**{**agents_phone, **tls}) as agent, centre.phone() as caller:
        await is_ready(centre, before)
        call = caller.dial("8000")
        await call.answered()
        call.press("1")
        await centre.told(CallBridged, before, agent_id="agent0001")
        await call.hears(Tones.AGENT, 1.2)
        call.hang_up()
        await agent.wait_for("CALL_CLOSED", within_s=20)


@shows("SRTP")
@pytest.mark.parametrize("transport", ["udp", "tls"])
async def test_calls_the_line_with_srtp_and_talks_to_an_agent(
    house: House, tmp_path: Path, transport: str
) -> None:
    centre = house.centre
    before = centre.mark()
    says = write_wav(tmp_path / "says.wav", tone(Tones.CALLER, 40))
    address = house.tls_address if transport == "tls" else house.udp_address
    callers = Baresip.started(
        tmp_path, user="10087", says=says, server=address, transport=transport,
        account=";mediaenc=srtp-mand", config="module srtp.so\n",
    )  # fmt: skip
    async with callers as caller, centre.agent(2) as agent:
        await caller.command("dial", f"sip:8000@{address};transport={transport}")
        await caller.wait_for("CALL_ESTABLISHED", within_s=20)
        await caller.command("sndcode", "2")
        incoming = await agent.rings()
        incoming.accept()
        await centre.told(CallBridged, before)
        await incoming.play(tone(Tones.AGENT, 1.5))
        await incoming.hears(Tones.CALLER, 1.2)
        incoming.hang_up()
        await caller.wait_for("CALL_CLOSED", within_s=20)
        heard = read_wav(caller.recording("dec"))

    assert signal_to_noise_db(heard, Tones.AGENT) > FULL_G711_DB
    assert signal_to_noise_db(incoming.heard, Tones.CALLER) > FULL_G711_DB
