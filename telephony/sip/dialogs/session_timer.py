"""The session timer of a dialog (RFC 4028): a peer that vanished is noticed without its BYE.

    we refresh:    RUNNING ── half the interval ──▶ REFRESH: re-INVITE or UPDATE ── 2xx ──▶ anew
    peer does:     RUNNING ── its re-INVITE or UPDATE, answered 2xx ──▶ anew
    either:        RUNNING ── shortly before the interval is over ──▶ EXPIRED: BYE

Rule 1: the interval is agreed anew with each 2xx; one that does not speak of it ends the timer.
Rule 2: a refresh that was tried and not accepted is due again, until the session expires.
Rule 3: only a peer that supports timers may be made to refresh.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Literal

from telephony.sip.options import SipOptions
from telephony.sip.wording.errors import SipParseError
from telephony.sip.wording.headers import find_param, parse_params
from telephony.sip.wording.message import Message, Request, Response

Refresher = Literal["", "uac", "uas"]

RETRY_S = 5.0
"Between a refresh that failed and the next."
MAX_INTERVAL_S = 86_400
"Longer is no timer at all; a peer's number must not run away with the clock either."


@dataclass(frozen=True, slots=True)
class SessionTerms:
    """Session-Expires: how long a session lives without a refresh, and whose task that is.

    refresher: of the request that is being answered, 'uac' is its sender; '' when not said.
    """

    interval_s: int
    refresher: Refresher = ""

    @classmethod
    def parse(cls, text: str) -> "SessionTerms":
        digits, semicolon, params = text.partition(";")
        digits = digits.strip()
        if not (digits.isascii() and digits.isdigit()) or len(digits) > 10:
            raise SipParseError(f"Session-Expires {text!r} is not a number of seconds")
        found = (find_param(parse_params(semicolon + params), "refresher") or "").lower()
        refresher: Refresher = "uac" if found == "uac" else "uas" if found == "uas" else ""
        return cls(int(digits), refresher)

    def __str__(self) -> str:
        tail = f";refresher={self.refresher}" if self.refresher else ""
        return f"{self.interval_s}{tail}"


class Due(Enum):
    REFRESH = "refresh"
    EXPIRED = "expired"


class SessionTimer:
    """When to refresh, and when to give the peer up."""

    __slots__ = ("expires_at", "interval_s", "refresh_at", "we_refresh")

    def __init__(self, interval_s: int, now: float, *, we_refresh: bool) -> None:
        self.interval_s = interval_s
        self.we_refresh = we_refresh
        # RFC 4028 10: the BYE goes out a little before the end, so that both ends agree on it.
        self.expires_at = now + interval_s - min(32.0, interval_s / 3)
        self.refresh_at: float | None = now + interval_s / 2 if we_refresh else None

    @property
    def deadline(self) -> float:
        return self.expires_at if self.refresh_at is None else min(self.refresh_at, self.expires_at)

    def refresh_soon(self, at: float) -> None:
        """A process that took the dialog over does not know when it was refreshed last."""
        if self.we_refresh:
            self.refresh_at = at

    def tick(self, now: float) -> Due | None:
        if now >= self.expires_at:
            return Due.EXPIRED
        if self.refresh_at is None or now < self.refresh_at:
            return None
        self.refresh_at = now + RETRY_S
        return Due.REFRESH


def read_terms(message: Message) -> SessionTerms | None:
    text = message.find("session-expires")
    return None if text is None else SessionTerms.parse(text)


def is_too_brief(request: Request, options: SipOptions) -> bool:
    """RFC 4028 9: 422 is due. A peer that knows no timers could not act on it, so it gets none."""
    terms = read_terms(request)
    return terms is not None and terms.interval_s < options.min_se_s and has_timer(request)


def has_timer(message: Message) -> bool:
    tags = [*message.items("supported"), *message.items("require")]
    return "timer" in (tag.lower() for tag in tags)


def answer_terms(request: Request, options: SipOptions, *, we_refresh: bool) -> SessionTerms | None:
    """What our 2xx says about the session's life (RFC 4028 9, table 2).

    we_refresh: ours is the task so far, and stays so unless the peer wants it otherwise.
    """
    wish = read_terms(request)
    if not has_timer(request):
        # Some proxy wants a timer; we alone keep it up.
        brief = wish is None or wish.interval_s < options.min_se_s
        return None if brief or wish is None else SessionTerms(wish.interval_s, "uas")
    interval_s = wish.interval_s if wish else options.session_expires_s
    if not interval_s:
        return None
    if options.session_expires_s:
        least = max(options.min_se_s, request.number("min-se") or 0)
        interval_s = min(interval_s, max(options.session_expires_s, least))
    refresher = (wish.refresher if wish else "") or ("uas" if we_refresh else "uac")
    return SessionTerms(interval_s, refresher)


def answer_lines(terms: SessionTerms | None) -> list[tuple[str, str]]:
    if terms is None:
        return []
    lines = [("Session-Expires", str(terms))]
    return [*lines, ("Require", "timer")] if terms.refresher == "uac" else lines


def as_server(terms: SessionTerms | None, now: float) -> SessionTimer | None:
    """The timer after our 2xx."""
    if terms is None:
        return None
    interval_s = min(terms.interval_s, MAX_INTERVAL_S)
    return SessionTimer(interval_s, now, we_refresh=terms.refresher == "uas")


def as_client(response: Response, options: SipOptions, now: float) -> SessionTimer | None:
    """The timer after the peer's 2xx; what cannot be read is no wish for one (a call that is
    answered must not be lost for it)."""
    try:
        terms = read_terms(response)
    except SipParseError:
        return None
    if terms is None:
        return None
    interval_s = min(max(terms.interval_s, options.min_se_s), MAX_INTERVAL_S)
    return SessionTimer(interval_s, now, we_refresh=terms.refresher != "uas")
