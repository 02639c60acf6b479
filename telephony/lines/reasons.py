"""Why somebody hung up, as the Reason header says it (RFC 3326)."""

from telephony.sip.wording.errors import SipParseError
from telephony.sip.wording.headers import find_param, parse_params, unquote


def reason_text(header: str) -> str:
    """The text of a Reason header; '' when it has none, or cannot be read."""
    _, semicolon, params = header.partition(";")
    try:
        return unquote(find_param(parse_params(semicolon + params), "text") or "")
    except SipParseError:
        return ""
