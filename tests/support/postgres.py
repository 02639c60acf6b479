"""A PostgreSQL server of the test's own, when the programs are installed."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.programs import find_free_port

PROGRAMS = Path("/usr/lib/postgresql/15/bin")


def why_not() -> str | None:
    """None when a server can be started here."""
    if not (PROGRAMS / "initdb").exists():
        return f"PostgreSQL 15 is not installed in {PROGRAMS}"
    if os.getuid() == 0 and shutil.which("runuser") is None:
        return "PostgreSQL does not run as root, and there is no runuser"
    return None


@contextmanager
def server() -> Iterator[str]:
    """The URL of an empty database `house`; fsync is off, nothing of it is kept."""
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    port = find_free_port()
    _as_postgres("chown", "postgres", str(folder), by_root=True)
    data = folder / "data"
    _as_postgres(str(PROGRAMS / "initdb"), "-D", str(data), "-A", "trust", "-U", "house")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    control = (str(PROGRAMS / "pg_ctl"), "-D", str(data), "-w", "-l", str(folder / "log"))
    _as_postgres(*control, "-o", options, "start")
    try:
        create = (str(PROGRAMS / "createdb"), "-h", str(folder), "-p", str(port), "-U", "house")
        _as_postgres(*create, "house")
        yield f"postgresql://house@127.0.0.1:{port}/house"
    finally:
        _as_postgres(*control, "-m", "immediate", "stop")
        shutil.rmtree(folder)


def _as_postgres(*command: str, by_root: bool = False) -> None:
    is_root = os.getuid() == 0
    if by_root and not is_root:
        return
    prefix = ("runuser", "-u", "postgres", "--") if is_root and not by_root else ()
    # The working directory may be one that the user postgres cannot enter.
    subprocess.run((*prefix, *command), cwd="/", check=True, capture_output=True, timeout=60)
