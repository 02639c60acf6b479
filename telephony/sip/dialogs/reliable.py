"""Provisional answers of ours that must arrive: RSeq, PRACK (RFC 3262 3).

    IDLE ── sent ──▶ WAITING ── PRACK with its RAck ──▶ IDLE, what was held back is next
                        │  T1, 2·T1, 4·T1 …: the answer again
                        └── 64·T1 ──▶ FAILED, TimedOut: the INVITE is refused 504

Rule 1: one at a time; what comes meanwhile is held back, and the latest of it wins.
Rule 2: SDP goes out once; after that neither a provisional answer nor the 200 carries any.
Rule 3: a 200 waits for the PRACK of an answer that carried SDP; other final answers do not.
Rule 4: the first reliable answer to an INVITE without offer carries ours; its PRACK the answer.
"""

import re
from dataclasses import dataclass

from telephony.sip.options import Timers
from telephony.sip.transactions.transaction import Resend, TimedOut, Transmit
from telephony.sip.wording.errors import SipParseError
from telephony.sip.wording.headers import MAX_CSEQ
from telephony.sip.wording.message import Message, Request

REL = "100rel"
_RACK = re.compile(r"([0-9]{1,10})\s+([0-9]{1,10})\s+([A-Za-z0-9.!%*_+`'~-]+)\Z")


@dataclass(frozen=True, slots=True)
class Rack:
    """Which provisional answer a PRACK acknowledges."""

    rseq: int
    cseq: int
    method: str

    @classmethod
    def parse(cls, text: str) -> "Rack":
        found = _RACK.match(text.strip())
        if found is None or max(int(found[1]), int(found[2])) > MAX_CSEQ:
            raise SipParseError(f"{text!r} is not a RAck")
        return cls(int(found[1]), int(found[2]), found[3])

    def __str__(self) -> str:
        return f"{self.rseq} {self.cseq} {self.method}"


@dataclass(slots=True)
class _Sent:
    """An answer that waits for its PRACK."""

    data: bytes
    rack: Rack
    has_sdp: bool


class ReliableAnswers:
    """The reliable provisional answers to one INVITE."""

    __slots__ = ("_gives_up_at", "_resend", "_rseq", "_sent", "_timers", "has_offer",
                 "held_back", "is_required", "sdp_is_known", "sdp_is_out")  # fmt: skip

    def __init__(
        self, timers: Timers, first_rseq: int, *, is_required: bool, has_offer: bool
    ) -> None:
        """is_required: no other provisional answer than a reliable one may be sent.
        has_offer: the INVITE brought one, so that our SDP is an answer."""
        self.is_required = is_required
        self.has_offer = has_offer
        self.sdp_is_out = False
        self.sdp_is_known = False
        "Both sides have each other's SDP: either may change it by UPDATE (RFC 3311 5.1)."
        self.held_back: tuple[int, bytes] | None = None
        self._rseq = first_rseq
        self._sent: _Sent | None = None
        self._timers = timers
        self._resend = Resend()
        self._gives_up_at: float | None = None

    # -- questions -------------------------------------------------------------------------------

    @property
    def is_waiting(self) -> bool:
        return self._gives_up_at is not None

    @property
    def delays_the_200(self) -> bool:
        return self.is_waiting and self._sent is not None and self._sent.has_sdp

    @property
    def deadline(self) -> float | None:
        if self._resend.at is None or self._gives_up_at is None:
            return None
        return min(self._resend.at, self._gives_up_at)

    def is_due(self, body: bytes) -> bool:
        """This provisional answer goes out reliably."""
        return self.is_required or bool(body)

    def may_send(self, body: bytes) -> bool:
        return bool(body) or self.has_offer or self.sdp_is_out

    # -- inputs ----------------------------------------------------------------------------------

    def next_rseq(self) -> int:
        return self._rseq

    def sent(self, data: bytes, invite_cseq: int, now: float, *, has_sdp: bool) -> None:
        """`data`, with `next_rseq`, has left."""
        self._sent = _Sent(data, Rack(self._rseq, invite_cseq, "INVITE"), has_sdp)
        self._rseq += 1
        self.sdp_is_out = self.sdp_is_out or has_sdp
        self._resend.start(now, self._timers.t1)
        self._gives_up_at = now + self._timers.give_up

    def acknowledge(self, rack: Rack) -> bool:
        """True for the PRACK of what is waited for, or still under way after a final answer."""
        if self._sent is None or rack != self._sent.rack:
            return False
        if self._sent.has_sdp and self.has_offer:
            self.sdp_is_known = True
        self._sent = None
        self.stop()
        return True

    def take_held_back(self) -> tuple[int, bytes] | None:
        held, self.held_back = self.held_back, None
        return held

    def tick(self, now: float) -> list[Transmit | TimedOut]:
        if self._gives_up_at is not None and now >= self._gives_up_at:
            self._sent = None
            self.stop()
            return [TimedOut()]
        if self._sent is not None and self._resend.is_due(now):
            return [Transmit(self._sent.data)]
        return []

    def stop(self) -> None:
        """Repeat no more; after a final answer only the PRACK may still come."""
        self._resend.stop()
        self._gives_up_at = None


def names_100rel(message: Message, header: str) -> bool:
    return REL in (tag.lower() for tag in message.items(header))


def reliable_for(invite: Request, timers: Timers, first_rseq: int) -> ReliableAnswers | None:
    """None when the caller does not know reliable provisional answers."""
    is_required = names_100rel(invite, "require")
    if not is_required and not names_100rel(invite, "supported"):
        return None
    return ReliableAnswers(timers, first_rseq, is_required=is_required, has_offer=bool(invite.body))


def read_rseq(message: Message) -> int | None:
    """The number of a provisional answer that wants a PRACK; None when it wants none."""
    if not names_100rel(message, "require"):
        return None
    rseq = message.number("rseq")
    return rseq if rseq is not None and 0 < rseq <= MAX_CSEQ else None
