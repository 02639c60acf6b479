"""Calls that come to us: from the INVITE to the ACK of our 200 (RFC 3261 13.3, 9.2)."""

from foundation.ids import new_leg_id
from telephony.sip.dialog import Dialog, comes_through_nat, storable
from telephony.sip.dialogs import session
from telephony.sip.dialogs.in_dialog import InDialog
from telephony.sip.dialogs.leg import Leg, LegState
from telephony.sip.dialogs.leg_book import LegBook
from telephony.sip.dialogs.reliable import REL, Rack, ReliableAnswers, reliable_for
from telephony.sip.dialogs.unacked import UnackedAnswer
from telephony.sip.events import (
    Cancelled,
    Confirmed,
    Dropped,
    EarlyAnswered,
    Gone,
    GoneWhy,
    IncomingCall,
    Reoffered,
)
from telephony.sip.transactions.transaction import TimedOut
from telephony.sip.transactions.transaction_layer import ServerEntry, is_answered
from telephony.sip.wording.bodies import sdp_of
from telephony.sip.wording.errors import SipParseError
from telephony.sip.wording.identity import identify, read_diversions, trust
from telephony.sip.wording.message import HeaderLines, Request


class IncomingLegs:
    """The server side of INVITE dialogs."""

    def __init__(self, book: LegBook, in_dialog: InDialog) -> None:
        self._book = book
        self._in_dialog = in_dialog
        self._is_trusted = trust(book.options.trusted)

    # -- from the network ------------------------------------------------------------------------

    def invite(
        self,
        entry: ServerEntry,
        now: float,
        line: str,
        *,
        aor: str = "",
        trunk: str = "",
        replaced: Leg | None = None,
    ) -> None:
        """A new call, screened and authenticated; `replaced`: the leg it is to stand in for."""
        book, request = self._book, entry.request
        is_trusted = aor in book.options.asserting or self._is_trusted(entry.source)
        leg = Leg(new_leg_id(), LegState.INVITED, self._make_dialog(entry))
        leg.pending = entry
        leg.trunk, leg.auth = trunk, book.digest_for(trunk)
        leg.remote_body = request.body
        leg.learn_abilities(request)
        leg.reliable = reliable_for(request, book.options.timers, book.random.getrandbits(30) + 1)
        entry.leg_id = leg.leg_id
        book.add(leg)
        book.emit(
            IncomingCall(
                leg=leg.leg_id,
                to_user=line,
                caller=identify(request, is_trusted=is_trusted),
                body=request.body,
                source=entry.source,
                sip_call_id=request.call_id,
                reliable=leg.reliable is not None,
                diversions=read_diversions(request),
                agent_aor=aor,
                trunk=trunk,
                replaces=replaced.leg_id if replaced else None,
            )
        )
        book.keep(leg)
        # Only now: after it the INVITE is not repeated (RFC 3261 17.1.1.2), and a process after us
        # must know of a caller who waits for us.
        book.answer(entry, 100, now, tag="")
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
            is_natted=comes_through_nat(request, target, source),
        )

    def cancel(self, invite: ServerEntry, now: float, reason: str = "") -> None:
        """The CANCEL was answered 200, or the INVITE's time is over; a call that has its final
        answer goes on as it was."""
        leg = self._book.find(invite.leg_id) if invite.leg_id else None
        if leg is None or leg.pending is not invite or is_answered(invite):
            return
        if leg.pending_update is not None:
            self._in_dialog.refuse(leg, leg.pending_update, 487, now)
        self._book.answer(invite, 487, now, tag=leg.dialog.local_tag)
        leg.pending = leg.pending_update = None
        if leg.state is LegState.INVITED:
            self._book.forget(leg)
            self._book.emit(Cancelled(leg.leg_id, reason))
        else:
            leg.unasked.append(leg.remote_body)

    def acknowledge(self, leg: Leg, request: Request, now: float) -> None:
        """The ACK of a 2xx; later copies of it are nothing new."""
        if leg.unacked is None or not leg.unacked.feed(request.cseq.number):
            return
        leg.unacked = None
        if leg.state is LegState.ANSWERED:
            leg.state = LegState.UP
        body = _late_answer(request)
        leg.remote_body = body or leg.remote_body
        self._book.keep(leg, is_urgent=bool(body))
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
        reliable = leg.reliable
        if reliable is not None and reliable.sdp_is_out:
            body = b""
        if reliable is not None and reliable.is_due(body):
            self._progress_reliably(leg, entry, reliable, status, body, now)
        else:
            data = self._compose(leg, entry, status, body)
            self._book.layer.respond(entry, status, data, now)
        self._book.rearm(leg)

    def _progress_reliably(
        self,
        leg: Leg,
        entry: ServerEntry,
        reliable: ReliableAnswers,
        status: int,
        body: bytes,
        now: float,
    ) -> None:
        if reliable.is_waiting:
            held = reliable.held_back
            reliable.held_back = status, body or (held[1] if held else b"")
        elif reliable.may_send(body):
            lines = [("Require", REL), ("RSeq", str(reliable.next_rseq()))]
            data = self._compose(leg, entry, status, body, lines)
            reliable.sent(data, entry.request.cseq.number, now, has_sdp=bool(body))
            self._book.layer.respond(entry, status, data, now)

    def prack(self, leg: Leg, entry: ServerEntry, now: float) -> None:
        """RFC 3262 3: a PRACK that acknowledges nothing of ours is answered 481."""
        request, reliable = entry.request, leg.reliable
        rack = Rack.parse(request.find("rack") or "")
        if not self._in_dialog.admit(leg, entry, now):
            return
        if reliable is None or leg.is_caller or not reliable.acknowledge(rack):
            self._in_dialog.refuse(leg, entry, 481, now)
            return
        self._take_early_sdp(leg, entry, reliable, now)
        if leg.pending is not None and leg.state is LegState.INVITED:
            self._go_on(leg, reliable, now)
        self._book.keep(leg)
        self._book.rearm(leg)

    def _take_early_sdp(
        self, leg: Leg, entry: ServerEntry, reliable: ReliableAnswers, now: float
    ) -> None:
        """The PRACK's own body: the answer to our offer. Another offer in it is more than we do;
        the PRACK has done its work all the same."""
        body = _late_answer(entry.request)
        is_answer = reliable.sdp_is_out and not reliable.has_offer and not reliable.sdp_is_known
        if body and not is_answer:
            self._in_dialog.refuse(leg, entry, 488, now)
            return
        self._book.answer(entry, 200, now, tag=leg.dialog.local_tag)
        if body:
            reliable.sdp_is_known = True
            leg.remote_body = body
            self._book.emit(EarlyAnswered(leg.leg_id, body))

    def _go_on(self, leg: Leg, reliable: ReliableAnswers, now: float) -> None:
        """What waited for the PRACK: the 200, or else the next provisional answer."""
        held = reliable.take_held_back()
        if leg.wanted_answer is not None:
            body, leg.wanted_answer = leg.wanted_answer, None
            self.accept(leg, body, now)
        elif held is not None:
            self.progress(leg, *held, now)

    def accept(self, leg: Leg, body: bytes, now: float) -> None:
        """200 to the INVITE, re-INVITE or UPDATE that waits."""
        entry = leg.pending_update or leg.pending
        if leg.unasked:
            self._go_back(leg, leg.unasked.pop(0))
            return
        if entry is None:
            return
        leg.local_body = body or leg.local_body
        if entry is leg.pending_update:
            leg.pending_update = None
        elif leg.reliable is not None and leg.reliable.delays_the_200:
            leg.wanted_answer = body
            return
        else:
            leg.pending = None
        leg.remote_body = entry.request.body or leg.remote_body
        early = leg.early.get(entry.request.sender.tag)
        if early is not None:
            early.body = entry.request.body
        if leg.state is not LegState.INVITED or entry.request.method == "UPDATE":
            dialog = leg.dialog if early is None else early.dialog
            dialog.follow(entry.request, entry.source)
            leg.learn_abilities(entry.request)
        if entry.request.method == "INVITE":
            self._accept_invite(leg, entry, body, now)
        else:
            self._answer_200(leg, entry, body, now)
            self._book.keep(leg)
            self._book.rearm(leg)

    def _go_back(self, leg: Leg, body: bytes) -> None:
        """Our user has taken up an offer that was cancelled meanwhile: what held before is offered
        to it again (RFC 3261 14.1), unless the next offer waits already."""
        if body and leg.pending is None and not leg.unasked:
            leg.unasked.append(b"")
            self._book.emit(Reoffered(leg.leg_id, body))

    def _accept_invite(self, leg: Leg, entry: ServerEntry, body: bytes, now: float) -> None:
        if leg.state is LegState.INVITED:
            leg.state = LegState.ANSWERED
        leg.ring_again_at = leg.expires_at = None
        leg.invite_seq = entry.request.cseq.number
        leg.answer_to = entry.to
        if leg.reliable is not None:
            body = b"" if leg.reliable.sdp_is_out else body
            leg.reliable.stop()
        # Told before the 200 leaves: a process that dies in between must not orphan the caller.
        sent = self._compose_200(leg, entry, body, now)
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
        if leg.unasked:
            del leg.unasked[0]
            return
        entry = leg.pending_update or leg.pending
        if entry is None:
            return
        lines = list(headers)
        if retry_after is not None:
            lines.append(("Retry-After", str(retry_after)))
        is_update = entry is leg.pending_update
        early = leg.early.get(entry.request.sender.tag)
        if early is not None:
            early.offer = early.body  # What held before, holds.
        if is_update:
            leg.pending_update = None
        else:
            leg.pending = None
        tag = leg.dialog.local_tag
        self._book.answer(entry, status, now, tag=tag, reason=reason, headers=lines)
        if leg.state is LegState.INVITED and not is_update:
            self._book.forget(leg)

    def hang_up(self, leg: Leg, reason: str, now: float) -> None:
        """RFC 3261 15: BYE must not overtake the ACK of our 200, so it waits for it."""
        if leg.pending_update is not None:
            self.reject(leg, 487, now)
        if leg.state is LegState.INVITED:
            self.reject(leg, 480, now, reason=reason)
        elif leg.state is LegState.ANSWERED:
            leg.hang_up_reason = reason
        else:
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
        if leg.reliable is not None:
            self._tick_reliable(leg, leg.reliable, now)
        if leg.unacked is None:
            return
        for effect in leg.unacked.tick(now):
            if isinstance(effect, TimedOut):
                self._give_up(leg, now)
            else:
                self._book.send(effect.data, leg.answer_to, leg.dialog.listener)

    def _tick_reliable(self, leg: Leg, reliable: ReliableAnswers, now: float) -> None:
        entry = leg.pending
        for effect in reliable.tick(now):
            if entry is None:
                return
            if isinstance(effect, TimedOut):
                self._refuse_unheard(leg, now)
            else:
                self._book.send(effect.data, entry.to, entry.listener)

    def _refuse_unheard(self, leg: Leg, now: float) -> None:
        """RFC 3262 3: no PRACK in 64·T1, so the caller cannot know how far the call is."""
        if leg.pending_update is not None:
            self.reject(leg, 487, now)
        self.reject(leg, 504, now)
        leg.state = LegState.ENDED
        self._book.emit(Gone(leg.leg_id, GoneWhy.NO_ACK, "no PRACK came"))

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
        data = self._compose_200(leg, entry, body, now)
        self._book.layer.respond(entry, 200, data, now)

    def _compose_200(self, leg: Leg, entry: ServerEntry, body: bytes, now: float) -> bytes:
        if leg.is_early:
            # RFC 4028 9: the timer begins with the 2xx to the INVITE, not with an early UPDATE's.
            return self._compose(leg, entry, 200, body)
        lines = session.agree(leg, entry.request, self._book.options, now)
        return self._compose(leg, entry, 200, body, lines)

    def _compose(
        self, leg: Leg, entry: ServerEntry, status: int, body: bytes, lines: HeaderLines = ()
    ) -> bytes:
        return self._book.compose(
            entry,
            status,
            tag=leg.dialog.local_tag,
            headers=[*self._capabilities(leg, entry), *lines],
            body=body,
            keep_route=True,
        )


def _late_answer(ack: Request) -> bytes:
    """SDP of an ACK or PRACK. A body that cannot be read must not keep it from ending our
    retransmissions."""
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
