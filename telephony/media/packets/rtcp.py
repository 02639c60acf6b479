"""RTCP (RFC 3550 section 6): reports out and in, and the figures they are made of."""

import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import nan

from telephony.media.errors import RtcpMalformed

SENDER_REPORT = 200
RECEIVER_REPORT = 201
SOURCE_DESCRIPTION = 202
GOODBYE = 203

_HEADER = struct.Struct("!BBHI")
_SENDER = struct.Struct("!IIIII")
_BLOCK = struct.Struct("!IIIIII")
_NTP_EPOCH = datetime(1900, 1, 1, tzinfo=UTC)

MAX_DROPOUT = 3000
MAX_MISORDER = 100
"Appendix A.1: a larger step forward or back is a restarted sender."
FARTHEST_TRANSIT = 240_000.0
"30 s in samples: further apart is a wrapped or restarted timestamp, not the network."


class ReceptionStats:
    """Sequence, loss and jitter of what one leg receives (appendices A.1, A.3, A.8)."""

    __slots__ = (
        "_expected_before",
        "_received_before",
        "_transit",
        "base_seq",
        "cycles",
        "earlier_lost",
        "earlier_received",
        "heard_at",
        "jitter",
        "max_seq",
        "received",
        "ssrc",
    )

    def __init__(self) -> None:
        self.ssrc = -1
        self.earlier_received = 0
        self.earlier_lost = 0
        self.jitter = 0.0
        "In samples."
        self.heard_at = 0.0
        "When the last packet came."
        self._start(0)

    def _start(self, seq: int) -> None:
        self.base_seq = self.max_seq = seq
        self.cycles = 0
        self.received = 0
        self._transit = nan  # not known: whatever differs from it is not less than anything
        self._expected_before = 0
        self._received_before = 0

    def _restart(self, ssrc: int, seq: int) -> None:
        """Another source, or the same one from a new beginning: the sums go on."""
        self.earlier_received, self.earlier_lost = self.total_received, self.total_lost
        self.ssrc = ssrc
        self._start(seq)

    def take(self, ssrc: int, seq: int, rtp_ts: int, arrived_at: float) -> None:
        """One packet; `arrived_at` in seconds of any steady clock."""
        if ssrc != self.ssrc:
            self._restart(ssrc, seq)
        step = (seq - self.max_seq) & 0xFFFF
        if step < MAX_DROPOUT:
            if seq < self.max_seq:
                self.cycles += 1
            self.max_seq = seq
        elif step <= 0x10000 - MAX_MISORDER:
            self._restart(ssrc, seq)
        self.received += 1
        self.heard_at = arrived_at
        transit = arrived_at * 8000.0 - rtp_ts
        difference = abs(transit - self._transit)
        if difference < FARTHEST_TRANSIT:
            self.jitter += (difference - self.jitter) / 16.0
        self._transit = transit

    def is_newest(self, ssrc: int, seq: int) -> bool:
        return seq == self.max_seq and ssrc == self.ssrc

    @property
    def timing(self) -> tuple[float, float, float]:
        """What `ran_on` is told anew: transit, jitter, when the last packet came."""
        return self._transit, self.jitter, self.heard_at

    def ran_on(self, count: int, transit: float, jitter: float, heard_at: float) -> None:
        """So many packets after the newest one, in order."""
        seq = self.max_seq + count
        self.cycles += seq >> 16
        self.max_seq = seq & 0xFFFF
        self.received += count
        self._transit, self.jitter, self.heard_at = transit, jitter, heard_at

    @property
    def extended_seq(self) -> int:
        return (self.cycles << 16) + self.max_seq

    @property
    def expected(self) -> int:
        return self.extended_seq - self.base_seq + 1 if self.received else 0

    @property
    def total_received(self) -> int:
        return self.earlier_received + self.received

    @property
    def total_lost(self) -> int:
        """Duplicates count as received, so that a single source may go below zero (A.3)."""
        return self.earlier_lost + self.expected - self.received

    def fraction_lost(self) -> int:
        """Of the packets since the last call, in 1/256 (A.3)."""
        expected = self.expected - self._expected_before
        received = self.received - self._received_before
        self._expected_before, self._received_before = self.expected, self.received
        lost = expected - received
        return min((lost << 8) // expected, 255) if expected > 0 and lost > 0 else 0

    def block(self, last_sr: int, delay_s: float) -> "ReportBlock":
        return ReportBlock(
            ssrc=self.ssrc,
            fraction_lost=self.fraction_lost(),
            lost=self.expected - self.received,
            extended_seq=self.extended_seq,
            jitter=int(self.jitter),
            last_sr=last_sr,
            delay_since_sr=min(int(delay_s * 65536), 0xFFFFFFFF) if last_sr else 0,
        )


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """What one side received of one source; jitter in samples, delay in 1/65536 s."""

    ssrc: int
    fraction_lost: int
    lost: int
    extended_seq: int
    jitter: int
    last_sr: int = 0
    delay_since_sr: int = 0

    def __bytes__(self) -> bytes:
        lost = max(-0x800000, min(self.lost, 0x7FFFFF)) & 0xFFFFFF
        return _BLOCK.pack(
            self.ssrc,
            self.fraction_lost << 24 | lost,
            self.extended_seq & 0xFFFFFFFF,
            self.jitter & 0xFFFFFFFF,
            self.last_sr,
            self.delay_since_sr,
        )


@dataclass(frozen=True, slots=True)
class SenderInfo:
    """What one side sent; `ntp` is the 64-bit time of `rtp_ts`."""

    ntp: int
    rtp_ts: int
    packets: int
    octets: int

    @property
    def middle_ntp(self) -> int:
        """What comes back as LSR."""
        return middle(self.ntp)


@dataclass(frozen=True, slots=True)
class Compound:
    """What a compound packet said that concerns us."""

    ssrc: int
    sender: SenderInfo | None = None
    blocks: list[ReportBlock] = field(default_factory=list)
    said_bye: bool = False


def build(
    ssrc: int, cname: str, sender: SenderInfo | None, block: ReportBlock | None, *, bye: bool
) -> bytes:
    """SR or RR, then the SDES that section 6.1 demands, then a BYE at the end of the session."""
    blocks = bytes(block) if block is not None else b""
    count = 1 if blocks else 0
    if sender is None:
        report = _packet(RECEIVER_REPORT, count, ssrc, blocks)
    else:
        info = _SENDER.pack(
            sender.ntp >> 32,
            sender.ntp & 0xFFFFFFFF,
            sender.rtp_ts & 0xFFFFFFFF,
            sender.packets & 0xFFFFFFFF,
            sender.octets & 0xFFFFFFFF,
        )
        report = _packet(SENDER_REPORT, count, ssrc, info + blocks)
    name = cname.encode()[:255]
    item = bytes([1, len(name)]) + name
    item += bytes(4 - len(item) % 4)
    described = report + _packet(SOURCE_DESCRIPTION, 1, ssrc, item)
    return described + _packet(GOODBYE, 1, ssrc, b"") if bye else described


def parse(data: bytes) -> Compound:
    """Appendix A.2: version 2 throughout, a report first, lengths that add up."""
    parts = list(_parts(data))
    if not parts or parts[0][0] not in (SENDER_REPORT, RECEIVER_REPORT):
        raise RtcpMalformed(f"{len(data)} bytes that do not begin with an RTCP report")
    if len(parts[0][2]) < 4:
        raise RtcpMalformed("an RTCP report without its sender's SSRC")
    ssrc = int.from_bytes(parts[0][2][:4], "big")
    sender: SenderInfo | None = None
    blocks: list[ReportBlock] = []
    for kind, count, body in parts:
        if kind == SENDER_REPORT:
            sender = _sender(body)
            blocks += _blocks(body[4 + _SENDER.size :], count)
        elif kind == RECEIVER_REPORT:
            blocks += _blocks(body[4:], count)
    return Compound(ssrc, sender, blocks, any(kind == GOODBYE for kind, _, _ in parts))


def ntp_time(at: datetime) -> int:
    """64 bits: seconds since 1900 and their fraction; modulo 2**32 s as in the RFC."""
    return int((at - _NTP_EPOCH).total_seconds() * (1 << 32)) & 0xFFFFFFFFFFFFFFFF


def middle(ntp: int) -> int:
    """The middle 32 bits of an NTP time: 1/65536 s, which is how reports tell delays."""
    return (ntp >> 16) & 0xFFFFFFFF


def _packet(kind: int, count: int, ssrc: int, body: bytes) -> bytes:
    return _HEADER.pack(0x80 | count, kind, (len(body) + 4) // 4, ssrc) + body


def _parts(data: bytes) -> list[tuple[int, int, bytes]]:
    """(type, count, body with the sender's SSRC) of each packet in the compound."""
    parts = []
    at = 0
    while at < len(data):
        if len(data) < at + 4 or data[at] >> 6 != 2:
            raise RtcpMalformed("an RTCP packet that ends inside a header")
        end = at + 4 + 4 * int.from_bytes(data[at + 2 : at + 4], "big")
        if end > len(data):
            raise RtcpMalformed("an RTCP packet that is longer than its datagram")
        parts.append((data[at + 1], data[at] & 0x1F, data[at + 4 : end]))
        at = end
    return parts


def _sender(body: bytes) -> SenderInfo:
    if len(body) < 4 + _SENDER.size:
        raise RtcpMalformed("a sender report without sender information")
    high, low, rtp_ts, packets, octets = _SENDER.unpack_from(body, 4)
    return SenderInfo(high << 32 | low, rtp_ts, packets, octets)


def _blocks(body: bytes, count: int) -> list[ReportBlock]:
    if len(body) < count * _BLOCK.size:
        raise RtcpMalformed(f"a report that announces {count} blocks and ends before")
    return [_block(body, index * _BLOCK.size) for index in range(count)]


def _block(body: bytes, at: int) -> ReportBlock:
    ssrc, losses, extended_seq, jitter, last_sr, delay = _BLOCK.unpack_from(body, at)
    lost = ((losses & 0xFFFFFF) ^ 0x800000) - 0x800000
    return ReportBlock(ssrc, losses >> 24, lost, extended_seq, jitter, last_sr, delay)
