"""Who speaks: what may be known of a sender before anything is done for it. No I/O, no clock.

    INVITE ── from `callers` or a phone of ours ─▶ a call
        └── from a stranger ─▶ a call too, which those above refuse and write down, but only
                               `strangers_per_minute` of them; then 403, and nothing is kept
    in a dialog, CANCEL ── from where its peer is ─▶ done
        └── from anywhere else ─▶ as if there were no such dialog

A tag is no secret to whoever sees the packets of a call, and over UDP anybody can write one: it
takes the peer's address too to end a call. That is not proof, only one more thing to forge. What a
peer sends from, besides its last address: what its Contact and its Record-Routes name, where it is
registered as a phone of ours, and the other addresses of the trunks when it is one of them.
"""

from telephony.sip.dialog import address_of
from telephony.sip.errors import SipParseError
from telephony.sip.events import HostPort
from telephony.sip.headers import NameAddr
from telephony.sip.identity import trust
from telephony.sip.leg import Leg
from telephony.sip.options import SipOptions
from telephony.sip.registrar import Registrar

MINUTE_S = 60.0


class Strangers:
    """Asked by `reception` for each request that is not repeated."""

    def __init__(self, options: SipOptions, registrar: Registrar) -> None:
        self._options = options
        self._registrar = registrar
        self._is_caller = trust(options.callers)
        self._minute_ends_at = 0.0
        self._left = 0
        "Strangers that may be taken in before the minute is over."

    def are_too_many(self, source: HostPort, now: float) -> bool:
        """Whether this one's INVITE is to be refused before there is a call; counts it."""
        if not self._options.callers or self._is_caller(source):
            return False
        if now >= self._minute_ends_at:
            self._minute_ends_at = now + MINUTE_S
            self._left = self._options.strangers_per_minute
        if not self._left:
            return True
        self._left -= 1
        return False

    def is_peer(self, leg: Leg, source: HostPort) -> bool:
        """Whether a request of this dialog may come from there."""
        dialog = leg.dialog
        if source.host == dialog.host or (leg.is_caller and leg.is_early):
            return True
        named = [
            dialog.remote_target,
            *(NameAddr.parse(each).uri_text for each in dialog.route_set),
        ]
        if any(_host(uri_text) == source.host for uri_text in named):
            return True
        user = _user(dialog.remote)
        if any(each.host == source.host for each in self._registrar.bindings(user)):
            return True
        return self._is_caller(source) and self._is_caller(dialog.peer)


def _host(uri_text: str) -> str:
    """The address that a URI names; '' for a name or what is no URI of ours."""
    try:
        address = address_of(uri_text)
    except SipParseError:
        return ""
    return address.host if address else ""


def _user(address: str) -> str:
    """Of From or To; '' for one without a SIP address."""
    try:
        return NameAddr.parse(address).uri.user
    except SipParseError:
        return ""
