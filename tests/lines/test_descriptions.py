"""SDP on its way through a line."""

import pytest

from telephony.lines.descriptions import Place, Stream, answer_of, offer_of
from telephony.media.errors import SdpRejected
from telephony.media.sdp import Direction, SessionDescription

OURS = Place("10.0.0.1", 32000, "77", 3)
OFFER = """v=0
o=pbx 1 1 IN IP4 192.0.2.9
s=call
c=IN IP4 192.0.2.9
t=0 0
m=audio 4000 RTP/AVP 111 8 0 3 101
a=rtpmap:111 opus/48000/2
a=fmtp:111 useinbandfec=1
a=rtpmap:8 PCMA/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=ptime:20
a=candidate:1 1 UDP 1 192.0.2.9 4000 typ host
a=sendonly
m=video 4002 RTP/AVP 99
a=rtpmap:99 H264/90000
"""
ANSWER = """v=0
o=- 5 1 IN IP4 127.0.0.1
s=-
c=IN IP4 127.0.0.1
t=0 0
m=audio 30000 RTP/AVP 8 101
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
a=recvonly
"""


def changed(old: str, new: str) -> str:
    assert old in OFFER
    return OFFER.replace(old, new)


def test_offer_goes_on_with_g711_and_digits_under_the_same_numbers_at_our_address() -> None:
    text = offer_of(Stream.read(OFFER), OURS)

    (audio,) = SessionDescription.parse(text).media
    assert (audio.port, audio.formats) == (32000, ("8", "0", "101"))
    assert audio.direction is Direction.SENDONLY
    assert [str(a) for a in audio.attributes] == [
        "rtpmap:8 PCMA/8000", "rtpmap:0 PCMU/8000", "rtpmap:101 telephone-event/8000",
        "fmtp:101 0-15", "ptime:20", "sendonly",
    ]  # fmt: skip
    assert "192.0.2.9" not in text
    assert "o=- 77 3 IN IP4 10.0.0.1" in text


def test_answer_has_a_line_for_each_line_of_the_offer() -> None:
    text = answer_of(Stream.read(ANSWER), Stream.read(OFFER), OURS)

    audio, video = SessionDescription.parse(text).media
    assert (audio.port, audio.formats, audio.direction) == (
        32000, ("8", "101"), Direction.RECVONLY,
    )  # fmt: skip
    assert (video.kind, video.port) == ("video", 0)


def test_audio_may_stand_after_other_lines() -> None:
    lines = OFFER.splitlines()
    video, rest = lines[-2:], lines[:-2]
    text = "\n".join([*rest[:5], *video, *rest[5:]])

    answer = answer_of(Stream.read(ANSWER), Stream.read(text), OURS)

    assert [media.port for media in SessionDescription.parse(answer).media] == [0, 32000]


def test_hold_by_an_address_of_zeros_is_a_direction_and_no_target() -> None:
    stream = Stream.read(changed("c=IN IP4 192.0.2.9", "c=IN IP4 0.0.0.0"))

    assert (stream.target, stream.direction) == (None, Direction.INACTIVE)
    assert "a=inactive" in offer_of(stream, OURS)


def test_a_name_is_no_target_for_nobody_here_may_wait_until_it_is_looked_up() -> None:
    """Each packet would be: its owner is heard first, and answered there (`Side`)."""
    stream = Stream.read(changed("c=IN IP4 192.0.2.9", "c=IN IP4 media.pbx.example"))

    assert (stream.target, stream.direction) == (None, Direction.SENDONLY)


def test_address_of_the_media_line_wins() -> None:
    text = changed("a=ptime:20", "c=IN IP4 192.0.2.77\na=ptime:20")

    assert Stream.read(text).target == ("192.0.2.77", 4000)


@pytest.mark.parametrize(
    "text",
    [
        changed("m=audio 4000 RTP/AVP 111 8 0 3 101", "m=audio 4000 RTP/AVP 111 3 101"),
        changed("m=audio 4000 RTP/AVP", "m=audio 4000 RTP/SAVP"),
        changed("m=audio 4000", "m=audio 0"),
        changed("c=IN IP4 192.0.2.9", "c=IN IP6 2001:db8::9"),
    ],
)
def test_what_could_not_be_carried_is_refused_as_not_acceptable(text: str) -> None:
    with pytest.raises(SdpRejected) as rejected:
        Stream.read(text)
    assert rejected.value.sip_status == 488


def test_empty_body_is_refused() -> None:
    with pytest.raises(SdpRejected):
        Stream.read("")
