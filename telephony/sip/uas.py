"""Calls that come to us: from the INVITE to the ACK of our 200 (RFC 3261 13.3, 9.2)."""

from foundation.ids import new_leg_id
from telephony.sip.bodies import sdp_of
from telephony.sip.dialog import Dialog, address_of, storable
from telephony.sip.errors import SipParseError
from telephony.sip.events import (
    CallerIdentity,
    Cancelled,
    Confirmed,
    Dropped,
    GoneWhy,
    HostPort,
    IncomingCall,
)
from telephony.sip.headers import NameAddr
from telephony.sip.in_dialog import InDialog
from telephony.sip.leg import Leg, LegState
from telephony.sip.leg_book import LegBook
from telephony.sip.message import HeaderLines, Request, clean_text
from telephony.sip.transaction import TimedOut
from telephony.sip.transaction_layer import ServerEntry, is_answered
from telephony.sip.unacked import UnackedAnswer
from telephony.sip.uri import literal_address, parse_uri


class IncomingLegs:
    """The server side of INVITE dialogs."""

    def __init__(self, book: LegBook, in_dialog: InDialog) -> None:
        self._book = book
        self._in_dialog = in_dialog

    # -- from the network ------------------------------------------------------------------------

    def invite(self, entry: ServerEntry, agent_aor: str, now: float) -> None:
        """A new call, screened and authenticated."""
        book, request = self._book, entry.request
        leg = Leg(new_leg_id(), LegState.INVITED, self._make_dialog(entry))
        leg.pending = entry
        leg.remote_body = request.body
        entry.leg_id = leg.leg_id
        book.add(leg)
        book.answer(entry, 100, now, tag="")
        book.emit(
            IncomingCall(
                leg=leg.leg_id,
                to_user=request.uri.user,
                caller=identify(request.sender),
                body=request.body,
                source=entry.source,
                sip_call_id=request.call_id,
                agent_aor=agent_aor,
            )
        )
        book.keep(leg)
        seconds = _expires_s(request)
        leg.expires_at = None if seconds is None else now + seconds
        book.rearm(leg)

    def _make_dialog(self, entry: ServerEntry) -> Dialog:
        request, source = entry.request, entry.source
        tag = self._book.token()
        target = request.contacts[0].uri_text
        return Dialog(
            call_id=request.call_id,
            local=f"{storable(request.values('to')[0])};tag={tag}",
            local_tag=tag,
            remote=storable(request.values("from")[0]),
            remote_tag=request.sender.tag,
            remote_seq=request.cseq.number,
            route_set=request.routes,
            remote_target=target,
            host=source.host,
            port=source.port,
            listener=entry.listener,
            is_natted=_is_natted(request, target, source),
        )

    def cancel(self, invite: ServerEntry, now: float) -> None:
        """The CANCEL was answered 200, or the INVITE's time is over; a call that has its final
        answer goes on as it was."""
        leg = self._book.find(invite.leg_id) if invite.leg_id else None
        if leg is None or leg.pending is not invite or is_answered(invite):
            return
        self._book.answer(invite, 487, now, tag=leg.dialog.local_tag)
        leg.pending = None
        if leg.state is LegState.INVITED:
            self._book.forget(leg)
            self._book.emit(Cancelled(leg.leg_id))

    def acknowledge(self, leg: Leg, request: Request, now: float) -> None:
        """The ACK of a 2xx; later copies of it are nothing new."""
        if leg.unacked is None or not leg.unacked.feed(request.cseq.number):
            return
        leg.unacked = None
        if leg.state is LegState.ANSWERED:
            leg.state = LegState.UP
        body = _late_answer(request)
        leg.remote_body = body or leg.remote_body
        self._book.keep(leg)
        self._book.emit(Confirmed(leg.leg_id, body))
        if leg.hang_up_reason is not None:
            self._in_dialog.hang_up(leg, leg.hang_up_reason, now)
        self._book.rearm(leg)

    # -- from our user ---------------------------------------------------------------------------

    def progress(self, leg: Leg, status: int, body: bytes, now: float) -> None:
        """180, 183 …: the dialog is early now, the caller hears ringing or our SDP."""
        entry = leg.pending
        if entry is None or leg.state is not LegState.INVITED:
            return
        leg.local_body = body or leg.local_body
        leg.last_provisional = status, body
        leg.ring_again_at = now + self._book.options.ring_refresh_s
        self._book.answer(
            entry,
            status,
            now,
            tag=leg.dialog.local_tag,
            headers=self._capabilities(leg, entry),
            body=body,
            keep_route=True,
        )
        self._book.rearm(leg)

    def accept(self, leg: Leg, body: bytes, now: float) -> None:
        """200 to the INVITE, re-INVITE or UPDATE that waits."""
        entry = leg.pending
        if entry is None:
            return
        leg.pending = None
        leg.local_body = body or leg.local_body
        leg.remote_body = entry.request.body or leg.remote_body
        if leg.state is not LegState.INVITED:
            leg.dialog.learn_target(entry.request)
        if entry.request.method == "INVITE":
            self._accept_invite(leg, entry, body, now)
        else:
            self._answer_200(leg, entry, body, now)
            self._book.keep(leg)

    def _accept_invite(self, leg: Leg, entry: ServerEntry, body: bytes, now: float) -> None:
        if leg.state is LegState.INVITED:
            leg.state = LegState.ANSWERED
        leg.ring_again_at = leg.expires_at = None
        leg.invite_seq = entry.request.cseq.number
        leg.answer_to = entry.to
        # Told before the 200 leaves: a process that dies in between must not orphan the caller.
        sent = self._compose_200(leg, entry, body)
        leg.answer = sent
        leg.unacked = UnackedAnswer(sent, leg.invite_seq, self._book.options.timers, now)
        self._book.keep(leg)
        self._book.layer.respond(entry, 200, sent, now)
        self._book.rearm(leg)

    def reject(
        self,
        leg: Leg,
        status: int,
        now: float,
        *,
        reason: str = "",
        retry_after: int | None = None,
        headers: HeaderLines = (),
    ) -> None:
        """Final answer other than 2xx; ends the leg unless it was a re-INVITE or UPDATE."""
        entry = leg.pending
        if entry is None:
            return
        lines = list(headers)
        if retry_after is not None:
            lines.append(("Retry-After", str(retry_after)))
        leg.pending = None
        tag = leg.dialog.local_tag
        self._book.answer(entry, status, now, tag=tag, reason=reason, headers=lines)
        if leg.state is LegState.INVITED:
            self._book.forget(leg)

    def hang_up(self, leg: Leg, reason: str, now: float) -> None:
        """RFC 3261 15: BYE must not overtake the ACK of our 200, so it waits for it."""
        if leg.state is LegState.INVITED:
            self.reject(leg, 480, now, reason=reason)
        elif leg.state is LegState.ANSWERED:
            leg.hang_up_reason = reason
        else:
            if leg.pending is not None:
                self.reject(leg, 487, now)
            self._in_dialog.hang_up(leg, reason, now)

    # -- time ------------------------------------------------------------------------------------

    def tick(self, leg: Leg, now: float) -> None:
        if leg.expires_at is not None and now >= leg.expires_at:
            leg.expires_at = None
            if leg.pending is not None:
                self.cancel(leg.pending, now)
                return
        if leg.ring_again_at is not None and now >= leg.ring_again_at:
            status, body = leg.last_provisional
            self.progress(leg, status, body, now)
        if leg.unacked is None:
            return
        for effect in leg.unacked.tick(now):
            if isinstance(effect, TimedOut):
                self._give_up(leg, now)
            else:
                self._book.send(effect.data, leg.answer_to, leg.dialog.listener)

    def _give_up(self, leg: Leg, now: float) -> None:
        """Timer H: RFC 3261 13.3.1.4 ends the dialog by BYE."""
        leg.unacked = None
        asked = leg.hang_up_reason is not None
        why = GoneWhy.OURS if asked else GoneWhy.NO_ACK
        self._book.emit(Dropped("no-ack", leg.answer_to))
        self._in_dialog.hang_up(leg, leg.hang_up_reason or "", now, why)

    # -- writing ---------------------------------------------------------------------------------

    def _capabilities(self, leg: Leg, entry: ServerEntry) -> list[tuple[str, str]]:
        return self._book.capabilities(entry.request.uri.user, leg.dialog.listener)

    def _answer_200(self, leg: Leg, entry: ServerEntry, body: bytes, now: float) -> None:
        data = self._compose_200(leg, entry, body)
        self._book.layer.respond(entry, 200, data, now)

    def _compose_200(self, leg: Leg, entry: ServerEntry, body: bytes) -> bytes:
        return self._book.compose(
            entry,
            200,
            tag=leg.dialog.local_tag,
            headers=self._capabilities(leg, entry),
            body=body,
            keep_route=True,
        )


def _late_answer(ack: Request) -> bytes:
    """A body that cannot be read must not keep the ACK from ending our retransmissions."""
    try:
        return sdp_of(ack) or b""
    except SipParseError:
        return b""


def _expires_s(request: Request) -> int | None:
    """How long the caller wants to wait; a number that cannot be read is no reason to refuse."""
    try:
        return request.number("expires")
    except SipParseError:
        return None


def identify(sender: NameAddr) -> CallerIdentity:
    """Who calls, as From claims; an address of another scheme has no user part."""
    try:
        user = sender.uri.user
    except SipParseError:
        user = ""
    return CallerIdentity(user, clean_text(sender.display_name), clean_text(sender.uri_text))


def _is_natted(request: Request, target: str, source: HostPort) -> bool:
    """The caller itself, not a proxy, sent this from elsewhere than its Contact says."""
    if len(request.items("via")) > 1:
        return False
    if parse_uri(target).param("ob") is not None:
        # RFC 5626 4.3: requests to this Contact go the way this one came.
        return True
    contact = address_of(target)
    return contact != source and literal_address(request.via.host) != source.host
