"""The SIP sockets' way: bound by the parent, inherited by core, fetched back from a living core.

A socket that stays bound loses no datagram while core is started again: the kernel keeps them. The
same goes for connections that nobody has accepted yet; accepted ones die with core.
"""

import os
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from foundation import unix
from foundation.errors import ConfigurationError

FDS_VARIABLE = "SIP_LISTENER_FDS"
"Environment of core: numbers of the inherited descriptors, in the order of the addresses."
SOCKET_NAME = "sip-sockets.sock"
MAX_SOCKETS = 64
RECEIVE_BUFFER_BYTES = 1 << 20
"What the kernel keeps while core is started again: about a thousand INVITEs."

BACKLOG = 256
"Connections that the kernel keeps until they are accepted."


class Address(NamedTuple):
    """Where to listen; `transport` as the configuration writes it, all but `udp` are TCP here."""

    host: str
    port: int
    transport: str = "udp"

    @property
    def kind(self) -> socket.SocketKind:
        return socket.SOCK_DGRAM if self.transport == "udp" else socket.SOCK_STREAM


def bind_all(addresses: Sequence[Address], kept: Sequence[socket.socket]) -> list[socket.socket]:
    """A socket for each address, out of `kept` where one fits; the rest of them is closed."""
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
    for candidate in left:
        name = candidate.getsockname()
        same_kind = candidate.type == address.kind
        if same_kind and name[0] == address.host and address.port in (0, name[1]):
            left.remove(candidate)
            return candidate
    return None


def _bind(address: Address) -> socket.socket:
    host, port, transport = address
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, address.kind)
    if family == socket.AF_INET6:
        # Each family has a listener of its own, also on all addresses.
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    try:
        if address.kind == socket.SOCK_DGRAM:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
            listener.bind((host, port))
        else:
            # Connections of the centre before this one may still linger on the port.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
            listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        sentence = f"sip.listen: cannot listen on {transport}:{host}:{port}: {error.strerror}"
        raise ConfigurationError([sentence]) from error
    return listener
