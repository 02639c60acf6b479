"""A leg whose RTP counts faster than 8 kHz: its sockets, with timestamps turned on the way.

Everything inside counts at 8 kHz, so that legs of different codecs, recordings and mixing share one
measure. Opus counts at 48 kHz. Out of that, the distance from the first timestamp is divided, and
its wraps are counted; into it, a product that wraps by itself is all there is to it.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass

from telephony.media.packets.latch import Source
from telephony.media.packets.rtcp import RECEIVER_REPORT, SENDER_REPORT
from telephony.media.packets.rtp import HEADER, RTP_TS_MASK, signed_ts
from telephony.media.wires.srtp import RtcpSocket, RtpSocket

_TS = struct.Struct("!I")
_TS_AT = 4
_DURATION = struct.Struct("!H")
_EVENT_BYTES = 4
_SENDER_BYTES, _BLOCK_BYTES, _REPORT_BYTES = 20, 24, 8
_SENDER_TS_AT = 16
"In a sender report, after SSRC and NTP time."
_JITTER_AT = 12


class FastClock:
    """`factor` times 8 kHz; keeps the place of the peer's clock over all descriptions of a leg."""

    def __init__(self, factor: int) -> None:
        self.factor = factor
        self._last: int | None = None
        self._slow_ts = 0
        self._rest = 0

    def slowed(self, rtp_ts: int) -> int:
        """Late packets count back; the distance is from the newest one."""
        if self._last is None:
            self._last, self._slow_ts = rtp_ts, rtp_ts // self.factor
        steps, rest = divmod(signed_ts(rtp_ts - self._last) + self._rest, self.factor)
        slow_ts = (self._slow_ts + steps) & RTP_TS_MASK
        if steps > 0:
            self._last, self._slow_ts, self._rest = rtp_ts, slow_ts, rest
        return slow_ts


@dataclass(frozen=True, slots=True)
class FastTypes:
    """Payload types that count at the faster clock."""

    timestamps: frozenset[int]
    durations: frozenset[int]
    "Of digits whose events say their length at that clock."


class ClockedRtp:
    """The faster clock outside, 8 kHz inside."""

    def __init__(self, plain: RtpSocket, clock: FastClock, types: FastTypes) -> None:
        self._plain = plain
        self._clock = clock
        self._types = types

    def recvfrom_into(self, buffer: bytearray) -> tuple[int, Source]:
        size, source = self._plain.recvfrom_into(buffer)
        payload_type = buffer[1] & 0x7F
        if size >= HEADER.size and payload_type in self._types.timestamps:
            _TS.pack_into(buffer, _TS_AT, self._clock.slowed(*_TS.unpack_from(buffer, _TS_AT)))
        if size >= HEADER.size + _EVENT_BYTES and payload_type in self._types.durations:
            _scale_duration(buffer, lambda value: value // self._clock.factor)
        return size, source

    def sendto(self, data: bytes, target: Source) -> int:
        factor, payload_type = self._clock.factor, data[1] & 0x7F
        if payload_type in self._types.timestamps:
            packet = bytearray(data)
            _scale(packet, _TS_AT, lambda rtp_ts: rtp_ts * factor & RTP_TS_MASK)
            if payload_type in self._types.durations:
                _scale_duration(packet, lambda value: min(value * factor, 0xFFFF))
            data = bytes(packet)
        return self._plain.sendto(data, target)


class ClockedRtcp:
    """Timestamps and jitter of the reports are turned as those of the packets."""

    def __init__(self, plain: RtcpSocket, factor: int) -> None:
        self._plain = plain
        self._factor = factor

    def recvfrom(self, most: int) -> tuple[bytes, Source]:
        data, source = self._plain.recvfrom(most)
        return scaled_report(data, lambda value: value // self._factor), source

    def sendto(self, data: bytes, target: Source) -> int:
        fast = scaled_report(data, lambda value: value * self._factor & RTP_TS_MASK)
        return self._plain.sendto(fast, target)


def scaled_report(data: bytes, scale: Callable[[int], int]) -> bytes:
    """The compound packet with the clock of its first report changed; what is none stays."""
    if len(data) < _REPORT_BYTES or data[1] not in (SENDER_REPORT, RECEIVER_REPORT):
        return data
    report = bytearray(data)
    blocks_at = _REPORT_BYTES
    if data[1] == SENDER_REPORT:
        blocks_at += _SENDER_BYTES
        _scale(report, _SENDER_TS_AT, scale)
    for number in range(data[0] & 0x1F):
        _scale(report, blocks_at + number * _BLOCK_BYTES + _JITTER_AT, scale)
    return bytes(report)


def _scale(data: bytearray, at: int, scale: Callable[[int], int]) -> None:
    if at + _TS.size <= len(data):
        _TS.pack_into(data, at, scale(*_TS.unpack_from(data, at)))


def _scale_duration(packet: bytearray, scale: Callable[[int], int]) -> None:
    at = HEADER.size + 2
    _DURATION.pack_into(packet, at, scale(*_DURATION.unpack_from(packet, at)))
