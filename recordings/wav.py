"""Stereo WAV files of talks: what is in one, made whole after a crash, its two sides taken apart.

The media worker writes the file front to back, header first, left what the caller says, right what
the agent says. A kill leaves a header that promises less (or more) than the file holds, and perhaps
half a frame at the end; the audio itself is all there. So the file's size is believed and the
header is not: the `data` chunk is the last one and reaches to the end of the file.

Only when the talk is over and the file whole are its marks (`recordings.marks`) put behind the
samples, as `cue ` and `LIST adtl` chunks, which audio editors show.
"""

import os
import struct
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from foundation.errors import Conflict
from telephony.calls.events import Side

PCM = 1
"WAVE format tag of plain samples."
SAMPLE_BYTES = 2
CHANNEL_OF = {Side.CALLER: 0, Side.AGENT: 1}
"Left the caller, right the agent."
HIGHEST_RATE = 48_000
"Of what media writes, samples per second."
_RIFF_OVERHEAD = 8
"The RIFF chunk's size does not count its own tag and size."
TAIL_TAG = b"cue "
"What stands behind the samples begins with."
_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
_MAX_SIZE = 0xFFFFFFFF
"Sizes are 32 bits; a longer file keeps its audio, readers see the first 37 hours."


class UnreadableWav(Conflict):
    """The file is not a WAV that this system wrote, or nothing of it reached the disk."""


@dataclass(frozen=True, slots=True)
class WavInfo:
    """What a file really holds, whatever its header says."""

    rate: int
    "Samples per second of each channel."
    channels: int
    data_at: int
    "Offset of the first sample in bytes."
    frames: int
    "Whole samples per channel."
    tail_bytes: int = 0
    "Of whole chunks behind the samples."

    @property
    def frame_bytes(self) -> int:
        return self.channels * SAMPLE_BYTES

    @property
    def data_bytes(self) -> int:
        return self.frames * self.frame_bytes

    @property
    def duration_s(self) -> float:
        return self.frames / self.rate


def inspect(path: Path) -> WavInfo:
    """Reads the header only; changes nothing."""
    try:
        with path.open("rb") as file:
            return _inspect(file, path)
    except FileNotFoundError:
        raise UnreadableWav(f"the recording's file {path.name} does not exist") from None


def is_whole(path: Path) -> bool:
    """Whether `repair` would leave it as it is."""
    info = inspect(path)
    with path.open("rb") as file:
        return _is_whole(file, info)


def repair(path: Path) -> WavInfo:
    """Cuts the file to whole frames, fixes both sizes in its header, and sees it onto the disk.

    A file that is whole already is not written to, so repairing twice does nothing twice.
    """
    if (written := _as_written(path)) is not None:
        return written
    info = inspect(path)
    with path.open("r+b") as file:
        if _is_whole(file, info):
            return info
        _cut(file, info)
        file.flush()
        os.fsync(file.fileno())
    return replace(info, tail_bytes=0)


def set_tail(path: Path, tail: bytes) -> None:
    """Put whole chunks behind the samples, in place of those that are there.

    A kill in between leaves a file that `repair` cuts back to its samples.
    """
    info = inspect(path)
    with path.open("r+b") as file:
        _cut(file, info)
        file.seek(0, os.SEEK_END)
        file.write(tail)
        _write_size(file, 4, info.data_at + info.data_bytes + len(tail) - _RIFF_OVERHEAD)
        file.flush()
        os.fsync(file.fileno())


def header(rate: int, channels: int, frames: int, tail_bytes: int = 0) -> bytes:
    """Of a file of that many frames, as the media worker writes it."""
    frame_bytes = channels * SAMPLE_BYTES
    data_bytes = min(frames * frame_bytes, _MAX_SIZE - _HEADER.size - tail_bytes)
    return _HEADER.pack(
        *(b"RIFF", _HEADER.size - _RIFF_OVERHEAD + data_bytes + tail_bytes, b"WAVE", b"fmt ", 16),
        *(PCM, channels, rate, rate * frame_bytes, frame_bytes, 8 * SAMPLE_BYTES),
        *(b"data", data_bytes),
    )


def read_tail(path: Path) -> bytes:
    """The chunks behind the samples."""
    info = inspect(path)
    with path.open("rb") as file:
        file.seek(info.data_at + info.data_bytes)
        return file.read(info.tail_bytes)


def read_side(path: Path, side: Side) -> tuple[bytes, int]:
    """One side's samples, 16-bit little-endian mono, and their rate."""
    info = inspect(path)
    if info.channels != len(CHANNEL_OF):
        raise UnreadableWav(f"{path.name} has {info.channels} channels, a talk has two")
    with path.open("rb") as file:
        file.seek(info.data_at)
        frames = np.frombuffer(file.read(info.data_bytes), "<i2").reshape(-1, info.channels)
    return frames[:, CHANNEL_OF[side]].tobytes(), info.rate


def _as_written(path: Path) -> WavInfo | None:
    """Of a file that is just as the media worker closed it, which nearly all are: a look at its
    beginning and its size is enough. None of any other file, and of none."""
    try:
        with path.open("rb", buffering=0) as file:
            head, held = file.read(_HEADER.size), os.fstat(file.fileno()).st_size
    except FileNotFoundError:
        return None
    if len(head) < _HEADER.size:
        return None
    channels, rate = _HEADER.unpack(head)[6:8]
    if channels not in (1, 2) or rate > HIGHEST_RATE:
        return None
    frames = (held - _HEADER.size) // (channels * SAMPLE_BYTES)
    info = WavInfo(rate, channels, _HEADER.size, frames)
    is_whole = held == info.data_at + info.data_bytes
    return info if is_whole and head == header(rate, channels, frames) else None


def _inspect(file: BinaryIO, path: Path) -> WavInfo:
    head = file.read(12)
    if head[:4] != b"RIFF" or head[8:] != b"WAVE":
        raise UnreadableWav(f"{path.name} does not start like a WAV file: {head!r}")
    shape: tuple[int, int] | None = None
    while len(chunk := file.read(8)) == 8:
        tag, size = chunk[:4], int.from_bytes(chunk[4:], "little")
        if tag == b"data" and shape is not None:
            return _info(file, *shape)
        if tag == b"fmt ":
            shape = _rate_and_channels(file.read(size), path)
        else:
            file.seek(size, os.SEEK_CUR)
        file.seek(size % 2, os.SEEK_CUR)  # chunks start at even offsets
    raise UnreadableWav(f"{path.name} ends before its first sample")


def _info(file: BinaryIO, rate: int, channels: int) -> WavInfo:
    data_at = file.tell()
    held = file.seek(0, os.SEEK_END) - data_at
    declared = _read_size(file, data_at - 4)
    file.seek(data_at + declared)
    if declared < held and file.read(4) == TAIL_TAG:
        # Only a file that was whole has one, so here the header is right.
        tail_bytes = _whole_chunks(file, data_at + declared)
        return WavInfo(rate, channels, data_at, declared // (channels * SAMPLE_BYTES), tail_bytes)
    return WavInfo(rate, channels, data_at, held // (channels * SAMPLE_BYTES))


def _whole_chunks(file: BinaryIO, at: int) -> int:
    """Bytes of the chunks from `at` to the end of the file; 0 when the last one is torn."""
    start, end = at, file.seek(0, os.SEEK_END)
    while at + 8 <= end:
        size = _read_size(file, at + 4)
        at += 8 + size + size % 2
    return at - start if at == end else 0


def _cut(file: BinaryIO, info: WavInfo) -> None:
    """To the samples, with a header that says so."""
    file.truncate(info.data_at + info.data_bytes)
    _write_size(file, 4, info.data_at + info.data_bytes - _RIFF_OVERHEAD)
    _write_size(file, info.data_at - 4, info.data_bytes)


def _rate_and_channels(fmt: bytes, path: Path) -> tuple[int, int]:
    tag, channels, rate, bits = (
        int.from_bytes(fmt[at : at + size], "little")
        for at, size in ((0, 2), (2, 2), (4, 4), (14, 2))
    )
    if tag != PCM or bits != 8 * SAMPLE_BYTES or not channels or not rate:
        raise UnreadableWav(
            f"{path.name} is not 16-bit PCM but format {tag}, {bits} bits, "
            f"{channels} channels, {rate} Hz"
        )
    return rate, channels


def _is_whole(file: BinaryIO, info: WavInfo) -> bool:
    end = info.data_at + info.data_bytes + info.tail_bytes
    return (
        file.seek(0, os.SEEK_END) == end
        and _read_size(file, 4) == min(end - _RIFF_OVERHEAD, _MAX_SIZE)
        and _read_size(file, info.data_at - 4) == min(info.data_bytes, _MAX_SIZE)
    )


def _read_size(file: BinaryIO, at: int) -> int:
    file.seek(at)
    return int.from_bytes(file.read(4), "little")


def _write_size(file: BinaryIO, at: int, size: int) -> None:
    file.seek(at)
    file.write(min(size, _MAX_SIZE).to_bytes(4, "little"))
