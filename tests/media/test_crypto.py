"""a=crypto lines and what is agreed on over them."""

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telephony.media.crypto import Crypto, Suite, cryptos
from telephony.media.errors import SdpRejected
from telephony.media.negotiation import LocalEnd, Negotiation
from telephony.media.protocol import Srtp
from telephony.media.sdp import Attribute, Media

OURS = bytes(range(30))
THEIRS = bytes(range(100, 130))
KEY = base64.b64encode(THEIRS).decode()
LOCAL = LocalEnd(1, 1, "127.0.0.1", 30000, OURS)
HEAD = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
PLAIN = "m=audio 4000 RTP/AVP 0\r\n"


def secure(*crypto: str) -> str:
    return "m=audio 4000 RTP/SAVP 0\r\n" + "".join(f"a=crypto:{one}\r\n" for one in crypto)


def read(value: str) -> list[Crypto]:
    return cryptos(Media("audio", 4000, "RTP/SAVP", ("0",), None, (Attribute("crypto", value),)))


@pytest.mark.parametrize("lifetime", ["", "|2^31", "|1048576"])
@pytest.mark.parametrize("session", ["", " WSH=128", " -MAYBE=1"])
def test_a_key_is_read_with_or_without_its_lifetime(lifetime: str, session: str) -> None:
    value = f"7 AES_CM_128_HMAC_SHA1_32 inline:{KEY}{lifetime}{session}"

    assert read(value) == [Crypto(7, Suite.HMAC_32, THEIRS)]


@pytest.mark.parametrize(
    "value",
    [
        "",
        "1",
        f"x AES_CM_128_HMAC_SHA1_80 inline:{KEY}",
        f"1 F8_128_HMAC_SHA1_80 inline:{KEY}",
        f"1 AES_256_CM_HMAC_SHA1_80 inline:{KEY}",
        f"1 AES_CM_128_HMAC_SHA1_80 uri:{KEY}",
        "1 AES_CM_128_HMAC_SHA1_80 inline:c2hvcnQ=",
        "1 AES_CM_128_HMAC_SHA1_80 inline:%%%%",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^31|1:4",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY};inline:{KEY}",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} UNENCRYPTED_SRTP",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} UNAUTHENTICATED_SRTP",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} KDR=1",
    ],
)
def test_what_we_cannot_serve_is_passed_over(value: str) -> None:
    assert read(value) == []


@settings(deadline=None)
@given(st.text())
def test_any_text_is_a_key_or_none(value: str) -> None:
    assert len(read(value)) <= 1


def test_a_key_comes_back_as_it_was_said_and_does_not_show_in_logs() -> None:
    crypto = Crypto(1, Suite.HMAC_80, THEIRS)

    assert read(crypto.attribute().value or "") == [crypto]
    assert KEY not in repr(crypto)
    assert repr(THEIRS) not in repr(crypto)


def test_an_offer_of_srtp_is_answered_with_its_tag_and_suite_and_our_key() -> None:
    negotiation = Negotiation(LOCAL)

    answer = negotiation.answer(
        HEAD
        + secure(
            f"1 AES_256_CM_HMAC_SHA1_80 inline:{KEY}", f"2 AES_CM_128_HMAC_SHA1_32 inline:{KEY}"
        )
    )

    ours = base64.b64encode(OURS).decode()
    assert "m=audio 30000 RTP/SAVP 0\r\n" in answer
    assert f"a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:{ours}\r\n" in answer
    assert answer.count("a=crypto") == 1
    assert negotiation.terms is not None
    assert negotiation.terms.keys is not None
    assert negotiation.terms.keys.ours == Crypto(2, Suite.HMAC_32, OURS)
    assert negotiation.terms.keys.theirs == Crypto(2, Suite.HMAC_32, THEIRS)


def test_the_first_line_that_can_be_served_counts() -> None:
    both = secure(f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}") + PLAIN
    keyless = secure() + PLAIN

    assert "m=audio 30000 RTP/SAVP 0" in Negotiation(LOCAL).answer(HEAD + both)
    assert "m=audio 0 RTP/AVP 0" in Negotiation(LOCAL).answer(HEAD + both)
    assert "m=audio 30000 RTP/AVP 0" in Negotiation(LOCAL).answer(HEAD + keyless)


def test_a_key_in_plain_rtp_is_no_srtp() -> None:
    negotiation = Negotiation(LOCAL)

    answer = negotiation.answer(f"{HEAD}{PLAIN}a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}\r\n")

    assert "crypto" not in answer
    assert negotiation.terms is not None
    assert negotiation.terms.keys is None


@pytest.mark.parametrize(
    ("local", "offer"),
    [
        (LOCAL, secure()),
        (
            LocalEnd(1, 1, "127.0.0.1", 30000),
            secure(f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}"),
        ),
    ],
)
def test_srtp_that_cannot_be_served_is_refused(local: LocalEnd, offer: str) -> None:
    with pytest.raises(SdpRejected) as refused:
        Negotiation(local).answer(HEAD + offer)

    assert refused.value.sip_status == 488


def test_our_own_offer_of_srtp_and_its_answer() -> None:
    negotiation = Negotiation(LOCAL)

    offer = negotiation.offer("", Srtp.REQUIRE)
    terms = negotiation.accept(HEAD + secure(f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}"))
    again = negotiation.offer("")

    assert "RTP/SAVP 0 8 101" in offer
    assert terms.keys is not None
    assert (terms.keys.ours.key, terms.keys.theirs.key) == (OURS, THEIRS)
    crypto = next(line for line in offer.splitlines() if "crypto" in line)
    assert crypto in again


@pytest.mark.parametrize("is_secure", [True, False])
def test_an_answer_of_the_other_kind_is_refused(is_secure: bool) -> None:
    negotiation = Negotiation(LOCAL)
    negotiation.offer("", Srtp.REQUIRE if is_secure else Srtp.NEVER)
    answer = PLAIN if is_secure else secure(f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}")

    with pytest.raises(SdpRejected):
        negotiation.accept(HEAD + answer)


def test_srtp_is_not_offered_where_it_is_not_served() -> None:
    with pytest.raises(SdpRejected):
        Negotiation(LocalEnd(1, 1, "127.0.0.1", 30000)).offer("", Srtp.REQUIRE)


OFFERED = f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}\r\n"


@pytest.mark.parametrize(("answer", "is_secure"), [(PLAIN + OFFERED, True), (PLAIN, False)])
def test_a_key_beside_plain_rtp_is_for_those_who_know_it(answer: str, is_secure: bool) -> None:
    negotiation = Negotiation(LOCAL)

    offer = negotiation.offer("", Srtp.OFFER)
    terms = negotiation.accept(HEAD + answer)
    again = negotiation.offer("", Srtp.OFFER)

    assert "m=audio 30000 RTP/AVP 0 8 101" in offer
    assert "a=crypto:1 " in offer
    assert (terms.keys is not None) is is_secure
    assert ("a=crypto:1 " in again) is is_secure


def test_a_peers_key_beside_plain_rtp_is_used_by_whom_was_told_to() -> None:
    answer = Negotiation(LOCAL).answer(HEAD + PLAIN + OFFERED, Srtp.OFFER)

    assert "m=audio 30000 RTP/AVP 0\r\n" in answer
    assert "a=crypto:1 " in answer


def test_a_key_that_was_not_offered_is_not_used() -> None:
    negotiation = Negotiation(LOCAL)
    negotiation.offer("")

    assert negotiation.accept(HEAD + PLAIN + OFFERED).keys is None


@pytest.mark.parametrize("offer", [PLAIN, secure()])
def test_plain_rtp_is_refused_where_srtp_is_required(offer: str) -> None:
    with pytest.raises(SdpRejected) as refused:
        Negotiation(LOCAL).answer(HEAD + offer, Srtp.REQUIRE)

    assert refused.value.sip_status == 488


def test_without_the_library_an_offer_that_may_be_plain_is_plain() -> None:
    assert "crypto" not in Negotiation(LocalEnd(1, 1, "127.0.0.1", 30000)).offer("", Srtp.OFFER)


@pytest.mark.parametrize("srtp", [Srtp.NEVER, Srtp.OFFER, Srtp.REQUIRE])
def test_keys_may_come_with_feedback_too(srtp: Srtp) -> None:
    """RFC 5124 4: SAVPF takes any way to agree on keys, this one too, not a browser's alone."""
    negotiation = Negotiation(LOCAL)
    offer = secure(f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}").replace("SAVP", "SAVPF")

    answer = negotiation.answer(HEAD + offer, srtp)

    assert "m=audio 30000 RTP/SAVPF 0\r\n" in answer
    assert answer.count("a=crypto:1 ") == 1
    assert negotiation.terms is not None
    assert negotiation.terms.keys is not None
    again = negotiation.offer("")
    assert "m=audio 30000 RTP/SAVPF 0 8 101\r\n" in again
    assert "a=crypto:1 " in again


@pytest.mark.parametrize(("srtp", "is_secure"), [(Srtp.NEVER, False), (Srtp.OFFER, True)])
def test_a_key_beside_plain_rtp_with_feedback_is_taken_as_beside_plain_rtp(
    srtp: Srtp, is_secure: bool
) -> None:
    negotiation = Negotiation(LOCAL)

    answer = negotiation.answer(HEAD + PLAIN.replace("AVP", "AVPF") + OFFERED, srtp)

    assert "m=audio 30000 RTP/AVPF 0\r\n" in answer
    assert ("a=crypto:1 " in answer) is is_secure
    assert "m=audio 30000 RTP/AVPF 0 8 101\r\n" in negotiation.offer("")


def test_feedback_alone_protects_nothing() -> None:
    for offer in (PLAIN.replace("AVP", "AVPF"), secure().replace("SAVP", "SAVPF")):
        with pytest.raises(SdpRejected):
            Negotiation(LOCAL).answer(HEAD + offer, Srtp.REQUIRE)
