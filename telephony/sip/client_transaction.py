"""Client transactions: we ask, the peer answers (RFC 3261 17.1, RFC 6026 7.2).

INVITE

    CALLING ── 1xx ──▶ PROCEEDING          timer A: the INVITE again, T1, 2·T1, 4·T1 …
       │ │               │     │           timer B: TimedOut, TERMINATED (in CALLING; in
       │ │               │     │           PROCEEDING at `limit` only)
       │ └── 2xx ──┬─────┘     │
       │           ▼           │
       │        ACCEPTED ── timer M ──▶ TERMINATED     each 2xx goes to the user, who sends ACK
       │                       │
       └── 3xx-6xx ──┬─────────┘
                     ▼
                 COMPLETED ── timer D ──▶ TERMINATED   each refusal is acknowledged here

Everything else

    TRYING ── 1xx ──▶ PROCEEDING ── 2xx-6xx ──▶ COMPLETED ── timer K ──▶ TERMINATED
       │ timer E: again, T1, 2·T1 … T2; in PROCEEDING each T2
       └ timer F: TimedOut, TERMINATED (also in PROCEEDING)

Rule: an answer that is not listed for a state is absorbed.
"""

from telephony.sip.options import Timers
from telephony.sip.transaction import (
    Deliver,
    Kind,
    ResponseArrived,
    State,
    TimedOut,
    Transaction,
    TransactionEffect,
    Transmit,
    kind_of,
)

INVITE_ANSWERS: dict[tuple[State, Kind], State] = {
    (State.CALLING, Kind.PROVISIONAL): State.PROCEEDING,
    (State.CALLING, Kind.SUCCESS): State.ACCEPTED,
    (State.CALLING, Kind.FAILURE): State.COMPLETED,
    (State.PROCEEDING, Kind.PROVISIONAL): State.PROCEEDING,
    (State.PROCEEDING, Kind.SUCCESS): State.ACCEPTED,
    (State.PROCEEDING, Kind.FAILURE): State.COMPLETED,
    (State.ACCEPTED, Kind.SUCCESS): State.ACCEPTED,
    (State.COMPLETED, Kind.FAILURE): State.COMPLETED,
}
ANSWERS: dict[tuple[State, Kind], State] = {
    (State.TRYING, Kind.PROVISIONAL): State.PROCEEDING,
    (State.TRYING, Kind.SUCCESS): State.COMPLETED,
    (State.TRYING, Kind.FAILURE): State.COMPLETED,
    (State.PROCEEDING, Kind.PROVISIONAL): State.PROCEEDING,
    (State.PROCEEDING, Kind.SUCCESS): State.COMPLETED,
    (State.PROCEEDING, Kind.FAILURE): State.COMPLETED,
}


class InviteClientTransaction(Transaction):
    """One INVITE of ours; `start` sends it, `resume` takes over one that was sent."""

    __slots__ = ("_request", "_rings_until")

    def __init__(self, request: bytes, timers: Timers, *, reliable: bool = False) -> None:
        super().__init__(State.CALLING, timers, reliable=reliable)
        self._request = request
        self._rings_until: float | None = None

    def start(self, now: float) -> list[TransactionEffect]:
        self.ends_at = now + self.timers.give_up
        if self.wait:
            self.resend.start(now, self.timers.t1)
        return [Transmit(self._request)]

    def resume(self, now: float, *, answered: bool) -> None:
        """Instead of `start`, when the process before us sent the request.

        answered: provisionally; else the request is due again at once.
        """
        if answered:
            self._enter(State.PROCEEDING)
            return
        self.ends_at = now + self.timers.give_up
        if self.wait:
            self.resend.start(now - self.timers.t1, self.timers.t1)

    def feed(self, given: ResponseArrived, now: float) -> list[TransactionEffect]:
        before = self.state
        state = INVITE_ANSWERS.get((before, kind_of(given.status)))
        if state is None:
            return []
        if state is State.COMPLETED:
            again = before is State.COMPLETED
            if not again:
                self._enter(state, now + self.timers.timer_d * self.wait)
            return [Transmit(given.ack)] if again else [Transmit(given.ack), Deliver()]
        if state is not before:
            is_over = state is State.ACCEPTED
            self._enter(state, now + self.timers.give_up if is_over else self._rings_until)
        return [Deliver()]

    def tick(self, now: float) -> list[TransactionEffect]:
        if self._has_ended(now):
            unanswered = self.state in (State.CALLING, State.PROCEEDING)
            self._enter(State.TERMINATED)
            return [TimedOut()] if unanswered else []
        return [Transmit(self._request)] if self.resend.is_due(now) else []

    def limit(self, at: float) -> None:
        """Ring no longer than that: the INVITE was cancelled, or nobody waits for its answer."""
        self._rings_until = at
        if self.state is State.PROCEEDING:
            self.ends_at = at


class ClientTransaction(Transaction):
    """Any other request of ours; `start` sends it."""

    __slots__ = ("_request",)

    def __init__(self, request: bytes, timers: Timers, *, reliable: bool = False) -> None:
        super().__init__(State.TRYING, timers, reliable=reliable)
        self._request = request

    def start(self, now: float) -> list[TransactionEffect]:
        self.ends_at = now + self.timers.give_up
        if self.wait:
            self.resend.start(now, self.timers.t1, self.timers.t2)
        return [Transmit(self._request)]

    def feed(self, given: ResponseArrived, now: float) -> list[TransactionEffect]:
        state = ANSWERS.get((self.state, kind_of(given.status)))
        if state is None:
            return []
        if state is State.COMPLETED:
            self._enter(state, now + self.timers.t4 * self.wait)
        elif self.state is State.TRYING:
            self.state = state
            if self.wait:
                self.resend.start(now, self.timers.t2, self.timers.t2)
        return [Deliver()]

    def tick(self, now: float) -> list[TransactionEffect]:
        if self._has_ended(now):
            unanswered = self.state in (State.TRYING, State.PROCEEDING)
            self._enter(State.TERMINATED)
            return [TimedOut()] if unanswered else []
        return [Transmit(self._request)] if self.resend.is_due(now) else []
