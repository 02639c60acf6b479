"""The jitter buffer of one source as one mixed leg hears it: packets in, 20 ms for each tick out.

    WAITING ── `depth` came, or waited as long ──▶ PLAYING
       ▲                                              │ nothing came for 100 ms, or a packet came
       └──────────────────────────────────────────────┘ too late and nothing newer is there

Only where audio is decoded: relayed packets go on as they come, the phone's own buffer evens them
out. The depth is 40 ms, grows by 20 ms up to 80 ms with each packet that was too late, and shrinks
again after 10 s without one. What is stored beyond it (a phone whose clock is fast) is given up
20 ms at a time.
"""

from dataclasses import dataclass

from telephony.media.packets.rtp import RTP_TS_MASK, signed_ts
from telephony.media.sound.g711 import CONVERT, FRAME_SAMPLES, SAMPLE_RATE_HZ, SILENCE, Law

LEAST_DEPTH = 2 * FRAME_SAMPLES
MOST_DEPTH = 4 * FRAME_SAMPLES
"40 and 80 ms."
MOST_STORED = SAMPLE_RATE_HZ // 5
"200 ms: nobody took frames for a while (a prompt was played), what is old is worth nothing."
_FAR = SAMPLE_RATE_HZ
"Timestamps that differ by more than a second belong to a clock that was set anew."
_MOST_DRY_FRAMES = 5
_SURPLUS_FRAMES = 100
"The least of 2 s is what can be given up."
_CALM_FRAMES = 500


@dataclass(frozen=True, slots=True)
class Frame:
    """20 ms: the codes, and which of them came (1) and did not (0)."""

    codes: bytes
    came: bytes
    law: Law


class JitterBuffer:
    """Packets of one RTP source put back on their time line."""

    __slots__ = (
        "_calm_frames",
        "_came",
        "_codes",
        "_dry_frames",
        "_is_playing",
        "_law",
        "_least",
        "_least_frames",
        "_start_ts",
        "_waited_frames",
        "depth",
        "late",
    )

    def __init__(self) -> None:
        self.depth = LEAST_DEPTH
        "How many samples are gathered before the first is played."
        self.late = 0
        "Packets that came after their time."
        self._law = Law.PCMU
        self._calm_frames = 0
        self._least = MOST_STORED
        self._least_frames = 0
        self._restart(0)

    def _restart(self, rtp_ts: int) -> None:
        self._codes = bytearray()
        self._came = bytearray()
        self._start_ts = rtp_ts
        self._is_playing = False
        self._waited_frames = 0
        self._dry_frames = 0
        self._forget_surplus()

    def take(self, payload: bytes, rtp_ts: int, law: Law) -> None:
        if law is not self._law:
            self._codes = self._codes.translate(CONVERT[self._law, law])
            self._law = law
        at = signed_ts(rtp_ts - self._start_ts)
        is_idle = not self._codes and not self._is_playing
        if is_idle or abs(at) > _FAR or len(self._codes) > MOST_STORED:
            self._restart(rtp_ts)
            at = 0
        elif at < 0:
            self._came_late()
            if self._codes:
                return
            self._restart(rtp_ts)
            at = 0
        self._place(payload, at)

    def next_frame(self) -> Frame | None:
        """None: there is nothing to be heard of this source now."""
        if not self._is_playing and not self._has_enough():
            return None
        if not self._codes:
            return self._run_dry()
        self._dry_frames = 0
        frame = self._cut()
        self._note_surplus()
        return frame

    def _has_enough(self) -> bool:
        if not self._codes:
            return False
        self._waited_frames += 1
        self._is_playing = (
            len(self._codes) >= self.depth or self._waited_frames * FRAME_SAMPLES > self.depth
        )
        return self._is_playing

    def _run_dry(self) -> Frame | None:
        self._dry_frames += 1
        if self._dry_frames > _MOST_DRY_FRAMES:
            self._restart(self._start_ts)
            return None
        return self._cut()

    def _cut(self) -> Frame:
        missing = FRAME_SAMPLES - len(self._codes)
        if missing > 0:
            self._codes += SILENCE[self._law] * missing
            self._came += bytes(missing)
        frame = Frame(
            bytes(self._codes[:FRAME_SAMPLES]), bytes(self._came[:FRAME_SAMPLES]), self._law
        )
        self._drop_frame()
        return frame

    def _drop_frame(self) -> None:
        del self._codes[:FRAME_SAMPLES]
        del self._came[:FRAME_SAMPLES]
        self._start_ts = (self._start_ts + FRAME_SAMPLES) & RTP_TS_MASK

    def _place(self, payload: bytes, at: int) -> None:
        gap = at - len(self._codes)
        if gap > 0:
            self._codes += SILENCE[self._law] * gap
            self._came += bytes(gap)
        self._codes[at : at + len(payload)] = payload
        self._came[at : at + len(payload)] = b"\x01" * len(payload)

    def _came_late(self) -> None:
        self.late += 1
        self._calm_frames = 0
        self.depth = min(self.depth + FRAME_SAMPLES, MOST_DEPTH)
        self._forget_surplus()

    def _note_surplus(self) -> None:
        """Once for each frame played: give up what was never needed, trust a calm network."""
        self._least = min(self._least, len(self._codes))
        self._least_frames += 1
        if self._least_frames == _SURPLUS_FRAMES:
            if self._least >= self.depth:
                self._drop_frame()
            self._forget_surplus()
        self._calm_frames += 1
        if self._calm_frames == _CALM_FRAMES:
            self._calm_frames = 0
            self.depth = max(self.depth - FRAME_SAMPLES, LEAST_DEPTH)

    def _forget_surplus(self) -> None:
        self._least = MOST_STORED
        self._least_frames = 0
