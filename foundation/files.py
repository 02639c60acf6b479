"""Files that are there whole or not at all, whenever the process or the machine ends."""

import os
from pathlib import Path

OF_ALL, OF_US_ALONE = 0o666, 0o600
"Modes of a new file, before the umask."


def write_whole(path: Path, data: bytes, mode: int = OF_ALL) -> None:
    """Whoever reads meanwhile finds the old file or the new one. Waits for the disk; raises
    `OSError`, and then the old file stands. One process writes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    # One that a kill has left may have another mode.
    new.unlink(missing_ok=True)
    with open(new, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
