"""Our softphone: with itself, with baresip, with the pyVoIP phone and a registrar of SIPp's."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from callcenter.demo.phone_call import Call, CallFailed, CallState
from callcenter.demo.phone_process import PhoneProcess
from callcenter.demo.pyvoip_phone import protocol
from callcenter.demo.softphone import PhoneOptions, RegistrationFailed, Softphone
from telephony.sip.events import Answered, HostPort
from tests.support.baresip import Baresip
from tests.support.eventually import eventually
from tests.support.sipp import SCENARIOS, Sipp
from tests.support.tones import signal_to_noise_db, tone, write_wav

pytestmark = pytest.mark.e2e

FULL_G711_DB = 34.0
NOBODY = HostPort("127.0.0.1", 9)


def options(server: HostPort, user: str = "caller", password: str = "") -> PhoneOptions:
    return PhoneOptions(server=server, user=user, password=password)


@pytest.fixture
async def called() -> AsyncIterator[Softphone]:
    """A phone that is dialled directly, as its own server."""
    async with Softphone.opened(options(NOBODY, "called")) as phone:
        yield phone


@pytest.fixture
async def calls_in(called: Softphone) -> asyncio.Queue[Call]:
    """Calls that rang at `called`."""
    queue: asyncio.Queue[Call] = asyncio.Queue()
    called.on_incoming = queue.put_nowait
    return queue


@pytest.fixture
async def caller(called: Softphone) -> AsyncIterator[Softphone]:
    async with Softphone.opened(options(called.address)) as phone:
        yield phone


async def test_two_phones_hear_each_other_and_each_other_s_keys(
    caller: Softphone, calls_in: asyncio.Queue[Call]
) -> None:
    async with asyncio.timeout(30):
        out = caller.dial("called")
        incoming = await calls_in.get()
        await out.ringing()
        incoming.accept()
        await out.answered()
        await asyncio.gather(out.play(tone(1000, 1.5)), incoming.play(tone(700, 1.5)))
        out.press("1#")
        incoming.press("0")
        await eventually(lambda: (out.digits, incoming.digits) == ("0", "1#"))
        out.hang_up()
        end_out, end_in = await asyncio.gather(out.over(), incoming.over())

    assert incoming.peer == "caller"
    assert (end_out.by_us, end_in.by_us) == (True, False)
    assert signal_to_noise_db(out.heard, 700) > FULL_G711_DB
    assert signal_to_noise_db(incoming.heard, 1000) > FULL_G711_DB


async def test_refused_call_says_by_which_status(
    caller: Softphone, calls_in: asyncio.Queue[Call]
) -> None:
    async with asyncio.timeout(30):
        out = caller.dial("called")
        (await calls_in.get()).reject(603)
        with pytest.raises(CallFailed, match="603"):
            await out.answered()

    assert out.end is not None
    assert not out.end.by_us


async def test_phone_without_anybody_at_it_is_busy(caller: Softphone) -> None:
    async with asyncio.timeout(30):
        end = await caller.dial("called").over()

    assert end.status == 486


async def test_caller_who_gives_up_cancels(
    caller: Softphone, calls_in: asyncio.Queue[Call]
) -> None:
    async with asyncio.timeout(30):
        out = caller.dial("called")
        incoming = await calls_in.get()
        await out.ringing()
        out.hang_up()
        end_out, end_in = await asyncio.gather(out.over(), incoming.over())

    assert (end_out.by_us, end_out.status) == (True, 487)
    assert (end_in.by_us, end_in.status) == (False, 487)


async def test_closing_a_phone_ends_its_talks(
    called: Softphone, calls_in: asyncio.Queue[Call]
) -> None:
    async with asyncio.timeout(30):
        async with Softphone.opened(options(called.address)) as leaving:
            out = leaving.dial("called")
            incoming = await calls_in.get()
            incoming.accept()
            await out.answered()
        end = await incoming.over()

    assert (end.by_us, end.status) == (False, 0)


@pytest.mark.interop
async def test_call_to_baresip_survives_its_hold(tmp_path: Path) -> None:
    says = write_wav(tmp_path / "says.wav", tone(700, 20))
    async with (
        Baresip.started(tmp_path, user="peer", says=says, codecs="pcma/8000/1") as peer,
        asyncio.timeout(30),
    ):
        host, port = peer.address.split(":")
        async with Softphone.opened(options(HostPort(host, int(port)))) as phone:
            call = phone.dial("peer")
            await call.answered()
            await eventually(lambda: call.heard_s > 1.2)
            await peer.command("hold")
            await asyncio.sleep(0.3)
            held_s = call.heard_s
            await peer.command("resume")
            await eventually(lambda: call.heard_s > held_s + 0.2)
            await call.play(tone(1000, 1.5))
            call.hang_up()
            await peer.wait_for("CALL_CLOSED", within_s=20)

    assert signal_to_noise_db(call.heard, 700) > FULL_G711_DB


@pytest.mark.interop
async def test_phone_registers_with_a_registrar_that_is_not_ours(tmp_path: Path) -> None:
    registrar = Sipp(SCENARIOS / "register-expect-digest.xml", tmp_path)
    running = asyncio.create_task(registrar.run(), name="sipp")
    server = HostPort("127.0.0.1", registrar.port)
    async with Softphone.opened(options(server, "agent0001", "pw0001")) as phone:
        await phone.register()
    result = await running

    assert result.passed, result.log


async def test_registrar_that_is_silent_is_reported() -> None:
    async with Softphone.opened(options(NOBODY, "agent0001", "pw0001")) as phone:
        with pytest.raises(RegistrationFailed, match="does not answer"):
            await phone.register(within_s=0.2)


async def test_pyvoip_phone_and_ours_understand_each_other(
    called: Softphone, calls_in: asyncio.Queue[Call], tmp_path: Path
) -> None:
    says = write_wav(tmp_path / "says.wav", tone(1000, 1.5))
    server = f"127.0.0.1:{called.address.port}"
    async with PhoneProcess.started("--server", server, "--user", "pyvoip") as pyvoip:
        await pyvoip.do(protocol.Call("called"))
        incoming = await asyncio.wait_for(calls_in.get(), 20)
        await pyvoip.wait_for(protocol.Ringing, within_s=20)
        incoming.accept()
        await pyvoip.wait_for(protocol.Answered, within_s=20)
        await pyvoip.do(protocol.Press("42"))
        await pyvoip.do(protocol.Play(str(says)))
        await pyvoip.wait_for(protocol.Played, within_s=20)
        incoming.press("7")
        assert (await pyvoip.wait_for(protocol.Digit, within_s=20)).digit == "7"
        incoming.hang_up()
        assert (await pyvoip.wait_for(protocol.Ended, within_s=20)).by == "peer"

    assert incoming.digits == "42"
    assert signal_to_noise_db(incoming.heard, 1000) > FULL_G711_DB


async def test_an_answer_that_crosses_the_hang_up_wakes_nobody(caller: Softphone) -> None:
    call = caller.dial("called")
    call.on_end(by_us=True)

    caller._on_event(Answered(call.leg, call.offer()))  # what the stack tells of a late 200

    assert call.state is CallState.ENDED
