"""linphonec at a served centre: as an agent's phone, as a caller, over TLS and with SRTP."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from acd.events import AgentChanged, AgentState, CallQueued, TalkTaken
from telephony.calls.events import (
    CallBridged,
    CallHeld,
    GuestJoined,
    Side,
)
from tests.support.centre import Centre, Tones
from tests.support.interop_scenes import holds, reaches, transfers
from tests.support.interop_table import shows
from tests.support.linphone import Linphone
from tests.support.programs import need_program
from tests.support.secure_house import SECURE, House, secure_house
from tests.support.tones import read_wav, signal_to_noise_db, tone, write_wav

pytestmark = [pytest.mark.e2e, pytest.mark.interop, pytest.mark.matrix]

PROGRAM = "linphonec"
GOOD_DB = 25.0
"Its own mixer rounds; G.711 alone is 38."


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[House]:
    need_program("linphonec", "linphone-cli")
    with secure_house(tmp_path_factory.mktemp("linphone") / "house", shared) as house:
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
        "says": write_wav(tmp_path / "says.wav", tone(Tones.AGENT, 40)),
    }


async def talks(centre: Centre, before: int, phone: dict[str, Any]) -> None:
    """A caller reaches the agent's linphonec; both hear each other."""
    async with Linphone.started(**phone) as agent, centre.phone() as caller:
        call = await reaches(caller, centre, before, phone["user"])
        await call.play(tone(Tones.CALLER, 2.5))
        await call.hears(Tones.AGENT, 1.2)
        call.hang_up()
        await agent.prints("ended")
    assert signal_to_noise_db(call.heard, Tones.AGENT) > GOOD_DB
    assert signal_to_noise_db(read_wav(agent.recording), Tones.CALLER) > GOOD_DB


@shows("registers", "is rung")
async def test_registers_as_an_agent_answers_by_itself_and_talks(
    centre: Centre, agents_phone: dict[str, Any]
) -> None:
    await talks(centre, centre.mark(), agents_phone)


@shows("TLS")
async def test_registers_over_tls_and_talks(house: House, agents_phone: dict[str, Any]) -> None:
    tls = {"server": house.tls_address, "transport": "tls"}
    await talks(house.centre, house.centre.mark(), {**agents_phone, **tls})


@shows("TLS", "SRTP")
async def test_is_rung_over_tls_with_srtp_and_talks(
    house: House, agents_phone: dict[str, Any]
) -> None:
    account = {"user": f"agent000{SECURE}", "password": f"pw000{SECURE}", "secure": True}
    tls = {"server": house.tls_address, "transport": "tls"}
    await talks(house.centre, house.centre.mark(), {**agents_phone, **tls, **account})


async def test_a_wrong_password_does_not_register(
    centre: Centre, agents_phone: dict[str, Any]
) -> None:
    before = centre.mark()
    # Another agent's: so many failures lock this address out for a while.
    guess = {**agents_phone, "user": "agent0003", "password": "guess"}
    async with Linphone.started(**guess) as agent:
        await agent.prints("Password for agent0003")
    assert centre.facts(AgentChanged, before) == []


@shows("holds")
async def test_its_hold_gives_the_caller_music_and_its_resume_the_agent(
    centre: Centre, agents_phone: dict[str, Any]
) -> None:
    before = centre.mark()
    async with Linphone.started(**agents_phone) as agent, centre.phone() as caller:
        call = await reaches(caller, centre, before)
        await holds(
            centre, before, call,
            hold=lambda: agent.command("pause"),
            resume=lambda: agent.command("resume"),
            hang_up=lambda: agent.command("terminate"),
        )  # fmt: skip


@shows("transfers")
async def test_its_transfer_key_gives_the_caller_to_a_colleague(
    centre: Centre, agents_phone: dict[str, Any]
) -> None:
    before = centre.mark()
    async with Linphone.started(**agents_phone) as agent, centre.phone() as caller:
        call = await reaches(caller, centre, before)
        to = f"sip:agent0002@127.0.0.1:{centre.ports.sip}"
        await transfers(
            centre, before, call,
            transfer=lambda: agent.command(f"transfer {to}"),
            ended=lambda: agent.prints("ended"),
        )  # fmt: skip


@shows("consults")
async def test_it_asks_a_colleague_on_a_second_line_and_joins_the_two(
    centre: Centre, agents_phone: dict[str, Any]
) -> None:
    before = centre.mark()
    async with Linphone.started(**agents_phone) as agent, centre.phone() as caller:
        call = await reaches(caller, centre, before)
        async with centre.agent(2) as colleague:
            call.play(tone(Tones.CALLER, 180))
            asked_at_s = call.heard_s
            await agent.command("pause")  # without it: "Terminate current call first."
            await centre.told(CallHeld, before, side=Side.AGENT)
            await agent.command(f"call sip:agent0002@127.0.0.1:{centre.ports.sip}")
            asked = await colleague.rings()
            asked.accept()
            await centre.told(GuestJoined, before)
            await asked.hears(Tones.AGENT, 0.6)
            await call.hears(Tones.MUSIC, 0.6, since_s=asked_at_s)
            await agent.command("transfer 1 --to-call 2")
            await asked.hears(Tones.CALLER, 0.6)
            await agent.prints("ended", count=2)
            await centre.told(TalkTaken, before, agent_id="agent0002")
            call.hang_up()
            assert not (await asyncio.wait_for(asked.over(), 20)).by_us


@shows("calls in")
@pytest.mark.parametrize(
    "by",
    [
        pytest.param("udp", marks=shows("keys")),
        pytest.param("tcp with info", marks=shows("TCP", "INFO")),
        pytest.param("tls with srtp", marks=shows("keys", "TLS", "SRTP")),
    ],
)
async def test_calls_the_line_presses_a_key_and_talks_to_an_agent(
    house: House, tmp_path: Path, by: str
) -> None:
    centre, transport = house.centre, by[:3]
    before = centre.mark()
    says = write_wav(tmp_path / "says.wav", tone(Tones.CALLER, 40))
    port = {"udp": centre.ports.sip, "tcp": house.tcp, "tls": house.tls}[transport]
    phone = Linphone.started(
        tmp_path, user="agent0004", password="pw0004", says=says, transport=transport,
        server=f"127.0.0.1:{port}", secure="srtp" in by, info="info" in by,
    )  # fmt: skip
    # Without an account linphonec 5.1 writes no Contact that can be read. The agent who calls is
    # ready, too; the other one has been so for longer and gets the call.
    async with centre.agent(2) as agent, phone as caller:
        await centre.told(AgentChanged, before, agent_id="agent0004", state=AgentState.READY)
        await caller.command(f"call sip:8000@127.0.0.1:{port};transport={transport}")
        await caller.prints("connected")
        await caller.command("2")
        assert (await centre.told(CallQueued, before)).queue == "brisk"
        incoming = await agent.rings()
        incoming.accept()
        await centre.told(CallBridged, before)
        await incoming.play(tone(Tones.AGENT, 2.5))
        await incoming.hears(Tones.CALLER, 1.2)
        incoming.hang_up()
        await caller.prints("ended")

    assert signal_to_noise_db(read_wav(caller.recording), Tones.AGENT) > GOOD_DB
    assert signal_to_noise_db(incoming.heard, Tones.CALLER) > GOOD_DB
