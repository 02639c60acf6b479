"""SIP over TCP, TLS, WebSocket and IPv6 on loopback: with our own stack and with others' phones."""

import asyncio
import socket
import ssl
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from telephony.sip.events import (
    Answered,
    CallerIdentity,
    Confirmed,
    Dropped,
    Gone,
    GoneWhy,
    HostPort,
    IncomingCall,
    PhoneRegistered,
    PhoneUnregistered,
    Refused,
    SipEvent,
)
from telephony.sip.wording.stream import StreamLimits
from tests.support import sipp_messages as sipp
from tests.support.baresip import Baresip
from tests.support.certificates import make_certificate
from tests.support.sip_phone import SipPhone
from tests.support.sipp import run_sipp
from tests.support.web_phone import WebPhone

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
            await phone.wait_for("CALL_CLOSED", 20)

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


@pytest.mark.interop
async def test_sipp_makes_twenty_calls_on_one_tcp_connection(tmp_path: Path) -> None:
    async with SipPhone.started(transports=["TCP"]) as centre:

        def answer_at_once(event: SipEvent) -> None:
            if isinstance(event, IncomingCall):
                centre.do(centre.stack.accept(event.leg, SDP, centre.now))

        centre.on_event = answer_at_once
        steps = [
            sipp.request("INVITE", tail=sipp.BODY),
            sipp.answer(100),
            sipp.answer(200, keep_to=True),
            sipp.request("ACK", sipp.IN_DIALOG),
            sipp.request("BYE", sipp.IN_DIALOG, cseq=2),
            sipp.answer(200),
        ]
        file = tmp_path / "scenario.xml"
        file.write_text(sipp.scenario(*steps).replace("SIP/2.0/UDP", "SIP/2.0/TCP"))
        to = f"{centre.address.host}:{centre.address.port}"
        result = await run_sipp(file, tmp_path, "-t", "t1", "-m", "20", "-r", "50", to=to)
        assert result.passed, result.log
        assert len([one for one in centre.events if isinstance(one, Gone)]) == 20
        assert not [one for one in centre.events if isinstance(one, Dropped)]


@pytest.mark.parametrize(
    ("transport", "host", "level", "name"),
    [
        ("UDP", "127.0.0.1", socket.IPPROTO_IP, socket.IP_TOS),
        ("TCP", "::1", socket.IPPROTO_IPV6, socket.IPV6_TCLASS),
    ],
)
async def test_signalling_is_marked_cs3(transport: str, host: str, level: int, name: int) -> None:
    async with SipPhone.started(transports=[transport], host=host) as centre:
        (sock,) = centre.sockets
        assert sock.getsockopt(level, name) >> 2 == 24


@pytest.mark.interop
async def test_a_long_call_reaches_baresip_by_tcp(tmp_path: Path) -> None:
    silence = write_silence(tmp_path / "silence.wav")
    long_sdp = SDP + b"a=x:" + b"y" * 1300 + b"\r\n"
    async with SipPhone.started(ACCOUNTS, transports=["UDP", "TCP"]) as centre:
        server = f"{centre.address.host}:{centre.address.port}"
        async with Baresip.started(
            tmp_path,
            user="agent0001",
            password="pw0001",
            says=silence,
            server=server,
            register=True,
        ) as phone:
            await centre.next(PhoneRegistered)
            leg = centre.dial("agent0001", long_sdp, CALLER)
            await centre.next(Answered)
            assert centre.endpoint.connection_count == 1
            centre.do(centre.stack.hang_up(leg, centre.now))
            await phone.wait_for("CALL_CLOSED", 20)


async def test_a_long_call_reaches_a_phone_without_tcp_by_udp() -> None:
    long_sdp = SDP + b"a=x:" + b"y" * 1300 + b"\r\n"
    async with (
        SipPhone.started(transports=["UDP", "TCP"]) as centre,
        SipPhone.started() as phone,
    ):
        centre.dial(f"sip:1@{phone.address.host}:{phone.address.port}", long_sdp, CALLER)
        assert (await phone.next(IncomingCall)).body == long_sdp


@pytest.mark.interop
async def test_baresip_with_outbound_is_called_on_its_connection(tmp_path: Path) -> None:
    silence = write_silence(tmp_path / "silence.wav")
    async with SipPhone.started(ACCOUNTS, transports=["TCP"]) as centre:
        server = f"{centre.address.host}:{centre.address.port}"
        async with Baresip.started(
            tmp_path,
            user="agent0001",
            password="pw0001",
            says=silence,
            server=server,
            register=True,
            transport="tcp",
            account=f';sipnat=outbound;outbound="sip:{server};transport=tcp"',
            config="module uuid.so\n",
        ):
            await centre.next(PhoneRegistered)
            centre.dial("agent0001", SDP, CALLER)
            await centre.next(Answered)
            assert centre.endpoint.connection_count == 1
        assert await centre.next(PhoneUnregistered) == PhoneUnregistered("agent0001")


@pytest.mark.parametrize("secure", [False, True], ids=["ws", "wss"])
async def test_a_browsers_phone_registers_calls_and_is_called(secure: bool, tmp_path: Path) -> None:
    tls = make_certificate(tmp_path) if secure else None
    transports = ["WSS" if secure else "WS"]
    async with SipPhone.started(
        ACCOUNTS, lambda user: user == "8000", "hotline.example", transports=transports, tls=tls
    ) as centre:
        async with WebPhone.connected(centre.address, tls) as phone:
            assert await phone.register("agent0001", "wrong") == 401
            assert await phone.register("agent0001", "pw0001") == 200
            await centre.next(PhoneRegistered)

            phone.dial("8000", SDP, CALLER)
            arrived = await centre.next(IncomingCall)
            centre.do(centre.stack.accept(arrived.leg, SDP, centre.now))
            assert (await phone.next(Answered)).body == SDP
            await centre.next(Confirmed)
            centre.do(centre.stack.hang_up(arrived.leg, centre.now))
            assert (await phone.next(Gone)).why is GoneWhy.BYE

            leg = centre.dial("agent0001", SDP, CALLER)
            rings = await phone.next(IncomingCall)
            phone.do(phone.stack.accept(rings.leg, SDP, phone.now))
            assert (await centre.next(Answered)).leg == leg
        # The connection broke while the phone talked; nothing else can reach it.
        await centre.next(PhoneUnregistered)
        centre.dial("agent0001", SDP, CALLER)
        assert (await centre.next(Refused)).status == 480


@asynccontextmanager
async def connection(
    to: HostPort, trust: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(to.host, to.port, ssl=trust)
    try:
        yield reader, writer
    finally:
        writer.close()


def options(length: str = "Content-Length: 0\r\n", body: str = "") -> bytes:
    return (
        "OPTIONS sip:127.0.0.1 SIP/2.0\r\n"
        "Via: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bK1\r\n"
        "From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n"
        f"{length}\r\n{body}"
    ).encode()


async def answer(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(30):
        return await reader.readuntil(b"\r\n\r\n")


async def the_end(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(30):
        return await reader.read()


async def test_keep_alives_and_requests_share_a_connection() -> None:
    async with (
        SipPhone.started(transports=["TCP"]) as centre,
        connection(centre.address) as (reader, writer),
    ):
        writer.write(b"\r\n\r\n" + options()[:30])
        assert await reader.readexactly(2) == b"\r\n"
        writer.write(options()[30:] + options())
        for _ in range(2):
            assert (await answer(reader)).startswith(b"SIP/2.0 200 OK")


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (options("Content-Length: 70000\r\n"), b"SIP/2.0 413"),
        (options(""), b"SIP/2.0 400"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b""),
        (b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03", b""),
        (b"OPTIONS sip:a@b SIP/2.0\r\nX: " + b"y" * 40_000, b""),
    ],
    ids=["oversized", "no length", "HTTP", "TLS", "endless head"],
)
async def test_a_stream_that_cannot_be_read_on_is_answered_and_closed(
    data: bytes, status: bytes
) -> None:
    async with (
        SipPhone.started(transports=["TCP"]) as centre,
        connection(centre.address) as (reader, writer),
    ):
        writer.write(data)
        heard = await the_end(reader)
        assert heard.startswith(status)
        assert bool(heard) == bool(status)


async def test_a_slow_client_is_cut_and_others_are_served() -> None:
    limits = StreamLimits(message_s=0.2)
    async with (
        SipPhone.started(transports=["TCP"], limits=limits) as centre,
        connection(centre.address) as (slow, drip),
        connection(centre.address) as (reader, writer),
    ):
        drip.write(options()[:20])
        writer.write(options())
        assert (await answer(reader)).startswith(b"SIP/2.0 200")
        assert await the_end(slow) == b""
        assert (await centre.next(Dropped)).why == "broken-stream"


async def test_idle_connections_are_bounded_and_closed() -> None:
    # So long that none is closed for it before the last one has come.
    limits = StreamLimits(connections=300, per_source=400, first_message_s=3.0)
    async with SipPhone.started(transports=["TCP"], limits=limits) as centre:
        to = centre.address
        opened = [await asyncio.open_connection(to.host, to.port) for _ in range(500)]
        turned_away = [await centre.next(Dropped) for _ in range(500)]
        for reader, writer in opened:
            assert await the_end(reader) == b""
            writer.close()
        whys = [dropped.why for dropped in turned_away]
        assert whys.count("too-many-connections") == 200
        assert whys.count("idle-connection") == 300
        assert centre.endpoint.connection_count == 0
        async with connection(to) as (reader, writer):
            writer.write(options())
            assert (await answer(reader)).startswith(b"SIP/2.0 200")


async def test_one_source_cannot_take_all_connections() -> None:
    limits = StreamLimits(connections=100, per_source=3)
    async with SipPhone.started(transports=["TCP"], limits=limits) as centre:
        to = centre.address
        kept = [await asyncio.open_connection(to.host, to.port) for _ in range(4)]
        assert (await centre.next(Dropped)).why == "too-many-connections"
        elsewhere = await asyncio.open_connection(to.host, to.port, local_addr=("127.0.0.2", 0))
        elsewhere[1].write(options())
        assert (await answer(elsewhere[0])).startswith(b"SIP/2.0 200")
        for _, writer in [*kept, elsewhere]:
            writer.close()


async def test_a_new_certificate_serves_without_a_restart(tmp_path: Path) -> None:
    tls = make_certificate(tmp_path)
    async with SipPhone.started(transports=["TLS"], tls=tls) as centre:
        old = ssl.create_default_context(cafile=str(tls.certificate))
        async with connection(centre.address, old) as (reader, writer):
            new_folder = tmp_path / "new"
            new_folder.mkdir()
            fresh = make_certificate(new_folder)
            new = ssl.create_default_context(cafile=str(fresh.certificate))
            fresh.key.replace(tls.key)
            fresh.certificate.replace(tls.certificate)

            async with asyncio.timeout(30):
                while True:
                    try:
                        async with connection(centre.address, new) as (renewed, ask):
                            ask.write(options())
                            assert (await answer(renewed)).startswith(b"SIP/2.0 200")
                            break
                    except ssl.SSLCertVerificationError:
                        await asyncio.sleep(0.1)
            writer.write(options())
            assert (await answer(reader)).startswith(b"SIP/2.0 200"), "the old one goes on"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
async def test_a_client_below_tls_1_2_is_refused(tmp_path: Path) -> None:
    tls = make_certificate(tmp_path)
    async with SipPhone.started(transports=["TLS"], tls=tls) as centre:
        old = ssl.create_default_context(cafile=str(tls.certificate))
        old.set_ciphers("DEFAULT:@SECLEVEL=0")
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises(OSError):  # noqa: PT011  # a reset or an alert, as the systems have it
            async with connection(centre.address, old):
                pass
        assert (await centre.next(Dropped)).why == "failed-handshake"
