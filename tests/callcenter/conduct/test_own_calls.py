"""Calls of agents' own phones: to a colleague, to a queue, to a number outside."""

import pytest

from acd.events import AgentState, CallQueued
from callcenter.events import HandoverRefused, Wish
from foundation.ids import AgentId, CallId, OfferId, PartyId
from telephony.calls import events as calls
from telephony.calls.control import OutsideTarget
from telephony.calls.events import EndedBy
from telephony.calls.number_rules import Purpose, Refusal, Route
from tests.support.fake_house import EVA, REPAIRS, TOM, House

OUTSIDE = "02112345678"
UNKNOWN = "unknown destination: There is no agent, queue, line or number of this name."


class OneNumber:
    def decide(
        self, number: str, purpose: Purpose, call_id: CallId | None = None
    ) -> Route | Refusal:
        if number == OUTSIDE and purpose is Purpose.AGENTS:
            return Route("city", "carrier", number)
        return Refusal("outbound: no rule")


@pytest.fixture
def house() -> House:
    house = House(numbers=OneNumber())
    house.phone(EVA)
    house.phone(TOM)
    return house


@pytest.mark.parametrize("dialled", ["tom", "1002"])
def test_colleague_is_rung_and_is_offered_no_call_meanwhile(house: House, dialled: str) -> None:
    call_id = house.call_from(EVA, dialled)
    assert house.control.done == [("dial_guest", call_id, TOM)]
    house.queue("c-1")
    assert "ring" not in house.control.verbs()
    house.tell(calls.GuestJoined(call_id, house.control.guests[call_id]))
    house.tell(calls.CallAnswered(call_id))
    house.wait(120.0)
    assert house.control.verbs()[-1] != "refuse", "who has picked up rings no more"
    assert house.floor.state_of(TOM) is AgentState.READY
    house.tell(calls.CallEnded(call_id, EndedBy.AGENT, "bye"))
    assert ("ring", "o-1", TOM) in house.control.done


def test_what_the_phone_itself_is_busy_with_outlives_the_colleagues_call(house: House) -> None:
    call_id = house.call_from(EVA, "tom")
    house.tell(calls.PhoneChanged(TOM, registered=True, busy=True))
    house.tell(calls.CallEnded(call_id, EndedBy.CALLER, "bye"))
    assert house.floor.agent(TOM).busy
    house.tell(calls.PhoneChanged(TOM, registered=True, busy=False))
    assert not house.floor.agent(TOM).busy


def test_colleague_who_does_not_pick_up_is_not_blamed(house: House) -> None:
    call_id = house.call_from(EVA, "tom")
    house.wait(30.0)
    assert house.control.done[-1] == ("refuse", call_id, 480)
    assert house.floor.state_of(TOM) is AgentState.READY


def test_colleague_on_a_break_can_be_called(house: House) -> None:
    house.pause(TOM)
    call_id = house.call_from(EVA, "tom")
    assert house.control.done == [("dial_guest", call_id, TOM)]


def test_colleague_who_talks_or_has_no_phone_is_not_rung(house: House) -> None:
    house.tell(calls.PhoneChanged(EVA, registered=True, busy=True))
    talk = house.queue("c-1")
    house.tell(calls.AgentPickedUp(talk, TOM, OfferId("o-1")))
    house.call_from(EVA, "tom")
    assert house.control.done[-1] == ("refuse", "c-own", 486)
    house.tell(calls.CallEnded(talk, EndedBy.CALLER, "bye"))
    house.tell(calls.PhoneChanged(TOM, registered=False, busy=False))
    house.call_from(EVA, "tom", "c-two")
    assert house.control.done[-1] == ("refuse", "c-two", 480)


@pytest.mark.parametrize(
    ("dialled", "status", "rule"),
    [
        ("eva", 486, "agent not free: eva calls himself."),
        (
            "nobody",
            404,
            "unknown destination: There is no agent, queue, line or number of this name.",
        ),
        ("13900000000", 403, "outbound: no rule"),
    ],
)
def test_what_cannot_be_dialled_is_refused_by_its_rule(
    house: House, dialled: str, status: int, rule: str
) -> None:
    call_id = house.call_from(EVA, dialled)
    assert house.control.done == [("refuse", call_id, status)]
    assert house.events[-1] == HandoverRefused(call_id, EVA, Wish.CALL, status, rule)


def test_number_outside_is_dialled_as_its_rule_says(house: House) -> None:
    call_id = house.call_from(EVA, OUTSIDE)
    target = OutsideTarget(
        PartyId(f"p-{OUTSIDE}"), house.control.guests[call_id], OUTSIDE, "carrier"
    )
    assert house.control.done == [("dial_guest", call_id, target)]


def test_agent_who_dials_a_queue_waits_in_it_as_a_caller_does(house: House) -> None:
    call_id = house.call_from(EVA, "7002")
    assert house.control.done == [("answer", call_id, None)]
    house.tell(calls.CallAnswered(call_id))
    assert house.events[-1] == CallQueued(call_id, REPAIRS)
    assert house.control.done[-1] == ("loop", call_id, ["music.wav"])


def test_agent_who_dials_a_line_is_a_caller(house: House) -> None:
    call_id = CallId("c-1")
    house.own_phones[call_id] = (EVA, "8000")
    house.arrive("c-1")
    assert house.control.done == [("answer", call_id, None)]


def test_own_call_cannot_be_sent_on(house: House) -> None:
    call_id = house.call_from(EVA, "tom")
    house.tell(calls.TransferAsked(call_id, EVA, "queue:repairs"))
    assert house.control.done[-1] == ("refuse_transfer", call_id, 403)


def test_phone_that_is_no_agents_may_call_colleagues_and_nobody_outside(house: House) -> None:
    boss = AgentId("boss01")
    inside = house.call_from(boss, "tom", "c-in")
    assert house.control.done == [("dial_guest", inside, TOM)]
    outside = house.call_from(boss, OUTSIDE, "c-out")
    assert house.control.done[-1] == ("refuse", outside, 403)


def test_account_of_a_trunk_that_dials_no_line_of_ours_is_refused(house: House) -> None:
    call_id = CallId("c-odd")
    house.numbers[call_id] = "+8613900000002"
    house.tell(calls.CallArrived(call_id, PartyId("p-2"), "7777", "north"))
    assert house.control.done == [("refuse", call_id, 404)]
