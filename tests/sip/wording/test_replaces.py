"""Which dialog a new call stands in for: Replaces and Refer-To read right, or refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.sip.wording.errors import SipParseError
from telephony.sip.wording.message import Request
from telephony.sip.wording.refer_to import ReferTo, parse_refer_to, read_refer_to
from telephony.sip.wording.replaces import Replaces, read_replaces

WORDS = st.text("abz019.-~", min_size=1, max_size=12)
PIECES = ["<", ">", '"', ";", ",", "@", "%3B", "%", "%00", "=", "?", "&", "sip:", "tel:", "5", "é"]
NAMES = ["Replaces", "to-tag", "from-tag", "early-only", "method=", "\udcff", " ", "\n"]
TEXT = st.lists(st.sampled_from([*PIECES, *NAMES]), max_size=14).map("".join)


@given(WORDS, WORDS, WORDS, st.booleans())
def test_a_replaces_comes_back_as_it_was_written(
    call_id: str, to_tag: str, from_tag: str, early: bool
) -> None:
    value = Replaces(f"{call_id}@host", to_tag, from_tag, early)
    assert Replaces.parse(str(value)) == value


def test_the_tags_may_stand_in_any_order_and_case() -> None:
    read = Replaces.parse("a@b ; From-Tag=f1;x=y;TO-TAG=t1;Early-Only")
    assert read == Replaces("a@b", "t1", "f1", is_early_only=True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a@b",
        "a;to-tag=1",
        "a;from-tag=1",
        ";to-tag=1;from-tag=2",
        "a b;to-tag=1;from-tag=2",
        "a;to-tag=1;to-tag=3;from-tag=2",
        "a;to-tag=;from-tag=2",
        "\udcff;to-tag=1;from-tag=2",
    ],
)
def test_a_replaces_that_names_no_dialog_is_refused(text: str) -> None:
    with pytest.raises(SipParseError):
        Replaces.parse(text)


def test_several_replaces_make_an_invite_malformed() -> None:
    line = ("Replaces", "a;to-tag=1;from-tag=2")
    assert read_replaces(Request("INVITE", "sip:x", [line])) == Replaces("a", "1", "2")
    assert read_replaces(Request("INVITE", "sip:x", [])) is None
    with pytest.raises(SipParseError, match="several"):
        read_replaces(Request("INVITE", "sip:x", [line, line]))


TARGETS = {
    "<sip:8002@hotline.example>": ReferTo("8002", "hotline.example"),
    "sip:8002@hotline.example": ReferTo("8002", "hotline.example"),
    '"Mr, X" <sips:%2B8610@x.example:5061;user=phone>;a=b': ReferTo("+8610", "x.example"),
    "<sip:hotline.example>": ReferTo("", "hotline.example"),
    "<tel:+86-10-8888;phone-context=example.com>": ReferTo("+86108888", ""),
    "<sip:8002@x;method=INVITE>": ReferTo("8002", "x"),
    "<sip:a@x?Replaces=c%40h%3Bto-tag%3D1%3Bfrom-tag%3D2>": ReferTo(
        "a", "x", Replaces("c@h", "1", "2")
    ),
    "<sip:a@x?Require=replaces&rePlaces=c%3Bfrom-tag%3D2%3Bto-tag%3D1%3Bearly-only&Via=z>": ReferTo(
        "a", "x", Replaces("c", "1", "2", is_early_only=True)
    ),
}


@pytest.mark.parametrize("text", TARGETS)
def test_refer_to_says_whom_the_peer_wants(text: str) -> None:
    assert parse_refer_to(text) == TARGETS[text]


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("", 400),
        ("8002", 400),
        ("<sip:8002@x", 400),
        ("sip:a@x?Replaces=c%3Bto-tag%3D1%3Bfrom-tag%3D2", 400),
        ("<sip:a@x?Replaces=c%3Bto-tag%3D1>", 400),
        ("<sip:a@x?Replaces=c%3Bto-tag%3D1%3Bfrom-tag%3D2&Replaces=d>", 400),
        ("<sip:a%0D%0Ab@x>", 400),
        ("<https://x.example/>", 416),
        ("<sip:a@x;method=BYE>", 403),
    ],
)
def test_a_refer_to_that_we_cannot_follow_is_refused(text: str, status: int) -> None:
    with pytest.raises(SipParseError) as refused:
        parse_refer_to(text)
    assert refused.value.sip_status == status


def test_a_refer_has_exactly_one_target() -> None:
    one = ("Refer-To", "<sip:1@x>")
    assert read_refer_to(Request("REFER", "sip:x", [("r", "<sip:1@x>")])) == ReferTo("1", "x")
    for headers in ([], [one, one], [("Refer-To", "<sip:1@x>, <sip:2@x>")]):
        with pytest.raises(SipParseError, match="one Refer-To"):
            read_refer_to(Request("REFER", "sip:x", headers))


@given(TEXT | st.text(max_size=60))
def test_any_text_gives_a_target_a_dialog_or_a_parse_error_fuzz(text: str) -> None:
    for parse in (parse_refer_to, Replaces.parse):
        try:
            value = parse(text)
        except SipParseError:
            continue
        if isinstance(value, ReferTo):
            assert value.user.isprintable()
        else:
            assert Replaces.parse(str(value)) == value
