"""Kamailio in front of a served centre: calls in and out, hold, digits, TLS and SRTP through it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from acd.events import AgentChanged, AgentState, CallQueued, TalkTaken
from callcenter.demo.softphone import PhoneOptions
from telephony.calls.events import (
    CallBridged,
    CallEnded,
    CallHeld,
    CallResumed,
    EndedBy,
    GuestJoined,
    Side,
)
from tests.support.baresip import Baresip
from tests.support.centre import Centre, Tones
from tests.support.desk_phone import DeskCall, DeskPhone
from tests.support.edge_proxy import Kamailio
from tests.support.interop_table import shows
from tests.support.programs import need_program
from tests.support.secure_house import House, secure_house
from tests.support.tones import read_wav, signal_to_noise_db, tone, write_wav

pytestmark = [pytest.mark.e2e, pytest.mark.interop, pytest.mark.matrix]

PROGRAM = "Kamailio"
FULL_G711_DB = 34.0


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[House]:
    need_program("kamailio", "kamailio kamailio-tls-modules")
    with secure_house(tmp_path_factory.mktemp("kamailio") / "house", shared) as house:
        yield house


@pytest.fixture
async def proxy(house: House, tmp_path: Path) -> AsyncIterator[Kamailio]:
    folder = tmp_path / "proxy"
    folder.mkdir()
    async with Kamailio.started(folder, centre=house.centre.sip, files=house.files) as proxy:
        yield proxy


@pytest.fixture
def centre(house: House) -> Centre:
    return house.centre


@asynccontextmanager
async def phone(proxy: Kamailio, user: str, password: str = "") -> AsyncIterator[DeskPhone]:
    options = PhoneOptions(server=proxy.udp, user=user, password=password)
    async with DeskPhone.opened(options) as phone:
        assert isinstance(phone, DeskPhone)
        if password:
            await phone.register()
        yield phone


@shows("calls in", "keys", "holds")
async def test_a_call_through_it_presses_a_key_talks_holds_and_hears_the_end(
    centre: Centre, proxy: Kamailio
) -> None:
    before = centre.mark()
    async with phone(proxy, "10086") as caller, centre.agent(2) as agent:
        call = caller.dial("8000")
        await call.answered()
        call.press("2")
        assert (await centre.told(CallQueued, before)).queue == "brisk"
        incoming = await agent.rings()
        incoming.accept()
        await centre.told(CallBridged, before)
        call.play(tone(Tones.CALLER, 180))
        incoming.play(tone(Tones.AGENT, 180))
        await call.hears(Tones.AGENT, 1.0)
        await incoming.hears(Tones.CALLER, 1.0)
        caller.hold(call)
        await centre.told(CallHeld, before, side=Side.CALLER)
        caller.resume(call)
        await centre.told(CallResumed, before, side=Side.CALLER)
        await call.hears(Tones.AGENT, 0.5, since_s=call.heard_s)
        incoming.hang_up()
        assert not (await asyncio.wait_for(call.over(), 20)).by_us
    assert (await centre.told(CallEnded, before)).by is EndedBy.AGENT


@shows("calls in", "INFO")
async def test_a_key_by_info_comes_through_it(centre: Centre, proxy: Kamailio) -> None:
    before = centre.mark()
    async with phone(proxy, "10086") as caller:
        call = caller.dial("8000")
        await call.answered()
        caller.press_by_info(call, "2")
        assert (await centre.told(CallQueued, before)).queue == "brisk"
        call.hang_up()
    await centre.told(CallEnded, before)


@asynccontextmanager
async def agents_talk(
    centre: Centre, proxy: Kamailio, before: int
) -> AsyncIterator[tuple[DeskPhone, DeskCall, DeskCall]]:
    """agent0001's phone behind the proxy, its call, and the caller's, who came straight to us."""
    async with phone(proxy, "agent0001", "pw0001") as agent, centre.phone() as caller:
        await centre.told(AgentChanged, before, agent_id="agent0001", state=AgentState.READY)
        call = caller.dial("8000")
        await call.answered()
        call.press("1")
        incoming = await agent.rings()
        incoming.accept()
        await centre.told(CallBridged, before, agent_id="agent0001")
        assert isinstance(call, DeskCall)
        yield agent, incoming, call


@shows("registers", "is rung")
async def test_an_agent_who_registers_through_it_is_rung_and_talks(
    centre: Centre, proxy: Kamailio
) -> None:
    async with agents_talk(centre, proxy, centre.mark()) as (_, incoming, call):
        incoming.play(tone(Tones.AGENT, 5))
        await call.hears(Tones.AGENT, 1.0)
        call.hang_up()
        assert not (await asyncio.wait_for(incoming.over(), 20)).by_us


@shows("transfers")
async def test_an_agent_behind_it_transfers_the_caller_to_a_colleague(
    centre: Centre, proxy: Kamailio
) -> None:
    before = centre.mark()
    async with agents_talk(centre, proxy, before) as (agent, incoming, call):
        call.play(tone(Tones.CALLER, 20))
        async with centre.agent(2) as colleague:
            transfer = agent.refer(incoming, "agent0002")
            taken = await colleague.rings()
            taken.accept()
            assert await transfer.over() == 200
            await taken.hears(Tones.CALLER, 0.6)
            await centre.told(TalkTaken, before, agent_id="agent0002")
            call.hang_up()
            assert not (await asyncio.wait_for(taken.over(), 5)).by_us


@shows("consults")
async def test_an_agent_behind_it_asks_a_colleague_on_a_second_line_and_joins_the_two(
    centre: Centre, proxy: Kamailio
) -> None:
    before = centre.mark()
    async with agents_talk(centre, proxy, before) as (agent, incoming, call):
        call.play(tone(Tones.CALLER, 20))
        async with centre.agent(2) as colleague:
            second_line = agent.dial("agent0002")
            asked = await colleague.rings()
            asked.accept()
            await second_line.answered()
            await centre.told(GuestJoined, before)
            asked.play(tone(Tones.AGENT, 20))
            await second_line.hears(Tones.AGENT, 0.6)
            assert await agent.refer(incoming, "agent0002", second_line).over() == 200
            await asked.hears(Tones.CALLER, 0.6)
            await call.hears(Tones.AGENT, 0.6)
            await centre.told(TalkTaken, before, agent_id="agent0002")
            await asyncio.wait_for(second_line.over(), 20)
            call.hang_up()
            assert not (await asyncio.wait_for(asked.over(), 20)).by_us


@shows("TLS")
async def test_an_agent_on_tls_behind_it_is_rung_and_talks(
    centre: Centre, proxy: Kamailio, tmp_path: Path
) -> None:
    need_program("baresip", "baresip-core")
    before = centre.mark()
    agents = Baresip.started(
        tmp_path, user="agent0004", password="pw0004", register=True, transport="tls",
        server=f"127.0.0.1:{proxy.tls.port}",
        says=write_wav(tmp_path / "says.wav", tone(Tones.AGENT, 40)),
    )  # fmt: skip
    async with agents as agent, centre.phone() as caller:
        await centre.told(AgentChanged, before, agent_id="agent0004", state=AgentState.READY)
        call = caller.dial("8000")
        await call.answered()
        call.press("1")
        await centre.told(CallBridged, before, agent_id="agent0004")
        await call.hears(Tones.AGENT, 1.0)
        call.hang_up()
        await agent.wait_for("CALL_CLOSED", within_s=20)


@shows("SRTP")
async def test_a_caller_on_tls_with_srtp_talks_through_it(
    centre: Centre, proxy: Kamailio, tmp_path: Path
) -> None:
    need_program("baresip", "baresip-core")
    before = centre.mark()
    says = write_wav(tmp_path / "says.wav", tone(Tones.CALLER, 40))
    server = f"127.0.0.1:{proxy.tls.port}"
    callers = Baresip.started(
        tmp_path, user="10087", says=says, server=server, transport="tls",
        account=";mediaenc=srtp-mand", config="module srtp.so\n",
    )  # fmt: skip
    async with callers as caller, centre.agent(2) as agent:
        await caller.command("dial", f"sip:8000@{server};transport=tls")
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
