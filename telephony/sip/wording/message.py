"""SIP messages (RFC 3261 7): bytes in, a `Request` or `Response` out, and back.

Lazy, because most headers of most messages are never looked at: `parse_message` reads the start
line and finds each header; a header becomes a typed value when it is asked for the first time.
Any bytes give a message or `SipParseError`, and a typed header gives its value or the same error.

Parsed messages keep their bytes, so `bytes(message)` is exactly what came. Text is UTF-8, and bytes
that are not travel as surrogate escapes. Messages of our own are built with `Request(...)` and
`Response(...)`, and written by `bytes()`.
"""

import re
from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from typing import TypeVar

from foundation.errors import LocalError
from telephony.sip.wording.errors import SipParseError
from telephony.sip.wording.headers import (
    TOKEN,
    CSeq,
    NameAddr,
    Via,
    parse_media_type,
    split_list,
    top_via,
)
from telephony.sip.wording.uri import SipUri, parse_uri

T = TypeVar("T")

MAX_MESSAGE_BYTES = 65_535
MAX_HEADERS = 256
MAX_HEADER_CHARS = 8_192

COMPACT = {
    "a": "accept-contact",
    "b": "referred-by",
    "c": "content-type",
    "e": "content-encoding",
    "f": "from",
    "i": "call-id",
    "k": "supported",
    "l": "content-length",
    "m": "contact",
    "o": "event",
    "r": "refer-to",
    "s": "subject",
    "t": "to",
    "u": "allow-events",
    "v": "via",
    "x": "session-expires",
}
_FOLD = re.compile(r"[ \t]*\r\n[ \t]+")
_STATUS_LINE = re.compile(r"SIP/2\.0 ([1-6][0-9]{2})(?: (.*))?\Z", re.IGNORECASE | re.DOTALL)
_CALL_ID = re.compile(r"[^\x00-\x20\x7f\udc80-\udcff]+\Z")
SINGLE = frozenset(("from", "to", "call-id", "cseq", "max-forwards", "content-length"))
"Headers of which a second one makes the message malformed."

HeaderLines = Sequence[tuple[str, str]]


@lru_cache(maxsize=1024)
def long_name(name: str) -> str:
    """The one name of a header, however it is written."""
    key = name.lower()
    return COMPACT.get(key, key)


@lru_cache(maxsize=1024)
def is_token(text: str) -> bool:
    """Names of headers and methods are few, and each is looked at in every message."""
    return TOKEN.match(text) is not None


class Message:
    """What requests and responses share: headers by name, typed on demand, and a body."""

    __slots__ = ("_first", "_more", "_raw", "_typed", "body", "headers")

    def __init__(self, headers: HeaderLines, body: bytes = b"", raw: bytes | None = None) -> None:
        self.headers = headers
        self.body = body
        self._raw = raw
        self._typed: dict[str, object] = {}
        first: dict[str, str] = {}
        more: dict[str, list[str]] = {}
        for name, value in headers:
            key = long_name(name)
            if key in first:
                more.setdefault(key, [first[key]]).append(value)
            else:
                first[key] = value
        self._first = first
        self._more = more
        "All values of those that came more than once."

    # -- as text ---------------------------------------------------------------------------------

    def find(self, name: str) -> str | None:
        """The first header of that (long, lower-case) name as it was written, or None."""
        return self._first.get(name)

    def values(self, name: str) -> list[str]:
        """All headers of that name, one entry a line, top to bottom."""
        if name in self._more:
            return self._more[name]
        value = self._first.get(name)
        return [] if value is None else [value]

    def items(self, name: str) -> list[str]:
        """All items of a comma-separated header, over all its lines, empty ones left out."""
        if name not in self._first:
            return []
        return [item for line in self.values(name) for item in split_list(line) if item]

    def find_repeated(self, names: Collection[str]) -> str:
        """One of `names` that stands there more than once, or ''."""
        return next((name for name in self._more if name in names), "")

    # -- typed -----------------------------------------------------------------------------------

    def _get(self, name: str, parse: Callable[[str], T]) -> T:
        if name in self._typed:
            return self._typed[name]  # type: ignore[return-value]  # keyed by name, one type each
        text = self._first.get(name)
        if text is None:
            raise SipParseError(f"the header {name} is missing")
        value = self._typed[name] = parse(text)
        return value

    @property
    def via(self) -> Via:
        """The topmost hop."""
        return self._get("via", top_via)

    @property
    def sender(self) -> NameAddr:
        """From."""
        return self._get("from", NameAddr.parse)

    @property
    def to(self) -> NameAddr:
        return self._get("to", NameAddr.parse)

    @property
    def cseq(self) -> CSeq:
        return self._get("cseq", CSeq.parse)

    @property
    def call_id(self) -> str:
        return self._get("call-id", _parse_call_id)

    @property
    def content_type(self) -> str:
        """`type/subtype` in lower case; '' when the header is missing."""
        return self._get("content-type", parse_media_type) if self.find("content-type") else ""

    @property
    def contacts(self) -> list[NameAddr]:
        return [NameAddr.parse(item) for item in self.items("contact")]

    @property
    def routes(self) -> list[str]:
        """Record-Route, top to bottom, each item as it was written."""
        items = self.items("record-route")
        for item in items:
            _ = NameAddr.parse(item).uri
            if not is_utf8(item):
                raise SipParseError("a Record-Route is not UTF-8")
        return items

    def number(self, name: str) -> int | None:
        """A header that is a number of seconds or hops; None when it is missing."""
        text = self.find(name)
        if text is None:
            return None
        if len(text) > 10 or not (text.isascii() and text.isdigit()):
            raise SipParseError(f"{name} {text!r} is not a number")
        return int(text)

    # -- wire ------------------------------------------------------------------------------------

    @property
    def start_line(self) -> str:
        raise NotImplementedError

    def __bytes__(self) -> bytes:
        if self._raw is None:
            self._raw = serialise(self.start_line, self.headers, self.body)
        return self._raw

    def __repr__(self) -> str:
        return f"<{self.start_line} {self.find('cseq')} {self.find('call-id')}>"


class Request(Message):
    __slots__ = ("method", "uri_text")

    def __init__(
        self,
        method: str,
        uri_text: str,
        headers: HeaderLines,
        body: bytes = b"",
        raw: bytes | None = None,
    ) -> None:
        super().__init__(headers, body, raw)
        self.method = method
        self.uri_text = uri_text

    @property
    def uri(self) -> SipUri:
        return parse_uri(self.uri_text)

    @property
    def start_line(self) -> str:
        return f"{self.method} {self.uri_text} SIP/2.0"


class Response(Message):
    __slots__ = ("reason", "status")

    def __init__(
        self,
        status: int,
        reason: str,
        headers: HeaderLines,
        body: bytes = b"",
        raw: bytes | None = None,
    ) -> None:
        super().__init__(headers, body, raw)
        self.status = status
        self.reason = reason

    @property
    def start_line(self) -> str:
        return f"SIP/2.0 {self.status} {self.reason}"


def serialise(start_line: str, headers: HeaderLines, body: bytes) -> bytes:
    """The bytes of a message of ours; Content-Length is added."""
    lines = [start_line]
    lines += [f"{name}: {value}" for name, value in headers]
    lines.append(f"Content-Length: {len(body)}")
    head = "\r\n".join(lines)
    if head.count("\r") != len(lines) - 1 or head.count("\n") != len(lines) - 1:
        raise LocalError(f"a header of our own holds a line break: {lines!r}")
    return f"{head}\r\n\r\n".encode("utf-8", "surrogateescape") + body


def parse_message(data: bytes) -> Request | Response:
    """Read one whole message, as a datagram brings it.

    Bytes after the length that Content-Length gives are cut off (RFC 3261 18.3); a body shorter
    than that is an error. Without Content-Length the body is all the rest.
    """
    if len(data) > MAX_MESSAGE_BYTES:
        raise SipParseError(f"a message of {len(data)} bytes is too long", status=413)
    head, blank, body = data.lstrip(b"\r\n").partition(b"\r\n\r\n")
    text = head.decode("utf-8", "surrogateescape")
    start, _, rest = text.partition("\r\n")
    headers, problem = _parse_headers(rest)
    message = _parse_start(start, headers, body, data)
    if not blank:
        problem = problem or "the empty line after the headers is missing"
    problem = problem or _frame(message)
    if problem:
        raise SipParseError(problem, request=message if isinstance(message, Request) else None)
    return message


def _parse_headers(text: str) -> tuple[list[tuple[str, str]], str]:
    """What headers there are, and the first problem found among them or ''."""
    if "\r\n " in text or "\r\n\t" in text:
        text = _FOLD.sub(" ", text)
    headers: list[tuple[str, str]] = []
    problem = ""
    for line in text.split("\r\n") if text else ():
        name, colon, value = line.partition(":")
        name = name.rstrip(" \t")
        if not colon or not is_token(name):
            problem = problem or f"{line[:80]!r} is not a header"
        elif len(line) > MAX_HEADER_CHARS:
            problem = problem or f"the header {name} of {len(line)} characters is too long"
        elif len(headers) >= MAX_HEADERS:
            return headers, problem or f"there are more than {MAX_HEADERS} headers"
        else:
            headers.append((name, value.strip(" \t")))
    breaks = text.count("\r\n")
    if text.count("\n") != breaks or text.count("\r") != breaks:
        # A bare line break would become a header of its own in what we copy into answers.
        headers = [pair for pair in headers if "\n" not in pair[1] and "\r" not in pair[1]]
        problem = problem or "a header holds a bare line break"
    return headers, problem


def _parse_start(line: str, headers: HeaderLines, body: bytes, raw: bytes) -> Request | Response:
    if line[:4].upper() == "SIP/":
        return Response(*_status_of(line), headers, body, raw)
    parts = line.split(" ")
    if len(parts) == 3 and is_token(parts[0]) and _CALL_ID.match(parts[1]):
        request = Request(parts[0], parts[1], headers, body, raw)
        if parts[2].upper() == "SIP/2.0":
            return request
        if re.match(r"SIP/[0-9]+\.[0-9]+\Z", parts[2], re.IGNORECASE):
            raise SipParseError(f"{parts[2]} is not spoken here", 505, request)
    raise SipParseError(f"{line[:80]!r} is not a request line", request=_unread(line, headers))


@lru_cache(maxsize=256)
def _status_of(line: str) -> tuple[int, str]:
    found = _STATUS_LINE.match(line)
    if found is None or "\n" in line or "\r" in line:
        raise SipParseError(f"{line[:80]!r} is not a status line")
    return int(found[1]), found[2] or ""


def _unread(line: str, headers: HeaderLines) -> Request | None:
    """A request whose first line is broken, good enough to be told so."""
    method = re.match(r"([A-Za-z]+)\s+\S", line)
    if method is None or not re.search(r"SIP/", line, re.IGNORECASE):
        return None
    return Request(method[1], "", headers)


def _frame(message: Message) -> str:
    """Apply Content-Length and the rule of single headers; gives the problem or ''."""
    if several := message.find_repeated(SINGLE):
        return f"there are several headers {several}"
    try:
        length = message.number("content-length")
    except SipParseError as error:
        return str(error)
    if length is not None:
        if length > len(message.body):
            return f"the body has {len(message.body)} of {length} bytes"
        message.body = message.body[:length]
    return ""


def is_utf8(text: str) -> bool:
    """No part of the text came as bytes that are not UTF-8."""
    return text.isascii() or not re.search("[\udc80-\udcff]", text)


def clean_text(text: str) -> str:
    """For people and encoders further up: what is not UTF-8 becomes replacement characters."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _parse_call_id(text: str) -> str:
    if not _CALL_ID.match(text):
        raise SipParseError(f"{text!r} is not a Call-ID")
    return text
