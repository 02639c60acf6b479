"""What two legs send, on one time line.

The positions are samples since the tap began. A side's audio is placed by its arrival at the start
of a talk spurt and then by RTP time, so that jitter does not tear it; when the two disagree by more
than 40 ms (a skewed clock, a jump of the timestamps) arrival wins again. Blocks are handed out
200 ms behind the present, which leaves late packets that long to come.

    received: ──────────────────────────────┬───────────── 200 ms ─┐
              handed out                    │ _start               │ now

Codes stay in the law they came in: decoding is the writer's work.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from telephony.media.packets.rtp import RTP_TS_MASK, signed_ts
from telephony.media.sound.g711 import CONVERT, SAMPLE_RATE_HZ, SILENCE, Law

HOLD_BACK_SAMPLES = SAMPLE_RATE_HZ * 200 // 1000
BLOCK_MS = 500
"What a killed worker takes along, beside what is held back; each block costs two writes."
REANCHOR_SAMPLES = SAMPLE_RATE_HZ * 40 // 1000
_MAX_PACKET_SAMPLES = SAMPLE_RATE_HZ * 20 // 1000
_LAG_BLOCKS = 1000 // BLOCK_MS
"A side lags when no block of the last second found it in time: single late packets do not count."
_MOST_BLOCK_SAMPLES = SAMPLE_RATE_HZ * 60
"After a stall of the whole worker; the rest follows with the next block."
_UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class Block:
    """The same stretch of time of both sides, as codes."""

    left: bytes
    left_law: Law
    right: bytes
    right_law: Law
    beside: tuple[tuple[bytes, Law], ...] = ()
    "More voices of the right side, to be added to it."

    @property
    def frames(self) -> int:
        return len(self.left)


class Run(Protocol):
    """Who fills the buffer without `take` (`straight.Run`)."""

    def settle(self) -> None: ...

    def end(self) -> None: ...


class TapSide:
    """One leg's half of the time line."""

    __slots__ = (
        *("_behind", "_buffer", "_end_ts", "_hold_back", "_next_ts", "_start", "_zero_at"),
        *("law", "run"),
    )

    def __init__(self, zero_at: float, hold_back_samples: int = HOLD_BACK_SAMPLES) -> None:
        """`hold_back_samples`: how far behind the present `cut` is called."""
        self._zero_at = zero_at
        self._hold_back = hold_back_samples
        self.law = Law.PCMU
        self._buffer = bytearray()
        self._start = 0
        self._next_ts = _UNKNOWN
        "Timestamp that continues the buffer without a question."
        self._end_ts = _UNKNOWN
        "Timestamp of the buffer's end, by the last anchor."
        self._behind: list[int] = []
        self.run: Run | None = None

    def buffer_before(self, rtp_ts: int) -> bytearray | None:
        """For a run that begins with this timestamp; None: that would be a question."""
        return self._buffer if rtp_ts == self._next_ts else None

    def ran_on(self, next_ts: int) -> None:
        """All before this timestamp has been put into the buffer."""
        self._next_ts = next_ts

    def take(self, payload: bytes, rtp_ts: int, law: Law, now: float) -> None:
        """One packet that arrived at `now`. The first two lines are all that most packets cost."""
        if rtp_ts == self._next_ts and law is self.law:
            self._buffer += payload
            self._next_ts = (rtp_ts + len(payload)) & RTP_TS_MASK
            return
        self._place(payload, rtp_ts, law, round((now - self._zero_at) * SAMPLE_RATE_HZ))

    def cut(self, upto: int) -> bytes:
        """Everything from the last cut to position `upto`, silence where nothing came."""
        if self.run is not None:
            self.run.settle()
        wanted = upto - self._start
        missing = wanted - len(self._buffer)
        if missing > 0:
            self._run_dry(missing)
        self._watch_drift(upto + self._hold_back)
        piece = bytes(self._buffer[:wanted])
        del self._buffer[:wanted]
        self._start = upto
        if self.run is not None and self._next_ts == _UNKNOWN:
            self.run.end()
        return piece

    def begin_at(self, position: int) -> None:
        """Of a side to which nothing came yet: what lies before is not asked for."""
        self._start = position

    @property
    def end(self) -> int:
        return self._start + len(self._buffer)

    def _run_dry(self, missing: int) -> None:
        """Silence stands for what did not come; RTP time moves on with it."""
        self._sync_end_ts()
        self._buffer += SILENCE[self.law] * missing
        if self._end_ts != _UNKNOWN:
            self._end_ts = (self._end_ts + missing) & RTP_TS_MASK
        self._next_ts = _UNKNOWN

    def _sync_end_ts(self) -> None:
        if self._next_ts != _UNKNOWN:
            self._end_ts = self._next_ts

    def _watch_drift(self, present: int) -> None:
        """Ask for a new anchor when the buffer's end ran away from the present."""
        if self._next_ts == _UNKNOWN:
            self._behind.clear()
            return
        self._behind.append(present - self.end)
        del self._behind[:-_LAG_BLOCKS]
        is_early = self._behind[-1] < -(REANCHOR_SAMPLES + _MAX_PACKET_SAMPLES)
        is_late = (
            len(self._behind) == _LAG_BLOCKS
            and min(self._behind) > REANCHOR_SAMPLES + _MAX_PACKET_SAMPLES
        )
        if is_early or is_late:
            self._sync_end_ts()
            self._next_ts = _UNKNOWN

    def _place(self, payload: bytes, rtp_ts: int, law: Law, arrived: int) -> None:
        self._sync_end_ts()
        if law is not self.law:
            self._buffer = self._buffer.translate(CONVERT[self.law, law])
            self.law = law
        position = self._position(rtp_ts, arrived)
        if position < self.end and self._is_late(rtp_ts, position, arrived):
            self._fill_in(payload, position)
            return
        position = max(position, self._start)
        del self._buffer[position - self._start :]
        self._buffer += SILENCE[law] * (position - self.end)
        self._buffer += payload
        self._end_ts = self._next_ts = (rtp_ts + len(payload)) & RTP_TS_MASK

    def _position(self, rtp_ts: int, arrived: int) -> int:
        if self._end_ts == _UNKNOWN:
            return arrived
        by_rtp = self.end + signed_ts(rtp_ts - self._end_ts)
        # A packet that is behind the buffer's end was overtaken: it may be as late as it likes.
        most_late = self._hold_back if by_rtp < self.end else REANCHOR_SAMPLES
        return by_rtp if -REANCHOR_SAMPLES <= arrived - by_rtp <= most_late else arrived

    def _is_late(self, rtp_ts: int, position: int, arrived: int) -> bool:
        return position != arrived and signed_ts(rtp_ts - self._end_ts) < 0

    def _fill_in(self, payload: bytes, position: int) -> None:
        """An overtaken packet takes its place unless that was handed out already."""
        at = position - self._start
        if at >= 0:
            kept = payload[: len(self._buffer) - at]
            self._buffer[at : at + len(kept)] = kept


class Pauses:
    """Stretches of the time line that are silence in the file, whatever was said."""

    __slots__ = ("_stretches",)

    def __init__(self) -> None:
        self._stretches: list[tuple[int, int | None]] = []
        "In order; the last one may have no end yet."

    @property
    def is_on(self) -> bool:
        return bool(self._stretches) and self._stretches[-1][1] is None

    def set(self, on: bool, position: int) -> None:
        if on is self.is_on:
            return
        if on:
            self._stretches.append((position, None))
        else:
            self._stretches[-1] = (self._stretches[-1][0], position)

    def hush(self, codes: bytes, law: Law, start: int) -> bytes:
        """`codes` from position `start` on, with silence in the pauses."""
        end = start + len(codes)
        for begun, over in self._stretches:
            first = max(begun, start)
            last = end if over is None else min(over, end)
            if first < last:
                silence = SILENCE[law] * (last - first)
                codes = codes[: first - start] + silence + codes[last - start :]
        return codes

    def forget(self, before: int) -> None:
        """What lies before has been handed out."""
        self._stretches = [each for each in self._stretches if each[1] is None or each[1] > before]


class Tap:
    """Both sides of one talk; `cut` gives the next block."""

    __slots__ = (
        "_cut_to",
        "_leaving",
        "_zero_at",
        "beside",
        "left",
        "pauses",
        "right",
        "side",
        "tap_id",
    )

    def __init__(self, tap_id: str, now: float, side: Callable[[float], TapSide] = TapSide) -> None:
        self.tap_id = tap_id
        self._zero_at = now
        self._cut_to = 0
        self.side = side
        self.left = side(now)
        self.right = side(now)
        self.beside: dict[str, TapSide] = {}
        "Of legs that are heard on the right side, too."
        self._leaving: list[TapSide] = []
        "Of these the last words are not handed out yet."
        self.pauses = Pauses()

    def pause(self, on: bool, now: float) -> None:
        self.pauses.set(on, max(self._cut_to, round((now - self._zero_at) * SAMPLE_RATE_HZ)))

    def stand_beside(self, leg: str) -> TapSide:
        """Another voice of the right side, from now on."""
        side = self.beside[leg] = self.side(self._zero_at)
        side.begin_at(self._cut_to)
        return side

    def leave(self, leg: str) -> TapSide:
        """No more comes of it; what came is in the next blocks."""
        side = self.beside.pop(leg)
        self._leaving.append(side)
        return side

    def cut(self, now: float, *, final: bool = False) -> Block | None:
        """The next block; `final` takes what was held back too. None: nothing is due."""
        upto = round((now - self._zero_at) * SAMPLE_RATE_HZ)
        if not final:
            upto -= HOLD_BACK_SAMPLES
        if upto <= self._cut_to:
            return None
        upto = min(upto, self._cut_to + _MOST_BLOCK_SAMPLES)
        start, self._cut_to = self._cut_to, upto
        block = Block(
            self._said(self.left, start, upto),
            self.left.law,
            self._said(self.right, start, upto),
            self.right.law,
            tuple((self._said(each, start, upto), each.law) for each in self._besides()),
        )
        self._leaving = [each for each in self._leaving if each.end > upto]
        self.pauses.forget(upto)
        return block

    def _besides(self) -> list[TapSide]:
        return [*self.beside.values(), *self._leaving]

    def _said(self, side: TapSide, start: int, upto: int) -> bytes:
        return self.pauses.hush(side.cut(upto), side.law, start)
