"""Calls across the floor: queued, offered, answered, given up."""

from dataclasses import replace

import pytest

from acd.events import (
    AcdEvent,
    AgentAnswered,
    AgentChanged,
    AgentOffered,
    AgentState,
    CallAbandoned,
    CallLost,
    CallOverflowed,
    CallQueued,
    OfferFailed,
    OfferFailure,
    PositionTold,
    TalkEnded,
)
from acd.floor import Floor
from acd.inputs import (
    Accept,
    AcdInput,
    AgentLeft,
    CallerLeft,
    ChangeQueue,
    Decline,
    Enqueue,
    FinishWrapUp,
    Lose,
    Pause,
    PhoneChanged,
    Ready,
    SignIn,
    SignOut,
)
from acd.options import QueueOptions
from foundation.errors import Conflict, IllegalTransition, NotFound
from foundation.ids import AgentId, CallId, OfferId, QueueId
from foundation.machine import Machine
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

S = AgentState
C1, C2, C3 = CallId("c-1"), CallId("c-2"), CallId("c-3")
O1, O2 = OfferId("o-1"), OfferId("o-2")


def ringing_floor() -> Floor:
    """c-1 rings at Eva's since 100.0, Ben is ready since 1.0."""
    floor = build_floor()
    seat(floor, EVA, now=0.0)
    seat(floor, BEN, now=1.0)
    assert offers(queue_up(floor, "c-1", now=100.0)) == [("c-1", "eva")]
    return floor


def talking_floor() -> Floor:
    """c-1 talks with Eva, Ben is ready."""
    floor = ringing_floor()
    floor.feed(Accept(C1, EVA, O1), now=105.0)
    return floor


def lone_floor(**queue: float) -> Floor:
    """Eva alone, ready."""
    options = QueueOptions(skills={"orders": 1}, **queue)  # type: ignore[arg-type]  # floats only
    floor = build_floor(card(EVA, orders=1), queues={ORDERS: options})
    seat(floor, EVA, now=0.0)
    return floor


def test_a_whole_call_from_queue_to_wrap_up() -> None:
    floor = build_floor()
    seat(floor, EVA, now=0.0)

    assert queue_up(floor, "c-1", now=10.0) == [
        CallQueued(C1, ORDERS),
        AgentOffered(C1, ORDERS, EVA, O1),
        AgentChanged(EVA, S.RINGING, "", C1),
    ]
    assert floor.feed(Accept(C1, EVA, O1), now=12.0) == [
        AgentAnswered(C1, ORDERS, EVA),
        AgentChanged(EVA, S.TALKING, "", C1),
    ]
    assert floor.deadline is None
    assert floor.feed(AgentLeft(C1, EVA), now=60.0) == [
        TalkEnded(C1, ORDERS, EVA),
        AgentChanged(EVA, S.WRAP_UP, "", C1),
    ]
    assert floor.deadline == 80.0
    assert floor.tick(now=79.9) == []
    assert floor.tick(now=80.0) == [AgentChanged(EVA, S.READY)]
    assert floor.deadline is None


def test_the_first_caller_is_offered_as_soon_as_an_agent_is_ready() -> None:
    floor = build_floor()
    queue_up(floor, "c-1", now=0.0)
    queue_up(floor, "c-2", now=1.0)

    assert offers(seat(floor, EVA, now=5.0)) == [("c-1", "eva")]


def test_a_higher_priority_goes_first() -> None:
    floor = build_floor()
    queue_up(floor, "c-1", now=0.0)
    queue_up(floor, "c-2", now=1.0, priority=5)

    assert offers(seat(floor, EVA, now=5.0)) == [("c-2", "eva")]


def test_a_freed_agent_takes_the_most_urgent_caller_of_all_queues() -> None:
    floor = build_floor(
        card(EVA, orders=1, repairs=1),
        queues={
            ORDERS: QueueOptions(skills={"orders": 1}),
            REPAIRS: QueueOptions(skills={"repairs": 1}),
        },
    )
    queue_up(floor, "c-2", now=1.0, queue=ORDERS)
    queue_up(floor, "c-1", now=0.0, queue=REPAIRS)
    queue_up(floor, "c-3", now=2.0, queue=ORDERS)

    assert offers(seat(floor, EVA, now=5.0)) == [("c-1", "eva")]


def test_an_agent_without_the_skill_is_not_offered_the_call() -> None:
    floor = build_floor(card(EVA, repairs=9))
    seat(floor, EVA, now=0.0)

    assert offers(queue_up(floor, "c-1", now=1.0)) == []


def test_an_unanswered_offer_goes_to_the_next_agent_and_pauses_the_first() -> None:
    floor = ringing_floor()

    assert floor.deadline == 115.0
    assert floor.tick(now=114.999) == []
    assert floor.tick(now=115.0) == [
        OfferFailed(C1, ORDERS, EVA, O1, OfferFailure.NO_ANSWER),
        AgentChanged(EVA, S.PAUSED, "rona"),
        AgentOffered(C1, ORDERS, BEN, O2),
        AgentChanged(BEN, S.RINGING, "", C1),
    ]


@pytest.mark.parametrize("why", [OfferFailure.DECLINED, OfferFailure.UNREACHABLE])
def test_a_refusal_goes_to_the_next_agent_and_pauses_the_first(why: OfferFailure) -> None:
    floor = ringing_floor()

    events = floor.feed(Decline(C1, EVA, O1, why), now=101.0)

    reason = "rona" if why is OfferFailure.DECLINED else "unreachable"
    assert events[0] == OfferFailed(C1, ORDERS, EVA, O1, why)
    assert states(events) == [("eva", S.PAUSED, reason), ("ben", S.RINGING, "")]


def test_a_caller_keeps_the_place_when_an_offer_fails() -> None:
    floor = lone_floor()
    queue_up(floor, "c-1", now=1.0)
    queue_up(floor, "c-2", now=2.0)

    floor.tick(now=16.0)

    assert [floor.position(call) for call in (C1, C2)] == [1, 2]


def test_the_same_agent_is_asked_again_only_when_nobody_else_is_there() -> None:
    floor = build_floor()
    seat(floor, EVA, now=0.0)
    queue_up(floor, "c-1", now=10.0)
    queue_up(floor, "c-2", now=11.0)
    floor.tick(now=25.0)

    assert offers(floor.feed(Ready(EVA), now=30.0)) == [("c-1", "eva")]
    floor.tick(now=45.0)
    assert offers(seat(floor, BEN, now=50.0)) == [("c-1", "ben")]


def test_of_two_ready_agents_the_one_who_did_not_miss_the_call_is_asked() -> None:
    floor = ringing_floor()
    floor.tick(now=115.0)
    floor.feed(Ready(EVA), now=116.0)
    declined = floor.feed(Decline(C1, BEN, O2, OfferFailure.DECLINED), now=117.0)
    assert offers(declined) == [("c-1", "eva")], "nobody else is there"

    floor = build_floor(card(EVA, orders=1), card(BEN, orders=1), card(ZOE, orders=1))
    for agent_id, now in ((EVA, 0.0), (BEN, 1.0)):
        seat(floor, agent_id, now)
    queue_up(floor, "c-1", now=10.0)
    floor.tick(now=25.0)
    floor.feed(Ready(EVA), now=26.0)
    seat(floor, ZOE, now=27.0)
    assert offers(floor.tick(now=40.0)) == [("c-1", "zoe")]


def test_a_caller_who_leaves_while_waiting_has_abandoned() -> None:
    floor = build_floor()
    queue_up(floor, "c-1", now=0.0)

    assert floor.feed(CallerLeft(C1), now=3.0) == [CallAbandoned(C1, ORDERS)]
    assert floor.deadline is None
    assert offers(seat(floor, EVA, now=5.0)) == []


def test_a_caller_who_leaves_while_it_rings_frees_the_agent_without_blame() -> None:
    floor = ringing_floor()

    assert floor.feed(CallerLeft(C1), now=103.0) == [
        OfferFailed(C1, ORDERS, EVA, O1, OfferFailure.WITHDRAWN),
        CallAbandoned(C1, ORDERS),
        AgentChanged(EVA, S.READY),
    ]
    assert offers(queue_up(floor, "c-2", now=104.0)) == [("c-2", "eva")], "still longest idle"


def test_an_agent_freed_by_a_withdrawn_offer_gets_the_next_caller_at_once() -> None:
    floor = lone_floor()
    queue_up(floor, "c-1", now=1.0)
    queue_up(floor, "c-2", now=2.0)

    assert offers(floor.feed(CallerLeft(C1), now=3.0)) == [("c-2", "eva")]


def test_a_caller_who_hangs_up_ends_the_talk() -> None:
    assert talking_floor().feed(CallerLeft(C1), now=200.0) == [
        TalkEnded(C1, ORDERS, EVA),
        AgentChanged(EVA, S.WRAP_UP, "", C1),
    ]


def test_a_fault_loses_a_waiting_caller() -> None:
    floor = build_floor()
    queue_up(floor, "c-1", now=0.0)

    assert floor.feed(Lose(C1), now=1.0) == [CallLost(C1, ORDERS)]


def test_a_fault_loses_a_ringing_caller_and_frees_the_agent() -> None:
    assert ringing_floor().feed(Lose(C1), now=101.0) == [
        OfferFailed(C1, ORDERS, EVA, O1, OfferFailure.WITHDRAWN),
        CallLost(C1, ORDERS),
        AgentChanged(EVA, S.READY),
    ]


def test_a_fault_ends_a_talk() -> None:
    assert talking_floor().feed(Lose(C1), now=200.0)[0] == TalkEnded(C1, ORDERS, EVA)


def test_an_offer_is_current_only_while_it_rings() -> None:
    floor = build_floor()
    seat(floor, EVA, now=0.0)
    assert not floor.is_current(O1)
    queue_up(floor, "c-1", now=1.0)
    assert floor.is_current(O1)
    floor.feed(Accept(C1, EVA, O1), now=2.0)
    assert not floor.is_current(O1)


@pytest.mark.parametrize(
    "late",
    [
        Accept(C1, EVA, O1),
        Decline(C1, EVA, O1, OfferFailure.DECLINED),
        AgentLeft(C1, EVA),
        Accept(C1, BEN, OfferId("o-9")),
        Accept(C2, EVA, O1),
        CallerLeft(C2),
        Lose(C2),
    ],
)
def test_what_comes_after_the_offer_is_over_changes_nothing(
    late: Accept | Decline | AgentLeft | CallerLeft | Lose,
) -> None:
    floor = ringing_floor()
    floor.tick(now=115.0)
    before = floor.agents()

    assert floor.feed(late, now=115.1) == []
    assert floor.agents() == before


def test_answering_twice_is_answering_once() -> None:
    floor = talking_floor()

    assert floor.feed(Accept(C1, EVA, O1), now=106.0) == []
    assert floor.feed(Decline(C1, EVA, O1, OfferFailure.DECLINED), now=106.0) == []
    assert floor.feed(AgentLeft(C1, BEN), now=106.0) == []


def test_an_answer_before_the_tick_wins_over_the_ring_time() -> None:
    floor = ringing_floor()

    assert floor.feed(Accept(C1, EVA, O1), now=115.0)[0] == AgentAnswered(C1, ORDERS, EVA)
    assert floor.tick(now=115.0) == []


def test_a_caller_overflows_when_the_longest_wait_is_over() -> None:
    floor = build_floor()
    queue_up(floor, "c-1", now=0.0)

    assert floor.deadline == 600.0
    assert floor.tick(now=599.9) == []
    assert floor.tick(now=600.0) == [CallOverflowed(C1, ORDERS)]
    assert floor.deadline is None


def test_a_phone_that_rings_may_still_be_answered_after_the_longest_wait() -> None:
    floor = lone_floor(max_wait_s=10.0)
    queue_up(floor, "c-1", now=1.0)

    assert floor.tick(now=11.0) == []
    assert floor.feed(Accept(C1, EVA, O1), now=12.0)[0] == AgentAnswered(C1, ORDERS, EVA)


def test_an_offer_that_fails_after_the_longest_wait_overflows_the_caller() -> None:
    floor = lone_floor(max_wait_s=15.0)
    queue_up(floor, "c-1", now=1.0)

    assert floor.tick(now=16.0) == [
        OfferFailed(C1, ORDERS, EVA, O1, OfferFailure.NO_ANSWER),
        CallOverflowed(C1, ORDERS),
        AgentChanged(EVA, S.PAUSED, "rona"),
    ]


def test_a_caller_who_overflows_is_not_told_a_place_at_the_same_instant() -> None:
    options = QueueOptions(announce_position_every_s=30.0, max_wait_s=600.0)
    floor = build_floor(queues={ORDERS: options})
    queue_up(floor, "c-1", now=0.0)
    for n in range(1, 20):
        assert floor.tick(now=n * 30.0) == [PositionTold(C1, ORDERS, 1)]

    assert floor.tick(now=600.0) == [CallOverflowed(C1, ORDERS)]
    assert floor.deadline is None


def test_signing_out_while_it_rings_withdraws_the_offer() -> None:
    floor = ringing_floor()

    events = floor.feed(SignOut(EVA), now=101.0)

    assert events[0] == OfferFailed(C1, ORDERS, EVA, O1, OfferFailure.WITHDRAWN)
    assert states(events) == [("eva", S.OFF, ""), ("ben", S.RINGING, "")]


def test_pausing_while_it_rings_withdraws_the_offer() -> None:
    events = ringing_floor().feed(Pause(EVA, "meal"), now=101.0)

    assert states(events) == [("eva", S.PAUSED, "meal"), ("ben", S.RINGING, "")]


def test_ready_while_it_rings_changes_nothing() -> None:
    assert ringing_floor().feed(Ready(EVA), now=101.0) == []


def test_what_is_chosen_while_talking_is_done_after_the_wrap_up() -> None:
    floor = talking_floor()

    assert floor.feed(Pause(EVA, "meal"), now=110.0) == []
    floor.feed(AgentLeft(C1, EVA), now=120.0)
    assert floor.tick(now=140.0) == [AgentChanged(EVA, S.PAUSED, "meal")]


def test_finishing_the_wrap_up_keeps_what_was_chosen_while_talking() -> None:
    floor = talking_floor()
    floor.feed(SignOut(EVA), now=110.0)
    floor.feed(AgentLeft(C1, EVA), now=120.0)

    assert floor.feed(FinishWrapUp(EVA), now=121.0) == [AgentChanged(EVA, S.OFF)]
    assert floor.deadline is None
    assert floor.feed(FinishWrapUp(EVA), now=122.0) == []


def test_without_wrap_up_the_agent_is_ready_at_once() -> None:
    floor = lone_floor(wrap_up_s=0.0)
    queue_up(floor, "c-1", now=1.0)
    queue_up(floor, "c-2", now=2.0)
    floor.feed(Accept(C1, EVA, O1), now=3.0)

    events = floor.feed(AgentLeft(C1, EVA), now=9.0)

    assert states(events) == [("eva", S.READY, ""), ("eva", S.RINGING, "")]
    assert offers(events) == [("c-2", "eva")]


def test_a_busy_or_unregistered_phone_is_not_offered_calls() -> None:
    floor = build_floor()
    floor.feed(SignIn(EVA), now=0.0)
    floor.feed(Ready(EVA), now=0.0)
    assert offers(queue_up(floor, "c-1", now=1.0)) == []

    assert offers(floor.feed(PhoneChanged(EVA, registered=True, busy=True), now=2.0)) == []
    freed = floor.feed(PhoneChanged(EVA, registered=True, busy=False), now=3.0)
    assert offers(freed) == [("c-1", "eva")]


def test_an_agent_whose_phone_gets_busy_leaves_the_pool() -> None:
    floor = lone_floor()
    floor.feed(PhoneChanged(EVA, registered=True, busy=True), now=1.0)

    assert offers(queue_up(floor, "c-1", now=2.0)) == []


def test_a_phone_that_vanishes_while_it_rings_fails_the_offer() -> None:
    events = ringing_floor().feed(PhoneChanged(EVA, registered=False, busy=False), now=101.0)

    assert events[0] == OfferFailed(C1, ORDERS, EVA, O1, OfferFailure.UNREACHABLE)
    assert states(events) == [("eva", S.PAUSED, "unreachable"), ("ben", S.RINGING, "")]


def auto_floor() -> Floor:
    floor = build_floor(auto_ready=True)
    floor.feed(PhoneChanged(EVA, registered=True, busy=False), now=0.0)
    return floor


def test_auto_ready_makes_a_registered_phone_ready_and_a_lost_one_off() -> None:
    floor = build_floor(auto_ready=True)

    came = floor.feed(PhoneChanged(EVA, registered=True, busy=False), now=0.0)
    assert states(came) == [("eva", S.PAUSED, "signed_in"), ("eva", S.READY, "")]
    gone = floor.feed(PhoneChanged(EVA, registered=False, busy=False), now=1.0)
    assert states(gone) == [("eva", S.OFF, "")]


def test_auto_ready_does_not_wake_who_missed_a_call_on_a_refreshed_registration() -> None:
    floor = auto_floor()
    queue_up(floor, "c-1", now=1.0)
    floor.tick(now=16.0)

    assert floor.feed(PhoneChanged(EVA, registered=True, busy=False), now=20.0) == []
    assert floor.state_of(EVA) is S.PAUSED


def test_auto_ready_wakes_who_missed_a_call_when_the_phone_comes_back() -> None:
    floor = auto_floor()
    queue_up(floor, "c-1", now=1.0)
    gone = floor.feed(PhoneChanged(EVA, registered=False, busy=False), now=2.0)
    assert states(gone) == [("eva", S.PAUSED, "unreachable"), ("eva", S.OFF, "")]

    back = floor.feed(PhoneChanged(EVA, registered=True, busy=False), now=3.0)
    assert offers(back) == [("c-1", "eva")]


def test_auto_ready_lets_the_talk_and_its_wrap_up_end_before_a_lost_phone_is_off() -> None:
    floor = auto_floor()
    offer = last_offer(queue_up(floor, "c-1", now=1.0))
    floor.feed(Accept(C1, EVA, offer.offer_id), now=2.0)

    assert floor.feed(PhoneChanged(EVA, registered=False, busy=False), now=3.0) == []
    assert states(floor.feed(AgentLeft(C1, EVA), now=9.0)) == [("eva", S.WRAP_UP, "")]
    assert states(floor.tick(now=29.0))[-1] == ("eva", S.OFF, "")


def test_auto_ready_makes_who_signs_in_by_hand_ready_too() -> None:
    floor = auto_floor()
    floor.feed(SignOut(EVA), now=1.0)

    assert states(floor.feed(SignIn(EVA), now=2.0))[-1] == ("eva", S.READY, "")
    assert floor.feed(SignIn(EVA), now=3.0) == []


def test_a_caller_is_told_the_place_at_entry_and_at_each_interval() -> None:
    options = QueueOptions(skills={"orders": 1}, announce_position_every_s=30.0)
    floor = build_floor(queues={ORDERS: options})
    queue_up(floor, "c-1", now=0.0)

    assert queue_up(floor, "c-2", now=5.0)[-1] == PositionTold(C2, ORDERS, 2)
    assert floor.tick(now=30.0) == [PositionTold(C1, ORDERS, 1)]
    floor.feed(CallerLeft(C1), now=31.0)
    assert floor.tick(now=35.0) == [PositionTold(C2, ORDERS, 1)]
    assert floor.deadline == 65.0


def test_who_waits_is_told_the_place_at_the_interval_that_was_changed_meanwhile() -> None:
    silent = QueueOptions(skills={"orders": 1})
    floor = build_floor(queues={ORDERS: silent})
    queue_up(floor, "c-1", now=0.0)

    floor.feed(ChangeQueue(ORDERS, replace(silent, announce_position_every_s=300.0)), now=20.0)
    assert floor.tick(now=319.9) == []
    assert floor.tick(now=320.0) == [PositionTold(C1, ORDERS, 1)]
    often = replace(silent, announce_position_every_s=30.0)
    floor.feed(ChangeQueue(ORDERS, often), now=330.0)
    floor.feed(ChangeQueue(ORDERS, replace(often, wrap_up_s=5.0)), now=350.0)
    assert floor.tick(now=360.0) == [PositionTold(C1, ORDERS, 1)], "another change defers nothing"
    floor.feed(ChangeQueue(ORDERS, silent), now=370.0)
    assert floor.tick(now=590.0) == []


def test_a_caller_at_whose_agent_it_rings_is_not_told_a_place() -> None:
    floor = lone_floor(announce_position_every_s=10.0)

    events = queue_up(floor, "c-1", now=0.0)

    assert not [e for e in events if isinstance(e, PositionTold)]
    assert floor.tick(now=10.0) == []
    assert PositionTold(C1, ORDERS, 1) in floor.tick(now=20.0), "it rang in vain until 15.0"


def test_who_was_free_first_gets_the_call_when_a_tick_comes_late() -> None:
    floor = lone_floor(max_wait_s=30.0, wrap_up_s=20.0)
    queue_up(floor, "c-1", now=0.0)
    floor.feed(Accept(C1, EVA, O1), now=1.0)
    queue_up(floor, "c-2", now=2.0)
    floor.feed(AgentLeft(C1, EVA), now=11.0)

    assert offers(floor.tick(now=40.0)) == [("c-2", "eva")], "free at 31.0, overflow due at 32.0"


def test_positions_count_the_same_queue_only_and_waiting_callers_only() -> None:
    floor = build_floor(
        card(EVA, orders=1),
        queues={ORDERS: QueueOptions(skills={"orders": 1}), REPAIRS: QueueOptions()},
    )
    seat(floor, EVA, now=0.0)
    queue_up(floor, "c-1", now=1.0)
    queue_up(floor, "c-2", now=2.0, queue=REPAIRS)
    queue_up(floor, "c-3", now=3.0)

    assert [floor.position(c) for c in (C1, C2, C3)] == [None, 1, 1]
    assert floor.position(CallId("c-9")) is None
    assert [(v.call_id, v.agents) for v in floor.waiting(ORDERS)] == [(C1, (EVA,)), (C3, ())]


def test_the_floor_shows_its_agents() -> None:
    floor = ringing_floor()

    view = floor.agent(EVA)

    assert (view.state, view.call_id, view.offer_id, view.since) == (S.RINGING, C1, O1, 100.0)
    assert [v.agent_id for v in floor.agents()] == [EVA, BEN]
    assert floor.card_of(EVA).name == "Eva"
    assert floor.options_of(ORDERS).ring_s == 15.0


def test_a_call_that_ended_may_be_queued_again() -> None:
    floor = talking_floor()
    floor.feed(AgentLeft(C1, EVA), now=110.0)

    assert offers(queue_up(floor, "c-1", now=111.0)) == [("c-1", "ben")]


def test_who_does_not_exist_is_not_found() -> None:
    floor = build_floor()

    with pytest.raises(NotFound, match="no agent 'max'"):
        floor.feed(Ready(AgentId("max")), now=0.0)
    with pytest.raises(NotFound, match="no queue 'sales'"):
        floor.feed(Enqueue(C1, QueueId("sales")), now=0.0)


@pytest.mark.parametrize("given", [Ready(EVA), Pause(EVA, "meal")])
def test_who_is_not_signed_in_cannot_be_ready_or_paused(given: Ready | Pause) -> None:
    with pytest.raises(Conflict, match="eva is not signed in"):
        build_floor().feed(given, now=0.0)


def test_a_call_cannot_be_queued_twice() -> None:
    floor = build_floor()
    queue_up(floor, "c-1", now=0.0)

    with pytest.raises(IllegalTransition):
        queue_up(floor, "c-1", now=1.0)


def test_the_floor_is_a_machine_for_the_driver() -> None:
    machine: Machine[AcdInput, AcdEvent] = build_floor()

    assert machine.feed(Enqueue(C1, ORDERS), 0.0) == [CallQueued(C1, ORDERS)]
    assert machine.deadline == 600.0
