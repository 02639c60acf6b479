"""What a browser's descriptions say beside the codec: ICE, DTLS, one port for everything.

    a=ice-lite · a=group:BUNDLE 0                    of the session
    m=audio 30000 UDP/TLS/RTP/SAVPF 0 101
    a=mid:0 · a=rtcp-mux · a=ice-ufrag, ice-pwd, candidate · a=fingerprint, setup

RFC 8839 (ICE), 8842 (DTLS), 5761 (rtcp-mux), 9143 (BUNDLE). A browser without rtcp-mux, or that is
lite itself, cannot be served; candidates are not read, its checks show where it is.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from telephony.media.agreeing.dtls import Fingerprint, Identity, Role
from telephony.media.agreeing.ice import Credentials, our_credentials
from telephony.media.agreeing.kept_keys import KeptKeys
from telephony.media.agreeing.sdp import Attribute, Media, SessionDescription

PROTOS = ("UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP")
OFFERED_PROTO, OFFERED_MID = PROTOS[0], "0"
ACTPASS = "actpass"
_ROLES = {ACTPASS: Role.SERVER, Role.CLIENT.value: Role.SERVER, Role.SERVER.value: Role.CLIENT}
"Ours for what the peer says; of both, to be asked is less work for us."
_HOST_PRIORITY = (126 << 24) + (65535 << 8) + 255
"Of the only candidate (RFC 8445 section 5.1.2.1)."


@dataclass(frozen=True, slots=True)
class BrowserEnd:
    """Our side of all descriptions of a leg."""

    identity: Identity
    secret: bytes = field(repr=False)
    "Of the leg: our ICE names and passwords come of it."
    kept: KeptKeys | None = None
    "Of a worker before us."

    def credentials_for(self, theirs: Credentials, before: "BrowserTerms | None") -> Credentials:
        """The same within an ICE session, which the peer's ufrag names."""
        if before is not None and before.theirs.ufrag == theirs.ufrag:
            return before.ours
        if self.kept is not None and self.kept.their_ufrag == theirs.ufrag:
            return Credentials(self.kept.ufrag, self.kept.password)
        return our_credentials(self.secret, theirs.ufrag)


@dataclass(frozen=True, slots=True)
class BrowserTerms:
    """What was agreed on."""

    role: Role
    "Ours in the handshake."
    fingerprint: Fingerprint
    "Of the peer's certificate."
    ours: Credentials
    theirs: Credentials
    mid: str


def find_terms(
    description: SessionDescription,
    line: Media,
    end: BrowserEnd,
    before: BrowserTerms | None,
    offered: Media | None,
) -> BrowserTerms | None:
    """None when something is missing without which it cannot be served.

    `before`: what was agreed on earlier; `offered`: our line, if this is the answer to it.
    """
    said = _Said(description, line)
    theirs = Credentials(said.find("ice-ufrag"), said.find("ice-pwd"))
    fingerprint = next(filter(None, map(Fingerprint.parse, said.all("fingerprint"))), None)
    role = _ROLES.get(said.find("setup"))
    is_lite = any(each.name == "ice-lite" for each in description.attributes)
    if not (theirs.ufrag and theirs.password) or fingerprint is None or role is None or is_lite:
        return None
    if line.find("rtcp-mux") is None:
        return None
    if before is not None and before.fingerprint == fingerprint:
        role = before.role  # of an association that goes on, over an ICE restart too
    ours = end.credentials_for(theirs, before) if offered is None else _said_by(offered)
    return BrowserTerms(role, fingerprint, ours, theirs, line.find("mid") or "")


def _said_by(line: Media) -> Credentials:
    return Credentials(line.find("ice-ufrag") or "", line.find("ice-pwd") or "")


class _Said:
    """Attributes of the line, or of the session for all lines."""

    def __init__(self, description: SessionDescription, line: Media) -> None:
        self._attributes = [*line.attributes, *description.attributes]

    def all(self, name: str) -> list[str]:
        return [each.value or "" for each in self._attributes if each.name == name]

    def find(self, name: str) -> str:
        return next(iter(self.all(name)), "").strip()


def session_attributes(mid: str) -> tuple[Attribute, ...]:
    bundle = [Attribute("group", f"BUNDLE {mid}")] if mid else []
    return (*bundle, Attribute("ice-lite"), Attribute("msid-semantic", " WMS *"))


def line_attributes(
    end: BrowserEnd, ours: Credentials, mid: str, setup: str, address: str, port: int
) -> Iterable[Attribute]:
    if mid:
        yield Attribute("mid", mid)
    yield Attribute("rtcp-mux")
    yield Attribute("ice-ufrag", ours.ufrag)
    yield Attribute("ice-pwd", ours.password)
    yield Attribute("fingerprint", str(end.identity.fingerprint))
    yield Attribute("setup", setup)
    yield Attribute("candidate", f"1 1 udp {_HOST_PRIORITY} {address} {port} typ host")
    yield Attribute("end-of-candidates")
    # Scripts look for the stream that a track belongs to.
    yield Attribute("msid", "callcenter audio")
