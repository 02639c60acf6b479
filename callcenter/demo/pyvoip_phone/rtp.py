"""pyVoIP's RTP client with an audio path of its own.

Overridden, because pyVoIP 1.6.8 works on 8-bit samples (22 dB of signal to noise where G.711 gives
37), sends mu-law under A-law's payload type, paces at 20.15 ms, turns lost packets into clicks,
loses its receiving thread to a 1-byte datagram, and cannot send digits.
"""

import audioop
import select
import socket
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from pyVoIP import RTP

from callcenter.demo.heard import Heard
from foundation.clock import monotonic_s

FRAME_SAMPLES = 160
FRAME_S = 0.02
SILENCE = bytes(2 * FRAME_SAMPLES)
KEYS = "0123456789*#ABCD"
EVENT_STEPS = 5
"A digit lasts 5 frames (100 ms), then its end packet goes out three times (RFC 4733 2.5.1.4)."


@dataclass(frozen=True, slots=True)
class AudioEvents:
    """Called from the pump's thread."""

    played: Callable[[], None]
    digit: Callable[[str], None]


def encode(kind: RTP.PayloadType, pcm_8k: bytes) -> bytes:
    return _law(kind).encode(pcm_8k)


def decode(kind: RTP.PayloadType, payload: bytes) -> bytes:
    return _law(kind).decode(payload)


class _MuLaw:
    @staticmethod
    def encode(pcm: bytes) -> bytes:
        return audioop.lin2ulaw(pcm, 2)

    @staticmethod
    def decode(payload: bytes) -> bytes:
        return audioop.ulaw2lin(payload, 2)


class _ALaw:
    @staticmethod
    def encode(pcm: bytes) -> bytes:
        return audioop.lin2alaw(pcm, 2)

    @staticmethod
    def decode(payload: bytes) -> bytes:
        return audioop.alaw2lin(payload, 2)


def _law(kind: RTP.PayloadType) -> type[_MuLaw] | type[_ALaw]:
    return _ALaw if kind == RTP.PayloadType.PCMA else _MuLaw


@dataclass(frozen=True, slots=True)
class _Keystroke:
    """What one tick of a digit sends; an empty event is the pause between two digits."""

    event: bytes
    first: bool = False


class SteadyRtp(RTP.RTPClient):  # type: ignore[misc]  # pyVoIP is untyped here
    """One call's audio: one thread that receives, and sends a frame on each 20 ms tick."""

    outSequence: int
    outTimestamp: int

    def __init__(
        self,
        assoc: dict[int, RTP.PayloadType],
        local: socket.socket,
        peer: tuple[str, int],
        events: AudioEvents,
    ) -> None:
        address, port = local.getsockname()
        super().__init__(assoc, address, port, *peer, RTP.TransmitType.SENDRECV)
        if getattr(self, "preference", None) not in (RTP.PayloadType.PCMU, RTP.PayloadType.PCMA):
            raise RTP.RTPParseError(f"no G.711 among {sorted(map(str, assoc.values()))}")
        self.sin = self.sout = local
        self.heard = Heard()
        self.sending = True
        self._events = events
        self._to_say: deque[bytes] = deque()
        self._to_press: deque[_Keystroke] = deque()
        self._pressed_ts = 0
        self._digit_ts = -1
        self._marker = True

    def start(self) -> None:
        self.sin.setblocking(False)
        threading.Thread(target=self._pump, name="pyvoip-rtp", daemon=True).start()

    def say(self, pcm_8k: bytes) -> None:
        """Queue audio; cut into frames, the last one filled up with silence."""
        size = len(SILENCE)
        for at in range(0, len(pcm_8k), size):
            self._to_say.append(pcm_8k[at : at + size].ljust(size, b"\0"))

    def can_press(self) -> bool:
        return self._event_type() is not None

    def press(self, digit: str) -> None:
        """Queue one digit: its event frames, its end three times, then two frames of silence."""
        code = KEYS.index(digit.upper())
        for step in range(1, EVENT_STEPS + 1):
            event = _event(code, step * FRAME_SAMPLES, end=False)
            self._to_press.append(_Keystroke(event, first=step == 1))
        end = _event(code, EVENT_STEPS * FRAME_SAMPLES, end=True)
        self._to_press.extend([_Keystroke(end)] * 3)
        self._to_press.extend([_Keystroke(b"")] * 2)

    # -- the pump's thread -----------------------------------------------------------------------

    def _pump(self) -> None:
        tick_at = monotonic_s()
        while self.NSD:
            wait_s = tick_at - monotonic_s()
            try:
                if wait_s > 0:
                    if select.select([self.sin], [], [], wait_s)[0]:
                        self._receive()
                    continue
                self._send_tick()
            except (OSError, ValueError):
                return  # closed by stop()
            tick_at += FRAME_S

    def _receive(self) -> None:
        try:
            packet = self.sin.recv(2048)
            if len(packet) > 12:
                self.parse_packet(packet)
        except BlockingIOError:
            return
        except RTP.RTPParseError:
            return  # STUN, RTCP or a payload type that was not negotiated

    def parse_packet(self, packet: bytes) -> None:
        message = RTP.RTPMessage(packet, self.assoc)
        if message.payload_type == RTP.PayloadType.EVENT:
            self._on_event(message)
        elif message.payload_type in (RTP.PayloadType.PCMU, RTP.PayloadType.PCMA):
            self.heard.put(message.timestamp, decode(message.payload_type, message.payload))

    def _on_event(self, message: RTP.RTPMessage) -> None:
        # One digit has one timestamp in all its packets; the first of them may have been lost.
        if message.timestamp == self._digit_ts or message.payload[0] >= len(KEYS):
            return
        self._digit_ts = message.timestamp
        self._events.digit(KEYS[message.payload[0]])

    def _send_tick(self) -> None:
        if self._to_press:
            self._send_event(self._to_press.popleft())
        else:
            self._send_audio()
        self.outTimestamp = (self.outTimestamp + FRAME_SAMPLES) % (1 << 32)

    def _send_audio(self) -> None:
        pcm = self._to_say.popleft() if self._to_say else SILENCE
        if self.sending:
            self._transmit(int(self.preference), self.outTimestamp, encode(self.preference, pcm))
        if pcm is not SILENCE and not self._to_say:
            self._events.played()

    def _send_event(self, stroke: _Keystroke) -> None:
        kind = self._event_type()
        if stroke.first:
            # All packets of a digit carry the time of its start (RFC 4733 2.5.1.2).
            self._pressed_ts = self.outTimestamp
            self._marker = True
        if stroke.event and kind is not None:
            self._transmit(kind, self._pressed_ts, stroke.event)

    def _transmit(self, payload_type: int, rtp_ts: int, payload: bytes) -> None:
        header = bytes([0x80, payload_type | (0x80 if self._marker else 0)])
        header += self.outSequence.to_bytes(2, "big") + rtp_ts.to_bytes(4, "big")
        header += self.outSSRC.to_bytes(4, "big")
        self._marker = False
        self.outSequence = (self.outSequence + 1) % (1 << 16)
        self.sout.sendto(header + payload, (self.outIP, self.outPort))

    def _event_type(self) -> int | None:
        for number, kind in self.assoc.items():
            if kind == RTP.PayloadType.EVENT:
                return int(number)
        return None


def _event(code: int, duration: int, *, end: bool) -> bytes:
    """RFC 4733 2.3: event, E bit and volume (-10 dBm0), duration in samples."""
    return bytes([code, (0x80 if end else 0) | 10]) + duration.to_bytes(2, "big")
