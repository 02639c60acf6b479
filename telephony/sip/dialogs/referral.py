"""REFER inside a dialog (RFC 3515): the peer asks us to hand the call over, and hears how it went.

    REFER ─▶ WAITING ── accept ──▶ REPORTING ── notify, final ──▶ (none)
               │ 202, NOTIFY 100      │  │ a NOTIFY refused or unanswered ──▶ (none)
               │                      │  └ `REPORT_FOR_S` over: NOTIFY 408 ──▶ (none)
               └─ refuse, or `ANSWER_WITHIN_S` over ──▶ (none)

One at a time for each leg, another one gets 491. Who asked for no reports (`Refer-Sub: false`,
RFC 4488) gets none. All of it ends with the dialog; nothing here ends the dialog.
"""

from telephony.sip.dialogs.in_dialog import InDialog
from telephony.sip.dialogs.leg import Leg, LegState, Referral
from telephony.sip.dialogs.leg_book import LegBook
from telephony.sip.events import Dropped, Referred
from telephony.sip.transactions.transaction_layer import ClientEntry, Purpose, ServerEntry
from telephony.sip.wording.compose import REASONS, one_line
from telephony.sip.wording.errors import SipParseError
from telephony.sip.wording.message import Response
from telephony.sip.wording.refer_to import read_refer_to
from telephony.sip.wording.replaces import Replaces

ANSWER_WITHIN_S = 20.0
"The peer's timer F gives up after 32 s (RFC 4320)."
REPORT_FOR_S = 180.0
"What we grant the subscription; longer than anything of ours rings."
SIPFRAG = "message/sipfrag;version=2.0"


class Referrals:
    """Takes the peers' REFERs, and reports on them."""

    def __init__(self, book: LegBook, in_dialog: InDialog) -> None:
        self._book = book
        self._in_dialog = in_dialog

    # -- what the peer asks ----------------------------------------------------------------------

    def refer(self, leg: Leg, entry: ServerEntry, now: float) -> None:
        if not self._in_dialog.admit(leg, entry, now):
            return
        if leg.state not in (LegState.ANSWERED, LegState.UP):
            self._in_dialog.refuse(leg, entry, 481, now)
        elif leg.referral is not None:
            self._in_dialog.refuse(leg, entry, 491, now)
        else:
            self._take(leg, entry, now)
        self._book.keep(leg)
        self._book.rearm(leg)

    def _take(self, leg: Leg, entry: ServerEntry, now: float) -> None:
        try:
            to = read_refer_to(entry.request)
        except SipParseError as error:
            self._in_dialog.refuse(leg, entry, error.sip_status, now)
            return
        replaced = self._find(to.replaces, leg) if to.replaces else None
        is_silent = (entry.request.find("refer-sub") or "").strip().lower() == "false"
        ends_at = now + ANSWER_WITHIN_S
        leg.referral = Referral(entry.request.cseq.number, ends_at, entry, is_silent)
        self._book.emit(
            Referred(
                leg.leg_id,
                to.user,
                to.host,
                replaces=replaced.leg_id if replaced else None,
                is_replaces_unknown=to.replaces is not None and replaced is None,
            )
        )

    def _find(self, replaces: Replaces, asking: Leg) -> Leg | None:
        """RFC 3891 3, as if the INVITE that we are asked to send came to ourselves."""
        leg = self._book.find_replaced(replaces)
        over = (LegState.ENDED, LegState.CANCELLING)
        return None if leg is None or leg is asking or leg.state in over else leg

    # -- from our user ---------------------------------------------------------------------------

    def accept(self, leg: Leg, now: float) -> None:
        """202, and the report that it is being tried (RFC 3515 2.4.4)."""
        referral = leg.referral
        if referral is None or referral.waiting is None:
            return
        entry, referral.waiting = referral.waiting, None
        referral.ends_at = now + REPORT_FOR_S
        headers = [("Contact", self._contact(leg))]
        if referral.is_silent:
            headers.append(("Refer-Sub", "false"))
        self._book.answer(entry, 202, now, tag=leg.dialog.local_tag, headers=headers)
        self.notify(leg, 100, "", now)

    def refuse(self, leg: Leg, status: int, now: float) -> None:
        """The final answer to the REFER, or the report of its failure when it was accepted."""
        referral = leg.referral
        if referral is None:
            return
        if referral.waiting is None:
            self.notify(leg, status, "", now)
            return
        self._in_dialog.refuse(leg, referral.waiting, status, now)
        self._end(leg)

    def notify(self, leg: Leg, status: int, reason: str, now: float) -> None:
        """Report how it goes; a final status is the last report."""
        referral = leg.referral
        if referral is None:
            return
        if referral.waiting is not None:
            self.accept(leg, now)
        if status >= 200:
            self._end(leg)
        elif referral.report is not None:
            # The report before is not answered yet; of those that wait for it the last one counts.
            referral.unreported = status, reason
            return
        if not referral.is_silent:
            self._send(leg, referral, status, reason, now)
        self._book.keep(leg)
        self._book.rearm(leg)

    def _end(self, leg: Leg) -> None:
        leg.referral = None
        self._book.keep(leg)
        self._book.rearm(leg)

    # -- writing ---------------------------------------------------------------------------------

    def _send(self, leg: Leg, referral: Referral, status: int, reason: str, now: float) -> None:
        left_s = max(0, round(referral.ends_at - now))
        state = f"active;expires={left_s}" if status < 200 else "terminated;reason=noresource"
        headers = [
            ("Contact", self._contact(leg)),
            # RFC 3515 2.4.6: `id` keeps a second REFER in the same dialog apart from the first.
            ("Event", f"refer;id={referral.cseq}"),
            ("Subscription-State", state),
            ("User-Agent", self._book.options.server),
        ]
        phrase = one_line(reason) or REASONS.get(status, "Unknown")
        request = self._in_dialog.build(
            leg,
            "NOTIFY",
            leg.dialog.next_seq(),
            headers=headers,
            body=f"SIP/2.0 {status} {phrase}\r\n".encode("utf-8", "replace"),
            content_type=SIPFRAG,
        )
        referral.report = self._book.layer.send(
            request,
            self._book.ways.next_hop(leg.dialog),
            leg.dialog.listener,
            purpose=Purpose.NOTIFY,
            leg_id=leg.leg_id,
            now=now,
        )

    def _contact(self, leg: Leg) -> str:
        return self._book.contact("", leg.dialog.listener)

    # -- what the peer answers, and time ---------------------------------------------------------

    def on_notify_answer(
        self, leg: Leg, entry: ClientEntry, response: Response | None, now: float
    ) -> None:
        """RFC 3515 2.4.7: who refuses a report, or does not answer it, gets no more of them."""
        referral = leg.referral
        is_awaited = referral is not None and referral.report is entry
        proved = None
        if response is not None and (is_awaited or _is_last(entry)):
            proved = self._in_dialog.prove(leg, entry, response, now)
        if referral is None or not is_awaited:
            return
        if response is not None and response.status < 200:
            return
        referral.report = proved
        if proved is not None:
            return
        if response is None or response.status >= 300:
            self._book.emit(Dropped("refused-report", entry.to))
            self._end(leg)
        elif referral.unreported is not None:
            (status, reason), referral.unreported = referral.unreported, None
            self.notify(leg, status, reason, now)

    def tick(self, leg: Leg, now: float) -> None:
        referral = leg.referral
        if referral is None or now < referral.ends_at:
            return
        if referral.waiting is not None:
            self.refuse(leg, 503, now)
        else:
            self.notify(leg, referral.status_at_end, "", now)


def _is_last(report: ClientEntry) -> bool:
    return (report.request.find("subscription-state") or "").startswith("terminated")
