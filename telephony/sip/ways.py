"""Which way a message goes: our listeners by transport and family, and the connections that are
open. Pure; the shell tells what opens and closes.

A connection is a *flow* (RFC 5626): it is known by its listener and the peer's address at its other
end, which no two connections of a listener share.

Rule 1: an answer goes back on the connection that the request came on; when that is closed, to the
sender's address and the port that its Via names (RFC 3261 18.2.2).
Rule 2: a request inside a dialog goes on the dialog's connection, as long as there is one.
Rule 3: a request too long for a datagram goes by TCP where the target can be reached so
(RFC 3261 18.1.1), and by UDP when that fails.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from telephony.sip.dialog import Dialog, address_of
from telephony.sip.events import HostPort
from telephony.sip.options import Listener
from telephony.sip.wording.compose import reply_address
from telephony.sip.wording.errors import SipParseError
from telephony.sip.wording.headers import NameAddr
from telephony.sip.wording.message import Request
from telephony.sip.wording.uri import SipUri

Flow = tuple[int, HostPort]
"Number of the listener and the peer's end of a connection."
DATAGRAM_BYTES = 1300
"RFC 3261 18.1.1, for a path whose MTU is not known."
REFUSED_TCP_FOR_S = 600.0
"So long a peer is not tried by TCP again that did not take a connection."
MAX_REFUSED_TCP = 1_000


@dataclass(frozen=True, slots=True)
class Move:
    """A phone has registered on another connection than before."""

    contact: str
    "As which it registered, there and here."
    before: Flow | None
    "None: on none that is known."
    now: Flow


class Ways:
    """The listeners and the open connections."""

    def __init__(self, listeners: Sequence[Listener]) -> None:
        self._listeners = listeners
        self._streams = frozenset(
            number for number, each in enumerate(listeners) if each.transport != "UDP"
        )
        self._open: set[Flow] = set()
        self._refused_tcp: dict[HostPort, float] = {}

    # -- connections -----------------------------------------------------------------------------

    def is_stream(self, listener: int) -> bool:
        return listener in self._streams

    def opened(self, flow: Flow) -> None:
        self._open.add(flow)

    def closed(self, flow: Flow) -> None:
        self._open.discard(flow)

    def is_open(self, listener: int, peer: HostPort) -> bool:
        return (listener, peer) in self._open

    # -- addresses -------------------------------------------------------------------------------

    def reply_to(self, request: Request, source: HostPort, listener: int) -> HostPort:
        """Where the answer to a request from `source` goes."""
        if listener not in self._streams:
            return reply_address(request, source)
        if (listener, source) in self._open or not self._can_connect(listener):
            return source
        return HostPort(source.host, request.via.port or self.default_port(listener))

    def next_hop(self, dialog: Dialog) -> HostPort:
        """Where a request inside the dialog goes."""
        if dialog.listener not in self._streams:
            return dialog.next_hop()
        is_open = (dialog.listener, dialog.peer) in self._open
        if not dialog.route_set:
            return dialog.peer if is_open else address_of(dialog.remote_target) or dialog.peer
        first = address_of(NameAddr.parse(dialog.route_set[0]).uri_text) or dialog.peer
        # A proxy's connection to us comes from another port than the one it listens on.
        return dialog.peer if is_open and first.host == dialog.host else first

    def default_port(self, listener: int) -> int:
        return 5061 if self._listeners[listener].transport == "TLS" else 5060

    def _can_connect(self, listener: int) -> bool:
        """Nobody listens for WebSockets of ours."""
        return self._listeners[listener].transport in ("TCP", "TLS")

    # -- listeners -------------------------------------------------------------------------------

    def find_listener(self, uri: SipUri, to: HostPort) -> int | None:
        """Which of ours speaks the URI's transport and the address's family (RFC 3263 4.1)."""
        plain = uri.scheme != "sips" and uri.param("transport") is None
        found = self.listener_for(transport_of(uri), to)
        if found is not None or not plain:
            return found
        return 0  # a centre without UDP, or one behind an address translator of families

    def listener_for(self, transport: str, to: HostPort) -> int | None:
        """The first of ours that speaks the transport and the address's family."""
        for number, each in enumerate(self._listeners):
            if each.transport == transport and _is_v6(each.bound_host) == _is_v6(to.host):
                return number
        return None

    # -- long requests ---------------------------------------------------------------------------

    def by_tcp(self, request: Request, to: HostPort, listener: int, now: float) -> int | None:
        """The TCP listener that should carry this long request instead of a UDP one."""
        if listener in self._streams or self._refused_tcp.get(to, now) > now:
            return None
        if not _is_reached_directly(request, to):
            return None
        return self.listener_for("TCP", to)

    def refused_tcp(self, peer: HostPort, now: float) -> None:
        if len(self._refused_tcp) >= MAX_REFUSED_TCP:
            self._refused_tcp.pop(next(iter(self._refused_tcp)))
        self._refused_tcp[peer] = now + REFUSED_TCP_FOR_S


def transport_of(uri: SipUri) -> str:
    """TCP, TLS …: what the URI asks for (RFC 3261 26.2.2: `sips` is TLS)."""
    named = (uri.param("transport") or "").upper()
    if uri.scheme == "sips" and named in ("", "TCP"):
        return "TLS"
    return named or "UDP"


def _is_v6(host: str) -> bool:
    return ":" in host


def _is_reached_directly(request: Request, to: HostPort) -> bool:
    """No proxy, no NAT, and no transport that the peer insists on."""
    try:
        uri = request.uri
        return uri.param("transport") is None and address_of(request.uri_text) == to
    except SipParseError:
        return False
