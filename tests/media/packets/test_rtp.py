"""RTP and RTCP on the wire: any bytes give a value or the one named error."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.media.errors import RtcpMalformed, RtpMalformed
from telephony.media.packets import rtcp
from telephony.media.packets.rtp import RtpPacket, signed_ts

packets = st.builds(
    RtpPacket,
    payload_type=st.integers(0, 127),
    seq=st.integers(0, 0xFFFF),
    rtp_ts=st.integers(0, 0xFFFFFFFF),
    ssrc=st.integers(0, 0xFFFFFFFF),
    payload=st.binary(max_size=200),
    marker=st.booleans(),
)


@given(packets)
def test_a_packet_comes_back_from_the_wire(packet: RtpPacket) -> None:
    assert RtpPacket.parse(bytes(packet)) == packet


@given(st.binary(max_size=80))
def test_any_bytes_are_rtp_or_malformed(data: bytes) -> None:
    with contextlib.suppress(RtpMalformed):
        RtpPacket.parse(data)


@given(st.binary(max_size=80).map(lambda data: b"\xbf\x00" + data))
def test_any_optional_parts_are_removed_or_malformed(data: bytes) -> None:
    try:
        packet = RtpPacket.parse(data)
    except RtpMalformed:
        return
    assert packet.payload in data


def test_csrcs_extension_and_padding_are_not_payload() -> None:
    plain = bytes(RtpPacket(0, 1, 2, 3, b""))
    data = bytes([0xB1]) + plain[1:] + b"csrc" + b"\xbe\xde\x00\x01extn" + b"voice" + b"\0\0\x03"

    assert RtpPacket.parse(data).payload == b"voice"


@pytest.mark.parametrize("padding", [0, 200])
def test_padding_longer_than_the_packet_is_malformed(padding: int) -> None:
    plain = bytes(RtpPacket(0, 1, 2, 3, b"abc"))

    with pytest.raises(RtpMalformed):
        RtpPacket.parse(bytes([0xA0]) + plain[1:] + bytes([padding]))


def test_timestamps_are_compared_over_the_wrap() -> None:
    assert signed_ts(5 - 0xFFFFFFFE) == 7
    assert signed_ts(0xFFFFFFFE - 5) == -7


@given(st.binary(max_size=120))
def test_any_bytes_are_rtcp_or_malformed(data: bytes) -> None:
    with contextlib.suppress(RtcpMalformed):
        rtcp.parse(data)


@given(st.integers(0, 31), st.sampled_from([200, 201, 202, 203]), st.binary(max_size=120))
def test_any_report_is_read_or_malformed(count: int, kind: int, body: bytes) -> None:
    body = body[: len(body) // 4 * 4]
    data = bytes([0x80 | count, kind]) + (len(body) // 4).to_bytes(2, "big") + body
    with contextlib.suppress(RtcpMalformed):
        rtcp.parse(data)


def test_a_sender_report_with_bye_comes_back_from_the_wire() -> None:
    sender = rtcp.SenderInfo(ntp=0xE0000001_80000000, rtp_ts=160, packets=7, octets=1120)
    block = rtcp.ReportBlock(9, fraction_lost=3, lost=-2, extended_seq=0x10005, jitter=12)

    data = rtcp.build(0xABCD, "l-1", sender, block, bye=True)

    assert len(data) % 4 == 0
    assert rtcp.parse(data) == rtcp.Compound(0xABCD, sender, [block], said_bye=True)


def test_a_receiver_report_without_reception_has_no_block() -> None:
    data = rtcp.build(1, "leg", None, None, bye=False)

    assert rtcp.parse(data) == rtcp.Compound(1)
