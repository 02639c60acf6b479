"""The real media worker as a process, real UDP on loopback."""

import asyncio
import itertools
import signal
import socket
import wave
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import pytest

from telephony.media import protocol as p
from telephony.media.client import MediaClient
from telephony.media.errors import MediaRefused
from telephony.media.options import WorkerOptions
from telephony.media.sound import g722
from telephony.media.sound.g711 import Law, encode
from tests.support.eventually import eventually
from tests.support.media_phone import Phone, all_heard, loudness, sdp
from tests.support.media_process import Heard, WorkerProcess, running_client
from tests.support.programs import find_media_ports
from tests.support.rtpengine import C_LOOP, DRIVERS, media_process

pytestmark = pytest.mark.e2e


@dataclass
class Bench:
    """A worker, its client and two phones."""

    worker: WorkerProcess
    client: MediaClient
    heard: Heard
    caller: Phone
    agent: Phone

    def can(self, capability: str) -> bool:
        return capability in self.client.capabilities

    def needs(self, capability: str) -> None:
        if not self.can(capability):
            pytest.skip(f"the driver does not declare the capability {capability!r}")

    async def set_up(self, leg: str, phone: Phone) -> p.Done:
        return await self.client.ask(p.Offer(rid=0, leg=leg, call="c-1", sdp=phone.sdp()))

    async def bridge(self) -> tuple[int, int]:
        a = await self.set_up("l-a", self.caller)
        b = await self.set_up("l-b", self.agent)
        await self.client.ask(p.Connect(rid=0, a="l-a", b="l-b"))
        return a.port, b.port

    async def talk(self, ports: tuple[int, int], frames: int) -> None:
        """The caller sings 440 Hz, the agent 700 Hz."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.caller.speak(ports[0], 440, frames))
            tasks.create_task(self.agent.speak(ports[1], 700, frames))
        await all_heard(self.caller, self.agent)


@pytest.fixture(params=[*DRIVERS, C_LOOP])
def worker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[WorkerProcess]:
    options = WorkerOptions(
        socket=str(tmp_path / "media.sock"),
        ports=find_media_ports(),
        media_lost_s=0.6,
        rtcp_interval_s=0.3,
        drain_s=0.2,
    )
    with media_process(request.param, options, tmp_path) as worker:
        yield worker


@pytest.fixture
async def bench(worker: WorkerProcess) -> AsyncIterator[Bench]:
    heard = Heard()
    caller, agent = Phone(), Phone(law=Law.PCMA, events=96)
    await caller.open()
    await agent.open()
    async with running_client(worker.options, heard) as client:
        yield Bench(worker, client, heard, caller, agent)
    caller.close()
    agent.close()


def assert_one_stream(bench: Bench, phone: Phone) -> None:
    """One SSRC, sequence numbers without holes, timestamps that rise."""
    if not bench.can("one-stream"):
        return
    packets = phone.heard
    assert {packet.ssrc for packet in packets} == {packets[0].ssrc}
    for before, after in itertools.pairwise(packets):
        assert (after.seq - before.seq) & 0xFFFF == 1
        assert (after.rtp_ts - before.rtp_ts) & 0xFFFFFFFF < 0x80000000


def frames(pcm: npt.NDArray[np.int16]) -> Iterator[npt.NDArray[np.int16]]:
    """Of 20 ms each."""
    yield from (pcm[start : start + 160] for start in range(0, len(pcm) - 159, 160))


async def test_two_legs_with_different_laws_hear_each_other(bench: Bench) -> None:
    ports = await bench.bridge()

    await bench.talk(ports, frames=25)

    assert len(bench.agent.audio) == len(bench.caller.audio) == 25
    assert {packet.payload_type for packet in bench.agent.audio} == {8}
    assert loudness(bench.agent.pcm(), 440) > 6000
    assert loudness(bench.caller.pcm(), 700) > 6000
    release = p.Release(rid=0, leg="l-a", ended_by="caller", reason="bye")
    done = await bench.client.ask(release)
    assert done.stats is not None
    assert (done.stats.packets_received, done.stats.packets_lost) == (25, 0)
    last_words = (await bench.client.ask(p.ListSessions(rid=0))).ended_calls or []
    assert [(each.by, each.reason) for each in last_words][-1:] == [("caller", "bye")]
    if bench.can("figures"):
        assert done.stats.packets_sent == 25
    assert_one_stream(bench, bench.agent)


async def test_a_prompt_is_heard_instead_of_the_other_leg_and_then_the_other_leg_again(
    bench: Bench,
) -> None:
    ports = await bench.bridge()
    items = ["silence:20", "tone:1000:200"]

    talking = asyncio.create_task(bench.talk(ports, frames=2_000))
    await bench.caller.wait_for(10, 20)
    await bench.client.ask(p.Play(rid=0, leg="l-a", play_id="x", items=items))
    ended = await bench.heard.wait_for(lambda event: isinstance(event, p.PlayEnded), 20)
    await bench.caller.wait_for(len(bench.caller.audio) + 10, 20)
    talking.cancel()

    pcm = bench.caller.pcm()
    assert ended == p.PlayEnded(seq=ended.seq, leg="l-a", play_id="x")
    prompt = np.concatenate([piece for piece in frames(pcm) if loudness(piece, 1000) > 6000])
    assert len(prompt) >= 180 * 8
    assert loudness(prompt, 1000) > 6000
    assert loudness(prompt, 700) < 400
    assert loudness(pcm[:800], 700) > 6000
    assert loudness(pcm[-800:], 700) > 6000
    assert_one_stream(bench, bench.caller)
    if bench.can("one-stream"):
        turns = [packet for packet in bench.caller.audio if packet.marker]
        assert len(turns) == 3


async def test_a_digit_is_told_once_and_goes_on_with_the_other_legs_payload_type(
    bench: Bench,
) -> None:
    port, _ = await bench.bridge()
    for duration, end in ((160, 0), (320, 0), (480, 0x80), (480, 0x80), (480, 0x80)):
        payload = bytes([5, end | 10]) + duration.to_bytes(2, "big")
        bench.caller.send(payload, port, bench.caller.events, marker=duration == 160)

    digit = await bench.heard.wait_for(lambda event: isinstance(event, p.DigitHeard), 20)
    await all_heard(bench.agent)

    assert isinstance(digit, p.DigitHeard)
    assert (digit.leg, digit.digit) == ("l-a", "5")
    assert len([event for event in bench.heard.events if isinstance(event, p.DigitHeard)]) == 1
    assert [packet.payload_type for packet in bench.agent.heard] == [96] * 5


async def test_a_digit_in_the_audio_is_told_where_the_leg_is_listened_to_for_it(
    bench: Bench,
) -> None:
    offer = p.Offer(rid=0, leg="l-a", call="c-1", sdp=bench.caller.sdp(), inband_dtmf=True)
    port = (await bench.client.ask(offer)).port
    at = np.arange(960) / 8000
    pcm = 8000 * (np.sin(2 * np.pi * 770 * at) + np.sin(2 * np.pi * 1336 * at))
    codes = encode(pcm.astype(np.int16), Law.PCMU)

    for start in range(0, 960, 160):
        bench.caller.send(codes[start : start + 160], port, 0)
        bench.caller.rtp_ts = (bench.caller.rtp_ts + 160) & 0xFFFFFFFF
    digit = await bench.heard.wait_for(lambda event: isinstance(event, p.DigitHeard), 20)

    assert isinstance(digit, p.DigitHeard)
    assert (digit.leg, digit.digit) == ("l-a", "5")


async def test_digits_are_sent_with_three_ends_each(bench: Bench) -> None:
    port, _ = await bench.bridge()
    await bench.caller.speak(port, 440, frames=2)

    await bench.client.ask(p.SendDigits(rid=0, leg="l-a", digits="1#"))
    await eventually(lambda: len(bench.caller.digits) >= 14)
    await all_heard(bench.caller)

    events = bench.caller.digits
    assert [packet.payload[0] for packet in events] == [1] * 7 + [11] * 7
    assert [bool(packet.payload[1] & 0x80) for packet in events[:7]] == [False] * 4 + [True] * 3
    assert len({packet.rtp_ts for packet in events}) == 2
    assert_one_stream(bench, bench.caller)


async def test_a_tap_has_the_caller_left_and_the_agent_right(bench: Bench, tmp_path: Path) -> None:
    ports = await bench.bridge()
    file = tmp_path / "talks" / "r-1.wav"
    tap = p.Tap(rid=0, tap_id="r-1", left="l-a", right="l-b", file=str(file))

    await bench.client.ask(tap)
    await bench.talk(ports, frames=40)
    await bench.client.ask(p.Untap(rid=0, tap_id="r-1"))
    ended = await bench.heard.wait_for(lambda event: isinstance(event, p.TapEnded), 20)

    left, right = stereo(file)
    assert isinstance(ended, p.TapEnded)
    assert ended.complete
    assert ended.frames == len(left) >= 40 * 160
    assert loudness(left[1600:4800], 440) > 6000
    assert loudness(left[1600:4800], 700) < 400
    assert loudness(right[1600:4800], 700) > 6000
    assert loudness(right[1600:4800], 440) < 400


BACK_WITHIN_S = 2.0
"After a worker was killed, both hear each other again: what callers are promised."


@pytest.mark.alone
async def test_a_killed_worker_is_rebuilt_on_the_same_ports_and_ssrcs(
    bench: Bench, tmp_path: Path
) -> None:
    ports = await bench.bridge()
    file = tmp_path / "r-1.wav"
    await bench.client.ask(p.Tap(rid=0, tap_id="r-1", left="l-a", right="l-b", file=str(file)))
    talking = asyncio.create_task(bench.talk(ports, frames=2_000))
    # Half a second on disk: what is younger than a block dies with the worker.
    await eventually(lambda: file.exists() and file.stat().st_size > 0.5 * 8000 * 4)
    before = bench.client.worker

    bench.worker.end(signal.SIGKILL)
    left, _right = stereo(file)
    heard_before = len(bench.agent.audio)
    bench.worker.start()
    await bench.agent.wait_for(heard_before + 5, BACK_WITHIN_S)
    again = await bench.client.ask(p.ListSessions(rid=0))
    talking.cancel()
    await bench.client.ask(p.Untap(rid=0, tap_id="r-1"))
    ended = await bench.heard.wait_for(lambda event: isinstance(event, p.TapEnded), 20)

    assert len(left) > 0.2 * 8000
    assert bench.client.worker != before
    assert again.sessions is not None
    assert sorted(session.port for session in again.sessions) == sorted(ports)
    if bench.can("one-stream"):
        assert len({packet.ssrc for packet in bench.agent.audio}) == 1
    assert isinstance(ended, p.TapEnded)
    assert not ended.complete
    assert len(stereo(file)[0]) == ended.frames > len(left)


async def test_a_leg_that_cannot_be_rebuilt_is_told_as_lost_and_its_recording_as_ended(
    bench: Bench, tmp_path: Path
) -> None:
    bench.needs("restart")
    ports = await bench.bridge()
    file = str(tmp_path / "r-1.wav")
    await bench.client.ask(p.Tap(rid=0, tap_id="r-1", left="l-a", right="l-b", file=file))

    bench.worker.end(signal.SIGKILL)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", ports[0]))
        bench.worker.start()
        lost = await bench.heard.wait_for(lambda event: isinstance(event, p.MediaLost), 20)
        ended = await bench.heard.wait_for(lambda event: isinstance(event, p.TapEnded), 20)

    assert lost == p.MediaLost(seq=0, leg="l-a")
    assert isinstance(ended, p.TapEnded)
    assert not ended.complete


async def test_a_talk_outlives_core(bench: Bench) -> None:
    ports = await bench.bridge()
    bench.client.keep("l-a", b"dialog")
    heard = Heard()

    async with running_client(bench.worker.options, heard) as new_core:
        await bench.talk(ports, frames=10)
        sessions = (await new_core.ask(p.ListSessions(rid=0))).sessions

    assert len(bench.agent.audio) == 10
    assert sessions is not None
    assert {session.leg: session.record for session in sessions} == {"l-a": b"dialog", "l-b": b""}
    assert {session.connected_to for session in sessions} == {"l-a", "l-b"}


async def test_of_several_records_of_a_leg_told_at_once_the_last_is_kept(bench: Bench) -> None:
    await bench.bridge()

    for record in (b"first", b"second", b"third"):
        bench.client.keep("l-a", record)
    bench.client.keep("l-b", b"other")
    sessions = (await bench.client.ask(p.ListSessions(rid=0))).sessions or []

    assert {each.leg: each.record for each in sessions} == {"l-a": b"third", "l-b": b"other"}


async def test_a_full_disk_troubles_the_recording_and_not_the_talk(bench: Bench) -> None:
    ports = await bench.bridge()

    await bench.client.ask(p.Tap(rid=0, tap_id="r-1", left="l-a", right="l-b", file="/dev/full"))
    await bench.talk(ports, frames=40)
    await bench.client.ask(p.Untap(rid=0, tap_id="r-1"))
    ended = await bench.heard.wait_for(lambda event: isinstance(event, p.TapEnded), 20)

    troubles = [event for event in bench.heard.events if isinstance(event, p.TapTroubled)]
    assert len(troubles) == 1
    assert isinstance(ended, p.TapEnded)
    assert not ended.complete
    assert "No space left" in ended.sentence
    assert len(bench.agent.audio) == len(bench.caller.audio) == 40


async def test_a_silent_peer_is_told_once(bench: Bench) -> None:
    await bench.set_up("l-a", bench.caller)

    await bench.heard.wait_for(lambda event: isinstance(event, p.MediaLost), 20)
    await asyncio.sleep(0.8)

    lost = [event for event in bench.heard.events if isinstance(event, p.MediaLost)]
    assert [event.leg for event in lost] == ["l-a"]


async def test_what_cannot_be_served_is_refused_with_its_status(bench: Bench) -> None:
    video = "v=0\r\no=- 1 1 IN IP4 1.1.1.1\r\ns=-\r\nc=IN IP4 1.1.1.1\r\nm=video 9 RTP/AVP 96\r\n"

    with pytest.raises(MediaRefused) as no_audio:
        await bench.client.ask(p.Offer(rid=0, leg="l-a", call="c-1", sdp=video))
    with pytest.raises(MediaRefused) as unknown:
        await bench.client.ask(p.Play(rid=0, leg="l-a", play_id="x", items=[]))

    assert no_audio.value.sip_status == 488
    assert unknown.value.sip_status == 481


def stereo(file: Path) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.int16]]:
    with wave.open(str(file)) as wav:
        assert (wav.getnchannels(), wav.getsampwidth(), wav.getframerate()) == (2, 2, 8000)
        pcm = np.frombuffer(wav.readframes(wav.getnframes()), "<i2").reshape(-1, 2)
    return pcm[:, 0], pcm[:, 1]


async def test_the_end_of_the_worker_closes_recordings_and_says_goodbye(
    bench: Bench, tmp_path: Path
) -> None:
    ports = await bench.bridge()
    file = tmp_path / "r-1.wav"
    await bench.client.ask(p.Tap(rid=0, tap_id="r-1", left="l-a", right="l-b", file=str(file)))
    await bench.talk(ports, frames=20)

    assert bench.worker.end() == 0

    assert len(stereo(file)[0]) >= 20 * 160
    with pytest.raises(FileNotFoundError):
        await asyncio.open_unix_connection(bench.worker.options.socket)


async def test_a_caller_is_refused_when_two_legs_find_no_room_and_an_agent_never_is(
    worker: WorkerProcess, tmp_path: Path
) -> None:
    last = worker.options.ports[1]
    options = msgspec.structs.replace(
        worker.options, socket=str(tmp_path / "small.sock"), ports=(last - 99, last), max_legs=3
    )
    small = WorkerProcess(options)
    small.start()
    try:
        async with running_client(options, Heard()) as client:
            for leg, call in (("l-1", "c-1"), ("l-2", "c-1")):
                await client.ask(
                    p.Offer(rid=0, leg=leg, call=call, sdp=sdp(4000), reserve=leg == "l-1")
                )
            with pytest.raises(MediaRefused) as refused:
                await client.ask(p.Offer(rid=0, leg="l-3", call="c-2", sdp=sdp(4000), reserve=True))
            agent = await client.ask(p.Offer(rid=0, leg="l-4", call="c-1"))
    finally:
        small.end(signal.SIGKILL)

    assert refused.value.sip_status == 503
    assert agent.sdp


async def test_a_draining_worker_refuses_callers_and_serves_the_calls_it_has(
    bench: Bench,
) -> None:
    ports = await bench.bridge()
    await bench.client.ask(p.Drain(rid=0, on=True))

    with pytest.raises(MediaRefused) as refused:
        await bench.client.ask(p.Offer(rid=0, leg="l-c", call="c-2", sdp=sdp(4000), reserve=True))
    agent = await bench.client.ask(p.Offer(rid=0, leg="l-d", call="c-1"))
    await bench.talk(ports, frames=10)
    load = await bench.heard.wait_for(
        lambda event: isinstance(event, p.Load) and not event.admitting, 3
    )

    assert refused.value.sip_status == 503
    assert agent.sdp
    assert len(bench.agent.audio) == 10
    assert isinstance(load, p.Load)
    assert load.legs == 3


async def test_a_core_that_talks_nonsense_is_cut_off_and_the_talk_goes_on(bench: Bench) -> None:
    ports = await bench.bridge()

    reader, writer = await asyncio.open_unix_connection(bench.worker.options.socket)
    writer.write(b"\x00\x00\x00\x03abc")
    assert await reader.read() == b""
    writer.close()
    await bench.talk(ports, frames=5)

    assert len(bench.agent.audio) == 5
    assert (await bench.client.ask(p.ListSessions(rid=0))).sessions


async def test_an_offer_of_ours_is_answered_by_an_agent_with_another_law(bench: Bench) -> None:
    done = await bench.client.ask(p.Offer(rid=0, leg="l-b", call="c-1", prefer="PCMU"))
    answered = await bench.client.ask(p.Answer(rid=0, leg="l-b", sdp=bench.agent.sdp()))
    await bench.client.ask(p.Connect(rid=0, a="l-b", b="l-b"))
    await bench.agent.speak(done.port, 700, 10)
    await bench.agent.wait_for(10, 20)

    assert "RTP/AVP 0 8 101" in done.sdp
    assert answered.codec == "PCMA"
    assert loudness(bench.agent.pcm(), 700) > 6000


async def test_the_control_socket_may_lie_deeper_than_a_sockets_address_is_long(
    tmp_path: Path, worker: WorkerProcess
) -> None:
    deep = tmp_path / ("deep" * 30)
    deep.mkdir()
    other = WorkerProcess(msgspec.structs.replace(worker.options, socket=str(deep / "media.sock")))
    other.start()
    try:
        async with running_client(other.options, Heard()) as client:
            assert client.is_up
    finally:
        other.end()


async def test_requests_wait_for_a_worker_that_is_away_and_fail_in_the_end(
    worker: WorkerProcess,
) -> None:
    worker.end(signal.SIGKILL)
    client = MediaClient(worker.options.socket, Heard(), timeout_s=0.2)
    task = asyncio.create_task(client.run())

    with pytest.raises(MediaRefused) as refused:
        await client.ask(p.ListSessions(rid=0))
    task.cancel()

    assert refused.value.sip_status == 503
    worker.start()


async def test_a_worker_without_the_codec_serves_what_it_has(
    worker: WorkerProcess, tmp_path: Path
) -> None:
    first = worker.options.ports[0]
    options = msgspec.structs.replace(
        worker.options,
        socket=str(tmp_path / "wide.sock"),
        ports=(first + 100, first + 119),
        codecs=("PCMU", "PCMA", "G722"),
    )
    wide = WorkerProcess(options)
    wide.start()
    try:
        async with running_client(options, Heard()) as client:
            done = await client.ask(
                p.Offer(rid=0, leg="l-1", call="c-1", sdp=sdp(4000).replace("AVP 0", "AVP 9 0"))
            )
    finally:
        wide.end(signal.SIGKILL)

    assert done.codec == ("G722" if g722.is_installed() else "PCMU")


async def test_the_worker_says_which_loop_it_has(bench: Bench) -> None:
    assert bench.can("c-loop") == (bench.worker.options.loop == "c")
