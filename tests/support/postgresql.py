"""A PostgreSQL of the tests' own: a folder, a free port, loopback only, gone afterwards."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.programs import find_free_port

START_S = 30.0


def find_programs() -> Path | None:
    """Where Debian keeps the newest server's programs."""
    versions = Path("/usr/lib/postgresql")
    found = sorted(versions.glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    return found[-1].parent if found else None


def can_become_postgres() -> bool:
    """The server refuses to run as root, so root must be able to be `postgres`."""
    if shutil.which("runuser") is None:
        return False
    return subprocess.run(["runuser", "-u", "postgres", "true"], check=False).returncode == 0


@contextmanager
def postgresql(programs: Path, folder: Path) -> Iterator[str]:
    """The URL of an empty database; `folder` must be one that user postgres can reach."""
    shutil.chown(folder, "postgres")
    data = folder / "data"
    as_postgres = ["runuser", "-u", "postgres", "--"]
    subprocess.run(
        [*as_postgres, programs / "initdb", "-D", data, "-A", "trust", "-U", "test", "--no-sync"],
        check=True,
        cwd=folder,
        stdout=subprocess.DEVNULL,
    )
    port = find_free_port()
    address: list[str | Path] = ["-h", "127.0.0.1", "-p", str(port), "-k", folder]
    server = subprocess.Popen(
        [
            *as_postgres,
            programs / "postgres",
            "-D",
            data,
            "-k",
            folder,
            "-c",
            "fsync=off",
            *address,
        ],
        cwd=folder,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until_ready(programs, port)
        yield f"postgresql+asyncpg://test@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run(
            [*as_postgres, programs / "pg_ctl", "-D", data, "-m", "immediate", "stop"],
            check=False,
            cwd=folder,
            stdout=subprocess.DEVNULL,
        )
        server.wait(timeout=START_S)


def wait_until_ready(programs: Path, port: int) -> None:
    ready: list[str | Path] = [programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
    give_up_at = time.monotonic() + START_S
    while subprocess.run(ready, check=False).returncode != 0:
        if time.monotonic() > give_up_at:
            raise TimeoutError(f"PostgreSQL did not answer on port {port} in {START_S} s")
        time.sleep(0.1)
