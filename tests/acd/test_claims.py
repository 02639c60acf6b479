"""A waiting caller goes to an agent whom somebody has chosen: at once, or when he is free."""

from dataclasses import replace

import pytest

from acd.events import (
    AcdEvent,
    AgentOffered,
    CallReleased,
    CallReserved,
    OfferFailure,
    Priority,
    ReleaseCause,
)
from acd.floor import Floor
from acd.inputs import (
    Accept,
    AgentLeft,
    CallerLeft,
    ChangeQueue,
    Decline,
    FinishWrapUp,
    GiveBack,
    LeaveForCallback,
    Move,
    Pause,
    PhoneChanged,
    Promote,
    Ready,
    SignOut,
    TakeCaller,
)
from acd.options import CallbackOptions, QueueOptions, Strategy
from foundation.errors import Conflict, NotFound
from foundation.ids import AgentId, CallbackId, CallId, PartyId
from tests.support.floors import (
    BEN,
    EVA,
    ORDERS,
    REPAIRS,
    ZOE,
    build_floor,
    card,
    last_offer,
    offers,
    queue_up,
    seat,
    states,
)

C1, C2, C3 = CallId("c-1"), CallId("c-2"), CallId("c-3")


def released(events: list[AcdEvent]) -> list[tuple[str, str, ReleaseCause]]:
    return [(e.call_id, e.agent_id, e.why) for e in events if isinstance(e, CallReleased)]


@pytest.fixture
def floor() -> Floor:
    """Eva serves orders, Ben repairs alone; three wait for orders, in which nobody is free."""
    queues = {
        ORDERS: QueueOptions(skills={"orders": 1}, wrap_up_s=10.0, callbacks=CallbackOptions()),
        REPAIRS: QueueOptions(skills={"repairs": 1}),
    }
    floor = build_floor(card(EVA, orders=3), card(BEN, repairs=3), queues=queues)
    for at, call in enumerate(("c-1", "c-2", "c-3")):
        queue_up(floor, call, now=float(at))
    return floor


def test_caller_who_is_taken_rings_at_the_chosen_agent_at_once(floor: Floor) -> None:
    """Ben lacks the skill, and two came before."""
    seat(floor, BEN, now=5.0)
    events = floor.feed(TakeCaller(C3, BEN), now=6.0)

    assert events[0] == CallReserved(C3, ORDERS, BEN, 60.0)
    assert offers(events) == [("c-3", "ben")]
    assert [floor.position(each) for each in (C1, C2, C3)] == [1, 2, None]


def test_agent_who_answers_talks_and_nothing_of_the_claim_is_left(floor: Floor) -> None:
    seat(floor, BEN, now=5.0)
    offer = last_offer(floor.feed(TakeCaller(C3, BEN), now=6.0))
    floor.feed(Accept(C3, BEN, offer.offer_id), now=8.0)
    floor.feed(AgentLeft(C3, BEN), now=9.0)
    floor.feed(FinishWrapUp(BEN), now=9.0)

    assert released(floor.tick(100.0)) == []
    queue_up(floor, "c-3", now=101.0)
    assert not floor.waiting(ORDERS)[-1].claimed_by


@pytest.mark.parametrize("why", [OfferFailure.DECLINED, OfferFailure.UNREACHABLE])
def test_refused_caller_is_anybodys_again_at_the_old_place(floor: Floor, why: OfferFailure) -> None:
    seat(floor, BEN, now=5.0)
    offer = last_offer(floor.feed(TakeCaller(C1, BEN), now=6.0))
    floor.feed(Decline(C1, BEN, offer.offer_id, why), now=7.0)

    assert [floor.position(each) for each in (C1, C2, C3)] == [1, 2, 3]
    assert floor.waiting(ORDERS)[0].entered_at == 0.0
    assert offers(seat(floor, EVA, now=8.0)) == [("c-1", "eva")]


def test_caller_whom_the_agent_lets_ring_is_at_the_old_place(floor: Floor) -> None:
    seat(floor, BEN, now=5.0)
    floor.feed(TakeCaller(C2, BEN), now=6.0)
    events = floor.tick(21.0)

    assert states(events)[0][0] == "ben"
    assert [caller.call_id for caller in floor.waiting(ORDERS)] == [C1, C2, C3]


@pytest.mark.parametrize(
    ("agent", "sentence"), [(EVA, "eva is off"), (ZOE, "no agent 'zoe'")], ids=str
)
def test_who_is_not_there_takes_nobody(floor: Floor, agent: AgentId, sentence: str) -> None:
    with pytest.raises((Conflict, NotFound), match=sentence):
        floor.feed(TakeCaller(C1, agent, reserve_s=60.0), now=4.0)
    assert floor.position(C1) == 1


def test_who_pauses_takes_nobody_not_even_later(floor: Floor) -> None:
    seat(floor, BEN, now=4.0)
    floor.feed(Pause(BEN, "meal"), now=4.0)
    for reserve_s in (None, 60.0):
        with pytest.raises(Conflict, match="ben is paused"):
            floor.check(TakeCaller(C1, BEN, reserve_s))


def busy(floor: Floor, now: float) -> None:
    """Ben talks with somebody."""
    seat(floor, BEN, now)
    offer = last_offer(queue_up(floor, "c-9", now, REPAIRS))
    floor.feed(Accept(CallId("c-9"), BEN, offer.offer_id), now)


def test_busy_agent_is_refused_unless_the_caller_may_wait_for_him(floor: Floor) -> None:
    busy(floor, now=4.0)
    with pytest.raises(Conflict, match="ben is talking"):
        floor.feed(TakeCaller(C2, BEN), now=5.0)

    assert floor.feed(TakeCaller(C2, BEN, reserve_s=60.0), now=5.0) == [
        CallReserved(C2, ORDERS, BEN, 60.0)
    ]
    assert [each.claimed_by for each in floor.waiting(ORDERS)] == [None, BEN, None]


def test_reserved_caller_is_next_before_all_others_of_the_agent(floor: Floor) -> None:
    busy(floor, now=4.0)
    queue_up(floor, "c-8", 4.0, REPAIRS, priority=Priority.P0)
    floor.feed(TakeCaller(C2, BEN, reserve_s=60.0), now=5.0)
    floor.feed(AgentLeft(CallId("c-9"), BEN), now=10.0)
    assert offers(floor.feed(FinishWrapUp(BEN), now=11.0)) == [("c-2", "ben")]


def test_nobody_else_has_the_reserved_caller(floor: Floor) -> None:
    busy(floor, now=4.0)
    floor.feed(TakeCaller(C1, BEN, reserve_s=60.0), now=5.0)
    assert offers(seat(floor, EVA, now=6.0)) == [("c-2", "eva")]


def test_caller_is_anybodys_at_the_old_place_when_the_time_is_over(floor: Floor) -> None:
    busy(floor, now=4.0)
    floor.feed(TakeCaller(C1, BEN, reserve_s=60.0), now=5.0)
    floor.feed(Accept(C2, EVA, last_offer(seat(floor, EVA, now=6.0)).offer_id), now=6.0)
    assert floor.position(C1) == 1

    assert released(floor.tick(64.9)) == []
    assert released(floor.tick(65.0)) == [("c-1", "ben", ReleaseCause.TIME_UP)]
    floor.feed(AgentLeft(C2, EVA), now=66.0)
    assert offers(floor.feed(FinishWrapUp(EVA), now=66.0)) == [("c-1", "eva")]


def test_caller_goes_at_once_to_who_is_free_when_the_time_is_over(floor: Floor) -> None:
    busy(floor, now=4.0)
    for call in (C1, C2):
        floor.feed(CallerLeft(call), now=5.0)
    floor.feed(TakeCaller(C3, BEN, reserve_s=60.0), now=5.0)
    assert offers(seat(floor, EVA, now=6.0)) == []
    assert offers(floor.tick(65.0)) == [("c-3", "eva")]


def test_time_that_ends_while_the_phone_rings_stops_nothing(floor: Floor) -> None:
    busy(floor, now=4.0)
    floor.feed(TakeCaller(C1, BEN, reserve_s=10.0), now=5.0)
    floor.feed(AgentLeft(CallId("c-9"), BEN), now=13.0)
    offer = last_offer(floor.feed(FinishWrapUp(BEN), now=14.0))
    assert floor.tick(15.0) == []
    assert floor.is_current(offer.offer_id)


@pytest.mark.parametrize("choice", [SignOut(BEN), Pause(BEN, "meal")], ids=["out", "pause"])
def test_caller_does_not_wait_for_who_goes(floor: Floor, choice: SignOut | Pause) -> None:
    busy(floor, now=4.0)
    floor.feed(TakeCaller(C1, BEN, reserve_s=600.0), now=5.0)
    floor.feed(choice, now=6.0)
    floor.feed(AgentLeft(CallId("c-9"), BEN), now=7.0)
    events = floor.feed(FinishWrapUp(BEN), now=8.0)
    assert released(events) == [("c-1", "ben", ReleaseCause.AGENT_LEFT)]


def test_caller_waits_for_a_phone_that_is_busy_and_not_for_one_that_is_gone(floor: Floor) -> None:
    seat(floor, BEN, now=4.0)
    floor.feed(PhoneChanged(BEN, registered=True, busy=True), now=4.0)
    with pytest.raises(Conflict, match="the phone of ben is busy"):
        floor.feed(TakeCaller(C1, BEN), now=5.0)
    floor.feed(TakeCaller(C1, BEN, reserve_s=60.0), now=5.0)
    events = floor.feed(PhoneChanged(BEN, registered=False, busy=False), now=6.0)
    assert released(events) == [("c-1", "ben", ReleaseCause.AGENT_LEFT)]
    with pytest.raises(Conflict, match="ben has no registered phone"):
        floor.feed(TakeCaller(C1, BEN, reserve_s=60.0), now=7.0)


def test_given_back_he_is_at_the_old_place_and_goes_to_who_is_free(floor: Floor) -> None:
    busy(floor, now=4.0)
    for call in (C1, C2):
        floor.feed(CallerLeft(call), now=5.0)
    floor.feed(TakeCaller(C3, BEN, reserve_s=60.0), now=5.0)
    seat(floor, EVA, now=6.0)
    events = floor.feed(GiveBack(C3), now=7.0)
    assert released(events) == [("c-3", "ben", ReleaseCause.GIVEN_BACK)]
    assert offers(events) == [("c-3", "eva")]
    with pytest.raises(Conflict, match="does not wait"):
        floor.feed(GiveBack(C3), now=8.0)


def test_only_who_was_taken_is_given_back(floor: Floor) -> None:
    with pytest.raises(Conflict, match="does not wait for a certain agent"):
        floor.feed(GiveBack(C1), now=5.0)


def test_agent_has_one_reserved_caller_and_a_caller_one_agent(floor: Floor) -> None:
    busy(floor, now=4.0)
    floor.feed(TakeCaller(C1, BEN, reserve_s=60.0), now=5.0)
    with pytest.raises(Conflict, match="ben is to have the caller of c-1 next already"):
        floor.feed(TakeCaller(C2, BEN, reserve_s=60.0), now=5.0)

    offer = last_offer(seat(floor, EVA, now=6.0))
    floor.feed(Accept(offer.call_id, EVA, offer.offer_id), now=6.0)
    events = floor.feed(TakeCaller(C1, EVA, reserve_s=30.0), now=7.0)
    assert released(events) == [("c-1", "ben", ReleaseCause.GIVEN_BACK)]
    floor.feed(TakeCaller(C3, BEN, reserve_s=60.0), now=8.0)
    assert {each.call_id: each.claimed_by for each in floor.waiting(ORDERS)} == {C1: EVA, C3: BEN}


def test_who_rings_already_or_is_gone_is_not_taken(floor: Floor) -> None:
    seat(floor, BEN, now=4.0)
    seat(floor, EVA, now=5.0)
    floor.feed(CallerLeft(C2), now=6.0)
    for call in (C1, C2):
        with pytest.raises(Conflict, match="does not wait"):
            floor.feed(TakeCaller(call, BEN), now=7.0)


def test_reserved_caller_may_leave_in_any_way_and_frees_the_agent(floor: Floor) -> None:
    busy(floor, now=4.0)
    callback = LeaveForCallback(C3, CallbackId("b-1"), PartyId("p-1"))
    for call, leaves in ((C1, CallerLeft(C1)), (C2, Move(C2, REPAIRS)), (C3, callback)):
        floor.feed(TakeCaller(call, BEN, reserve_s=60.0), now=5.0)
        floor.feed(leaves, now=5.0)
    queue_up(floor, "c-4", now=6.0)
    floor.feed(TakeCaller(CallId("c-4"), BEN, reserve_s=900.0), now=6.0)
    floor.tick(610.0)
    assert floor.waiting(ORDERS) == []


def test_claim_outlives_other_changes_of_the_wait(floor: Floor) -> None:
    busy(floor, now=4.0)
    floor.feed(TakeCaller(C3, BEN, reserve_s=60.0), now=5.0)
    floor.feed(Promote(C3, Priority.P0), now=6.0)
    floor.feed(ChangeQueue(ORDERS, QueueOptions(sticky_s=5.0)), now=7.0)
    assert offers(seat(floor, EVA, now=8.0)) == [("c-1", "eva")]
    floor.feed(AgentLeft(CallId("c-9"), BEN), now=9.0)
    assert offers(floor.feed(Ready(BEN), now=10.0)) == [("c-3", "ben")]


def test_where_all_phones_ring_only_the_chosen_agents_does() -> None:
    queues = {ORDERS: QueueOptions(strategy=Strategy.RING_ALL), REPAIRS: QueueOptions()}
    floor = build_floor(card(EVA), card(BEN), card(ZOE), queues=queues)
    queue_up(floor, "c-1", now=0.0)
    seat(floor, BEN, now=1.0)
    floor.feed(CallerLeft(C1), now=2.0)
    seat(floor, EVA, now=3.0)
    for agent in (EVA, BEN):
        floor.feed(PhoneChanged(agent, registered=True, busy=True), now=4.0)
    queue_up(floor, "c-2", now=5.0)
    floor.feed(TakeCaller(C2, BEN, reserve_s=60.0), now=6.0)
    events = floor.feed(PhoneChanged(EVA, registered=True, busy=False), now=7.0)
    events += floor.feed(PhoneChanged(BEN, registered=True, busy=False), now=8.0)
    assert offers(events) == [("c-2", "ben")]

    [offer] = [event for event in events if isinstance(event, AgentOffered)]
    declined = Decline(C2, BEN, offer.offer_id, OfferFailure.DECLINED)
    assert offers(floor.feed(declined, now=9.0)) == [("c-2", "eva")]


def test_backup_agent_is_chosen_without_a_surge() -> None:
    floor = build_floor(replace(card(EVA, orders=1), backup=True))
    queue_up(floor, "c-1", now=0.0)
    assert offers(seat(floor, EVA, now=1.0)) == []
    assert offers(floor.feed(TakeCaller(C1, EVA), now=2.0)) == [("c-1", "eva")]
