"""FLAC files by libsndfile: lossless, about a third of the WAV, with a comment for the marks."""

from pathlib import Path
from typing import BinaryIO, Self

import numpy as np
import numpy.typing as npt
import soundfile

from foundation.errors import CallCentreError, Conflict

Samples = npt.NDArray[np.int16]
COMPRESSION = 0.625
"Of 0 to 1: FLAC's own level 5 of 8. Level 8 costs twice the CPU for one percent less."


class UnreadableFlac(Conflict):
    """Not a FLAC file that this system wrote."""


class _Watched:
    """Keeps what reading raises: libsndfile asks for bytes from C, where it would be lost."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell, self.close = file.seek, file.tell, file.close
        self.trouble: CallCentreError | OSError | None = None

    def read(self, count: int) -> bytes:
        try:
            return self._file.read(count)
        except (CallCentreError, OSError) as error:
            self.trouble = error
            return b""


class FlacAudio:
    """Reads from any file that can be searched; closes it."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = _Watched(file)
        try:
            self._sound = soundfile.SoundFile(self._file)
        except soundfile.LibsndfileError as error:
            file.close()
            raise self._file.trouble or UnreadableFlac(f"{name} cannot be read: {error}") from None

    @property
    def rate(self) -> int:
        return int(self._sound.samplerate)

    @property
    def channels(self) -> int:
        return int(self._sound.channels)

    @property
    def frames(self) -> int:
        return int(self._sound.frames)

    @property
    def comment(self) -> str:
        return str(self._sound.comment)

    def read(self, start: int, count: int) -> Samples:
        count = max(0, min(count, self.frames - start))
        try:
            if count and start != self._sound.tell():
                self._sound.seek(start)
            found: Samples = self._sound.read(count, dtype="int16", always_2d=True)
        except soundfile.LibsndfileError as error:
            sentence = f"the audio breaks off at frame {start}: {error}"
            raise self._file.trouble or UnreadableFlac(sentence) from None
        if self._file.trouble:
            raise self._file.trouble
        return found

    def close(self) -> None:
        self._sound.close()
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class FlacFile:
    """A new file, written front to back."""

    def __init__(self, path: Path, rate: int, channels: int, comment: str) -> None:
        """Raises `OSError` as disks do; libsndfile has an error of its own for that."""
        try:
            self._sound = soundfile.SoundFile(
                path,
                "w",
                rate,
                channels,
                subtype="PCM_16",
                format="FLAC",
                compression_level=COMPRESSION,
            )
        except soundfile.LibsndfileError as error:
            raise OSError(f"{path.name} cannot be begun: {error}") from None
        if comment:
            self._sound.comment = comment

    def write(self, frames: Samples) -> None:
        try:
            self._sound.write(frames)
        except soundfile.LibsndfileError as error:
            raise OSError(f"{self._sound.name} cannot be written: {error}") from None

    def close(self) -> None:
        self._sound.close()
