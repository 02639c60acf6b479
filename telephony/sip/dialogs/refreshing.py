"""Keeping a session alive, and giving up one whose peer has vanished (RFC 4028 10).

When it is time is told by `session_timer`; this asks the peer, and hears what it says to an UPDATE.
The answer to a re-INVITE that only refreshes is `in_dialog`'s, as that of any other.
"""

from telephony.sip.dialogs import session
from telephony.sip.dialogs.in_dialog import InDialog, is_offering
from telephony.sip.dialogs.leg import Leg
from telephony.sip.dialogs.leg_book import LegBook
from telephony.sip.dialogs.session_timer import Due
from telephony.sip.events import GoneWhy
from telephony.sip.transactions.transaction_layer import ClientEntry, Purpose
from telephony.sip.wording.message import Response

EXPIRED = "session timer expired"


class Refreshes:
    """Our side of the session timers of dialogs that are up."""

    def __init__(self, book: LegBook, in_dialog: InDialog) -> None:
        self._book = book
        self._in_dialog = in_dialog

    def tick(self, leg: Leg, now: float) -> None:
        match leg.session.tick(now) if leg.session is not None else None:
            case Due.EXPIRED:
                self._in_dialog.hang_up(leg, EXPIRED, now, GoneWhy.DIALOG_ERROR)
            case Due.REFRESH:
                self._refresh_peer(leg, now)
            case None:
                pass

    def _refresh_peer(self, leg: Leg, now: float) -> None:
        """By UPDATE where the peer takes it, since that cannot disturb what was negotiated; by
        re-INVITE only when no offer is open that could change what our SDP has to say."""
        if leg.allows_update or not leg.local_body:
            if leg.update is None:
                self._update(leg, now)
        elif leg.wanted_offer is None and not is_offering(leg):
            self._in_dialog.reinvite(leg, leg.local_body, now, refreshes=True)

    def _update(self, leg: Leg, now: float) -> None:
        contact = self._book.capabilities("", leg.dialog.listener)
        headers = [*contact, *session.ask(leg, self._book.options)]
        number = leg.dialog.next_seq()
        request = self._in_dialog.build(leg, "UPDATE", number, headers=headers)
        leg.update = self._in_dialog.send(leg, request, Purpose.UPDATE, now)
        self._book.keep(leg)

    def on_update_answer(
        self,
        leg: Leg,
        entry: ClientEntry,
        response: Response | None,
        now: float,
        *,
        missing: int = 408,
    ) -> None:
        """missing: what no answer counts as; 503 when the connection broke, and the timer is to try
        again on another."""
        status = missing if response is None else response.status
        if status < 200 or leg.update is not entry:
            return
        leg.update = None
        if status in (408, 481):
            self._in_dialog.hang_up(leg, "", now, GoneWhy.DIALOG_ERROR)
        elif response is None:
            pass
        elif status < 300:
            leg.dialog.learn_target(response)
            session.take(leg, response, self._book.options, now)
        elif (again := self._in_dialog.prove(leg, entry, response, now)) is not None:
            leg.update = again
        elif status == 422:
            session.lengthen(leg, response, self._book.options, now)
        elif status != 491:
            # Whatever it has against it: the timer tries again, by re-INVITE.
            leg.allows_update = False
        self._book.keep(leg)
        self._book.rearm(leg)
