"""Whom the network calls unreachable: ICMP errors of our UDP sockets (RFC 3261 18.4).

Linux keeps each error with the address that the datagram was for, when it is asked to (IP_RECVERR,
see ip(7)); elsewhere nothing is heard of them, and a peer that is gone is found by timers. The
price: the next call on the socket fails with the error, whomever that call is for. So whoever sends
tries again, and takes the errors out each time, for they wake the loop until they are taken.
"""

import socket
import struct
import sys
from collections.abc import Iterator

from telephony.sip.events import HostPort

IP_RECVERR = 11
IPV6_RECVERR = 25
MSG_ERRQUEUE = 0x2000
_EXTENDED_ERROR = struct.Struct("=IBBBBII")
"struct sock_extended_err: errno, origin, ICMP type and code, padding, info, data."
_ICMP_ORIGIN, _ICMP6_ORIGIN = 2, 3
_UNREACHABLE = {_ICMP_ORIGIN: 3, _ICMP6_ORIGIN: 1}
"ICMP type by origin; TTL exceeded and source quench are of no matter (RFC 3261 18.4)."
_TOO_LARGE = 4
"ICMP code of type 3: fragmentation needed, which path MTU discovery deals with."
_QUOTED_BYTES = 2048
_CONTROL_BYTES = 512


def ask_for_errors(sock: socket.socket) -> None:
    if sys.platform != "linux":
        return
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)
    else:
        sock.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)


def take_unreachable(sock: socket.socket) -> Iterator[HostPort]:
    """Empties the socket's queue of errors; gives each peer that cannot be reached."""
    while sys.platform == "linux":
        try:
            _, control, _, address = sock.recvmsg(_QUOTED_BYTES, _CONTROL_BYTES, MSG_ERRQUEUE)
        except OSError:
            return
        if any(_is_unreachable(data) for _, _, data in control):
            yield HostPort(address[0], address[1])


def _is_unreachable(data: bytes) -> bool:
    if len(data) < _EXTENDED_ERROR.size:
        return False
    _, origin, icmp_type, code, *_ = _EXTENDED_ERROR.unpack_from(data)
    too_large = origin == _ICMP_ORIGIN and code == _TOO_LARGE
    return icmp_type == _UNREACHABLE.get(origin) and not too_large
