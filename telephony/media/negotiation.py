"""Offer and answer (RFC 3264) for one audio stream of G.711 with telephone events.

    peer's offer  ──▶ `answer`        ──▶ terms, our answer
    our own offer ──▶ peer's answer   ──▶ `accept` ──▶ terms

The one stream is the first media line that we can serve; all others are refused with port 0.
Payload types stay what they were within a dialog (section 8.3.2).
"""

import ipaddress
from dataclasses import dataclass, field, replace

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
DEFAULT_EVENT_TYPE = 101
_LAW_TYPES = {Law.PCMU: 0, Law.PCMA: 8}
_EVENTS = RtpMap("TELEPHONE-EVENT", 8000)


@dataclass(frozen=True, slots=True)
class Terms:
    """What both sides agreed on, seen from us."""

    law: Law
    "What we send."
    payload_type: int
    "Of what we send."
    laws: dict[int, Law]
    "What may come, by payload type."
    event_type: int | None
    "Payload type of the digits that we send; None: the peer takes none."
    event_types: frozenset[int]
    "Payload types of digits that may come: ours, and the peer's own for phones that mix them up."
    address: str
    port: int
    rtcp_port: int
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


@dataclass(slots=True)
class Negotiation:
    """One leg's descriptions over the life of its dialog."""

    local: LocalEnd
    terms: Terms | None = None
    sent: SessionDescription | None = field(default=None)
    "Our last description."

    def answer(self, text: str) -> str:
        """Our answer to the peer's offer; on `SdpRejected` everything stays as it was."""
        offer = SessionDescription.parse(text)
        index = _served_line(offer)
        terms = _read(offer, offer.media[index])
        ours = _audio_line(self.local.port, _chosen(terms), terms.direction.mirrored)
        media = tuple(ours if i == index else _refused(line) for i, line in enumerate(offer.media))
        self.terms = terms
        return self._say(media)

    def offer(self, prefer: str) -> str:
        """Our own offer, in the layout of what was said in the dialog before."""
        laws = [Law.PCMA, Law.PCMU] if prefer == Law.PCMA else [Law.PCMU, Law.PCMA]
        events = DEFAULT_EVENT_TYPE
        if self.terms is not None and self.terms.event_type is not None:
            events = self.terms.event_type
        formats = [(_LAW_TYPES[law], law.value) for law in laws] + [(events, "telephone-event")]
        ours = _audio_line(self.local.port, formats, Direction.SENDRECV)
        before = self.sent.media if self.sent is not None else (ours,)
        index = next((i for i, line in enumerate(before) if line.port), 0)
        return self._say(tuple(ours if i == index else line for i, line in enumerate(before)))

    def accept(self, text: str) -> Terms:
        """The peer's answer to our last offer."""
        answer = SessionDescription.parse(text)
        terms = _read(answer, answer.media[_served_line(answer)])
        own = self._own_types()
        events = {pt for pt, name in own.items() if name == _EVENTS}
        laws = {pt: Law(name.encoding) for pt, name in own.items() if name != _EVENTS}
        self.terms = replace(terms, laws=laws | terms.laws, event_types=terms.event_types | events)
        return self.terms

    def _own_types(self) -> dict[int, RtpMap]:
        if self.sent is None:
            raise SdpRejected("an answer to an offer that was never made", 400)
        return next(line for line in self.sent.media if line.port).rtpmaps

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


def _served_line(description: SessionDescription) -> int:
    """The first audio line that is plain RTP with a law of G.711."""
    for index, line in enumerate(description.media):
        if line.kind == "audio" and line.port and line.proto == "RTP/AVP" and _laws(line):
            return index
    said = ", ".join(f"{line.kind} {line.port} {line.proto}" for line in description.media)
    raise SdpRejected(f"no G.711 over RTP/AVP in what is offered: {said[:120]}", NOT_ACCEPTABLE)


def _laws(line: Media) -> dict[int, Law]:
    known = {law.value: law for law in Law}
    return {
        pt: known[meaning.encoding]
        for pt, meaning in line.rtpmaps.items()
        if meaning.encoding in known and meaning.clock_hz == 8000
    }


def _read(description: SessionDescription, line: Media) -> Terms:
    laws = _laws(line)
    payload_type, law = next(iter(laws.items()))
    events = [pt for pt, meaning in line.rtpmaps.items() if meaning == _EVENTS]
    return Terms(
        law=law,
        payload_type=payload_type,
        laws=laws,
        event_type=events[0] if events else None,
        event_types=frozenset(events),
        address=_reachable(description.address_of(line)),
        port=line.port,
        rtcp_port=_rtcp_port(line),
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
    formats = [(terms.payload_type, terms.law.value)]
    if terms.event_type is not None:
        formats.append((terms.event_type, "telephone-event"))
    return formats


def _audio_line(port: int, formats: list[tuple[int, str]], direction: Direction) -> Media:
    attributes = []
    for payload_type, encoding in formats:
        attributes.append(Attribute("rtpmap", f"{payload_type} {encoding}/8000"))
        if encoding == "telephone-event":
            attributes.append(Attribute("fmtp", f"{payload_type} 0-15"))
    attributes += [Attribute("ptime", str(FRAME_MS)), Attribute(direction.value)]
    return Media(
        kind="audio",
        port=port,
        proto="RTP/AVP",
        formats=tuple(str(payload_type) for payload_type, _ in formats),
        attributes=tuple(attributes),
    )


def _refused(line: Media) -> Media:
    return replace(line, port=0, connection=None, attributes=())
