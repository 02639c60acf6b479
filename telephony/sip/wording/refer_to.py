"""Refer-To (RFC 3515 2.1): to whom the peer wants its call handed over. Any text gives a value or
`SipParseError`.

Of the headers that the URI may carry for the new INVITE only Replaces counts: what else we send is
not for a peer to say.
"""

from dataclasses import dataclass
from urllib.parse import unquote

from telephony.sip.wording.errors import SipParseError
from telephony.sip.wording.headers import NameAddr
from telephony.sip.wording.message import Request
from telephony.sip.wording.replaces import Replaces
from telephony.sip.wording.uri import SipUri


@dataclass(frozen=True, slots=True)
class ReferTo:
    """The target of a REFER."""

    user: str
    "Unescaped; of a `tel:` URI the number without separators."
    host: str
    "'' for a `tel:` URI."
    replaces: Replaces | None = None


def read_refer_to(refer: Request) -> ReferTo:
    items = refer.items("refer-to")
    if len(items) != 1:
        raise SipParseError(f"a REFER has one Refer-To, not {len(items)}")
    return parse_refer_to(items[0])


def parse_refer_to(text: str) -> ReferTo:
    uri = NameAddr.parse(text).uri
    method = uri.param("method")
    if method is not None and method.upper() != "INVITE":
        raise SipParseError("Refer-To asks for something else than a call", 403)
    if not uri.user.isprintable():
        raise SipParseError("the user part of Refer-To cannot be printed")
    return ReferTo(uri.user, uri.host, _embedded_replaces(uri))


def _embedded_replaces(uri: SipUri) -> Replaces | None:
    pairs = (pair.partition("=") for pair in uri.headers.split("&"))
    found = [value for name, _, value in pairs if unquote(name).strip().lower() == "replaces"]
    if len(found) > 1:
        raise SipParseError("Refer-To holds several Replaces")
    return Replaces.parse(unquote(found[0])) if found else None
