"""A stereo 16-bit PCM WAV of 8000 Hz that is valid at every moment.

The header is written again after each block: whoever opens the file while it grows, or after a
`kill -9`, finds a whole file. Silence is a hole in the file and costs no disk.
"""

import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np

from telephony.media.sound.g711 import SAMPLE_RATE_HZ, Pcm, decode
from telephony.media.taping.tap import Block

CHANNELS = 2
BYTES_PER_FRAME = 2 * CHANNELS
HEADER_BYTES = 44
_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
_MOST_DATA_BYTES = 0xFFFFFFFF - HEADER_BYTES


class RawFile(Protocol):
    """What a recording needs of a file; tests have one that stalls or refuses."""

    def size(self) -> int: ...

    def modified_at(self) -> float:
        """POSIX seconds of the last write."""

    def write_at(self, offset: int, data: bytes) -> None: ...

    def close(self) -> None: ...


OpenFile = Callable[[str], RawFile]


class DiskFile:
    """A file by its descriptor: no buffer of ours that a kill could take along."""

    def __init__(self, path: str) -> None:
        try:
            self._fd = _open(path)
        except FileNotFoundError:
            # The first of its day.
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            self._fd = _open(path)

    def size(self) -> int:
        return os.fstat(self._fd).st_size

    def modified_at(self) -> float:
        return os.fstat(self._fd).st_mtime

    def write_at(self, offset: int, data: bytes) -> None:
        while data:
            written = os.pwrite(self._fd, data, offset)
            data, offset = data[written:], offset + written

    def close(self) -> None:
        os.close(self._fd)


def _open(path: str) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)


def header(frames: int) -> bytes:
    data_bytes = min(frames * BYTES_PER_FRAME, _MOST_DATA_BYTES)
    return _HEADER.pack(
        *(b"RIFF", HEADER_BYTES - 8 + data_bytes, b"WAVE", b"fmt ", 16, 1, CHANNELS),
        *(SAMPLE_RATE_HZ, SAMPLE_RATE_HZ * BYTES_PER_FRAME, BYTES_PER_FRAME, 16),
        *(b"data", data_bytes),
    )


def interleave(block: Block) -> bytes:
    pcm = np.empty((block.frames, CHANNELS), np.int16)
    pcm[:, 0] = decode(block.left, block.left_law)
    pcm[:, 1] = _right_side(block)
    return pcm.tobytes()


def _right_side(block: Block) -> Pcm:
    voice = decode(block.right, block.right_law)
    if not block.beside:
        return voice
    total = voice.astype(np.int32)
    for codes, law in block.beside:
        total += decode(codes, law)
    return np.clip(total, -32768, 32767).astype(np.int16)


class StereoWav:
    """One recording's file; raises `OSError` as the disk does, and can be written again after."""

    def __init__(self, file: RawFile) -> None:
        self._file = file
        self.frames = max(0, file.size() - HEADER_BYTES) // BYTES_PER_FRAME
        "What the file holds; more than nothing when a killed worker's file is continued."
        self._write_header(self.frames)

    def append(self, block: Block, silent_frames: int = 0) -> None:
        """`silent_frames` of silence, then the block; on an error the file is as before."""
        at = self.frames + silent_frames
        self._file.write_at(HEADER_BYTES + at * BYTES_PER_FRAME, interleave(block))
        self._write_header(at + block.frames)
        self.frames = at + block.frames

    def close(self) -> None:
        self._file.close()

    def _write_header(self, frames: int) -> None:
        self._file.write_at(0, header(frames))
