"""The straight way of a packet that goes on as the one before it: from one phone to the other.

    socket ─▶ `pass_on` ─▶ recording's buffer · the other phone's socket
                   └ anything else ─▶ the session's careful way, after which a run begins anew

Nearly all packets are the next of a run: same source, same kind, same length, numbers that count
on. What statistics, stream and recording note of such a packet is known beforehand, so `settle`
notes it for a whole run. With hundreds of legs it is not the instructions that cost, but the
memory that a packet touches.

Rule 1: whatever changes how packets go ends the runs of both legs first.
Rule 2: whoever reads those numbers settles first.
"""

import struct
from collections.abc import Callable

from telephony.media.packets.rtcp import FARTHEST_TRANSIT, ReceptionStats
from telephony.media.packets.rtp import HEADER, MARKER, PLAIN, RTP_TS_MASK
from telephony.media.packets.stream import OutStream
from telephony.media.taping.tap import TapSide

BUFFER = bytearray(2048)
"Shared by all legs: a packet is dealt with before the next is read."
VIEW = memoryview(BUFFER)
GONE = -1
"It was the next of the run and has gone its way."
_HEAD = struct.Struct("!HHII")
"As `HEADER`, its first two bytes as one number."


class Run:
    """Packets of one leg that follow each other without a question; serves for all its runs."""

    __slots__ = (
        *("_codes", "_head", "_out_head", "_out_ssrc", "_packet", "_payload", "_recv", "_rtp_ts"),
        *("_samples", "_send", "_seq", "_seq_offset", "_size", "_ssrc", "_ts_offset"),
        *("_jitter", "_transit", "heard_at", "is_on"),
        *("_out", "_settled_seq", "_side", "_stats"),
    )

    def __init__(self, stats: ReceptionStats) -> None:
        self.is_on = False
        self.heard_at = 0.0
        "When the last packet came, as long as it is on."
        self._stats = stats
        self._side: TapSide | None = None

    def begin(
        self,
        size: int,
        side: TapSide | None,
        recv: Callable[[bytearray], int],
        out: OutStream,
        payload_type: int,
        send: Callable[[memoryview], int],
    ) -> None:
        """After a plain packet of so many bytes went the careful way, as `BUFFER` still has it.

        `out`, `payload_type` and `send` are of the leg that hears it.
        """
        head, seq, rtp_ts, ssrc = _HEAD.unpack_from(BUFFER)
        self._samples = samples = size - HEADER.size
        next_ts = rtp_ts + samples & RTP_TS_MASK
        codes = b"" if side is None else side.buffer_before(next_ts)
        offsets = out.offsets_after(ssrc, seq, rtp_ts)
        if codes is None or offsets is None or not self._stats.is_newest(ssrc, seq) or not samples:
            return  # overtaken, for one
        self._head, self._seq, self._rtp_ts, self._ssrc = head & ~MARKER, seq + 1, next_ts, ssrc
        self._seq &= 0xFFFF
        self._settled_seq, self._size = self._seq, size
        self._seq_offset, self._ts_offset = offsets
        self._out_head, self._out_ssrc = PLAIN << 8 | payload_type, out.ssrc
        self._packet, self._payload = VIEW[:size], VIEW[HEADER.size : size]
        self._transit, self._jitter, self.heard_at = self._stats.timing
        self._recv, self._send, self._out, self._side, self._codes = recv, send, out, side, codes
        if side is not None:
            side.run = self
        self.is_on = True

    def pass_on(self, now: float) -> int:
        """Read a datagram: `GONE`, or the size of one in `BUFFER` that is not the next of the run.

        OSError: there was none.
        """
        size = self._recv(BUFFER)
        head, seq, rtp_ts, ssrc = _HEAD.unpack_from(BUFFER)
        if (
            seq != self._seq
            or rtp_ts != self._rtp_ts
            or ssrc != self._ssrc
            or head != self._head
            or size != self._size
        ):
            return size
        self._seq = seq + 1 & 0xFFFF
        self._rtp_ts = rtp_ts + self._samples & RTP_TS_MASK
        self.heard_at = now
        transit = now * 8000.0 - rtp_ts  # as ReceptionStats.take
        difference = abs(transit - self._transit)
        if difference < FARTHEST_TRANSIT:
            self._jitter += (difference - self._jitter) / 16.0
        self._transit = transit
        if self._side is not None:
            self._codes += self._payload
        out_seq = seq + self._seq_offset & 0xFFFF
        out_ts = rtp_ts + self._ts_offset & RTP_TS_MASK
        _HEAD.pack_into(BUFFER, 0, self._out_head, out_seq, out_ts, self._out_ssrc)
        try:  # noqa: SIM105 - `suppress` costs more than all that it holds
            self._send(self._packet)
        except OSError:
            pass  # a full buffer, no route or nobody there: RTP is not repeated
        return GONE

    def settle(self) -> None:
        """Note what has gone the straight way since the last time."""
        count = self._seq - self._settled_seq & 0xFFFF if self.is_on else 0
        if not count:
            return
        self._settled_seq = self._seq
        self._stats.ran_on(count, self._transit, self._jitter, self.heard_at)
        self._out.ran_on(count, self._samples, self.heard_at)
        if self._side is not None:
            self._side.ran_on(self._rtp_ts)

    def end(self) -> None:
        self.settle()
        if self.is_on and self._side is not None:
            self._side.run = None
        self.is_on = False
        self._side = None
