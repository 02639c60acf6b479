"""Where the roles' output goes: straight into files, so that it does not depend on the parent."""

import os
import sys
from io import FileIO
from pathlib import Path

ROTATE_AT_BYTES = 10 * 1024 * 1024
KEEP = 3


def open_log(folder: Path, role: str) -> FileIO:
    """data/log/ROLE.log for appending; a big one is first moved to ROLE.log.1, .1 to .2 …"""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{role}.log"
    if file.exists() and file.stat().st_size > ROTATE_AT_BYTES:
        for number in range(KEEP, 0, -1):
            older = folder / f"{role}.log.{number}"
            newer = folder / f"{role}.log.{number - 1}" if number > 1 else file
            if newer.exists():
                newer.replace(older)
    return FileIO(file, "a")


class Echo:
    """Repeats on the terminal what comes into the log files from now on."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._offsets = {file: file.stat().st_size for file in folder.glob("*.log")}

    def repeat(self) -> None:
        for file in sorted(self._folder.glob("*.log")):
            size = file.stat().st_size
            offset = min(self._offsets.get(file, 0), size)
            with file.open("rb") as log:
                log.seek(offset)
                new = log.read(size - offset)
            self._offsets[file] = offset + len(new)
            if new:
                os.write(sys.stderr.fileno(), new)
