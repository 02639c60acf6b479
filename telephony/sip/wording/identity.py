"""Who calls, and over whom the call came: From, P-Asserted-Identity, Privacy, Diversion.

From says what the caller likes. P-Asserted-Identity (RFC 3325) is what the network of a trunk found
out, so it is believed from addresses that are configured as trusted, and from nobody else. A caller
who withholds the number (Privacy, RFC 3323) stays anonymous to everybody in this house.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from itertools import pairwise
from urllib.parse import unquote

from telephony.sip.events import CallerIdentity, Diversion, HostPort
from telephony.sip.wording.errors import SipParseError
from telephony.sip.wording.headers import NameAddr, find_param, parse_params
from telephony.sip.wording.headers import unquote as unquote_string
from telephony.sip.wording.message import Request, clean_text
from telephony.sip.wording.uri import parse_uri

MAX_DIVERSIONS = 10
"A call that was handed on more often says nothing more by it."
ANONYMOUS = CallerIdentity("anonymous", "", "sip:anonymous@anonymous.invalid")
_WITHHOLDING = frozenset(("id", "user", "header"))

IsTrusted = Callable[[HostPort], bool]


def trust(networks: Iterable[str]) -> IsTrusted:
    """Addresses and networks (`192.0.2.1`, `10.0.0.0/8`, `2001:db8::/32`) as a question."""
    known = [ip_network(each, strict=False) for each in networks]

    def is_trusted(source: HostPort) -> bool:
        address = ip_address(source.host.partition("%")[0])
        return any(address in each for each in known)

    return is_trusted


def identify(request: Request, *, is_trusted: bool) -> CallerIdentity:
    """The caller of an INVITE."""
    if withholds(request):
        return ANONYMOUS
    asserted = _find_asserted(request) if is_trusted else None
    sender = request.sender
    if asserted is None:
        return _identity(sender, sender.display_name)
    return _identity(asserted, asserted.display_name or sender.display_name)


def read_address(address: NameAddr) -> CallerIdentity:
    """Whom a From or To of ours names, without asking whether to believe it."""
    return _identity(address, address.display_name)


def withholds(request: Request) -> bool:
    """Privacy by the caller's wish; `none` is the wish to be known (RFC 3323 4.2)."""
    text = ";".join(request.items("privacy")).lower()
    values = {value.strip() for value in text.split(";")}
    return not values.isdisjoint(_WITHHOLDING) and "none" not in values


def _find_asserted(request: Request) -> NameAddr | None:
    """The first that names somebody; one `sip:` and one `tel:` may stand side by side."""
    for item in request.items("p-asserted-identity"):
        try:
            found = NameAddr.parse(item)
            if found.uri.user:
                return found
        except SipParseError:
            continue
    return None


def _identity(address: NameAddr, name: str) -> CallerIdentity:
    """An address of another scheme has no user part."""
    try:
        user = address.uri.user
    except SipParseError:
        user = ""
    return CallerIdentity(user, clean_text(name), clean_text(address.uri_text))


# -- over whom -------------------------------------------------------------------------------------


def read_diversions(request: Request) -> tuple[Diversion, ...]:
    """Who handed the call on, the last one first; what cannot be read is left out, since no call
    is to be lost for it."""
    found = [_from_diversion(item) for item in request.items("diversion")]
    if not found:
        found = _from_history(request.items("history-info"))
    return tuple(each for each in found if each is not None)[:MAX_DIVERSIONS]


def _from_diversion(item: str) -> Diversion | None:
    """RFC 5806: the topmost is the last that diverted."""
    try:
        address = NameAddr.parse(item)
        user = address.uri.user
    except SipParseError:
        return None
    reason = clean_text(unquote_string(address.param("reason") or ""))
    return Diversion(user, clean_text(address.display_name), reason.lower())


@dataclass(frozen=True, slots=True)
class _Entry:
    """One target that the call has had (RFC 7044 5)."""

    index: tuple[int, ...]
    user: str
    name: str
    cause: str


def _from_history(items: list[str]) -> list[Diversion | None]:
    """RFC 7044: all targets of the call in their order, the last of them we; each but that one has
    handed the call on. Why it did stands in its own Reason, or as `cause` with its successor."""
    entries = sorted(
        (entry for entry in map(_read_entry, items) if entry is not None),
        key=lambda entry: entry.index,
    )
    diverted = [
        Diversion(entry.user, entry.name, entry.cause or following.cause)
        for entry, following in pairwise(entries)
        if entry.user != following.user
    ]
    return [*reversed(diverted)]


def _read_entry(item: str) -> _Entry | None:
    try:
        address = NameAddr.parse(item)
        uri = parse_uri(address.uri_text)
        index = tuple(int(part) for part in (address.param("index") or "").split("."))
        cause = uri.param("cause") or _embedded_cause(uri.headers)
    except (SipParseError, ValueError):
        return None
    return _Entry(index, uri.user, clean_text(address.display_name), clean_text(cause))


def _embedded_cause(headers: str) -> str:
    """The cause in `?Reason=SIP%3Bcause%3D302` of a URI; '' when there is none."""
    for pair in headers.split("&"):
        name, _, value = pair.partition("=")
        if name.lower() == "reason":
            _, semicolon, params = unquote(value).partition(";")
            return find_param(parse_params(semicolon + params), "cause") or ""
    return ""
