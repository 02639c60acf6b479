"""Events to bytes and back, for rows that outlive many versions of this program.

The kind of a row is the name of the event's class; its body is JSON, readable by a person. When a
class changes its shape, an `Upcaster` tells how an old body becomes the next version; a row is
never rewritten.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from foundation.errors import LocalError


@dataclass(frozen=True, slots=True)
class UnknownEvent:
    """A row that this program cannot read: a later version's, or a class that is gone."""

    kind: str
    version: int
    body: bytes
    why: str


@dataclass(frozen=True, slots=True)
class JournalGap:
    """Records from this one's number to `until_seq` were lost: the disk took none for too long."""

    until_seq: int
    lost: int


@dataclass(frozen=True, slots=True)
class Upcaster:
    """Turns a body of `kind` in `from_version` into one of the next version."""

    kind: str
    from_version: int
    change: Callable[[dict[str, Any]], dict[str, Any]]


class EventCodec:
    """Knows the event classes that may stand in a journal.

    A kind's present version is one more than the number of its upcasters.
    """

    def __init__(self, classes: Iterable[type], upcasters: Iterable[Upcaster] = ()) -> None:
        self._encoder = msgspec.json.Encoder()
        self._classes: dict[str, type] = {cls.__name__: cls for cls in (JournalGap, *classes)}
        self._decoders: dict[str, msgspec.json.Decoder[Any]] = {
            kind: msgspec.json.Decoder(cls) for kind, cls in self._classes.items()
        }
        self._changes: dict[str, list[Callable[[dict[str, Any]], dict[str, Any]]]] = {}
        for upcaster in sorted(upcasters, key=lambda u: (u.kind, u.from_version)):
            changes = self._changes.setdefault(upcaster.kind, [])
            if upcaster.from_version != len(changes) + 1:
                raise LocalError(f"upcasters of {upcaster.kind} must be numbered 1, 2, 3 …")
            changes.append(upcaster.change)

    def version(self, kind: str) -> int:
        return len(self._changes.get(kind, ())) + 1

    def encode(self, event: object) -> tuple[str, int, bytes]:
        """(kind, version, body); an event of an unregistered class is a bug of the caller."""
        kind = type(event).__name__
        if self._classes.get(kind) is not type(event):
            raise LocalError(f"{type(event)!r} is not registered with the journal's codec")
        return kind, self.version(kind), self._encoder.encode(event)

    def decode(self, kind: str, version: int, body: bytes) -> object:
        """The event, or `UnknownEvent`; never an error."""
        decoder = self._decoders.get(kind)
        if decoder is None:
            return UnknownEvent(kind, version, body, "no such class")
        if version > self.version(kind):
            return UnknownEvent(kind, version, body, "written by a later version")
        try:
            event: object = decoder.decode(self._upcast(kind, version, body))
        except (msgspec.MsgspecError, KeyError, TypeError, ValueError) as error:
            return UnknownEvent(kind, version, body, str(error))
        return event

    def _upcast(self, kind: str, version: int, body: bytes) -> bytes:
        if version == self.version(kind):
            return body
        fields: dict[str, Any] = msgspec.json.decode(body)
        for change in self._changes[kind][version - 1 :]:
            fields = change(fields)
        return self._encoder.encode(fields)
