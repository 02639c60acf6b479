"""Dialogs of a phone whose connection broke: they go on where it has registered since.

A browser's phone, or one behind a NAT, cannot be connected to. It comes back by itself, registers,
and goes on with its talk, whose audio needs no connection; of the end of that talk it would never
hear on the old one. (RFC 5626 4.3: `ob` in its Contact asks for just this.)

Rule 1: only dialogs of the one who has proved who he is, and of the same Contact.
Rule 2: a connection that works is not left, unless this one is registered in its place.
"""

from telephony.sip.dialogs.in_dialog import InDialog
from telephony.sip.dialogs.leg import Leg, LegState
from telephony.sip.dialogs.leg_book import LegBook
from telephony.sip.ways import Move
from telephony.sip.wording.errors import SipParseError
from telephony.sip.wording.headers import NameAddr
from telephony.sip.wording.uri import parse_uri


class Reconnecting:
    """What follows for legs from a REGISTER on another connection."""

    def __init__(self, book: LegBook, in_dialog: InDialog) -> None:
        self._book = book
        self._in_dialog = in_dialog

    def follow(self, aor: str, move: Move, now: float) -> None:
        """aor: the user part of who has registered."""
        for leg in self._book.legs():
            if self._is_lost(leg, move) and _is_of(leg, aor, move.contact):
                self._go_on(leg, move, now)

    def _is_lost(self, leg: Leg, move: Move) -> bool:
        dialog, ways = leg.dialog, self._book.ways
        if not ways.is_stream(dialog.listener) or dialog.route_set:
            return False
        flow = dialog.listener, dialog.peer
        return flow != move.now and (flow == move.before or not ways.is_open(*flow))

    def _go_on(self, leg: Leg, move: Move, now: float) -> None:
        dialog = leg.dialog
        dialog.listener, peer = move.now
        dialog.host, dialog.port = peer
        if leg.unacked is not None:
            leg.answer_to = peer
        if leg.state is LegState.ENDED:
            # Still kept, so our BYE has no answer: it was lost with the connection.
            self._in_dialog.send_bye(leg, "", now)
        self._book.keep(leg)


def _is_of(leg: Leg, aor: str, contact: str) -> bool:
    if leg.is_caller and leg.is_early:
        return False  # Where it rings is for its INVITE.
    try:
        is_theirs = NameAddr.parse(leg.dialog.remote).uri.user == aor
        target = parse_uri(leg.dialog.remote_target)
    except SipParseError:  # A caller may be no SIP address; such a one is no phone of ours.
        return False
    return is_theirs and target.identity() == parse_uri(contact).identity()
