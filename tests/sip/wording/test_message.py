"""Any bytes give a message or `SipParseError`; what other stacks misread is read right."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.errors import LocalError
from telephony.sip.wording.errors import SipParseError
from telephony.sip.wording.headers import AuthValue, CSeq, NameAddr, Via, split_list
from telephony.sip.wording.message import MAX_HEADERS, Message, Request, Response, parse_message
from telephony.sip.wording.uri import make_uri, parse_uri

HEAD = (
    b"INVITE sip:8000@hotline.example SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 192.0.2.2:5070;branch=z9hG4bK1\r\n"
    b"From: <sip:a@example.com>;tag=1\r\nTo: <sip:8000@hotline.example>\r\n"
    b"Call-ID: c1\r\nCSeq: 1 INVITE\r\n"
)


def parse(*headers: str, body: bytes = b"") -> Message:
    lines = "".join(f"{line}\r\n" for line in headers)
    return parse_message(HEAD + lines.encode("utf-8", "surrogateescape") + b"\r\n" + body)


def read_everything(message: Message) -> None:
    """Each typed header gives its value or `SipParseError`, nothing else."""
    typed = ["via", "sender", "to", "cseq", "call_id", "content_type", "contacts", "routes"]
    for name in typed + (["uri"] if isinstance(message, Request) else []):
        try:
            value = getattr(message, name)
            if isinstance(value, NameAddr):
                _ = value.uri.user, value.tag, str(value)
        except SipParseError:
            pass


@given(st.binary(max_size=400))
def test_any_bytes_give_a_message_or_a_parse_error(data: bytes) -> None:
    try:
        message = parse_message(data)
    except SipParseError:
        return
    read_everything(message)
    assert bytes(message) == data


SPECIAL = ["<", ">", '"', ";", ",", ":", "@", "\\", "%", "=", "?", "\r\n ", "\0", "é", "sip:", "5"]
TEXT = st.lists(st.sampled_from(SPECIAL), max_size=12).map("".join)
NAMES = st.sampled_from(["Via", "From", "To", "Contact", "CSeq", "Call-ID", "Route", "l", "c", "x"])


@given(st.lists(st.tuples(NAMES, TEXT), max_size=6), TEXT)
def test_any_header_values_give_a_value_or_a_parse_error(
    headers: list[tuple[str, str]], uri: str
) -> None:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    data = f"OPTIONS sip:{uri} SIP/2.0\r\n{lines}\r\n".encode()
    try:
        message = parse_message(data)
    except SipParseError:
        return
    read_everything(message)


@given(st.integers(0, 300), st.integers(0, 255))
def test_one_changed_byte_gives_a_message_or_a_parse_error(place: int, value: int) -> None:
    data = bytearray(HEAD + b"Content-Length: 0\r\n\r\n")
    data[place % len(data)] = value
    with contextlib.suppress(SipParseError):
        read_everything(parse_message(bytes(data)))


# -- the faults of other stacks (measured before this one was written) -----------------------------


def test_two_addresses_of_one_contact_header_stay_two() -> None:
    message = parse('Contact: "A" <sip:x@y>, "C" <sip:d@e>')
    assert [str(each) for each in message.contacts] == ['"A" <sip:x@y>', '"C" <sip:d@e>']


def test_a_comma_inside_a_quoted_name_does_not_cut_it() -> None:
    message = parse('Contact: "Li, Na \\" <sip:no@no>" <sip:x@y>;q=0.5, <sip:d@e;x=","?a=b,c>')
    first, second = message.contacts
    assert first.display_name == 'Li, Na " <sip:no@no>'
    assert (first.uri_text, first.param("q")) == ("sip:x@y", "0.5")
    assert second.uri_text == 'sip:d@e;x=","?a=b,c'


def test_folded_headers_are_one_value() -> None:
    message = parse("Subject: one\r\n two\r\n\t three", "Contact:\r\n <sip:x@y>")
    assert message.find("subject") == "one two three"
    assert message.contacts[0].uri.user == "x"


def test_a_replaces_header_inside_a_uri_is_kept() -> None:
    text = "sip:x@y?Replaces=12%40h%3Bto-tag%3D1%3Bfrom-tag%3D2"
    assert parse_uri(text).headers == "Replaces=12%40h%3Bto-tag%3D1%3Bfrom-tag%3D2"
    assert str(parse_uri(text)) == text


def test_received_may_be_ipv6_with_and_without_brackets() -> None:
    for address in ("2001:db8::9:1", "[2001:db8::9:1]"):
        via = Via.parse(f"SIP/2.0/UDP [2001:db8::9:2];received={address};branch=z9hG4bKas3")
        assert dict(via.params)["received"] == address
        assert via.host == "[2001:db8::9:2]"


def test_a_host_may_have_an_underscore() -> None:
    assert parse_uri("sip:x@my_phone.example:5070").host == "my_phone.example"
    assert Via.parse("SIP/2.0/UDP my_phone;branch=z9hG4bK1").host == "my_phone"


def test_a_display_name_that_is_not_utf8_does_no_harm_and_comes_back_byte_for_byte() -> None:
    data = HEAD.replace(b"From: <sip:a@", b'From: "\xff\xfe M\xfcller" <sip:a@') + b"\r\n"
    message = parse_message(data)
    assert message.sender.uri.user == "a"
    assert bytes(message) == data
    again = Request("INVITE", "sip:x", [("From", message.values("from")[0])])
    assert b"\xff\xfe M\xfcller" in bytes(again)


def test_a_sip_instance_is_not_percent_encoded() -> None:
    text = '<sip:x@y>;+sip.instance="<urn:uuid:00000000-0000-1000-8000-000A95A0E128>";expires=60'
    assert str(NameAddr.parse(text)) == text


def test_bytes_beyond_content_length_are_cut_off() -> None:
    assert parse("Content-Length: 4", body=b"bodyGARBAGE").body == b"body"


def test_a_body_shorter_than_content_length_is_an_error_that_can_be_answered() -> None:
    with pytest.raises(SipParseError) as caught:
        parse("Content-Length: 10", body=b"short")
    assert caught.value.request is not None
    assert caught.value.request.call_id == "c1"


# -- grammar ---------------------------------------------------------------------------------------


def test_compact_names_mean_the_long_ones_and_case_does_not_matter() -> None:
    message = parse("m: <sip:x@y>", "L: 0", "k: timer", "CONTENT-type: Application/SDP;x=1")
    assert message.contacts[0].uri_text == "sip:x@y"
    assert message.items("supported") == ["timer"]
    assert message.content_type == "application/sdp"


def test_a_message_comes_back_byte_for_byte() -> None:
    data = HEAD + b"X-Odd  :   spaces  \r\nv:SIP/2.0/UDP a\r\n\r\nbody"
    assert bytes(parse_message(data)) == data


def test_what_is_written_is_read_the_same() -> None:
    request = Request("INFO", "sip:x@y", [("To", '"é" <sip:x@y>')], b"Signal=5")
    again = parse_message(bytes(request))
    assert isinstance(again, Request)
    assert (again.method, again.uri_text, again.body) == ("INFO", "sip:x@y", b"Signal=5")
    assert again.to.display_name == "é"


def test_empty_lines_before_a_message_are_skipped() -> None:
    assert isinstance(parse_message(b"\r\n\r\n" + HEAD + b"\r\n"), Request)


def test_a_response_may_lack_its_reason() -> None:
    message = parse_message(b"SIP/2.0 180 \r\nCSeq: 1 INVITE\r\n\r\n")
    assert isinstance(message, Response)
    assert (message.status, message.reason) == (180, "")


@pytest.mark.parametrize(
    "line",
    [
        "INVITE  sip:x@y SIP/2.0",
        "INVITE sip:x@y SIP/2.0 ",
        "INVITE sip:x@y;a = b SIP/2.0",
        "INVITE SIP/2.0",
        "INVITE sip:x@y",
        "SIP/2.0 99 Low",
        "SIP/2.0 4294967301 Better Than OK",
        "SIP/3.0 200 OK",
        "",
        "GET / HTTP/1.1",
    ],
)
def test_a_bad_start_line_is_an_error(line: str) -> None:
    with pytest.raises(SipParseError):
        parse_message(line.encode() + HEAD[HEAD.index(b"\r\n") :] + b"\r\n")


@pytest.mark.parametrize(
    "headers",
    [
        ["no colon here"],
        ["Bad Name: x"],
        [": x"],
        ["To: <sip:second@one>"],
        ["Content-Length: -1"],
        ["Content-Length: 0", "l: 0"],
        ["Max-Forwards:", "Max-Forwards:"],
        ["X: " + "a" * 9000],
        ["X: a\nInjected: b"],
        ["X: a\rb"],
        ["X: y"] * (MAX_HEADERS + 1),
    ],
)
def test_bad_headers_are_errors_that_can_be_answered(headers: list[str]) -> None:
    with pytest.raises(SipParseError) as caught:
        parse(*headers)
    assert caught.value.request is not None
    assert caught.value.request.cseq == CSeq(1, "INVITE")


def test_another_version_is_answered_505() -> None:
    with pytest.raises(SipParseError) as caught:
        parse_message(HEAD.replace(b"SIP/2.0\r\n", b"SIP/7.0\r\n", 1) + b"\r\n")
    assert caught.value.sip_status == 505


def test_a_header_of_our_own_cannot_smuggle_in_another() -> None:
    with pytest.raises(LocalError):
        bytes(Request("INFO", "sip:x", [("X", "a\r\nInjected: b")]))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<sip:x@y",
        '"Li" sip:x@y',
        '"Li <sip:x@y>',
        "Li, Na <sip:x@y>",
        "<>",
        "<sip:x@y> junk",
        "<sip:x@y>;=v",
        "<sip:x@y>;a=",
        "sip:x@y?Route=%3Csip:e%3E",
        "nobody",
    ],
)
def test_a_bad_address_is_an_error(text: str) -> None:
    with pytest.raises(SipParseError):
        NameAddr.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "sip:alice:secret;x=1@example.com:5070;transport=tcp;lr?a=b",
        "sips:[2001:db8::1]:5061",
        "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d@example.com",
        "tel:+86-10-8000;phone-context=example.com",
        "sip:%E6%9D%8E@example.com",
    ],
)
def test_a_uri_comes_back_as_it_was(text: str) -> None:
    assert str(parse_uri(text)) == text


def test_the_user_part_is_unescaped_and_without_password() -> None:
    assert parse_uri("sip:%E6%9D%8E:pw@example.com").user == "李"
    assert parse_uri("tel:+86-10-8000").user == "+86108000"
    assert str(make_uri("李 娜", "::1", 5060)) == "sip:%E6%9D%8E%20%E5%A8%9C@[::1]:5060"


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("sip:", 400),
        ("sip:x@", 400),
        ("sip:x@y:99999", 400),
        ("sip:a b@y", 400),
        ("sip:a@b@y", 400),
        ("sip:%zz@y", 400),
        ("nothing", 400),
        ("tel:xyz", 400),
        ("mailto:x@y", 416),
        ("http://x", 416),
    ],
)
def test_a_bad_uri_is_an_error(text: str, status: int) -> None:
    with pytest.raises(SipParseError) as caught:
        parse_uri(text)
    assert caught.value.sip_status == status


@pytest.mark.parametrize(
    "text", ["1", "INVITE", "-1 INVITE", "2147483648 INVITE", "1 IN VITE", "1,2"]
)
def test_a_bad_cseq_is_an_error(text: str) -> None:
    with pytest.raises(SipParseError):
        CSeq.parse(text)


@pytest.mark.parametrize(
    "text", ["", "SIP/1.0/UDP a", "SIP/2.0/UDP", "SIP/2.0/UDP a:99999", "SIP/2.0/UDP a b"]
)
def test_a_bad_via_is_an_error(text: str) -> None:
    with pytest.raises(SipParseError):
        Via.parse(text)


def test_a_via_with_blanks_everywhere_is_read() -> None:
    via = Via.parse("SIP  /2.0\t/ UDP  192.0.2.2 : 5070 ;branch = z9hG4bK1 ; rport")
    assert (via.transport, via.host, via.port, via.branch) == ("UDP", "192.0.2.2", 5070, "z9hG4bK1")


def test_credentials_are_read_with_quotes_and_without() -> None:
    value = AuthValue.parse('Digest username="a\\"b", qop=auth, nc=00000001, uri="sip:x,y"')
    assert value.params == {"username": 'a"b', "qop": "auth", "nc": "00000001", "uri": "sip:x,y"}


def test_a_list_is_cut_at_its_commas_only() -> None:
    assert split_list('<sip:a,b@c>, "d,e" <sip:f>,g') == ["<sip:a,b@c>", '"d,e" <sip:f>', "g"]
