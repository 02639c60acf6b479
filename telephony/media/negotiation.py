"""Offer and answer (RFC 3264) for one audio stream of G.711, G.722 or Opus with telephone events.

    peer's offer  ──▶ `answer`        ──▶ terms, our answer
    our own offer ──▶ peer's answer   ──▶ `accept` ──▶ terms

The one stream is the first media line that we can serve; all others are refused with port 0.
Payload types stay what they were within a dialog (section 8.3.2).
"""

import ipaddress
from dataclasses import dataclass, field, replace

from telephony.media import g722, opus
from telephony.media.crypto import SECURE, Crypto, Suite, cryptos
from telephony.media.errors import SdpRejected
from telephony.media.g711 import FRAME_MS, Law
from telephony.media.protocol import Srtp
from telephony.media.sdp import (
    HOLD_ADDRESS,
    Attribute,
    Direction,
    Media,
    Origin,
    SessionDescription,
)

NOT_ACCEPTABLE = 488
PLAIN = "RTP/AVP"
DEFAULT_EVENT_TYPE = 101
_TYPES = {
    Law.PCMU.value: 0,
    Law.PCMA.value: 8,
    g722.NAME: g722.PAYLOAD_TYPE,
    opus.NAME: opus.PAYLOAD_TYPE,
}
"In our own offers."
_EVENTS = "TELEPHONE-EVENT"
_SLOW_HZ = 8000
_SLOW_EVENTS, _FAST_EVENTS = "telephone-event/8000", f"telephone-event/{opus.CLOCK_HZ}"
_RTPMAPS = {codec: f"{codec}/8000" for codec in _TYPES} | {opus.NAME: opus.RTPMAP}
_FORMATS = {_SLOW_EVENTS: "0-15", _FAST_EVENTS: "0-15", opus.RTPMAP: opus.FORMAT}
"What a=fmtp says of them."
_G711 = frozenset(law.value for law in Law)


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
    "For SRTP; None: plain RTP."
    direction: Direction
    "The peer's: whether it sends and listens."
    ptime_ms: int = FRAME_MS
    "What the peer likes best to get; a wish (RFC 8866 section 6.4)."

    @property
    def events_rtpmap(self) -> str:
        return _FAST_EVENTS if self.event_type in self.fast_event_types else _SLOW_EVENTS

    @property
    def protection(self) -> "_Protection":
        return _Protection(self.proto, None if self.keys is None else self.keys.ours)


@dataclass(frozen=True, slots=True)
class _Protection:
    """What our media line says of it."""

    proto: str
    crypto: Crypto | None = None


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
    serves_opus: bool = False

    @property
    def _wide(self) -> list[str]:
        return [g722.NAME] * self.serves_g722 + [opus.NAME] * self.serves_opus

    @property
    def _served(self) -> frozenset[str]:
        return _G711.union(self._wide)

    def answer(self, text: str, srtp: Srtp = Srtp.NEVER) -> str:
        """Our answer to the peer's offer; on `SdpRejected` everything stays as it was."""
        offer = SessionDescription.parse(text)
        index = self._served_line(offer, srtp)
        terms = self._read(offer, offer.media[index], srtp)
        ours = _audio_line(
            self.local.port, _chosen(terms), terms.direction.mirrored, terms.protection
        )
        media = tuple(ours if i == index else _refused(line) for i, line in enumerate(offer.media))
        self.terms = terms
        return self._say(media)

    def offer(self, prefer: str, srtp: Srtp = Srtp.NEVER) -> str:
        """Our own offer, in the layout of what was said in the dialog before.

        Within a dialog, whether there is SRTP stays as it is.
        """
        codecs = ["PCMA", "PCMU"] if prefer == Law.PCMA else ["PCMU", "PCMA"]
        # Offered only to go with the other leg's: every phone that took it for its own reasons
        # would have to be transcoded.
        wide = prefer if self.terms is None else self.terms.codec
        if wide in self._wide:
            codecs.insert(0, wide)
        formats = [*self._own_types(codecs), self._own_events()]
        protection = self._offered_protection(srtp) if self.terms is None else self.terms.protection
        ours = _audio_line(self.local.port, formats, Direction.SENDRECV, protection)
        before = self.sent.media if self.sent is not None else (ours,)
        index = next((i for i, line in enumerate(before) if line.port), 0)
        return self._say(tuple(ours if i == index else line for i, line in enumerate(before)))

    def _own_types(self, codecs: list[str]) -> list[tuple[int, str]]:
        """A type that was given a meaning in the dialog keeps it."""
        agreed = {} if self.terms is None else {self.terms.codec: self.terms.payload_type}
        return [(agreed.get(codec, _TYPES[codec]), _RTPMAPS[codec]) for codec in codecs]

    def _own_events(self) -> tuple[int, str]:
        if self.terms is None or self.terms.event_type is None:
            return DEFAULT_EVENT_TYPE, _SLOW_EVENTS
        return self.terms.event_type, self.terms.events_rtpmap

    def accept(self, text: str) -> Terms:
        """The peer's answer to our last offer."""
        answer = SessionDescription.parse(text)
        ours = self._own_line()
        srtp = Srtp.NEVER if ours.find("crypto") is None else Srtp.OFFER
        line = answer.media[self._served_line(answer, srtp)]
        if line.proto != ours.proto:
            raise SdpRejected(f"{line.proto} in answer to {ours.proto}", NOT_ACCEPTABLE)
        terms = self._read(answer, line, srtp)
        events = {pt for pt, meaning in ours.rtpmaps.items() if meaning.encoding == _EVENTS}
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

    def _offered_protection(self, srtp: Srtp) -> "_Protection":
        """`OFFER` is plain RTP with a key (as widely done, though RFC 4568 has no such thing): a
        phone that does not know the attribute passes over it, and no second INVITE is needed."""
        if srtp is Srtp.REQUIRE and not self.local.srtp_key:
            raise SdpRejected("SRTP is not served here", NOT_ACCEPTABLE)
        if srtp is Srtp.NEVER or not self.local.srtp_key:
            return _Protection(PLAIN)
        proto = SECURE if srtp is Srtp.REQUIRE else PLAIN
        return _Protection(proto, Crypto(1, Suite.HMAC_80, self.local.srtp_key))

    def _served_line(self, description: SessionDescription, srtp: Srtp) -> int:
        """The first audio line with a codec of ours, and with a key if it is SRTP."""
        for index, line in enumerate(description.media):
            if line.kind == "audio" and line.port and self._can_serve(line, srtp):
                return index
        said = ", ".join(f"{line.kind} {line.port} {line.proto}" for line in description.media)
        raise SdpRejected(f"nothing that we serve in what is offered: {said[:120]}", NOT_ACCEPTABLE)

    def _can_serve(self, line: Media, srtp: Srtp) -> bool:
        if line.proto not in (PLAIN, SECURE) or not _codecs(line, self._served):
            return False
        may_be_plain = line.proto == PLAIN and srtp is not Srtp.REQUIRE
        return may_be_plain or self._keys(line, srtp) is not None

    def _keys(self, line: Media, srtp: Srtp) -> Keys | None:
        is_asked_for = line.proto == SECURE or srtp is not Srtp.NEVER
        theirs = cryptos(line)
        if not (is_asked_for and theirs and self.local.srtp_key):
            return None
        # Both have the tag of what the offer said (RFC 4568 section 5.1.2).
        return Keys(replace(theirs[0], key=self.local.srtp_key), theirs[0])

    def _read(self, description: SessionDescription, line: Media, srtp: Srtp) -> Terms:
        return _read(description, line, self._served, self._keys(line, srtp))

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
        if meaning.encoding in served and meaning.clock_hz == _clock_hz(meaning.encoding)
    }


def _laws(codecs: dict[int, str]) -> dict[int, Law]:
    return {pt: Law(codec) for pt, codec in codecs.items() if codec in _G711}


def _wide(codecs: dict[int, str]) -> dict[int, str]:
    return {pt: codec for pt, codec in codecs.items() if codec not in _G711}


def _clock_hz(codec: str) -> int:
    return opus.CLOCK_HZ if codec == opus.NAME else _SLOW_HZ


def _events(line: Media, codec: str) -> dict[int, int]:
    """Clocks of the digits' payload types, those first whose clock is the codec's (RFC 4733 2.1).

    Phones that know one clock for all codecs say 8000 beside Opus too.
    """
    clocks = {
        pt: meaning.clock_hz
        for pt, meaning in line.rtpmaps.items()
        if meaning.encoding == _EVENTS and meaning.clock_hz in (_SLOW_HZ, _clock_hz(codec))
    }
    return dict(sorted(clocks.items(), key=lambda one: one[1] != _clock_hz(codec)))


def _read(
    description: SessionDescription, line: Media, served: frozenset[str], keys: Keys | None
) -> Terms:
    codecs = _codecs(line, served)
    payload_type, codec = next(iter(codecs.items()))
    events = _events(line, codec)
    return Terms(
        codec=codec,
        law=Law(codec) if codec in _G711 else Law.PCMU,
        payload_type=payload_type,
        laws=_laws(codecs),
        wide_types=_wide(codecs),
        event_type=next(iter(events), None),
        event_types=frozenset(events),
        fast_event_types=frozenset(pt for pt, clock_hz in events.items() if clock_hz != _SLOW_HZ),
        address=_reachable(description.address_of(line)),
        port=line.port,
        rtcp_port=_rtcp_port(line),
        proto=line.proto,
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
    formats = [(terms.payload_type, _RTPMAPS[terms.codec])]
    if terms.event_type is not None:
        formats.append((terms.event_type, terms.events_rtpmap))
    return formats


def _audio_line(
    port: int, formats: list[tuple[int, str]], direction: Direction, protection: _Protection
) -> Media:
    crypto = protection.crypto
    attributes = [] if crypto is None else [crypto.attribute()]
    for payload_type, rtpmap in formats:
        attributes.append(Attribute("rtpmap", f"{payload_type} {rtpmap}"))
        if rtpmap in _FORMATS:
            attributes.append(Attribute("fmtp", f"{payload_type} {_FORMATS[rtpmap]}"))
    attributes += [Attribute("ptime", str(FRAME_MS)), Attribute(direction.value)]
    return Media(
        kind="audio",
        port=port,
        proto=protection.proto,
        formats=tuple(str(payload_type) for payload_type, _ in formats),
        attributes=tuple(attributes),
    )


def _refused(line: Media) -> Media:
    return replace(line, port=0, connection=None, attributes=())
