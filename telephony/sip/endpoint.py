"""The SIP stack on real sockets: the only file of this package that knows asyncio.

    socket ─▶ SipStack.receive ─▶ effects ─▶ socket, or the user's `on_event`
    one timer (the stack's deadline) ─▶ SipStack.tick ─┘

Effects are performed in the order in which the stack gave them, also when `on_event` calls a verb
in between. An error in handling one datagram goes to the loop's exception handler and stops
there: the socket and the timer go on.
"""

import asyncio
import socket
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from telephony.sip.events import HostPort, SendDatagram, SipEvent, StackEffect
from telephony.sip.icmp import ask_for_errors, take_unreachable
from telephony.sip.options import Listener
from telephony.sip.stack import SipStack

DATAGRAM_BYTES = 2**16
"asyncio reads into a fresh 256 KiB buffer otherwise, for each datagram."
RECEIVE_BUFFER_BYTES = 4 * 2**20
"What the kernel keeps while we are busy: about a second of a flood; more would only be stale."


def bind_udp(host: str, port: int) -> socket.socket:
    """A bound socket for `SipEndpoint`; port 0 takes a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        sock.setblocking(False)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock


def inherit_udp(descriptor: int) -> socket.socket:
    """A socket that the parent process bound and passed on."""
    sock = socket.socket(fileno=descriptor)
    sock.setblocking(False)
    return sock


def listener_of(sock: socket.socket, advertised_host: str = "") -> Listener:
    """What `SipOptions` must know of a bound socket; name a host when it is bound to all."""
    host, port = sock.getsockname()[:2]
    return Listener(address=HostPort(advertised_host or host, port))


class _Port(asyncio.DatagramProtocol):
    """One socket's callbacks."""

    def __init__(self, endpoint: "SipEndpoint", listener: int) -> None:
        self._endpoint = endpoint
        self._listener = listener

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._endpoint.receive(data, HostPort(addr[0], addr[1]), self._listener)

    def error_received(self, exc: Exception) -> None:
        self._endpoint.take_errors(self._listener)


class SipEndpoint:
    """Drives one stack; `sockets` are in the order of its options' listeners."""

    def __init__(
        self,
        stack: SipStack,
        sockets: Sequence[socket.socket],
        on_event: Callable[[SipEvent], None],
    ) -> None:
        self.stack = stack
        self._sockets = sockets
        self._on_event = on_event
        self._loop = asyncio.get_running_loop()
        self._transports: list[asyncio.DatagramTransport] = []
        self._timer: asyncio.TimerHandle | None = None
        self._effects: deque[StackEffect] = deque()
        self._is_performing = False
        self._unsent: list[SendDatagram] | None = []
        "What verbs before `start` want sent; None from then on."

    async def start(self) -> None:
        """Begin to read and to send; the endpoint owns the sockets from now on."""
        transports = []
        for number, sock in enumerate(self._sockets):
            transport, _ = await self._loop.create_datagram_endpoint(
                lambda number=number: _Port(self, number),  # type: ignore[misc]  # early binding
                sock=sock,
            )
            transport.max_size = DATAGRAM_BYTES  # type: ignore[attr-defined]  # asyncio's own name
            transports.append(transport)
            ask_for_errors(sock)
        self._transports = transports
        for number in range(len(transports)):
            # Those that the process before us left would wake the loop for ever.
            self.take_errors(number)
        unsent, self._unsent = self._unsent, None
        self.perform(unsent or ())

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for transport in self._transports:
            transport.close()
        self._transports.clear()

    @property
    def now(self) -> float:
        """The clock that the stack's verbs want."""
        return self._loop.time()

    def receive(self, data: bytes, source: HostPort, listener: int) -> None:
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
        if self._transports:
            # Once more when it fails, for the error may be that of an earlier datagram.
            _ = self._try_to_send(datagram) or self._try_to_send(datagram)
        elif self._unsent is not None:
            self._unsent.append(datagram)

    def _try_to_send(self, datagram: SendDatagram) -> bool:
        """False when the socket has an error, which is dealt with then."""
        address = (datagram.to.host, datagram.to.port)
        try:
            self._sockets[datagram.listener].sendto(datagram.data, address)
        except (BlockingIOError, InterruptedError):
            self._transports[datagram.listener].sendto(datagram.data, address)
        except OSError:
            self.take_errors(datagram.listener)
            return False
        return True

    def take_errors(self, listener: int) -> None:
        """Tell the stack whom ICMP calls unreachable."""
        for peer in take_unreachable(self._sockets[listener]):
            self.perform(self.stack.unreachable(peer))

    def _on_timer(self) -> None:
        self._timer = None
        # The loop may wake us a clock tick early; the deadline has come all the same.
        now = max(self.stack.deadline or 0.0, self.now)
        try:
            self.perform(self.stack.tick(now))
        finally:
            self._rearm()

    def _rearm(self) -> None:
        deadline = self.stack.deadline if self._transports else None
        if self._timer is not None:
            if self._timer.when() == deadline:
                return
            self._timer.cancel()
            self._timer = None
        if deadline is not None:
            self._timer = self._loop.call_at(deadline, self._on_timer)
