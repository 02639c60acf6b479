"""Requests from where nobody we deal with is: too many calls, and who would end another's."""

import pytest

from telephony.sip.events import Gone, HostPort, IncomingCall, StackEffect
from telephony.sip.options import Listener, SipOptions
from telephony.sip.stack import SipStack
from tests.support.wire import ANSWER, CENTRE, PHONE, make_stack, responses

STRANGER = HostPort("198.51.100.66", 5060)
SISTER = HostPort("192.0.2.9", 5060)
"Another address of the trunk that PHONE is."
FEW = 3


def write(method: str, number: int, *lines: str, to: str = "", cseq: int = 1) -> bytes:
    head = (
        f"{method} sip:8000@hotline.example SIP/2.0",
        f"Via: SIP/2.0/UDP 192.0.2.2:5070;branch=z9hG4bK{method}{number};rport",
        "From: <sip:10086@example.com>;tag=a",
        f"To: {to or '<sip:8000@hotline.example>'}",
        f"Call-ID: call-{number}",
        f"CSeq: {cseq} {method}",
        "Contact: <sip:10086@192.0.2.2:5070>",
        *lines,
        "Content-Length: 0",
    )
    return "\r\n".join([*head, "", ""]).encode()


CANCEL = write("INVITE", 1).replace(b"INVITE sip", b"CANCEL sip").replace(b"1 INVITE", b"1 CANCEL")


def stack_with(*callers: str) -> SipStack:
    options = SipOptions(
        listeners=(Listener(address=CENTRE),), callers=callers, strangers_per_minute=FEW
    )
    return make_stack(options=options)


def status(effects: list[StackEffect]) -> int:
    return responses(effects)[-1].status


@pytest.fixture
def stack() -> SipStack:
    return stack_with("192.0.2.0/28")


def test_a_stranger_is_told_as_a_call_only_so_often_in_a_minute(stack: SipStack) -> None:
    def asks(number: int, now: float) -> list[StackEffect]:
        return stack.receive(write("INVITE", number), STRANGER, 0, now)

    assert [status(asks(number, 0.0)) for number in range(FEW)] == [100] * FEW
    kept = stack.table_sizes
    for number in range(100, 300):
        assert status(asks(number, 59.0)) == 403
    assert stack.table_sizes == kept
    assert status(asks(400, 60.0)) == 100


def test_who_is_expected_to_call_may_call_as_often_as_he_likes(stack: SipStack) -> None:
    answers = [status(stack.receive(write("INVITE", n), PHONE, 0, 0.0)) for n in range(4 * FEW)]
    assert set(answers) == {100}


def test_nobody_is_a_stranger_where_everybody_may_call() -> None:
    stack = stack_with()
    answers = [status(stack.receive(write("INVITE", n), STRANGER, 0, 0.0)) for n in range(4 * FEW)]
    assert set(answers) == {100}


def called(stack: SipStack) -> str:
    """A call of PHONE's that is up; the To of the dialog."""
    effects = stack.receive(write("INVITE", 1), PHONE, 0, 0.0)
    (call,) = (each for each in effects if isinstance(each, IncomingCall))
    to = responses(stack.accept(call.leg, ANSWER, 0.1))[0].values("to")[0]
    stack.receive(write("ACK", 1, to=to), PHONE, 0, 0.2)
    return to


def test_a_bye_with_the_right_tags_from_elsewhere_ends_nothing(stack: SipStack) -> None:
    to = called(stack)
    effects = stack.receive(write("BYE", 1, to=to, cseq=2), STRANGER, 0, 1.0)
    assert status(effects) == 481
    assert stack.leg_count == 1


@pytest.mark.parametrize("source", [PHONE, HostPort(PHONE.host, 6000), SISTER], ids=str)
def test_the_peer_may_end_it_from_another_port_or_address_of_its_trunk(
    stack: SipStack, source: HostPort
) -> None:
    to = called(stack)
    effects = stack.receive(write("BYE", 1, to=to, cseq=2), source, 0, 1.0)
    assert status(effects) == 200
    assert any(isinstance(effect, Gone) for effect in effects)


def test_a_trunk_whose_callers_have_no_sip_address_may_end_it_from_another_of_its_own(
    stack: SipStack,
) -> None:
    def by_nobody(data: bytes) -> bytes:
        return data.replace(b"<sip:10086@example.com>", b"<mailto:someone@example.com>")

    (call,) = (
        each
        for each in stack.receive(by_nobody(write("INVITE", 1)), PHONE, 0, 0.0)
        if isinstance(each, IncomingCall)
    )
    to = responses(stack.accept(call.leg, ANSWER, 0.1))[0].values("to")[0]
    bye = by_nobody(write("BYE", 1, to=to, cseq=2))
    assert status(stack.receive(bye, STRANGER, 0, 1.0)) == 481
    assert status(stack.receive(bye, SISTER, 0, 1.0)) == 200


def test_a_cancel_that_does_not_take_the_way_of_its_invite_cancels_nothing(
    stack: SipStack,
) -> None:
    stack.receive(write("INVITE", 1), PHONE, 0, 0.0)
    assert status(stack.receive(CANCEL, STRANGER, 0, 0.5)) == 481
    assert stack.leg_count == 1
    assert [answer.status for answer in responses(stack.receive(CANCEL, PHONE, 0, 0.5))] == [
        200,
        487,
    ]
    assert stack.leg_count == 0


def test_a_trunk_may_cancel_from_another_of_its_addresses(stack: SipStack) -> None:
    """RFC 3261 9.2 finds the INVITE by its branch; the nodes of a cluster share it."""
    stack.receive(write("INVITE", 1), PHONE, 0, 0.0)
    answers = responses(stack.receive(CANCEL, SISTER, 0, 0.5))
    assert [answer.status for answer in answers] == [200, 487]
    assert stack.leg_count == 0


def test_an_ack_from_elsewhere_confirms_nothing(stack: SipStack) -> None:
    effects = stack.receive(write("INVITE", 1), PHONE, 0, 0.0)
    (call,) = (each for each in effects if isinstance(each, IncomingCall))
    to = responses(stack.accept(call.leg, ANSWER, 0.1))[0].values("to")[0]
    stack.receive(write("ACK", 2, to=to).replace(b"call-2", b"call-1"), STRANGER, 0, 0.2)
    assert stack.deadline == pytest.approx(0.6), "the 200 is repeated"
