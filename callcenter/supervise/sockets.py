"""The SIP sockets' way: bound by the parent, inherited by core, fetched back from a living core.

A socket that stays bound loses no datagram while core is started again: the kernel keeps them.
"""

import os
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

from foundation import unix
from foundation.errors import ConfigurationError

FDS_VARIABLE = "SIP_LISTENER_FDS"
"Environment of core: numbers of the inherited descriptors, in the order of the addresses."
SOCKET_NAME = "sip-sockets.sock"
MAX_SOCKETS = 64
RECEIVE_BUFFER_BYTES = 1 << 20
"What the kernel keeps while core is started again: about a thousand INVITEs."

Address = tuple[str, int]


def bind_all(addresses: Sequence[Address], kept: Sequence[socket.socket]) -> list[socket.socket]:
    """A UDP socket for each address, out of `kept` where one fits; the rest of them is closed."""
    left = list(kept)
    sockets = [_take(address, left) or _bind(address) for address in addresses]
    for unwanted in left:
        unwanted.close()
    return sockets


def inherited_sockets(environ: Mapping[str, str] = os.environ) -> list[socket.socket]:
    """In core: what the parent bound, in the order of the configuration."""
    numbers = environ.get(FDS_VARIABLE, "")
    return [socket.socket(fileno=int(number)) for number in numbers.split(",") if number]


def fetch_sockets(path: Path, timeout_s: float = 2.0) -> list[socket.socket]:
    """From a living core; empty when there is none or it does not answer."""
    try:
        with unix.connect(path, timeout_s) as connection:
            _, descriptors, _, _ = socket.recv_fds(connection, 16, MAX_SOCKETS)
    except OSError:
        return []
    return [socket.socket(fileno=descriptor) for descriptor in descriptors]


def _take(address: Address, left: list[socket.socket]) -> socket.socket | None:
    host, port = address
    for candidate in left:
        name = candidate.getsockname()
        if name[0] == host and port in (0, name[1]):
            left.remove(candidate)
            return candidate
    return None


def _bind(address: Address) -> socket.socket:
    host, port = address
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_DGRAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        sentence = f"sip.listen: cannot listen on udp:{host}:{port}: {error.strerror}"
        raise ConfigurationError([sentence]) from error
    return listener
