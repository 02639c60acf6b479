"""What both sides agreed on, and how it is read from a peer's media line.

`negotiation` says which line that is, and what we say ourselves.
"""

import ipaddress
from dataclasses import dataclass

from telephony.media.agreeing.browser_sdp import BrowserTerms
from telephony.media.agreeing.crypto import Crypto
from telephony.media.agreeing.sdp import HOLD_ADDRESS, Direction, Media, SessionDescription
from telephony.media.errors import SdpRejected
from telephony.media.sound import opus
from telephony.media.sound.g711 import Law

NOT_ACCEPTABLE = 488
BY_ICE = "by ICE"
"In the place of an address that the description does not say."
EVENTS = "TELEPHONE-EVENT"
G711 = frozenset(law.value for law in Law)
SLOW_HZ = 8000
SLOW_EVENTS, FAST_EVENTS = "telephone-event/8000", f"telephone-event/{opus.CLOCK_HZ}"


@dataclass(frozen=True, slots=True)
class Keys:
    """What protects either direction."""

    ours: Crypto
    theirs: Crypto


@dataclass(frozen=True, slots=True)
class Terms:
    """What both sides agreed on, seen from us."""

    codec: str
    "What we send, by its name in SDP."
    law: Law
    "The same when it is a law; otherwise what is made of it for those who do not speak it."
    payload_type: int
    "Of what we send."
    laws: dict[int, Law]
    "What may come, by payload type."
    wide_types: dict[int, str]
    "G.722 or Opus that may come, by payload type."
    event_type: int | None
    "Payload type of the digits that we send; None: the peer takes none."
    event_types: frozenset[int]
    "Payload types of digits that may come: ours, and the peer's own for phones that mix them up."
    fast_event_types: frozenset[int]
    "Those whose durations count at the clock of Opus."
    address: str
    port: int
    rtcp_port: int
    proto: str
    "Of the media line. A key may come with plain RTP's too, from whoever can do without."
    keys: Keys | None
    "For SRTP by keys in the descriptions."
    browser: BrowserTerms | None
    "For SRTP by a handshake; where packets go to is then found by ICE."
    direction: Direction
    "The peer's: whether it sends and listens."

    @property
    def events_rtpmap(self) -> str:
        return FAST_EVENTS if self.event_type in self.fast_event_types else SLOW_EVENTS


def codecs_of(line: Media, served: frozenset[str]) -> dict[int, str]:
    """Those that we serve, by payload type and in the line's order of preference."""
    return {
        pt: meaning.encoding
        for pt, meaning in line.rtpmaps.items()
        if meaning.encoding in served and meaning.clock_hz == _clock_hz(meaning.encoding)
    }


def laws_of(codecs: dict[int, str]) -> dict[int, Law]:
    return {pt: Law(codec) for pt, codec in codecs.items() if codec in G711}


def wide_of(codecs: dict[int, str]) -> dict[int, str]:
    return {pt: codec for pt, codec in codecs.items() if codec not in G711}


def _clock_hz(codec: str) -> int:
    return opus.CLOCK_HZ if codec == opus.NAME else SLOW_HZ


def _events(line: Media, codec: str) -> dict[int, int]:
    """Clocks of the digits' payload types, those first whose clock is the codec's (RFC 4733 2.1).

    Phones that know one clock for all codecs say 8000 beside Opus too.
    """
    clocks = {
        pt: meaning.clock_hz
        for pt, meaning in line.rtpmaps.items()
        if meaning.encoding == EVENTS and meaning.clock_hz in (SLOW_HZ, _clock_hz(codec))
    }
    return dict(sorted(clocks.items(), key=lambda one: one[1] != _clock_hz(codec)))


def read_terms(
    description: SessionDescription,
    line: Media,
    served: frozenset[str],
    keys: Keys | None,
    browser: BrowserTerms | None,
) -> Terms:
    """What the peer's line says; it has a codec that is served."""
    codecs = codecs_of(line, served)
    payload_type, codec = next(iter(codecs.items()))
    events = _events(line, codec)
    return Terms(
        codec=codec,
        law=Law(codec) if codec in G711 else Law.PCMU,
        payload_type=payload_type,
        laws=laws_of(codecs),
        wide_types=wide_of(codecs),
        event_type=next(iter(events), None),
        event_types=frozenset(events),
        fast_event_types=frozenset(pt for pt, clock_hz in events.items() if clock_hz != SLOW_HZ),
        address=BY_ICE if browser else _reachable(description.address_of(line)),
        port=line.port,
        rtcp_port=_rtcp_port(line),
        proto=line.proto,
        keys=keys,
        browser=browser,
        direction=(description.said_direction(line) if browser else description.direction_of(line)),
    )


def _reachable(address: str | None) -> str:
    """IPv4 only, no names: a worker must never wait for a resolver."""
    try:
        parsed = ipaddress.IPv4Address(address or "")
    except ValueError:
        raise SdpRejected(
            f"media cannot be sent to {(address or 'nowhere')[:80]!r}, only to IPv4", NOT_ACCEPTABLE
        ) from None
    if parsed.is_multicast:
        raise SdpRejected(f"media cannot be sent to the multicast address {parsed}", NOT_ACCEPTABLE)
    return HOLD_ADDRESS if parsed.is_unspecified else str(parsed)


def _rtcp_port(line: Media) -> int:
    """a=rtcp (RFC 3605), otherwise the next port."""
    said = (line.find("rtcp") or "").partition(" ")[0]
    if said.isascii() and said.isdigit() and len(said) <= 5 and 0 < int(said) <= 65535:
        return int(said)
    return min(line.port + 1, 65535)
