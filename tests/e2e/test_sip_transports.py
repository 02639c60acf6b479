"""SIP over TCP, TLS, WebSocket and IPv6 on loopback: with our own stack and with others' phones."""

import wave
from pathlib import Path

import pytest

from telephony.sip.events import (
    Answered,
    CallerIdentity,
    Confirmed,
    Gone,
    GoneWhy,
    IncomingCall,
    PhoneRegistered,
)
from tests.support.baresip import Baresip
from tests.support.certificates import make_certificate
from tests.support.sip_phone import SipPhone

pytestmark = pytest.mark.e2e

CALLER = CallerIdentity("8000", "Hotline", "")
ACCOUNTS = {"agent0001": "pw0001"}
SDP = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    b"m=audio 9 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=sendrecv\r\n"
)


def write_silence(file: Path) -> Path:
    with wave.open(str(file), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(8000)
        wav.writeframes(bytes(2 * 8000 * 60))
    return file


@pytest.mark.parametrize(
    ("transport", "host"), [("TCP", "127.0.0.1"), ("UDP", "::1"), ("TCP", "::1")]
)
async def test_a_call_is_made_answered_and_ended_over(transport: str, host: str) -> None:
    async with (
        SipPhone.started({}, lambda user: True, transports=[transport], host=host) as centre,
        SipPhone.started(transports=[transport], host=host) as caller,
    ):
        where = f"[{host}]" if ":" in host else host
        to = f"sip:8000@{where}:{centre.address.port};transport={transport.lower()}"
        leg = caller.dial(to, SDP, CALLER)
        arrived = await centre.next(IncomingCall)
        centre.do(centre.stack.accept(arrived.leg, SDP, centre.now))
        assert (await caller.next(Answered)).body == SDP
        await centre.next(Confirmed)
        caller.do(caller.stack.reoffer(leg, SDP, caller.now))
        centre.do(centre.stack.hang_up(arrived.leg, centre.now))
        assert (await caller.next(Gone)).why is GoneWhy.BYE


@pytest.mark.interop
@pytest.mark.parametrize("transport", ["TCP", "TLS"])
async def test_baresip_registers_is_called_and_calls_over(transport: str, tmp_path: Path) -> None:
    silence = write_silence(tmp_path / "silence.wav")
    tls = make_certificate(tmp_path)
    async with SipPhone.started(
        ACCOUNTS, lambda user: user == "8000", transports=[transport], tls=tls
    ) as centre:
        server = f"{centre.address.host}:{centre.address.port}"
        async with Baresip.started(
            tmp_path,
            user="agent0001",
            password="pw0001",
            says=silence,
            server=server,
            register=True,
            transport=transport.lower(),
        ) as phone:
            await centre.next(PhoneRegistered)

            leg = centre.dial("agent0001", SDP, CALLER)
            assert b"PCMU" in (await centre.next(Answered)).body
            assert centre.endpoint.connection_count == 1
            centre.do(centre.stack.hang_up(leg, centre.now))
            assert (await centre.next(Gone)).why is GoneWhy.OURS
            await phone.wait_for("CALL_CLOSED", 5)

            to = f"sip:8000@{server};transport={transport.lower()}"
            await phone.command("dial", to)
            arrived = await centre.next(IncomingCall)
            assert arrived.agent_aor == "agent0001"
            centre.do(centre.stack.ring(arrived.leg, centre.now))
            centre.do(centre.stack.accept(arrived.leg, SDP, centre.now))
            await centre.next(Confirmed)
            await phone.command("hangup")
            assert (await centre.next(Gone)).why is GoneWhy.BYE
            assert centre.endpoint.connection_count == 1
