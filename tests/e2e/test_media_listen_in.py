"""A leg's audio as it comes, streamed by the real media worker to whoever listens."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from foundation.frames import FrameReader
from telephony.media import protocol as p
from telephony.media.client import MediaClient
from telephony.media.errors import MediaRefused
from telephony.media.live import LiveStream
from telephony.media.options import WorkerOptions
from telephony.media.sound.g711 import Law, decode
from tests.support.eventually import eventually
from tests.support.media_phone import Phone, loudness
from tests.support.media_process import Heard, WorkerProcess, running_client
from tests.support.programs import find_media_ports

pytestmark = pytest.mark.e2e


class Ear:
    """A listener that only writes down."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.messages: list[p.LiveMessage] = []
        self.ended = asyncio.Event()
        self.writer: asyncio.StreamWriter | None = None
        self.takes = asyncio.Event()
        self.takes.set()

    async def start(self) -> None:
        self.server = await asyncio.start_unix_server(self._serve, self.path)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        frames, decoder = FrameReader(), msgspec.msgpack.Decoder[p.LiveMessage](p.LiveMessage)
        await self.takes.wait()
        while data := await reader.read(65536):
            self.messages += map(decoder.decode, frames.feed(data))
        self.ended.set()
        writer.close()

    async def stop(self) -> None:
        self.server.close()
        if self.writer is not None:
            self.writer.close()
            with contextlib.suppress(OSError):
                await self.writer.wait_closed()

    @property
    def blocks(self) -> list[p.LiveBlock]:
        return [message for message in self.messages if isinstance(message, p.LiveBlock)]

    def pcm(self) -> np.ndarray:
        pieces = [decode(one.codes, Law(one.law)) for one in self.blocks]
        return np.concatenate([*pieces, np.zeros(0, np.int16)])

    def loud(self) -> range:
        """From the first sample of a voice to its last."""
        found = np.flatnonzero(np.abs(self.pcm().astype(int)) > 1000)
        return range(found[0], found[-1]) if len(found) else range(0)


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[MediaClient]:
    options = WorkerOptions(socket=str(tmp_path / "media.sock"), ports=find_media_ports())
    worker = WorkerProcess(options)
    worker.start()
    try:
        async with running_client(options, Heard()) as client:
            yield client
    finally:
        worker.end()


@pytest.fixture
async def ear(tmp_path: Path) -> AsyncIterator[Ear]:
    ear = Ear(tmp_path / "live.sock")
    await ear.start()
    yield ear
    await ear.stop()


@pytest.fixture
async def phone() -> AsyncIterator[Phone]:
    phone = Phone(Law.PCMA)
    await phone.open()
    yield phone
    phone.close()


async def leg(client: MediaClient, phone: Phone) -> int:
    done = await client.ask(p.Offer(rid=0, leg="l-1", call="c-1", sdp=phone.sdp()))
    return done.port


async def test_what_the_phone_says_comes_in_blocks_soon_after(
    client: MediaClient, ear: Ear, phone: Phone
) -> None:
    assert "listen-in" in client.capabilities
    port = await leg(client, phone)
    await client.ask(p.ListenIn(rid=0, leg="l-1", listen_id="a", socket=str(ear.path)))
    await client.ask(p.ListenIn(rid=0, leg="l-1", listen_id="a", socket=str(ear.path)))
    await phone.speak(port, 440, 50)
    await eventually(lambda: len(ear.loud()) > 7200)

    assert ear.messages[0] == p.LiveHeader(listen_id="a")
    assert sum(isinstance(message, p.LiveHeader) for message in ear.messages) == 1
    assert {one.law for one in ear.blocks} == {"PCMA"}
    loud = ear.loud()
    assert len(loud) == pytest.approx(8000, abs=800)
    assert loudness(ear.pcm()[loud[0] + 400 : loud[0] + 4400], 440) > 6000

    await client.ask(p.Release(rid=0, leg="l-1"))
    await asyncio.wait_for(ear.ended.wait(), 20)


async def test_listener_that_hangs_up_ends_it_and_the_talk_goes_on(
    client: MediaClient, ear: Ear, phone: Phone
) -> None:
    port = await leg(client, phone)
    await client.ask(p.Connect(rid=0, a="l-1", b="l-1"))
    await client.ask(p.ListenIn(rid=0, leg="l-1", listen_id="a", socket=str(ear.path)))
    await phone.speak(port, 440, 15)
    assert ear.writer is not None
    ear.writer.transport.abort()
    await phone.speak(port, 440, 25)
    await phone.wait_for(30, 20)
    again = Ear(ear.path.with_name("again.sock"))
    await again.start()
    await client.ask(p.ListenIn(rid=0, leg="l-1", listen_id="a", socket=str(again.path)))
    await phone.speak(port, 440, 15)
    await again.stop()
    assert again.blocks


async def test_listener_that_does_not_read_loses_audio_and_holds_up_nobody(
    client: MediaClient, ear: Ear, phone: Phone
) -> None:
    """Its socket holds some seconds for it; the echo keeps its pace meanwhile."""
    ear.takes.clear()
    port = await leg(client, phone)
    await client.ask(p.Connect(rid=0, a="l-1", b="l-1"))
    await client.ask(p.ListenIn(rid=0, leg="l-1", listen_id="a", socket=str(ear.path)))
    await phone.speak(port, 440, 100)
    await phone.wait_for(90, 20)
    assert ear.blocks == []
    ear.takes.set()
    await phone.speak(port, 440, 20)
    await eventually(lambda: sum(len(one.codes) + one.lost for one in ear.blocks) > 15_000)


async def test_nobody_to_listen_and_an_unknown_leg_are_refused(
    client: MediaClient, tmp_path: Path, phone: Phone
) -> None:
    nobody = str(tmp_path / "nobody.sock")
    with pytest.raises(MediaRefused, match="no session for the leg l-1"):
        await client.ask(p.ListenIn(rid=0, leg="l-1", listen_id="a", socket=nobody))
    await leg(client, phone)
    with pytest.raises(MediaRefused, match="no listener takes audio at") as refused:
        await client.ask(p.ListenIn(rid=0, leg="l-1", listen_id="a", socket=nobody))
    assert refused.value.sip_status == 503


async def test_stream_that_nobody_reads_drops_and_counts_what_finds_no_room(ear: Ear) -> None:
    ear.takes.clear()
    stream = LiveStream(str(ear.path), "a")
    for number in range(4000):
        stream.write("PCMU", bytes([number % 256]) * 800)
    assert stream.is_open
    ear.takes.set()
    written = 4000
    async with asyncio.timeout(20):
        while stream._unsent or stream._lost:  # as the leg speaks on
            await asyncio.sleep(0.02)
            stream.write("PCMU", bytes(800))
            written += 1
    stream.close()
    await asyncio.wait_for(ear.ended.wait(), 20)
    lost = sum(one.lost for one in ear.blocks)
    assert lost > 1_000_000
    assert lost + sum(len(one.codes) for one in ear.blocks) == written * 800
