"""Agents who are asked into another's talk: reserved, joined, sent away, or given the caller."""

import pytest

from acd.events import (
    AcdEvent,
    AgentChanged,
    AgentReserved,
    AgentState,
    OfferFailure,
    Priority,
    ReservationFailed,
    TalkEnded,
    TalkTaken,
)
from acd.floor import Floor
from acd.inputs import (
    Accept,
    AgentLeft,
    CallerLeft,
    Decline,
    Dismiss,
    Enqueue,
    Lose,
    Pause,
    PhoneChanged,
    Reserve,
    SignOut,
    TakeTalk,
)
from foundation.errors import Conflict, IllegalTransition, NotFound
from foundation.ids import AgentId, CallId, OfferId
from tests.support.floors import BEN, EVA, ORDERS, build_floor, last_offer, offers, queue_up, seat

CALL, GUEST = CallId("c-1"), OfferId("g-1")
RINGING, TALKING = AgentState.RINGING, AgentState.TALKING
READY, WRAP_UP, PAUSED = AgentState.READY, AgentState.WRAP_UP, AgentState.PAUSED
RESERVE = Reserve(CALL, ORDERS, BEN, GUEST)


@pytest.fixture
def floor() -> Floor:
    """Eva talks with the caller since 10.0, Ben is ready."""
    floor = build_floor()
    seat(floor, EVA, 0.0)
    offer = last_offer(queue_up(floor, CALL, 5.0))
    floor.feed(Accept(CALL, EVA, offer.offer_id), 10.0)
    seat(floor, BEN, 10.0)
    return floor


def states(floor: Floor) -> tuple[AgentState, AgentState]:
    return floor.state_of(EVA), floor.state_of(BEN)


def failed(why: OfferFailure) -> ReservationFailed:
    return ReservationFailed(CALL, ORDERS, BEN, GUEST, why)


def join(floor: Floor, now: float = 25.0) -> list[AcdEvent]:
    floor.feed(RESERVE, 20.0)
    return floor.feed(Accept(CALL, BEN, GUEST), now)


def test_reserved_agent_rings_with_that_call_and_is_offered_no_other(floor: Floor) -> None:
    assert floor.feed(RESERVE, 20.0) == [
        AgentReserved(CALL, ORDERS, BEN, GUEST),
        AgentChanged(BEN, RINGING, call_id=CALL),
    ]
    assert floor.is_current(GUEST)
    assert offers(queue_up(floor, "c-2", 21.0)) == []
    assert floor.agent(BEN).offer_id == GUEST


def test_guest_who_picks_up_talks_and_the_talk_is_still_the_agents(floor: Floor) -> None:
    assert join(floor) == [AgentChanged(BEN, TALKING, call_id=CALL)]
    assert states(floor) == (TALKING, TALKING)
    assert not floor.is_current(GUEST)


def test_guest_takes_the_talk_and_the_agent_before_wraps_up_at_once(floor: Floor) -> None:
    join(floor)
    assert floor.feed(TakeTalk(CALL, GUEST), 30.0) == [
        TalkEnded(CALL, ORDERS, EVA),
        AgentChanged(EVA, WRAP_UP, call_id=CALL),
        TalkTaken(CALL, ORDERS, BEN),
    ]
    assert states(floor) == (WRAP_UP, TALKING)
    assert floor.tick(50.0) == [AgentChanged(EVA, READY)]
    assert floor.feed(CallerLeft(CALL), 60.0) == [
        TalkEnded(CALL, ORDERS, BEN),
        AgentChanged(BEN, WRAP_UP, call_id=CALL),
    ]
    assert floor.tick(80.0) == [AgentChanged(BEN, READY)]


def test_agent_who_did_not_wait_has_wrapped_up_when_the_guest_takes_the_talk(floor: Floor) -> None:
    floor.feed(RESERVE, 20.0)
    assert floor.feed(AgentLeft(CALL, EVA), 21.0)[0] == TalkEnded(CALL, ORDERS, EVA)
    assert states(floor) == (WRAP_UP, RINGING)
    floor.feed(Accept(CALL, BEN, GUEST), 25.0)
    assert floor.feed(TakeTalk(CALL, GUEST), 25.0) == [TalkTaken(CALL, ORDERS, BEN)]
    floor.feed(AgentLeft(CALL, BEN), 30.0)
    assert states(floor) == (WRAP_UP, WRAP_UP)


def test_the_new_agent_may_ask_a_guest_in_turn(floor: Floor) -> None:
    join(floor)
    floor.feed(TakeTalk(CALL, GUEST), 30.0)
    floor.tick(50.0)
    floor.feed(Reserve(CALL, ORDERS, EVA, OfferId("g-2")), 51.0)
    floor.feed(Accept(CALL, EVA, OfferId("g-2")), 52.0)
    assert TalkTaken(CALL, ORDERS, EVA) in floor.feed(TakeTalk(CALL, OfferId("g-2")), 53.0)
    assert states(floor) == (TALKING, WRAP_UP)


def test_guest_who_only_advised_is_ready_without_wrap_up(floor: Floor) -> None:
    join(floor)
    assert floor.feed(Dismiss(BEN, GUEST), 30.0) == [AgentChanged(BEN, READY)]
    assert states(floor) == (TALKING, READY)


def test_what_the_guest_chose_meanwhile_is_done_when_the_part_is_over(floor: Floor) -> None:
    join(floor)
    floor.feed(Pause(BEN, "meal"), 26.0)
    assert floor.feed(Dismiss(BEN, GUEST), 30.0) == [AgentChanged(BEN, PAUSED, "meal")]


def test_guest_who_is_not_wanted_any_more_stops_ringing_without_blame(floor: Floor) -> None:
    floor.feed(RESERVE, 20.0)
    assert floor.feed(Dismiss(BEN, GUEST), 22.0) == [
        failed(OfferFailure.WITHDRAWN),
        AgentChanged(BEN, READY),
    ]
    assert offers(queue_up(floor, "c-2", 23.0)) == [("c-2", BEN)]


def test_guest_who_does_not_pick_up_is_paused_with_rona(floor: Floor) -> None:
    floor.feed(RESERVE, 20.0)
    assert floor.tick(34.9) == []
    assert floor.tick(35.0) == [
        failed(OfferFailure.NO_ANSWER),
        AgentChanged(BEN, PAUSED, "rona"),
    ]


def test_guest_who_refuses_is_paused_with_rona(floor: Floor) -> None:
    floor.feed(RESERVE, 20.0)
    assert floor.feed(Decline(CALL, BEN, GUEST, OfferFailure.DECLINED), 22.0) == [
        failed(OfferFailure.DECLINED),
        AgentChanged(BEN, PAUSED, "rona"),
    ]


@pytest.mark.parametrize("given", [SignOut(BEN), Pause(BEN, "meal")])
def test_sign_out_or_pause_while_reserved_rings_withdraws(
    floor: Floor, given: SignOut | Pause
) -> None:
    floor.feed(RESERVE, 20.0)
    events = floor.feed(given, 22.0)
    assert events[0] == failed(OfferFailure.WITHDRAWN)
    assert floor.state_of(BEN) in (AgentState.OFF, PAUSED)
    assert floor.feed(Accept(CALL, BEN, GUEST), 23.0) == [], "too late"


def test_guests_phone_that_is_gone_fails_the_reservation(floor: Floor) -> None:
    floor.feed(RESERVE, 20.0)
    events = floor.feed(PhoneChanged(BEN, registered=False, busy=False), 21.0)
    assert events[0] == failed(OfferFailure.UNREACHABLE)


@pytest.mark.parametrize("end", [CallerLeft(CALL), Lose(CALL)])
def test_caller_who_hangs_up_frees_guest_and_agent(floor: Floor, end: CallerLeft | Lose) -> None:
    join(floor)
    floor.feed(end, 30.0)
    assert states(floor) == (WRAP_UP, READY)


def test_caller_who_hangs_up_before_the_guest_picks_up_frees_all(floor: Floor) -> None:
    floor.feed(RESERVE, 20.0)
    floor.feed(AgentLeft(CALL, EVA), 21.0)
    assert floor.feed(CallerLeft(CALL), 22.0) == [
        failed(OfferFailure.WITHDRAWN),
        AgentChanged(BEN, READY),
    ]


def test_caller_who_is_queued_again_has_no_guest(floor: Floor) -> None:
    floor.feed(RESERVE, 20.0)
    floor.feed(AgentLeft(CALL, EVA), 21.0)
    events = floor.feed(Enqueue(CALL, ORDERS, front=True), 22.0)
    assert failed(OfferFailure.WITHDRAWN) in events
    assert offers(events) == [(CALL, BEN)]
    assert floor.feed(TakeTalk(CALL, GUEST), 23.0) == []


def test_caller_at_the_front_goes_before_who_came_earlier_but_not_before_the_fast_channel(
    floor: Floor,
) -> None:
    floor.feed(Pause(BEN, "meal"), 20.0)
    queue_up(floor, "c-2", 21.0)
    queue_up(floor, "c-3", 22.0, priority=Priority.P0)
    floor.feed(AgentLeft(CALL, EVA), 23.0)
    floor.feed(Enqueue(CALL, ORDERS, front=True), 24.0)
    assert [caller.call_id for caller in floor.waiting(ORDERS)] == ["c-3", CALL, "c-2"]


def test_who_is_not_available_is_refused_by_the_state(floor: Floor) -> None:
    def refusal() -> str:
        with pytest.raises(Conflict) as refused:
            floor.feed(RESERVE, 20.0)
        return str(refused.value)

    floor.feed(PhoneChanged(BEN, registered=True, busy=True), 11.0)
    assert refusal() == "the phone of ben is busy"
    floor.feed(PhoneChanged(BEN, registered=False, busy=False), 12.0)
    assert refusal() == "ben has no registered phone"
    floor.feed(Pause(BEN, "meal"), 13.0)
    assert refusal() == "ben is paused"
    with pytest.raises(Conflict, match="eva is talking"):
        floor.feed(Reserve(CALL, ORDERS, EVA, GUEST), 20.0)
    with pytest.raises(NotFound, match="no agent 'zoe'"):
        floor.feed(Reserve(CALL, ORDERS, AgentId("zoe"), GUEST), 20.0)


def test_a_call_has_one_guest_at_most_and_only_in_a_talk(floor: Floor) -> None:
    floor.feed(RESERVE, 20.0)
    with pytest.raises(Conflict, match="a guest at c-1 already"):
        floor.feed(Reserve(CALL, ORDERS, BEN, OfferId("g-2")), 21.0)
    with pytest.raises(IllegalTransition):
        floor.feed(RESERVE, 21.0)
    queue_up(floor, "c-2", 22.0)
    with pytest.raises(Conflict, match="c-2 talks with nobody"):
        floor.feed(Reserve(CallId("c-2"), ORDERS, BEN, OfferId("g-2")), 23.0)


def test_reservation_for_a_talk_that_is_over_is_nothing(floor: Floor) -> None:
    floor.feed(CallerLeft(CALL), 19.0)
    assert floor.feed(RESERVE, 20.0) == []
    assert floor.state_of(BEN) is READY


def test_pick_up_that_is_told_twice_is_one(floor: Floor) -> None:
    join(floor)
    assert floor.feed(Accept(CALL, BEN, GUEST), 26.0) == []
    assert floor.feed(Decline(CALL, BEN, GUEST, OfferFailure.DECLINED), 27.0) == []
    assert states(floor) == (TALKING, TALKING)


def test_guest_who_has_not_picked_up_cannot_take_the_talk(floor: Floor) -> None:
    floor.feed(RESERVE, 20.0)
    assert floor.feed(TakeTalk(CALL, GUEST), 21.0) == []
    assert states(floor) == (TALKING, RINGING)
