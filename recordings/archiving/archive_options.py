"""How archiving is done. Apart from the desk: the command line needs no database for it."""

from dataclasses import dataclass, field
from pathlib import Path

from recordings.archiving.shelf_watch import WatchOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveOptions:
    """How patient core is with its archivers."""

    recordings: Path
    "The folder that recordings' files are relative to."

    transcribe: bool = True
    "Recordings that wait for a transcript are archived after it."

    plain_at_most_s: float | None = None
    "After its talk's begin a recording is archived before all else; None: it may wait for ever."

    lease_s: float = 60.0
    "A lease not renewed for so long is over."

    max_attempts: int = 3
    retry_s: float = 30.0
    "Wait after a failure."

    rest_s: float = 2.0
    "How long an archiver waits before it asks again."

    most_looked_at: int = 20
    "Waiting recordings of which one may be free to be leased."

    shelf: WatchOptions = field(default_factory=WatchOptions)
    "Of a store elsewhere."
