"""The first look at a request, before anything is kept for it (RFC 3261 8.2).

`check_grammar` finds what makes a request unanswerable or malformed, `find_refusal` what we do not
do. Both are pure; answers of this stage keep no state (RFC 3261 8.2.7), so a flood of bad requests
costs no memory and is never amplified.
"""

from dataclasses import dataclass

from telephony.sip.dialogs.reliable import Rack
from telephony.sip.dialogs.session_timer import is_too_brief, read_terms
from telephony.sip.options import SipOptions
from telephony.sip.wording.bodies import is_optional, sdp_of
from telephony.sip.wording.compose import ALLOW, METHODS, SDP, SUPPORTED
from telephony.sip.wording.errors import SipParseError
from telephony.sip.wording.headers import Via, find_param, parse_params
from telephony.sip.wording.message import HeaderLines, Request, is_utf8

SDP_METHODS = ("INVITE", "UPDATE")
KNOWN = frozenset(SUPPORTED.split(", "))
ACCEPT = f"{SDP}, multipart/mixed"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A final answer that needs no further thought."""

    status: int
    headers: HeaderLines = ()
    reason: str = ""


def is_answerable(request: Request) -> bool:
    """An answer can be written: Via, Call-ID and CSeq can be read, From and To be copied."""
    try:
        _ = request.via, request.call_id, request.cseq
    except SipParseError:
        return False
    names = request.find("from") is not None and request.find("to") is not None
    return names and request.method != "ACK"


def check_grammar(request: Request) -> None:
    """`SipParseError` unless every header that we rely on can be read."""
    _ = request.via, request.to, request.call_id
    if not is_utf8(request.sender.tag):
        raise SipParseError("the tag of From is not UTF-8")
    if request.cseq.method != request.method:
        raise SipParseError(f"CSeq {request.cseq} does not fit to {request.method}")
    hops = request.number("max-forwards")
    if hops is not None and hops > 255:
        raise SipParseError(f"Max-Forwards {hops} is beyond 255")
    _ = request.uri
    if request.method == "INVITE" and not request.items("contact"):
        raise SipParseError("an INVITE without Contact cannot make a dialog")
    if request.method == "PRACK" and request.to.tag:
        _ = Rack.parse(request.find("rack") or "")
    if request.method in ("INVITE", "UPDATE"):
        _ = request.routes, [contact.uri for contact in request.contacts]
        _ = read_terms(request), request.number("min-se")
    if request.method == "PRACK":
        _ = Rack.parse(request.find("rack") or "")


def find_refusal(request: Request, options: SipOptions, ours: frozenset[str]) -> Refusal | None:
    """`ours`: what our Vias say in sent-by."""
    if request.method not in METHODS:
        return Refusal(405, [("Allow", ALLOW)])
    unknown = [tag for tag in request.items("require") if tag.lower() not in KNOWN]
    if unknown and request.method != "CANCEL":
        return Refusal(420, [("Unsupported", ", ".join(unknown))])
    if request.method in SDP_METHODS and is_too_brief(request, options):
        return Refusal(422, [("Min-SE", str(options.min_se_s))])
    if request.method == "INVITE" and request.number("max-forwards") == 0:
        # We are a back-to-back agent: behind us the call goes on to another phone.
        return Refusal(483)
    if request.method == "INVITE" and _has_passed_us(request, ours):
        return Refusal(482)
    if request.method in SDP_METHODS and not _accepts_sdp(request):
        return Refusal(406)
    return _find_body_refusal(request, options)


def _has_passed_us(request: Request, ours: frozenset[str]) -> bool:
    vias = request.items("via")
    return len(vias) > 1 and any(Via.parse(item).sent_by in ours for item in vias)


def _find_body_refusal(request: Request, options: SipOptions) -> Refusal | None:
    if len(request.body) > options.max_body_bytes:
        return Refusal(413)
    if not request.body:
        return None
    if (coding := request.find("content-encoding")) and coding.lower() != "identity":
        return Refusal(415, [("Accept-Encoding", "identity")])
    if request.method in SDP_METHODS:
        sdp = sdp_of(request)
        if sdp is None and not is_optional(request.find("content-disposition") or ""):
            return Refusal(415, [("Accept", ACCEPT)])
        request.body = sdp or b""
    return None


def _accepts_sdp(request: Request) -> bool:
    """Our 200 may carry SDP (RFC 3261 20.1); the header of an INVITE is seldom there."""
    items = request.items("accept")
    return not items or any(_admits_sdp(item) for item in items)


def _admits_sdp(item: str) -> bool:
    name, semicolon, params = item.partition(";")
    if "".join(name.split()).lower() not in (SDP, "application/*", "*/*"):
        return False
    q = find_param(parse_params(semicolon + params), "q") or "1"
    return q.strip("0.") != ""


def options_headers() -> list[tuple[str, str]]:
    """What we can, as OPTIONS asks (RFC 3261 11.2)."""
    return [
        ("Allow", ALLOW),
        ("Accept", f"{ACCEPT}, application/dtmf-relay, application/dtmf"),
        ("Accept-Encoding", "identity"),
        ("Accept-Language", "en, zh"),
        ("Supported", SUPPORTED),
    ]
