"""Who calls: what is believed of whom, what stays hidden, over whom the call came."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.ids import LegId
from telephony.sip.events import CallerIdentity, Diversion, HostPort, IncomingCall
from telephony.sip.options import Listener, SipOptions
from telephony.sip.wording.identity import ANONYMOUS, identify, read_diversions, trust
from telephony.sip.wording.message import Request, parse_message
from tests.support.wire import CENTRE, OFFER, PHONE, Side, Wire, make_stack

FROM = ("From", '"Caller" <sip:10086@example.net>;tag=1')
ASSERTED = ("P-Asserted-Identity", '"Li Na" <sip:+8613900000001@trunk.example>')


def invite(*headers: tuple[str, str], sender: tuple[str, str] = FROM) -> Request:
    return Request("INVITE", "sip:8000@hotline.example", [sender, *headers])


# -- whom we believe -------------------------------------------------------------------------------


def test_a_trusted_trunk_says_who_calls() -> None:
    caller = identify(invite(ASSERTED), is_trusted=True)
    assert (caller.user, caller.display_name) == ("+8613900000001", "Li Na")


def test_from_anybody_else_an_asserted_identity_is_worth_nothing() -> None:
    assert identify(invite(ASSERTED), is_trusted=False).user == "10086"


def test_an_asserted_number_without_a_name_keeps_the_name_of_from() -> None:
    bare = ("P-Asserted-Identity", "<tel:+86-139-0000-0001>")
    caller = identify(invite(bare), is_trusted=True)
    assert (caller.user, caller.display_name) == ("+8613900000001", "Caller")


@pytest.mark.parametrize(
    "value",
    ["<sip:trunk.example>, <tel:+8613900000001>", "garbage, <sip:+8613900000001@t>", "<http://x>"],
)
def test_of_several_asserted_identities_the_first_that_names_somebody_counts(value: str) -> None:
    caller = identify(invite(("P-Asserted-Identity", value)), is_trusted=True)
    assert caller.user == ("10086" if value == "<http://x>" else "+8613900000001")


@pytest.mark.parametrize("value", ["id", "user", "header;critical", "Id; user", "session;id"])
@pytest.mark.parametrize("is_trusted", [False, True])
def test_a_caller_who_withholds_the_number_is_anonymous(value: str, is_trusted: bool) -> None:
    assert identify(invite(ASSERTED, ("Privacy", value)), is_trusted=is_trusted) == ANONYMOUS


@pytest.mark.parametrize("value", ["none", "session", "critical", "", "id;none"])
def test_other_wishes_hide_nobody(value: str) -> None:
    assert identify(invite(("Privacy", value)), is_trusted=False).user == "10086"


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("192.0.2.9", True),
        ("10.1.2.3", True),
        ("11.0.0.1", False),
        ("2001:db8::5", True),
        ("::1", False),
        ("fe80::1%eth0", False),
    ],
)
def test_trust_is_a_question_of_the_address(host: str, expected: bool) -> None:
    is_trusted = trust(("192.0.2.9", "10.0.0.0/8", "2001:db8::/32"))
    assert is_trusted(HostPort(host, 5060)) is expected


def test_a_stack_believes_only_the_trunks_it_is_told_to() -> None:
    for trusted, user in (((), "10086"), ((PHONE.host,), "+8613900000001")):
        options = SipOptions(listeners=(Listener(address=CENTRE),), trusted=trusted)
        call = arrive(options, ASSERTED)
        assert call.caller.user == user


def arrive(options: SipOptions | None, *headers: tuple[str, str]) -> IncomingCall:
    lines = [
        ("Via", f"SIP/2.0/UDP {PHONE.host}:{PHONE.port};branch=z9hG4bK1"),
        FROM,
        ("To", "<sip:8000@hotline.example>"),
        ("Call-ID", "c1"),
        ("CSeq", "1 INVITE"),
        ("Contact", f"<sip:10086@{PHONE.host}:{PHONE.port}>"),
        *headers,
    ]
    stack = make_stack(options=options)
    effects = stack.receive(bytes(Request("INVITE", "sip:8000@x", lines)), PHONE, 0, 0.0)
    return next(event for event in effects if isinstance(event, IncomingCall))


# -- over whom the call came -----------------------------------------------------------------------


def test_diversions_are_told_the_last_one_first() -> None:
    call = arrive(
        None,
        ("Diversion", '"Desk" <sip:1001@pbx.example>;reason=user-busy;counter=1'),
        ("Diversion", "<sip:4000@pbx.example>;reason=unconditional, <tel:+8610123456>"),
    )
    assert call.diversions == (
        Diversion("1001", "Desk", "user-busy"),
        Diversion("4000", "", "unconditional"),
        Diversion("+8610123456"),
    )


def test_a_history_names_who_was_called_before_us() -> None:
    history = (
        "<sip:4000@pbx.example>;index=1, "
        '"Desk" <sip:1001@pbx.example;cause=302>;index=1.1, '
        "<sip:8000@hotline.example;cause=486>;index=1.1.1"
    )
    assert read_diversions(invite(("History-Info", history))) == (
        Diversion("1001", "Desk", "302"),
        Diversion("4000", "", "302"),
    )


def test_a_reason_inside_the_history_is_read_too() -> None:
    history = (
        "<sip:4000@pbx.example?Reason=SIP%3Bcause%3D486%3Btext%3D%22Busy%22>;index=1,"
        "<sip:8000@hotline.example>;index=1.10,<sip:1001@pbx.example>;index=1.9"
    )
    assert [each.user for each in read_diversions(invite(("History-Info", history)))] == [
        "1001",
        "4000",
    ]
    assert read_diversions(invite(("History-Info", history)))[1].reason == "486"


def test_nobody_loses_a_call_by_a_diversion_that_cannot_be_read() -> None:
    call = arrive(None, ("Diversion", "<<>>"), ("History-Info", "<sip:x@y>;index=a.b"))
    assert call.diversions == ()


def test_a_call_that_was_handed_on_for_ever_is_cut_short() -> None:
    many = ", ".join(f"<sip:{number}@pbx.example>" for number in range(100))
    assert len(read_diversions(invite(("Diversion", many)))) == 10


WORDS = st.text(
    st.characters(blacklist_categories=["Cs"], blacklist_characters="\r\n"), max_size=60
)


@given(asserted=WORDS, privacy=WORDS, diversion=WORDS, history=WORDS)
def test_whatever_these_headers_hold_there_is_a_caller(
    asserted: str, privacy: str, diversion: str, history: str
) -> None:
    request = invite(
        ("P-Asserted-Identity", asserted),
        ("Privacy", privacy),
        ("Diversion", diversion),
        ("History-Info", f"<sip:a@b>;index=1, {history}"),
    )
    assert isinstance(identify(request, is_trusted=True), CallerIdentity)
    assert len(read_diversions(request)) <= 10


# -- names in any script ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["李娜", 'Zoë "Z" O\\Neil', "Ольга", "مريم", "😀", ""])
def test_a_display_name_in_any_script_goes_both_ways(name: str) -> None:
    centre, phone = Side(make_stack(CENTRE, seed=1), CENTRE), Side(make_stack(PHONE, seed=2), PHONE)
    wire = Wire(centre, phone)
    to = f"sip:8000@{CENTRE.host}:{CENTRE.port}"
    caller = CallerIdentity("10086", name, "")
    wire.perform(phone, phone.stack.dial(LegId("l-1"), to, 0.0, body=OFFER, caller=caller))
    wire.run(0.1)
    (call,) = centre.heard(IncomingCall)
    assert isinstance(call, IncomingCall)
    assert call.caller.display_name == name
    if name:
        assert name.replace("\\", "\\\\").replace('"', '\\"').encode() in phone.sent[0]


def test_a_name_without_quotes_or_in_another_charset_is_read_as_far_as_it_goes() -> None:
    bare = parse_message("INVITE sip:x SIP/2.0\r\nFrom: 李娜 <sip:1@x>;tag=1\r\n\r\n".encode())
    assert isinstance(bare, Request)
    assert identify(bare, is_trusted=False).display_name == "李娜"
    gbk = b'INVITE sip:x SIP/2.0\r\nFrom: "' + "李娜".encode("gbk") + b'" <sip:1@x>;tag=1\r\n\r\n'
    message = parse_message(gbk)
    assert isinstance(message, Request)
    assert "�" in identify(message, is_trusted=False).display_name
