"""Packet loss concealment in the manner of G.711 Appendix I: what is lost sounds like what was.

The last pitch period is repeated, at full strength for 10 ms and then ever more quietly until 60 ms
are over; the first 4 ms of the voice that returns are blended with the repetition. The period (5 to
20 ms) is where the recent past resembles itself most.
"""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from telephony.media.sound.g711 import FRAME_SAMPLES

Voice: TypeAlias = npt.NDArray[np.float32]
"20 ms of linear samples, wider than 16 bits."

_SHORTEST, _LONGEST = 40, 160
_COMPARED = 160
_HISTORY_FRAMES = 2 + _LONGEST // FRAME_SAMPLES
_BLEND = 32
_FULL_SAMPLES = 80
_FADE_SAMPLES = 400
_RISE = np.linspace(0.0, 1.0, _BLEND, endpoint=False, dtype=np.float32)


class Concealer:
    """Frames that came and gaps in, frames without gaps out."""

    __slots__ = ("_history", "_lost_samples", "_period")

    def __init__(self) -> None:
        self._history: list[Voice] = []
        self._period: Voice | None = None
        self._lost_samples = 0

    def came(self, frame: Voice) -> Voice:
        if self._period is not None:
            frame = frame.copy()
            frame[:_BLEND] = _RISE * frame[:_BLEND] + (1 - _RISE) * self._repeat(_BLEND)
            self._period = None
            self._lost_samples = 0
        self._history.append(frame)
        del self._history[:-_HISTORY_FRAMES]
        return frame

    def lost(self) -> Voice | None:
        """20 ms in place of what did not come; None: silence by now."""
        if self._lost_samples >= _FULL_SAMPLES + _FADE_SAMPLES:
            self.forget()
        if len(self._history) < _HISTORY_FRAMES:
            return None
        if self._period is None:
            self._period = _last_period(np.concatenate(self._history))
        return self._repeat(FRAME_SAMPLES)

    def forget(self) -> None:
        """A talk spurt is over: the next loss has nothing to repeat."""
        self._history.clear()
        self._period = None
        self._lost_samples = 0

    def _repeat(self, count: int) -> Voice:
        assert self._period is not None
        at = self._lost_samples + np.arange(count)
        self._lost_samples += count
        strength = np.clip(1 - (at - _FULL_SAMPLES) / _FADE_SAMPLES, 0.0, 1.0)
        repeated: Voice = (self._period[at % len(self._period)] * strength).astype(np.float32)
        return repeated


def _last_period(past: Voice) -> Voice:
    """The end of `past` that, repeated, continues it best."""
    recent = past[-_COMPARED:]
    earlier = past[-_COMPARED - _LONGEST : -_SHORTEST]
    likeness = np.correlate(earlier, recent, "valid")
    energy = np.convolve(earlier * earlier, np.ones(_COMPARED, np.float32), "valid")
    best = int(np.argmax(likeness / np.sqrt(energy + 1.0)))
    return past[-(_LONGEST - best) :]
