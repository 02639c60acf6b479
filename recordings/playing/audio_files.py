"""An ended recording's audio as a file of a given form, readable at any place, for HTTP.

A WAV that was archived is made again as it is read: its header, its samples and the chunks of its
marks have known sizes, so any range of it can be served without the rest.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from recordings import wav
from recordings.archiving.archive import Audio
from recordings.playing.ranges import ByteRange

BLOCK_BYTES = 256 * 1024


class AudioFile(Protocol):
    @property
    def size(self) -> int: ...

    def read(self, at: int, count: int) -> bytes:
        """`count` bytes from `at` on; fewer only at the end."""

    def close(self) -> None: ...


class PlainFile:
    """As it is on disk or shelf."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = file.seek(0, 2)

    def read(self, at: int, count: int) -> bytes:
        self._file.seek(at)
        return self._file.read(count)

    def close(self) -> None:
        self._file.close()


class MadeWav:
    """Of any audio, with chunks behind it."""

    def __init__(self, audio: Audio, tail: bytes) -> None:
        self._audio = audio
        self._head = wav.header(audio.rate, audio.channels, audio.frames, len(tail))
        self._tail = tail
        self._frame_bytes = audio.channels * wav.SAMPLE_BYTES
        self._data_bytes = audio.frames * self._frame_bytes
        self.size = len(self._head) + self._data_bytes + len(tail)

    def read(self, at: int, count: int) -> bytes:
        end = min(at + count, self.size)
        data_at, tail_at = len(self._head), len(self._head) + self._data_bytes
        found = self._head[at:end] if at < data_at else b""
        if at < tail_at and end > data_at:
            found += self._samples(max(at, data_at) - data_at, min(end, tail_at) - data_at)
        return found + self._tail[max(0, at - tail_at) : max(0, end - tail_at)]

    def _samples(self, start: int, end: int) -> bytes:
        first, last = start // self._frame_bytes, -(-end // self._frame_bytes)
        data = self._audio.read(first, last - first).astype("<i2").tobytes()
        return data[start - first * self._frame_bytes :][: end - start]

    def close(self) -> None:
        self._audio.close()


def blocks(file: AudioFile, wanted: ByteRange | None) -> Iterator[bytes]:
    """The wanted bytes, piece by piece."""
    at = 0 if wanted is None else wanted.start
    end = file.size if wanted is None else wanted.end + 1
    while at < end:
        block = file.read(at, min(BLOCK_BYTES, end - at))
        if not block:
            return
        yield block
        at += len(block)


def open_wav(path: Path) -> PlainFile:
    return PlainFile(path.open("rb"))
