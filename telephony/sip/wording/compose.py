"""Builds the answers to a request (RFC 3261 8.2.6); the one place that knows reason phrases."""

import re
from functools import lru_cache

from telephony.sip.events import ELSEWHERE, HostPort
from telephony.sip.wording.errors import SipParseError
from telephony.sip.wording.headers import SAME_AGAIN, quote, split_list, top_via
from telephony.sip.wording.message import HeaderLines, Request, serialise
from telephony.sip.wording.remembered import LONGEST

ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK, REFER, NOTIFY, REGISTER"
SUPPORTED = "100rel, timer, replaces, norefersub"
"Extensions that we know (RFC 3261 20.37)."
SUPPORTED_UNRELIABLY = SUPPORTED.removeprefix("100rel, ")
METHODS = frozenset(ALLOW.split(", "))
SDP = "application/sdp"

REASONS = {
    100: "Trying",
    180: "Ringing",
    181: "Call Is Being Forwarded",
    182: "Queued",
    183: "Session Progress",
    200: "OK",
    202: "Accepted",
    302: "Moved Temporarily",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    407: "Proxy Authentication Required",
    408: "Request Timeout",
    413: "Request Entity Too Large",
    415: "Unsupported Media Type",
    416: "Unsupported URI Scheme",
    420: "Bad Extension",
    422: "Session Interval Too Small",
    423: "Interval Too Brief",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    482: "Loop Detected",
    483: "Too Many Hops",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    489: "Bad Event",
    491: "Request Pending",
    500: "Server Internal Error",
    501: "Not Implemented",
    503: "Service Unavailable",
    504: "Server Time-out",
    505: "Version Not Supported",
    600: "Busy Everywhere",
    603: "Decline",
}


def respond(
    request: Request,
    status: int,
    source: HostPort,
    *,
    tag: str = "",
    reason: str = "",
    headers: HeaderLines = (),
    body: bytes = b"",
    content_type: str = SDP,
    keep_route: bool = False,
) -> bytes:
    """The bytes of an answer. `tag` is put into To unless the request brought one.

    keep_route: copy Record-Route, for answers that make a dialog (RFC 3261 12.1.1).
    """
    first, *vias = request.values("via")
    seen = _known_via if len(first) <= LONGEST else _seen_via
    lines = [("Via", seen(first, source))]
    lines += [("Via", item) for item in vias]
    lines.append(("From", request.values("from")[0]))
    lines.append(("To", _tagged(request, "" if status == 100 else tag)))
    lines.append(("Call-ID", request.call_id))
    lines.append(("CSeq", request.values("cseq")[0]))
    if status == 100 and (stamp := request.find("timestamp")) is not None:
        lines.append(("Timestamp", stamp))
    if keep_route:
        lines += [("Record-Route", line) for line in request.values("record-route")]
    lines += headers
    if body:
        lines.append(("Content-Type", content_type))
    phrase = one_line(reason) or REASONS.get(status, "Unknown")
    return serialise(f"SIP/2.0 {status} {phrase}", lines, body)


def _seen_via(line: str, source: HostPort) -> str:
    """The first line of Via, its topmost hop with where the request came from."""
    # As many lines as came: a line for each item would make a long answer of many commas.
    top = [str(top_via(line).seen_from(source.host, source.port)), *split_list(line)[1:]]
    return ", ".join(filter(None, top))


_known_via = lru_cache(maxsize=SAME_AGAIN)(_seen_via)


def _tagged(request: Request, tag: str) -> str:
    """To with our tag; one that cannot be read is sent back as it is."""
    to = request.values("to")[0]
    try:
        has_tag = bool(request.to.tag)
    except SipParseError:
        return to
    return to if has_tag or not tag else f"{to};tag={tag}"


def reply_address(request: Request, source: HostPort) -> HostPort:
    """Where answers to a datagram go (RFC 3261 18.2.2, RFC 3581 4)."""
    return HostPort(source.host, request.via.reply_port(source.port))


def reason_line(protocol: str, cause: int, text: str) -> list[tuple[str, str]]:
    """Why a request of ours ends something (RFC 3326)."""
    return [("Reason", f"{protocol};cause={cause};text={quote(one_line(text))}")]


def cancel_reason(text: str) -> list[tuple[str, str]]:
    """RFC 3326 2: of a call that was completed elsewhere a phone shows no missed one."""
    return reason_line("SIP", 200 if text == ELSEWHERE else 487, text) if text else []


def one_line(text: str) -> str:
    """Text of ours that goes into a header must not end it."""
    return re.sub(r"[\x00-\x1f\x7f]+", " ", text).strip()
