"""A waiting caller is taken for an agent, on a real switchboard: what phones and caller notice."""

import pytest

from acd.events import AgentState, CallQueued, CallReserved
from acd.inputs import Ready, TakeCaller
from callcenter.revival.history import History
from callcenter.revival.revive import Plan
from foundation.ids import CallId, LegId, PartyId, QueueId
from foundation.journal.rows import EPOCH
from foundation.record import Record
from telephony.calls.events import CallArrived
from tests.support.fake_house import EVA, ORDERS, TOM
from tests.support.joined_house import JoinedHouse


@pytest.fixture
def house() -> JoinedHouse:
    return JoinedHouse()


def two_wait(house: JoinedHouse) -> tuple[LegId, LegId, CallId]:
    """While Eva talks: the legs of the first and the second, and the second's call."""
    house.talk()
    first = house.invite("first")
    house.press(first, "1")
    second = house.invite("second")
    house.press(second, "1")
    return first, second, last_queued(house)


def last_queued(house: JoinedHouse) -> CallId:
    return [event.call_id for event in house.events if isinstance(event, CallQueued)][-1]


def test_second_caller_rings_at_the_chosen_phone_and_talks(house: JoinedHouse) -> None:
    house.talk()
    second = house.invite("second")
    house.press(second, "1")
    call_id = last_queued(house)
    house.feed(TakeCaller(call_id, EVA, reserve_s=60.0))
    house.register(TOM)
    assert house.legs_to(TOM) == [], "he is for Eva alone"

    [eva] = house.legs_to(EVA)
    house.hang_up(eva)
    house.feed(Ready(EVA))
    _, again = house.legs_to(EVA)
    house.pick_up(again)
    assert house.hears(second) == [again]


def test_refused_caller_keeps_the_place_and_the_next_agent_has_the_first(
    house: JoinedHouse,
) -> None:
    first, second, call_id = two_wait(house)
    house.feed(TakeCaller(call_id, EVA, reserve_s=60.0))
    [eva] = house.legs_to(EVA)
    house.hang_up(eva)
    house.feed(Ready(EVA))
    _, again = house.legs_to(EVA)
    house.refuse(again, 486)

    assert house.floor.state_of(EVA) is AgentState.PAUSED
    assert [view.call_id for view in house.floor.waiting(ORDERS)][-1] == call_id
    house.register(TOM)
    [tom] = house.legs_to(TOM)
    house.pick_up(tom)
    assert house.hears(first) == [tom]
    assert house.hears(second) != [tom]


def test_core_that_comes_back_keeps_whom_the_caller_waits_for_and_until_when() -> None:
    history, house = History(), JoinedHouse()
    house.talk()
    house.wait(30.0)
    caller = house.invite("second")
    house.press(caller, "1")
    call_id = last_queued(house)
    house.feed(TakeCaller(call_id, EVA, reserve_s=60.0))
    told = [event for event in house.events if isinstance(event, CallReserved)]
    assert told == [CallReserved(call_id, QueueId(ORDERS), EVA, 60.0)]

    history.take(Record(1, 0.0, EPOCH, CallArrived(call_id, PartyId("p-1"), "8000")))
    for number, event in enumerate(house.events, 2):
        history.take(Record(number, 1000.0 + house.now, EPOCH, event))
    visit = history.calls[call_id].visit
    assert visit is not None
    [kept] = Plan(visits=[(call_id, visit)]).kept_callers(offset_s=1000.0)
    assert (kept.claimed_by, kept.claimed_until) == (EVA, house.now + 60.0)
