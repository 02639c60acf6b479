"""RTP headers (RFC 3550 section 5.1): bytes to a value or `RtpMalformed`, and back.

The relay reads the usual 12-byte header by `HEADER` itself and comes here only for headers with
CSRCs, an extension or padding, which few phones send.
"""

import struct
from dataclasses import dataclass

from telephony.media.errors import RtpMalformed

HEADER = struct.Struct("!BBHII")
"V/P/X/CC, M/PT, sequence number, timestamp, SSRC."
PLAIN = 0x80
"First byte of a header without padding, extension or CSRCs."
MARKER = 0x80
COMFORT_NOISE = 13
"Static payload type of RFC 3389."
RTP_TS_MASK = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class RtpPacket:
    """One RTP packet, its optional header parts removed."""

    payload_type: int
    seq: int
    rtp_ts: int
    ssrc: int
    payload: bytes
    marker: bool = False

    @classmethod
    def parse(cls, data: bytes) -> "RtpPacket":
        if len(data) < HEADER.size or data[0] >> 6 != 2:
            raise RtpMalformed(f"{len(data)} bytes that are not RTP version 2")
        flags, kind, seq, rtp_ts, ssrc = HEADER.unpack_from(data)
        start = HEADER.size + 4 * (flags & 0x0F)
        if flags & 0x10:
            start = _after_extension(data, start)
        end = len(data) - (data[-1] if flags & 0x20 else 0)
        if not start <= end <= len(data) - bool(flags & 0x20):
            raise RtpMalformed("an RTP packet whose optional parts are longer than itself")
        return cls(kind & 0x7F, seq, rtp_ts, ssrc, data[start:end], bool(kind & MARKER))

    def __bytes__(self) -> bytes:
        kind = self.payload_type | (MARKER if self.marker else 0)
        return HEADER.pack(PLAIN, kind, self.seq, self.rtp_ts, self.ssrc) + self.payload


def _after_extension(data: bytes, start: int) -> int:
    if len(data) < start + 4:
        raise RtpMalformed("an RTP packet that ends before its header extension")
    return start + 4 + 4 * int.from_bytes(data[start + 2 : start + 4], "big")


def signed_ts(difference: int) -> int:
    """A difference of timestamps as -2**31 … 2**31-1: which is later, over the wrap."""
    return ((difference + 0x80000000) & RTP_TS_MASK) - 0x80000000
