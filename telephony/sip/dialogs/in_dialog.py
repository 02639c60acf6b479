"""Requests inside a dialog, both ways: BYE, INFO, UPDATE, re-INVITE, OPTIONS; REFER is in
`referral`, PRACK in `uas`, what keeps a session alive in `refreshing`.

RFC 3261 12.2, 14, 15: the same for a leg that called us and one that we called.
Glare, two re-INVITEs at once, is refused with 491; our own is tried again as RFC 3261 14.1 says.
"""

import re

from telephony.sip.dialog import Dialog
from telephony.sip.dialogs import session
from telephony.sip.dialogs.leg import EarlyDialog, Leg, LegState
from telephony.sip.dialogs.leg_book import LegBook
from telephony.sip.dialogs.reliable import Rack
from telephony.sip.dialogs.screening import options_headers
from telephony.sip.digest import DigestClient
from telephony.sip.events import (
    Answered,
    Cancelled,
    Gone,
    GoneWhy,
    InfoDigit,
    Reoffered,
    ReofferRefused,
)
from telephony.sip.transactions.transaction import State
from telephony.sip.transactions.transaction_layer import ClientEntry, Purpose, ServerEntry
from telephony.sip.wording.compose import SDP, reason_line
from telephony.sip.wording.errors import SipParseError
from telephony.sip.wording.message import HeaderLines, Request, Response, clean_text

MAX_GLARE = 6
USUAL_WAITS, MOST_DOUBLINGS = 6, 4
"""An offer of ours that finds another one open so many times waits longer each time, so many times
twice as long: nobody but our user can be what keeps it."""
NORMAL, TIMED_OUT = 16, 102
"Causes of Q.850: normal call clearing, recovery on timer expiry."
KEY_MS = 100
DTMF_TYPES = ("application/dtmf-relay", "application/dtmf")
_WRITTEN_ANEW = frozenset(
    ("via", "route", "max-forwards", "from", "to", "call-id", "cseq", "content-type")
) | frozenset(("authorization", "proxy-authorization"))
"Headers of a request that is asked again with credentials."
_SIGNAL = re.compile(rb"^\s*Signal\s*=\s*(\S+)", re.IGNORECASE | re.MULTILINE)
_DIGIT_NAMES = {"10": "*", "11": "#", "12": "A", "13": "B", "14": "C", "15": "D"}


class InDialog:
    """Takes and makes the requests of dialogs that exist."""

    def __init__(self, book: LegBook) -> None:
        self._book = book

    # -- what the peer asks ----------------------------------------------------------------------

    def receive(self, leg: Leg, entry: ServerEntry, now: float) -> None:
        """A new request of the peer, screened already."""
        request = entry.request
        if not self.admit(leg, entry, now):
            return
        match request.method:
            case "BYE":
                self._on_bye(leg, entry, now)
            case "INFO":
                self._on_info(leg, entry, now)
            case "OPTIONS":
                headers = options_headers()
                self._book.answer(entry, 200, now, tag=leg.dialog.local_tag, headers=headers)
            case "INVITE" | "UPDATE":
                self._on_offer(leg, entry, now)
            case "NOTIFY":
                # We never subscribe to anything (RFC 6665 4.1.3, 7.3.2).
                self.refuse(leg, entry, 489, now)
            case _:
                self.refuse(leg, entry, 405, now)
        self._book.keep(leg)
        self._book.rearm(leg)

    def admit(self, leg: Leg, entry: ServerEntry, now: float) -> bool:
        """False for a request that is out of order; it was answered (RFC 3261 12.2.2)."""
        entry.leg_id = leg.leg_id
        if leg.is_early and leg.is_caller:
            # Which of several phones that ring will be the peer is not known yet, and each of them
            # counts for itself.
            return True
        number = entry.request.cseq.number
        if number < leg.dialog.remote_seq:
            self.refuse(leg, entry, 500, now, headers=self._retry_after())
            return False
        leg.dialog.remote_seq = number
        if self._book.ways.is_stream(entry.listener):
            self._follow(leg, entry)
        return True

    def _follow(self, leg: Leg, entry: ServerEntry) -> None:
        """The peer talks on this connection now; the one before may be gone."""
        dialog = leg.dialog
        dialog.host, dialog.port = entry.source.host, entry.source.port
        dialog.listener = entry.listener

    def _on_bye(self, leg: Leg, entry: ServerEntry, now: float) -> None:
        book = self._book
        if leg.is_early and leg.is_caller:
            self.refuse(leg, entry, 481, now)
            return
        self.refuse_waiting(leg, now)
        if leg.state is not LegState.ENDED:
            self._end_by_peer(leg, entry.request, now)
        # Only now: of an end that its user may not have noted the peer is to speak again.
        book.answer(entry, 200, now, tag=leg.dialog.local_tag)

    def _end_by_peer(self, leg: Leg, bye: Request, now: float) -> None:
        was_early = leg.is_early
        self._book.let_go(leg, now)
        self._book.forget(leg)
        leg.state = LegState.ENDED
        reason = clean_text(bye.find("reason") or "")
        gone = Gone(leg.leg_id, GoneWhy.BYE, reason)
        self._book.emit(Cancelled(leg.leg_id) if was_early else gone)

    def _on_info(self, leg: Leg, entry: ServerEntry, now: float) -> None:
        request = entry.request
        if leg.state is LegState.ENDED:
            self.refuse(leg, entry, 481, now)
            return
        if request.body and request.content_type not in DTMF_TYPES:
            headers = [("Accept", ", ".join(DTMF_TYPES))]
            self.refuse(leg, entry, 415, now, headers=headers)
            return
        digit = read_digit(request) if request.body else None
        if digit == "":
            self.refuse(leg, entry, 400, now, reason="No Digit In The Body")
            return
        self._book.answer(entry, 200, now, tag=leg.dialog.local_tag)
        if digit:
            self._book.emit(InfoDigit(leg.leg_id, digit))

    def _on_offer(self, leg: Leg, entry: ServerEntry, now: float) -> None:
        """A re-INVITE, or an UPDATE with or without an offer (RFC 3261 14.2, RFC 3311 5.2)."""
        request = entry.request
        is_invite = request.method == "INVITE"
        if is_invite and leg.answer and request.cseq.number == leg.invite_seq:
            # The INVITE that we, or the process before us, answered already.
            self._book.layer.respond(entry, 200, leg.answer, now)
        elif leg.state is LegState.ENDED:
            self.refuse(leg, entry, 481, now)
        elif not is_invite and not request.body:
            self._refresh(leg, entry, now)
        elif leg.state is LegState.INVITED and not is_invite:
            self._on_early_update(leg, entry, now)
        elif leg.state is LegState.DIALLING and not is_invite:
            self._on_ringing_update(leg, entry, now)
        elif leg.pending is not None:
            self.refuse(leg, entry, 500, now, headers=self._retry_after())
        elif leg.branches or leg.invite or leg.unacked or leg.late_offer:
            self.refuse(leg, entry, 491, now)
        else:
            leg.pending = entry
            if is_invite:
                self._book.answer(entry, 100, now, tag="")
            self._book.emit(Reoffered(leg.leg_id, request.body))

    def _on_early_update(self, leg: Leg, entry: ServerEntry, now: float) -> None:
        """RFC 3311 5.2: 491 while our offer waits for its answer, 500 while the peer's does."""
        reliable = leg.reliable
        if reliable is not None and reliable.sdp_is_known and leg.pending_update is None:
            leg.pending_update = entry
            self._book.emit(Reoffered(leg.leg_id, entry.request.body))
        elif reliable is not None and reliable.sdp_is_out and not reliable.has_offer:
            self.refuse(leg, entry, 491, now)
        else:
            self.refuse(leg, entry, 500, now, headers=self._retry_after())

    def _on_ringing_update(self, leg: Leg, entry: ServerEntry, now: float) -> None:
        """RFC 3311 5.2, of a phone that we ring: networks move early media so, from one
        announcement to the next or to the ringing tone.

        While our INVITE's offer has no reliable answer of this phone it is still open: 491. Of
        several phones that have described themselves, the talk can follow one only, and which one
        is decided by the 200: 491, too, and the phone asks again then."""
        early = leg.early.get(entry.request.sender.tag)
        described = [each for each in leg.early.values() if each.body]
        if leg.pending_update is not None or leg.unasked:
            self.refuse(leg, entry, 500, now, headers=self._retry_after())
        elif early is None or not early.is_settled or described != [early]:
            self.refuse(leg, entry, 491, now)
        else:
            leg.pending_update = entry
            early.offer = entry.request.body
            self._book.emit(Reoffered(leg.leg_id, early.offer))

    def _refresh(self, leg: Leg, entry: ServerEntry, now: float) -> None:
        """An UPDATE without offer, which may come early too; which of several phones that ring
        will be the peer is not known before the 200."""
        headers = self._book.capabilities("", leg.dialog.listener)
        if not (leg.is_early and leg.is_caller):
            leg.dialog.follow(entry.request, entry.source)
            leg.learn_abilities(entry.request)
        if not leg.is_early:
            headers += session.agree(leg, entry.request, self._book.options, now)
        self._book.answer(entry, 200, now, tag=leg.dialog.local_tag, headers=headers)

    def refuse(
        self,
        leg: Leg,
        entry: ServerEntry,
        status: int,
        now: float,
        *,
        reason: str = "",
        headers: HeaderLines = (),
    ) -> None:
        tag = leg.dialog.local_tag
        self._book.answer(entry, status, now, tag=tag, reason=reason, headers=headers)

    def refuse_waiting(self, leg: Leg, now: float) -> None:
        """The dialog ends, and with it whatever the peer has asked for (RFC 3261 15.1.2)."""
        refer = leg.referral.waiting if leg.referral else None
        for waiting in (refer, leg.pending_update, leg.pending):
            if waiting is not None:
                self.refuse(leg, waiting, 487, now)
        leg.referral = leg.pending_update = leg.pending = None

    def _retry_after(self) -> HeaderLines:
        return [("Retry-After", str(round(self._book.random.uniform(0, 10))))]

    # -- what we ask -----------------------------------------------------------------------------

    def build(
        self,
        leg: Leg,
        method: str,
        number: int,
        *,
        headers: HeaderLines = (),
        body: bytes = b"",
        content_type: str = SDP,
        dialog: Dialog | None = None,
    ) -> Request:
        """dialog: of an early phone, before one of them is the peer."""
        dialog = dialog or leg.dialog
        uri, routes = dialog.request_line()
        lines = [
            ("Via", self._book.via(dialog.listener)),
            *routes,
            ("Max-Forwards", "70"),
            ("From", dialog.local),
            ("To", dialog.remote),
            ("Call-ID", dialog.call_id),
            ("CSeq", f"{number} {method}"),
            *headers,
        ]
        if leg.auth is not None:
            # RFC 3261 22.1: an ACK repeats the INVITE's credentials.
            signed = "INVITE" if method == "ACK" else method
            lines += leg.auth.answer(signed, uri, self._book.token())
        if body:
            lines.append(("Content-Type", content_type))
        return Request(method, uri, lines, body)

    def hang_up(self, leg: Leg, reason: str, now: float, why: GoneWhy = GoneWhy.OURS) -> None:
        """Send BYE and tell the end of a leg that was up."""
        self.refuse_waiting(leg, now)
        self.send_bye(leg, reason, now, NORMAL if why is GoneWhy.OURS else TIMED_OUT)
        self._book.end(leg, now)
        self._book.emit(Gone(leg.leg_id, why, reason))

    def send_bye(self, leg: Leg, reason: str, now: float, cause: int = NORMAL) -> None:
        headers = [("User-Agent", self._book.options.server)]
        if reason:
            headers += reason_line("Q.850", cause, reason)
        request = self.build(leg, "BYE", leg.dialog.next_seq(), headers=headers)
        self.send(leg, request, Purpose.BYE, now)

    def press(self, leg: Leg, digit: str, now: float) -> None:
        """One key by INFO; whatever the answer, the call goes on."""
        body = f"Signal={digit}\r\nDuration={KEY_MS}\r\n".encode()
        number, kind = leg.dialog.next_seq(), DTMF_TYPES[0]
        request = self.build(leg, "INFO", number, body=body, content_type=kind)
        self.send(leg, request, Purpose.INFO, now)
        self._book.keep(leg)

    def reoffer(self, leg: Leg, body: bytes, now: float) -> None:
        """re-INVITE now, or as soon as nothing else is being offered; of two that wait the later
        one counts."""
        if is_offering(leg):
            self._offer_later(leg, body, now)
        else:
            leg.wanted_offer, leg.reoffer_at, leg.reoffer_waits = None, None, 0
            self.reinvite(leg, body, now, refreshes=False)
        self._book.rearm(leg)

    def reinvite(self, leg: Leg, body: bytes, now: float, *, refreshes: bool) -> None:
        leg.is_refreshing = refreshes
        capabilities = self._book.capabilities("", leg.dialog.listener)
        headers = [*capabilities, *session.ask(leg, self._book.options)]
        number = leg.dialog.next_seq()
        request = self.build(leg, "INVITE", number, headers=headers, body=body)
        leg.local_body = body or leg.local_body
        leg.invite = self.send(leg, request, Purpose.REINVITE, now)
        leg.reinvite_ends_at = now + self._book.options.timers.give_up
        self._book.keep(leg)

    def cancel(self, entry: ClientEntry, reason: HeaderLines, now: float) -> None:
        entry.is_cancelled = True
        invite = entry.request
        headers = [
            ("Via", invite.values("via")[0]),
            *(("Route", item) for item in invite.values("route")),
            ("Max-Forwards", "70"),
            ("From", invite.values("from")[0]),
            ("To", invite.values("to")[0]),
            ("Call-ID", invite.call_id),
            ("CSeq", f"{invite.cseq.number} CANCEL"),
            *reason,
        ]
        self._book.layer.send(
            Request("CANCEL", invite.uri_text, headers),
            entry.to,
            entry.listener,
            purpose=Purpose.CANCEL,
            leg_id=entry.leg_id,
            now=now,
        )

    def _offer_later(self, leg: Leg, body: bytes, now: float) -> None:
        """RFC 3261 14.1: who owns the Call-ID waits longer, so that the two do not meet again."""
        low, high = (2.1, 4.0) if leg.is_caller else (0.0, 2.0)
        doublings = min(max(0, leg.reoffer_waits - USUAL_WAITS), MOST_DOUBLINGS)
        leg.wanted_offer, leg.reoffer_waits = body, leg.reoffer_waits + 1
        leg.reoffer_at = now + round(self._book.random.uniform(low, high) * 2**doublings, 2)

    def tick(self, leg: Leg, now: float) -> None:
        if leg.reoffer_at is not None and now >= leg.reoffer_at:
            leg.reoffer_at = None
            if leg.wanted_offer is not None:
                self.reoffer(leg, leg.wanted_offer, now)
        if leg.reinvite_ends_at is not None and now >= leg.reinvite_ends_at:
            leg.reinvite_ends_at = None
            self._stop_reinvite(leg, now)

    def _stop_reinvite(self, leg: Leg, now: float) -> None:
        """RFC 3261 17.1.1.2: after a provisional answer no timer ends it any more, so a CANCEL
        does (9.1), and if not even that brings a final answer, it counts as 408."""
        if leg.invite is not None and leg.invite.machine.state is State.PROCEEDING:
            self.cancel(leg.invite, [], now)
            self._book.let_go(leg, now)

    def send(
        self,
        leg: Leg,
        request: Request,
        purpose: Purpose,
        now: float,
        dialog: Dialog | None = None,
    ) -> ClientEntry:
        dialog = dialog or leg.dialog
        return self._book.layer.send(
            request,
            self._book.ways.next_hop(dialog),
            dialog.listener,
            purpose=purpose,
            leg_id=leg.leg_id,
            now=now,
        )

    def prove(
        self, leg: Leg, entry: ClientEntry, response: Response, now: float
    ) -> ClientEntry | None:
        """Ask the same with the credentials that the answer wants (RFC 3261 22.2); None: it wants
        none, or we have no others."""
        is_over = leg.state is LegState.ENDED and entry.purpose is not Purpose.BYE
        if is_over or not may_retry(leg.auth, entry, response):
            return None
        asked, method = entry.request, entry.request.method
        early = leg.early.get(asked.to.tag)
        dialog = early.dialog if early is not None else leg.dialog
        headers = [pair for pair in asked.headers if pair[0].lower() not in _WRITTEN_ANEW]
        number = leg.dialog.next_seq()
        again = self.build(
            leg, method, number, headers=headers, body=asked.body,
            content_type=asked.find("content-type") or "", dialog=dialog,
        )  # fmt: skip
        sent = self.send(leg, again, entry.purpose, now, dialog)
        sent.retried = True
        self._book.keep(leg)
        return sent

    # -- what the peer answers -------------------------------------------------------------------

    def on_bye_answer(self, leg: Leg, entry: ClientEntry, response: Response, now: float) -> None:
        if response.status < 200:
            return
        if self.prove(leg, entry, response, now) is None:
            self._book.forget(leg)

    def on_reinvite_answer(
        self,
        leg: Leg,
        entry: ClientEntry,
        response: Response | None,
        now: float,
        *,
        missing: int = 408,
    ) -> None:
        """missing: what no answer counts as; 503 when the connection broke, and a new one may come:
        then the dialog goes on."""
        status = missing if response is None else response.status
        if status < 200 or leg.state is LegState.ENDED:
            return
        if leg.invite is entry:
            leg.invite = leg.reinvite_ends_at = None
        if response is not None and status < 300:
            self._on_accepted(leg, entry, response, now)
        elif response is not None and may_retry(leg.auth, entry, response):
            self.reinvite(leg, entry.request.body, now, refreshes=leg.is_refreshing)
            if leg.invite is not None:
                leg.invite.retried = True
        elif status == 491 and not leg.is_refreshing and leg.glare_count < MAX_GLARE:
            leg.glare_count += 1
            newest = entry.request.body if leg.wanted_offer is None else leg.wanted_offer
            self._offer_later(leg, newest, now)
        elif status in (408, 481):
            # RFC 3261 12.2.1.2: the dialog is broken, and the peer may not know it.
            self.hang_up(leg, "", now, GoneWhy.DIALOG_ERROR)
        else:
            leg.glare_count = 0
            if not leg.is_refreshing:
                self._book.emit(ReofferRefused(leg.leg_id, status))
            elif response is not None:
                # Anything else than 422 leaves the session as it is; the timer tries again.
                session.lengthen(leg, response, self._book.options, now)
        self._book.rearm(leg)

    def _on_accepted(self, leg: Leg, entry: ClientEntry, response: Response, now: float) -> None:
        leg.glare_count = 0
        leg.dialog.learn_target(response)
        session.take(leg, response, self._book.options, now)
        if leg.is_refreshing:
            leg.is_refreshing = False
            is_news = response.body not in (b"", leg.remote_body)
            leg.remote_body = response.body or leg.remote_body
            self.send_ack(leg, entry.request.cseq.number)
            if is_news:
                # Our user has asked for no answer, and takes up what is new as an offer.
                leg.unasked.append(b"")
                self._book.emit(Reoffered(leg.leg_id, response.body))
        else:
            self.acknowledge_offer(leg, entry.request, response)

    def acknowledge_offer(
        self, leg: Leg, invite: Request, response: Response, early: EarlyDialog | None = None
    ) -> None:
        """Tell a 2xx and send its ACK; a late offer's ACK waits for our answer.

        early: has SDP that the peer sent provisionally and need not repeat (RFC 3262 5), or, by
        UPDATE, changed since: then a 2xx that repeats the older one brings nothing new.
        """
        body = response.body
        if early is not None:
            body = early.offer or body or early.body
        leg.remote_body = body or leg.remote_body
        if invite.body or not response.body:
            self.send_ack(leg, invite.cseq.number)
        else:
            leg.late_offer = invite
            self._book.keep(leg)
        self._book.emit(Answered(leg.leg_id, body))

    def send_ack(self, leg: Leg, number: int, body: bytes = b"") -> None:
        """RFC 3261 13.2.2.4: the ACK of a 2xx goes end to end and is kept for repeats.

        number: CSeq of the INVITE."""
        leg.ack = bytes(self.build(leg, "ACK", number, body=body))
        leg.ack_seq = number
        self._book.keep(leg)
        self.repeat_ack(leg)

    def send_prack(self, leg: Leg, early: Dialog, rack: Rack, now: float) -> None:
        """RFC 3262 4: a request like any other in the early dialog."""
        headers = [("RAck", str(rack))]
        number = leg.dialog.next_seq()
        request = self.build(leg, "PRACK", number, headers=headers, dialog=early)
        self.send(leg, request, Purpose.PRACK, now, early)
        self._book.keep(leg)

    def repeat_ack(self, leg: Leg) -> None:
        self._book.send(leg.ack, self._book.ways.next_hop(leg.dialog), leg.dialog.listener)


def is_offering(leg: Leg) -> bool:
    """An offer of either side is open, or the dialog is not up yet."""
    asked = leg.pending or leg.pending_update
    is_open = asked or leg.invite or leg.unacked or leg.late_offer
    return leg.state is not LegState.UP or bool(is_open)


def may_retry(auth: DigestClient | None, entry: ClientEntry, response: Response) -> bool:
    """The peer wants credentials, and has not refused ours for this request yet; whoever asks again
    does so at once, so that each request is proved by the challenge that it got itself."""
    if response.status not in (401, 407) or auth is None or entry.retried:
        return False
    name = "www-authenticate" if response.status == 401 else "proxy-authenticate"
    try:
        return auth.take(response.status, response.values(name), is_first=True)
    except SipParseError:
        return False


def read_digit(request: Request) -> str:
    """The key of an INFO; '' when there is none (`Signal=5` or just `5`)."""
    if request.content_type == "application/dtmf-relay":
        found = _SIGNAL.search(request.body)
        text = found[1].decode("ascii", "replace") if found else ""
    else:
        text = request.body.strip().decode("ascii", "replace")
    text = _DIGIT_NAMES.get(text, text.upper())
    return text if len(text) == 1 and text in "0123456789*#ABCD" else ""
