"""Calls over trunks: which one, and which line the dialled number is."""

import pytest

from telephony.sip.compose import respond
from telephony.sip.digest import Credentials
from telephony.sip.events import HostPort, IncomingCall
from telephony.sip.message import Request, parse_message
from telephony.sip.reception import Inbound
from telephony.sip.stack import SipStack
from tests.sip.test_stack_as_server import of, only_answer, write
from tests.support.wire import ANSWER, OFFER, PHONE, make_stack, requests, responses

SDP = "Content-Type: application/sdp"
ASKED: list[tuple[str, str, tuple[str, ...]]] = []


def find(host: str, token: str, dialled: tuple[str, ...]) -> Inbound | None:
    ASKED.append((host, token, dialled))
    if token == "t0k" or host == "192.0.2.2":
        mapped = ("8000",) if "+8610" in dialled else ()
        return Inbound("carrier", (*mapped, *dialled))
    return None


@pytest.fixture
def stack() -> SipStack:
    ASKED.clear()
    lines = {"8000", "8001"}
    return make_stack(
        inbound=find,
        accounts={"eva": "pw"},
        lines=lines.__contains__,
        credentials={"carrier": Credentials("acc", "secret")}.get,
    )


def call(stack: SipStack, uri: str, to: str, source: HostPort = PHONE) -> IncomingCall | int:
    number = str(len(ASKED))
    data = write("INVITE", SDP, uri=uri, to=to, branch=number, call_id=number, body=OFFER)
    effects = stack.receive(data, source, 0, 0.0)
    calls = of(IncomingCall, effects)
    return calls[0] if calls else only_answer(effects).status


@pytest.mark.parametrize(
    ("uri", "to", "line"),
    [
        ("sip:+8610@hotline.example", "<sip:+8610@carrier.example>", "8000"),
        ("sip:acc@192.0.2.1:5060;line=t0k", "<sip:+8610@carrier.example>", "8000"),
        ("sip:8001@hotline.example", "<sip:8001@hotline.example>", "8001"),
        ("sip:acc@192.0.2.1;line=t0k", "<sip:8001@carrier.example>", "8001"),
        ("sip:8001;npdi;rn=+8619@hotline.example;user=phone", "<sip:x@carrier.example>", "8001"),
        ("sip:acc@192.0.2.1;line=t0k", "<sip:8001;phone-context=+86@x;user=phone>", "8001"),
        ("tel:8001;phone-context=+86", "<sip:x@carrier.example>", "8001"),
    ],
)
def test_a_trunks_number_leads_to_its_line(uri: str, to: str, line: str, stack: SipStack) -> None:
    told = call(stack, uri, to)
    assert isinstance(told, IncomingCall)
    assert (told.to_user, told.trunk, told.agent_aor) == (line, "carrier", "")


def test_a_number_that_is_no_line_is_404(stack: SipStack) -> None:
    assert call(stack, "sip:+8611@hotline.example", "<sip:+8611@x>") == 404


def test_the_token_counts_from_anywhere_and_a_wrong_one_nowhere(stack: SipStack) -> None:
    elsewhere = HostPort("203.0.113.9", 5060)
    told = call(stack, "sip:acc@192.0.2.1;line=t0k", "<sip:+8610@x>", elsewhere)
    assert isinstance(told, IncomingCall)
    assert told.trunk == "carrier"
    assert call(stack, "sip:acc@192.0.2.1;line=t0x", "<sip:+8610@x>", elsewhere) == 404
    assert ASKED[-1] == ("203.0.113.9", "t0x", ("acc", "+8610"))


def test_to_of_another_scheme_names_no_number(stack: SipStack) -> None:
    assert isinstance(call(stack, "sip:8000@x", "<mailto:8001@x>"), IncomingCall)
    assert ASKED[-1][2] == ("8000", "")


def test_who_claims_to_be_a_phone_of_ours_is_challenged_on_a_trunk_too(stack: SipStack) -> None:
    data = write("INVITE", SDP, sender="<sip:eva@hotline.example>;tag=1", body=OFFER)
    effects = stack.receive(data, PHONE, 0, 0.0)
    assert only_answer(effects).status == 401
    assert ASKED == []
    assert parse_message(data).call_id == "c1"


@pytest.mark.parametrize("is_restarted", [False, True])
def test_a_trunk_that_asks_for_the_password_of_a_bye_hears_it(
    stack: SipStack, is_restarted: bool
) -> None:
    """Or the caller would go on hearing nothing, and pay."""
    told = call(stack, "sip:8000@x", "<sip:8000@x>")
    assert isinstance(told, IncomingCall)
    (accepted,) = responses(stack.accept(told.leg, ANSWER, 0.0))
    stack.receive(write("ACK", to=accepted.values("to")[0], call_id="0", branch="a"), PHONE, 0, 0.0)
    if is_restarted:
        record = stack.record(told.leg)
        stack = make_stack(credentials={"carrier": Credentials("acc", "secret")}.get, seed=9)
        stack.adopt(record, 0.0)
    (bye,) = requests(stack.hang_up(told.leg, 1.0, "why not"))
    proved = challenge(stack, bye)
    assert (proved.method, proved.cseq.number) == ("BYE", bye.cseq.number + 1)
    assert proved.find("reason") == bye.find("reason")
    assert stack.count_on("carrier") == 0, "a call of the network's own"


def challenge(stack: SipStack, asked: Request) -> Request:
    """The same request, proved."""
    headers = [("WWW-Authenticate", 'Digest realm="r", nonce="n"')]
    refusal = respond(asked, 401, PHONE, headers=headers)
    (proved,) = requests(stack.receive(refusal, PHONE, 0, 1.0))
    assert 'username="acc"' in (proved.find("authorization") or "")
    return proved


def trunk_talk(stack: SipStack) -> tuple[IncomingCall, str]:
    """A call over the trunk that is up, and our To."""
    told = call(stack, "sip:8000@x", "<sip:8000@x>")
    assert isinstance(told, IncomingCall)
    (accepted,) = responses(stack.accept(told.leg, ANSWER, 0.0))
    to = accepted.values("to")[0]
    stack.receive(write("ACK", to=to, call_id="0", branch="a"), PHONE, 0, 0.0)
    return told, to


def test_a_trunk_that_asks_for_the_password_of_a_key_gets_the_key(stack: SipStack) -> None:
    told, _ = trunk_talk(stack)
    (info,) = requests(stack.press(told.leg, "5", 1.0))
    proved = challenge(stack, info)
    assert (proved.method, proved.cseq.number) == ("INFO", info.cseq.number + 1)
    assert proved.body == info.body
    assert proved.values("content-type") == ["application/dtmf-relay"]


@pytest.mark.parametrize("status", [100, 200])
def test_a_trunk_that_asks_for_the_password_of_a_report_is_reported_to(
    stack: SipStack, status: int
) -> None:
    told, to = trunk_talk(stack)
    refer = write(
        "REFER", "Refer-To: <sip:8001@hotline.example>", to=to, call_id="0", branch="r", cseq=2
    )
    stack.receive(refer, PHONE, 0, 0.0)
    (report,) = requests(stack.accept_refer(told.leg, 1.0))
    if status == 200:
        stack.receive(respond(report, 200, PHONE), PHONE, 0, 1.0)
        (report,) = requests(stack.notify_refer(told.leg, 200, 1.0))
    proved = challenge(stack, report)
    assert (proved.method, proved.cseq.number) == ("NOTIFY", report.cseq.number + 1)
    for name in ("event", "subscription-state", "content-type", "contact"):
        assert proved.values(name) == report.values(name)
    assert proved.body == report.body
    stack.receive(respond(proved, 200, PHONE), PHONE, 0, 1.0)
    assert stack.leg_count == 1
    again = stack.notify_refer(told.leg, 180, 2.0)
    assert len(requests(again)) == (status == 100), "the report was answered"
