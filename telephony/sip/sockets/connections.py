"""SIP over TCP, TLS and WebSocket: accepting, opening, bounding and closing connections.

    listening socket ─▶ accept, if the limits allow ─▶ (TLS) ─▶ Framer ─▶ the endpoint
    send ─▶ the connection to that address, or a new one ─▶ none to be had: told as unsent

What is slow, idle, silent or does not read is closed by one sweep each second. A connection that a
phone's binding or a call relies on is not idle, however quiet it is; a dead peer behind it is found
by the kernel's keep-alives.
"""

import asyncio
import logging
import socket
import ssl
from collections import Counter
from collections.abc import Coroutine
from contextlib import suppress
from typing import Protocol

from foundation.errors import LocalError
from telephony.sip.events import HostPort, SendDatagram
from telephony.sip.options import Listener
from telephony.sip.sockets.tls import ServerTls, client_context
from telephony.sip.sockets.web_socket import WebSocketFramer
from telephony.sip.ways import Flow
from telephony.sip.wording.stream import Broken, Framer, Reply, StreamEvent, StreamLimits, Whole

log = logging.getLogger(__name__)

ACCEPT_AT_ONCE = 64
"Then datagrams and timers have their turn."
SWEEP_S = 1.0
CHUNK_BYTES = 16_384
"Read at once from a connection, so that a flood on one leaves the others their turn."
LINGER_S = 0.5
"Between a refusal and the close, so that the refusal is not overtaken by a reset."
HANDSHAKE_S = 5.0
MAX_OPENING = 200
CS3 = 24 << 2
"DSCP of signalling (RFC 4594 4.3), in the place that the IP header has for it."
SECURE = ("TLS", "WSS")
MAX_NAMES = 1_000
MAX_WAITING = 32
"Messages that wait for one connection to be opened."
KEEP_ALIVE = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 30),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 30_000),
)
"A peer that vanished is found within a minute, or 30 s after the first byte it does not take."


class Owner(Protocol):
    """The endpoint, as connections see it."""

    @property
    def now(self) -> float: ...
    def receive(self, data: bytes, source: HostPort, listener: int) -> None: ...
    def refuse_broken(self, broken: Broken, source: HostPort, listener: int) -> None: ...
    def flow_opened(self, peer: HostPort, listener: int) -> None: ...
    def flow_closed(self, peer: HostPort, listener: int) -> None: ...
    def unsent(self, datagram: SendDatagram) -> None: ...
    def turned_away(self, why: str, source: HostPort) -> None: ...
    def used_flows(self) -> set[Flow]: ...


class Connection(asyncio.Protocol):
    """One connection, accepted or opened by us."""

    def __init__(self, house: "Connections", flow: Flow, framer: Framer | WebSocketFramer) -> None:
        self._house = house
        self.flow = flow
        self._framer = framer
        self._transport: asyncio.Transport | None = None
        self._has_spoken = False
        self._opened_at = self._heard_at = house.owner.now
        self._closes_at: float | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        _set_options(transport.get_extra_info("socket"))
        transport.max_size = CHUNK_BYTES  # type: ignore[attr-defined]  # asyncio's own name
        self._transport = transport
        self._house.opened(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self._house.closed(self)

    def data_received(self, data: bytes) -> None:
        if self._closes_at is None:
            self._heard_at = now = self._house.owner.now
            self._handle(self._framer.feed(data, now))

    def send(self, message: bytes) -> None:
        self._write(self._framer.wrap(message))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def sweep(self, now: float) -> bool:
        """Close what is too slow; True when the connection is idle and may be closed."""
        self._handle(self._framer.tick(now))
        if self._closes_at is not None and now >= self._closes_at:
            self.close()
        if self._closes_at is not None:
            return False
        limits = self._house.limits
        if not self._has_spoken:
            return now - self._opened_at > limits.first_message_s
        return now - self._heard_at > limits.idle_s

    def keep(self, now: float) -> None:
        """Somebody needs it; look again when its time is over once more."""
        self._has_spoken = True
        self._heard_at = now

    def _write(self, data: bytes) -> None:
        if self._transport is None:
            return
        self._transport.write(data)
        if self._transport.get_write_buffer_size() > self._house.limits.unsent_bytes:
            self._house.owner.turned_away("slow-reader", self.flow[1])
            self._transport.abort()

    def _handle(self, events: list[StreamEvent]) -> None:
        listener, peer = self.flow
        for event in events:
            match event:
                case Whole(data):
                    self._has_spoken = True
                    self._house.owner.receive(data, peer, listener)
                case Reply(data):
                    self._write(data)
                case Broken():
                    self._break(event)

    def _break(self, broken: Broken) -> None:
        listener, peer = self.flow
        if broken.head:
            self._closes_at = self._house.owner.now + LINGER_S
            self._house.owner.refuse_broken(broken, peer, listener)
        else:
            self._closes_at = self._house.owner.now
            self._house.owner.turned_away("broken-stream", peer)
            self.close()


class Connections:
    """All connections of one endpoint; used on its running loop."""

    def __init__(
        self,
        owner: Owner,
        listeners: tuple[Listener, ...],
        limits: StreamLimits,
        tls: ServerTls | None,
    ) -> None:
        self.owner = owner
        self.limits = limits
        self._listeners = listeners
        self._tls = tls
        self._client_context: ssl.SSLContext | None = None
        self._names: dict[HostPort, str] = {}
        self._loop = asyncio.get_running_loop()
        self._sockets: dict[int, socket.socket] = {}
        self._by_flow: dict[Flow, Connection] = {}
        self._accepted: Counter[str] = Counter()
        "Accepted and not yet closed, by source; handshakes under way included."
        self._waiting: dict[Flow, list[SendDatagram]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._sweeper: asyncio.TimerHandle | None = None
        self._is_closed = False

    def __len__(self) -> int:
        return len(self._by_flow)

    # -- start and end ---------------------------------------------------------------------------

    def listen(self, number: int, sock: socket.socket) -> None:
        """Accept what comes to a bound, listening socket; it is ours from now on."""
        if self._tls is None and self._listeners[number].transport in SECURE:
            raise LocalError(f"listener {number} needs a certificate")
        self._sockets[number] = sock
        self._loop.add_reader(sock, self._accept, number, sock)
        if self._sweeper is None:
            self._sweeper = self._loop.call_later(SWEEP_S, self._sweep)

    def close(self) -> None:
        self._is_closed = True
        if self._sweeper is not None:
            self._sweeper.cancel()
        for sock in self._sockets.values():
            self._loop.remove_reader(sock)
            sock.close()
        for task in self._tasks:
            task.cancel()
        for connection in list(self._by_flow.values()):
            connection.close()

    # -- accepting -------------------------------------------------------------------------------

    def _accept(self, number: int, listening: socket.socket) -> None:
        for _ in range(ACCEPT_AT_ONCE):
            try:
                sock, address = listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                # Out of descriptors: what waits in the kernel is looked at again by the sweep.
                log.error("SIP connections can't be accepted: %s", error.strerror)
                self._loop.remove_reader(listening)
                return
            self._admit(number, sock, HostPort(address[0], address[1]))

    def _admit(self, number: int, sock: socket.socket, peer: HostPort) -> None:
        full = self._accepted.total() >= self.limits.connections
        if full or self._accepted[peer.host] >= self.limits.per_source:
            sock.close()
            self.owner.turned_away("too-many-connections", peer)
            return
        self._accepted[peer.host] += 1
        self._run(self._greet(number, sock, peer))

    async def _greet(self, number: int, sock: socket.socket, peer: HostPort) -> None:
        """TLS, if it is wanted, and then the connection is known."""
        transport = self._listeners[number].transport
        context = self._tls.context if self._tls and transport in SECURE else None
        web = transport in ("WS", "WSS")
        framer = WebSocketFramer(self.limits) if web else Framer(self.limits)
        connection = _Accepted(self, (number, peer), framer)
        try:
            sock.setblocking(False)
            await self._loop.connect_accepted_socket(
                lambda: connection,
                sock,
                ssl=context,
                ssl_handshake_timeout=HANDSHAKE_S if context else None,
            )
        except OSError as error:
            log.debug("%s: the handshake failed: %s", peer.host, error)
            self.owner.turned_away("failed-handshake", peer)
            self.released(peer)
            sock.close()

    def released(self, peer: HostPort) -> None:
        """An accepted connection is gone, or never came to be."""
        self._accepted[peer.host] -= 1
        if not self._accepted[peer.host]:
            del self._accepted[peer.host]

    def expect_name(self, peer: HostPort, name: str) -> None:
        """RFC 5922 4: who was looked up by a name must prove that name, not its address."""
        self._names.pop(peer, None)
        if len(self._names) >= MAX_NAMES:
            self._names.pop(next(iter(self._names)))
        self._names[peer] = name

    # -- sending and opening ---------------------------------------------------------------------

    def send(self, datagram: SendDatagram) -> None:
        flow = (datagram.listener, datagram.to)
        if (connection := self._by_flow.get(flow)) is not None:
            connection.send(datagram.data)
        elif flow in self._waiting and len(self._waiting[flow]) < MAX_WAITING:
            self._waiting[flow].append(datagram)
        elif self._can_open(flow):
            self._waiting[flow] = [datagram]
            self._run(self._open(flow))
        else:
            self.owner.unsent(datagram)

    def _can_open(self, flow: Flow) -> bool:
        if self._is_closed or flow in self._waiting or len(self._waiting) >= MAX_OPENING:
            return False
        return self._listeners[flow[0]].transport in ("TCP", "TLS")

    async def _open(self, flow: Flow) -> None:
        number, to = flow
        listener = self._listeners[number]
        connection = Connection(self, flow, Framer(self.limits))
        context = self._context_for(listener)
        bound = self._sockets[number].getsockname()[0] if number in self._sockets else ""
        try:
            async with asyncio.timeout(self.limits.connect_s):
                await self._loop.create_connection(
                    lambda: connection,
                    to.host,
                    to.port,
                    ssl=context,
                    server_hostname=self._names.get(to) if context else None,
                    local_addr=None if bound in ("", "0.0.0.0", "::") else (bound, 0),
                )
        except OSError as error:
            log.debug("no connection to %s:%d: %s", to.host, to.port, error)
        finally:
            for datagram in self._waiting.pop(flow, ()):
                if not self._is_closed:
                    self.owner.unsent(datagram)

    def _context_for(self, listener: Listener) -> ssl.SSLContext | None:
        if listener.transport != "TLS":
            return None
        if self._client_context is None:
            self._client_context = client_context()
        return self._client_context

    # -- what connections tell -------------------------------------------------------------------

    def opened(self, connection: Connection) -> None:
        if self._is_closed:
            connection.abort()
            return
        self._by_flow[connection.flow] = connection
        self.owner.flow_opened(connection.flow[1], connection.flow[0])
        for datagram in self._waiting.pop(connection.flow, ()):
            connection.send(datagram.data)

    def closed(self, connection: Connection) -> None:
        if self._by_flow.get(connection.flow) is connection:
            del self._by_flow[connection.flow]
            if not self._is_closed:
                self.owner.flow_closed(connection.flow[1], connection.flow[0])

    # -- time ------------------------------------------------------------------------------------

    def _sweep(self) -> None:
        self._sweeper = self._loop.call_later(SWEEP_S, self._sweep)
        now = self.owner.now
        idle = [each for each in list(self._by_flow.values()) if each.sweep(now)]
        used = self.owner.used_flows() if idle else set()
        for connection in idle:
            if connection.flow in used:
                connection.keep(now)
            else:
                self.owner.turned_away("idle-connection", connection.flow[1])
                connection.close()
        if self._tls is not None:
            self._tls.refresh()
        for number, sock in self._sockets.items():
            self._loop.add_reader(sock, self._accept, number, sock)

    def _run(self, work: Coroutine[None, None, None]) -> None:
        task = self._loop.create_task(work, name="sip-connection")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class _Accepted(Connection):
    """A connection that counts against its source."""

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._house.released(self.flow[1])


def mark(sock: socket.socket) -> None:
    """Ask the network for the class of signalling; some systems do not allow to."""
    with suppress(OSError):
        if sock.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, CS3)
        else:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, CS3)


def _set_options(sock: socket.socket) -> None:
    mark(sock)
    with suppress(OSError):  # the peer may have closed it already
        for level, name, value in KEEP_ALIVE:
            sock.setsockopt(level, name, value)
