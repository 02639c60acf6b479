"""How talks are recorded and transcribed; filled by `callcenter.configuration.settings`."""

from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from pathlib import Path

from recordings.transcribing.lease import LeaseOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingOptions:
    path: Path
    "The recordings' folder; one folder for each day inside."

    transcribe: bool = True
    "Queue every ended recording for the transcribers."

    timezone: tzinfo = UTC
    "Decides which day a talk belongs to."

    lease: LeaseOptions = field(default_factory=LeaseOptions)

    rest_s: float = 2.0
    "How long a transcriber waits before it asks again: nothing to do, or media near its limit."

    retry_s: float = 1.0
    "Wait before writing again what the database did not take."

    collect_s: float = 0.1
    """Begun and ended recordings of a busy house are written so seldom, many at once; after a crash
    the journal and the media worker tell what is missing."""

    max_chores: int = 10_000
    """Database and file work that may wait. When a stalled disk lets more pile up, the newest is
    dropped with an error in the log: the talk goes on, its file is closed at the next start."""
