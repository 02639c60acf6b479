"""The SIP stack on real sockets: datagrams here, TCP, TLS and WebSocket in `connections`.

    socket, connection ─▶ SipStack.receive ─▶ effects ─▶ socket, connection, or `on_event`
    one timer (the stack's deadline) ─▶ SipStack.tick ─┘

Effects are performed in the order in which the stack gave them, also when `on_event` calls a verb
in between. Only datagrams leave a little later, together, when the turn of the loop is over: what
the events that came with them had to be told to others is told in one breath before
(`before_sending`). An error in handling one datagram goes to the loop's exception handler and stops
there: the socket and the timer go on.
"""

import asyncio
import socket
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from telephony.sip.events import Dropped, HostPort, SendDatagram, SipEvent, StackEffect
from telephony.sip.options import Listener
from telephony.sip.sockets.connections import Connections, mark
from telephony.sip.sockets.icmp import ask_for_errors, take_unreachable
from telephony.sip.sockets.tls import ServerTls, TlsFiles
from telephony.sip.stack import SipStack
from telephony.sip.ways import Flow
from telephony.sip.wording.stream import Broken

_BUFFER = bytearray(2**16)
"""Every datagram is read into it: a fresh one for each, cut to what came, would leave a hole of
64 KB in the heap beside each message that is kept."""
_VIEW = memoryview(_BUFFER)
AT_ONCE_S = 0.001
"""For so long datagrams are read at one waking of the loop, which costs as much as two of them.
What they ask of others, media before all, and their answers leave after that."""
RECEIVE_BUFFER_BYTES = 4 * 2**20
"What the kernel keeps while we are busy: about a second of a flood; more would only be stale."
BACKLOG = 256


def bind_udp(host: str, port: int) -> socket.socket:
    """A bound socket for `SipEndpoint`; port 0 takes a free one."""
    sock = _open_socket(host, socket.SOCK_DGRAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock


def bind_stream(host: str, port: int) -> socket.socket:
    """The same for TCP, TLS and WebSocket."""
    sock = _open_socket(host, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(BACKLOG)
    except OSError:
        sock.close()
        raise
    return sock


def _open_socket(host: str, kind: socket.SocketKind) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind)
    if sock.family == socket.AF_INET6:
        # The two families have listeners of their own, also on all addresses.
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    sock.setblocking(False)
    return sock


def listener_of(
    sock: socket.socket, advertised_host: str = "", *, transport: str = "", advertised_port: int = 0
) -> Listener:
    """What `SipOptions` must know of a bound socket; name a host when it is bound to all.

    transport: TLS, WS or WSS for a stream that is not plain TCP.
    """
    host, port = sock.getsockname()[:2]
    plain = "TCP" if sock.type == socket.SOCK_STREAM else "UDP"
    return Listener(
        address=HostPort(advertised_host or host, advertised_port or port),
        transport=transport or plain,
        local_host=host,
    )


class Asker(Protocol):
    """What asks others beside the stack: registrars and trunks. True: it was about that."""

    def receive(self, data: bytes) -> bool: ...
    def unsent(self, data: bytes) -> bool: ...
    def flow_closed(self, flow: Flow) -> None: ...
    def used_flows(self) -> set[Flow]: ...


class SipEndpoint:
    """Drives one stack; `sockets` are in the order of its options' listeners."""

    def __init__(
        self,
        stack: SipStack,
        sockets: Sequence[socket.socket],
        on_event: Callable[[SipEvent], None],
        *,
        tls: TlsFiles | None = None,
        before_sending: Callable[[], None] = lambda: None,
    ) -> None:
        """tls: for listeners of TLS and WSS. before_sending: called before anything leaves, so that
        what `on_event` was told is safe by then."""
        self.stack = stack
        self.asker: Asker | None = None
        self._sockets = sockets
        self._on_event = on_event
        self._before_sending = before_sending
        self._loop = asyncio.get_running_loop()
        self._ports: dict[int, socket.socket] = {}
        "Those that take datagrams, by the number of their listener, while they are read."
        self._connections = Connections(
            self, stack.options.listeners, stack.options.streams, ServerTls(tls) if tls else None
        )
        self._timer: asyncio.TimerHandle | None = None
        self._effects: deque[StackEffect] = deque()
        self._is_performing = False
        self._is_closed = False
        self._leaving: deque[SendDatagram] = deque()
        "Of this turn of the loop."
        self._leaves_soon = False
        "Whoever set it calls `leave`."
        self._unsent: list[SendDatagram] | None = []
        "What verbs before `start` want sent; None from then on."

    async def start(self) -> None:
        """Begin to read and to send; the endpoint owns the sockets from now on."""
        for number, sock in enumerate(self._sockets):
            mark(sock)
            if sock.type == socket.SOCK_STREAM:
                self._connections.listen(number, sock)
                continue
            self._ports[number] = sock
            ask_for_errors(sock)
            self._loop.add_reader(sock, self._read, number)
        for number in self._ports:
            # Those that the process before us left would wake the loop for ever.
            self.take_errors(number)
        unsent, self._unsent = self._unsent, None
        self.perform(unsent or ())

    def close(self) -> None:
        self.leave()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for sock in self._ports.values():
            self._loop.remove_reader(sock)
            sock.close()
        self._ports.clear()
        self._connections.close()
        self._is_closed = True

    @property
    def now(self) -> float:
        """The clock that the stack's verbs want."""
        return self._loop.time()

    def _read(self, listener: int) -> None:
        """Some of what has come, and the answers; the loop calls again for the rest."""
        self._leaves_soon = True
        try:
            self._take(listener)
        finally:
            self.leave()

    def _take(self, listener: int) -> None:
        sock, until = self._sockets[listener], self.now + AT_ONCE_S
        while self.now < until:
            try:
                size, address = sock.recvfrom_into(_BUFFER)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                self.take_errors(listener)
                return
            self.receive(bytes(_VIEW[:size]), HostPort(address[0], address[1]), listener)

    def receive(self, data: bytes, source: HostPort, listener: int) -> None:
        if self.asker is not None and self.asker.receive(data):
            return
        self.perform(self.stack.receive(data, source, listener, self.now))

    def perform(self, effects: Iterable[StackEffect]) -> None:
        """Do what a verb returned: `endpoint.perform(stack.ring(leg, endpoint.now))`."""
        self._effects.extend(effects)
        if self._is_performing:
            return
        self._is_performing = True
        try:
            while self._effects:
                self._perform_one(self._effects.popleft())
        finally:
            self._is_performing = False
            self._rearm()

    def _perform_one(self, effect: StackEffect) -> None:
        if isinstance(effect, SendDatagram):
            self._send(effect)
        else:
            self._on_event(effect)

    def _send(self, datagram: SendDatagram) -> None:
        if datagram.listener in self._ports:
            self._leaving.append(datagram)
            self._leave_soon()
        elif self._unsent is not None:
            self._unsent.append(datagram)
        elif not self._is_closed:
            # At once: the connection may be closed in the same turn.
            self._before_sending()
            self._connections.send(datagram)

    def _leave_soon(self) -> None:
        if not self._leaves_soon:
            self._leaves_soon = True
            self._loop.call_soon(self.leave)

    def leave(self) -> None:
        """Send what the loop's turn has brought by now, not at its end."""
        self._leaves_soon = False
        try:
            while self._leaving:
                self._before_sending()
                datagram = self._leaving.popleft()
                # Once more when it fails, for the error may be that of an earlier datagram.
                _ = self._try_to_send(datagram) or self._try_to_send(datagram)
        finally:
            if self._leaving:
                self._leave_soon()

    def _try_to_send(self, datagram: SendDatagram) -> bool:
        """False when the socket has an error, which is dealt with then."""
        try:
            self._ports[datagram.listener].sendto(datagram.data, datagram.to)
        except (BlockingIOError, InterruptedError):
            # The kernel's buffer is full: lost like one that a network drops, and sent again.
            self._on_event(Dropped("not-sent", datagram.to))
        except OSError:
            self.take_errors(datagram.listener)
            return False
        return True

    def take_errors(self, listener: int) -> None:
        """Tell the stack whom ICMP calls unreachable."""
        for peer in take_unreachable(self._sockets[listener]):
            self.perform(self.stack.unreachable(peer))

    # -- what connections tell -------------------------------------------------------------------

    @property
    def connection_count(self) -> int:
        return len(self._connections)

    def refuse_broken(self, broken: Broken, source: HostPort, listener: int) -> None:
        effects = self.stack.refuse_broken(broken.head, broken.status, broken.why, source, listener)
        self.perform(effects)

    def flow_opened(self, peer: HostPort, listener: int) -> None:
        self.stack.flow_opened(peer, listener)

    def flow_closed(self, peer: HostPort, listener: int) -> None:
        self.perform(self.stack.flow_closed(peer, listener, self.now))
        if self.asker is not None:
            self.asker.flow_closed((listener, peer))

    def unsent(self, datagram: SendDatagram) -> None:
        if self.asker is None or not self.asker.unsent(datagram.data):
            self.perform(self.stack.unsent(datagram, self.now))

    def turned_away(self, why: str, source: HostPort) -> None:
        self.perform([Dropped(why, source)])

    def used_flows(self) -> set[Flow]:
        asked = self.asker.used_flows() if self.asker is not None else set()
        return self.stack.used_flows() | asked

    def expect_name(self, peer: HostPort, name: str) -> None:
        """A TLS connection that we open there must show a certificate of that name."""
        self._connections.expect_name(peer, name)

    # -- time ------------------------------------------------------------------------------------

    def _on_timer(self) -> None:
        assert self._timer is not None
        # The loop may wake us a clock tick early; the time has come all the same.
        now, self._timer = max(self._timer.when(), self.now), None
        self._leaves_soon = True
        try:
            self.perform(self.stack.tick(now))
        finally:
            self.leave()
            self._rearm()

    def _rearm(self) -> None:
        """A timer before the deadline stays: most deadlines are put off before they come."""
        is_running = self._unsent is None and not self._is_closed
        deadline = self.stack.deadline if is_running else None
        if deadline is None or (self._timer is not None and self._timer.when() <= deadline):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(deadline, self._on_timer)
