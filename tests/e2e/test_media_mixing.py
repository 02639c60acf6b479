"""Listening, whispering and conferences in the real media worker, by tone."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from telephony.media import protocol as p
from telephony.media.client import MediaClient
from telephony.media.errors import MediaRefused
from telephony.media.options import WorkerOptions
from telephony.media.sound.g711 import Law
from tests.support.media_phone import Phone, loudness
from tests.support.media_process import Heard, WorkerProcess, running_client
from tests.support.programs import find_media_ports
from tests.support.rtpengine import C_LOOP, DRIVERS, media_process

pytestmark = pytest.mark.e2e

TONES_HZ = {"caller": 440, "agent": 700, "boss": 1000}


class Floor:
    """A talk of caller and agent in a real worker, and a supervisor's leg."""

    def __init__(self, client: MediaClient, phones: dict[str, Phone]) -> None:
        self.client = client
        self.phones = phones
        self.ports: dict[str, int] = {}

    def needs(self, capability: str) -> None:
        if capability not in self.client.capabilities:
            pytest.skip(f"the driver does not declare the capability {capability!r}")

    async def begin(self) -> None:
        for name, phone in self.phones.items():
            offer = p.Offer(rid=0, leg=name, call="c-1", sdp=phone.sdp())
            self.ports[name] = (await self.client.ask(offer)).port
        await self.client.ask(p.Connect(rid=0, a="caller", b="agent"))

    async def hear(self, leg: str, *sources: str) -> None:
        wanted = [p.Source(leg=source) for source in sources]
        await self.client.ask(p.Hear(rid=0, leg=leg, sources=wanted))

    async def talk(self, frames: int) -> dict[str, set[str]]:
        """All sing; who heard whom in the last 400 ms of it."""
        async with asyncio.TaskGroup() as tasks:
            for name, phone in self.phones.items():
                tasks.create_task(phone.speak(self.ports[name], TONES_HZ[name], frames))
        return {name: _singers(phone) for name, phone in self.phones.items()}


def _singers(phone: Phone) -> set[str]:
    pcm = phone.pcm()[-3200:]
    return {name for name, hz in TONES_HZ.items() if loudness(pcm, hz) > 2000}


@pytest.fixture(params=[*DRIVERS, C_LOOP])
def worker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[WorkerProcess]:
    options = WorkerOptions(
        socket=str(tmp_path / "media.sock"), ports=find_media_ports(), drain_s=0.2
    )
    with media_process(request.param, options, tmp_path) as worker:
        yield worker


@pytest.fixture
async def floor(worker: WorkerProcess) -> AsyncIterator[Floor]:
    phones = {"caller": Phone(), "agent": Phone(law=Law.PCMA, events=96), "boss": Phone()}
    for phone in phones.values():
        await phone.open()
    async with running_client(worker.options, Heard()) as client:
        floor = Floor(client, phones)
        await floor.begin()
        yield floor
    for phone in phones.values():
        phone.close()


async def test_the_caller_cannot_hear_a_listener_nor_a_whisper(floor: Floor) -> None:
    await floor.hear("boss", "caller", "agent")
    listening = await floor.talk(frames=35)
    await floor.hear("agent", "caller", "boss")
    whispering = await floor.talk(frames=35)
    await floor.hear("caller", "agent", "boss")
    barging = await floor.talk(frames=35)

    assert listening == {"caller": {"agent"}, "agent": {"caller"}, "boss": {"caller", "agent"}}
    assert whispering == listening | {"agent": {"caller", "boss"}}
    assert barging == whispering | {"caller": {"agent", "boss"}}


async def test_a_whisper_outlives_the_worker(floor: Floor, worker: WorkerProcess) -> None:
    await floor.hear("boss", "caller", "agent")
    await floor.hear("agent", "caller", "boss")

    worker.end(signal.SIGKILL)
    worker.start()
    sessions = (await floor.client.ask(p.ListSessions(rid=0))).sessions
    heard = await floor.talk(frames=35)

    assert sessions is not None
    assert {session.leg: {source.leg for source in session.hears} for session in sessions} == {
        "caller": set(),
        "agent": {"caller", "boss"},
        "boss": {"caller", "agent"},
    }
    assert heard["caller"] == {"agent"}
    assert heard["agent"] == {"caller", "boss"}


async def test_a_leg_that_is_lost_with_the_worker_leaves_the_others_together(
    floor: Floor, worker: WorkerProcess
) -> None:
    floor.needs("restart")
    await floor.hear("agent", "caller", "boss")

    worker.end(signal.SIGKILL)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other_program:
        other_program.bind(("127.0.0.1", floor.ports["caller"]))
        worker.start()
        await floor.client.ask(p.ListSessions(rid=0))
        heard = await floor.talk(frames=35)

    assert heard["agent"] == {"boss"}


async def test_a_prompt_goes_before_a_conference_and_gives_way_to_it(floor: Floor) -> None:
    for name in TONES_HZ:
        await floor.hear(name, *(TONES_HZ.keys() - {name}))
    play = p.Play(rid=0, leg="caller", play_id="x", items=["tone:1500:400"])
    await floor.client.ask(play)

    await floor.talk(frames=15)
    prompted = loudness(floor.phones["caller"].pcm()[800:1600], 1500)
    heard = await floor.talk(frames=40)

    assert prompted > 6000
    assert heard["caller"] == {"agent", "boss"}


async def test_a_source_that_hangs_up_is_left_out(floor: Floor) -> None:
    await floor.hear("agent", "caller", "boss")
    await floor.client.ask(p.Release(rid=0, leg="caller"))

    heard = await floor.talk(frames=35)

    assert heard["agent"] == {"boss"}
    with pytest.raises(MediaRefused) as unknown:
        await floor.hear("agent", "caller")
    assert unknown.value.sip_status == 481
