"""A queue that rings all, on a real switchboard: who gets the caller, and what the others see."""

import pytest

from acd.agent import RONA
from acd.events import AgentState, OfferFailed, OfferFailure
from acd.inputs import Ready
from acd.options import Strategy
from foundation.ids import LegId
from telephony.calls.events import AgentRefused, CallBridged
from tests.support.fake_house import EVA, TOM
from tests.support.joined_house import JoinedHouse

STOPPED = "hang_up"
"CANCEL while it rings, ACK and BYE where a 200 crossed that."


@pytest.fixture
def house() -> JoinedHouse:
    return JoinedHouse(Strategy.RING_ALL)


def rung(house: JoinedHouse) -> tuple[LegId, LegId, LegId]:
    """The caller's leg, Eva's and Tom's, both of which ring."""
    for agent_id in (EVA, TOM):
        house.register(agent_id)
    caller = house.invite("caller")
    house.press(caller, "1")
    [eva], [tom] = house.legs_to(EVA), house.legs_to(TOM)
    return caller, eva, tom


def states(house: JoinedHouse) -> list[AgentState]:
    return [house.floor.state_of(agent_id) for agent_id in (EVA, TOM)]


def failures(house: JoinedHouse) -> list[OfferFailure]:
    return [event.why for event in house.events if isinstance(event, OfferFailed)]


def test_first_who_picks_up_has_the_caller_and_the_other_phone_stops(house: JoinedHouse) -> None:
    caller, eva, tom = rung(house)
    assert states(house) == [AgentState.RINGING] * 2

    house.pick_up(tom)

    assert house.hears(caller) == [tom]
    assert STOPPED in house.verbs(eva)
    assert STOPPED not in house.verbs(tom)
    assert states(house) == [AgentState.READY, AgentState.TALKING]
    assert failures(house) == [OfferFailure.TAKEN]


def test_of_two_who_pick_up_at_once_the_second_is_hung_up_on(house: JoinedHouse) -> None:
    caller, eva, tom = rung(house)
    house.media.keeps = True
    house.pick_up(tom)
    house.pick_up(eva)
    house.media.let_go()

    assert house.hears(caller) == [tom]
    assert STOPPED in house.verbs(eva)
    assert states(house) == [AgentState.READY, AgentState.TALKING]
    assert sum(isinstance(event, CallBridged) for event in house.events) == 1
    house.hang_up(eva)
    assert house.hears(caller) == [tom], "what comes of the other phone is nobody's business"


def test_who_declines_is_paused_and_the_others_ring_on(house: JoinedHouse) -> None:
    _, eva, tom = rung(house)

    house.refuse(eva)

    assert states(house) == [AgentState.PAUSED, AgentState.RINGING]
    assert house.floor.agent(EVA).reason == RONA
    house.pick_up(tom)
    assert states(house) == [AgentState.PAUSED, AgentState.TALKING]


def test_caller_of_whom_all_decline_waits_for_whoever_is_ready_next(house: JoinedHouse) -> None:
    caller, eva, tom = rung(house)
    house.refuse(eva)
    house.wait(15.0)
    assert states(house) == [AgentState.PAUSED] * 2
    assert failures(house) == [OfferFailure.DECLINED, OfferFailure.NO_ANSWER]

    house.feed(Ready(TOM))

    again = house.legs_to(TOM)[-1]
    assert again != tom
    house.pick_up(again)
    assert house.hears(caller) == [again]


def test_all_phones_stop_when_the_caller_hangs_up(house: JoinedHouse) -> None:
    caller, eva, tom = rung(house)

    house.hang_up(caller)

    assert STOPPED in house.verbs(eva)
    assert STOPPED in house.verbs(tom)
    assert states(house) == [AgentState.READY] * 2
    assert not any(isinstance(event, AgentRefused) for event in house.events)


def test_who_gets_free_meanwhile_rings_beside(house: JoinedHouse) -> None:
    house.register(EVA)
    caller = house.invite("caller")
    house.press(caller, "1")

    house.register(TOM)

    [tom] = house.legs_to(TOM)
    house.pick_up(tom)
    assert house.hears(caller) == [tom]
    assert states(house) == [AgentState.READY, AgentState.TALKING]
