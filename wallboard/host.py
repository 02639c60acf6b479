"""What the web process sees of the machine that it runs on, beside the journal."""

import shutil
from dataclasses import dataclass
from pathlib import Path

GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Host:
    disk_free_gb: float | None = None
    "Where the recordings lie, in GiB; None: not known."


NOTHING_KNOWN = Host()


def look_at_disk(folder: Path) -> Host:
    """Of the disk that `folder` lies on, or will lie on once it is made."""
    try:
        place = next(each for each in (folder, *folder.absolute().parents) if each.is_dir())
        return Host(disk_free_gb=shutil.disk_usage(place).free / GIB)
    except OSError:
        return NOTHING_KNOWN
