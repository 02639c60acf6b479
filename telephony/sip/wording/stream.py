"""SIP on a stream: bytes as they come in, whole messages and keep-alives out (RFC 3261 18.3). Pure.

    BETWEEN ── CRLF CRLF ──▶ Reply: CRLF (RFC 5626 3.5.1); a lone CRLF is a pong
       │  first byte of a message: its time runs
       ▼
    HEAD ── empty line ──▶ BODY ── Content-Length bytes ──▶ Whole ──▶ BETWEEN
       │                     │
       └── too long, no SIP, no length, too slow ──▶ Broken: nothing after it is read

Where a chunk is cut never matters. A stream that is broken stays so, because nobody can tell where
the next message would begin; what could be read of the message is handed out once, for a 400.
"""

import re
from dataclasses import dataclass
from typing import TypeAlias

PONG = b"\r\n"
_PING = b"\r\n\r\n"
_END = b"\r\n\r\n"
_LENGTH = re.compile(
    rb"\r\n(?:content-length|l)[ \t]*:(?:\r\n[ \t]|[ \t])*([0-9]{1,10})[ \t]*(?=\r\n)",
    re.IGNORECASE,
)
_FIRST = re.compile(rb"[A-Za-z0-9.!%*_+`'~-]")


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamLimits:
    """What one connection may cost."""

    message_bytes: int = 65_535
    head_bytes: int = 32_768
    message_s: float = 10.0
    "From the first byte of a message to its last."
    first_message_s: float = 20.0
    "From the start of a connection to its first whole message."
    idle_s: float = 180.0
    "Without a message or keep-alive, when neither a phone nor a call needs the connection."
    unsent_bytes: int = 262_144
    "What waits for a peer that does not read; then the connection is cut."
    connections: int = 2_000
    per_source: int = 300
    "Connections of one address; many phones may share one behind a NAT."
    connect_s: float = 3.0
    "For a connection that we open."


@dataclass(frozen=True, slots=True)
class Whole:
    """One message, from its first line to the last byte of its body."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """Bytes for the peer, as they are: the answer to a keep-alive, or of a layer below SIP."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Broken:
    """Close the connection; `head` is good for a refusal when it is the head of a request."""

    why: str
    status: int = 400
    head: bytes = b""


StreamEvent: TypeAlias = Whole | Reply | Broken


class Framer:
    """Cuts one direction of one connection into messages."""

    def __init__(self, limits: StreamLimits) -> None:
        self._limits = limits
        self._buffer = bytearray()
        self._searched = 0
        self._needed: int | None = None
        "Bytes of the message at the front, once its head is read."
        self._is_broken = False
        self.deadline: float | None = None
        "When the message that has begun must be whole."

    def feed(self, data: bytes, now: float) -> list[StreamEvent]:
        if self._is_broken:
            return []
        self._buffer += data
        events: list[StreamEvent] = []
        while (event := self._next()) is not None:
            events.append(event)
        if self._is_between:
            self.deadline = None
        elif self.deadline is None or any(isinstance(event, Whole) for event in events):
            self.deadline = now + self._limits.message_s
        return events

    def wrap(self, message: bytes) -> bytes:
        """A message of ours as it goes out."""
        return message

    def tick(self, now: float) -> list[StreamEvent]:
        if self.deadline is None or now < self.deadline:
            return []
        self.deadline = None
        return [self._break("too slow", 408)]

    @property
    def _is_between(self) -> bool:
        """No message has begun; half a keep-alive may wait for its other half."""
        return _PING.startswith(self._buffer)

    def _next(self) -> StreamEvent | None:
        """The first event of what is in the buffer; None when more bytes must come."""
        if self._is_broken:
            return None
        if self._needed is None and self._buffer[:1] == b"\r":
            return self._skip_blank()
        if self._needed is None and (problem := self._read_head()) is not None:
            return problem
        if self._needed is None or len(self._buffer) < self._needed:
            return None
        whole = Whole(bytes(self._buffer[: self._needed]))
        self._drop(self._needed)
        return whole

    def _skip_blank(self) -> StreamEvent | None:
        if self._buffer.startswith(_PING):
            self._drop(len(_PING))
            return Reply(PONG)
        if self._is_between:
            return None
        if not self._buffer.startswith(PONG):
            return self._break("not SIP")
        self._drop(len(PONG))
        return self._next()

    def _read_head(self) -> Broken | None:
        """Find where the message ends; tells what makes that impossible."""
        buffer = self._buffer
        if not buffer:
            return None
        if not _FIRST.match(buffer):
            return self._break("not SIP")
        end = buffer.find(_END, self._searched)
        if end < 0:
            self._searched = max(0, len(buffer) - len(_END) + 1)
            return self._check_beginning()
        head = bytes(buffer[: end + len(_END)])
        if len(head) > self._limits.head_bytes:
            return self._break("the head is too long", 413, head)
        if b"SIP/" not in head[: head.find(b"\r\n")].upper():
            return self._break("not SIP")
        lengths = {int(found) for found in _LENGTH.findall(head)}
        if len(lengths) != 1:
            return self._break("there must be one Content-Length", 400, head)
        needed = len(head) + lengths.pop()
        if needed > self._limits.message_bytes:
            return self._break("the message is too long", 413, head)
        self._needed = needed
        return None

    def _check_beginning(self) -> Broken | None:
        """What can be told of a head that is not whole yet; a TLS hello ends here."""
        line_end = self._buffer.find(b"\r\n")
        if line_end >= 0 and b"SIP/" not in self._buffer[:line_end].upper():
            return self._break("not SIP")
        if len(self._buffer) > self._limits.head_bytes:
            return self._break("the head is too long", 413)
        return None

    def _break(self, why: str, status: int = 400, head: bytes = b"") -> Broken:
        self._is_broken = True
        self._buffer.clear()
        return Broken(why, status, head)

    def _drop(self, count: int) -> None:
        del self._buffer[:count]
        self._searched, self._needed = 0, None
