"""The outline of a recording's two voices, for a waveform on a screen.

For each 50 ms and each channel the lowest and the highest sample, as signed bytes: 80 bytes for a
second of a talk, in the order caller's lowest, caller's highest, agent's lowest, agent's highest.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

PEAK_MS = 50
Samples = npt.NDArray[np.int16]
Peaks = npt.NDArray[np.int8]


class PeakFinder:
    """Frames in, in pieces of any length; the outline out."""

    def __init__(self, rate: int, channels: int) -> None:
        self._window = rate * PEAK_MS // 1000
        self._channels = channels
        self._rest: Samples = np.zeros((0, channels), np.int16)
        self._found: list[Peaks] = []

    def feed(self, frames: Samples) -> None:
        if len(self._rest):
            frames = np.concatenate([self._rest, frames])
        whole = len(frames) // self._window * self._window
        self._found += _outlines(frames[:whole].reshape(-1, self._window, self._channels))
        self._rest = frames[whole:]

    def finish(self) -> bytes:
        if len(self._rest):
            self._found += _outlines(self._rest[None])
            self._rest = self._rest[:0]
        return b"".join(outline.tobytes() for outline in self._found)


def _outlines(windows: Samples) -> Iterator[Peaks]:
    if len(windows):
        lowest, highest = windows.min(axis=1) >> 8, windows.max(axis=1) >> 8
        yield np.stack([lowest, highest], axis=2).astype(np.int8)


def as_columns(peaks: bytes, channels: int) -> list[list[list[int]]]:
    """By channel, then by 50 ms: lowest and highest."""
    found = np.frombuffer(peaks, np.int8).reshape(-1, channels, 2)
    columns: list[list[list[int]]] = found.transpose(1, 0, 2).tolist()
    return columns
