"""All lanes of one worker, and the loop in C that serves those of them that wait.

The worker's own epoll watches the C loop's: one waking there serves all legs that have packets.
Legs of which C would hand up everything are watched by the worker's epoll as without C.
"""

import ctypes
import select
from dataclasses import dataclass
from typing import Protocol

from telephony.media.control import Register
from telephony.media.lanes.lanes import Lane, LoopStruct, from_network_order
from telephony.media.lanes.native import Library
from telephony.media.packets.latch import Source
from telephony.media.packets.ports import BoundRtcp, BoundRtp, NarrowRtp, PortPair

MOST_UNUSUAL = 64
"Handed up at one waking, before the worker looks at its clock again."


class Served(Protocol):
    """Who takes what its lane hands up."""

    @property
    def lane(self) -> Lane | None: ...

    def on_rtp(self, now: float) -> None: ...


class HandedUp:
    """Stands for a leg's RTP socket, whose datagram C may have read already."""

    def __init__(self, loop: LoopStruct, plain: BoundRtp) -> None:
        self._loop = loop
        self._plain = plain

    def recvfrom_into(self, buffer: bytearray) -> tuple[int, Source]:
        loop = self._loop
        if loop.unusual is None:
            return self._plain.recvfrom_into(buffer)
        loop.unusual = None
        buffer[: loop.size] = memoryview(loop.data)[: loop.size]
        return loop.size, from_network_order(loop.address, loop.port)

    def sendto(self, data: bytes, target: Source) -> int:
        return self._plain.sendto(data, target)

    def fileno(self) -> int:
        return self._plain.fileno()


@dataclass(frozen=True, slots=True)
class LanePorts:
    """A pair whose RTP may be read by C."""

    pair: PortPair
    rtp: HandedUp

    @property
    def port(self) -> int:
        return self.pair.port

    @property
    def rtcp(self) -> BoundRtcp:
        return self.pair.rtcp

    def narrow(self, peer: Source) -> NarrowRtp | None:
        """Never: C compares the source itself."""

    def widen(self) -> None:
        """It never was narrow."""

    def close(self) -> None:
        self.pair.close()


class LaneLoop:
    """Lanes by their address in memory."""

    def __init__(self, library: Library, register: Register) -> None:
        self.taken = 0
        "Datagrams since the beginning."
        self._register = register
        self._in_c: set[int] = set()
        "Addresses of the lanes that the C loop watches."
        self._library = library
        self._epoll = select.epoll()
        self._loop = LoopStruct(epoll=self._epoll.fileno())
        self._served: dict[int, Served] = {}

    def fileno(self) -> int:
        return self._epoll.fileno()

    def close(self) -> None:
        self._epoll.close()

    def lane(self, pair: PortPair) -> tuple[Lane, LanePorts]:
        """A new leg's lane, and the pair as Python has it from now on."""
        return Lane(pair.rtp.fileno()), LanePorts(pair, HandedUp(self._loop, pair.rtp))

    def watch(self, served: Served, lane: Lane) -> None:
        self._served[lane.address] = served
        self._register(lane.shared.fd, select.EPOLLIN, served.on_rtp)
        lane.moved = self._move
        self._move(lane)

    def unwatch(self, lane: Lane) -> None:
        lane.moved = None
        self._take_from_c(lane)
        served = self._served.pop(lane.address)
        self._register(lane.shared.fd, 0, served.on_rtp)

    def _move(self, lane: Lane) -> None:
        if lane.is_for_c:
            self._give_to_c(lane)
        else:
            self._take_from_c(lane)

    def _give_to_c(self, lane: Lane) -> None:
        if lane.address in self._in_c:
            return
        self._in_c.add(lane.address)
        self._register(lane.shared.fd, 0, self._served[lane.address].on_rtp)
        self._library.lanes_watch(ctypes.byref(self._loop), ctypes.byref(lane.shared))

    def _take_from_c(self, lane: Lane) -> None:
        if lane.address not in self._in_c:
            return
        self._in_c.discard(lane.address)
        self._library.lanes_unwatch(ctypes.byref(self._loop), ctypes.byref(lane.shared))
        self._register(lane.shared.fd, select.EPOLLIN, self._served[lane.address].on_rtp)

    def serve(self, now: float) -> None:
        """What waits now; `session.on_rtp` has the unusual."""
        loop = self._loop
        for _ in range(MOST_UNUSUAL):
            self.taken += self._library.lanes_drain(ctypes.byref(loop))
            if loop.unusual is None:
                return
            self._served[loop.unusual].on_rtp(now)
