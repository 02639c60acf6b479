"""Whole calls between two of our stacks, in virtual time, with loss, copies and disorder."""

from collections.abc import Callable
from itertools import combinations

import pytest

from foundation.ids import LegId
from telephony.sip.events import (
    Answered,
    CallerIdentity,
    Cancelled,
    Confirmed,
    DialogKept,
    Gone,
    GoneWhy,
    IncomingCall,
    Progressed,
    Refused,
    Reoffered,
    ReofferRefused,
    SipEvent,
)
from tests.support.wire import ANSWER, CENTRE, OFFER, PHONE, Side, Wire, make_stack

LEG = LegId("l-1")
CALLER = CallerIdentity("10086", "Li Na", "")


class Call:
    """A phone that calls the centre's line 8000, and both ends' verbs."""

    def __init__(self, wire: Wire, centre: Side, phone: Side) -> None:
        self.wire, self.centre, self.phone = wire, centre, phone

    def dial(self, body: bytes = OFFER) -> None:
        uri = f"sip:8000@{CENTRE.host}:{CENTRE.port}"
        now = self.wire.now
        self.wire.perform(
            self.phone, self.phone.stack.dial(LEG, uri, now, body=body, caller=CALLER)
        )

    @property
    def leg(self) -> LegId:
        return incoming(self.centre).leg

    def ring(self) -> None:
        self.wire.perform(self.centre, self.centre.stack.ring(self.leg, self.wire.now))

    def accept(self, body: bytes = ANSWER) -> None:
        self.wire.perform(self.centre, self.centre.stack.accept(self.leg, body, self.wire.now))

    def reject(self, status: int) -> None:
        self.wire.perform(self.centre, self.centre.stack.reject(self.leg, status, self.wire.now))

    def hang_up(self, side: Side) -> None:
        leg = LEG if side is self.phone else self.leg
        self.wire.perform(side, side.stack.hang_up(leg, self.wire.now))

    def pass_s(self, seconds: float) -> None:
        self.wire.run(self.wire.now + seconds)

    def establish(self) -> None:
        self.dial()
        self.pass_s(0.1)
        self.accept()
        self.pass_s(0.1)


def incoming(side: Side) -> IncomingCall:
    calls = [event for event in side.events if isinstance(event, IncomingCall)]
    assert len(calls) == 1, "one INVITE is one call, however often it comes"
    return calls[0]


def fates(side: Side) -> list[SipEvent]:
    """All events except records and counters."""
    return [event for event in side.events if type(event).__name__ not in ("DialogKept", "Dropped")]


def make_call(
    lost: tuple[int, ...] = (), doubled: tuple[int, ...] = (), late: tuple[int, ...] = ()
) -> Call:
    centre = Side(make_stack(CENTRE, seed=1), CENTRE)
    phone = Side(make_stack(PHONE, seed=2), PHONE)
    return Call(Wire(centre, phone, lost=lost, doubled=doubled, late=late), centre, phone)


@pytest.fixture
def call() -> Call:
    return make_call()


def test_a_call_is_answered_and_the_caller_hangs_up(call: Call) -> None:
    call.dial()
    call.pass_s(0.1)
    assert incoming(call.centre).to_user == "8000"
    assert incoming(call.centre).caller.user == "10086"
    assert incoming(call.centre).caller.display_name == "Li Na"
    assert incoming(call.centre).body == OFFER
    call.ring()
    call.pass_s(1)
    call.accept()
    call.pass_s(1)
    call.hang_up(call.phone)
    call.pass_s(1)

    assert fates(call.phone) == [
        Progressed(LEG, 180, b""),
        Answered(LEG, ANSWER),
        Gone(LEG, GoneWhy.OURS),
    ]
    assert fates(call.centre)[1:] == [Confirmed(call.leg, b""), Gone(call.leg, GoneWhy.BYE)]
    assert call.phone.starts() == ["INVITE", "ACK", "BYE"]
    assert call.centre.starts() == ["100 INVITE", "180 INVITE", "200 INVITE", "200 BYE"]


def test_nothing_is_left_of_a_call_when_its_timers_are_over(call: Call) -> None:
    call.establish()
    call.hang_up(call.centre)
    call.pass_s(120)

    for side in (call.centre, call.phone):
        assert side.stack.leg_count == 0
        assert side.stack.transaction_count == 0
        assert side.stack.deadline is None


@pytest.mark.parametrize("lost", [*combinations(range(8), 1), *combinations(range(8), 3)])
def test_a_call_survives_the_loss_of_any_one_or_three_datagrams(lost: tuple[int, ...]) -> None:
    call = make_call(lost=lost)
    call.dial()
    call.pass_s(5)
    call.ring()
    call.pass_s(5)
    call.accept()
    call.pass_s(10)
    call.hang_up(call.phone)
    call.pass_s(10)

    assert Answered(LEG, ANSWER) in call.phone.events
    assert Confirmed(call.leg, b"") in call.centre.events
    assert [event for event in call.centre.events if isinstance(event, Gone)] == [
        Gone(call.leg, GoneWhy.BYE)
    ]


@pytest.mark.parametrize("doubled", [(0,), (1,), (2,), (3,), (4,), (0, 1, 2, 3, 4, 5, 6)])
def test_a_call_is_not_disturbed_by_datagrams_that_come_twice(doubled: tuple[int, ...]) -> None:
    call = make_call(doubled=doubled)
    call.establish()
    call.hang_up(call.phone)
    call.pass_s(1)

    assert fates(call.phone) == [Answered(LEG, ANSWER), Gone(LEG, GoneWhy.OURS)]
    assert fates(call.centre)[1:] == [Confirmed(call.leg, b""), Gone(call.leg, GoneWhy.BYE)]


def test_the_200_is_repeated_until_the_ack_and_no_longer() -> None:
    call = make_call(lost=(2, 3, 4))
    call.dial()
    call.pass_s(0.1)
    call.accept()
    call.pass_s(40)

    assert call.centre.starts().count("200 INVITE") == 4
    assert Confirmed(call.leg, b"") in call.centre.events


def test_a_200_that_is_never_acknowledged_ends_by_bye_after_timer_h(call: Call) -> None:
    call.dial()
    call.pass_s(0.1)
    call.wire.lost = set(range(2, 40))
    call.accept()
    call.pass_s(40)

    assert Gone(call.leg, GoneWhy.NO_ACK) in call.centre.events
    assert "BYE" in call.centre.starts()


def test_a_refusal_is_acknowledged_and_told_once(call: Call) -> None:
    call.dial()
    call.pass_s(0.1)
    call.reject(486)
    call.pass_s(40)

    assert fates(call.phone) == [Refused(LEG, 486, "Busy Here")]
    assert call.phone.starts() == ["INVITE", "ACK"]
    assert call.centre.stack.leg_count == 0


def test_an_invite_that_nobody_answers_is_refused_408_after_timer_b() -> None:
    call = make_call(lost=tuple(range(20)))
    call.dial()
    call.pass_s(31.9)
    assert fates(call.phone) == []
    call.pass_s(0.2)

    assert [type(event) for event in fates(call.phone)] == [Refused]
    assert call.phone.starts() == ["INVITE"] * 7


def test_a_hang_up_while_ringing_cancels_the_call(call: Call) -> None:
    call.dial()
    call.pass_s(0.1)
    call.ring()
    call.pass_s(1)
    call.hang_up(call.phone)
    call.pass_s(1)

    assert call.phone.starts() == ["INVITE", "CANCEL", "ACK"]
    assert fates(call.phone)[-1] == Refused(LEG, 487, "Request Terminated")
    assert fates(call.centre)[1:] == [Cancelled(call.leg)]


def test_a_cancel_waits_for_a_provisional_answer() -> None:
    call = make_call(lost=(0,))
    call.dial()
    call.hang_up(call.phone)
    assert call.phone.starts() == ["INVITE"]
    call.pass_s(2)

    assert call.phone.starts() == ["INVITE", "INVITE", "CANCEL", "ACK"]
    assert fates(call.centre)[1:] == [Cancelled(call.leg)]


def test_a_200_that_crosses_the_cancel_is_acknowledged_and_ended(call: Call) -> None:
    call.dial()
    call.pass_s(0.1)
    call.accept()
    call.hang_up(call.phone)
    call.pass_s(1)

    assert call.phone.starts() == ["INVITE", "CANCEL", "ACK", "BYE"]
    assert fates(call.phone) == [Refused(LEG, 487, "cancelled")]
    assert fates(call.centre)[1:] == [Confirmed(call.leg, b""), Gone(call.leg, GoneWhy.BYE)]


def test_the_centre_hangs_up_only_after_the_ack_of_its_200(call: Call) -> None:
    call.dial()
    call.pass_s(0.1)
    call.accept()
    call.hang_up(call.centre)
    assert "BYE" not in call.centre.starts()
    call.pass_s(1)

    assert call.centre.starts()[-1] == "BYE"
    assert fates(call.centre)[1:] == [Confirmed(call.leg, b""), Gone(call.leg, GoneWhy.OURS)]
    assert fates(call.phone)[-1] == Gone(LEG, GoneWhy.BYE)


def test_a_bye_that_overtakes_the_ack_ends_the_call() -> None:
    call = make_call(late=(3,))
    call.dial()
    call.pass_s(0.1)
    call.accept()
    call.pass_s(0.011)
    call.hang_up(call.phone)
    call.pass_s(40)

    assert call.phone.starts()[:3] == ["INVITE", "ACK", "BYE"]
    assert fates(call.centre)[1:] == [Gone(call.leg, GoneWhy.BYE)]
    assert call.centre.starts().count("200 INVITE") == 1


def test_both_sides_may_hang_up_at_once(call: Call) -> None:
    call.establish()
    call.hang_up(call.phone)
    call.hang_up(call.centre)
    call.pass_s(1)

    assert fates(call.centre)[-1] == Gone(call.leg, GoneWhy.OURS)
    assert fates(call.phone)[-1] == Gone(LEG, GoneWhy.OURS)
    assert "200 BYE" in call.phone.starts()
    assert "200 BYE" in call.centre.starts()


def test_a_reoffer_is_answered_and_both_sides_keep_the_dialog(call: Call) -> None:
    call.establish()
    held = OFFER + b"a=sendonly\r\n"
    call.wire.perform(call.phone, call.phone.stack.reoffer(LEG, held, call.wire.now))
    call.pass_s(0.1)
    assert Reoffered(call.leg, held) in call.centre.events
    call.accept(ANSWER + b"a=recvonly\r\n")
    call.pass_s(0.1)

    assert fates(call.phone)[-1] == Answered(LEG, ANSWER + b"a=recvonly\r\n")
    assert fates(call.centre)[-1] == Confirmed(call.leg, b"")
    call.hang_up(call.centre)
    call.pass_s(1)
    assert fates(call.phone)[-1] == Gone(LEG, GoneWhy.BYE)


def test_a_refused_reoffer_leaves_the_dialog_as_it_was(call: Call) -> None:
    call.establish()
    call.wire.perform(call.phone, call.phone.stack.reoffer(LEG, OFFER, call.wire.now))
    call.pass_s(0.1)
    call.reject(488)
    call.pass_s(0.1)

    assert call.phone.events[-1] == ReofferRefused(LEG, 488)
    call.hang_up(call.phone)
    call.pass_s(0.1)
    assert call.centre.events[-1] == Gone(call.leg, GoneWhy.BYE)


def test_two_reoffers_at_once_are_refused_491_and_tried_again_one_after_the_other(
    call: Call,
) -> None:
    call.establish()
    ours, theirs = OFFER + b"a=x:1\r\n", ANSWER + b"a=x:2\r\n"
    call.wire.perform(call.phone, call.phone.stack.reoffer(LEG, ours, call.wire.now))
    call.wire.perform(call.centre, call.centre.stack.reoffer(call.leg, theirs, call.wire.now))
    for _ in range(100):
        call.pass_s(0.1)
        for side, leg in ((call.phone, LEG), (call.centre, call.leg)):
            call.wire.perform(side, side.stack.accept(leg, b"v=0\r\n", call.wire.now))

    assert call.phone.starts().count("491 INVITE") == 1
    assert call.centre.starts().count("491 INVITE") == 1
    assert [event for event in call.centre.events if isinstance(event, Reoffered)] == [
        Reoffered(call.leg, ours)
    ]
    assert Reoffered(LEG, theirs) in call.phone.events
    assert not [event for event in call.phone.events if isinstance(event, ReofferRefused)]


def test_an_invite_without_offer_gets_ours_in_the_200_and_brings_its_answer_in_the_ack(
    call: Call,
) -> None:
    call.dial(body=b"")
    call.pass_s(0.1)
    call.accept(OFFER)
    call.pass_s(0.1)
    assert Answered(LEG, OFFER) in call.phone.events
    assert "ACK" not in call.phone.starts()
    call.wire.perform(call.phone, call.phone.stack.acknowledge(LEG, ANSWER, call.wire.now))
    call.pass_s(1)

    assert Confirmed(call.leg, ANSWER) in call.centre.events


def test_a_ringing_call_is_told_so_again_each_minute(call: Call) -> None:
    call.dial()
    call.pass_s(0.1)
    call.ring()
    call.pass_s(125)

    assert call.centre.starts().count("180 INVITE") == 3


@pytest.mark.parametrize("side_of", [lambda call: call.centre, lambda call: call.phone])
def test_a_restarted_process_ends_the_dialog_that_it_adopts(
    call: Call, side_of: Callable[[Call], Side]
) -> None:
    call.establish()
    side = side_of(call)
    leg = LEG if side is call.phone else call.leg
    kept = [event for event in side.events if isinstance(event, DialogKept)]
    side.stack = make_stack(side.address, seed=9)

    assert side.stack.adopt(kept[-1].record, call.wire.now) == leg
    call.hang_up(side)
    call.pass_s(1)

    other = call.phone if side is call.centre else call.centre
    assert isinstance(fates(other)[-1], Gone)
    assert fates(side)[-1] == Gone(leg, GoneWhy.OURS)
    assert side.stack.transaction_count == 0 or "BYE" in side.starts()


@pytest.mark.parametrize("who", ["phone", "centre"])
def test_a_reoffer_that_is_never_answered_leaves_nothing_behind(call: Call, who: str) -> None:
    call.establish()
    effects = call.centre.stack.reoffer(call.leg, OFFER, call.wire.now)
    call.wire.perform(call.centre, effects)
    call.pass_s(1)
    assert call.phone.heard(Reoffered)
    if who == "phone":
        # It has forgotten the re-INVITE, and says no more to it than its BYE.
        record = call.phone.stack.record(LEG)
        call.phone.stack = make_stack(PHONE, seed=5)
        call.phone.stack.adopt(record, call.wire.now)
        call.hang_up(call.phone)
    else:
        call.hang_up(call.centre)
    call.pass_s(200)
    assert (call.centre.stack.leg_count, call.centre.stack.transaction_count) == (0, 0)
