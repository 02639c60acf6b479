"""Fuzzing what cuts streams into messages: where the bytes are cut must never matter."""

import struct
from collections.abc import Callable
from itertools import pairwise

import msgspec

from foundation.frames import UNREADABLE, FrameReader, FrameTooLong, pack
from telephony.media import protocol
from telephony.sip.sockets.web_socket import WebSocketFramer
from telephony.sip.wording.stream import Framer, StreamEvent, StreamLimits, Whole
from tests.fuzz.sip_messages import torture
from tests.support.media_phone import sdp

HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: hotline\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: sip\r\n\r\n"
)
MASK = b"\1\2\3\4"


def _cut(data: bytes) -> list[bytes]:
    """Pieces of uneven length that depend on the data alone."""
    places, at = [0], 0
    while at < len(data):
        at += 1 + data[at] % 37
        places.append(min(at, len(data)))
    return [data[a:b] for a, b in pairwise(places)]


def _same_when_cut(make: Callable[[], Framer | WebSocketFramer], data: bytes) -> str:
    whole, pieces = make(), make()
    at_once = whole.feed(data, 0.0)
    in_pieces = [event for piece in _cut(data) for event in pieces.feed(piece, 0.0)]
    wholes = [event for event in at_once if isinstance(event, Whole)]
    assert wholes == [event for event in in_pieces if isinstance(event, Whole)]
    assert ("Broken" in _kinds(at_once)) == ("Broken" in _kinds(in_pieces))
    whole.tick(3600.0)
    return " ".join(_kinds(at_once))


def _kinds(events: list[StreamEvent]) -> list[str]:
    return [type(event).__name__ for event in events]


def take_stream(data: bytes) -> str:
    return _same_when_cut(lambda: Framer(StreamLimits()), data)


def take_web_socket(data: bytes) -> str:
    def make() -> WebSocketFramer:
        framer = WebSocketFramer(StreamLimits())
        framer.feed(HANDSHAKE, 0.0)
        return framer

    WebSocketFramer(StreamLimits()).feed(data, 0.0)
    return _same_when_cut(make, data)


def in_streams() -> list[bytes]:
    return [b"\r\n\r\n" + a + b for a, b in pairwise(torture())]


def web_frame(payload: bytes, opcode: int = 1, *, fin: bool = True) -> bytes:
    """As a browser sends it: masked."""
    head = bytes([(0x80 if fin else 0) | opcode])
    size = len(payload)
    head += bytes([0x80 | size]) if size < 126 else b"\xfe" + struct.pack("!H", size)
    return head + MASK + bytes(byte ^ MASK[n % 4] for n, byte in enumerate(payload))


def web_frames() -> list[bytes]:
    message = torture()[0]
    return [
        web_frame(message), web_frame(b"\r\n\r\n"), web_frame(b"ping", 9), web_frame(b"\3\xe8", 8),
        web_frame(message[:50], fin=False) + web_frame(message[50:], 0), HANDSHAKE,
    ]  # fmt: skip


def take_media_frames(data: bytes) -> str:
    """Between core and a media worker, both directions."""
    whole, pieces = FrameReader(), FrameReader()
    try:
        frames = whole.feed(data)
    except FrameTooLong:
        return "too long"
    assert frames == [frame for piece in _cut(data) for frame in pieces.feed(piece)]
    return " ".join(_decoded(frame) for frame in frames)


def _decoded(frame: bytes) -> str:
    words = []
    for kind in (protocol.Request, protocol.Message):
        try:
            message = msgspec.msgpack.decode(frame, type=kind)
        except UNREADABLE:
            words.append("refused")
        else:
            again = msgspec.msgpack.decode(msgspec.msgpack.encode(message), type=type(message))
            assert repr(again) == repr(message)
            words.append(type(message).__name__)
    return "/".join(words)


def media_frames() -> list[bytes]:
    messages = [
        protocol.Hello(version=1),
        protocol.Offer(rid=2, leg="l-1", call="c-1", sdp=sdp(4000)),
        protocol.Play(rid=3, leg="l-1", play_id="p-1", items=["tone:300:20"]),
        protocol.Release(rid=4, leg="l-1"),
    ]
    packed = [pack(msgspec.msgpack.encode(each)) for each in messages]
    return [*packed, b"".join(packed)]
