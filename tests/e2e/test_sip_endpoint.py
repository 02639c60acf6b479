"""The endpoint on loopback: sockets that were bound elsewhere, faults that stop at one datagram."""

import asyncio
import random
import select
import socket
import sys
import wave
from pathlib import Path

import msgspec
import pytest

from callcenter.demo.phone_process import PhoneProcess
from callcenter.demo.pyvoip_phone import protocol
from foundation.ids import LegId
from telephony.sip.endpoint import AT_ONCE_S, SipEndpoint, bind_udp, listener_of
from telephony.sip.events import (
    Answered,
    CallerIdentity,
    Cancelled,
    Confirmed,
    Dropped,
    Gone,
    GoneWhy,
    HostPort,
    IncomingCall,
    PhoneRegistered,
    Progressed,
    Refused,
    SipEvent,
)
from telephony.sip.options import SipOptions
from telephony.sip.registrar import Binding
from telephony.sip.stack import SipStack
from tests.support.baresip import Baresip
from tests.support.eventually import eventually
from tests.support.programs import find_free_port
from tests.support.sip_phone import SipPhone

pytestmark = pytest.mark.e2e

CALLER = CallerIdentity("8000", "Hotline", "")
SDP = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    b"m=audio 9 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=sendrecv\r\n"
)


async def ask_options(to: HostPort) -> bytes:
    """The answer to an OPTIONS from a socket of our own."""
    loop = asyncio.get_running_loop()
    with bind_udp("127.0.0.1", 0) as sock:
        port = sock.getsockname()[1]
        data = (
            f"OPTIONS sip:{to.host} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK1\r\n"
            "From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n\r\n"
        )
        await loop.sock_sendto(sock, data.encode(), (to.host, to.port))
        async with asyncio.timeout(30):
            return await loop.sock_recv(sock, 4096)


def make_stack(sock: socket.socket) -> SipStack:
    return SipStack(
        SipOptions(listeners=(listener_of(sock),)),
        {},
        lines=lambda user: True,
        secret=b"s",
        random=random.Random(1),
    )


async def test_an_endpoint_reads_from_a_socket_that_its_parent_bound() -> None:
    with bind_udp("127.0.0.1", 0) as bound:
        address = listener_of(bound).address
        inherited = bound.dup()
        endpoint = SipEndpoint(make_stack(inherited), [inherited], lambda event: None)
        await endpoint.start()
        assert (await ask_options(address)).startswith(b"SIP/2.0 200")
        endpoint.close()
        await asyncio.sleep(0)
        assert bound.fileno() >= 0, "the parent's socket stays open"


async def test_what_is_to_be_sent_before_the_start_leaves_with_it() -> None:
    with bind_udp("127.0.0.1", 0) as phone:
        sock = bind_udp("127.0.0.1", 0)
        endpoint = SipEndpoint(make_stack(sock), [sock], lambda event: None)
        address = listener_of(phone).address
        to = f"sip:phone@{address.host}:{address.port}"
        dialled = endpoint.stack.dial(LegId("l-1"), to, endpoint.now, body=SDP, caller=CALLER)
        endpoint.perform(dialled)
        await endpoint.start()
        async with asyncio.timeout(30):
            data = await asyncio.get_running_loop().sock_recv(phone, 4096)
        endpoint.close()
    assert data.startswith(b"INVITE ")


async def test_no_datagram_leaves_before_the_house_has_been_told() -> None:
    left_before: list[bool] = []
    sock = bind_udp("127.0.0.1", 0)
    with bind_udp("127.0.0.1", 0) as phone:

        def tell() -> None:
            readable, _, _ = select.select([phone], [], [], 0)
            left_before.append(bool(readable))

        endpoint = SipEndpoint(make_stack(sock), [sock], lambda event: None, before_sending=tell)
        await endpoint.start()
        address = listener_of(phone).address
        for number in range(3):
            leg, to = LegId(f"l-{number}"), f"sip:phone@{address.host}:{address.port}"
            endpoint.perform(endpoint.stack.dial(leg, to, endpoint.now, body=SDP, caller=CALLER))
        assert left_before == [], "in this turn of the loop somebody may still want to tell"
        await asyncio.sleep(0)
        rung = [phone.recv(4096) for _ in range(3)]
        endpoint.close()

    assert left_before[0] is False
    assert all(message.startswith(b"INVITE ") for message in rung)


async def test_what_is_said_last_leaves_although_the_endpoint_closes() -> None:
    sock = bind_udp("127.0.0.1", 0)
    with bind_udp("127.0.0.1", 0) as phone:
        endpoint = SipEndpoint(make_stack(sock), [sock], lambda event: None)
        await endpoint.start()
        address = listener_of(phone).address
        to = f"sip:phone@{address.host}:{address.port}"
        leg = LegId("l-1")
        endpoint.perform(endpoint.stack.dial(leg, to, endpoint.now, body=SDP, caller=CALLER))
        endpoint.close()
        assert phone.recv(4096).startswith(b"INVITE ")


@pytest.mark.skipif(sys.platform != "linux", reason="ICMP errors are told by Linux only")
async def test_a_closed_port_is_a_refusal_at_once_and_takes_no_other_datagram_with_it() -> None:
    told: list[SipEvent] = []
    sock = bind_udp("127.0.0.1", 0)
    with bind_udp("127.0.0.1", 0) as phone:
        endpoint = SipEndpoint(make_stack(sock), [sock], told.append)
        await endpoint.start()
        address = listener_of(phone).address
        places = [f"127.0.0.1:{find_free_port()}", f"{address.host}:{address.port}"]
        for number in range(20):
            leg, to = LegId(f"l-{number}"), f"sip:phone@{places[number % 2]}"
            endpoint.perform(endpoint.stack.dial(leg, to, endpoint.now, body=SDP, caller=CALLER))
        await eventually(lambda: sum(isinstance(event, Refused) for event in told) == 10)
        rung = {phone.recv(4096).partition(b"Call-ID: ")[2][:32] for _ in range(10)}
        endpoint.close()

    assert {event.status for event in told if isinstance(event, Refused)} == {503}
    assert len(rung) == 10, "each call to the phone that is there was sent at the first attempt"


async def test_a_handler_that_fails_costs_one_datagram_only() -> None:
    failures: list[object] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda loop, context: failures.append(context.get("exception"))
    )

    def fail(event: SipEvent) -> None:
        raise ValueError(f"nobody wants {event}")

    sock = bind_udp("127.0.0.1", 0)
    endpoint = SipEndpoint(make_stack(sock), [sock], fail)
    address = listener_of(sock).address
    await endpoint.start()
    with bind_udp("127.0.0.1", 0) as stranger:
        await asyncio.get_running_loop().sock_sendto(
            stranger, b"garbage", (address.host, address.port)
        )
        assert (await ask_options(address)).startswith(b"SIP/2.0 200")
    endpoint.close()
    await asyncio.sleep(0)

    assert [type(failure) for failure in failures] == [ValueError]


async def test_two_of_our_phones_call_each_other_over_a_registrar() -> None:
    lines = {"8000"}
    async with (
        SipPhone.started({"agent0001": "pw0001"}, lines.__contains__) as centre,
        SipPhone.started() as agent,
        SipPhone.started() as caller,
    ):
        assert await agent.register("agent0001", "wrong", centre.address) == 401
        assert await agent.register("agent0001", "pw0001", centre.address) == 200
        assert await centre.next(PhoneRegistered) == PhoneRegistered("agent0001")

        caller.dial(f"sip:8000@{centre.address.host}:{centre.address.port}", SDP, CALLER)
        arrived = await centre.next(IncomingCall)
        centre.do(centre.stack.accept(arrived.leg, SDP, centre.now))
        assert (await caller.next(Answered)).body == SDP
        assert (await centre.next(Confirmed)).leg == arrived.leg

        centre.do(centre.stack.hang_up(arrived.leg, centre.now))
        assert (await caller.next(Gone)).why is GoneWhy.BYE


def _binding(phone: SipPhone, now: float) -> Binding:
    host, port = phone.address.host, phone.address.port
    contact = f"sip:agent0001@{host}:{port}"
    return Binding(
        contact=contact,
        host=host,
        port=port,
        listener=0,
        call_id=contact,
        cseq=1,
        updated_at=now,
        expires_at=now + 300,
        granted_s=300,
    )


async def test_two_phones_of_one_agent_ring_and_the_one_that_is_not_answered_stops() -> None:
    async with (
        SipPhone.started({"agent0001": "pw0001"}, ring_all=True) as centre,
        SipPhone.started() as desk,
        SipPhone.started() as mobile,
    ):
        rows = [_binding(phone, centre.now) for phone in (desk, mobile)]
        centre.stack.restore_bindings("agent0001", msgspec.msgpack.encode(rows), centre.now)
        leg = LegId("l-1")
        centre.do(centre.stack.dial(leg, "agent0001", centre.now, body=SDP, caller=CALLER))
        ringing = [await phone.next(IncomingCall) for phone in (desk, mobile)]
        for phone, call in zip((desk, mobile), ringing, strict=True):
            phone.do(phone.stack.ring(call.leg, phone.now))
        await centre.next(Progressed)
        await centre.next(Progressed)
        desk.do(desk.stack.accept(ringing[0].leg, SDP, desk.now))
        assert await centre.next(Answered) == Answered(leg, SDP)
        stopped = await mobile.next(Cancelled)
        assert stopped.leg == ringing[1].leg
        assert "Call completed elsewhere" in stopped.reason
        centre.do(centre.stack.hang_up(leg, centre.now))
        assert (await desk.next(Gone)).why is GoneWhy.BYE


async def test_garbage_is_counted_and_answered_by_silence() -> None:
    async with SipPhone.started() as centre:
        with bind_udp("127.0.0.1", 0) as stranger:
            address = (centre.address.host, centre.address.port)
            await asyncio.get_running_loop().sock_sendto(stranger, b"\xff" * 3000, address)
            dropped = await centre.next(Dropped)
            assert dropped.source.port == stranger.getsockname()[1]
            assert dropped.why == "malformed"


async def test_many_datagrams_that_take_long_leave_the_loop_its_turns() -> None:
    """What the first of them has asked of others leaves before the last is read."""
    loop, seen = asyncio.get_running_loop(), list[str]()

    def take_long(_event: SipEvent) -> None:
        until = loop.time() + 2 * AT_ONCE_S
        while loop.time() < until:
            pass
        seen.append("read")
        loop.call_soon(seen.append, "turn")

    sock = bind_udp("127.0.0.1", 0)
    endpoint = SipEndpoint(make_stack(sock), [sock], take_long)
    with bind_udp("127.0.0.1", 0) as sender:
        for _ in range(3):
            sender.sendto(b"no SIP at all", sock.getsockname())
        await endpoint.start()
        await eventually(lambda: len(seen) == 6)
        endpoint.close()
    assert seen == ["read", "turn"] * 3


def write_silence(file: Path) -> Path:
    with wave.open(str(file), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(8000)
        wav.writeframes(bytes(2 * 8000 * 60))
    return file


@pytest.mark.interop
async def test_baresip_registers_is_called_and_calls_with_its_password(tmp_path: Path) -> None:
    silence = write_silence(tmp_path / "silence.wav")
    accounts = {"agent0001": "pw0001"}
    async with SipPhone.started(accounts, lambda user: user == "8000") as centre:
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
            assert centre.stack.is_registered("agent0001", centre.now)

            leg = centre.dial("agent0001", SDP, CALLER)
            assert b"PCMU" in (await centre.next(Answered)).body
            centre.do(centre.stack.hang_up(leg, centre.now))
            assert (await centre.next(Gone)).why is GoneWhy.OURS
            await phone.wait_for("CALL_CLOSED", 20)

            await phone.command("dial", f"sip:8000@{server}")
            arrived = await centre.next(IncomingCall)
            assert arrived.agent_aor == "agent0001"
            centre.do(centre.stack.ring(arrived.leg, centre.now))
            centre.do(centre.stack.accept(arrived.leg, SDP, centre.now))
            await centre.next(Confirmed)
            await phone.command("hangup")
            assert (await centre.next(Gone)).why is GoneWhy.BYE


async def test_pyvoip_registers_is_called_and_is_reoffered() -> None:
    port = str(find_free_port())
    async with SipPhone.started({"agent0001": "pw0001"}) as centre:
        server = f"{centre.address.host}:{centre.address.port}"
        known = ("--server", server, "--user", "agent0001", "--password", "pw0001")
        async with PhoneProcess.started(*known, "--sip-port", port, "--auto-answer") as phone:
            await phone.do(protocol.Register())
            await phone.wait_for(protocol.Registered, within_s=20)
            await centre.next(PhoneRegistered)

            leg = centre.dial("agent0001", SDP, CALLER)
            assert b"m=audio" in (await centre.next(Answered)).body
            centre.do(centre.stack.reoffer(leg, SDP, centre.now))
            await centre.next(Answered)
            centre.do(centre.stack.hang_up(leg, centre.now))
            assert (await phone.wait_for(protocol.Ended, within_s=20)).by == "peer"
            assert (await centre.next(Gone)).why is GoneWhy.OURS


async def test_pyvoip_calls_a_line_and_hangs_up() -> None:
    async with SipPhone.started({}, lambda user: user == "8000") as centre:
        server = f"{centre.address.host}:{centre.address.port}"
        async with PhoneProcess.started("--server", server, "--user", "caller") as phone:
            await phone.do(protocol.Call("8000"))
            arrived = await centre.next(IncomingCall)
            assert arrived.caller.user == "caller"
            centre.do(centre.stack.ring(arrived.leg, centre.now))
            centre.do(centre.stack.accept(arrived.leg, SDP, centre.now))
            await phone.wait_for(protocol.Answered, within_s=20)
            await centre.next(Confirmed)
            await phone.do(protocol.Hangup())
            assert (await centre.next(Gone)).why is GoneWhy.BYE
