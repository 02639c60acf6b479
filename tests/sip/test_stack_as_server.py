"""What a request gets as its answer, and what is kept of it: nothing, a binding, or one call."""

import random
from collections.abc import Sequence
from typing import TypeVar

import pytest

from foundation.ids import LegId
from telephony.sip.digest import Credentials, DigestClient
from telephony.sip.events import (
    BindingsChanged,
    CallerIdentity,
    Cancelled,
    Confirmed,
    DialogKept,
    Dropped,
    Gone,
    GoneWhy,
    HostPort,
    IncomingCall,
    InfoDigit,
    PhoneRegistered,
    PhoneUnregistered,
    Refused,
    Reoffered,
    SendDatagram,
    StackEffect,
)
from telephony.sip.message import Response
from telephony.sip.options import Listener, SipOptions
from telephony.sip.stack import SipStack
from tests.support.wire import ANSWER, CENTRE, OFFER, PHONE, SECRET, make_stack, requests, responses

Effect = TypeVar("Effect")
ACCOUNTS = {"agent0001": "pw0001"}
SDP = "Content-Type: application/sdp"
MIXED = 'Content-Type: multipart/mixed; boundary="b1"'


ISUP = (
    b"Content-Type: application/ISUP; version=itu-t92+\r\n"
    b"Content-Disposition: signal; handling=optional\r\n\r\n\x01\x00\x48\x00\x0a\r\n"
)


@pytest.fixture
def stack() -> SipStack:
    return make_stack(accounts=ACCOUNTS)


def write(
    method: str,
    *extra: str,
    uri: str = "sip:8000@hotline.example",
    via: str = "SIP/2.0/UDP 192.0.2.2:5070;branch=z9hG4bK{branch};rport",
    branch: str = "1",
    sender: str = "<sip:10086@example.com>;tag=f1",
    to: str = "<sip:8000@hotline.example>",
    call_id: str = "c1",
    cseq: int = 1,
    contact: str = "<sip:10086@192.0.2.2:5070>",
    hops: str = "70",
    body: bytes = b"",
) -> bytes:
    lines = [
        f"{method} {uri} SIP/2.0",
        f"Via: {via.format(branch=branch)}",
        f"From: {sender}",
        f"To: {to}",
        f"Call-ID: {call_id}",
        f"CSeq: {cseq} {method}",
        f"Max-Forwards: {hops}",
        *([f"Contact: {contact}"] if contact else []),
        *extra,
        f"Content-Length: {len(body)}",
        "",
        "",
    ]
    return "\r\n".join(lines).encode() + body


def invite(*extra: str, branch: str = "1", cseq: int = 1, to: str = "<sip:8000@x>") -> bytes:
    return write("INVITE", SDP, *extra, branch=branch, cseq=cseq, to=to, body=OFFER)


def give(stack: SipStack, data: bytes, now: float = 0.0) -> list[StackEffect]:
    return stack.receive(data, PHONE, 0, now)


def only_answer(effects: Sequence[StackEffect]) -> Response:
    (answer,) = responses(effects)
    return answer


def of(kind: type[Effect], effects: Sequence[StackEffect]) -> list[Effect]:
    return [effect for effect in effects if isinstance(effect, kind)]


def arrive(stack: SipStack, data: bytes | None = None) -> LegId:
    (call,) = (each for each in give(stack, data or invite()) if isinstance(each, IncomingCall))
    return call.leg


def talk(stack: SipStack) -> tuple[LegId, str]:
    """A call that is up: its leg, and our To with tag."""
    leg = arrive(stack)
    to = only_answer(stack.accept(leg, ANSWER, 0.0)).values("to")[0]
    give(stack, write("ACK", branch="ack", to=to))
    return leg, to


# -- answers that keep nothing ---------------------------------------------------------------------

REFUSED = {
    "no-contact-400": write("INVITE", SDP, contact="", body=OFFER),
    "bad-max-forwards-400": write("OPTIONS", hops="many"),
    "big-max-forwards-400": write("OPTIONS", hops="300"),
    "cseq-of-another-method-400": write("OPTIONS").replace(b"1 OPTIONS", b"1 INVITE"),
    "unknown-line-404": write("INVITE", SDP, uri="sip:nobody@hotline.example", body=OFFER),
    "refer-403": write("REFER", "Refer-To: <sip:8000@hotline.example>"),
    "notify-489": write("NOTIFY", "Event: message-summary"),
    "subscribe-405": write("SUBSCRIBE"),
    "invented-method-405": write("DANCE"),
    "large-body-413": write("INVITE", SDP, body=b"x" * 20_000),
    "text-body-415": write("INVITE", "Content-Type: text/plain", body=b"hello"),
    "no-content-type-415": write("INVITE", body=OFFER),
    "zipped-body-415": write("INVITE", SDP, "Content-Encoding: gzip", body=OFFER),
    "multipart-without-sdp-415": write("INVITE", MIXED, body=b"--b1\r\n\r\nhello\r\n--b1--"),
    "accepts-no-sdp-406": write("INVITE", SDP, "Accept: text/plain, */*;q=0", body=OFFER),
    "unknown-scheme-416": write("OPTIONS", uri="mailto:8000@hotline.example"),
    "required-extension-420": write("INVITE", SDP, "Require: 100rel, foo, bar", body=OFFER),
    "bye-without-dialog-481": write("BYE", to="<sip:8000@x>;tag=gone"),
    "invite-without-dialog-481": invite(to="<sip:8000@x>;tag=gone"),
    "info-without-tag-481": write("INFO"),
    "cancel-without-invite-481": write("CANCEL"),
    "loop-482": write(
        "INVITE",
        "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKours",
        SDP,
        body=OFFER,
    ),
    "no-hops-left-483": write("INVITE", SDP, hops="0", body=OFFER),
    "sip-7-505": write("OPTIONS").replace(b"SIP/2.0\r\n", b"SIP/7.0\r\n", 1),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_request_is_refused_and_nothing_is_kept(name: str, stack: SipStack) -> None:
    effects = give(stack, REFUSED[name])
    status = int(name.rpartition("-")[2])

    assert only_answer(effects).status == status
    assert only_answer(effects).to.tag
    assert of(Dropped, effects) == [Dropped(f"refused-{status}", PHONE)]
    assert (stack.leg_count, stack.transaction_count, stack.deadline) == (0, 0, None)


def test_a_refusal_says_what_would_be_right(stack: SipStack) -> None:
    def header(data: bytes, name: str) -> str | None:
        return only_answer(give(stack, data)).find(name)

    assert "INVITE" in (header(REFUSED["subscribe-405"], "allow") or "")
    assert header(REFUSED["text-body-415"], "accept") == "application/sdp, multipart/mixed"
    assert header(REFUSED["zipped-body-415"], "accept-encoding") == "identity"
    assert header(REFUSED["required-extension-420"], "unsupported") == "foo, bar"


def test_a_copy_of_a_refused_request_gets_the_same_tag(stack: SipStack) -> None:
    first = only_answer(give(stack, REFUSED["unknown-line-404"]))
    again = only_answer(give(stack, REFUSED["unknown-line-404"]))
    assert first.to.tag == again.to.tag


@pytest.mark.parametrize(
    "data",
    [b"\r\n\r\n", b"\0\0\0\0", b""],
    ids=["keep-alive", "zeros", "empty"],
)
def test_what_keeps_a_nat_open_is_ignored_quietly(data: bytes, stack: SipStack) -> None:
    assert give(stack, data) == []


@pytest.mark.parametrize(
    "data",
    [
        b"hello",
        b"\xff" * 100,
        b"SIP/2.0 200 OK\r\n\r\n",
        b"OPTIONS sip:x SIP/2.0\r\n\r\n",
        b"ACK sip:x SIP/9.0\r\n" + write("ACK").partition(b"\r\n")[2],
        b"INVITE sip:x SIP/2.0\r\n" + b"a" * 70_000,
        write("OPTIONS", via="SIP/2.0/UDP"),
    ],
)
def test_garbage_is_dropped_in_silence_and_counted(data: bytes, stack: SipStack) -> None:
    assert give(stack, data) == [Dropped("malformed", PHONE)]


def test_an_answer_that_nobody_waits_for_is_dropped(stack: SipStack) -> None:
    data = b"SIP/2.0 200 OK\r\n" + write("OPTIONS").partition(b"\r\n")[2]
    assert give(stack, data) == [Dropped("unmatched-response", PHONE)]


def test_options_are_answered_without_credentials(stack: SipStack) -> None:
    answer = only_answer(give(stack, write("OPTIONS", sender="<sip:agent0001@hotline.example>")))
    assert answer.status == 200
    assert {"allow", "accept", "supported"} <= {name.lower() for name, _ in answer.headers}


def test_answers_go_to_where_the_request_came_from(stack: SipStack) -> None:
    private = "SIP/2.0/UDP 10.0.0.9:5080;branch=z9hG4bK{branch}"
    with_rport = give(stack, write("OPTIONS", via=private + ";rport"))
    without = give(stack, write("OPTIONS", via=private))

    assert of(SendDatagram, with_rport)[0].to == PHONE
    assert only_answer(with_rport).via.params[1:] == (("rport", "5070"), ("received", PHONE.host))
    assert of(SendDatagram, without)[0].to == HostPort(PHONE.host, 5080)
    assert only_answer(without).via.params[1:] == (("received", PHONE.host),)


def test_an_answer_carries_all_vias_in_order(stack: SipStack) -> None:
    below = "SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKa, SIP/2.0/TCP 10.0.0.2;branch=z9hG4bKb"
    answer = only_answer(give(stack, write("OPTIONS", f"Via: {below}")))
    assert [item.partition(";")[0] for item in answer.items("via")] == [
        "SIP/2.0/UDP 192.0.2.2:5070",
        "SIP/2.0/UDP 10.0.0.1",
        "SIP/2.0/TCP 10.0.0.2",
    ]


# -- one INVITE is one call ------------------------------------------------------------------------


def test_an_invite_that_comes_again_while_ringing_is_the_same_call(stack: SipStack) -> None:
    leg = arrive(stack)
    ringing = only_answer(stack.ring(leg, 0.1))
    again = give(stack, invite(), 0.5)

    assert of(IncomingCall, again) == []
    assert bytes(only_answer(again)) == bytes(ringing)
    assert stack.leg_count == 1


def test_an_invite_that_comes_again_after_the_200_gets_the_200_again(stack: SipStack) -> None:
    leg = arrive(stack)
    accepted = only_answer(stack.accept(leg, ANSWER, 0.1))
    again = give(stack, invite(), 0.2)

    assert bytes(only_answer(again)) == bytes(accepted)
    assert of(IncomingCall, again) == []


def test_the_same_invite_by_another_way_is_merged_482(stack: SipStack) -> None:
    arrive(stack)
    effects = give(stack, invite(branch="other"))
    assert only_answer(effects).status == 482
    assert stack.leg_count == 1


def test_an_invite_of_an_old_phone_without_magic_branch_is_one_call_too(stack: SipStack) -> None:
    data = write("INVITE", SDP, via="SIP/2.0/UDP 192.0.2.2:5070;branch=7", body=OFFER)
    leg = arrive(stack, data)
    assert of(IncomingCall, give(stack, data)) == []
    to = only_answer(stack.reject(leg, 486, 0.0)).values("to")[0]
    ack = write("ACK", via="SIP/2.0/UDP 192.0.2.2:5070;branch=7", to=to)
    give(stack, ack, 0.1)
    assert stack.tick(2.0) == []


def test_a_full_stack_refuses_new_calls_503_and_nothing_else() -> None:
    options = SipOptions(listeners=(Listener(address=CENTRE),), max_legs=1)
    stack = SipStack(options, {}, lines=lambda user: True, secret=SECRET, random=random.Random(1))
    _, to = talk(stack)
    second = write("INVITE", SDP, branch="2", call_id="c2", body=OFFER)

    answer = only_answer(give(stack, second))
    assert (answer.status, answer.find("retry-after")) == (503, None)
    assert only_answer(give(stack, write("BYE", branch="3", to=to, cseq=2))).status == 200


def test_rejecting_a_call_gives_reason_and_retry_after(stack: SipStack) -> None:
    leg = arrive(stack)
    answer = only_answer(stack.reject(leg, 503, 0.0, reason="Full\r\nX: y", retry_after=30))
    assert (answer.status, answer.reason) == (503, "Full X: y")
    assert answer.find("retry-after") == "30"
    assert stack.leg_count == 0


def test_a_hang_up_before_the_answer_refuses_480(stack: SipStack) -> None:
    assert only_answer(stack.hang_up(arrive(stack), 0.0)).status == 480


def test_verbs_for_a_leg_that_is_gone_do_nothing(stack: SipStack) -> None:
    gone = LegId("l-gone")
    assert stack.ring(gone, 0.0) == stack.accept(gone, b"", 0.0) == stack.reject(gone, 486, 0) == []
    assert stack.hang_up(gone, 0.0) == stack.reoffer(gone, b"", 0.0) == []
    assert stack.record(gone) == b""


def test_the_record_is_told_before_the_200_leaves(stack: SipStack) -> None:
    kinds = [type(effect) for effect in stack.accept(arrive(stack), ANSWER, 0.0)]
    assert kinds == [DialogKept, SendDatagram]


def test_a_cancel_after_the_200_changes_nothing(stack: SipStack) -> None:
    leg = arrive(stack)
    stack.accept(leg, ANSWER, 0.0)
    effects = give(stack, write("CANCEL", to="<sip:8000@x>"))
    assert only_answer(effects).status == 200
    assert of(Cancelled, effects) == []
    assert stack.leg_count == 1


def test_a_bye_before_the_answer_ends_the_call_and_its_invite(stack: SipStack) -> None:
    leg = arrive(stack)
    to = only_answer(stack.ring(leg, 0.0)).values("to")[0]
    effects = give(stack, write("BYE", branch="2", to=to, cseq=2))

    assert [answer.status for answer in responses(effects)] == [487, 200]
    assert of(Cancelled, effects) == [Cancelled(leg)]


def test_trying_is_sent_when_the_call_is_known_and_its_record_kept(stack: SipStack) -> None:
    """After it the INVITE is repeated no more: a core killed before would leave a caller alone."""
    effects = give(stack, invite())

    assert [type(effect) for effect in effects] == [IncomingCall, DialogKept, SendDatagram]
    assert only_answer(effects).status == 100


def test_a_bye_is_answered_when_its_user_knows_of_it(stack: SipStack) -> None:
    """Who is killed before that must hear it again."""
    leg = arrive(stack)
    to = only_answer(stack.accept(leg, ANSWER, 0.0)).values("to")[0]
    give(stack, write("ACK", branch="2", to=to))

    effects = give(stack, write("BYE", branch="3", to=to, cseq=2))

    told = [type(effect) for effect in effects if not isinstance(effect, DialogKept)]
    assert told == [Gone, SendDatagram]


def test_a_body_that_may_be_ignored_is_ignored(stack: SipStack) -> None:
    optional = "Content-Disposition: render;handling=optional"
    data = write("INVITE", "Content-Type: text/plain", optional, body=b"hello")
    (call,) = of(IncomingCall, give(stack, data))
    assert call.body == b""


@pytest.mark.parametrize(
    "accept", ["application/sdp;level=1, text/html", "application/*", "text/plain, */*;q=0.1"]
)
def test_an_invite_that_takes_sdp_among_others_is_a_call(accept: str, stack: SipStack) -> None:
    arrive(stack, write("INVITE", SDP, f"Accept: {accept}", body=OFFER))


def test_a_trunks_multipart_is_a_call_with_the_sdp_of_it(stack: SipStack) -> None:
    body = b"--b1\r\n" + SDP.encode() + b"\r\n\r\n" + OFFER + b"\r\n--b1\r\n" + ISUP + b"--b1--\r\n"
    (call,) = of(IncomingCall, give(stack, write("INVITE", MIXED, body=body)))
    assert call.body == OFFER


def test_an_answer_in_a_multipart_ack_is_found(stack: SipStack) -> None:
    leg = arrive(stack, write("INVITE"))
    to = only_answer(stack.accept(leg, OFFER, 0.0)).values("to")[0]
    body = b"--b1\r\n" + SDP.encode() + b"\r\n\r\n" + ANSWER + b"\r\n--b1--\r\n"
    acknowledged = give(stack, write("ACK", MIXED, branch="ack", to=to, body=body))
    assert of(Confirmed, acknowledged) == [Confirmed(leg, ANSWER)]


def test_an_ack_whose_body_cannot_be_read_is_an_ack_all_the_same(stack: SipStack) -> None:
    leg = arrive(stack)
    to = only_answer(stack.accept(leg, ANSWER, 0.0)).values("to")[0]
    ack = write("ACK", "Content-Type: multipart/mixed", branch="ack", to=to, body=b"x")
    assert of(Confirmed, give(stack, ack)) == [Confirmed(leg, b"")]


def test_an_invite_that_expires_before_its_answer_is_ended_487(stack: SipStack) -> None:
    leg = arrive(stack, invite("Expires: 20"))
    assert stack.tick(19.9) == []
    effects = stack.tick(20.0)
    assert only_answer(effects).status == 487
    assert of(Cancelled, effects) == [Cancelled(leg)]
    assert stack.leg_count == 0


def test_a_call_that_is_answered_in_time_does_not_expire(stack: SipStack) -> None:
    leg = arrive(stack, invite("Expires: 20"))
    to = only_answer(stack.accept(leg, ANSWER, 19.0)).values("to")[0]
    give(stack, write("ACK", branch="ack", to=to), 19.1)
    assert of(Cancelled, stack.tick(30.0)) == []
    assert stack.leg_count == 1


def test_an_expires_that_is_no_number_is_not_obeyed(stack: SipStack) -> None:
    leg = arrive(stack, invite("Expires: Thu, 01 Dec 1994 16:00:00 GMT"))
    assert stack.tick(3600.0) == []
    assert only_answer(stack.accept(leg, ANSWER, 3600.0)).status == 200


@pytest.mark.parametrize("value", ['SIP;cause=x;text="', "", 'Q.850;cause=16;text="\xff"', ";;;"])
def test_a_reason_or_warning_that_is_broken_ends_the_call_as_a_good_one(
    value: str, stack: SipStack
) -> None:
    leg, to = talk(stack)
    lines = (f"Reason: {value}", f"Warning: {value}")
    effects = give(stack, write("BYE", *lines, branch="2", to=to, cseq=2))
    assert only_answer(effects).status == 200
    assert of(Gone, effects) == [Gone(leg, GoneWhy.BYE, value.strip())]


# -- inside a dialog -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "body", "digit"),
    [
        ("application/dtmf-relay", b"Signal=5\r\nDuration=160\r\n", "5"),
        ("application/dtmf-relay", b"Signal= *\nDuration= 100\n", "*"),
        ("application/dtmf-relay", b"Signal=11\r\n", "#"),
        ("application/dtmf", b"5", "5"),
        ("Application/DTMF; x=1", b"d\r\n", "D"),
    ],
)
def test_an_info_digit_is_told_and_answered(
    kind: str, body: bytes, digit: str, stack: SipStack
) -> None:
    leg, to = talk(stack)
    data = write("INFO", f"Content-Type: {kind}", branch="2", to=to, cseq=2, body=body)
    effects = give(stack, data)

    assert only_answer(effects).status == 200
    assert of(InfoDigit, effects) == [InfoDigit(leg, digit)]
    assert of(InfoDigit, give(stack, data)) == [], "a copy is no second key"


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/dtmf-relay", b"Duration=160", 400),
        ("application/dtmf", b"hello", 400),
        ("application/media_control+xml", b"<x/>", 415),
    ],
)
def test_an_info_that_is_no_digit_is_refused(
    kind: str, body: bytes, status: int, stack: SipStack
) -> None:
    _, to = talk(stack)
    data = write("INFO", f"Content-Type: {kind}", branch="2", to=to, cseq=2, body=body)
    assert only_answer(give(stack, data)).status == status


def test_a_key_after_our_bye_is_no_key_any_more(stack: SipStack) -> None:
    leg, to = talk(stack)
    stack.hang_up(leg, 1.0)
    info = write("INFO", "Content-Type: application/dtmf", branch="2", cseq=2, to=to, body=b"5")
    effects = give(stack, info, 1.1)
    assert only_answer(effects).status == 481
    assert of(InfoDigit, effects) == []


def test_a_request_out_of_order_is_refused_500(stack: SipStack) -> None:
    _, to = talk(stack)
    give(stack, write("OPTIONS", branch="2", to=to, cseq=5))
    answer = only_answer(give(stack, write("OPTIONS", branch="3", to=to, cseq=4)))
    assert answer.status == 500
    assert answer.find("retry-after") is not None


def test_a_request_with_a_foreign_tag_belongs_to_no_dialog(stack: SipStack) -> None:
    _, to = talk(stack)
    data = write("BYE", branch="2", to=to, cseq=2, sender="<sip:10086@example.com>;tag=stranger")
    assert only_answer(give(stack, data)).status == 481
    assert stack.leg_count == 1


def test_an_update_is_a_reoffer_and_one_without_offer_is_only_answered(stack: SipStack) -> None:
    leg, to = talk(stack)
    effects = give(stack, write("UPDATE", SDP, branch="2", to=to, cseq=2, body=OFFER))
    assert effects[-1:] == of(DialogKept, effects)
    assert of(Reoffered, effects) == [Reoffered(leg, OFFER)]
    assert only_answer(stack.accept(leg, ANSWER, 0.0)).body == ANSWER
    assert only_answer(give(stack, write("UPDATE", branch="3", to=to, cseq=3))).status == 200


def test_a_second_reinvite_waits_its_turn(stack: SipStack) -> None:
    leg, to = talk(stack)
    give(stack, invite(branch="2", cseq=2, to=to))
    answer = only_answer(give(stack, invite(branch="3", cseq=3, to=to)))
    assert (answer.status, answer.find("retry-after") is not None) == (500, True)
    stack.accept(leg, ANSWER, 0.0)
    assert only_answer(give(stack, invite(branch="4", cseq=4, to=to))).status == 491


HELD = OFFER + b"a=sendonly\r\n"


def cancelled_reinvite(stack: SipStack) -> tuple[LegId, str]:
    """A re-INVITE was cancelled while our user was busy with it."""
    leg, to = talk(stack)
    give(stack, write("INVITE", SDP, branch="2", cseq=2, to=to, body=HELD))
    effects = give(stack, write("CANCEL", branch="2", cseq=2, to=to))
    assert [(each.status, each.cseq.method) for each in responses(effects)] == [
        (200, "CANCEL"),
        (487, "INVITE"),
    ]
    assert [*of(Cancelled, effects), *of(Gone, effects)] == []
    give(stack, write("ACK", branch="2", cseq=2, to=to))
    return leg, to


def test_a_reinvite_that_is_cancelled_while_its_answer_is_made_leaves_all_as_it_was(
    stack: SipStack,
) -> None:
    """RFC 3261 14.1: what our user has taken up meanwhile is taken back."""
    leg, _ = cancelled_reinvite(stack)

    effects = stack.accept(leg, ANSWER, 0.0)

    assert (responses(effects), of(Reoffered, effects)) == ([], [Reoffered(leg, OFFER)])
    assert stack.accept(leg, ANSWER, 0.0) == []


def test_the_answer_to_a_cancelled_reinvite_is_not_given_to_the_next(stack: SipStack) -> None:
    leg, to = cancelled_reinvite(stack)
    give(stack, invite(branch="3", cseq=3, to=to))

    assert stack.accept(leg, b"v=0 of the first", 0.0) == []
    answer = only_answer(stack.accept(leg, b"v=0 of the second", 0.0))

    assert (answer.status, answer.cseq.number, answer.body) == (200, 3, b"v=0 of the second")


def test_a_cancelled_reinvite_that_our_user_refuses_has_changed_nothing(stack: SipStack) -> None:
    leg, to = cancelled_reinvite(stack)
    assert stack.reject(leg, 488, 0.0) == []
    give(stack, invite(branch="3", cseq=3, to=to))
    assert only_answer(stack.reject(leg, 488, 0.0)).status == 488


def test_our_bye_takes_the_recorded_route_to_the_callers_contact(stack: SipStack) -> None:
    proxies = "Record-Route: <sip:192.0.2.7:5090;lr>, <sip:192.0.2.8;lr>"
    leg = arrive(stack, invite(proxies))
    accepted = only_answer(stack.accept(leg, ANSWER, 0.0))
    give(stack, write("ACK", branch="ack", to=accepted.values("to")[0]))
    effects = stack.hang_up(leg, 1.0, "bye")
    (bye,) = requests(effects)

    assert accepted.items("record-route") == ["<sip:192.0.2.7:5090;lr>", "<sip:192.0.2.8;lr>"]
    assert bye.items("route") == ["<sip:192.0.2.7:5090;lr>", "<sip:192.0.2.8;lr>"]
    assert bye.uri_text == "sip:10086@192.0.2.2:5070"
    assert of(SendDatagram, effects)[0].to == HostPort("192.0.2.7", 5090)
    assert of(Gone, effects) == [Gone(leg, GoneWhy.OURS, "bye")]


def test_a_strict_first_router_is_named_in_the_request_line(stack: SipStack) -> None:
    leg = arrive(stack, invite("Record-Route: <sip:192.0.2.7>"))
    accepted = only_answer(stack.accept(leg, ANSWER, 0.0))
    give(stack, write("ACK", branch="ack", to=accepted.values("to")[0]))
    (bye,) = requests(stack.hang_up(leg, 1.0))
    assert bye.uri_text == "sip:192.0.2.7"
    assert bye.items("route") == ["<sip:10086@192.0.2.2:5070>"]


def test_a_phone_behind_a_nat_gets_our_bye_where_its_invite_came_from(stack: SipStack) -> None:
    private = "SIP/2.0/UDP 10.0.0.9;branch=z9hG4bK1;rport"
    leg = arrive(stack, write("INVITE", SDP, via=private, contact="<sip:a@10.0.0.9>", body=OFFER))
    accepted = only_answer(stack.accept(leg, ANSWER, 0.0))
    give(stack, write("ACK", branch="ack", to=accepted.values("to")[0]))
    effects = stack.hang_up(leg, 1.0)
    assert of(SendDatagram, effects)[0].to == PHONE
    assert requests(effects)[0].uri_text == "sip:a@10.0.0.9"


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
@pytest.mark.parametrize("was_natted", [True, False])
def test_a_phone_whose_nat_gives_it_another_port_gets_our_bye_there(
    stack: SipStack, method: str, was_natted: bool
) -> None:
    """As a mobile phone that changes networks in the call, or a router that forgets."""
    private = "SIP/2.0/UDP 10.0.0.9;branch=z9hG4bK{branch};rport"
    inside = write("INVITE", SDP, via=private, contact="<sip:a@10.0.0.9>", body=OFFER)
    leg = arrive(stack, inside if was_natted else invite())
    to = only_answer(stack.accept(leg, ANSWER, 0.0)).values("to")[0]
    give(stack, write("ACK", branch="ack", to=to))
    elsewhere = HostPort(PHONE.host, 40000)

    body = (SDP,) if method == "INVITE" else ()
    data = write(
        method, *body, branch="2", cseq=2, to=to, via=private, contact="<sip:a@10.0.0.9>",
        body=OFFER if body else b"",
    )  # fmt: skip
    stack.receive(data, elsewhere, 0, 1.0)
    if method == "INVITE":
        stack.accept(leg, ANSWER, 1.0)
        stack.receive(write("ACK", branch="ack2", cseq=2, to=to), elsewhere, 0, 1.0)

    (bye,) = of(SendDatagram, stack.hang_up(leg, 2.0))
    assert (bye.data[:3], bye.to) == (b"BYE", elsewhere)


# -- take-over -------------------------------------------------------------------------------------


def test_a_repeated_invite_finds_its_200_in_the_adopted_record(stack: SipStack) -> None:
    leg = arrive(stack)
    stack.note(leg, b"queue=orders")
    effects = stack.accept(leg, ANSWER, 0.0)
    (kept,) = (each for each in effects if isinstance(each, DialogKept))
    restarted = make_stack(accounts=ACCOUNTS, seed=7)

    assert restarted.adopt(kept.record, 10.0) == leg
    assert restarted.extra(leg) == b"queue=orders"
    again = give(restarted, invite(), 10.1)
    assert bytes(only_answer(again)) == bytes(only_answer(effects))
    to = only_answer(again).values("to")[0]
    acknowledged = give(restarted, write("ACK", branch="ack", to=to), 10.2)
    assert of(Confirmed, acknowledged) == [Confirmed(leg, b"")]
    assert only_answer(give(restarted, write("BYE", branch="2", to=to, cseq=2), 11.0)).status == 200


def test_an_adopted_200_is_repeated_until_its_ack(stack: SipStack) -> None:
    effects = stack.accept(arrive(stack), ANSWER, 0.0)
    (kept,) = (each for each in effects if isinstance(each, DialogKept))
    restarted = make_stack(seed=7)
    restarted.adopt(kept.record, 10.0)
    assert restarted.deadline == 10.5
    assert only_answer(restarted.tick(10.5)).status == 200


# -- our phones ------------------------------------------------------------------------------------

AGENT = "<sip:agent0001@hotline.example>"


def register(
    stack: SipStack,
    *extra: str,
    now: float = 0.0,
    client: DigestClient | None = None,
    cseq: int = 1,
    contact: str = "<sip:agent0001@10.0.0.9:5060>",
    user: str = "agent0001",
    call_id: str = "r1",
    password: str = "pw0001",
) -> list[StackEffect]:
    """REGISTER, and again with the answer to the challenge."""
    client = client or DigestClient(Credentials(user, password))
    effects: list[StackEffect] = []
    for number in (2 * cseq, 2 * cseq + 1):
        proof = client.answer("REGISTER", "sip:hotline.example", "c0ffee")
        data = write(
            "REGISTER",
            *extra,
            *(f"{name}: {value}" for name, value in proof),
            uri="sip:hotline.example",
            sender=f"<sip:{user}@hotline.example>;tag=r",
            to=f"<sip:{user}@hotline.example>",
            branch=f"r{call_id}{number}",
            cseq=number,
            contact=contact,
            call_id=call_id,
        )
        effects = give(stack, data, now)
        answer = only_answer(effects)
        if answer.status != 401 or not client.take(401, answer.values("www-authenticate")):
            break
    return effects


def test_a_phone_registers_and_rings_at_the_address_it_registered_from(stack: SipStack) -> None:
    effects = register(stack)
    answer = only_answer(effects)
    assert answer.status == 200
    assert answer.items("contact") == ["<sip:agent0001@10.0.0.9:5060>;expires=300"]
    assert of(PhoneRegistered, effects) == [PhoneRegistered("agent0001")]
    assert stack.is_registered("agent0001", 299.0)

    leg = LegId("l-9")
    caller = CallerIdentity("10086", "", "")
    dialled = stack.dial(leg, "agent0001", 1.0, body=OFFER, caller=caller)
    (call,) = requests(dialled)
    assert call.uri_text == "sip:agent0001@10.0.0.9:5060"
    assert call.to.uri_text == "sip:agent0001@hotline.example"
    assert of(SendDatagram, dialled)[0].to == PHONE


def test_the_newest_binding_rings(stack: SipStack) -> None:
    register(stack, contact="<sip:a@10.0.0.1>", call_id="r1", now=0.0)
    register(stack, contact="<sip:a@10.0.0.2>", call_id="r2", now=1.0)
    register(stack, contact="<sip:a@10.0.0.1>", call_id="r1", cseq=2, now=2.0)
    dialled = stack.dial(
        LegId("l-9"), "agent0001", 3.0, body=OFFER, caller=CallerIdentity("1", "", "")
    )
    assert requests(dialled)[0].uri_text == "sip:a@10.0.0.1"


def test_a_phone_that_is_not_registered_is_refused_480(stack: SipStack) -> None:
    caller = CallerIdentity("1", "", "")
    effects = stack.dial(LegId("l-9"), "agent0001", 0.0, body=OFFER, caller=caller)
    assert effects == [Refused(LegId("l-9"), 480, "not registered")]


def test_a_binding_runs_out(stack: SipStack) -> None:
    register(stack, "Expires: 60")
    assert stack.deadline is not None
    effects = stack.tick(60.0)
    assert of(PhoneUnregistered, effects) == [PhoneUnregistered("agent0001")]
    assert not stack.is_registered("agent0001", 60.0)


def test_bindings_survive_a_restart(stack: SipStack) -> None:
    (changed,) = (each for each in register(stack) if isinstance(each, BindingsChanged))
    restarted = make_stack(accounts=ACCOUNTS)
    restarted.restore_bindings("agent0001", changed.bindings, 100.0)

    assert restarted.is_registered("agent0001", 100.0)
    assert not restarted.is_registered("agent0001", 300.0)
    assert restarted.drop_bindings("agent0001")[-1] == PhoneUnregistered("agent0001")


def test_after_a_reboot_a_binding_lasts_no_longer_than_it_was_granted(stack: SipStack) -> None:
    effects = register(stack, now=1e6)
    (changed,) = (each for each in effects if isinstance(each, BindingsChanged))
    restarted = make_stack(accounts=ACCOUNTS)
    restarted.restore_bindings("agent0001", changed.bindings, 5.0)
    assert restarted.is_registered("agent0001", 304.0)
    assert not restarted.is_registered("agent0001", 305.0)


def test_a_register_without_contact_asks_what_is_bound(stack: SipStack) -> None:
    register(stack)
    effects = register(stack, contact="", cseq=2, now=100.0)
    assert only_answer(effects).items("contact") == ["<sip:agent0001@10.0.0.9:5060>;expires=200"]
    assert of(PhoneRegistered, effects) == []


def test_a_star_takes_all_bindings_away(stack: SipStack) -> None:
    register(stack)
    effects = register(stack, "Expires: 0", contact="*", cseq=2)
    assert only_answer(effects).status == 200
    assert of(PhoneUnregistered, effects) == [PhoneUnregistered("agent0001")]


@pytest.mark.parametrize(
    ("contact", "expires", "status"),
    [
        ("*", "60", 400),
        ("*, <sip:a@b>", "0", 400),
        ("<sip:a@b", "60", 400),
        ("<sip:a@b>", "soon", 400),
        ("sip:a@b?Route=%3Csip:c%3E", "60", 400),
        ("<mailto:a@b>", "60", 416),
        ("<sip:a@b>", "5", 423),
    ],
)
def test_a_bad_register_is_refused(
    contact: str, expires: str, status: int, stack: SipStack
) -> None:
    effects = register(stack, f"Expires: {expires}", contact=contact)
    assert only_answer(effects).status == status
    assert not stack.is_registered("agent0001", 0.0)
    if status == 423:
        assert only_answer(effects).find("min-expires") == "30"


def test_an_old_register_cannot_undo_a_new_one(stack: SipStack) -> None:
    register(stack, cseq=5)
    effects = register(stack, "Expires: 0", cseq=4)
    assert only_answer(effects).status == 500
    assert stack.is_registered("agent0001", 1.0)


def test_a_phone_with_the_same_instance_replaces_its_binding(stack: SipStack) -> None:
    instance = ';+sip.instance="<urn:uuid:1>"'
    register(stack, contact=f"<sip:a@10.0.0.1>{instance}", call_id="r1")
    answer = only_answer(register(stack, contact=f"<sip:a@10.0.0.2>{instance}", call_id="r2"))
    assert answer.items("contact") == [f"<sip:a@10.0.0.2>{instance};expires=300"]


def test_a_wrong_password_gets_a_new_nonce_and_at_last_403(stack: SipStack) -> None:
    nonces = set()
    for attempt in range(1, 6):
        client = DigestClient(Credentials("agent0001", "wrong"))
        effects = register(stack, client=client, cseq=attempt, now=float(attempt))
        answer = only_answer(effects)
        if attempt < 5:
            assert answer.status == 401
            nonces.add(answer.find("www-authenticate"))
    assert answer.status == 403
    assert len(nonces) == 4
    assert only_answer(register(stack, cseq=9, now=10.0)).status == 403, "the right one too late"
    assert only_answer(register(stack, cseq=10, now=400.0)).status == 200


def test_an_unknown_account_is_challenged_like_a_known_one(stack: SipStack) -> None:
    assert only_answer(register(stack, user="nobody")).status == 401


def test_one_phone_cannot_register_for_another() -> None:
    stack = make_stack(accounts={"a": "pa", "b": "pb"})
    client = DigestClient(Credentials("b", "pb"))
    assert only_answer(register(stack, user="a", client=client)).status == 401


def test_a_call_from_an_agents_address_needs_the_agents_password(stack: SipStack) -> None:
    data = write("INVITE", SDP, sender=f"{AGENT};tag=a", body=OFFER)
    challenge = only_answer(give(stack, data))
    assert challenge.status == 401
    assert stack.leg_count == 0

    client = DigestClient(Credentials("agent0001", "pw0001"))
    client.take(401, challenge.values("www-authenticate"))
    ((name, value),) = client.answer("INVITE", "sip:8000@hotline.example", "c")
    data = write(
        "INVITE", SDP, f"{name}: {value}", sender=f"{AGENT};tag=a", branch="2", cseq=2, body=OFFER
    )
    (call,) = of(IncomingCall, give(stack, data))
    assert call.agent_aor == "agent0001"


def test_a_caller_elsewhere_who_is_named_like_an_agent_is_only_a_caller(stack: SipStack) -> None:
    data = write("INVITE", SDP, sender="<sip:agent0001@elsewhere.example>;tag=a", body=OFFER)
    (call,) = of(IncomingCall, give(stack, data))
    assert call.agent_aor == ""


def test_proxies_and_strangers_names_do_no_harm_to_the_record(stack: SipStack) -> None:
    data = invite().replace(b"From: <", b'From: "\xff\xfe" <')
    leg = arrive(stack, data)
    answer = only_answer(stack.accept(leg, ANSWER, 0.0))
    assert b'From: "\xff\xfe" <' in bytes(answer)
    assert make_stack(seed=2).adopt(stack.record(leg), 0.0) == leg
