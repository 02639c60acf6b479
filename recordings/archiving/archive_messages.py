"""What an archiver and core say to each other over core's Unix socket.

    archiver                                   core
      LeaseAudio(worker, run) ─────────────────▶
      ◀──────────── AudioWork | NoAudio(ask_again_s)
      KeepAudio(worker, recording) ────────────▶     after every minute of audio
      ◀──────────── GoOn(pause_s) | AudioGone
      AudioArchived(worker, recording, keys …) ▶     it is on the shelf and was read back
      AudioFailed(worker, recording, sentence) ▶
      ◀──────────── Done
      TellShelf(worker, files, bytes, trouble) ▶     where files go on to a store elsewhere
      ◀──────────── GoOn(pause_s)

Core removes the WAV when it has written down the keys, never before. The archiver only asks.
"""

from typing import Protocol, TypeAlias

import msgspec


class _Message(msgspec.Struct, frozen=True, tag=True, kw_only=True, omit_defaults=True):
    """The class name is the tag."""


# -- requests --------------------------------------------------------------------------------------


class LeaseAudio(_Message, frozen=True):
    worker: str
    run: str
    "Of the worker's process: what an earlier one had was not finished."


class KeepAudio(_Message, frozen=True):
    """Still at it."""

    worker: str
    recording_id: str


class AudioArchived(_Message, frozen=True):
    worker: str
    recording_id: str
    audio_key: str
    peaks_key: str
    wav_bytes: int
    flac_bytes: int


class AudioFailed(_Message, frozen=True):
    worker: str
    recording_id: str
    sentence: str
    is_passing: bool = False
    "A full disk and the like: no fault of this recording."


class TellShelf(_Message, frozen=True):
    """What waits on this disk for the store that recordings are kept in."""

    worker: str
    files: int
    bytes: int
    oldest_s: float
    "Age of the file that waits longest."
    trouble: str = ""
    "Why nothing goes, a sentence."


Request: TypeAlias = LeaseAudio | KeepAudio | AudioArchived | AudioFailed | TellShelf

# -- replies ---------------------------------------------------------------------------------------


class AudioWork(_Message, frozen=True):
    recording_id: str
    file: str
    "Relative to the recordings' folder."
    comment: str = ""
    "Goes into the FLAC: the marks, as JSON."


class NoAudio(_Message, frozen=True):
    """Nothing to archive, or not now."""

    ask_again_s: float


class GoOn(_Message, frozen=True):
    """First rest for `pause_s`: the media workers need the processor."""

    pause_s: float = 0.0


class AudioGone(_Message, frozen=True):
    """The lease was lost meanwhile."""


class Done(_Message, frozen=True):
    """Core knows it and it is on disk."""


Reply: TypeAlias = AudioWork | NoAudio | GoOn | AudioGone | Done


class ArchiveCore(Protocol):
    """The archiver's line to core."""

    async def ask(self, message: Request) -> Reply:
        """Raises `Unavailable` when core is away."""
