"""OPTIONS to a trunk, now and then, to know whether it lives (RFC 3261 11). Pure.

    RESTING ── `every_s` over ──▶ ASKING ── any answer but 408, 503 ──▶ RESTING, Alive
                                     └ 408, 503, unsent, `ANSWER_WITHIN_S` ──▶ RESTING, Silent

Told each time; whoever listens knows what it knew before. An answer need not be a 200: who says 404
or 405 lives.
"""

from dataclasses import dataclass
from typing import TypeAlias

from telephony.sip.events import HostPort, SendDatagram
from telephony.sip.options import Randomness, Timers
from telephony.sip.transactions.client_transaction import ClientTransaction
from telephony.sip.transactions.transaction import (
    Deliver,
    ResponseArrived,
    TransactionEffect,
    Transmit,
)
from telephony.sip.transactions.transaction_layer import COOKIE
from telephony.sip.wording.errors import SipParseError
from telephony.sip.wording.message import Response, parse_message, serialise
from telephony.sip.wording.uri import bracket

ANSWER_WITHIN_S = 8.0
"Four or five copies have been sent by then; timer F would wait four times as long."
NOT_ALIVE = (408, 503)


@dataclass(frozen=True, slots=True)
class Alive:
    """It has answered."""


@dataclass(frozen=True, slots=True)
class Silent:
    """It has not; `status` 408 stands for silence, 503 for a connection that failed too."""

    status: int


PingEffect: TypeAlias = SendDatagram | Alive | Silent


class Ping:
    """Asks one peer again and again."""

    def __init__(self, host: str, every_s: float, random: Randomness) -> None:
        """host: of the request URI and To."""
        self._host = host
        self._every_s = every_s
        self._random = random
        self._call_id = f"{random.getrandbits(96):024x}"
        self._tag = f"{random.getrandbits(48):012x}"
        self._cseq = 0
        self._branch = ""
        self._transaction: ClientTransaction | None = None
        self._gives_up_at: float | None = None
        self._next_at: float | None = None
        self._to = self._local = HostPort("", 0)
        self._listener = 0
        self._transport = ""

    @property
    def deadline(self) -> float | None:
        resend = self._transaction.deadline if self._transaction is not None else None
        times = (resend, self._gives_up_at, self._next_at)
        return min((at for at in times if at is not None), default=None)

    def ask(
        self, to: HostPort, local: HostPort, listener: int, transport: str, now: float
    ) -> list[PingEffect]:
        """Once now, and then as often as was agreed, until told another address."""
        self.aim(to, local, listener, transport)
        return self._ask(now)

    def aim(self, to: HostPort, local: HostPort, listener: int, transport: str) -> None:
        """Ask there from the next time on."""
        self._to, self._local, self._listener, self._transport = to, local, listener, transport

    def stop(self) -> None:
        self._transaction = self._gives_up_at = self._next_at = None

    def receive(self, data: bytes, now: float) -> list[PingEffect] | None:
        """None: the datagram is not an answer to an OPTIONS of ours."""
        if not data.startswith(b"SIP/2.0 ") or self._call_id.encode() not in data:
            return None
        response = self._read(data)
        if response is None or self._transaction is None:
            return []
        effects = self._transaction.feed(ResponseArrived(response.status), now)
        if response.status < 200 or Deliver() not in effects:
            return []
        return self._on_end(response.status, now)

    def unsent(self, data: bytes, now: float) -> list[PingEffect] | None:
        if self._call_id.encode() not in data:
            return None
        is_current = self._transaction is not None and self._branch.encode() in data
        return self._on_end(503, now) if is_current else []

    def tick(self, now: float) -> list[PingEffect]:
        if self._gives_up_at is not None and now >= self._gives_up_at:
            return self._on_end(408, now)
        if self._next_at is not None and now >= self._next_at:
            return self._ask(now)
        return self._transmit(self._transaction.tick(now)) if self._transaction else []

    def _on_end(self, status: int, now: float) -> list[PingEffect]:
        self._transaction = self._gives_up_at = None
        # Not all trunks' pings in one moment, for ever.
        self._next_at = now + self._every_s * self._random.uniform(0.9, 1.1)
        return [Silent(status)] if status in NOT_ALIVE else [Alive()]

    def _read(self, data: bytes) -> Response | None:
        try:
            message = parse_message(data)
            ours = message.call_id == self._call_id and message.via.branch == self._branch
        except SipParseError:
            return None
        return message if ours and isinstance(message, Response) else None

    def _ask(self, now: float) -> list[PingEffect]:
        self._cseq += 1
        self._branch = f"{COOKIE}{self._random.getrandbits(96):024x}"
        self._next_at = None
        self._gives_up_at = now + ANSWER_WITHIN_S
        is_stream = self._transport != "UDP"
        self._transaction = ClientTransaction(self._write(), Timers(), reliable=is_stream)
        return self._transmit(self._transaction.start(now))

    def _transmit(self, effects: list[TransactionEffect]) -> list[PingEffect]:
        sent = (effect.data for effect in effects if isinstance(effect, Transmit))
        return [SendDatagram(data, self._to, self._listener) for data in sent]

    def _write(self) -> bytes:
        ours = f"{bracket(self._local.host)}:{self._local.port}"
        uri = f"sip:{bracket(self._host)}"
        headers = [
            ("Via", f"SIP/2.0/{self._transport} {ours};branch={self._branch};rport"),
            ("Max-Forwards", "70"),
            ("From", f"<sip:{ours}>;tag={self._tag}"),
            ("To", f"<{uri}>"),
            ("Call-ID", self._call_id),
            ("CSeq", f"{self._cseq} OPTIONS"),
            ("Contact", f"<sip:{ours}>"),
            ("Accept", "application/sdp"),
        ]
        return serialise(f"OPTIONS {uri} SIP/2.0", headers, b"")
