"""Several phones of one agent ring at once: the first answer wins, and nobody is left ringing."""

from itertools import combinations, product

import msgspec
import pytest

from foundation.ids import LegId
from telephony.sip import events
from telephony.sip.entrance.registrar import Binding
from telephony.sip.events import (
    Answered,
    CallerIdentity,
    Cancelled,
    Confirmed,
    DialogKept,
    Gone,
    HostPort,
    IncomingCall,
    Progressed,
    Refused,
)
from telephony.sip.options import Listener, SipOptions
from telephony.sip.wording.message import parse_message
from tests.support.wire import ANSWER, CENTRE, OFFER, Side, Wire, make_stack

LEG = LegId("l-1")
CALLER = CallerIdentity("8000", "Hotline", "")
DESK, HOME, MOBILE = (HostPort(f"192.0.2.{n}", 5070) for n in (11, 12, 13))
ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"'


def centre_stack(*, ring_all: bool) -> SipOptions:
    return SipOptions(
        listeners=(Listener(address=CENTRE),), domain="hotline.example", ring_all=ring_all
    )


class House:
    """Eva has phones at her desk, at home and in her pocket; the last registered last."""

    def __init__(self, *, ring_all: bool = True, lost: tuple[int, ...] = ()) -> None:
        options = centre_stack(ring_all=ring_all)
        self.centre = Side(make_stack(CENTRE, options=options), CENTRE)
        addresses = (DESK, HOME, MOBILE)
        self.phones = [
            Side(make_stack(at, seed=number, lines=lambda user: user == "eva"), at)
            for number, at in enumerate(addresses, 2)
        ]
        self.desk, self.home, self.mobile = self.phones
        self.wire = Wire(self.centre, *self.phones, lost=lost)
        rows = [
            Binding(
                contact=f"sip:eva@{at.host}:{at.port}",
                host=at.host,
                port=at.port,
                listener=0,
                call_id=f"r{number}",
                cseq=1,
                updated_at=-10.0 + number,
                expires_at=3600.0,
                granted_s=3600,
            )
            for number, at in enumerate(addresses)
        ]
        self.centre.stack.restore_bindings("eva", msgspec.msgpack.encode(rows), 0.0)

    def dial(self) -> None:
        dialled = self.centre.stack.dial(LEG, "eva", self.wire.now, body=OFFER, caller=CALLER)
        self.wire.perform(self.centre, dialled)

    def ring(self) -> None:
        self.dial()
        self.pass_s(0.1)
        for phone in self.phones:
            self.wire.perform(phone, phone.stack.ring(leg_of(phone), self.wire.now))
        self.pass_s(0.1)

    def accept(self, phone: Side) -> None:
        self.wire.perform(phone, phone.stack.accept(leg_of(phone), ANSWER, self.wire.now))

    def reject(self, phone: Side, status: int) -> None:
        self.wire.perform(phone, phone.stack.reject(leg_of(phone), status, self.wire.now))

    def hang_up(self, reason: str = "too late") -> None:
        self.wire.perform(self.centre, self.centre.stack.hang_up(LEG, self.wire.now, reason))

    def pass_s(self, seconds: float) -> None:
        self.wire.run(self.wire.now + seconds)

    def nothing_is_left(self) -> bool:
        self.pass_s(200.0)
        sizes = [(s.stack.leg_count, s.stack.transaction_count) for s in self.wire.sides]
        return all(size == (0, 0) for size in sizes)


def leg_of(phone: Side) -> LegId:
    return next(event.leg for event in phone.events if isinstance(event, IncomingCall))


def fates(side: Side) -> list[object]:
    return [event for event in side.events if isinstance(event, Answered | Refused | Gone)]


def header(side: Side, method: str, name: str) -> str | None:
    sent = [data for data in side.sent if data.startswith(method.encode())]
    return parse_message(sent[-1]).find(name)


def test_only_the_phone_that_registered_last_rings_unless_all_shall() -> None:
    house = House(ring_all=False)
    house.dial()
    house.pass_s(0.1)
    assert [len(phone.heard(IncomingCall)) for phone in house.phones] == [0, 0, 1]


def test_all_phones_ring_with_one_call_id() -> None:
    house = House()
    house.ring()
    calls = [phone.heard(IncomingCall) for phone in house.phones]
    assert all(len(each) == 1 for each in calls)
    assert len({each[0].sip_call_id for each in calls if isinstance(each[0], IncomingCall)}) == 1
    assert [type(event) for event in house.centre.heard(Progressed)] == [Progressed] * 3


@pytest.mark.parametrize("winner", [0, 1, 2])
def test_the_first_answer_wins_and_the_others_show_no_missed_call(winner: int) -> None:
    house = House()
    house.ring()
    phone = house.phones[winner]
    house.accept(phone)
    house.pass_s(1.0)
    assert fates(house.centre) == [Answered(LEG, ANSWER)]
    assert phone.heard(Confirmed)
    for other in house.phones:
        assert other is phone or other.heard(Cancelled) == [Cancelled(leg_of(other), ELSEWHERE)]
    assert house.centre.starts().count("CANCEL") == 2
    house.hang_up()
    assert house.nothing_is_left()
    assert len(phone.heard(Gone)) == 1


def test_two_that_answer_at_once_are_one_talk_and_one_bye() -> None:
    house = House()
    house.ring()
    house.accept(house.desk)
    house.accept(house.mobile)
    house.pass_s(1.0)
    assert fates(house.centre) == [Answered(LEG, ANSWER)]
    assert house.desk.heard(Confirmed)
    assert house.mobile.heard(Confirmed), "it gets its ACK"
    assert house.mobile.heard(Gone), "and a BYE"
    assert not house.desk.heard(Gone)
    house.hang_up()
    assert house.nothing_is_left()


def test_the_bye_of_a_second_answer_counts_on_from_the_pracks_before_it() -> None:
    """With a number that is not higher the phone would refuse it and stay in a dead call."""
    house = House()
    house.ring()
    for phone in (house.desk, house.mobile, house.home):
        early = phone.stack.progress(leg_of(phone), 183, ANSWER, house.wire.now)
        house.wire.perform(phone, early)
    house.pass_s(0.1)
    assert house.centre.starts().count("PRACK") == 3

    house.accept(house.desk)
    house.accept(house.mobile)
    house.pass_s(1.0)

    assert house.mobile.heard(Gone)
    house.hang_up()
    assert house.nothing_is_left()


def test_a_phone_that_rings_only_after_another_answered_is_told_at_once() -> None:
    house = House()
    house.dial()
    house.wire.sides = (house.centre, house.desk)
    house.pass_s(0.1)
    house.accept(house.desk)
    house.pass_s(0.05)
    house.wire.sides = (house.centre, *house.phones)
    house.pass_s(2.0)
    assert house.home.heard(Cancelled)
    assert house.mobile.heard(Cancelled)
    house.hang_up()
    assert house.nothing_is_left()


def test_also_when_the_talk_is_over_by_then() -> None:
    house = House()
    house.dial()
    house.wire.sides = (house.centre, house.desk)
    house.pass_s(0.1)
    house.accept(house.desk)
    house.pass_s(0.05)
    house.wire.perform(house.desk, house.desk.stack.hang_up(leg_of(house.desk), house.wire.now))
    house.pass_s(0.05)
    house.wire.sides = (house.centre, *house.phones)
    house.pass_s(2.0)
    assert house.home.heard(Cancelled)
    assert house.nothing_is_left()


def test_the_call_is_refused_when_the_last_phone_has_refused() -> None:
    house = House()
    house.ring()
    house.reject(house.desk, 486)
    house.pass_s(0.5)
    assert fates(house.centre) == []
    house.reject(house.mobile, 500)
    house.pass_s(0.5)
    house.reject(house.home, 480)
    house.pass_s(0.5)
    (refused,) = fates(house.centre)
    assert isinstance(refused, Refused)
    assert refused.status == 486
    assert house.nothing_is_left()


@pytest.mark.parametrize(
    ("statuses", "told"),
    [
        ((302, 486, 500), 302),
        ((500, 503, 404), 404),
        ((503, 500, 488), 488),
        ((486, 480, 404), 486),
    ],
)
def test_of_several_refusals_the_lowest_class_is_told(
    statuses: tuple[int, int, int], told: int
) -> None:
    house = House()
    house.ring()
    for phone, status in zip(house.phones, statuses, strict=True):
        house.reject(phone, status)
        house.pass_s(0.1)
    (refused,) = house.centre.heard(Refused)
    assert isinstance(refused, Refused)
    assert refused.status == told


def test_silence_of_one_phone_says_less_than_another_ones_busy() -> None:
    house = House()
    house.wire.sides = (house.centre, house.desk)
    house.dial()
    house.pass_s(0.1)
    house.reject(house.desk, 503)
    house.pass_s(40.0)
    (refused,) = house.centre.heard(Refused)
    assert isinstance(refused, Refused)
    assert refused.status == 503


@pytest.mark.parametrize("status", [600, 603])
def test_a_refusal_for_everywhere_ends_the_ringing_everywhere(status: int) -> None:
    house = House()
    house.ring()
    house.reject(house.home, status)
    house.pass_s(1.0)
    (refused,) = house.centre.heard(Refused)
    assert isinstance(refused, Refused)
    assert refused.status == status
    assert house.desk.heard(Cancelled)
    assert house.mobile.heard(Cancelled)
    assert house.nothing_is_left()


def test_a_redirection_is_never_followed() -> None:
    house = House(ring_all=False)
    house.dial()
    house.pass_s(0.1)
    moved = house.mobile.stack.reject(
        leg_of(house.mobile),
        302,
        house.wire.now,
        headers=[("Contact", "<sip:0900666@198.51.100.1>")],
    )
    house.wire.perform(house.mobile, moved)
    house.pass_s(1.0)
    (refused,) = house.centre.heard(Refused)
    assert isinstance(refused, Refused)
    assert refused.status == 302
    assert house.centre.starts() == ["INVITE", "ACK"]
    assert house.nothing_is_left()


def test_a_withdrawn_call_is_cancelled_at_every_phone_with_its_reason() -> None:
    house = House()
    house.ring()
    house.hang_up()
    house.pass_s(1.0)
    assert all(phone.heard(Cancelled) for phone in house.phones)
    assert header(house.centre, "CANCEL", "reason") == 'SIP;cause=487;text="too late"'
    assert [type(fate) for fate in fates(house.centre)] == [Refused]
    assert house.nothing_is_left()


def test_phones_of_a_call_that_somebody_else_has_show_no_missed_call() -> None:
    house = House()
    house.ring()
    house.hang_up(events.ELSEWHERE)
    house.pass_s(1.0)
    assert header(house.centre, "CANCEL", "reason") == ELSEWHERE


def test_an_answer_that_crosses_the_withdrawal_gets_ack_and_bye() -> None:
    house = House()
    house.ring()
    house.hang_up()
    house.accept(house.home)
    house.pass_s(1.0)
    assert house.home.heard(Confirmed)
    assert house.home.heard(Gone)
    (refused,) = fates(house.centre)
    assert isinstance(refused, Refused)
    assert house.nothing_is_left()


def test_a_phone_that_cannot_be_reached_leaves_the_others_ringing() -> None:
    house = House()
    house.wire.sides = (house.centre, house.home, house.mobile)
    house.dial()
    house.wire.perform(house.centre, house.centre.stack.unreachable(DESK))
    house.pass_s(0.1)
    house.accept(house.home)
    house.pass_s(1.0)
    assert fates(house.centre) == [Answered(LEG, ANSWER)]


@pytest.mark.parametrize("answered", [False, True])
def test_the_next_process_ends_the_ringing_at_all_phones(answered: bool) -> None:
    house = House()
    if answered:
        house.ring()
    else:
        house.dial()
        house.wire.sides = (house.centre,)
        house.pass_s(0.1)
        house.wire.sides = (house.centre, *house.phones)
    kept = [event for event in house.centre.events if isinstance(event, DialogKept)][-1]
    house.centre.stack = make_stack(CENTRE, seed=9, options=centre_stack(ring_all=True))
    assert house.centre.stack.adopt(kept.record, house.wire.now) == LEG
    house.hang_up()
    house.pass_s(3.0)
    assert all(phone.heard(Cancelled) for phone in house.phones)
    assert house.nothing_is_left()


LOST = [*combinations(range(12), 1), *combinations(range(0, 14, 2), 2)]


@pytest.mark.parametrize(("lost", "both"), [*product(LOST, (False, True))])
def test_whatever_is_lost_one_phone_talks_and_the_others_are_free(
    lost: tuple[int, ...], both: bool
) -> None:
    house = House(lost=lost)
    house.dial()
    house.pass_s(6.0)
    for phone in house.phones:
        if not phone.heard(Cancelled):
            house.wire.perform(phone, phone.stack.ring(leg_of(phone), house.wire.now))
    house.pass_s(1.0)
    house.accept(house.home)
    if both:
        house.accept(house.desk)
    house.pass_s(20.0)
    assert fates(house.centre) == [Answered(LEG, ANSWER)]
    up = [p for p in house.phones if p.heard(Confirmed) and not p.heard(Gone)]
    assert len(up) == 1
    house.hang_up()
    assert house.nothing_is_left()
