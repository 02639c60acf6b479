"""RTP port pairs: an even port for RTP and the odd one above it for RTCP (RFC 3550 section 11).

Both sockets are bound before the port is announced and stay bound until the call is over: a port
that was probed, closed and bound again later may belong to another program by then. A released pair
rests, still bound, until the network has forgotten it; then it goes to the end of the line.
"""

import ctypes
import socket
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from telephony.media.errors import NoRtpPort
from telephony.media.packets.latch import Source

EF = 46 << 2
"DSCP of voice (RFC 4594 4.1), in the place that the IP header has for it."
ANY = "0.0.0.0"
_NO_PEER = bytes(16)
"A `sockaddr` of the family AF_UNSPEC, which Python's own `connect` does not know."
_LIBC = ctypes.CDLL(None)


class BoundRtp(Protocol):
    """A bound socket that never blocks, or what stands for it where C reads it."""

    def recvfrom_into(self, buffer: bytearray, /) -> tuple[int, Source]: ...

    def sendto(self, data: bytes, target: Source, /) -> int: ...

    def fileno(self) -> int: ...


class NarrowRtp(Protocol):
    """A bound socket that knows one peer only, so that nobody is named."""

    def recv_into(self, buffer: bytearray, /) -> int: ...

    def send(self, data: memoryview, /) -> int: ...


class BoundRtcp(Protocol):
    """The same for reports."""

    def recvfrom(self, most: int, /) -> tuple[bytes, Source]: ...

    def sendto(self, data: bytes, target: Source, /) -> int: ...

    def fileno(self) -> int: ...


class LegPorts(Protocol):
    """A pair as a leg has it."""

    @property
    def port(self) -> int: ...

    @property
    def rtp(self) -> BoundRtp: ...

    @property
    def rtcp(self) -> BoundRtcp: ...

    def narrow(self, peer: Source) -> NarrowRtp | None:
        """Take RTP of this peer only, until `widen`; what came before may be anybody's.

        The kernel then looks up neither way nor source of a packet: two microseconds of thirty.
        None: that is not to be had.
        """

    def widen(self) -> None: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class PortPair:
    """Two bound sockets that never block."""

    port: int
    rtp: socket.socket
    rtcp: socket.socket

    def narrow(self, peer: Source) -> NarrowRtp | None:
        # Bound to all addresses, it would be narrowed to one of our own, too.
        if self.rtp.getsockname()[0] == ANY:
            return None
        try:
            self.rtp.connect(peer)
        except OSError:
            return None
        return self.rtp

    def widen(self) -> None:
        _LIBC.connect(self.rtp.fileno(), _NO_PEER, len(_NO_PEER))

    def close(self) -> None:
        self.rtp.close()
        self.rtcp.close()


class PortPool:
    """All pairs of the configured range."""

    def __init__(self, address: str, ports: tuple[int, int], drain_s: float) -> None:
        first, last = ports
        self._address = address
        self._free = deque(range(first + first % 2, last, 2))
        self._drain_s = drain_s
        self._draining: deque[tuple[float, LegPorts]] = deque()

    def take(self, wanted: int = 0) -> PortPair:
        """Any free pair, or the one a leg had before the worker was restarted."""
        if wanted:
            return self._take_again(wanted)
        for _ in range(len(self._free)):
            port = self._free.popleft()
            pair = _bind_pair(self._address, port)
            if pair is not None:
                return pair
            self._free.append(port)
        raise NoRtpPort("no RTP port pair is free")

    def release(self, pair: LegPorts, now: float) -> None:
        self._draining.append((now + self._drain_s, pair))

    def give_back(self, pair: LegPorts) -> None:
        """A pair that was never announced needs no rest."""
        pair.close()
        self._free.append(pair.port)

    def tick(self, now: float) -> None:
        while self._draining and self._draining[0][0] <= now:
            _due_at, pair = self._draining.popleft()
            pair.close()
            self._free.append(pair.port)

    def close(self) -> None:
        for _due_at, pair in self._draining:
            pair.close()

    def _take_again(self, wanted: int) -> PortPair:
        if wanted not in self._free:
            raise NoRtpPort(f"the RTP port {wanted} is in use or not one of ours")
        pair = _bind_pair(self._address, wanted)
        if pair is None:
            raise NoRtpPort(f"the RTP port {wanted} was taken by another program")
        self._free.remove(wanted)
        return pair


def _bind_pair(address: str, port: int) -> PortPair | None:
    """None: another program has one of the two."""
    rtp = _bind(address, port)
    if rtp is None:
        return None
    rtcp = _bind(address, port + 1)
    if rtcp is None:
        rtp.close()
        return None
    return PortPair(port, rtp, rtcp)


def _bind(address: str, port: int) -> socket.socket | None:
    bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    with suppress(OSError):  # not every system allows it, and a call goes on without
        bound.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, EF)
    try:
        bound.bind((address, port))
    except OSError:
        bound.close()
        return None
    return bound
