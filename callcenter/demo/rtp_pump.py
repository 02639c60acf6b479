"""One softphone call's audio: a socket, a 20 ms clock, what is said and what was heard.

The socket is open before there is an SDP; `use` starts the clock, and tells again where to send
after each new SDP. Twenty of these run in one asyncio process.
"""

import asyncio
import secrets
import socket
from collections import deque
from collections.abc import Callable

import numpy as np

from callcenter.demo.heard import Heard
from telephony.media.agreeing.terms import Terms
from telephony.media.errors import RtpMalformed, VerbRefused
from telephony.media.packets.rtp import RtpPacket
from telephony.media.packets.stream import OutStream
from telephony.media.sound.dtmf import DigitReceiver, DigitSender, EventPacket
from telephony.media.sound.g711 import FRAME_SAMPLES, decode, encode

FRAME_S = 0.02
FRAME_BYTES = 2 * FRAME_SAMPLES
SILENCE = bytes(FRAME_BYTES)
MOST_BEHIND_S = 0.2
"After a longer stall the clock starts anew instead of sending a burst."


def open_rtp(local_ip: str) -> socket.socket:
    """A socket on an even port that was free."""
    while True:
        rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        rtp.setblocking(False)
        rtp.bind((local_ip, 0))
        if rtp.getsockname()[1] % 2 == 0:
            return rtp
        rtp.close()


class RtpPump:
    """Says silence when there is nothing to say, so that the peer never misses us."""

    def __init__(self, local_ip: str, on_digit: Callable[[str], None]) -> None:
        self.heard = Heard()
        self._rtp = open_rtp(local_ip)
        self._on_digit = on_digit
        self._loop = asyncio.get_running_loop()
        self._stream = OutStream(secrets.randbits(32), self._loop.time(), restarted=False)
        self._terms: Terms | None = None
        self._to_say: deque[bytes] = deque()
        self._said: list[asyncio.Future[None]] = []
        self._pressing: deque[DigitSender] = deque()
        self._digits = DigitReceiver()
        self._timer: asyncio.TimerHandle | None = None
        self._loop.add_reader(self._rtp, self._receive)

    @property
    def port(self) -> int:
        return int(self._rtp.getsockname()[1])

    def use(self, terms: Terms) -> None:
        """Send by these terms from now on."""
        self._terms = terms
        if self._timer is None:
            self._tick(self._loop.time())

    def say(self, pcm_8k: bytes) -> asyncio.Future[None]:
        """Queue audio after what is being said; the future is done when it has been said."""
        for at in range(0, len(pcm_8k), FRAME_BYTES):
            self._to_say.append(pcm_8k[at : at + FRAME_BYTES].ljust(FRAME_BYTES, b"\0"))
        said: asyncio.Future[None] = self._loop.create_future()
        self._said.append(said)
        if not self._to_say:
            self._tell_said()
        return said

    def press(self, digits: str) -> None:
        if self._terms is None or self._terms.event_type is None:
            raise VerbRefused("the peer takes no digits by RFC 4733")
        self._pressing.append(DigitSender(digits))

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._loop.remove_reader(self._rtp)
        self._rtp.close()
        self._tell_said()

    # -- receiving -------------------------------------------------------------------------------

    def _receive(self) -> None:
        try:
            packet = RtpPacket.parse(self._rtp.recv(2048))
        except (BlockingIOError, ConnectionRefusedError, RtpMalformed):
            return
        terms = self._terms
        if terms is None:
            return
        if packet.payload_type in terms.event_types:
            digit = self._digits.feed(packet.payload, packet.rtp_ts)
            if digit is not None:
                self._on_digit(digit)
        elif packet.payload_type in terms.laws:
            pcm = decode(packet.payload, terms.laws[packet.payload_type])
            self.heard.put(packet.rtp_ts, pcm.tobytes())

    # -- sending ---------------------------------------------------------------------------------

    def _tick(self, due_at: float) -> None:
        now = self._loop.time()
        if now - due_at > MOST_BEHIND_S:
            due_at = now
        self._timer = self._loop.call_at(due_at + FRAME_S, self._tick, due_at + FRAME_S)
        assert self._terms is not None
        frame = self._next_events()
        if frame is not None:
            for event in frame:
                self._send_event(self._terms, event, now)
        else:
            self._send_audio(self._terms, now)

    def _next_events(self) -> list[EventPacket] | None:
        while self._pressing:
            frame = self._pressing[0].next_frame()
            if frame is not None:
                return frame
            self._pressing.popleft()
        return None

    def _send_event(self, terms: Terms, event: EventPacket, now: float) -> None:
        if terms.event_type is not None:
            header = self._stream.own_event(terms.event_type, first=event.first, now=now)
            self._send(terms, header + event.payload)

    def _send_audio(self, terms: Terms, now: float) -> None:
        pcm = self._to_say.popleft() if self._to_say else SILENCE
        if terms.direction.is_listening:
            codes = encode(np.frombuffer(pcm, np.int16), terms.law)
            header = self._stream.own_frame(terms.payload_type, FRAME_SAMPLES, now)
            self._send(terms, header + codes)
        if not self._to_say:
            self._tell_said()

    def _send(self, terms: Terms, packet: bytes) -> None:
        try:
            self._rtp.sendto(packet, (terms.address, terms.port))
        except (BlockingIOError, ConnectionRefusedError):
            return  # lost, as a network may lose it

    def _tell_said(self) -> None:
        for said in self._said:
            if not said.done():
                said.set_result(None)
        self._said.clear()
