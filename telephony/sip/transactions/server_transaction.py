"""Server transactions: a request came, and we answer it (RFC 3261 17.2, RFC 6026 7.1).

INVITE

                 1xx/INVITE again: last 1xx
                    │   ▲
                 PROCEEDING ── 2xx ──▶ ACCEPTED ── timer L ──▶ TERMINATED
                    │                    │ ▲  INVITE again: the 2xx once more; ACK: to the user
                  3xx-6xx                └─┘
                    ▼
                 COMPLETED ── timer H (no ACK) ──▶ TERMINATED, TimedOut
                    │  ▲  timer G, INVITE again: the answer once more
                   ACK └─┘
                    ▼
                 CONFIRMED ── timer I ──▶ TERMINATED

Everything else

    TRYING ── 1xx ──▶ PROCEEDING ── 2xx-6xx ──▶ COMPLETED ── timer J ──▶ TERMINATED
       └───────────── 2xx-6xx ────────────────────▶┘  request again: the last answer

Rule 1: what comes from the network and is not listed is absorbed; the peer may do as it likes.
Rule 2: an answer of ours that is not listed is a bug and raises `IllegalTransition`.

RFC 6026 leaves retransmitting a 2xx to the user (here `unacked.py`); answering a repeated INVITE
with it at once, as ACCEPTED does, only makes recovery from loss faster.
"""

from foundation.errors import IllegalTransition
from telephony.sip.options import Timers
from telephony.sip.transactions.transaction import (
    AckArrived,
    Deliver,
    Kind,
    RequestAgain,
    Respond,
    ServerInput,
    State,
    TimedOut,
    Transaction,
    TransactionEffect,
    Transmit,
    kind_of,
)

INVITE_ANSWERS: dict[tuple[State, Kind], State] = {
    (State.PROCEEDING, Kind.PROVISIONAL): State.PROCEEDING,
    (State.PROCEEDING, Kind.SUCCESS): State.ACCEPTED,
    (State.PROCEEDING, Kind.FAILURE): State.COMPLETED,
    (State.ACCEPTED, Kind.SUCCESS): State.ACCEPTED,
}
ANSWERS: dict[tuple[State, Kind], State] = {
    (State.TRYING, Kind.PROVISIONAL): State.PROCEEDING,
    (State.TRYING, Kind.SUCCESS): State.COMPLETED,
    (State.TRYING, Kind.FAILURE): State.COMPLETED,
    (State.PROCEEDING, Kind.PROVISIONAL): State.PROCEEDING,
    (State.PROCEEDING, Kind.SUCCESS): State.COMPLETED,
    (State.PROCEEDING, Kind.FAILURE): State.COMPLETED,
}
REPEATING = (State.PROCEEDING, State.COMPLETED, State.ACCEPTED)
"States in which a repeated request is answered with what was sent last."


class InviteServerTransaction(Transaction):
    """One INVITE of a peer."""

    __slots__ = ("_last",)

    def __init__(self, timers: Timers, *, reliable: bool = False) -> None:
        super().__init__(State.PROCEEDING, timers, reliable=reliable)
        self._last = b""

    def feed(self, given: ServerInput, now: float) -> list[TransactionEffect]:
        match given:
            case Respond():
                return self._respond(given, now)
            case RequestAgain():
                repeats = self.state in REPEATING and self._last
                return [Transmit(self._last)] if repeats else []
            case AckArrived():
                return self._acknowledge(now)

    def _respond(self, given: Respond, now: float) -> list[TransactionEffect]:
        state = INVITE_ANSWERS.get((self.state, kind_of(given.status)))
        if state is None:
            raise IllegalTransition("INVITE server transaction", self.state, given.status)
        self._last = given.data
        if state is State.COMPLETED:
            self._enter(state, now + self.timers.give_up)
            if self.wait:
                self.resend.start(now, self.timers.t1, self.timers.t2)
        elif state is State.ACCEPTED and self.state is not State.ACCEPTED:
            self._enter(state, now + self.timers.give_up)
        return [Transmit(given.data)]

    def _acknowledge(self, now: float) -> list[TransactionEffect]:
        if self.state is State.COMPLETED:
            self._enter(State.CONFIRMED, now + self.timers.t4 * self.wait)
        elif self.state is State.ACCEPTED:
            return [Deliver()]
        return []

    def tick(self, now: float) -> list[TransactionEffect]:
        if self._has_ended(now):
            unacknowledged = self.state is State.COMPLETED
            self._enter(State.TERMINATED)
            return [TimedOut()] if unacknowledged else []
        return [Transmit(self._last)] if self.resend.is_due(now) else []


class ServerTransaction(Transaction):
    """Any other request of a peer."""

    __slots__ = ("_last",)

    def __init__(self, timers: Timers, *, reliable: bool = False) -> None:
        super().__init__(State.TRYING, timers, reliable=reliable)
        self._last = b""

    def feed(self, given: ServerInput, now: float) -> list[TransactionEffect]:
        match given:
            case Respond():
                return self._respond(given, now)
            case RequestAgain():
                return [Transmit(self._last)] if self.state in REPEATING else []
            case AckArrived():
                return []

    def _respond(self, given: Respond, now: float) -> list[TransactionEffect]:
        state = ANSWERS.get((self.state, kind_of(given.status)))
        if state is None:
            raise IllegalTransition("server transaction", self.state, given.status)
        self._last = given.data
        ends_at = None if state is State.PROCEEDING else now + self.timers.give_up * self.wait
        self._enter(state, ends_at)
        return [Transmit(given.data)]

    def tick(self, now: float) -> list[TransactionEffect]:
        if self._has_ended(now):
            self._enter(State.TERMINATED)
        return []
