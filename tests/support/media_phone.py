"""Phones for the media worker's tests: they speak a tone and note all they hear."""

import asyncio
import random
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from telephony.media.packets.rtp import RtpPacket
from telephony.media.sound.g711 import FRAME_SAMPLES, Law, decode
from telephony.media.sound.playout import Prompt, tone

PAYLOAD_TYPES = {Law.PCMU: 0, Law.PCMA: 8}


def loudness(pcm_8k: npt.NDArray[np.int16], frequency_hz: float) -> float:
    """Goertzel's answer: the amplitude of one frequency in the samples."""
    if not len(pcm_8k):
        return 0.0
    turns = np.exp(-2j * np.pi * frequency_hz * np.arange(len(pcm_8k)) / 8000)
    return float(2 * abs(np.dot(pcm_8k.astype(np.float64), turns)) / len(pcm_8k))


def sdp(port: int, law: Law = Law.PCMU, events: int = 101, direction: str = "sendrecv") -> str:
    pt = PAYLOAD_TYPES[law]
    return (
        "v=0\r\no=phone 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP {pt} {events}\r\na=rtpmap:{pt} {law}/8000\r\n"
        f"a=rtpmap:{events} telephone-event/8000\r\na={direction}\r\n"
    )


LOOK_S, MOST_LOOKS = 0.1, 20


@dataclass
class Phone(asyncio.DatagramProtocol):
    """One RTP endpoint on loopback."""

    law: Law = Law.PCMU
    events: int = 101
    heard: list[RtpPacket] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)
    ssrc: int = field(default_factory=lambda: random.getrandbits(32))
    seq: int = field(default_factory=lambda: random.getrandbits(16))
    rtp_ts: int = field(default_factory=lambda: random.getrandbits(32))

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self.transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", 0)
        )
        self.port: int = self.transport.get_extra_info("sockname")[1]

    def sdp(self, direction: str = "sendrecv") -> str:
        return sdp(self.port, self.law, self.events, direction)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        packet = RtpPacket.parse(data)
        if not 72 <= packet.payload_type <= 76:  # RTCP for a neighbour's port (RFC 5761)
            self.heard.append(packet)
            self.came.set()

    async def wait_for(self, packets: int, timeout_s: float) -> None:
        """Until so many audio packets have been heard in all."""
        async with asyncio.timeout(timeout_s):
            while len(self.audio) < packets:
                self.came.clear()
                await self.came.wait()

    def send(self, payload: bytes, port: int, payload_type: int, *, marker: bool = False) -> None:
        packet = RtpPacket(payload_type, self.seq, self.rtp_ts, self.ssrc, payload, marker)
        self.transport.sendto(bytes(packet), ("127.0.0.1", port))
        self.seq = (self.seq + 1) & 0xFFFF

    async def speak(self, port: int, frequency_hz: float, frames: int) -> None:
        """Send so many frames of a tone, one each 20 ms."""
        voice: Prompt = tone(frequency_hz, 1000)
        loop = asyncio.get_running_loop()
        begun_at = loop.time()
        for n in range(frames):
            frame = voice.frame(n % voice.frames, self.law)
            self.send(frame, port, PAYLOAD_TYPES[self.law])
            self.rtp_ts = (self.rtp_ts + FRAME_SAMPLES) & 0xFFFFFFFF
            await asyncio.sleep(max(0.0, begun_at + 0.02 * (n + 1) - loop.time()))

    @property
    def audio(self) -> list[RtpPacket]:
        return [packet for packet in self.heard if packet.payload_type in (0, 8)]

    @property
    def digits(self) -> list[RtpPacket]:
        return [packet for packet in self.heard if packet.payload_type == self.events]

    def pcm(self) -> npt.NDArray[np.int16]:
        law = {0: Law.PCMU, 8: Law.PCMA}
        pieces = [decode(packet.payload, law[packet.payload_type]) for packet in self.audio]
        return np.concatenate([*pieces, np.zeros(0, np.int16)])

    def close(self) -> None:
        self.transport.close()


async def all_heard(*phones: Phone) -> None:
    """Until nothing more comes of what was said last; a little while when it goes on for ever."""
    before = -1
    for _ in range(MOST_LOOKS):
        count = sum(len(phone.heard) for phone in phones)
        if count == before:
            return
        before = count
        await asyncio.sleep(LOOK_S)
