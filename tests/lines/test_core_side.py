"""A line calls core over the wire: who it is, whom it may speak for, keys by INFO."""

import pytest

from foundation.ids import LegId
from telephony.lines import carried
from telephony.lines.core_side import given_of
from telephony.sip.events import (
    Answered,
    CallerIdentity,
    Dropped,
    Gone,
    GoneWhy,
    HostPort,
    IncomingCall,
    InfoDigit,
    Progressed,
    Refused,
    Reoffered,
    ReofferRefused,
    SipEvent,
)
from telephony.sip.options import Listener, SipOptions
from tests.support.wire import ANSWER, CENTRE, OFFER, PHONE, Side, Wire, make_stack

ACCOUNT, PASSWORD, DOMAIN, LEG = "line~8000", "derived", "hotline.example", LegId("l-line")
ASSERTED = ("P-Asserted-Identity", "<sip:10086@line.invalid>")


def wired(asserting: frozenset[str]) -> tuple[Side, Side, Wire]:
    options = SipOptions(listeners=(Listener(address=CENTRE),), domain=DOMAIN, asserting=asserting)
    accounts = {ACCOUNT: PASSWORD}
    core = Side(make_stack(CENTRE, accounts, seed=1, options=options), CENTRE)
    line = Side(make_stack(PHONE, lines=lambda user: False, seed=2), PHONE)
    return core, line, Wire(core, line)


def call(
    password: str = PASSWORD, asserting: frozenset[str] = frozenset({ACCOUNT})
) -> tuple[Side, Side, Wire]:
    core, line, wire = wired(asserting)
    wire.perform(
        line,
        line.stack.dial(
            LEG,
            f"sip:8000@{DOMAIN}",
            0.0,
            body=OFFER,
            caller=CallerIdentity(ACCOUNT, "", ""),
            headers=[ASSERTED],
            credentials=(ACCOUNT, password),
            route=HostPort(CENTRE.host, CENTRE.port),
        ),
    )
    wire.run(1.0)
    return core, line, wire


def test_line_that_proves_its_password_speaks_for_its_caller() -> None:
    core, _, _ = call()

    (arrived,) = core.heard(IncomingCall)
    assert isinstance(arrived, IncomingCall)
    assert (arrived.agent_aor, arrived.caller.user) == (ACCOUNT, "10086")


def test_account_of_a_phone_may_not_say_who_calls() -> None:
    core, _, _ = call(asserting=frozenset())

    (arrived,) = core.heard(IncomingCall)
    assert isinstance(arrived, IncomingCall)
    assert arrived.caller.user == ACCOUNT


def test_who_does_not_know_the_password_does_not_get_in() -> None:
    core, line, _ = call(password="guessed")

    assert core.heard(IncomingCall) == []
    assert [event.status for event in line.heard(Refused) if isinstance(event, Refused)] == [401]


def test_key_goes_by_info_and_only_inside_a_call_that_is_up() -> None:
    core, line, wire = call()
    (arrived,) = core.heard(IncomingCall)
    assert isinstance(arrived, IncomingCall)
    assert line.stack.press(LEG, "5", 1.0) == []
    wire.perform(core, core.stack.accept(arrived.leg, ANSWER, 1.0))
    wire.run(2.0)

    wire.perform(line, line.stack.press(LEG, "5", 2.0))
    wire.run(3.0)

    assert core.heard(InfoDigit) == [InfoDigit(arrived.leg, "5")]
    assert line.heard(Gone) == []
    assert line.starts().count("INFO") == 1
    assert core.starts()[-1] == "200 INFO"


@pytest.mark.parametrize(
    ("event", "given"),
    [
        (Progressed(LEG, 183, b"sdp"), carried.CoreProgressed(183, "sdp")),
        (Answered(LEG, b"sdp"), carried.CoreAnswered("sdp")),
        (Refused(LEG, 486, "Busy"), carried.CoreRefused(486)),
        (ReofferRefused(LEG, 488), carried.CoreRefusedReoffer(488)),
        (Reoffered(LEG, b"sdp"), carried.CoreReoffered()),
        (
            Gone(LEG, GoneWhy.BYE, 'Q.850;cause=16;text="the centre closes"'),
            carried.CoreHungUp("the centre closes"),
        ),
        (Dropped("malformed"), None),
    ],
)
def test_what_core_does_is_told_in_the_machine_s_words(
    event: SipEvent, given: carried.Given | None
) -> None:
    assert given_of(event) == given
