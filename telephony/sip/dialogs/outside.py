"""Calls over networks that may fail: one attempt after the other until somebody answers. Pure.

    dial ─▶ TRYING ── Progressed, Answered ──▶ (left alone from then on)
              │  │
              │  └ refused otherwise ──▶ Refused is told
              └ 503, 408, unreachable, silent for `next_target_s` ──▶ the next attempt,
                                                                     or Refused when it was the last

RFC 3263 4.3: a next attempt is a new call to the peer, with a Call-ID of its own; who wakes up late
and answers the one before is cancelled, or acknowledged and sent BYE. A 4xx or 6xx is the network's
word, and no other network is asked. Our user knows one leg all the time.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from foundation.ids import LegId
from telephony.sip.dialog import Target
from telephony.sip.dialogs.leg import Leg
from telephony.sip.dialogs.leg_book import LegBook
from telephony.sip.dialogs.uac import OutgoingLegs
from telephony.sip.digest import Credentials
from telephony.sip.events import Answered, HostPort, Progressed, Refused, StackEffect
from telephony.sip.trunks.targets import Destination
from telephony.sip.trunks.trunk_line import TrunkOptions
from telephony.sip.wording.identity import ANONYMOUS
from telephony.sip.wording.message import HeaderLines
from telephony.sip.wording.uri import make_uri

NEXT_FOR = (408, 503)
"Of these it may be otherwise on another way."


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One way to reach a number outside."""

    uri: str
    "Request URI and To."
    address: HostPort
    transport: str
    "UDP, TCP or TLS."
    sender: str
    "URI of From."
    contact_user: str
    headers: HeaderLines = ()
    credentials: Credentials | None = None
    trunk: str = ""
    max_call_s: float | None = None


def attempts_by(
    options: TrunkOptions,
    destinations: Sequence[Destination],
    number: str,
    show: str,
    headers: HeaderLines,
) -> list[Attempt]:
    """One for each address of a trunk. `show`: our number as the other side is to see it.

    The trunk's network learns it from P-Asserted-Identity (RFC 3325), which it believes since it
    knows us; From names it too, unless the trunk wants the account there (`from_user`).
    """
    wanted, credentials = options.wanted, options.credentials
    shown = show or options.from_user or (credentials.user if credentials else "")
    sender = make_uri(options.from_user or shown or ANONYMOUS.user, wanted.host)
    uri = str(make_uri(number, wanted.host, wanted.port))
    if wanted.transport not in (None, "UDP"):
        uri += f";transport={str(wanted.transport).lower()}"
    asserted = [("P-Asserted-Identity", f"<{make_uri(shown, wanted.host)}>")] if shown else []
    return [
        Attempt(
            uri=uri,
            address=destination.address,
            transport=destination.transport,
            sender=str(sender),
            contact_user=options.from_user or shown,
            headers=(*asserted, *headers),
            credentials=credentials,
            trunk=options.name,
            max_call_s=options.max_call_s,
        )
        for destination in destinations
    ]


@dataclass(slots=True)
class _Calling:
    """A call that nobody has answered yet."""

    left: deque[Attempt]
    body: bytes
    refusal: Refused
    "Of the last attempt; told when there is no other."
    leg: Leg | None = None
    "Of the present or last attempt."
    is_between: bool = False
    "One attempt is over, and the next begins with the next tick."


class OutsideCalls:
    """All calls to numbers outside that are still being made."""

    def __init__(self, book: LegBook, outgoing: OutgoingLegs) -> None:
        self._book = book
        self._outgoing = outgoing
        self._calling: dict[LegId, _Calling] = {}

    def __len__(self) -> int:
        return len(self._calling)

    def dial(self, leg_id: LegId, attempts: Sequence[Attempt], body: bytes, now: float) -> None:
        no_way = Refused(leg_id, 503, "no listener of ours reaches the trunk")
        self._calling[leg_id] = _Calling(deque(attempts), body, no_way)
        self._try_next(leg_id, now)

    def hang_up(self, leg_id: LegId) -> None:
        """No further attempt; the one that is being made is for the leg's own machine to end."""
        calling = self._calling.pop(leg_id, None)
        if calling is not None and calling.is_between:
            self._book.alarms.set(("outside", leg_id), None)
            self._book.emit(Refused(leg_id, 487, "cancelled"))

    def is_kept_back(self, effect: StackEffect) -> bool:
        """A refusal that another attempt may make good is not told."""
        if not self._calling or not isinstance(effect, Refused | Progressed | Answered):
            return False
        calling = self._calling.get(effect.leg)
        if calling is None:
            return False
        if isinstance(effect, Refused) and effect.status in NEXT_FOR and calling.left:
            calling.refusal, calling.is_between = effect, True
            # The attempt that is over is still being cleared away; who does it knows no time.
            self._book.alarms.set(("outside", effect.leg), 0.0)
            return True
        del self._calling[effect.leg]
        return False

    def tick(self, leg_id: LegId, now: float) -> None:
        calling = self._calling.get(leg_id)
        if calling is not None and calling.is_between:
            calling.is_between = False
            self._try_next(leg_id, now)

    def _try_next(self, leg_id: LegId, now: float) -> None:
        calling = self._calling[leg_id]
        while calling.left and not self._book.is_full:
            attempt = calling.left.popleft()
            listener = self._book.ways.listener_for(attempt.transport, attempt.address)
            if listener is not None:
                self._begin(leg_id, attempt, listener, calling, now)
                return
        del self._calling[leg_id]
        self._book.emit(calling.refusal)

    def _begin(
        self, leg_id: LegId, attempt: Attempt, listener: int, calling: _Calling, now: float
    ) -> None:
        patience_s = self._book.options.next_target_s if calling.left else None
        leg = self._outgoing.dial(
            leg_id,
            [Target(attempt.uri, attempt.uri, attempt.address, listener)],
            now,
            body=calling.body,
            sender=attempt.sender,
            contact_user=attempt.contact_user,
            headers=attempt.headers,
            credentials=attempt.credentials,
        )
        if calling.leg is not None:
            leg.extra = calling.leg.extra
        calling.leg = leg
        leg.trunk = attempt.trunk
        leg.max_call_s = attempt.max_call_s
        leg.silent_until = None if patience_s is None else now + patience_s
        self._book.keep(leg)
        self._book.rearm(leg)
