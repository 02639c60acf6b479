"""All legs, found by id or by their dialog, and what the code about legs shares.

Our own tag is random and unique, so (Call-ID, our tag) finds a leg from its first message on, even
before the peer has a tag.
"""

from collections.abc import Callable
from typing import Protocol

from foundation.ids import LegId
from telephony.sip.alarms import Alarms
from telephony.sip.compose import ALLOW, respond
from telephony.sip.dialog import (
    BadRecord,
    DialogRecord,
    head_of,
    read_invite,
    read_record,
    write_record,
)
from telephony.sip.events import DialogKept, Dropped, HostPort, SendDatagram, StackEffect
from telephony.sip.leg import Leg, LegState
from telephony.sip.message import HeaderLines, Request
from telephony.sip.options import SipOptions
from telephony.sip.transaction_layer import COOKIE, AlarmKey, ServerEntry, TransactionLayer
from telephony.sip.unacked import UnackedAnswer
from telephony.sip.uri import make_uri
from telephony.sip.ways import Flow, Ways


class Randomness(Protocol):
    """`random.Random` or `random.SystemRandom`; branches, tags and Call-IDs come from here."""

    def getrandbits(self, k: int, /) -> int: ...

    def uniform(self, a: float, b: float, /) -> float: ...


class LegBook:
    """The table of legs with its bounds and indexes."""

    def __init__(
        self,
        options: SipOptions,
        randomness: Randomness,
        emit: Callable[[StackEffect], None],
    ) -> None:
        self.options = options
        self.random = randomness
        self.emit = emit
        self.alarms: Alarms[AlarmKey] = Alarms()
        self.ways = Ways(options.listeners)
        self.layer = TransactionLayer(options, self.ways, self.alarms, emit)
        self._legs: dict[LegId, Leg] = {}
        self._by_tag: dict[tuple[str, str], Leg] = {}
        self._by_origin: dict[tuple[str, str], Leg] = {}

    # -- the table -------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._legs)

    @property
    def is_full(self) -> bool:
        return len(self._legs) >= self.options.max_legs

    def find(self, leg_id: LegId) -> Leg | None:
        return self._legs.get(leg_id)

    def find_dialog(self, request: Request) -> Leg | None:
        """The leg that a request with a To tag belongs to."""
        leg = self._by_tag.get((request.call_id, request.to.tag))
        if leg is None:
            return None
        remote = leg.dialog.remote_tag
        forking = leg.is_caller and leg.is_early
        return leg if remote == request.sender.tag or forking else None

    def find_origin(self, request: Request) -> Leg | None:
        """The adopted leg whose first INVITE, sent to the process before us, this one repeats."""
        leg = self._by_origin.get((request.call_id, request.sender.tag))
        same = leg is not None and leg.answer and leg.invite_seq == request.cseq.number
        return leg if same else None

    def add(self, leg: Leg) -> None:
        self._legs[leg.leg_id] = leg
        self._by_tag[leg.dialog.call_id, leg.dialog.local_tag] = leg

    def forget(self, leg: Leg) -> None:
        self.alarms.set(("leg", leg.leg_id), None)
        self._legs.pop(leg.leg_id, None)
        self._by_tag.pop((leg.dialog.call_id, leg.dialog.local_tag), None)
        self._by_origin.pop((leg.dialog.call_id, leg.dialog.remote_tag), None)

    def end(self, leg: Leg, now: float) -> None:
        """Keep the leg a while to answer what is still on its way, but nothing else."""
        leg.state = LegState.ENDED
        leg.pending = leg.unacked = leg.late_offer = leg.wanted_offer = None
        leg.ring_again_at = leg.expires_at = leg.reoffer_at = leg.cancel_ends_at = None
        leg.forget_at = now + self.options.timers.give_up
        self.rearm(leg)

    def flows(self) -> set[Flow]:
        """The connections that legs rely on."""
        return {(leg.dialog.listener, leg.dialog.peer) for leg in self._legs.values()}

    def rearm(self, leg: Leg) -> None:
        if leg.leg_id in self._legs:
            self.alarms.set(("leg", leg.leg_id), leg.deadline)

    # -- records ---------------------------------------------------------------------------------

    def record(self, leg: Leg) -> bytes:
        return write_record(
            DialogRecord(
                leg=leg.leg_id,
                is_caller=leg.is_caller,
                dialog=leg.dialog,
                invite=_unanswered_invite(leg),
                has_provisional=leg.is_early and leg.has_provisional,
                is_acknowledged=leg.unacked is None,
                invite_seq=leg.invite_seq,
                answer=leg.answer,
                answer_host=leg.answer_to.host,
                answer_port=leg.answer_to.port,
                ack=leg.ack,
                ack_seq=leg.ack_seq,
                local_body=leg.local_body,
                remote_body=leg.remote_body,
                extra=leg.extra,
            )
        )

    def keep(self, leg: Leg) -> None:
        """Tell the record when it changed; what is being ended anyhow needs none."""
        if leg.state in (LegState.CANCELLING, LegState.ENDED):
            return
        record = self.record(leg)
        if record != leg.last_kept:
            leg.last_kept = record
            self.emit(DialogKept(leg.leg_id, record))

    def adopt(self, data: bytes, now: float) -> Leg:
        """A leg made from the record of a process that is gone."""
        record = read_record(data)
        if record.dialog.listener >= len(self.options.listeners):
            raise BadRecord(f"there is no listener {record.dialog.listener} any more")
        leg = Leg(
            leg_id=LegId(record.leg),
            state=LegState.UP if record.is_acknowledged else LegState.ANSWERED,
            dialog=record.dialog,
            is_caller=record.is_caller,
            invite_seq=record.invite_seq,
            answer=record.answer,
            answer_to=HostPort(record.answer_host, record.answer_port),
            ack=record.ack,
            ack_seq=record.ack_seq,
            local_body=record.local_body,
            remote_body=record.remote_body,
            extra=record.extra,
            last_kept=data,
            has_provisional=record.has_provisional,
        )
        if record.invite:
            self._resume(leg, read_invite(record), now)
        elif not record.is_acknowledged:
            leg.unacked = UnackedAnswer(leg.answer, leg.invite_seq, self.options.timers, now)
        self.add(leg)
        if not leg.is_caller:
            self._by_origin[leg.dialog.call_id, leg.dialog.remote_tag] = leg
        self.rearm(leg)
        return leg

    def _resume(self, leg: Leg, invite: Request, now: float) -> None:
        """Go on with the INVITE's own transaction, so that it can be cancelled or answered."""
        dialog = leg.dialog
        if leg.is_caller:
            leg.state = LegState.DIALLING
            leg.invite = self.layer.resume(
                invite, dialog.peer, dialog.listener, leg.leg_id, now, answered=leg.has_provisional
            )
        else:
            leg.state = LegState.INVITED
            leg.pending = self.layer.open(invite, dialog.peer, dialog.listener)
            leg.pending.leg_id = leg.leg_id

    # -- writing ---------------------------------------------------------------------------------

    def token(self) -> str:
        return f"{self.random.getrandbits(64):016x}"

    def address(self, listener: int) -> str:
        """Host and port of ours for Via and Contact."""
        ours = self.options.listeners[listener].address
        return str(make_uri("", ours.host, ours.port)).removeprefix("sip:")

    def via(self, listener: int) -> str:
        transport = self.options.listeners[listener].transport
        return f"SIP/2.0/{transport} {self.address(listener)};branch={COOKIE}{self.token()};rport"

    def contact(self, user: str, listener: int) -> str:
        ours = self.options.listeners[listener]
        # RFC 7118 5.2.2: the URI says `ws` for the secure one too.
        named = ours.transport.lower().replace("wss", "ws")
        tail = "" if named == "udp" else f";transport={named}"
        return f"<{make_uri(user, ours.address.host, ours.address.port)}{tail}>"

    def answer(
        self,
        entry: ServerEntry,
        status: int,
        now: float,
        *,
        tag: str,
        reason: str = "",
        headers: HeaderLines = (),
        body: bytes = b"",
        keep_route: bool = False,
    ) -> bytes:
        """Answer a request through its transaction; gives the bytes sent."""
        if status >= 300:
            self.emit(Dropped(f"refused-{status}", entry.source))
        data = self.compose(
            entry,
            status,
            tag=tag,
            reason=reason,
            headers=headers,
            body=body,
            keep_route=keep_route,
        )
        self.layer.respond(entry, status, data, now)
        return data

    def compose(
        self,
        entry: ServerEntry,
        status: int,
        *,
        tag: str,
        reason: str = "",
        headers: HeaderLines = (),
        body: bytes = b"",
        keep_route: bool = False,
    ) -> bytes:
        return respond(
            entry.request,
            status,
            entry.source,
            tag=tag,
            reason=reason,
            headers=[*headers, ("Server", self.options.server)],
            body=body,
            keep_route=keep_route,
        )

    def capabilities(self, user: str, listener: int) -> list[tuple[str, str]]:
        """What an answer that makes or changes a dialog says about us."""
        return [("Contact", self.contact(user, listener)), ("Allow", ALLOW), ("Supported", "")]

    def send(self, data: bytes, to: HostPort, listener: int) -> None:
        self.emit(SendDatagram(data, to, listener))


def _unanswered_invite(leg: Leg) -> bytes:
    if leg.state is LegState.INVITED and leg.pending is not None:
        return head_of(leg.pending.request)
    if leg.is_caller and leg.is_early and leg.invite is not None:
        return bytes(leg.invite.request)
    return b""
