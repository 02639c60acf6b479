"""Which body counts: the SDP, also when it is one part among several (RFC 2046 5.1, RFC 5621).

Trunks send a multipart with the SDP and what other exchanges want to know (ISUP, a location). We
know SDP only; other parts are left alone unless they say that they must be understood.
"""

import re
from collections.abc import Iterator

from telephony.sip.wording.compose import SDP
from telephony.sip.wording.errors import SipParseError
from telephony.sip.wording.headers import find_param, parse_media_type, parse_params, unquote
from telephony.sip.wording.message import Message

MAX_DEPTH = 3
"Multiparts inside multiparts; a peer has no reason for more."
_PLAIN = ("", "7bit", "8bit", "binary")
_FOLD = re.compile(r"\r?\n[ \t]+")
_BLANK = re.compile(rb"\r?\n\r?\n")


def sdp_of(message: Message) -> bytes | None:
    """The SDP that a message carries; b'' without a body, None when its body is something else."""
    if not message.body:
        return b""
    return _find(message.find("content-type") or "", message.body, MAX_DEPTH)


def is_optional(disposition: str) -> bool:
    """RFC 3261 20.11: a body with `handling=optional` may be ignored."""
    return _handling(disposition) == "optional"


def _find(kind: str, body: bytes, depth: int) -> bytes | None:
    media_type = parse_media_type(kind) if kind else ""
    if media_type == SDP:
        return body
    if not media_type.startswith("multipart/") or depth == 0:
        return None
    found: bytes | None = None
    for headers, content in _parts(kind, body):
        sdp = None
        if headers.get("content-transfer-encoding", "").lower() in _PLAIN:
            sdp = _find(headers.get("content-type", ""), content, depth - 1)
        if found is None and sdp is not None:
            found = sdp
        elif sdp is None and _handling(headers.get("content-disposition", "")) == "required":
            # RFC 5621 3.2 makes this the default, too; no exchange that adds a part means it.
            return None
    return found


def _parts(kind: str, body: bytes) -> Iterator[tuple[dict[str, str], bytes]]:
    """Headers and content of each part."""
    _, semicolon, params = kind.partition(";")
    boundary = unquote(find_param(parse_params(semicolon + params), "boundary") or "")
    if not boundary:
        raise SipParseError("a multipart body has no boundary")
    mark = re.escape(boundary.encode("utf-8", "surrogateescape"))
    pieces = re.split(rb"(?:\A|\r?\n)--" + mark + rb"(--)?[ \t]*(?=\r?\n|\Z)", body)
    # Before the first mark and after the last one stands nothing that counts; `re.split` gives,
    # after each piece, what the group matched: '--' ends the parts.
    for piece, is_end in zip(pieces[2::2], pieces[1::2], strict=True):
        if is_end:
            return
        yield _headers_and_content(_without_line_end(piece))


def _headers_and_content(part: bytes) -> tuple[dict[str, str], bytes]:
    if part.startswith((b"\r\n", b"\n")):
        return {}, _without_line_end(part)
    pieces = _BLANK.split(part, maxsplit=1)
    text = _FOLD.sub(" ", pieces[0].decode("utf-8", "surrogateescape"))
    pairs = (line.partition(":") for line in text.splitlines())
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    return headers, pieces[1] if len(pieces) > 1 else b""


def _without_line_end(text: bytes) -> bytes:
    return re.sub(rb"\A\r?\n", b"", text)


def _handling(disposition: str) -> str:
    _, semicolon, params = disposition.partition(";")
    return (find_param(parse_params(semicolon + params), "handling") or "").lower()
