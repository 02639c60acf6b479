"""SDP that is carried from one side of a line to the other: the same stream at another address.

Only G.711 and RFC 4733 events pass, under the payload types of the PBX's offer; so both sides agree
on the same numbers, and RTP can be relayed as it comes. Everything else that an offer may hold
(video, ICE, keys) is left out.
"""

from dataclasses import dataclass, replace

from telephony.media.errors import SdpRejected
from telephony.media.sdp import (
    HOLD_ADDRESS,
    Attribute,
    Direction,
    Media,
    Origin,
    SessionDescription,
)
from telephony.sip.uri import literal_address

PROTO = "RTP/AVP"
LAWS = ("PCMU", "PCMA")
CARRIED = (*LAWS, "TELEPHONE-EVENT")
KEPT_ATTRIBUTES = ("ptime", "maxptime")
NOT_ACCEPTABLE = 488


@dataclass(frozen=True, slots=True)
class Place:
    """Where one side is told to send, and by which session of ours."""

    address: str
    port: int
    session_id: str
    version: int


@dataclass(frozen=True, slots=True)
class Stream:
    """The audio of one description: where its writer hears, and what may be sent there."""

    description: SessionDescription
    index: int
    "Which m= line."

    @classmethod
    def read(cls, text: str) -> "Stream":
        """`SdpRejected` when there is no audio that we could carry."""
        description = SessionDescription.parse(text)
        for index, media in enumerate(description.media):
            if media.kind == "audio" and media.port and media.proto == PROTO:
                stream = cls(description, index)
                if stream._can_be_carried():
                    return stream
        raise SdpRejected("no audio by G.711 over plain RTP and IPv4 is offered", NOT_ACCEPTABLE)

    def _can_be_carried(self) -> bool:
        address = self.description.address_of(self.media) or ""
        return ":" not in address and any(name in LAWS for name in self.encodings.values())

    @property
    def media(self) -> Media:
        return self.description.media[self.index]

    @property
    def encodings(self) -> dict[int, str]:
        """Payload types that we carry, in their order of preference."""
        maps = self.media.rtpmaps.items()
        return {pt: m.encoding for pt, m in maps if m.encoding in CARRIED and m.clock_hz == 8000}

    @property
    def direction(self) -> Direction:
        return self.description.direction_of(self.media)

    @property
    def target(self) -> tuple[str, int] | None:
        """Where RTP goes; None where no address says so: a hold by 0.0.0.0, or a name, for whose
        look-up every packet of the line would have to wait."""
        address = literal_address(self.description.address_of(self.media) or "")
        if address is None or address == HOLD_ADDRESS:
            return None
        return address, self.media.port


def offer_of(stream: Stream, place: Place) -> str:
    """The same stream for the other side to send to `place`."""
    return str(_describe((_audio(stream, place),), place))


def answer_of(stream: Stream, offer: Stream, place: Place) -> str:
    """`stream`, which the other side answered, as the answer to `offer`: a line for each of its."""
    lines = [replace(media, port=0, attributes=()) for media in offer.description.media]
    lines[offer.index] = _audio(stream, place)
    return str(_describe(tuple(lines), place))


def _describe(media: tuple[Media, ...], place: Place) -> SessionDescription:
    origin = Origin(place.session_id, str(place.version), place.address)
    return SessionDescription(origin, media, connection=place.address)


def _audio(stream: Stream, place: Place) -> Media:
    types = tuple(map(str, stream.encodings))
    kept = [a for a in stream.media.attributes if _is_kept(a, types)]
    direction = Attribute(stream.direction.value)
    return Media("audio", place.port, PROTO, types, attributes=(*kept, direction))


def _is_kept(attribute: Attribute, types: tuple[str, ...]) -> bool:
    if attribute.name in ("rtpmap", "fmtp"):
        return (attribute.value or "").split(" ", 1)[0] in types
    return attribute.name in KEPT_ATTRIBUTES
