"""Where the audio of an ended recording is, and how it is read: the one seam of the archive.

    media's WAV ──▶ archiver ──▶ Shelf.put: FLAC and peaks, each by its key
         └────────── open_audio ◀───────────┘
                        └──▶ the API, the transcriber: frames, whichever of the two they come from

A `Shelf` keeps whole files by key and gives them back as files that can be searched. Whatever is
done to them on the way (another place, encryption) is the shelf's own business: nobody else opens
what is on it. A key says nothing to anybody but the shelf that gave it.
"""

import os
from pathlib import Path
from typing import BinaryIO, Protocol, Self, cast

import numpy as np
import numpy.typing as npt

from foundation.errors import NotFound
from recordings import wav
from recordings.archiving.flac import FlacAudio
from telephony.calls.events import Side

Samples = npt.NDArray[np.int16]


class Shelf(Protocol):
    """Whole files, kept by key. Used from threads; blocks; raises `OSError` as disks do, and
    `Unavailable` when the machine that keeps them is away."""

    def put(self, path: Path) -> str:
        """Take the file over (it is gone from `path` afterwards) and give its key.

        It is on the disk, and will be after a power cut, when this returns. A file of the same
        name and folder replaces the one before and has the same key, so a put may be repeated.
        The key's last part (after `/`) is the file's name.
        """

    def open(self, key: str) -> BinaryIO:
        """To be read, at any place; raises `NotFound`."""

    def delete(self, key: str) -> None:
        """What is not there was deleted already."""

    def all_keys(self) -> list[str]:
        """Of all that is there."""

    def patch(self, key: str, *changes: tuple[int, bytes]) -> None:
        """Write over bytes in the middle of a file: places and what stands there from then on.

        Each is on the disk before the next one begins, or all of them change at once.
        """


class Audio(Protocol):
    """One recording's audio, wherever it comes from."""

    @property
    def rate(self) -> int: ...
    @property
    def channels(self) -> int: ...
    @property
    def frames(self) -> int:
        """Per channel."""

    def read(self, start: int, count: int) -> Samples:
        """Frames from `start` on, `count` rows by channels; fewer only at the end."""

    def close(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...


class FolderShelf:
    """A folder on a disk; keys are paths in it. Files must come from the same file system."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, path: Path) -> str:
        key = f"{path.parent.name}/{path.name}"
        place = self._folder / key
        place.parent.mkdir(parents=True, exist_ok=True)
        _sync(path)
        path.replace(place)
        _sync(place.parent)
        return key

    def open(self, key: str) -> BinaryIO:
        return self._opened(key, "rb")

    def delete(self, key: str) -> None:
        (self._folder / key).unlink(missing_ok=True)

    def all_keys(self) -> list[str]:
        """Also of WAVs that wait beside the archive; not of what is being made."""
        found = (
            path.relative_to(self._folder) for path in self._folder.rglob("*") if path.is_file()
        )
        return sorted(path.as_posix() for path in found if not path.parts[0].startswith("."))

    def patch(self, key: str, *changes: tuple[int, bytes]) -> None:
        with self._opened(key, "r+b") as file:
            for at, data in changes:
                file.seek(at)
                file.write(data)
                file.flush()
                os.fsync(file.fileno())

    def path(self, key: str) -> Path:
        """Where the file is, or would be."""
        return self._folder / key

    def _opened(self, key: str, mode: str) -> BinaryIO:
        try:
            return cast(BinaryIO, self.path(key).open(mode))
        except FileNotFoundError:
            raise NotFound(f"there is nothing under {key!r} in the archive") from None


class WavAudio:
    """The file that media has written."""

    def __init__(self, path: Path) -> None:
        self._info = wav.inspect(path)
        self._file = path.open("rb")

    @property
    def rate(self) -> int:
        return self._info.rate

    @property
    def channels(self) -> int:
        return self._info.channels

    @property
    def frames(self) -> int:
        return self._info.frames

    def read(self, start: int, count: int) -> Samples:
        info = self._info
        count = max(0, min(count, info.frames - start))
        self._file.seek(info.data_at + start * info.frame_bytes)
        data = self._file.read(count * info.frame_bytes)
        return np.frombuffer(data, "<i2").reshape(-1, info.channels)

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_audio(wav_file: Path, shelf: Shelf, key: str) -> Audio:
    """`key`: of the FLAC, '' while there is none. Raises `NotFound` when the audio is gone, and
    `Conflict` when it can't be read."""
    if key:
        return FlacAudio(shelf.open(key), key)
    if not wav_file.is_file():
        name = wav_file.name
        raise NotFound(f"the audio of recording {wav_file.stem!r} is gone: {name} does not exist")
    return WavAudio(wav_file)


def read_side(audio: Audio, side: Side) -> tuple[bytes, int]:
    """One side's samples, 16-bit little-endian mono, and their rate."""
    if audio.channels != len(wav.CHANNEL_OF):
        raise wav.UnreadableWav(f"the audio has {audio.channels} channels, a talk has two")
    frames = audio.read(0, audio.frames)
    return frames[:, wav.CHANNEL_OF[side]].astype("<i2").tobytes(), audio.rate


def _sync(path: Path) -> None:
    """A file's contents, or a folder's entries, are on the disk."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
