"""The audio of one carried call: RTP from either side goes to the other as it came.

Both sides have agreed on the same codecs under the same payload types (`descriptions`), so nothing
is decoded and nothing rewritten: sequence numbers, times and digits (RFC 4733) are the sender's.
"""

import asyncio
import socket
from collections.abc import Callable

from telephony.media.packets.latch import Source, SourceLatch

RTP_VERSION = 2
HEADER_BYTES = 12
MAX_PACKET = 2048
RELOCK_S = 3.0
"A side that fell silent for so long may send from another address."
RTCP_TYPES = range(72, 77)
"What the payload type of an RTCP packet on the same port would look like (RFC 5761 4)."


class Side:
    """One socket, and whom we believe there."""

    def __init__(self, rtp: socket.socket) -> None:
        self.rtp = rtp
        self.packets = 0
        "Taken from this side and passed on."
        self._latch = SourceLatch(RELOCK_S)
        self._target: Source | None = None
        self._heard_at = 0.0

    @property
    def port(self) -> int:
        return int(self.rtp.getsockname()[1])

    def aim(self, target: Source | None) -> None:
        """New SDP: where this side hears; None leaves it as it is."""
        if target is not None and target != self._target:
            self._target = target
            self._latch.open()

    def take(self, packet: bytes, source: Source, now: float) -> bool:
        """Whether it is to be passed on."""
        if not is_rtp(packet) or not self._latch.admits(source, now, self._heard_at):
            return False
        self._heard_at = now
        self.packets += 1
        return True

    def send(self, packet: bytes) -> None:
        """Behind a NAT it hears where it sends from, else where its SDP says."""
        target = self._latch.locked or self._target
        if target is None:
            return
        try:
            self.rtp.sendto(packet, target)
        except OSError:
            return  # lost, as a network may lose it


class Relay:
    """Two sockets on the loop; it owns that of core's side."""

    def __init__(self, pbx: socket.socket, core: socket.socket, now: Callable[[], float]) -> None:
        self.pbx = Side(pbx)
        self.core = Side(core)
        self._now = now
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(pbx, self._pass, self.pbx, self.core)
        self._loop.add_reader(core, self._pass, self.core, self.pbx)

    def close(self) -> None:
        for side in (self.pbx, self.core):
            self._loop.remove_reader(side.rtp)
        self.core.rtp.close()

    def _pass(self, side: Side, other: Side) -> None:
        try:
            packet, source = side.rtp.recvfrom(MAX_PACKET)
        except OSError:
            return  # nothing there, or an ICMP error of an earlier packet
        if side.take(packet, source, self._now()):
            other.send(packet)


def is_rtp(packet: bytes) -> bool:
    if len(packet) <= HEADER_BYTES or packet[0] >> 6 != RTP_VERSION:
        return False
    return packet[1] & 0x7F not in RTCP_TYPES


def open_core_socket(address: str) -> socket.socket:
    """Any free even port."""
    while True:
        rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        rtp.setblocking(False)
        rtp.bind((address, 0))
        if rtp.getsockname()[1] % 2 == 0:
            return rtp
        rtp.close()
