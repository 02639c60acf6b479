"""Offer and answer (RFC 3264) for one audio stream of G.711 or G.722 with telephone events.

    peer's offer  ──▶ `answer`        ──▶ terms, our answer
    our own offer ──▶ peer's answer   ──▶ `accept` ──▶ terms

The one stream is the first media line that we can serve; all others are refused with port 0.
Payload types stay what they were within a dialog (section 8.3.2).
"""

import ipaddress
from dataclasses import dataclass, field, replace

from telephony.media import g722
from telephony.media.crypto import SECURE, Crypto, Suite, cryptos
from telephony.media.errors import SdpRejected
from telephony.media.g711 import FRAME_MS, Law
from telephony.media.sdp import (
    HOLD_ADDRESS,
    Attribute,
    Direction,
    Media,
    Origin,
    RtpMap,
    SessionDescription,
)

NOT_ACCEPTABLE = 488
PLAIN = "RTP/AVP"
DEFAULT_EVENT_TYPE = 101
_STATIC_TYPES = {Law.PCMU.value: 0, Law.PCMA.value: 8, g722.NAME: g722.PAYLOAD_TYPE}
_EVENTS = RtpMap("TELEPHONE-EVENT", 8000)
_G711 = frozenset(law.value for law in Law)
_WITH_G722 = _G711 | {g722.NAME}


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
    wide_types: frozenset[int]
    "Payload types of G.722 that may come."
    event_type: int | None
    "Payload type of the digits that we send; None: the peer takes none."
    event_types: frozenset[int]
    "Payload types of digits that may come: ours, and the peer's own for phones that mix them up."
    address: str
    port: int
    rtcp_port: int
    keys: Keys | None
    "For SRTP; None: plain RTP."
    direction: Direction
    "The peer's: whether it sends and listens."
    ptime_ms: int = FRAME_MS
    "What the peer likes best to get; a wish (RFC 8866 section 6.4)."


@dataclass(frozen=True, slots=True)
class LocalEnd:
    """What our descriptions say about us."""

    session_id: int
    version: int
    address: str
    port: int
    srtp_key: bytes = b""
    "Master key and salt of what we send, for all of the dialog; empty: SRTP is not served."


@dataclass(slots=True)
class Negotiation:
    """One leg's descriptions over the life of its dialog."""

    local: LocalEnd
    terms: Terms | None = None
    sent: SessionDescription | None = field(default=None)
    "Our last description."
    serves_g722: bool = False

    @property
    def _served(self) -> frozenset[str]:
        return _WITH_G722 if self.serves_g722 else _G711

    def answer(self, text: str) -> str:
        """Our answer to the peer's offer; on `SdpRejected` everything stays as it was."""
        offer = SessionDescription.parse(text)
        index = self._served_line(offer)
        terms = self._read(offer, offer.media[index])
        crypto = None if terms.keys is None else terms.keys.ours
        ours = _audio_line(self.local.port, _chosen(terms), terms.direction.mirrored, crypto)
        media = tuple(ours if i == index else _refused(line) for i, line in enumerate(offer.media))
        self.terms = terms
        return self._say(media)

    def offer(
        self, prefer: str, *, secure: bool = False, event_type: int = DEFAULT_EVENT_TYPE
    ) -> str:
        """Our own offer, in the layout of what was said in the dialog before.

        `secure` asks for SRTP, `event_type` for digits of that payload type; within a dialog both
        stay what they are.
        """
        codecs = ["PCMA", "PCMU"] if prefer == Law.PCMA else ["PCMU", "PCMA"]
        # Offered only to go with the other leg's: every phone that took it for its own reasons
        # would have to be transcoded.
        is_wide = self.terms is not None and self.terms.codec == g722.NAME
        if self.serves_g722 and (is_wide or prefer == g722.NAME):
            codecs.insert(0, g722.NAME)
        events = event_type
        if self.terms is not None and self.terms.event_type is not None:
            events = self.terms.event_type
        formats = [(_STATIC_TYPES[codec], codec) for codec in codecs]
        formats.append((events, "telephone-event"))
        ours = _audio_line(
            self.local.port, formats, Direction.SENDRECV, self._offered_crypto(secure=secure)
        )
        before = self.sent.media if self.sent is not None else (ours,)
        index = next((i for i, line in enumerate(before) if line.port), 0)
        return self._say(tuple(ours if i == index else line for i, line in enumerate(before)))

    def accept(self, text: str) -> Terms:
        """The peer's answer to our last offer."""
        answer = SessionDescription.parse(text)
        ours = self._own_line()
        line = answer.media[self._served_line(answer)]
        if line.proto != ours.proto:
            raise SdpRejected(f"{line.proto} in answer to {ours.proto}", NOT_ACCEPTABLE)
        terms = self._read(answer, line)
        events = {pt for pt, name in ours.rtpmaps.items() if name == _EVENTS}
        own = _codecs(ours, self._served)
        self.terms = replace(
            terms,
            laws=_laws(own) | terms.laws,
            wide_types=_wide(own) | terms.wide_types,
            event_types=terms.event_types | events,
        )
        return self.terms

    def _own_line(self) -> Media:
        if self.sent is None:
            raise SdpRejected("an answer to an offer that was never made", 400)
        return next(line for line in self.sent.media if line.port)

    def _offered_crypto(self, *, secure: bool) -> Crypto | None:
        if self.terms is not None:
            return None if self.terms.keys is None else self.terms.keys.ours
        if not secure:
            return None
        if not self.local.srtp_key:
            raise SdpRejected("SRTP is not served here", NOT_ACCEPTABLE)
        return Crypto(1, Suite.HMAC_80, self.local.srtp_key)

    def _served_line(self, description: SessionDescription) -> int:
        """The first audio line with a codec of ours, and with a key if it is SRTP."""
        for index, line in enumerate(description.media):
            if line.kind == "audio" and line.port and self._can_serve(line):
                return index
        said = ", ".join(f"{line.kind} {line.port} {line.proto}" for line in description.media)
        raise SdpRejected(f"nothing that we serve in what is offered: {said[:120]}", NOT_ACCEPTABLE)

    def _can_serve(self, line: Media) -> bool:
        is_plain = line.proto == PLAIN
        is_secure = line.proto == SECURE and self.local.srtp_key and cryptos(line)
        return bool((is_plain or is_secure) and _codecs(line, self._served))

    def _read(self, description: SessionDescription, line: Media) -> Terms:
        keys = None
        if line.proto == SECURE:
            theirs = cryptos(line)[0]
            # Both have the tag of what the offer said (RFC 4568 section 5.1.2).
            keys = Keys(replace(theirs, key=self.local.srtp_key), theirs)
        return _read(description, line, self._served, keys)

    def _say(self, media: tuple[Media, ...]) -> str:
        """The version rises by one exactly when something changed (section 8)."""
        local = self.local
        origin = Origin(str(local.session_id), str(local.version), local.address)
        said = SessionDescription(origin, media, connection=local.address)
        if self.sent is not None and said != self.sent:
            self.local = replace(local, version=local.version + 1)
            said = said.with_version(self.local.version)
        self.sent = said
        return str(said)


def _codecs(line: Media, served: frozenset[str]) -> dict[int, str]:
    """Those that we serve, by payload type and in the line's order of preference."""
    return {
        pt: meaning.encoding
        for pt, meaning in line.rtpmaps.items()
        if meaning.encoding in served and meaning.clock_hz == 8000
    }


def _laws(codecs: dict[int, str]) -> dict[int, Law]:
    return {pt: Law(codec) for pt, codec in codecs.items() if codec in _G711}


def _wide(codecs: dict[int, str]) -> frozenset[int]:
    return frozenset(pt for pt, codec in codecs.items() if codec == g722.NAME)


def _read(
    description: SessionDescription, line: Media, served: frozenset[str], keys: Keys | None
) -> Terms:
    codecs = _codecs(line, served)
    payload_type, codec = next(iter(codecs.items()))
    events = [pt for pt, meaning in line.rtpmaps.items() if meaning == _EVENTS]
    return Terms(
        codec=codec,
        law=Law(codec) if codec in _G711 else Law.PCMU,
        payload_type=payload_type,
        laws=_laws(codecs),
        wide_types=_wide(codecs),
        event_type=events[0] if events else None,
        event_types=frozenset(events),
        address=_reachable(description.address_of(line)),
        port=line.port,
        rtcp_port=_rtcp_port(line),
        keys=keys,
        direction=description.direction_of(line),
        ptime_ms=_ptime_ms(line),
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


def _ptime_ms(line: Media) -> int:
    said = line.find("ptime") or ""
    if said.isascii() and said.isdigit() and len(said) <= 3 and int(said):
        return int(said)
    return FRAME_MS


def _chosen(terms: Terms) -> list[tuple[int, str]]:
    """One codec, so that the peer cannot change it in mid-stream, and the digits."""
    formats = [(terms.payload_type, terms.codec)]
    if terms.event_type is not None:
        formats.append((terms.event_type, "telephone-event"))
    return formats


def _audio_line(
    port: int, formats: list[tuple[int, str]], direction: Direction, crypto: Crypto | None
) -> Media:
    attributes = [] if crypto is None else [crypto.attribute()]
    for payload_type, encoding in formats:
        attributes.append(Attribute("rtpmap", f"{payload_type} {encoding}/8000"))
        if encoding == "telephone-event":
            attributes.append(Attribute("fmtp", f"{payload_type} 0-15"))
    attributes += [Attribute("ptime", str(FRAME_MS)), Attribute(direction.value)]
    return Media(
        kind="audio",
        port=port,
        proto=PLAIN if crypto is None else SECURE,
        formats=tuple(str(payload_type) for payload_type, _ in formats),
        attributes=tuple(attributes),
    )


def _refused(line: Media) -> Media:
    return replace(line, port=0, connection=None, attributes=())
