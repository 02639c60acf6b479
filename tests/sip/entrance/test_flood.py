"""A flood of bad requests keeps nothing, and a call right after it is a call like any other."""

from collections.abc import Iterator

import pytest

from foundation.ids import LegId
from telephony.sip.events import (
    Answered,
    CallerIdentity,
    Confirmed,
    HostPort,
    IncomingCall,
    SendDatagram,
)
from telephony.sip.options import Listener, SipOptions
from telephony.sip.stack import SipStack
from telephony.sip.wording.message import Response, parse_message
from tests.support.wire import ANSWER, CENTRE, OFFER, PHONE, Side, Wire, make_stack

MESSAGES = 2_000
MAX_TRACKED = 100
ACCOUNTS = {f"agent{number:04d}": "right" for number in range(50)}


@pytest.fixture
def stack() -> SipStack:
    options = SipOptions(
        listeners=(Listener(address=CENTRE),), domain="hotline.example", max_tracked=MAX_TRACKED
    )
    return make_stack(accounts=ACCOUNTS, lines=lambda user: user == "8000", options=options)


def request(method: str, user: str, number: int, *lines: str) -> bytes:
    head = (
        f"{method} sip:{user}@hotline.example SIP/2.0",
        f"Via: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK{method}{number};rport",
        f"From: <sip:{user}@hotline.example>;tag={number}",
        f"To: <sip:{user}@hotline.example>",
        f"Call-ID: flood-{number}",
        f"CSeq: 1 {method}",
        "Contact: <sip:x@198.51.100.7>",
        *lines,
        "Content-Length: 0",
    )
    return "\r\n".join([*head, "", ""]).encode()


def wrong_passwords() -> Iterator[bytes]:
    """Half of them for accounts that there are."""
    for number in range(MESSAGES):
        user = f"agent{number % 100:04d}"
        proof = (
            f'Digest username="{user}", realm="hotline.example", nonce="{number:x}.1.2", '
            f'uri="sip:hotline.example", response="{number:032x}", algorithm=MD5'
        )
        yield request("REGISTER", user, number, f"Authorization: {proof}")


def unknown_numbers() -> Iterator[bytes]:
    for number in range(MESSAGES):
        yield request("INVITE", f"{number:011d}", number)


def sources() -> Iterator[HostPort]:
    """Every message from a port of its own, and from a few hundred hosts."""
    for number in range(MESSAGES):
        yield HostPort(f"198.51.{number % 3}.{number % 251}", 1024 + number)


def flood(stack: SipStack, messages: Iterator[bytes]) -> set[int]:
    """What the answers were: one for each message."""
    statuses = set()
    for number, (data, source) in enumerate(zip(messages, sources(), strict=True)):
        effects = stack.receive(data, source, 0, number / 1000)
        (sent,) = (each for each in effects if isinstance(each, SendDatagram))
        answer = parse_message(sent.data)
        assert isinstance(answer, Response)
        statuses.add(answer.status)
        assert len(sent.data) < 2 * len(data), "an answer is no amplification"
    return statuses


def test_a_flood_of_wrong_passwords_fills_one_small_table_only(stack: SipStack) -> None:
    assert flood(stack, wrong_passwords()) <= {401, 403}
    assert stack.table_sizes == {
        "legs": 0, "transactions": 0, "alarms": 0, "bindings": 0, "digest": MAX_TRACKED,
    }  # fmt: skip


def test_a_flood_of_unknown_numbers_keeps_nothing(stack: SipStack) -> None:
    assert flood(stack, unknown_numbers()) == {404}
    assert set(stack.table_sizes.values()) == {0}
    assert stack.deadline is None


def test_a_call_after_the_floods_succeeds(stack: SipStack) -> None:
    flood(stack, wrong_passwords())
    flood(stack, unknown_numbers())
    centre, phone = Side(stack, CENTRE), Side(make_stack(PHONE, seed=2), PHONE)
    wire = Wire(centre, phone)
    wire.now = MESSAGES / 1000
    to = f"sip:8000@{CENTRE.host}:{CENTRE.port}"
    caller = CallerIdentity("10086", "", "")
    leg = LegId("l-1")
    wire.perform(phone, phone.stack.dial(leg, to, wire.now, body=OFFER, caller=caller))
    wire.run(wire.now + 0.1)
    (call,) = (event for event in centre.events if isinstance(event, IncomingCall))
    wire.perform(centre, stack.accept(call.leg, ANSWER, wire.now))
    wire.run(wire.now + 0.1)

    assert phone.heard(Answered) == [Answered(leg, ANSWER)]
    assert centre.heard(Confirmed) == [Confirmed(call.leg, b"")]


def test_a_flood_of_calls_stops_at_the_tables_bounds() -> None:
    """Calls for a number of ours from nowhere: no ACK ever comes."""
    options = SipOptions(listeners=(Listener(address=CENTRE),), max_legs=50, max_transactions=80)
    stack = make_stack(lines=lambda user: True, options=options)
    for number in range(300):
        effects = stack.receive(request("INVITE", "8000", number), PHONE, 0, number / 100)
        for call in effects:
            if isinstance(call, IncomingCall):
                stack.reject(call.leg, 486, number / 100)
        assert stack.table_sizes["transactions"] <= 80
        assert stack.table_sizes["legs"] <= 50
        assert stack.table_sizes["alarms"] <= 2 * 80 + 100
    stack.tick(100.0)
    assert (stack.table_sizes["legs"], stack.table_sizes["transactions"]) == (0, 0)
