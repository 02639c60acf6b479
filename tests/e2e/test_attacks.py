"""Attacks on a served centre while others telephone: nobody legitimate is harmed, nothing grows.

The centre knows one trunk, where the load generator calls from; whoever attacks is a stranger to it
(another address in 127/8), unless the test says otherwise. `calls_during` makes the 50 calls.
"""

import asyncio
import re
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import numpy as np
import pytest

from callcenter.secret import derive_key
from foundation.ids import CallId
from telephony.calls.events import CallArrived, CallBridged, CallEnded
from telephony.media.sound.g711 import Law, encode
from telephony.sip.dialog import Dialog
from telephony.sip.digest import Credentials, DigestClient, DigestServer
from telephony.sip.events import HostPort
from telephony.sip.options import Listener, SipOptions
from telephony.sip.wording.message import Response
from tests.support.attacker import AGENTS, CALLS, HOST, Attacker, calls_during
from tests.support.centre import Centre, Ports, Tones, served
from tests.support.desk_phone import DeskCall, DeskPhone
from tests.support.tones import tone

pytestmark = [pytest.mark.e2e, pytest.mark.alone]

ELSEWHERE, ABROAD = "127.0.0.67", "127.0.0.77"
AGENT = f"agent{AGENTS + 1:04d}"
"Talks to callers of the test's own; the load generator plays the ones before."
VICTIM, PASSWORD = f"agent{AGENTS + 2:04d}", f"pw{AGENTS + 2:04d}"
"Only registers."
ATTACK_HZ = 2000
PREMIUM = ("+19005550100", "0019005550100", "900111", "8000%40127.0.0.77", "*21*19005550100#")


def agent(number: int, skill: str) -> dict[str, object]:
    return {
        "id": f"agent{number:04d}", "name": f"Agent {number}", "sip_password": f"pw{number:04d}",
        "number": str(1000 + number), "skills": {"orders": 5, skill: 5},
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class House:
    centre: Centre
    tcp: HostPort


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[House]:
    ports, tcp = Ports.find(), Ports.find().sip
    changes = {
        "sip": {"listen": [f"udp:127.0.0.1:{ports.sip}", f"tcp:127.0.0.1:{tcp}"]},
        "agents": [
            *(agent(number, "load") for number in range(1, AGENTS + 1)),
            agent(AGENTS + 1, "brisk"),
            agent(AGENTS + 2, "nothing"),
        ],
        "queues": {
            "orders": {"announce_agent": False, "skills": {"load": 1}},
            "brisk": {"skills": {"brisk": 1}},
        },
        "trunks": [{"name": "here", "addresses": ["127.0.0.1"]}],
    }
    with served(tmp_path_factory.mktemp("attacks"), shared, changes, ports=ports) as centre:
        yield House(centre, HostPort("127.0.0.1", tcp))


@pytest.fixture
def centre(house: House) -> Centre:
    return house.centre


@pytest.fixture
def attacker(centre: Centre) -> Iterator[Attacker]:
    with Attacker.at(centre.sip) as attacker:
        yield attacker


# -- floods ------------------------------------------------------------------------------------


async def test_a_flood_of_registers_harms_no_call(centre: Centre, attacker: Attacker) -> None:
    await calls_during(centre, attacker.flood(attacker.register, per_second=1000))

    assert attacker.answers.keys() <= {401, 403}
    assert attacker.answers.total() > 1000, "that was no flood"


async def test_a_flood_of_invites_harms_no_call_and_is_no_flood_of_records(
    centre: Centre, attacker: Attacker
) -> None:
    before = centre.mark()
    await calls_during(centre, attacker.flood(attacker.invite, per_second=500))

    assert attacker.answers.keys() <= {100, 403}
    assert attacker.answers[403] > 1000, "that was no flood"
    assert CALLS <= len(centre.facts(CallArrived, before)) < 2 * CALLS


# -- somebody else's proof ---------------------------------------------------------------------


def stamp(attacker: Attacker, number: int, proof: str) -> bytes:
    """A REGISTER that would bind the agent to the attacker's address."""
    user = f"<sip:{VICTIM}@127.0.0.1>"
    lines = (f"Authorization: {proof}", "Expires: 300")
    return attacker.request(
        "REGISTER", "sip:127.0.0.1", number, *lines, sender=f"{user};tag=x", to=user
    )


async def registered(phone: Attacker, digest: DigestClient) -> tuple[bytes, str]:
    """The agent's own REGISTER that was taken, and its proof."""
    challenge = await phone.ask(stamp(phone, 1, "Digest realm=x"))
    assert digest.take(challenge.status, challenge.values("www-authenticate"))
    proof = digest.answer("REGISTER", "sip:127.0.0.1", "c0ffee")[0][1]
    request = stamp(phone, 2, proof)
    assert (await phone.ask(request)).status == 200
    return request, proof


def old_nonce(centre: Centre) -> str:
    """One that the centre itself gave five minutes ago."""
    options = SipOptions(listeners=(Listener(address=centre.sip),))
    secret = derive_key(centre.folder / "data", "sip nonces")
    server = DigestServer(options, "127.0.0.1", secret, lambda: "5a17")
    return server.challenges(monotonic() - options.nonce_life_s - 1)[0][1]


async def test_a_replayed_proof_binds_nobody(centre: Centre, attacker: Attacker) -> None:
    digest = DigestClient(Credentials(VICTIM, PASSWORD))

    async def replay() -> None:
        with Attacker.at(centre.sip, "127.0.0.1", ports=1) as phone:
            request, proof = await registered(phone, digest)
            attacker.send(request)
            again = await attacker.ask(stamp(attacker, 3, proof))
            assert is_stale(again)
            counted_on = proof.replace("nc=00000001", "nc=00000002")
            assert (await attacker.ask(stamp(attacker, 4, counted_on))).status == 401
            outdated = DigestClient(Credentials(VICTIM, PASSWORD))
            assert outdated.take(401, [old_nonce(centre)])
            late = outdated.answer("REGISTER", "sip:127.0.0.1", "c0ffee")[0][1]
            answer = await attacker.ask(stamp(attacker, 5, late))
            assert is_stale(answer)
            await check_bound_to(phone, digest)

    await calls_during(centre, replay(), within_s=20)
    # Its ports may have been the floods', whose answers still come.
    answers = [each for each in attacker.received() if b" REGISTER\r\n" in each]
    assert answers == [], "the copy's answer went to the phone, not to who sent it"


def is_stale(answer: Response) -> bool:
    """Right, but not fresh."""
    return answer.status == 401 and "stale=true" in answer.values("www-authenticate")[0]


async def check_bound_to(phone: Attacker, digest: DigestClient) -> None:
    """A REGISTER without Contact asks who is bound (RFC 3261 10.3)."""
    proof = digest.answer("REGISTER", "sip:127.0.0.1", "c0ffee")[0][1]
    asking = re.sub(rb"Contact: [^\r]*\r\n", b"", stamp(phone, 6, proof))
    bound = (await phone.ask(asking)).values("contact")
    assert len(bound) == 1
    assert f"{phone.address.host}:{phone.address.port}" in bound[0]


# -- somebody else's call ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Talk:
    call_id: CallId
    caller: DeskPhone
    out: DeskCall
    desk: DeskPhone
    incoming: DeskCall

    async def goes_on(self, seconds: float) -> None:
        """Both hear each other from now on."""
        heard = self.out.heard_s, self.incoming.heard_s
        await self.out.hears(Tones.AGENT, seconds, since_s=heard[0])
        await self.incoming.hears(Tones.CALLER, seconds, since_s=heard[1])


@asynccontextmanager
async def a_talk(centre: Centre) -> AsyncIterator[Talk]:
    """A caller and the last agent, who say tones to each other."""
    before = centre.mark()
    async with centre.phone("10010") as caller, centre.agent(AGENTS + 1) as desk:
        out = caller.dial("8000")
        await out.answered()
        out.press("2")
        incoming = await desk.rings()
        incoming.accept()
        bridged = await centre.told(CallBridged, before, agent_id=AGENT)
        out.play(tone(Tones.CALLER, 180))
        incoming.play(tone(Tones.AGENT, 180))
        await out.hears(Tones.AGENT)
        yield Talk(bridged.call_id, caller, out, desk, incoming)


def forged(attacker: Attacker, method: str, dialog: Dialog, number: int, tags: str = "") -> bytes:
    """As the phone whose dialog it is would write it; `tags` wrong ones."""
    sender = f"{dialog.local.partition(';')[0]};tag={tags or dialog.local_tag}"
    to = f"{dialog.remote.partition(';')[0]};tag={tags or dialog.remote_tag}"
    lines = (
        "Refer-To: <sip:+19005550100@127.0.0.77>",
        f"Contact: <sip:mallory@{attacker.address.host}:{attacker.address.port}>",
    )
    return attacker.request(
        method, dialog.remote_target, number, *lines,
        sender=sender, to=to, call_id=dialog.call_id, cseq=dialog.local_seq + 10 + number,
    )  # fmt: skip


async def test_nobody_ends_or_takes_a_call_that_is_not_his(
    centre: Centre, attacker: Attacker
) -> None:
    statuses = []

    async def forge() -> None:
        async with a_talk(centre) as talk:
            ids = [talk.caller.dialog(talk.out), talk.desk.dialog(talk.incoming)]
            with Attacker.at(centre.sip, "127.0.0.1", ports=1) as neighbour:
                for number, dialog in enumerate(ids):
                    guess = forged(neighbour, "BYE", dialog, number, tags="guess")
                    statuses.append((await neighbour.ask(guess)).status)
            for number, method in enumerate(("BYE", "INVITE", "UPDATE", "INFO", "REFER", "BYE")):
                for dialog in ids:
                    answer = await attacker.ask(forged(attacker, method, dialog, number))
                    statuses.append(answer.status)
            await talk.goes_on(1.0)
            assert centre.facts(CallEnded, call_id=talk.call_id) == []

    await calls_during(centre, forge(), within_s=20)
    assert len(statuses) == 14
    assert set(statuses) <= {405, 481}


# -- audio -------------------------------------------------------------------------------------


def rtp(number: int, payload: bytes) -> bytes:
    return struct.pack("!BBHII", 0x80, 0, number & 0xFFFF, 160 * number, 0xBADCAFE) + payload


async def spray(centre: Centre, sockets: list[socket.socket]) -> None:
    """A tone, RTCP's goodbye and rubbish to every port of media's, ten times a second."""
    payload = encode(np.frombuffer(tone(ATTACK_HZ, 0.02, level_db=-10.0), np.int16), Law.PCMU)
    bye = struct.pack("!BBHI", 0x81, 203, 1, 0xBADCAFE)
    first, last = centre.ports.media
    for number in range(10_000):
        for sock in sockets:
            for port in range(first, last, 2):
                sock.sendto(rtp(number, payload), ("127.0.0.1", port))
                sock.sendto(bye, ("127.0.0.1", port + 1))
            await asyncio.sleep(0)
        await asyncio.sleep(0.1)


async def test_injected_audio_is_heard_by_nobody_and_draws_none_to_itself(centre: Centre) -> None:
    hosts = (HOST, ELSEWHERE, "127.0.0.1")
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in hosts]
    for sock, host in zip(sockets, hosts, strict=True):
        sock.bind((host, 0))
        sock.setblocking(False)

    async def inject() -> None:
        async with a_talk(centre) as talk:
            spraying = asyncio.create_task(spray(centre, sockets), name="spray")
            try:
                await talk.goes_on(2.0)
                heard = [each.heard_tone_s(ATTACK_HZ) for each in (talk.out, talk.incoming)]
                assert heard == [0, 0]
            finally:
                spraying.cancel()
                await asyncio.wait({spraying})

    try:
        await calls_during(centre, inject(), within_s=20)
        drawn = [packets(sock) for sock in sockets]
        # Before a phone's own first packet nobody can tell: its NAT may send from anywhere.
        assert sum(drawn) <= CALLS
    finally:
        for sock in sockets:
            sock.close()


def packets(sock: socket.socket) -> int:
    """How many were sent to it."""
    count = 0
    with suppress(BlockingIOError):
        while sock.recv(2048):
            count += 1
    return count


# -- connections -------------------------------------------------------------------------------


async def is_closed(reader: asyncio.StreamReader, within_s: float) -> bool:
    try:
        await asyncio.wait_for(reader.read(), within_s)
    except TimeoutError:
        return False
    except ConnectionError:
        return True
    return True


async def connect(house: House, host: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection(house.tcp.host, house.tcp.port, local_addr=(host, 0))


async def trickle(house: House, attacker: Attacker) -> None:
    """One byte, and another one, and another one."""
    reader, writer = await connect(house, HOST)
    for byte in attacker.request("OPTIONS", "sip:127.0.0.1", 1, transport="TCP"):
        if writer.is_closing() or reader.at_eof():
            break
        writer.write(bytes([byte]))
        await asyncio.sleep(0.2)
    assert await is_closed(reader, 1.0), "a slow message was waited for without end"
    writer.close()


async def overfeed(house: House, data: bytes) -> None:
    reader, writer = await connect(house, HOST)
    writer.write(data)
    assert await is_closed(reader, 5.0), "a message without end was taken"
    writer.close()


async def ask_by_tcp(house: House, neighbour: Attacker, number: int) -> None:
    """A phone of the office, in the middle of it all."""
    reader, writer = await connect(house, "127.0.0.1")
    writer.write(neighbour.request("OPTIONS", "sip:127.0.0.1", number, transport="TCP"))
    answer = await asyncio.wait_for(reader.readuntil(b"\r\n"), 2.0)
    assert answer == b"SIP/2.0 200 OK\r\n"
    writer.close()


async def test_strange_connections_are_bounded_and_closed(house: House, attacker: Attacker) -> None:
    head = attacker.request("OPTIONS", "sip:127.0.0.1", 2, transport="TCP")
    huge = (
        head.replace(b"Content-Length: 0", b"Content-Length: 999999999") + b"x" * 100_000,
        head.replace(b"Content-Length", b"X-Long: " + b"y" * 200_000 + b"\r\nContent-Length"),
        b"\x16\x03\x01" * 30_000,
        b"INVITE " + b"z" * 200_000,
    )

    async def crowd() -> None:
        idle = [await connect(house, host) for host in (HOST, ELSEWHERE) for _ in range(400)]
        with Attacker.at(house.centre.sip, "127.0.0.1", ports=1) as neighbour:
            for number in range(5):
                await ask_by_tcp(house, neighbour, number)
        closed = [reader for reader, _ in idle if reader.at_eof()]
        assert len(closed) == 200, "300 connections of one host are enough"
        for _, writer in idle[::2]:
            writer.close()
        async with asyncio.TaskGroup() as tasks:
            for data in huge:
                tasks.create_task(overfeed(house, data))
            tasks.create_task(trickle(house, attacker))
        left = [reader for reader, _ in idle[1::2]]
        gone = await asyncio.gather(*(is_closed(reader, 22.0) for reader in left))
        assert all(gone), "who says nothing is not kept"
        for _, writer in idle:
            writer.close()

    await calls_during(house.centre, crowd(), within_s=40)


# -- toll fraud --------------------------------------------------------------------------------


def frauds(attacker: Attacker, abroad: HostPort) -> Iterator[bytes]:
    """All that may move a careless exchange to call `abroad` at somebody else's cost."""
    there = f"{abroad.host}:{abroad.port}"
    numbers = iter(range(1000))
    for user in (*PREMIUM, AGENT):
        for uri in (f"sip:{user}@127.0.0.1", f"sip:{user}@{there}"):
            yield attacker.request("INVITE", uri, next(numbers))
            yield attacker.request("INVITE", uri, next(numbers), f"Route: <sip:{there};lr>")
    for refer_to in (f"sip:+1900@{there}", "sip:+19005550100@127.0.0.1", "tel:+19005550100"):
        for target in ("8000", AGENT):
            lines = (f"Refer-To: <{refer_to}>", f"Referred-By: <sip:{AGENT}@127.0.0.1>")
            yield attacker.request("REFER", f"sip:{target}@127.0.0.1", next(numbers), *lines)
    for method in ("SUBSCRIBE", "NOTIFY", "MESSAGE", "PUBLISH"):
        yield attacker.request(method, f"sip:+1900@{there}", next(numbers), "Event: refer")


async def test_nobody_is_rung_abroad_at_our_cost(centre: Centre, attacker: Attacker) -> None:
    statuses: list[int] = []

    async def defraud(abroad: Attacker) -> None:
        with Attacker.at(centre.sip, "127.0.0.1", ports=1) as neighbour:
            for who in (attacker, neighbour):
                for data in frauds(who, abroad.address):
                    statuses.append((await who.ask(data)).status)
            async with a_talk(centre) as talk:
                leg = talk.caller.dialog(talk.out)
                statuses.append((await neighbour.ask(forged(neighbour, "REFER", leg, 1))).status)
                await talk.goes_on(0.5)

    with Attacker.at(centre.sip, ABROAD, ports=1) as abroad:
        await calls_during(centre, defraud(abroad), within_s=20)
        assert abroad.received() == []
    assert len(statuses) > 50
    assert min(statuses) >= 400
