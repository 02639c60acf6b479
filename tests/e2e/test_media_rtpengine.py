"""What only rtpengine as media plane has: its own end, its prompts, legs that change planes."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from callcenter.doctor.health import Verdict
from callcenter.doctor.rtpengine import rtpengine as examine
from callcenter.sections.values import Listener
from telephony.media import protocol as p
from telephony.media.client import MediaClient
from telephony.media.options import WorkerOptions
from telephony.media.sound.g711 import Law
from tests.e2e.test_media_listen_in import Ear
from tests.support.eventually import eventually
from tests.support.media_phone import Phone, loudness
from tests.support.media_process import Heard, running_client
from tests.support.programs import find_media_ports
from tests.support.rtpengine import DriverProcess, driver_process, needs_rtpengine
from tests.support.tones import read_wav, signal_to_noise_db, tone, write_wav

pytestmark = [pytest.mark.e2e, needs_rtpengine]

FULL_G711_DB = 34.0


@dataclass
class Bench:
    driver: DriverProcess
    client: MediaClient
    heard: Heard
    caller: Phone
    agent: Phone

    async def bridge(self, call: str = "c-1") -> tuple[int, int]:
        ports = []
        for leg, phone in (("a", self.caller), ("b", self.agent)):
            offer = p.Offer(rid=0, leg=f"{call}-{leg}", call=call, sdp=phone.sdp())
            ports.append((await self.client.ask(offer)).port)
        await self.client.ask(p.Connect(rid=0, a=f"{call}-a", b=f"{call}-b"))
        return ports[0], ports[1]

    async def talk(self, ports: tuple[int, int], frames: int) -> None:
        """The caller sings 440 Hz, the agent 700 Hz; what was heard before is forgotten."""
        self.caller.heard.clear()
        self.agent.heard.clear()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.caller.speak(ports[0], 440, frames))
            tasks.create_task(self.agent.speak(ports[1], 700, frames))
        await asyncio.sleep(0.05)

    async def lost(self, *legs: str) -> None:
        def is_told(event: p.Event) -> bool:
            told = {each.leg for each in self.heard.events if isinstance(each, p.MediaLost)}
            return told >= set(legs)

        await self.heard.wait_for(is_told, 20)


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[DriverProcess]:
    options = WorkerOptions(
        socket=str(tmp_path / "media.sock"), ports=find_media_ports(), media_lost_s=3.0
    )
    with driver_process(options, tmp_path) as driver:
        yield driver


@pytest.fixture
async def bench(driver: DriverProcess) -> AsyncIterator[Bench]:
    caller, agent = Phone(), Phone(law=Law.PCMA, events=96)
    await caller.open()
    await agent.open()
    heard = Heard()
    async with running_client(driver.options, heard) as client:
        yield Bench(driver, client, heard, caller, agent)
    caller.close()
    agent.close()


async def test_when_rtpengine_was_restarted_its_calls_are_lost_and_new_ones_are_served(
    bench: Bench,
) -> None:
    await bench.bridge()

    bench.driver.rtpengine.end(signal.SIGKILL)
    bench.driver.rtpengine.start()
    await bench.lost("c-1-a", "c-1-b")
    for leg in ("c-1-a", "c-1-b"):
        await bench.client.ask(p.Release(rid=0, leg=leg))
    ports = await bench.bridge("c-2")
    await bench.talk(ports, frames=20)

    assert loudness(bench.agent.pcm(), 440) > 6000
    assert loudness(bench.caller.pcm(), 700) > 6000


async def test_a_driver_that_finds_another_rtpengine_gives_its_legs_up(bench: Bench) -> None:
    ports = await bench.bridge()

    bench.driver.end(signal.SIGKILL)
    bench.driver.rtpengine.end(signal.SIGKILL)
    bench.driver.rtpengine.occupy(ports)
    bench.driver.rtpengine.start()
    bench.driver.start()

    await bench.lost("c-1-a", "c-1-b")
    assert (await bench.client.ask(p.ListSessions(rid=0))).sessions == []


async def test_a_call_without_rtpengine_is_refused_with_a_sentence_in_time(bench: Bench) -> None:
    bench.driver.rtpengine.end(signal.SIGKILL)

    reply: asyncio.Future[p.Done | p.Failed] = asyncio.get_running_loop().create_future()
    bench.client.tell(p.Offer(rid=0, leg="l-1", call="c-1"), reply.set_result)
    refused = await reply

    assert isinstance(refused, p.Failed)
    assert (refused.status, refused.sentence) == (503, "rtpengine does not answer")


async def test_each_side_of_a_talk_is_streamed_to_who_listens(bench: Bench, tmp_path: Path) -> None:
    assert "listen-in" in bench.client.capabilities
    ports = await bench.bridge()
    ears = [Ear(tmp_path / f"{name}.sock") for name in "ab"]
    for ear, leg in zip(ears, ("c-1-a", "c-1-b"), strict=True):
        await ear.start()
        listen = p.ListenIn(rid=0, leg=leg, listen_id=f"live.{leg}", socket=str(ear.path))
        await bench.client.ask(listen)
    await bench.talk(ports, frames=50)
    for ear in ears:
        await ear.stop()
    caller, agent = (ear.pcm() for ear in ears)

    assert (loudness(caller, 440) > 6000, loudness(caller, 700) < 100) == (True, True)
    assert (loudness(agent, 700) > 6000, loudness(agent, 440) < 100) == (True, True)
    await bench.talk(ports, frames=20)
    assert loudness(bench.agent.pcm(), 440) > 6000, "the talk goes on"


async def test_prompts_keep_their_quality_and_follow_each_other_without_a_gap(
    bench: Bench, tmp_path: Path
) -> None:
    files = [write_wav(tmp_path / f"{n}.wav", tone(500, 1.2)) for n in range(2)]
    await bench.client.ask(p.Offer(rid=0, leg="l-a", call="c-1", sdp=bench.caller.sdp()))
    play = p.Play(rid=0, leg="l-a", play_id="x", items=[str(file) for file in files])

    await bench.client.ask(play)
    await bench.heard.wait_for(lambda event: isinstance(event, p.PlayEnded), 20)

    pcm = bench.caller.pcm()
    assert len(pcm) == pytest.approx(2.5 * 8000, abs=320), "a moment of silence, then both files"
    said = pcm[800:]
    assert signal_to_noise_db(said.astype("<i2").tobytes(), 500) > FULL_G711_DB
    assert loudness(said[9600 - 400 : 9600 + 400], 500) > 2000


async def test_a_recording_goes_on_over_hold_music_and_a_prompt(
    bench: Bench, tmp_path: Path
) -> None:
    ports = await bench.bridge()
    file = tmp_path / "r-1.wav"
    tap = p.Tap(rid=0, tap_id="r-1", left="c-1-a", right="c-1-b", file=str(file))
    await bench.client.ask(tap)

    await bench.talk(ports, frames=40)
    held = bench.agent.sdp("inactive")
    await bench.client.ask(p.Offer(rid=0, leg="c-1-b", call="c-1", sdp=held))
    music = p.Play(rid=0, leg="c-1-a", play_id="m", items=["tone:1500:1000"], loop=True)
    await bench.client.ask(music)
    await bench.talk(ports, frames=60)
    heard_music, heard_nothing = bench.caller.pcm()[1600:], bench.agent.pcm()
    await bench.client.ask(p.Stop(rid=0, leg="c-1-a"))
    await bench.client.ask(p.Offer(rid=0, leg="c-1-b", call="c-1", sdp=bench.agent.sdp()))
    await bench.client.ask(p.Play(rid=0, leg="c-1-a", play_id="n", items=["tone:1500:400"]))
    await bench.talk(ports, frames=60)
    await bench.client.ask(p.Untap(rid=0, tap_id="r-1"))
    ended = await bench.heard.wait_for(lambda event: isinstance(event, p.TapEnded), 20)

    assert loudness(heard_music, 1500) > 5000
    assert loudness(heard_music, 700) < 200
    assert len(heard_nothing) < 800
    assert loudness(bench.caller.pcm()[:2400], 1500) > 5000
    assert loudness(bench.caller.pcm()[-3200:], 700) > 6000
    assert loudness(bench.agent.pcm(), 440) > 6000
    assert isinstance(ended, p.TapEnded)
    assert ended.complete
    left, right = read_wav(file), read_wav_right(file)
    for side, hz in ((left, 440), (right, 700)):
        samples = np.frombuffer(side, "<i2")
        tenths = [samples[n : n + 800] for n in range(0, len(samples), 800)]
        # Of 0.8, 1.2 and 1.2 s that each said none is missing, however long it was between them.
        assert sum(loudness(tenth, hz) > 6000 for tenth in tenths) >= 27


def read_wav_right(file: Path) -> bytes:
    samples = np.frombuffer(file.read_bytes()[44:], "<i2")
    return samples[1::2].tobytes()


@pytest.mark.parametrize(
    ("law", "events"), [(Law.PCMU, 101), (Law.PCMU, 96), (Law.PCMA, 101), (Law.PCMA, 96)]
)
async def test_a_digit_is_told_once_and_passed_on_whatever_the_phones_agreed_on(
    bench: Bench, law: Law, events: int
) -> None:
    bench.agent.law, bench.agent.events = law, events
    port, _ = await bench.bridge()
    await bench.caller.speak(port, 440, 5)
    for duration, end in ((160, 0), (320, 0), (480, 0x80), (480, 0x80), (480, 0x80)):
        payload = bytes([5, end | 10]) + duration.to_bytes(2, "big")
        bench.caller.send(payload, port, bench.caller.events, marker=duration == 160)

    await bench.heard.wait_for(lambda event: isinstance(event, p.DigitHeard), 20)
    await eventually(lambda: len(bench.agent.digits) >= 5)
    await asyncio.sleep(0.1)  # time to tell it twice

    digits = [event for event in bench.heard.events if isinstance(event, p.DigitHeard)]
    assert [(event.leg, event.digit) for event in digits] == [("c-1-a", "5")]
    assert [packet.payload[0] for packet in bench.agent.digits] == [5] * 5


async def test_a_new_core_takes_over_a_talk_with_its_recording(
    bench: Bench, tmp_path: Path
) -> None:
    ports = await bench.bridge()
    file = str(tmp_path / "r-1.wav")
    await bench.client.ask(p.Tap(rid=0, tap_id="r-1", left="c-1-a", right="c-1-b", file=file))

    async with running_client(bench.driver.options, Heard()) as new_core:
        sessions = await new_core.adopt()
        await bench.talk(ports, frames=20)

    assert {each.leg: (each.connected_to, each.taps) for each in sessions} == {
        "c-1-a": ("c-1-b", ["r-1"]),
        "c-1-b": ("c-1-a", ["r-1"]),
    }
    assert loudness(bench.agent.pcm(), 440) > 6000


def test_doctor_finds_rtpengine_and_says_when_there_is_none(driver: DriverProcess) -> None:
    there = examine(Listener("udp", *driver.rtpengine.ng))
    nobody = examine(Listener("udp", *driver.rtpengine.digits))

    assert there.verdict is Verdict.OK
    assert nobody.verdict is Verdict.FAIL
    assert "nothing answers" in nobody.says
    assert "--listen-ng" in nobody.next_step
