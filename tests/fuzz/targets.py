"""What is fuzzed, and what must hold: any bytes give a value or the error meant for them.

A target's `take` raises when something else happened. It returns a short word for what did, so that
the fuzzer knows new behaviour when it sees it.
"""

import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import msgspec

from foundation.frames import UNREADABLE, FrameReader, FrameTooLong, pack
from foundation.ids import LegId
from telephony.media import protocol, rtcp
from telephony.media.errors import RtcpMalformed, RtpMalformed, SdpRejected
from telephony.media.negotiation import LocalEnd, Negotiation
from telephony.media.rtp import RtpPacket
from telephony.media.sdp import SessionDescription
from telephony.sip.events import CallerIdentity, Dropped, IncomingCall, SendDatagram, StackEffect
from telephony.sip.message import Response, parse_message
from telephony.sip.stack import SipStack
from telephony.sip.stream import Framer, StreamEvent, StreamLimits, Whole
from telephony.sip.stun import answer_stun, is_stun
from telephony.sip.web_socket import WebSocketFramer
from tests.support.media_leg import PHONE as MEDIA_PHONE
from tests.support.media_leg import Leg
from tests.support.media_phone import sdp
from tests.support.raw_peer import RawPeer
from tests.support.wire import ANSWER, OFFER, PHONE, make_stack

TORTURE = Path(__file__).parent.parent / "sip" / "torture"
OUR_LEG = LegId("l-1")
REST_S = 200.0
"Longer than the timers of a call that was hung up."


@dataclass(frozen=True, slots=True)
class Target:
    name: str
    take: Callable[[bytes], str]
    seeds: Callable[[], list[bytes]]


# -- SIP ---------------------------------------------------------------------------------------


def take_sip(data: bytes) -> str:
    """A message from nowhere."""
    peer = RawPeer(make_stack(accounts={"agent0001": "pw"}, lines=lambda user: True), stream=False)
    return _told(peer, data)


def take_in_dialog(data: bytes) -> str:
    """A message to a call that came in and is up, one that rings, and one that we make."""
    return "|".join(_told(make(), data) for make in (_called, _ringing, _calling))


def _told(peer: RawPeer, data: bytes) -> str:
    stack = peer.stack
    effects = stack.receive(data, PHONE, 0, 1.0)
    words = [_word(effect) for effect in effects]
    _come_to_rest(peer, effects)
    return " ".join(words)


def _word(effect: StackEffect) -> str:
    if isinstance(effect, SendDatagram):
        message = parse_message(effect.data)
        if isinstance(message, Response):
            return f"{message.status} {message.reason}"
        return message.method
    return effect.why if isinstance(effect, Dropped) else type(effect).__name__


def _come_to_rest(peer: RawPeer, effects: Iterable[StackEffect]) -> None:
    """Everything is refused and hung up; then nothing may be left."""
    peer.now = 1.0
    legs = {each.leg for each in (*peer.events, *effects) if isinstance(each, IncomingCall)}
    for leg in (*sorted(legs), OUR_LEG):
        peer.perform(peer.stack.hang_up(leg, 1.0))
    peer.pass_time(REST_S)
    sizes = peer.stack.table_sizes
    assert (sizes["legs"], sizes["transactions"]) == (0, 0), f"left over: {sizes}"


def _stack() -> SipStack:
    return make_stack(lines=lambda user: True, seed=7)


def _ringing() -> RawPeer:
    peer = RawPeer(_stack(), stream=False)
    peer.ask("INVITE", "Supported: 100rel", body=OFFER)
    (call,) = (each for each in peer.events if isinstance(each, IncomingCall))
    peer.perform(peer.stack.progress(call.leg, 183, ANSWER, 0.0))
    return peer


def _called() -> RawPeer:
    peer = RawPeer(_stack(), stream=False)
    peer.ask("INVITE", body=OFFER)
    (call,) = (each for each in peer.events if isinstance(each, IncomingCall))
    peer.perform(peer.stack.accept(call.leg, ANSWER, 0.0))
    peer.ask("ACK")
    return peer


def _calling() -> RawPeer:
    peer = RawPeer(_stack(), stream=False)
    to, caller = f"sip:10086@{PHONE.host}:{PHONE.port}", CallerIdentity("8000", "", "")
    peer.perform(peer.stack.dial(OUR_LEG, to, 0.0, body=OFFER, caller=caller))
    return peer


@cache
def torture() -> list[bytes]:
    return [file.read_bytes() for file in sorted(TORTURE.glob("*/*.dat"))]


@cache
def of_a_dialog() -> list[bytes]:
    """What a polite peer sends in each of the three, for the fuzzer to spoil."""
    for peer in (called := _called(), ringing := _ringing()):
        for method in ("BYE", "INFO", "UPDATE", "INVITE", "OPTIONS", "CANCEL", "ACK"):
            peer.ask(method, "Session-Expires: 90;refresher=uac", body=OFFER)
        peer.ask("PRACK", f"RAck: {peer.rack or '1 1 INVITE'}", body=ANSWER)
    calling = _calling()
    invite = calling.asked[0]
    for status in (100, 180, 183, 200, 302, 401, 422, 486):
        lines = ["Require: 100rel", "RSeq: 1"] if status == 183 else ["Session-Expires: 90"]
        calling.answer(invite, status, *lines, body=ANSWER)
    peers = (called, ringing, calling)
    return [data for peer in peers for _, data in peer.written]


# -- streams -----------------------------------------------------------------------------------

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


# -- media -------------------------------------------------------------------------------------


def take_sdp(data: bytes) -> str:
    text = data.decode("utf-8", "replace")
    try:
        read = SessionDescription.parse(text)
    except SdpRejected as error:
        return f"{error.sip_status}"
    assert SessionDescription.parse(str(read)) == read
    negotiation = Negotiation(LocalEnd(1, 1, "127.0.0.1", 30000, bytes(30)), serves_g722=True)
    try:
        SessionDescription.parse(negotiation.answer(text))
    except SdpRejected as error:
        return f"read, {error.sip_status}"
    return f"{negotiation.terms and negotiation.terms.codec}"


def descriptions() -> list[bytes]:
    texts = [
        sdp(4000), sdp(4000, direction="sendonly"),
        sdp(4000).replace("RTP/AVP", "RTP/SAVP")
        + "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + "A" * 40 + "\r\n",
        "v=0\r\no=- 1 1 IN IP6 ::1\r\ns=-\r\nc=IN IP6 ::1\r\nt=0 0\r\n"
        "m=video 0 RTP/AVP 31\r\nm=audio 4000/2 RTP/AVP 9 8 0 101\r\na=rtpmap:9 G722/8000/1\r\n"
        "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=rtcp:4005\r\n",
    ]  # fmt: skip
    return [text.encode() for text in texts]


@cache
def _talking() -> tuple[Leg, Leg]:
    """Two legs that hear each other; what they keep of one input, the next one meets."""
    one, other = Leg(serves_g722=True), Leg()
    one.offer(sdp(MEDIA_PHONE[1]))
    other.offer(sdp(5000))
    one.session.connect(other.session)
    other.session.connect(one.session)
    return one, other


def take_rtp(data: bytes) -> str:
    one, other = _talking()
    one.receive(data[:2048], now=1.0)
    for sent, _ in other.rtp.sent:
        RtpPacket.parse(sent)
    heard = len(other.rtp.sent)
    other.rtp.sent.clear()
    try:
        packet = RtpPacket.parse(data)
    except RtpMalformed:
        return "malformed"
    assert packet.payload in data
    return f"{packet.payload_type in (0, 8, 101)} {heard} {packet.marker}"


def rtp_packets() -> list[bytes]:
    plain = bytes(RtpPacket(0, 1, 160, 9, b"\x10" * 160))
    event = bytes(RtpPacket(101, 2, 320, 9, b"\5\x8a\3\x20"))
    extended = b"\x90" + plain[1:12] + b"\xbe\xde\x00\x01extn" + plain[12:]
    padded = b"\xa0" + plain[1:] + b"\0\0\0\4"
    return [plain, event, extended, padded, b"\x82" + plain[1:12] + bytes(8) + plain[12:]]


def take_rtcp(data: bytes) -> str:
    one, _ = _talking()
    one.rtcp.waiting.append((data[:2048], (MEDIA_PHONE[0], MEDIA_PHONE[1] + 1)))
    one.session.on_rtcp(1.0)
    one.session.send_report(1.0)
    rtcp.parse(one.rtcp.sent.pop()[0])
    one.session.figures()
    try:
        compound = rtcp.parse(data)
    except RtcpMalformed:
        return "malformed"
    return f"{compound.sender is not None} {len(compound.blocks)} {compound.said_bye}"


def rtcp_packets() -> list[bytes]:
    one, _ = _talking()
    found = []
    for bye in (False, True):
        one.session.send_report(1.0, bye=bye)
        found.append(one.rtcp.sent.pop()[0])
    report = bytes([0x81, 200, 0, 12]) + bytes(48)
    return [*found, report, report + bytes([0x81, 203, 0, 1]) + bytes(4)]


def take_stun(data: bytes) -> str:
    if not data or not is_stun(data):
        return "not STUN"
    answer = answer_stun(data, PHONE)
    if answer is None:
        return "silence"
    kind, length = struct.unpack_from("!HH", answer)
    assert length == len(answer) - 20
    assert answer[4:20] == data[4:20]
    assert len(answer) <= len(data) + 40, "an answer is no amplification"
    return f"{kind:04x}"


def stun_requests() -> list[bytes]:
    head = b"\x00\x01\x00\x00\x21\x12\xa4\x42" + b"t" * 12
    software = b"\x80\x22\x00\x04soft"
    unknown = b"\x00\x99\x00\x04what"
    return [
        head,
        head[:2] + b"\x00\x08" + head[4:] + software,
        head[:2] + b"\x00\x08" + head[4:] + unknown,
        head[:4] + b"\0" * 4 + head[8:],
    ]


TARGETS = {
    target.name: target
    for target in (
        Target("sip", take_sip, torture),
        Target("dialog", take_in_dialog, of_a_dialog),
        Target("stream", take_stream, in_streams),
        Target("web-socket", take_web_socket, web_frames),
        Target("sdp", take_sdp, descriptions),
        Target("rtp", take_rtp, rtp_packets),
        Target("rtcp", take_rtcp, rtcp_packets),
        Target("stun", take_stun, stun_requests),
        Target("media-frames", take_media_frames, media_frames),
    )
}
