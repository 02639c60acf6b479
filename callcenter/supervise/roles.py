"""What a role is, and the run file by which a later parent knows its process again.

A run file names the process by pid, start time and boot: the kernel gives pids to other programs
again, but never with the same start time in the same boot.
"""

import json
import os
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from foundation.clock import boot_id, utc_now

DEAD_STATES = "ZXx"
"Of /proc/PID/stat: an adopted child that ended may stay a zombie when nobody reaps it."


@dataclass(frozen=True, slots=True)
class Role:
    """One process to keep running. Roles start in the order given and stop in the reverse one."""

    name: str
    argv: tuple[str, ...]
    niceness: int = 0
    needs_sip_sockets: bool = False


@dataclass(frozen=True, slots=True)
class RunFile:
    """The contents of data/run/ROLE.json."""

    name: str
    pid: int
    start_ticks: int
    "Field 22 of /proc/PID/stat: clock ticks from boot to the start of the process."
    boot_id: str
    since: str
    "ISO 8601, UTC."
    restarts: int

    def write(self, folder: Path) -> None:
        """In one step, so that a reader never sees half a file."""
        new = folder / f".{self.name}.new"
        new.write_text(json.dumps(asdict(self)), encoding="utf-8")
        new.replace(folder / f"{self.name}.json")

    @property
    def is_alive(self) -> bool:
        return self.boot_id == boot_id() and find_start_ticks(self.pid) == self.start_ticks


@dataclass(frozen=True, slots=True)
class RoleStatus:
    """What `status` tells about one role."""

    name: str
    pid: int
    since: datetime
    restarts: int
    is_running: bool


def new_run_file(name: str, pid: int, restarts: int) -> RunFile:
    return RunFile(
        name=name,
        pid=pid,
        start_ticks=find_start_ticks(pid) or 0,
        boot_id=boot_id(),
        since=utc_now().isoformat(),
        restarts=restarts,
    )


def read_run_files(folder: Path) -> list[RunFile]:
    """Sorted by name; a file that cannot be read is as good as none."""
    found = (_read(file) for file in sorted(folder.glob("*.json")))
    return [run_file for run_file in found if run_file is not None]


def run_folder(folder: Path) -> Path:
    return folder / "data" / "run"


def status(folder: Path) -> list[RoleStatus]:
    """Of the centre in `folder`, whether a parent runs or not."""
    return [
        RoleStatus(
            name=run_file.name,
            pid=run_file.pid,
            since=datetime.fromisoformat(run_file.since),
            restarts=run_file.restarts,
            is_running=run_file.is_alive,
        )
        for run_file in read_run_files(run_folder(folder))
    ]


def find_start_ticks(pid: int) -> int | None:
    """When the living process `pid` was started; None when there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # proc(5): the second field is the program's name in parentheses and may hold anything.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in DEAD_STATES else int(fields[19])


def _read(file: Path) -> RunFile | None:
    try:
        return RunFile(**json.loads(os.fsdecode(file.read_bytes())))
    except (OSError, ValueError, TypeError):
        return None
