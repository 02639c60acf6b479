"""The pyVoIP phone at a served centre: as an agent's phone and as a caller."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from acd.events import AgentChanged, AgentState, CallQueued
from callcenter.demo.phone_process import PhoneProcess
from callcenter.demo.pyvoip_phone import protocol
from telephony.calls.events import CallBridged, CallEnded, EndedBy
from tests.support.centre import Centre, Tones, served
from tests.support.interop_table import shows
from tests.support.programs import find_free_port
from tests.support.tones import read_wav, signal_to_noise_db, tone, write_wav

pytestmark = [pytest.mark.e2e, pytest.mark.interop]

PROGRAM = "pyVoIP"
FULL_G711_DB = 34.0


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[Centre]:
    with served(tmp_path_factory.mktemp("centre"), shared) as centre:
        yield centre


def options(centre: Centre, user: str, *more: str) -> tuple[str, ...]:
    server = f"127.0.0.1:{centre.ports.sip}"
    return ("--server", server, "--user", user, "--sip-port", str(find_free_port()), *more)


@shows("registers", "is rung")
async def test_registers_as_an_agent_answers_by_itself_and_talks(
    centre: Centre, tmp_path: Path
) -> None:
    before = centre.mark()
    says = write_wav(tmp_path / "says.wav", tone(Tones.AGENT, 1.5))
    heard = tmp_path / "heard.wav"
    how = options(centre, "agent0001", "--password", "pw0001", "--auto-answer")
    async with PhoneProcess.started(*how) as agent, centre.phone() as caller:
        await agent.do(protocol.Register())
        await agent.wait_for(protocol.Registered, within_s=20)
        await centre.told(AgentChanged, before, agent_id="agent0001", state=AgentState.READY)
        call = caller.dial("8000")
        await call.answered()
        call.press("1")
        await agent.wait_for(protocol.Answered, within_s=20)
        await centre.told(CallBridged, before)
        await agent.do(protocol.Play(str(says)))
        await call.play(tone(Tones.CALLER, 1.5))
        await call.hears(Tones.AGENT, 1.2)
        call.hang_up()
        assert (await agent.wait_for(protocol.Ended, within_s=20)).by == "peer"
        await agent.do(protocol.Save(str(heard)))
        await agent.wait_for(protocol.Saved, within_s=20)

    assert signal_to_noise_db(call.heard, Tones.AGENT) > FULL_G711_DB
    assert signal_to_noise_db(read_wav(heard), Tones.CALLER) > FULL_G711_DB


async def test_a_wrong_password_does_not_register(centre: Centre) -> None:
    before = centre.mark()
    how = options(centre, "agent0003", "--password", "a guess")
    async with PhoneProcess.started(*how) as agent:
        await agent.do(protocol.Register())
        await agent.wait_for(protocol.Trouble, within_s=20)

    assert centre.facts(AgentChanged, before) == []


@shows("calls in", "keys")
async def test_calls_the_line_presses_a_key_and_talks_to_an_agent(
    centre: Centre, tmp_path: Path
) -> None:
    before = centre.mark()
    says = write_wav(tmp_path / "says.wav", tone(Tones.CALLER, 1.5))
    heard = tmp_path / "heard.wav"
    async with (
        PhoneProcess.started(*options(centre, "10088")) as caller,
        centre.agent(2) as agent,
    ):
        await caller.do(protocol.Call("8000"))
        await caller.wait_for(protocol.Answered, within_s=20)
        await caller.do(protocol.Press("2"))
        assert (await centre.told(CallQueued, before)).queue == "brisk"
        incoming = await agent.rings()
        incoming.accept()
        await centre.told(CallBridged, before)
        await caller.do(protocol.Play(str(says)))
        await incoming.play(tone(Tones.AGENT, 1.5))
        await incoming.hears(Tones.CALLER, 1.2)
        await caller.do(protocol.Hangup())
        assert (await caller.wait_for(protocol.Ended, within_s=20)).by == "us"
        await caller.do(protocol.Save(str(heard)))
        await caller.wait_for(protocol.Saved, within_s=20)
        assert (await centre.told(CallEnded, before)).by is EndedBy.CALLER

    assert signal_to_noise_db(read_wav(heard), Tones.AGENT) > FULL_G711_DB
    assert signal_to_noise_db(incoming.heard, Tones.CALLER) > FULL_G711_DB
