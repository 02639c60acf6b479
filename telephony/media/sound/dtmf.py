"""Digits as RFC 4733 telephone events: one key press, one digit, whatever the network lost.

All packets of a key press carry the timestamp of its beginning, so a digit is told at the first
packet that shows a new timestamp; repeated ends and a lost beginning change nothing. A press
longer than 8 s is sent in segments (section 2.5.1.3) that follow each other without a gap.
"""

import struct
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from telephony.media.packets.rtp import signed_ts

DIGITS = "0123456789*#ABCD"
_EVENT = struct.Struct("!BBH")
_END = 0x80
_VOLUME = 10
"-10 dBm0, what phones send."
_LATE_SAMPLES = 16000
"An event that began up to 2 s before the last one is a late packet, not a restarted clock."

PACKET_SAMPLES = 160
DIGIT_SAMPLES = 800
"100 ms."
PAUSE_FRAMES = 3
"60 ms between digits."
END_PACKETS = 3
"The end is sent three times (section 2.5.1.4)."
FRAMES = DIGIT_SAMPLES // PACKET_SAMPLES + PAUSE_FRAMES
"Of one digit, 20 ms each."
MOST_WAITING = 64
"Digits: ten seconds of them, more than any number or card has."


class DigitReceiver:
    """Event payloads of one RTP source in, digits out."""

    __slots__ = ("_duration", "_ended", "_event", "_rtp_ts")

    def __init__(self) -> None:
        self._rtp_ts: int | None = None
        self._event = -1
        self._duration = 0
        self._ended = True

    def feed(self, payload: bytes, rtp_ts: int) -> str | None:
        """The digit, at the first packet of its key press that is seen; None otherwise."""
        if len(payload) < _EVENT.size:
            return None
        event, flags, duration = _EVENT.unpack_from(payload)
        if event >= len(DIGITS) or self._is_late(rtp_ts):
            return None
        is_new = rtp_ts != self._rtp_ts and not self._continues(event, rtp_ts)
        self._ended = bool(flags & _END) or (self._ended and not is_new)
        self._rtp_ts, self._event, self._duration = rtp_ts, event, duration
        return DIGITS[event] if is_new else None

    def _is_late(self, rtp_ts: int) -> bool:
        return self._rtp_ts is not None and -_LATE_SAMPLES < signed_ts(rtp_ts - self._rtp_ts) < 0

    def _continues(self, event: int, rtp_ts: int) -> bool:
        if self._rtp_ts is None or self._ended or event != self._event:
            return False
        return signed_ts(rtp_ts - self._rtp_ts) == self._duration


@dataclass(frozen=True, slots=True)
class EventPacket:
    """One event packet to send: `first` begins a key press, `at` counts from its beginning."""

    payload: bytes
    first: bool


class DigitSender:
    """Digits to send, as what to do in each 20 ms: packets of one frame, none in a pause."""

    def __init__(self, digits: str = "") -> None:
        self._frames: deque[list[EventPacket]] = deque()
        self.add(digits)

    def add(self, digits: str) -> bool:
        """After those that are not sent yet; False: too many wait already."""
        if len(self._frames) + FRAMES * len(digits) > FRAMES * MOST_WAITING:
            return False
        self._frames += (frame for digit in digits for frame in _press(digit))
        return True

    def next_frame(self) -> list[EventPacket] | None:
        """None: all is sent."""
        return self._frames.popleft() if self._frames else None


def is_digits(text: str) -> bool:
    return all(digit in DIGITS for digit in text)


def _press(digit: str) -> Iterator[list[EventPacket]]:
    event = DIGITS.index(digit)
    for duration in range(PACKET_SAMPLES, DIGIT_SAMPLES, PACKET_SAMPLES):
        payload = _EVENT.pack(event, _VOLUME, duration)
        yield [EventPacket(payload, first=duration == PACKET_SAMPLES)]
    end = EventPacket(_EVENT.pack(event, _END | _VOLUME, DIGIT_SAMPLES), first=False)
    yield [end] * END_PACKETS
    for _ in range(PAUSE_FRAMES):
        yield []
