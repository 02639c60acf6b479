"""Offer and answer, from our side."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.media.agreeing.negotiation import LocalEnd, Negotiation
from telephony.media.agreeing.sdp import Direction, SessionDescription
from telephony.media.errors import SdpRejected
from telephony.media.sound.g711 import Law


def new() -> Negotiation:
    return Negotiation(LocalEnd(session_id=77, version=5, address="10.0.0.1", port=30000))


def sdp(*media: str, connection: str = "192.0.2.1") -> str:
    head = ["v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", f"c=IN IP4 {connection}", "t=0 0"]
    return "\r\n".join([*head, *media]) + "\r\n"


EVENTS = "a=rtpmap:97 telephone-event/8000"


def test_the_answer_keeps_one_codec_and_the_digits_of_the_offer() -> None:
    negotiation = new()

    answer = SessionDescription.parse(
        negotiation.answer(sdp("m=audio 4000 RTP/AVP 9 8 0 97", EVENTS))
    )

    line = answer.media[0]
    assert (line.port, line.formats, answer.connection) == (30000, ("8", "97"), "10.0.0.1")
    assert line.find("fmtp") == "97 0-15"
    terms = negotiation.terms
    assert terms is not None
    assert (terms.law, terms.payload_type, terms.event_type) == (Law.PCMA, 8, 97)
    assert (terms.address, terms.port, terms.rtcp_port) == ("192.0.2.1", 4000, 4001)


def test_other_media_lines_are_refused_with_port_0_in_their_places() -> None:
    offer = sdp("m=video 5000 RTP/AVP 96", "m=audio 4000 RTP/AVP 0", "m=audio 4002 RTP/AVP 0")

    answer = SessionDescription.parse(new().answer(offer))

    assert [(line.kind, line.port) for line in answer.media] == [
        ("video", 0),
        ("audio", 30000),
        ("audio", 0),
    ]


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("sendrecv", "sendrecv"),
        ("sendonly", "recvonly"),
        ("recvonly", "sendonly"),
        ("inactive", "inactive"),
    ],
)
def test_the_direction_is_mirrored(theirs: str, ours: str) -> None:
    negotiation = new()

    answer = negotiation.answer(sdp("m=audio 4000 RTP/AVP 0", f"a={theirs}"))

    assert SessionDescription.parse(answer).media[0].direction == ours
    assert negotiation.terms is not None
    assert negotiation.terms.direction == theirs


def test_the_address_of_nobody_is_a_hold() -> None:
    negotiation = new()

    negotiation.answer(sdp("m=audio 4000 RTP/AVP 0", connection="0.0.0.0"))

    assert negotiation.terms is not None
    assert negotiation.terms.direction is Direction.INACTIVE


@pytest.mark.parametrize(
    "media",
    [
        "m=audio 4000 RTP/SAVP 0",
        "m=audio 4000 RTP/AVP 9",
        "m=audio 0 RTP/AVP 0",
        "m=video 4000 RTP/AVP 96",
        "m=audio 4000 RTP/AVP 96\r\na=rtpmap:96 PCMU/16000",
        "m=audio 4000 RTP/AVP 0\r\nc=IN IP6 2001:db8::1",
        "m=audio 4000 RTP/AVP 0\r\nc=IN IP4 phone.example",
        "m=audio 4000 RTP/AVP 0\r\nc=IN IP4 224.2.1.1/127",
        "m=audio 4000 RTP/AVP 0\r\nc=IN IP4 224.2.1.1",
    ],
)
def test_what_we_cannot_serve_is_rejected_with_488_and_changes_nothing(media: str) -> None:
    negotiation = new()
    negotiation.answer(sdp("m=audio 4000 RTP/AVP 0"))
    terms, sent = negotiation.terms, negotiation.sent

    with pytest.raises(SdpRejected) as rejected:
        negotiation.answer(sdp(media))

    assert rejected.value.sip_status == 488
    assert (negotiation.terms, negotiation.sent) == (terms, sent)


def test_the_version_rises_by_one_when_and_only_when_something_changed() -> None:
    negotiation = new()
    offers = ["a=sendrecv", "a=sendrecv", "a=sendonly", "a=sendonly", "a=sendrecv"]

    answers = [negotiation.answer(sdp("m=audio 4000 RTP/AVP 0", offer)) for offer in offers]

    origins = [SessionDescription.parse(answer).origin for answer in answers]
    assert {origin.session_id for origin in origins} == {"77"}
    assert [origin.version for origin in origins] == ["5", "5", "6", "6", "7"]


@pytest.mark.parametrize(("prefer", "formats"), [("PCMA", "8 0 101"), ("", "0 8 101")])
def test_our_offer_has_the_preferred_law_first(prefer: str, formats: str) -> None:
    offer = SessionDescription.parse(new().offer(prefer))

    assert " ".join(offer.media[0].formats) == formats


def test_the_answer_to_our_offer_decides_what_is_sent_and_either_law_may_come() -> None:
    negotiation = new()
    negotiation.offer("PCMA")

    terms = negotiation.accept(sdp("m=audio 4000 RTP/AVP 0 97", EVENTS, "a=rtcp:4444"))

    assert (terms.law, terms.payload_type, terms.event_type) == (Law.PCMU, 0, 97)
    assert terms.laws == {0: Law.PCMU, 8: Law.PCMA}
    assert terms.event_types == {97, 101}
    assert terms.rtcp_port == 4444


def test_a_later_offer_of_ours_keeps_payload_types_and_layout_of_the_dialog() -> None:
    negotiation = new()
    negotiation.answer(sdp("m=video 5000 RTP/AVP 96", "m=audio 4000 RTP/AVP 8 97", EVENTS))

    offer = SessionDescription.parse(negotiation.offer("PCMU"))

    assert [(line.kind, line.port) for line in offer.media] == [("video", 0), ("audio", 30000)]
    assert offer.media[1].formats == ("0", "8", "97")
    assert offer.origin.version == "6"


def test_what_moved_before_the_200_may_be_taken_for_its_answer() -> None:
    """An UPDATE has changed the answer of a 183; the 200 then leaves everything as it is."""
    negotiation = new()
    negotiation.offer("PCMU")
    negotiation.accept(sdp("m=audio 4000 RTP/AVP 0 97", EVENTS))
    moved = sdp("m=audio 5000 RTP/AVP 8 0 97", EVENTS, "a=sendonly", connection="192.0.2.9")
    negotiation.answer(moved)
    offered = negotiation.terms
    assert offered is not None

    answered = negotiation.accept(moved)

    assert (answered.address, answered.port, answered.rtcp_port) == ("192.0.2.9", 5000, 5001)
    assert (answered.payload_type, answered.codec) == (offered.payload_type, offered.codec)
    assert (answered.direction, answered.event_type) == (offered.direction, offered.event_type)


def test_an_answer_without_an_offer_is_rejected() -> None:
    with pytest.raises(SdpRejected):
        new().accept(sdp("m=audio 4000 RTP/AVP 0"))


@given(st.text(st.characters(codec="latin-1"), max_size=60), st.sampled_from(["m", "c", "a", "o"]))
def test_any_line_gives_terms_or_a_rejection(value: str, kind: str) -> None:
    with contextlib.suppress(SdpRejected):
        new().answer(sdp("m=audio 4000 RTP/AVP 0", f"{kind}={value}"))
