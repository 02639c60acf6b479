"""What a leg says and learns about the life of its session (RFC 4028 7, 9).

Between the requests of `uac`, `uas`, `in_dialog`, `refreshing`, and the clockwork in
`session_timer`.
"""

from telephony.sip.dialogs.leg import Leg
from telephony.sip.dialogs.session_timer import (
    MAX_INTERVAL_S,
    Refresher,
    SessionTerms,
    answer_lines,
    answer_terms,
    as_client,
    as_server,
)
from telephony.sip.options import SipOptions
from telephony.sip.wording.errors import SipParseError
from telephony.sip.wording.message import Request, Response

MAX_RAISES = 2
"Times that 422 is obeyed: once for the peer, once for a proxy that wants even more."


def ask(leg: Leg, options: SipOptions) -> list[tuple[str, str]]:
    """Headers of a request of ours that starts the session or keeps it alive."""
    asked_s = _asked_s(leg, options)
    if not asked_s:
        return []
    least_s = max(options.min_se_s, leg.min_se_s)
    refresher: Refresher = ""
    if leg.session is not None:
        refresher = "uac" if leg.session.we_refresh else "uas"
    terms = SessionTerms(max(asked_s, least_s), refresher)
    return [("Session-Expires", str(terms)), ("Min-SE", str(least_s))]


def agree(leg: Leg, request: Request, options: SipOptions, now: float) -> list[tuple[str, str]]:
    """Start the timer that our 2xx to this request agrees on; gives the headers of the 2xx."""
    ours = leg.session is not None and leg.session.we_refresh
    terms = answer_terms(request, options, we_refresh=ours)
    leg.session = as_server(terms, now)
    return answer_lines(terms)


def take(leg: Leg, response: Response, options: SipOptions, now: float) -> None:
    """Start the timer that a 2xx to a request of ours agrees on."""
    leg.learn_abilities(response)
    leg.session = as_client(response, options, now)


def may_lengthen(leg: Leg, response: Response, options: SipOptions) -> bool:
    """A 422 asks for a longer timer than ours (RFC 4028 7.3), and we grant it."""
    try:
        least_s = response.number("min-se") or 0
    except SipParseError:
        return False
    grows = _asked_s(leg, options) < least_s <= MAX_INTERVAL_S and leg.min_se_s < least_s
    if response.status != 422 or not grows or leg.raises >= MAX_RAISES:
        return False
    leg.raises += 1
    leg.min_se_s = least_s
    return True


def lengthen(leg: Leg, response: Response, options: SipOptions, now: float) -> None:
    """A 422 to a refresh: the next one asks for more."""
    if may_lengthen(leg, response, options) and leg.session is not None:
        leg.session.refresh_soon(now)


def _asked_s(leg: Leg, options: SipOptions) -> int:
    return leg.session.interval_s if leg.session else options.session_expires_s
