"""Joins two SIP stacks in memory: no sockets, no clock; loss, duplication and order are lists."""

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from telephony.sip.digest import Credentials
from telephony.sip.entrance.reception import FindInbound
from telephony.sip.events import HostPort, SendDatagram, SipEvent, StackEffect
from telephony.sip.options import Listener, SipOptions
from telephony.sip.stack import SipStack
from telephony.sip.wording.message import Request, Response, parse_message

CENTRE = HostPort("192.0.2.1", 5060)
PHONE = HostPort("192.0.2.2", 5070)
SECRET = b"for the tests only"
OFFER = b"v=0\r\no=- 1 1 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\n"
ANSWER = b"v=0\r\no=- 2 2 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"


def make_stack(
    address: HostPort = CENTRE,
    accounts: Mapping[str, str] | None = None,
    lines: Callable[[str], bool] = lambda user: user.isdigit(),
    seed: int = 1,
    options: SipOptions | None = None,
    extensions: Callable[[str], bool] = lambda user: False,
    inbound: FindInbound = lambda host, token, dialled: None,
    secret: bytes = SECRET,
    credentials: Callable[[str], Credentials | None] = lambda trunk: None,
) -> SipStack:
    options = options or SipOptions(
        listeners=(Listener(address=address),), domain="hotline.example"
    )
    return SipStack(
        options,
        accounts or {},
        lines=lines,
        extensions=extensions,
        inbound=inbound,
        secret=secret,
        credentials=credentials,
        random=random.Random(seed),
    )


@dataclass
class Side:
    """One stack on the wire, with everything it said."""

    stack: SipStack
    address: HostPort
    events: list[SipEvent] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)

    def heard(self, kind: type) -> list[SipEvent]:
        return [event for event in self.events if isinstance(event, kind)]

    def starts(self) -> list[str]:
        """The start lines of all datagrams sent, shortened to what tells them apart."""
        return [describe(data) for data in self.sent]


def describe(data: bytes) -> str:
    message = parse_message(data)
    if isinstance(message, Request):
        return message.method
    return f"{message.status} {message.cseq.method}"


@dataclass(order=True)
class _Flight:
    arrives_at: float
    number: int
    source: HostPort = field(compare=False)
    effect: SendDatagram = field(compare=False)


class Wire:
    """Carries datagrams between its sides, `delay_s` each way.

    lost, doubled, late: numbers of datagrams, counted from 0 over all directions in the order of
    sending; a late one arrives after the two that follow it.
    """

    def __init__(
        self,
        *sides: Side,
        delay_s: float = 0.01,
        lost: Iterable[int] = (),
        doubled: Iterable[int] = (),
        late: Iterable[int] = (),
    ) -> None:
        self.sides = sides
        self.delay_s = delay_s
        self.lost = set(lost)
        self.doubled = set(doubled)
        self.late = set(late)
        self.now = 0.0
        self._flying: list[_Flight] = []
        self._count = 0

    def perform(self, side: Side, effects: Iterable[StackEffect]) -> None:
        for effect in effects:
            if isinstance(effect, SendDatagram):
                side.sent.append(effect.data)
                self._launch(side, effect)
            else:
                side.events.append(effect)

    def lose_next(self) -> None:
        self.lost.add(self._count)

    def drop_all(self) -> None:
        """What is under way does not arrive."""
        self._flying.clear()

    def _launch(self, side: Side, effect: SendDatagram) -> None:
        number = self._count
        self._count += 1
        if number in self.lost:
            return
        delay = self.delay_s * (3.5 if number in self.late else 1)
        flight = _Flight(self.now + delay, number, side.address, effect)
        self._flying += [flight] * (2 if number in self.doubled else 1)

    def run(self, until: float) -> None:
        """Let time pass: datagrams arrive, timers fire, in order."""
        for _ in range(100_000):
            at = self._next()
            if at is None or at > until:
                break
            self.now = max(self.now, at)
            self._step()
        else:
            raise AssertionError("the wire never comes to rest")
        self.now = until

    def _next(self) -> float | None:
        times = [flight.arrives_at for flight in self._flying]
        times += [side.stack.deadline for side in self.sides if side.stack.deadline is not None]
        return min(times, default=None)

    def _step(self) -> None:
        arriving = sorted(flight for flight in self._flying if flight.arrives_at <= self.now)
        for flight in arriving:
            self._flying.remove(flight)
            self._deliver(flight)
        for side in self.sides:
            deadline = side.stack.deadline
            if deadline is not None and deadline <= self.now:
                self.perform(side, side.stack.tick(self.now))

    def _deliver(self, flight: _Flight) -> None:
        for side in self.sides:
            if side.address == flight.effect.to:
                data, source = flight.effect.data, flight.source
                self.perform(side, side.stack.receive(data, source, 0, self.now))


def responses(effects: Iterable[StackEffect]) -> list[Response]:
    """The responses among what a stack wants sent."""
    found = [parse_message(each.data) for each in effects if isinstance(each, SendDatagram)]
    return [message for message in found if isinstance(message, Response)]


def requests(effects: Iterable[StackEffect]) -> list[Request]:
    """The requests among what a stack wants sent."""
    found = [parse_message(each.data) for each in effects if isinstance(each, SendDatagram)]
    return [message for message in found if isinstance(message, Request)]
