"""Who calls, as core is to know it: what the PBX says of the caller, asserted by the line.

The PBX is believed as a trusted trunk is (RFC 3325): its P-Asserted-Identity before From. A caller
who withholds the number stays so.
"""

from telephony.sip.wording.errors import SipParseError
from telephony.sip.wording.headers import NameAddr
from telephony.sip.wording.identity import ANONYMOUS, identify
from telephony.sip.wording.message import Request, parse_message
from telephony.sip.wording.uri import make_uri

HANDED_ON = ("Diversion", "History-Info")
"Over whom the call came; core reads it."
NOWHERE = "line.invalid"


def headers_for_core(invite: bytes) -> list[tuple[str, str]]:
    """The headers that go with core's INVITE; `SipParseError` for an INVITE that is none."""
    request = parse_message(invite)
    if not isinstance(request, Request):
        raise SipParseError("an answer is no INVITE")
    caller = identify(request, is_trusted=True)
    handed_on = [(name, value) for name in HANDED_ON for value in request.values(name.lower())]
    if caller == ANONYMOUS or not caller.user:
        return [("Privacy", "id"), *handed_on]
    address = NameAddr(str(make_uri(caller.user, NOWHERE)), caller.display_name)
    return [("P-Asserted-Identity", str(address)), *handed_on]
