"""What a figure needs beside it to mean anything: the machine, the commit, the day."""

import atexit
import os
import platform
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Circumstances:
    machine: str
    commit: str
    date: str

    def __str__(self) -> str:
        return f"{self.date}, commit {self.commit}, {self.machine}"


def circumstances() -> Circumstances:
    machine = (
        f"{os.cpu_count()} cores {_cpu_model()}, Linux {platform.release()}, "
        f"{platform.python_implementation()} {platform.python_version()}, "
        f"{plain_loop_ns():.0f} ns a round of a plain loop, {new_file_us():.0f} us a new file"
    )
    return Circumstances(machine, _commit(), f"{datetime.now(UTC):%Y-%m-%d}")


def plain_loop_ns(rounds: int = 100_000, tries: int = 5) -> float:
    """CPU time of a round, the best of some tries. Interpreters of the same version differ by half
    and more in this: by how they were built (PGO, LTO), and with the machine's other load."""
    return min(_loop_s(rounds) for _ in range(tries)) / rounds * 1e9


def new_file_us(files: int = 20) -> float:
    """CPU time of making an empty file where the centres under test lie. ext4 goes round inodes
    that were deleted within the last minutes, one by one: beside thousands of them it is thirty
    times as long, and a centre pays it for each recording."""
    folder = folder_until_exit("callcenter-files-")
    began = time.process_time()
    for number in range(files):
        os.close(os.open(folder / str(number), os.O_RDWR | os.O_CREAT, 0o640))
    return (time.process_time() - began) / files * 1e6


def folder_until_exit(prefix: str) -> Path:
    """On a disk, as /tmp often is not, and there until we end: see `new_file_us`."""
    disk = Path("/var/tmp")
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=disk if disk.is_dir() else None))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _loop_s(rounds: int) -> float:
    began, total = time.process_time(), 0
    for i in range(rounds):
        kept = {"i": i % 7}
        total += kept["i"]
    return time.process_time() - began


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _commit() -> str:
    here = Path(__file__).parent
    words = ["git", "-C", str(here), "describe", "--always", "--dirty"]
    told = subprocess.run(words, capture_output=True, text=True, check=False)
    return told.stdout.strip() or "unknown"


def family(pid: int) -> list[int]:
    """The process and everybody it started, living now."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += family(int(child))
    return found


def cpu_s(pid: int) -> float:
    """User and system time of a process until now; 0 for one that has gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
