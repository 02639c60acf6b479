"""Calls that we make: from dial to the final answer, CANCEL included (RFC 3261 13.2, 9.1).

One call may ring several phones at once, as a forking proxy would make it (RFC 3261 16.7): one
Call-ID, one INVITE for each phone. The first 200 is the answer; the other phones get CANCEL, and
ACK and BYE if they answered too. A refusal counts when nobody is left, a 6xx at once.

A hang-up before the final answer is a race that the peer may win: the CANCEL waits for a
provisional answer, and a 200 that crosses it is acknowledged and ended by BYE. A redirection
(3xx) is a refusal like any other: a phone must not make us call wherever it likes.
"""

from collections.abc import Sequence

from msgspec import structs

from foundation.ids import LegId
from telephony.sip.dialog import Dialog, Target, storable
from telephony.sip.dialogs import session
from telephony.sip.dialogs.in_dialog import InDialog, may_retry
from telephony.sip.dialogs.leg import Branch, EarlyDialog, Leg, LegState
from telephony.sip.dialogs.leg_book import LegBook
from telephony.sip.dialogs.reliable import Rack, read_rseq
from telephony.sip.digest import Credentials, DigestClient
from telephony.sip.events import ELSEWHERE, GoneWhy, HostPort, Progressed, Refused
from telephony.sip.transactions.transaction_layer import ClientEntry, Purpose
from telephony.sip.wording.compose import cancel_reason
from telephony.sip.wording.errors import SipParseError
from telephony.sip.wording.headers import NameAddr
from telephony.sip.wording.message import HeaderLines, Response, clean_text
from telephony.sip.wording.uri import literal_address, make_uri

MAX_LENGTH = "maximum call length"
MAX_EARLY = 8
"Phones behind one INVITE whose early dialogs are kept (a proxy may reach several)."
STRAY_STEP = 100
"""From the number of an INVITE to that of the BYE of an answer that nobody wants: PRACKs have taken
some between, and a number may leap (RFC 3261 12.2.2)."""
_OWN = frozenset(
    ("via", "from", "to", "call-id", "cseq", "max-forwards", "content-type", "authorization")
) | frozenset(("proxy-authorization", "session-expires", "min-se"))
"Headers of an INVITE that are written anew when it is sent again."


class OutgoingLegs:
    """The client side of INVITE dialogs."""

    def __init__(self, book: LegBook, in_dialog: InDialog) -> None:
        self._book = book
        self._in_dialog = in_dialog

    # -- from our user ---------------------------------------------------------------------------

    def dial(
        self,
        leg_id: LegId,
        targets: Sequence[Target],
        now: float,
        *,
        body: bytes,
        sender: str,
        contact_user: str,
        headers: HeaderLines,
        credentials: Credentials | None,
        name: str = "",
    ) -> Leg:
        """INVITE all targets, at least one; each is a phone of the same person.

        sender, name: URI and display name of From.
        """
        call_id = self._book.token() + self._book.token()
        tag = self._book.tag_of(call_id)
        address = NameAddr(sender, name)
        dialog = Dialog(
            call_id=call_id,
            local=str(address.with_tag(tag)),
            local_tag=tag,
            remote=f"<{targets[0].to}>",
        )
        dialog.aim(targets[0])
        leg = Leg(leg_id, LegState.DIALLING, dialog, is_caller=True, local_body=body)
        leg.auth = DigestClient(credentials) if credentials else None
        self._book.add(leg)
        number = dialog.next_seq()
        for target in targets:
            contact = self._book.capabilities(contact_user, target.listener, reliable=bool(body))
            lines = [*contact, *session.ask(leg, self._book.options), *headers]
            leg.branches.append(self._invite(leg, target, number, body, lines, now))
        self._book.keep(leg)
        return leg

    def _invite(
        self,
        leg: Leg,
        target: Target,
        number: int,
        body: bytes,
        headers: HeaderLines,
        now: float,
    ) -> Branch:
        dialog = structs.replace(leg.dialog)
        dialog.aim(target)
        request = self._in_dialog.build(
            leg, "INVITE", number, headers=headers, body=body, dialog=dialog
        )
        entry = self._book.layer.send(
            request,
            target.address,
            target.listener,
            purpose=Purpose.INVITE,
            leg_id=leg.leg_id,
            now=now,
        )
        return Branch(entry, target)

    def hang_up(self, leg: Leg, reason: str, now: float) -> None:
        leg.hang_up_reason = reason
        self._in_dialog.refuse_waiting(leg, now)
        if leg.state is LegState.DIALLING:
            leg.state = LegState.CANCELLING
            for branch in leg.branches:
                self._cancel_when_heard(leg, branch.entry, now)

    def _cancel_when_heard(self, leg: Leg, entry: ClientEntry, now: float) -> None:
        """RFC 3261 9.1: not before a provisional answer; that comes back here."""
        if entry.has_provisional and not entry.is_cancelled:
            self._in_dialog.cancel(entry, cancel_reason(leg.hang_up_reason or ""), now)
            leg.cancel_ends_at = now + self._book.options.timers.give_up
            self._book.rearm(leg)

    def _let_others_go(self, leg: Leg, now: float) -> None:
        """Somebody has decided for all phones; those that still ring stop."""
        others, leg.branches = leg.branches, []
        for branch in others:
            branch.entry.is_lost = True
            self._let_go(branch.entry, now)

    def _let_go(self, entry: ClientEntry, now: float) -> None:
        if entry.has_provisional and not entry.is_cancelled:
            self._in_dialog.cancel(entry, cancel_reason(ELSEWHERE), now)
        self._book.layer.limit(entry, now + self._book.options.timers.give_up)

    def acknowledge(self, leg: Leg, body: bytes) -> None:
        """The ACK with our answer to a late offer."""
        invite, leg.late_offer = leg.late_offer, None
        if invite is None:
            return
        leg.local_body = body
        self._in_dialog.send_ack(leg, invite.cseq.number, body)

    # -- from the network ------------------------------------------------------------------------

    def on_answer(
        self,
        leg: Leg | None,
        entry: ClientEntry,
        response: Response | None,
        source: HostPort,
        now: float,
    ) -> None:
        """News about the first INVITE of a leg, or of one that is gone already."""
        branch = leg.find_branch(entry) if leg is not None else None
        if response is not None and 200 <= response.status < 300:
            self._on_success(leg, branch, entry, response, source, now)
        elif leg is None or branch is None:
            self._on_lost_news(entry, response, now)
        elif response is None:
            self._branch_over(leg, branch, 408, "no answer came")
        elif response.status < 200:
            self._on_provisional(leg, branch, response, source, now)
        else:
            self._on_refusal(leg, branch, response, now)

    def _on_lost_news(self, entry: ClientEntry, response: Response | None, now: float) -> None:
        """A phone that we let go before it had answered at all is heard of."""
        if entry.is_lost and response is not None and response.status < 200:
            entry.has_provisional = True
            self._let_go(entry, now)

    def on_unknown(self, response: Response, source: HostPort, listener: int) -> bool:
        """A 2xx to an INVITE of a process before us that died before its ACK; False: of nothing
        that we have begun.

        Without an ACK the phone repeats it for 32 s and may not even hang up (RFC 3261 15)."""
        is_success = response.cseq.method == "INVITE" and 200 <= response.status < 300
        if not is_success or not self._book.has_begun(response):
            return False
        leg, number = self._book.find_called(response), response.cseq.number
        if leg is None:
            self._end_unknown(response, source, listener)
        elif leg.ack_seq == number:
            self._in_dialog.repeat_ack(leg)
        else:
            self._in_dialog.send_ack(leg, number)
        return True

    def on_unreachable(self, leg: Leg | None, entry: ClientEntry, status: int = 503) -> None:
        """RFC 3261 8.1.3.1: as if a 503 had come; 480 for a phone of ours."""
        branch = leg.find_branch(entry) if leg is not None else None
        if leg is not None and branch is not None:
            self._branch_over(leg, branch, status, "the phone is unreachable")

    def _on_provisional(
        self, leg: Leg, branch: Branch, response: Response, source: HostPort, now: float
    ) -> None:
        branch.entry.has_provisional = True
        self._book.keep(leg, is_urgent=False)
        if leg.state is LegState.CANCELLING:
            self._cancel_when_heard(leg, branch.entry, now)
        elif response.status > 100 and self._is_news(leg, branch, response, source, now):
            leg.remote_body = response.body or leg.remote_body
            self._book.emit(Progressed(leg.leg_id, response.status, response.body))

    def _is_news(
        self, leg: Leg, branch: Branch, response: Response, source: HostPort, now: float
    ) -> bool:
        """False for a reliable answer that came before, or before its turn (RFC 3262 4)."""
        early = self._find_early(leg, branch, response, source)
        rseq = read_rseq(response)
        if early is None:
            return rseq is None
        if rseq is not None and early.rseq and rseq != early.rseq + 1:
            return False
        early.body = response.body or early.body
        if rseq is None:
            return True
        early.rseq = rseq
        early.is_settled = early.is_settled or bool(response.body)
        rack = Rack(rseq, response.cseq.number, "INVITE")
        self._in_dialog.send_prack(leg, early.dialog, rack, now)
        return True

    def _find_early(
        self, leg: Leg, branch: Branch, response: Response, source: HostPort
    ) -> EarlyDialog | None:
        """The early dialog of the phone that answered; None when it has no tag or no place."""
        tag = response.to.tag
        if tag and tag not in leg.early and len(leg.early) < MAX_EARLY and response.contacts:
            early = structs.replace(leg.dialog)
            early.aim(branch.target)
            _enter(early, response, source)
            leg.early[tag] = EarlyDialog(early)
        return leg.early.get(tag)

    def _on_success(
        self,
        leg: Leg | None,
        branch: Branch | None,
        entry: ClientEntry,
        response: Response,
        source: HostPort,
        now: float,
    ) -> None:
        if leg is not None and branch is not None:
            leg.branches.remove(branch)
            self._let_others_go(leg, now)
            leg.dialog.aim(branch.target)
            _enter(leg.dialog, response, source)
            early = self._decide(leg, response.to.tag, now)
            session.take(leg, response, self._book.options, now)
            if leg.state is LegState.CANCELLING:
                self._end_crossed(leg, entry, now)
            else:
                leg.state = LegState.UP
                leg.over_at = None if leg.max_call_s is None else now + leg.max_call_s
                self._in_dialog.acknowledge_offer(leg, entry.request, response, early)
                self._book.rearm(leg)
        elif leg is not None and leg.dialog.remote_tag == response.to.tag:
            if leg.ack_seq == entry.request.cseq.number:
                self._in_dialog.repeat_ack(leg)
        else:
            self._end_fork(entry, response, source, now)

    def _decide(self, leg: Leg, tag: str, now: float) -> EarlyDialog | None:
        """The early dialog of the phone that has answered; those of others are over, and so is what
        one of them has asked for, though our user may still answer it."""
        decided, leg.early = leg.early.get(tag), {}
        update = leg.pending_update
        if update is not None and update.request.sender.tag != tag:
            self._in_dialog.refuse(leg, update, 481, now)
            leg.pending_update = None
            leg.unasked.append(b"")
        return decided

    def _end_crossed(self, leg: Leg, entry: ClientEntry, now: float) -> None:
        """The 200 crossed our CANCEL."""
        self._in_dialog.send_ack(leg, entry.request.cseq.number)
        self._in_dialog.send_bye(leg, leg.hang_up_reason or "", now)
        self._book.end(leg, now)
        self._book.emit(Refused(leg.leg_id, 487, "cancelled"))

    def _end_fork(
        self, entry: ClientEntry, response: Response, source: HostPort, now: float
    ) -> None:
        """A second phone answered the same INVITE (RFC 3261 13.2.2.4): ACK and BYE."""
        invite = entry.request
        dialog = Dialog(
            call_id=invite.call_id,
            local=invite.values("from")[0],
            local_tag=invite.sender.tag,
            remote=invite.values("to")[0],
            remote_target=invite.uri_text,
            local_seq=invite.cseq.number + STRAY_STEP,
            host=entry.to.host,
            port=entry.to.port,
            listener=entry.listener,
        )
        stray = Leg(LegId(""), LegState.CANCELLING, dialog, is_caller=True)
        _enter(dialog, response, source)
        self._in_dialog.send_ack(stray, invite.cseq.number)
        self._in_dialog.send_bye(stray, "", now)

    def _end_unknown(self, response: Response, source: HostPort, listener: int) -> None:
        """A phone was picked up for a call of which nobody knows any more: ACK and BYE.

        They go where the answer came from, and the BYE is sent once, by no transaction: whoever
        has seen an INVITE of ours could have us write to any Contact, and fill our table."""
        dialog = Dialog(
            call_id=response.call_id,
            local=storable(response.values("from")[0]),
            local_tag=response.sender.tag,
            remote=response.values("to")[0],
            remote_target=str(make_uri("", source.host, source.port)),
            local_seq=response.cseq.number + STRAY_STEP,
            listener=listener,
            is_natted=True,
        )
        dialog.learn_target(response)
        _enter(dialog, response, source)
        stray = Leg(LegId(""), LegState.CANCELLING, dialog, is_caller=True)
        self._in_dialog.send_ack(stray, response.cseq.number)
        bye = self._in_dialog.build(stray, "BYE", dialog.next_seq())
        self._book.send(bytes(bye), self._book.ways.next_hop(dialog), listener)

    def _on_refusal(self, leg: Leg, branch: Branch, response: Response, now: float) -> None:
        entry, wanted = branch.entry, leg.state is LegState.DIALLING
        if wanted and may_retry(leg.auth, entry, response):
            self._invite_again(leg, branch, now).retried = True
        elif wanted and session.may_lengthen(leg, response, self._book.options):
            self._invite_again(leg, branch, now).retried = entry.retried
        else:
            if wanted and response.status >= 600:
                leg.branches.remove(branch)
                self._let_others_go(leg, now)
                leg.branches = [branch]
            if leg.branches == [branch]:
                self._in_dialog.refuse_waiting(leg, now)
            self._branch_over(leg, branch, response.status, response.reason)

    def _invite_again(self, leg: Leg, branch: Branch, now: float) -> ClientEntry:
        """The same INVITE with what the refusal asked for: credentials, a longer timer. Somebody is
        there, so the next way is tried only when nothing more comes."""
        leg.silent_until = None
        before = branch.entry.request
        kept = [(name, value) for name, value in before.headers if name.lower() not in _OWN]
        lines = [*kept, *session.ask(leg, self._book.options)]
        number = leg.dialog.next_seq()
        again = self._invite(leg, branch.target, number, before.body, lines, now)
        leg.branches[leg.branches.index(branch)] = again
        self._book.keep(leg)
        return again.entry

    def _branch_over(self, leg: Leg, branch: Branch, status: int, reason: str) -> None:
        """One phone has refused; the call is refused when it was the last."""
        leg.branches.remove(branch)
        if leg.refusal is None or _weight(status) < _weight(leg.refusal[0]):
            leg.refusal = status, reason
        if leg.branches:
            leg.dialog.aim(leg.branches[0].target)
            self._book.keep(leg)
        else:
            self._refused(leg, *leg.refusal)

    def _refused(self, leg: Leg, status: int, reason: str) -> None:
        self._book.forget(leg)
        leg.state = LegState.ENDED
        self._book.emit(Refused(leg.leg_id, status, clean_text(reason)))

    # -- time ------------------------------------------------------------------------------------

    def tick(self, leg: Leg, now: float) -> None:
        if leg.cancel_ends_at is not None and now >= leg.cancel_ends_at:
            # RFC 3261 9.1: the CANCEL was for an INVITE that never gets a final answer.
            for branch in leg.branches:
                self._book.layer.abandon(branch.entry)
            leg.branches = []
            self._refused(leg, 487, "cancelled")
        elif leg.silent_until is not None and now >= leg.silent_until:
            leg.silent_until = None
            self._stop_waiting(leg, now)
        elif leg.over_at is not None and now >= leg.over_at:
            leg.over_at = None
            self._in_dialog.hang_up(leg, MAX_LENGTH, now, GoneWhy.DIALOG_ERROR)

    def _stop_waiting(self, leg: Leg, now: float) -> None:
        """Nobody there has said anything, and there are others to ask (RFC 3263 4.3)."""
        heard = any(branch.entry.has_provisional for branch in leg.branches)
        if leg.state is LegState.DIALLING and not heard:
            self._let_others_go(leg, now)
            self._refused(leg, 408, "no answer came")


def _weight(status: int) -> tuple[bool, int]:
    """Of several phones' refusals the lightest is told (RFC 3261 16.7, step 6): a 6xx, then the
    lowest class; silence says least."""
    return status == 408, 0 if status >= 600 else status // 100


def _enter(dialog: Dialog, response: Response, source: HostPort) -> None:
    """The dialog that an answer to our INVITE makes (RFC 3261 12.1.2)."""
    dialog.remote = storable(response.values("to")[0])
    dialog.remote_tag = response.to.tag
    dialog.route_set = response.routes[::-1]
    before = dialog.remote_target
    dialog.learn_target(response)
    dialog.is_natted = dialog.is_natted and dialog.remote_target == before
    if not dialog.is_natted:
        dialog.is_natted = _is_natted(dialog, source)
    dialog.host, dialog.port = source.host, source.port


def _is_natted(dialog: Dialog, source: HostPort) -> bool:
    """The phone answered from the address we called, but its Contact names a private one."""
    if dialog.route_set or dialog.peer != source:
        return False
    try:
        host = literal_address(NameAddr(dialog.remote_target).uri.host)
    except SipParseError:
        return True
    return host is None or host != source.host
