"""Unix sockets by path: any length, private to this user, no stale files. Standard library only.

A socket's address holds 107 bytes, a path in a deep folder is longer; then the folder is opened and
named by its file descriptor under /proc.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from foundation.errors import Conflict

MAX_ADDRESS_BYTES = 107


@contextmanager
def address(path: Path) -> Iterator[str]:
    """A name for `path` that fits into a socket's address, valid inside the `with`."""
    if len(os.fsencode(path)) <= MAX_ADDRESS_BYTES:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def listen(path: Path, backlog: int = 64) -> socket.socket:
    """A listening stream socket with file mode 0600; `Conflict` when somebody else listens."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if is_listening(path):
        raise Conflict(f"another process listens on {path}")
    path.unlink(missing_ok=True)
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # The mode must be right from the first moment; chmod afterwards would be too late.
    before = os.umask(0o177)
    try:
        with address(path) as name:
            server.bind(name)
        server.listen(backlog)
    except OSError:
        server.close()
        raise
    finally:
        os.umask(before)
    return server


def connect(path: Path, timeout_s: float | None = None) -> socket.socket:
    """A connected blocking stream socket, or `OSError`."""
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.settimeout(timeout_s)
    try:
        with address(path) as name:
            client.connect(name)
    except OSError:
        client.close()
        raise
    return client


def is_listening(path: Path) -> bool:
    try:
        connect(path, timeout_s=1.0).close()
    except OSError:
        return False
    return True
