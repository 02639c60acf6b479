"""A protected and a plain phone on the real media worker, which is killed in the middle."""

import asyncio
import base64
import signal
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from telephony.media import protocol as p
from telephony.media.client import MediaClient
from telephony.media.lanes import native
from telephony.media.options import WorkerOptions
from telephony.media.sound.g711 import Law
from tests.support.media_phone import Phone, all_heard, loudness
from tests.support.media_process import Heard, WorkerProcess, running_client
from tests.support.programs import find_media_ports

library = pytest.importorskip("pylibsrtp", reason="its wheel is not installed")

pytestmark = pytest.mark.e2e

KEY = bytes(range(30))


@dataclass
class SecurePhone(Phone):
    """It speaks and understands SRTP only."""

    sending: Any = None
    hearing: Any = None
    refused: list[bytes] = field(default_factory=list)

    def offer(self) -> str:
        key = base64.b64encode(KEY).decode()
        text = self.sdp().replace("RTP/AVP", "RTP/SAVP")
        return f"{text}a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{key}|2^31\r\n"

    def take_answer(self, sdp: str) -> None:
        line = next(line for line in sdp.splitlines() if line.startswith("a=crypto:1 "))
        theirs = base64.b64decode(line.partition("inline:")[2])
        policy = library.Policy
        self.sending = library.Session(policy(KEY, policy.SSRC_ANY_OUTBOUND))
        self.hearing = library.Session(policy(theirs, policy.SSRC_ANY_INBOUND))

    def send(self, payload: bytes, port: int, payload_type: int, *, marker: bool = False) -> None:
        plain = self.transport
        try:
            self.transport = _Protected(plain, self.sending)  # type: ignore[assignment]  # sendto is all that is used
            super().send(payload, port, payload_type, marker=marker)
        finally:
            self.transport = plain

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        try:
            packet = self.hearing.unprotect(data)
        except library.Error:
            self.refused.append(data)  # our reports come to the neighbouring port or here
            return
        super().datagram_received(packet, addr)


@dataclass
class _Protected:
    plain: asyncio.DatagramTransport
    session: Any

    def sendto(self, data: bytes, target: tuple[str, int]) -> None:
        self.plain.sendto(self.session.protect(data), target)


@pytest.fixture(params=["python", "c"])
def worker(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[WorkerProcess]:
    options = WorkerOptions(
        socket=str(tmp_path / "media.sock"),
        ports=find_media_ports(),
        drain_s=0.2,
        loop=request.param,
        library_folder=str(tmp_path / "lib"),
    )
    if request.param == "c" and native.find_compiler() is None:
        pytest.skip("needs a C compiler (gcc, libc6-dev)")
    worker = WorkerProcess(options)
    worker.start()
    yield worker
    worker.end(signal.SIGKILL)


@pytest.fixture
async def client(worker: WorkerProcess) -> AsyncIterator[MediaClient]:
    async with running_client(worker.options, Heard()) as client:
        yield client


async def test_a_protected_talk_outlives_the_worker(
    client: MediaClient, worker: WorkerProcess
) -> None:
    caller, agent = SecurePhone(), Phone(law=Law.PCMA, events=96)
    await caller.open()
    await agent.open()
    offered = await client.ask(p.Offer(rid=0, leg="a", call="c", sdp=caller.offer()))
    caller.take_answer(offered.sdp)
    port = (await client.ask(p.Offer(rid=0, leg="b", call="c", sdp=agent.sdp()))).port
    await client.ask(p.Connect(rid=0, a="a", b="b"))

    async def talk() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(caller.speak(offered.port, 440, 25))
            tasks.create_task(agent.speak(port, 700, 25))
        await all_heard(caller, agent)

    await talk()
    assert len(caller.audio) == len(agent.audio) == 25
    worker.end(signal.SIGKILL)
    worker.start()
    await client.ask(p.ListSessions(rid=0))
    await talk()
    stats = (await client.ask(p.Release(rid=0, leg="a"))).stats
    caller.close()
    agent.close()

    assert len(caller.audio) == len(agent.audio) == 50
    assert loudness(agent.pcm()[-3200:], 440) > 6000
    assert loudness(caller.pcm()[-3200:], 700) > 6000
    assert stats is not None
    assert stats.packets_rejected == 0


async def test_an_agents_phone_is_offered_srtp(client: MediaClient) -> None:
    agent = SecurePhone()
    await agent.open()
    offered = await client.ask(p.Offer(rid=0, leg="b", call="c", srtp=p.Srtp.REQUIRE))
    agent.take_answer(offered.sdp)
    await client.ask(p.Answer(rid=0, leg="b", sdp=agent.offer()))
    await client.ask(p.Connect(rid=0, a="b", b="b"))

    await agent.speak(offered.port, 440, 15)
    await agent.wait_for(15, 20)
    agent.close()

    assert loudness(agent.pcm(), 440) > 6000
