"""One leg's RTCP: what we report of it, what its peer reports of us, and the figures of both."""

from foundation.clock import utc_now
from telephony.media.packets import rtcp
from telephony.media.packets.stream import OutStream
from telephony.media.protocol import LegStats
from telephony.media.sound import quality

_SAMPLES_PER_MS = 8
_MOST_ROUND_TRIP_S = 10


class LegReports:
    """Reports in and out; knows no sockets."""

    __slots__ = (
        "_last_sr",
        "_last_sr_at",
        "_leg",
        "_out",
        "_remote",
        "_round_trip_ms",
        "_stats",
        "heard_at",
    )

    def __init__(self, leg: str, stats: rtcp.ReceptionStats, out: OutStream, now: float) -> None:
        self.heard_at = now
        self._leg = leg
        self._stats = stats
        self._out = out
        self._last_sr = 0
        self._last_sr_at = 0.0
        self._remote: rtcp.ReportBlock | None = None
        self._round_trip_ms: float | None = None

    def take(self, compound: rtcp.Compound, now: float) -> None:
        self.heard_at = now
        if compound.sender is not None:
            self._last_sr = compound.sender.middle_ntp
            self._last_sr_at = now
        for block in compound.blocks:
            if block.ssrc == self._out.ssrc:
                self._remote = block
                self._measure_round_trip(block)

    def next(self, now: float, *, bye: bool) -> bytes:
        """SR or RR with SDES, at the end with BYE."""
        sender = None
        if self._out.packets:
            ntp = rtcp.ntp_time(utc_now())
            sender = rtcp.SenderInfo(ntp, self._out.ts_at(now), self._out.packets, self._out.octets)
        block = None
        if self._stats.received:
            block = self._stats.block(self._last_sr, now - self._last_sr_at)
        return rtcp.build(self._out.ssrc, self._leg, sender, block, bye=bye)

    def figures(self) -> LegStats:
        stats, remote, round_trip_ms = self._stats, self._remote, self._round_trip_ms
        return LegStats(
            packets_received=stats.total_received,
            packets_sent=self._out.packets,
            packets_lost=max(0, stats.total_lost),
            jitter_ms=round(stats.jitter / _SAMPLES_PER_MS, 2),
            remote_packets_lost=None if remote is None else remote.lost,
            remote_jitter_ms=None if remote is None else round(remote.jitter / _SAMPLES_PER_MS, 2),
            round_trip_ms=None if round_trip_ms is None else round(round_trip_ms, 1),
            mos=self._score(),
            remote_mos=self._remote_score(),
        )

    def _measure_round_trip(self, block: rtcp.ReportBlock) -> None:
        if not block.last_sr:
            return  # it has not had a sender report of ours yet
        arrived = rtcp.middle(rtcp.ntp_time(utc_now()))
        units = (arrived - block.last_sr - block.delay_since_sr) & 0xFFFFFFFF
        if units < _MOST_ROUND_TRIP_S * 65536:  # otherwise a clock was set, or the peer lies
            self._round_trip_ms = units * 1000 / 65536

    def _score(self) -> float | None:
        """Of what came from the peer."""
        received, lost = self._stats.total_received, max(0, self._stats.total_lost)
        if not received:
            return None
        return self._mos(lost / (lost + received), self._stats.jitter)

    def _remote_score(self) -> float | None:
        """Of what the peer hears."""
        if self._remote is None or not self._out.packets or self._out.restarted:
            return None
        return self._mos(self._remote.lost / self._out.packets, self._remote.jitter)

    def _mos(self, loss: float, jitter: float) -> float:
        round_trip_ms = self._round_trip_ms or 0.0
        return quality.mos(quality.G711, loss, jitter / _SAMPLES_PER_MS, round_trip_ms)
