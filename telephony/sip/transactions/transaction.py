"""What the four transaction machines share: the effects they return and what they are told.

A transaction is one request and the answers to it over an unreliable network (RFC 3261 17). The
machines know bytes and status codes only; `transaction_layer` finds the right one for a message.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from telephony.sip.options import Timers


@dataclass(frozen=True, slots=True)
class Transmit:
    """Send these bytes (again)."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Deliver:
    """The message just fed is news for the user of the transaction."""


@dataclass(frozen=True, slots=True)
class TimedOut:
    """The peer never answered (timers B, F) or never acknowledged (timer H)."""


TransactionEffect: TypeAlias = Transmit | Deliver | TimedOut


@dataclass(frozen=True, slots=True)
class Respond:
    """Our user answers the request."""

    status: int
    data: bytes


@dataclass(frozen=True, slots=True)
class RequestAgain:
    """The same request came once more."""


@dataclass(frozen=True, slots=True)
class AckArrived:
    """An ACK with the INVITE's branch."""


ServerInput: TypeAlias = Respond | RequestAgain | AckArrived


@dataclass(frozen=True, slots=True)
class ResponseArrived:
    """`ack` is what to send back when `status` refuses an INVITE."""

    status: int
    ack: bytes = b""


class Kind(StrEnum):
    """The classes of answers that lead to different states."""

    PROVISIONAL = "1xx"
    SUCCESS = "2xx"
    FAILURE = "3xx-6xx"


def kind_of(status: int) -> Kind:
    if status < 200:
        return Kind.PROVISIONAL
    return Kind.SUCCESS if status < 300 else Kind.FAILURE


class State(StrEnum):
    CALLING = "calling"
    TRYING = "trying"
    PROCEEDING = "proceeding"
    COMPLETED = "completed"
    CONFIRMED = "confirmed"
    ACCEPTED = "accepted"
    TERMINATED = "terminated"


class Resend:
    """A retransmission timer: doubles its interval up to a ceiling, until it is stopped."""

    __slots__ = ("at", "ceiling", "interval")

    def __init__(self) -> None:
        self.at: float | None = None
        self.interval = 0.0
        self.ceiling: float | None = None

    def start(self, now: float, interval: float, ceiling: float | None = None) -> None:
        self.interval = interval
        self.ceiling = ceiling
        self.at = now + interval

    def stop(self) -> None:
        self.at = None

    def is_due(self, now: float) -> bool:
        """True once for each time the interval passed; the next one is set then."""
        if self.at is None or now < self.at:
            return False
        self.interval *= 2
        if self.ceiling is not None:
            self.interval = min(self.interval, self.ceiling)
        self.at = now + self.interval
        return True


class Transaction:
    """Common parts of the four machines: state, end of the state, retransmission."""

    __slots__ = ("ends_at", "resend", "state", "timers", "wait")

    def __init__(self, state: State, timers: Timers, *, reliable: bool) -> None:
        self.state = state
        self.timers = timers
        self.wait = 0.0 if reliable else 1.0
        "Factor of the timers that exist only because datagrams may come late."
        self.resend = Resend()
        self.ends_at: float | None = None

    @property
    def deadline(self) -> float | None:
        if self.resend.at is None:
            return self.ends_at
        if self.ends_at is None:
            return self.resend.at
        return min(self.resend.at, self.ends_at)

    @property
    def is_over(self) -> bool:
        return self.state is State.TERMINATED

    def _enter(self, state: State, ends_at: float | None = None) -> None:
        """Change the state; retransmission stops, and the state lasts until `ends_at`."""
        self.state = state
        self.resend.stop()
        self.ends_at = ends_at

    def give_up(self) -> None:
        """Nobody waits any more: a CANCEL was answered by silence (RFC 3261 9.1), or the request
        could not be sent (RFC 3261 17.1.4)."""
        self._enter(State.TERMINATED)

    def _has_ended(self, now: float) -> bool:
        return self.ends_at is not None and now >= self.ends_at
