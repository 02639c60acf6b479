"""Core's side of giving the SIP sockets back to a parent that was killed and started again."""

import asyncio
import socket
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from foundation import unix


class SocketShare:
    """Whoever connects (the file's mode lets only this user) gets the descriptors, and is gone."""

    def __init__(self, path: Path, sockets: Sequence[socket.socket]) -> None:
        self._path = path
        self._descriptors = [shared.fileno() for shared in sockets]
        self._listener = unix.listen(path)
        self._listener.setblocking(False)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._listener, self._give)

    def close(self) -> None:
        self._loop.remove_reader(self._listener)
        self._listener.close()
        self._path.unlink(missing_ok=True)

    def _give(self) -> None:
        # A new connection's buffer has room for this; one that has not, gets nothing.
        with suppress(OSError):
            connection, _ = self._listener.accept()
            with connection:
                connection.setblocking(False)
                socket.send_fds(connection, [b"sip"], self._descriptors)


def share_sockets(path: Path, sockets: Sequence[socket.socket]) -> SocketShare:
    """Call it early in core, on the running loop; close it last. `path` is in data/run."""
    return SocketShare(path, sockets)
