"""Session descriptions as phones write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.media.agreeing.sdp import Direction, RtpMap, SessionDescription
from telephony.media.errors import SdpRejected

LINPHONE = """v=0
o=agent0001 2890 1203 IN IP4 192.168.1.7
s=Talk
c=IN IP4 192.168.1.7
b=AS:380
t=0 0
a=rtcp-xr:rcvr-rtt=all:10000 stat-summary=loss,dup,jitt,TTL
m=audio 7078 RTP/AVP 96 0 8 101
a=rtpmap:96 opus/48000/2
a=fmtp:96 useinbandfec=1
a=rtpmap:101 telephone-event/8000
a=rtcp-fb:* trr-int 1000
m=video 9078 RTP/AVP 97
a=rtpmap:97 VP8/90000
"""
MINIMAL = "v=0\no=- 0 0 IN IP4 10.0.0.1\nc=IN IP4 10.0.0.1\nm=audio 4000 RTP/AVP 0\n"


def audio(*attributes: str, connection: str = "10.0.0.1", at_session: str = "") -> str:
    lines = ["v=0", "o=- 1 1 IN IP4 10.0.0.1", "s=-", f"c=IN IP4 {connection}", "t=0 0"]
    lines += [at_session] if at_session else []
    return "\r\n".join([*lines, "m=audio 4000 RTP/AVP 0 8 101", *attributes]) + "\r\n"


@pytest.mark.parametrize("text", [LINPHONE, MINIMAL, audio("a=sendonly", "a=ptime:30")])
def test_a_description_comes_back_from_the_wire(text: str) -> None:
    description = SessionDescription.parse(text)

    assert SessionDescription.parse(str(description)) == description


def test_payload_types_have_their_meaning_in_the_order_of_preference() -> None:
    line = SessionDescription.parse(LINPHONE).media[0]

    assert list(line.rtpmaps.items()) == [
        (96, RtpMap("OPUS", 48000)),
        (0, RtpMap("PCMU", 8000)),
        (8, RtpMap("PCMA", 8000)),
        (101, RtpMap("TELEPHONE-EVENT", 8000)),
    ]


@pytest.mark.parametrize("name", ["pcmu/8000", "PCMU/8000/1", "PcmU/8000 "])
def test_an_rtpmap_may_say_its_name_in_any_way(name: str) -> None:
    line = SessionDescription.parse(audio(f"a=rtpmap:101 {name}")).media[0]

    assert line.rtpmaps[101] == RtpMap("PCMU", 8000)


def test_the_media_lines_address_wins_over_the_sessions() -> None:
    description = SessionDescription.parse(audio("c=IN IP4 10.0.0.9"))

    assert description.address_of(description.media[0]) == "10.0.0.9"


@pytest.mark.parametrize(
    ("text", "direction"),
    [
        (audio(), Direction.SENDRECV),
        (audio("a=sendonly"), Direction.SENDONLY),
        (audio(at_session="a=inactive"), Direction.INACTIVE),
        (audio("a=recvonly", at_session="a=inactive"), Direction.RECVONLY),
        (audio("a=sendrecv", connection="0.0.0.0"), Direction.INACTIVE),
        (audio("c=IN IP4 0.0.0.0"), Direction.INACTIVE),
    ],
)
def test_directions(text: str, direction: Direction) -> None:
    description = SessionDescription.parse(text)

    assert description.direction_of(description.media[0]) is direction


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "o=- 1 1 IN IP4 1.1.1.1\r\nv=0\r\n",
        "v=1\r\no=- 1 1 IN IP4 1.1.1.1\r\n",
        "v=0\r\ns=-\r\n",
        "v=0\r\no=- 1 1 IN IP4\r\n",
        audio().replace("4000", "70000"),
        audio().replace("4000", "-1"),
        audio().replace("4000", "٤٠٠٠"),
        audio().replace("4000", "9" * 5000),
        audio().replace("m=audio 4000 RTP/AVP 0 8 101", "m=audio 4000"),
        audio("a=rtpmap:101"),
        audio("a=rtpmap:101 telephone-event"),
        audio("a=rtpmap:200 PCMU/8000"),
        audio("a=rtpmap:x PCMU/8000"),
        audio("c=IN 10.0.0.1"),
        audio("c=ATM NSAP 47.0091"),
        audio("not a line"),
        audio(*["m=audio 1 RTP/AVP 0"] * 40),
        audio("a=x:" + "y" * 20000),
    ],
)
def test_what_cannot_be_read_is_rejected_with_400(text: str) -> None:
    with pytest.raises(SdpRejected) as rejected:
        SessionDescription.parse(text)

    assert rejected.value.sip_status == 400


lines = st.sampled_from(LINPHONE.splitlines() + audio("a=sendonly", "a=rtpmap:x y").splitlines())


@given(st.one_of(st.text(), st.lists(st.one_of(lines, st.text(max_size=20))).map("\r\n".join)))
def test_any_text_is_a_description_or_rejected(text: str) -> None:
    try:
        description = SessionDescription.parse("v=0\r\n" + text)
    except SdpRejected:
        return
    assert SessionDescription.parse(str(description)) == description
