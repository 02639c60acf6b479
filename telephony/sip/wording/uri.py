"""SIP addresses: `sip:`, `sips:` and `tel:` URIs as values (RFC 3261 19.1, RFC 3966).

Parsing keeps every part as it came, so `str()` gives the same text back; `user` is the unescaped
user part that people and tables know.
"""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import quote, unquote_to_bytes

from telephony.sip.wording.errors import SipParseError
from telephony.sip.wording.remembered import remembered

Params = tuple[tuple[str, str | None], ...]

# Underscores are not in the RFC's host rule, but in the names of real hosts.
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?\Z")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*\Z")
# Bytes that are no UTF-8 (surrogates here) are let through in names, but not in addresses.
_USERINFO = re.compile(r"[^\x00-\x20\x7f<>\"\[\]@\udc80-\udcff]+\Z")
_TAIL = re.compile(r"[^\x00-\x20\x7f<>\"\udc80-\udcff]*\Z")
_ESCAPES = re.compile(r"%(?![0-9A-Fa-f]{2})")
_USER_SAFE = "-_.!~*'()&=+$,;?/"


@dataclass(frozen=True, slots=True)
class SipUri:
    """One address; `host` keeps the brackets of an IPv6 literal."""

    scheme: str
    userinfo: str
    "User part and password as they were written, percent escapes and all; '' when there is none."
    host: str
    port: int | None = None
    params: Params = ()
    headers: str = ""
    "What follows the question mark, as it was written (`Replaces=...`)."

    @property
    def user(self) -> str:
        """Unescaped, without the password; for `tel:` the number without separators."""
        if self.scheme == "tel":
            return re.sub(r"[-.()]", "", self.userinfo)
        return unquote_to_bytes(self.userinfo.partition(":")[0]).decode("utf-8", "replace")

    @property
    def dialled(self) -> str:
        """What was dialled: `user` without a telephone number's own parameters, which networks put
        there (`8000;npdi;rn=…`, RFC 3261 19.1.6)."""
        return self.user.partition(";")[0]

    def param(self, name: str) -> str | None:
        """Value of a URI parameter, '' when it has none, None when it is not there."""
        for key, value in self.params:
            if key.lower() == name:
                return value or ""
        return None

    def identity(self) -> tuple[str, str, str, int | None, str]:
        """Equal for URIs that name the same contact (RFC 3261 19.1.4, other parameters aside)."""
        transport = (self.param("transport") or "").lower()
        user = unquote_to_bytes(self.userinfo).decode("utf-8", "replace")
        return self.scheme, user, self.host.lower(), self.port, transport

    def __str__(self) -> str:
        if self.scheme == "tel":
            return f"tel:{self.userinfo}{format_params(self.params)}"
        text = f"{self.scheme}:"
        if self.userinfo:
            text += f"{self.userinfo}@"
        text += self.host
        if self.port is not None:
            text += f":{self.port}"
        text += format_params(self.params)
        return f"{text}?{self.headers}" if self.headers else text


@remembered(2048)
def parse_uri(text: str) -> SipUri:
    """Read one URI; `SipParseError` with status 416 for a scheme that is not spoken here."""
    scheme, colon, rest = text.partition(":")
    scheme = scheme.lower()
    if not colon or not _SCHEME.match(scheme) or not _TAIL.match(rest):
        raise SipParseError(f"{text!r} is not a URI")
    if scheme == "tel":
        return _parse_tel(rest)
    if scheme not in ("sip", "sips"):
        raise SipParseError(f"the URI scheme {scheme!r} is not supported", status=416)
    userinfo, at, tail = rest.rpartition("@")
    if at and not _USERINFO.match(userinfo):
        raise SipParseError(f"the user part of {text!r} is malformed")
    if _ESCAPES.search(rest):
        raise SipParseError(f"a percent escape in {text!r} is malformed")
    tail, _, headers = tail.partition("?")
    hostport, _, params = tail.partition(";")
    host, port = split_hostport(hostport)
    return SipUri(scheme, userinfo, host, port, _parse_uri_params(params), headers)


def make_uri(user: str, host: str, port: int | None = None) -> SipUri:
    """A `sip:` URI from parts of our own; whatever is special in `user` is escaped."""
    return SipUri("sip", quote(user, safe=_USER_SAFE), bracket(host), port)


def _parse_tel(rest: str) -> SipUri:
    number, _, params = rest.partition(";")
    if not re.match(r"\+?[0-9A-Da-d*#().-]+\Z", number):
        raise SipParseError(f"{number!r} is not a telephone number")
    return SipUri("tel", number, "", None, _parse_uri_params(params))


def split_hostport(text: str) -> tuple[str, int | None]:
    found = _HOST.match(text)
    if found is None:
        raise SipParseError(f"{text!r} is not a host")
    port = found[2]
    if port is None:
        return found[1], None
    if int(port) > 65535:
        raise SipParseError(f"{port} is not a port")
    return found[1], int(port)


def _parse_uri_params(text: str) -> Params:
    if not text:
        return ()
    pairs: list[tuple[str, str | None]] = []
    for piece in text.split(";"):
        name, equals, value = piece.partition("=")
        pairs.append((name, value if equals else None))
    return tuple(pairs)


def format_params(params: Params) -> str:
    return "".join(f";{name}" if value is None else f";{name}={value}" for name, value in params)


def bracket(host: str) -> str:
    """An IPv6 literal gets its brackets; anything else stays."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


@remembered(1024)
def literal_address(host: str) -> str | None:
    """The IP address that `host` writes out, without brackets; None for a name."""
    bare = host.removeprefix("[").removesuffix("]")
    try:
        return str(ip_address(bare))
    except ValueError:
        return None
