"""Session descriptions (RFC 8866): text to a value that cannot be wrong, or `SdpRejected`.

Only what one audio stream needs is kept: origin, connection, directions and the media lines with
their attributes. Phones end lines by LF alone, leave out s= or t=, or put attributes anywhere in
the session part: that is read; a line that says something we rely on and says it wrongly is not.
What is agreed on over two descriptions is in `negotiation`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from telephony.media.errors import SdpRejected

MAX_SDP_CHARS = 16_384
MAX_MEDIA_LINES = 32
HOLD_ADDRESS = "0.0.0.0"
"RFC 2543 phones hold by it; RFC 3264 section 8.4 keeps the meaning."


class Direction(StrEnum):
    """Seen from whoever wrote the description."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @property
    def mirrored(self) -> "Direction":
        """What the other side answers (RFC 3264 section 6.1)."""
        return _MIRROR.get(self, self)

    @property
    def is_sending(self) -> bool:
        return self in (Direction.SENDRECV, Direction.SENDONLY)

    @property
    def is_listening(self) -> bool:
        return self in (Direction.SENDRECV, Direction.RECVONLY)


_MIRROR = {
    Direction.SENDONLY: Direction.RECVONLY,
    Direction.RECVONLY: Direction.SENDONLY,
}


@dataclass(frozen=True, slots=True)
class Attribute:
    """a=name or a=name:value."""

    name: str
    value: str | None = None

    def __str__(self) -> str:
        return self.name if self.value is None else f"{self.name}:{self.value}"


@dataclass(frozen=True, slots=True)
class Origin:
    """o=: the same id for a dialog's life, the version rises with each change."""

    session_id: str
    version: str
    address: str
    username: str = "-"

    def __str__(self) -> str:
        family = "IP6" if ":" in self.address else "IP4"
        return f"{self.username} {self.session_id} {self.version} IN {family} {self.address}"


@dataclass(frozen=True, slots=True)
class RtpMap:
    """a=rtpmap: what a payload type stands for; the name is in capitals."""

    encoding: str
    clock_hz: int


STATIC_TYPES = {
    0: RtpMap("PCMU", 8000),
    8: RtpMap("PCMA", 8000),
    9: RtpMap("G722", 8000),  # it samples at 16 kHz; RFC 3551 keeps an old mistake alive
    13: RtpMap("CN", 8000),
}
"The payload types of RFC 3551 that we can use without an rtpmap."


@dataclass(frozen=True, slots=True)
class Media:
    """One m= line and what belongs to it."""

    kind: str
    port: int
    proto: str
    formats: tuple[str, ...]
    connection: str | None = None
    attributes: tuple[Attribute, ...] = ()

    def find(self, name: str) -> str | None:
        return _find(self.attributes, name)

    @property
    def direction(self) -> Direction | None:
        return _direction(self.attributes)

    @property
    def rtpmaps(self) -> dict[int, RtpMap]:
        """Payload types of `formats`, in their order of preference, that have a meaning."""
        said = tuple(a.value or "" for a in self.attributes if a.name == "rtpmap")
        return dict(_meanings(self.formats, said))

    def lines(self) -> Iterable[str]:
        yield f"m={self.kind} {self.port} {self.proto} {' '.join(self.formats)}"
        if self.connection is not None:
            yield f"c={_connection(self.connection)}"
        yield from (f"a={attribute}" for attribute in self.attributes)


@dataclass(frozen=True, slots=True)
class SessionDescription:
    """A whole description; `str()` gives the text for the wire."""

    origin: Origin
    media: tuple[Media, ...]
    connection: str | None = None
    name: str = "-"
    attributes: tuple[Attribute, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "SessionDescription":
        if len(text) > MAX_SDP_CHARS:
            raise SdpRejected(f"a session description of {len(text)} characters")
        session, *media = _sections(_fields(text))
        if session[:1] != [("v", "0")]:
            raise SdpRejected("a session description that does not begin with v=0")
        if len(media) > MAX_MEDIA_LINES:
            raise SdpRejected(f"a session description with {len(media)} media lines")
        return cls(
            origin=_origin(_first(session, "o")),
            media=tuple(_media(fields) for fields in media),
            connection=_maybe_connection(session),
            name=_first(session, "s", "-") or "-",
            attributes=_attributes(session),
        )

    def __str__(self) -> str:
        lines = ["v=0", f"o={self.origin}", f"s={self.name}"]
        if self.connection is not None:
            lines.append(f"c={_connection(self.connection)}")
        lines.append("t=0 0")
        lines += (f"a={attribute}" for attribute in self.attributes)
        for media in self.media:
            lines += media.lines()
        return "\r\n".join(lines) + "\r\n"

    def address_of(self, media: Media) -> str | None:
        return media.connection or self.connection

    def direction_of(self, media: Media) -> Direction:
        """0.0.0.0 counts as inactive; without any attribute it is sendrecv."""
        is_held = self.address_of(media) == HOLD_ADDRESS
        return Direction.INACTIVE if is_held else self.said_direction(media)

    def said_direction(self, media: Media) -> Direction:
        """Whatever the address: with ICE it says nothing."""
        return media.direction or _direction(self.attributes) or Direction.SENDRECV

    def with_version(self, version: int) -> "SessionDescription":
        return replace(self, origin=replace(self.origin, version=str(version)))


_Field = tuple[str, str]


def _fields(text: str) -> list[_Field]:
    fields = []
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if not line.strip():
            continue
        kind, equals, value = line.partition("=")
        if len(kind) != 1 or not equals:
            raise SdpRejected(f"a line of a session description that is not x=…: {line[:80]!r}")
        fields.append((kind, value.strip()))
    return fields


def _sections(fields: list[_Field]) -> list[list[_Field]]:
    """The session part, then one part for each m= line."""
    sections: list[list[_Field]] = [[]]
    for field in fields:
        if field[0] == "m":
            sections.append([])
        sections[-1].append(field)
    return sections


def _first(fields: list[_Field], kind: str, default: str | None = None) -> str:
    for name, value in fields:
        if name == kind:
            return value
    if default is None:
        raise SdpRejected(f"a session description without {kind}=")
    return default


def _origin(value: str) -> Origin:
    parts = value.split()
    if len(parts) != 6:
        raise SdpRejected(f"an o= line without six fields: {value[:80]!r}")
    username, session_id, version, _net, _family, address = parts
    return Origin(session_id, version, address, username)


def _maybe_connection(fields: list[_Field]) -> str | None:
    value = _first(fields, "c", "")
    if not value:
        return None
    parts = value.split()
    if len(parts) != 3 or parts[0] != "IN" or parts[1] not in ("IP4", "IP6"):
        raise SdpRejected(f"a c= line that names no address: {value[:80]!r}")
    return parts[2]


def _connection(address: str) -> str:
    return f"IN {'IP6' if ':' in address else 'IP4'} {address}"


def _media(fields: list[_Field]) -> Media:
    parts = fields[0][1].split()
    if len(parts) < 4:
        raise SdpRejected(f"an m= line without four fields: {fields[0][1][:80]!r}")
    kind, port, proto, *formats = parts
    number, _slash, _count = port.partition("/")
    if not _is_number(number, 65535):
        raise SdpRejected(f"an m= line with the port {port[:20]!r}")
    media = Media(
        kind=kind,
        port=int(number),
        proto=proto,
        formats=tuple(formats),
        connection=_maybe_connection(fields),
        attributes=_attributes(fields),
    )
    _ = media.rtpmaps  # an unreadable a=rtpmap is found here, not at first use
    return media


def _attributes(fields: list[_Field]) -> tuple[Attribute, ...]:
    found = []
    for kind, value in fields:
        if kind == "a":
            name, colon, rest = value.partition(":")
            found.append(Attribute(name, rest if colon else None))
    return tuple(found)


def _find(attributes: Iterable[Attribute], name: str) -> str | None:
    return next((a.value or "" for a in attributes if a.name == name), None)


def _direction(attributes: Iterable[Attribute]) -> Direction | None:
    names = {direction.value for direction in Direction}
    return next((Direction(a.name) for a in attributes if a.name in names), None)


@lru_cache(maxsize=256)
def _meanings(formats: tuple[str, ...], said: tuple[str, ...]) -> Mapping[int, RtpMap]:
    """A model of phone says the same in each of its calls, and several ask in each of them."""
    named = dict(_rtpmap(value) for value in said)
    types = (int(text) for text in formats if _is_number(text, 127))
    return {
        pt: meaning
        for pt in types
        if (meaning := named.get(pt) or STATIC_TYPES.get(pt)) is not None
    }


def _rtpmap(value: str) -> tuple[int, RtpMap]:
    """`101 telephone-event/8000` or `0 PCMU/8000/1` (section 6.6)."""
    number, _space, rest = value.strip().partition(" ")
    encoding, _slash, parameters = rest.strip().partition("/")
    clock = parameters.partition("/")[0].strip()
    if not (_is_number(number, 127) and encoding and _is_number(clock, 2**31)):
        raise SdpRejected(f"an a=rtpmap that cannot be read: {value[:80]!r}")
    return int(number), RtpMap(encoding.upper(), int(clock))


def _is_number(text: str, most: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= most
