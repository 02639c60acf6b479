"""The inherited SIP sockets, as the stack must know them: transport, and what peers are told.

A socket is matched with its line of the configuration by its address, not by its place in the list:
the file may have been edited since the parent bound the sockets.
"""

import socket
from collections.abc import Sequence

from callcenter.configuration.settings import Settings
from callcenter.sections import values
from telephony.sip.options import Listener
from telephony.sip.sockets.endpoint import listener_of


def sip_listeners(settings: Settings, sockets: Sequence[socket.socket]) -> tuple[Listener, ...]:
    left = list(settings.sip.listen)
    return tuple(_listener(settings, left, sock) for sock in sockets)


def _listener(settings: Settings, left: list[values.Listener], sock: socket.socket) -> Listener:
    host, port = sock.getsockname()[:2]
    is_udp = sock.type == socket.SOCK_DGRAM
    for written in left:
        same_kind = (written.transport == "udp") == is_udp
        if same_kind and written.host == host and written.port in (0, port):
            left.remove(written)
            advertised_host, advertised_port = settings.advertised(written)
            return listener_of(
                sock,
                advertised_host,
                transport=written.transport.upper(),
                advertised_port=advertised_port,
            )
    return listener_of(sock)
