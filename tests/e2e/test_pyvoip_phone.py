"""The pyVoIP phone against baresip and SIPp: stacks that are not ours meet each other first."""

import asyncio
import socket
from pathlib import Path

import pytest

from callcenter.demo.phone_process import PhoneProcess
from callcenter.demo.pyvoip_phone import protocol
from tests.support.baresip import Baresip
from tests.support.programs import find_free_port
from tests.support.sipp import SCENARIOS, Sipp, run_sipp
from tests.support.tones import read_wav, signal_to_noise_db, tone, write_wav

pytestmark = [pytest.mark.e2e, pytest.mark.interop]

FULL_G711_DB = 34.0
"What a -26 dBFS tone keeps through G.711 is 37 dB; 8-bit samples would leave 22."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "baresip"
    folder.mkdir()
    write_wav(folder / "says.wav", tone(700, 20))
    return folder


@pytest.mark.parametrize("law", ["pcmu", "pcma"])
async def test_both_sides_hear_the_other_s_tone_without_8_bit_noise(
    folder: Path, tmp_path: Path, law: str
) -> None:
    says = write_wav(tmp_path / "tone.wav", tone(1000, 3))
    heard = tmp_path / "heard.wav"
    async with (
        Baresip.started(
            folder, user="peer", says=folder / "says.wav", codecs=f"{law}/8000/1"
        ) as peer,
        PhoneProcess.started("--server", peer.address, "--user", "caller") as phone,
    ):
        await phone.do(protocol.Call("peer"))
        await phone.wait_for(protocol.Answered, within_s=20)
        await phone.do(protocol.Play(str(says)))
        await phone.wait_for(protocol.Played, within_s=20)
        await phone.do(protocol.Hangup())
        await phone.wait_for(protocol.Ended, within_s=20)
        await peer.wait_for("CALL_CLOSED", within_s=20)
        await phone.do(protocol.Save(str(heard)))
        await phone.wait_for(protocol.Saved, within_s=20)

    assert signal_to_noise_db(read_wav(heard), 700) > FULL_G711_DB
    assert signal_to_noise_db(read_wav(peer.recording("dec")), 1000) > FULL_G711_DB


async def test_phone_that_is_called_answers_by_itself_and_takes_the_peer_s_bye(
    folder: Path,
) -> None:
    async with Baresip.started(folder, user="peer", says=folder / "says.wav") as peer:
        port = str(find_free_port())
        async with PhoneProcess.started(
            "--server", peer.address, "--user", "agent", "--sip-port", port, "--auto-answer"
        ) as phone:
            await phone.do(protocol.Press("1"))  # no call yet: says so, goes on
            await phone.wait_for(protocol.Trouble, within_s=20)
            await peer.command("dial", f"sip:agent@127.0.0.1:{port}")
            assert (await phone.wait_for(protocol.Incoming, within_s=20)).caller == "peer"
            await phone.wait_for(protocol.Answered, within_s=20)
            await peer.wait_for("CALL_ESTABLISHED", within_s=20)
            await peer.command("hangup")
            ended = await phone.wait_for(protocol.Ended, within_s=20)

    assert ended.by == "peer"


async def test_busy_peer_s_486_is_acknowledged_and_told(folder: Path) -> None:
    async with (
        Baresip.started(folder, user="peer", says=folder / "says.wav", answer="manual") as peer,
        PhoneProcess.started("--server", peer.address, "--user", "caller") as phone,
    ):
        await phone.do(protocol.Call("peer"))
        await phone.wait_for(protocol.Ringing, within_s=20)
        await peer.command("hangup")
        ended = await phone.wait_for(protocol.Ended, within_s=20)

    assert (ended.by, ended.status) == ("peer", 486)


async def test_hanging_up_while_it_rings_cancels_the_call(folder: Path) -> None:
    async with (
        Baresip.started(folder, user="peer", says=folder / "says.wav", answer="manual") as peer,
        PhoneProcess.started("--server", peer.address, "--user", "caller") as phone,
    ):
        await phone.do(protocol.Call("peer"))
        await phone.wait_for(protocol.Ringing, within_s=20)
        await phone.do(protocol.Hangup())
        ended = await phone.wait_for(protocol.Ended, within_s=20)
        await peer.wait_for("CALL_CLOSED", within_s=20)

    assert (ended.by, ended.status) == ("us", 487)


async def test_caller_who_gives_up_while_the_phone_rings_gets_487(folder: Path) -> None:
    port = str(find_free_port())
    async with (
        Baresip.started(folder, user="peer", says=folder / "says.wav") as peer,
        PhoneProcess.started(
            "--server", peer.address, "--user", "agent", "--sip-port", port
        ) as phone,
    ):
        await asyncio.wait_for(phone.do(protocol.Press("1")), 20)
        await phone.wait_for(protocol.Trouble, within_s=20)
        await peer.command("dial", f"sip:agent@127.0.0.1:{port}")
        await phone.wait_for(protocol.Incoming, within_s=20)
        await peer.command("hangup")
        ended = await phone.wait_for(protocol.Ended, within_s=20)

    assert (ended.by, ended.status) == ("peer", 487)


async def test_phone_proves_who_it_is_to_the_registrar(tmp_path: Path) -> None:
    registrar = Sipp(SCENARIOS / "register-expect-digest.xml", tmp_path)
    running = asyncio.create_task(registrar.run(), name="sipp")
    async with PhoneProcess.started(
        "--server", registrar.address, "--user", "agent0001", "--password", "pw0001"
    ) as phone:
        await phone.do(protocol.Register())
        await phone.wait_for(protocol.Registered, within_s=20)
    result = await running

    assert result.passed, result.log


async def test_refusals_are_acknowledged_and_a_challenge_is_met(tmp_path: Path) -> None:
    proxy = Sipp(SCENARIOS / "invite-expect-proof-then-busy.xml", tmp_path)
    running = asyncio.create_task(proxy.run(), name="sipp")
    async with PhoneProcess.started(
        "--server", proxy.address, "--user", "caller", "--password", "secret"
    ) as phone:
        await phone.do(protocol.Call("8000"))
        ended = await phone.wait_for(protocol.Ended, within_s=20)
        result = await running

    assert ended.status == 486
    assert result.passed, result.log


async def test_hold_info_and_unknown_methods_inside_a_call_get_their_answers(
    tmp_path: Path,
) -> None:
    port = find_free_port()
    async with PhoneProcess.started(
        "--server", "127.0.0.1:9", "--user", "agent", "--sip-port", str(port), "--auto-answer"
    ) as phone:
        await phone.do(protocol.Press("1"))
        await phone.wait_for(protocol.Trouble, within_s=20)
        scenario = SCENARIOS / "caller-expect-hold-mirrored.xml"
        result = await run_sipp(scenario, tmp_path, to=f"127.0.0.1:{port}")
        assert result.passed, result.log
        await phone.wait_for(protocol.Ended, within_s=20)

    assert phone.events.count(protocol.Answered()) == 1
    assert phone.events.count(protocol.Digit("7")) == 1


async def test_digits_arrive_once_each_and_in_order(folder: Path) -> None:
    async with (
        Baresip.started(folder, user="peer", says=folder / "says.wav") as peer,
        PhoneProcess.started("--server", peer.address, "--user", "caller") as phone,
    ):
        await phone.do(protocol.Call("peer"))
        await phone.wait_for(protocol.Answered, within_s=20)
        await phone.do(protocol.Press("1#0"))
        await peer.wait_for_count("CALL_DTMF_END", 3, within_s=5)
        await phone.do(protocol.Hangup())
        await phone.wait_for(protocol.Ended, within_s=20)

    started = [event["param"] for event in peer.events if event.get("type") == "CALL_DTMF_START"]
    assert started == ["1", "#", "0"]


INVITE = """\
INVITE sip:agent@127.0.0.1 SIP/2.0
Via: SIP/2.0/UDP {local};branch=z9hG4bK-1
From: <sip:caller@127.0.0.1>;tag=1
To: <sip:agent@127.0.0.1>
Call-ID: twice
CSeq: 1 INVITE
Contact: <sip:caller@{local}>
Max-Forwards: 70
Content-Type: application/sdp

v=0
o=- 1 1 IN IP4 127.0.0.1
s=-
c=IN IP4 127.0.0.1
t=0 0
m=audio 9 RTP/AVP 0
"""


async def test_invite_sent_twice_is_one_call_and_its_200_comes_until_the_ack() -> None:
    port = find_free_port()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.setblocking(False)
        peer.bind(("127.0.0.1", 0))
        local = f"127.0.0.1:{peer.getsockname()[1]}"
        invite = INVITE.format(local=local).replace("\n", "\r\n").encode()
        async with PhoneProcess.started(
            "--server", local, "--user", "agent", "--sip-port", str(port), "--auto-answer"
        ) as phone:
            await phone.do(protocol.Press("1"))
            await phone.wait_for(protocol.Trouble, within_s=20)
            peer.connect(("127.0.0.1", port))
            peer.send(invite)
            first = await _answer_with(peer, 200)
            peer.send(invite)
            again = await _answer_with(peer, 200)
            unacknowledged = await _answer_with(peer, 200)

    assert first == again == unacknowledged
    assert phone.events.count(protocol.Incoming("caller")) == 1


async def _answer_with(peer: socket.socket, status: int) -> bytes:
    """The next answer of that status; provisional ones are passed."""
    async with asyncio.timeout(30):
        while True:
            data = await asyncio.get_running_loop().sock_recv(peer, 4096)
            if data.startswith(f"SIP/2.0 {status} ".encode()):
                return data
