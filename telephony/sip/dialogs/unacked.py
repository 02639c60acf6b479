"""A 200 to an INVITE that waits for its ACK (RFC 3261 13.3.1.4).

    WAITING ── ACK ──▶ DONE
       │  T1, 2·T1 … T2: the 200 again
       └── 64·T1 ──▶ DONE, TimedOut: the user ends the dialog

The INVITE's server transaction does not do this, because the ACK of a 2xx comes end to end.
"""

from telephony.sip.options import Timers
from telephony.sip.transactions.transaction import Resend, TimedOut, Transmit


class UnackedAnswer:
    """Repeats one 200 until it is acknowledged or given up."""

    __slots__ = ("_gives_up_at", "_resend", "cseq", "data")

    def __init__(self, data: bytes, cseq: int, timers: Timers, now: float) -> None:
        self.data = data
        self.cseq = cseq
        self._resend = Resend()
        self._resend.start(now, timers.t1, timers.t2)
        self._gives_up_at: float | None = now + timers.give_up

    @property
    def deadline(self) -> float | None:
        if self._resend.at is None or self._gives_up_at is None:
            return None
        return min(self._resend.at, self._gives_up_at)

    def feed(self, acknowledged_cseq: int) -> bool:
        """True when this ACK is the one that was waited for, and the first of them."""
        if self._gives_up_at is None or acknowledged_cseq != self.cseq:
            return False
        self._stop()
        return True

    def tick(self, now: float) -> list[Transmit | TimedOut]:
        if self._gives_up_at is not None and now >= self._gives_up_at:
            self._stop()
            return [TimedOut()]
        return [Transmit(self.data)] if self._resend.is_due(now) else []

    def _stop(self) -> None:
        self._resend.stop()
        self._gives_up_at = None
