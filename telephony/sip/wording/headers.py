"""Typed header values: what stands between a header's colon and its end, as values.

Each is read on demand by `message.Message`; `str()` writes it back. Grammar: RFC 3261 25.1.
"""

import re
from dataclasses import dataclass, replace

from telephony.sip.wording.errors import SipParseError
from telephony.sip.wording.remembered import remembered
from telephony.sip.wording.uri import (
    Params,
    SipUri,
    bracket,
    format_params,
    literal_address,
    parse_uri,
)

TOKEN = re.compile(r"[A-Za-z0-9.!%*_+`'~-]+\Z")
_VIA = re.compile(
    r"SIP\s*/\s*2\.0\s*/\s*([A-Za-z0-9.!%*_+`'~-]+)\s+"
    r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)\s*(?::\s*([0-9]{1,5})\s*)?(;.*)?\Z",
    re.IGNORECASE | re.DOTALL,
)
_CSEQ = re.compile(r"([0-9]{1,10})\s+([A-Za-z0-9.!%*_+`'~-]+)\Z")
_AUTH_PARAM = re.compile(r"\s*([A-Za-z0-9._~!%*+'`-]+)\s*=\s*(\"(?:[^\"\\]|\\.)*\"|[^\s,\"]+)\s*\Z")
MAX_CSEQ = 2**31 - 1
SAME_AGAIN = 2048
"""Addresses and hops kept as they were read: each comes again in every message of its dialog, and
in every answer to our request."""


def split_outside(text: str, separator: str) -> list[str]:
    """Cut at each `separator` that stands outside quotes and angle brackets."""
    if separator not in text:
        return [text]
    if '"' not in text and "<" not in text:
        return text.split(separator)
    pieces: list[str] = []
    start = at = 0
    closing = ""
    while at < len(text):
        char = text[at]
        if closing:
            if char == "\\" and closing == '"':
                at += 1
            elif char == closing:
                closing = ""
        elif char == '"':
            closing = '"'
        elif char == "<":
            closing = ">"
        elif char == separator:
            pieces.append(text[start:at])
            start = at + 1
        at += 1
    pieces.append(text[start:])
    return pieces


def split_list(text: str) -> list[str]:
    """The items of a comma-separated header, stripped."""
    return [piece.strip() for piece in split_outside(text, ",")]


def parse_params(text: str) -> Params:
    """`;a=b;c` as pairs; the text starts with a semicolon or is empty."""
    text = text.strip()
    if not text:
        return ()
    if text[0] != ";":
        raise SipParseError(f"parameters were expected, not {text!r}")
    pairs: list[tuple[str, str | None]] = []
    for piece in split_outside(text[1:], ";"):
        name, equals, value = piece.partition("=")
        name = name.strip()
        if not TOKEN.match(name):
            raise SipParseError(f"{piece!r} is not a parameter")
        value = value.strip()
        if equals and not value:
            raise SipParseError(f"the parameter {name!r} has no value")
        pairs.append((name, value if equals else None))
    return tuple(pairs)


def find_param(params: Params, name: str) -> str | None:
    """Value, '' when it has none, None when it is not there; names ignore case."""
    for key, value in params:
        if key == name or key.lower() == name:
            return value or ""
    return None


def unquote(text: str) -> str:
    if len(text) >= 2 and text[0] == text[-1] == '"':
        inner = text[1:-1]
        return re.sub(r"\\(.)", r"\1", inner, flags=re.DOTALL) if "\\" in inner else inner
    return text


def quote(text: str) -> str:
    """A quoted-string; control characters, which no peer expects, become spaces."""
    clean = re.sub(r"[\x00-\x1f\x7f]", " ", text)
    return '"' + clean.replace("\\", "\\\\").replace('"', '\\"') + '"'


@dataclass(frozen=True, slots=True)
class NameAddr:
    """From, To, Contact, Route, Record-Route: an address with a name and parameters."""

    uri_text: str
    display_name: str = ""
    params: Params = ()

    @staticmethod
    def parse(text: str) -> "NameAddr":
        return parse_address(text)

    @property
    def uri(self) -> SipUri:
        return parse_uri(self.uri_text)

    @property
    def tag(self) -> str:
        return find_param(self.params, "tag") or ""

    def param(self, name: str) -> str | None:
        return find_param(self.params, name)

    def with_tag(self, tag: str) -> "NameAddr":
        rest = tuple(pair for pair in self.params if pair[0].lower() != "tag")
        return replace(self, params=(*rest, ("tag", tag)))

    def __str__(self) -> str:
        name = f"{quote(self.display_name)} " if self.display_name else ""
        return f"{name}<{self.uri_text}>{format_params(self.params)}"


@remembered(SAME_AGAIN)
def parse_address(text: str) -> NameAddr:
    text = text.strip()
    name, opening = _display_name(text)
    if opening < 0:
        return _parse_bare(text)
    closing = text.find(">", opening)
    if closing < 0:
        raise SipParseError(f"{text!r} lacks its closing angle bracket")
    uri = text[opening + 1 : closing].strip()
    if not uri:
        raise SipParseError(f"{text!r} names no address")
    return NameAddr(uri, name, parse_params(text[closing + 1 :]))


def _parse_bare(text: str) -> NameAddr:
    """RFC 3261 20: without brackets, parameters belong to the header and `?` is forbidden."""
    uri, semicolon, params = text.partition(";")
    uri = uri.strip()
    if ":" not in uri or re.search(r"[\s,?\"<>]", uri):
        raise SipParseError(f"{text!r} is not an address")
    return NameAddr(uri, "", parse_params(semicolon + params))


def _display_name(text: str) -> tuple[str, int]:
    """The name before the bracket and the bracket's place; place -1 when there is none."""
    if text.startswith('"'):
        closing = _closing_quote(text)
        opening = closing + 1
        while opening < len(text) and text[opening] in " \t":
            opening += 1
        if text[opening : opening + 1] != "<":
            raise SipParseError(f"{text!r} has a name but no address in angle brackets")
        return unquote(text[: closing + 1]), opening
    opening = text.find("<")
    if opening < 0:
        return "", -1
    name = text[:opening].strip()
    if name and re.search(r"[\",;:@<>]", name):
        raise SipParseError(f"the display name {name!r} must be quoted")
    return name, opening


def _closing_quote(text: str) -> int:
    at = 1
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text[at] == '"':
            return at
        at += 1
    raise SipParseError(f"{text!r} lacks its closing quote")


@dataclass(frozen=True, slots=True)
class Via:
    """One hop; `host` keeps the brackets of an IPv6 literal."""

    transport: str
    host: str
    port: int | None
    params: Params

    @classmethod
    def parse(cls, text: str) -> "Via":
        found = _VIA.match(text.strip())
        if found is None:
            raise SipParseError(f"{text!r} is not a Via")
        port = int(found[3]) if found[3] else None
        if port is not None and port > 65535:
            raise SipParseError(f"{port} is not a port")
        return cls(found[1].upper(), found[2], port, parse_params(found[4] or ""))

    @property
    def branch(self) -> str:
        return find_param(self.params, "branch") or ""

    @property
    def sent_by(self) -> str:
        return f"{self.host.lower()}:{self.port or 5060}"

    def seen_from(self, host: str, port: int) -> "Via":
        """With `received` and `rport` filled in as RFC 3261 18.2.1 and RFC 3581 4 say."""
        asked = find_param(self.params, "rport") is not None
        same = literal_address(self.host) == literal_address(host)
        if same and not asked:
            return self
        kept = [pair for pair in self.params if pair[0].lower() not in ("received", "rport")]
        if asked:
            kept.append(("rport", str(port)))
        kept.append(("received", host))
        return replace(self, params=tuple(kept))

    def reply_port(self, source_port: int) -> int:
        """Where answers go: the port the request came from if `rport` was asked for."""
        if find_param(self.params, "rport") is not None:
            return source_port
        return self.port or 5060

    def __str__(self) -> str:
        port = "" if self.port is None else f":{self.port}"
        host = bracket(self.host)
        return f"SIP/2.0/{self.transport} {host}{port}{format_params(self.params)}"


@remembered(SAME_AGAIN)
def top_via(text: str) -> Via:
    """The topmost hop of a header Via."""
    return Via.parse(split_list(text)[0])


@dataclass(frozen=True, slots=True)
class CSeq:
    number: int
    method: str

    @staticmethod
    def parse(text: str) -> "CSeq":
        return parse_cseq(text)

    def __str__(self) -> str:
        return f"{self.number} {self.method}"


@remembered(256)
def parse_cseq(text: str) -> CSeq:
    found = _CSEQ.match(text.strip())
    if found is None or int(found[1]) > MAX_CSEQ:
        raise SipParseError(f"{text!r} is not a CSeq")
    return CSeq(int(found[1]), found[2])


@dataclass(frozen=True, slots=True)
class AuthValue:
    """A challenge or credentials: scheme and parameters, unquoted, names in lower case."""

    scheme: str
    params: dict[str, str]

    @classmethod
    def parse(cls, text: str) -> "AuthValue":
        scheme, _, rest = text.strip().partition(" ")
        if not TOKEN.match(scheme):
            raise SipParseError(f"{text!r} is not a challenge or credentials")
        params: dict[str, str] = {}
        for piece in split_outside(rest, ","):
            found = _AUTH_PARAM.match(piece)
            if found is None:
                raise SipParseError(f"{piece!r} is not an authentication parameter")
            params[found[1].lower()] = unquote(found[2])
        return cls(scheme, params)


def parse_media_type(text: str) -> str:
    """`type/subtype` in lower case, parameters left out."""
    media, _, _ = text.partition(";")
    kind, slash, subtype = media.strip().partition("/")
    if not slash or not TOKEN.match(kind.strip()) or not TOKEN.match(subtype.strip()):
        raise SipParseError(f"{text!r} is not a media type")
    return f"{kind.strip()}/{subtype.strip()}".lower()
