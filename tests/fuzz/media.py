"""Fuzzing what phones send besides SIP: SDP, RTP, RTCP and STUN."""

import struct
from functools import cache

from telephony.media.agreeing.negotiation import LocalEnd, Negotiation
from telephony.media.agreeing.sdp import SessionDescription
from telephony.media.errors import RtcpMalformed, RtpMalformed, SdpRejected
from telephony.media.packets import rtcp
from telephony.media.packets.rtp import RtpPacket
from telephony.sip.wording.stun import answer_stun, is_stun
from tests.support.media_leg import PHONE as MEDIA_PHONE
from tests.support.media_leg import Leg
from tests.support.media_phone import sdp
from tests.support.wire import PHONE


def take_sdp(data: bytes) -> str:
    text = data.decode("utf-8", "replace")
    try:
        read = SessionDescription.parse(text)
    except SdpRejected as error:
        return f"{error.sip_status} {str(error)[:30]}"
    assert SessionDescription.parse(str(read)) == read
    negotiation = Negotiation(LocalEnd(1, 1, "127.0.0.1", 30000, bytes(30)), serves_g722=True)
    try:
        SessionDescription.parse(negotiation.answer(text))
    except SdpRejected as error:
        return f"read, {error.sip_status} {str(error)[:30]}"
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
