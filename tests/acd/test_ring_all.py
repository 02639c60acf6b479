"""A queue that rings all: who is offered a caller beside whom, and what becomes of the others."""

from acd.agent import RONA
from acd.events import (
    AcdEvent,
    AgentAnswered,
    AgentState,
    CallAbandoned,
    CallOverflowed,
    OfferFailed,
    OfferFailure,
)
from acd.floor import Floor
from acd.inputs import Accept, CallerLeft, Decline, Ready, SignOut
from acd.options import QueueOptions, Strategy
from acd.simulation.day import play
from acd.simulation.scenario import Demand, Duration, Scenario, Shift
from foundation.ids import CallId, OfferId
from tests.support.floors import (
    BEN,
    EVA,
    ORDERS,
    REPAIRS,
    ZOE,
    build_floor,
    card,
    offers,
    queue_up,
    seat,
    states,
)

C1 = CallId("c-1")
ALL = QueueOptions(strategy=Strategy.RING_ALL, ring_s=15.0, max_wait_s=60.0)


def open_floor(options: QueueOptions = ALL) -> Floor:
    queues = {ORDERS: options, REPAIRS: QueueOptions(skills={"repairs": 1})}
    floor = build_floor(card(EVA, orders=1), card(BEN), card(ZOE, repairs=1), queues=queues)
    for at, agent_id in enumerate((EVA, BEN, ZOE)):
        seat(floor, agent_id, float(at))
    return floor


def failures(events: list[AcdEvent]) -> list[tuple[str, OfferFailure]]:
    return [(event.agent_id, event.why) for event in events if isinstance(event, OfferFailed)]


def test_all_who_are_free_are_offered_the_caller_in_the_order_of_their_idle_time() -> None:
    assert offers(queue_up(open_floor(), C1, 10.0)) == [(C1, EVA), (C1, BEN), (C1, ZOE)]


def test_at_most_so_many_as_the_queue_says_are_rung() -> None:
    floor = open_floor(QueueOptions(strategy=Strategy.RING_ALL, ring_all_most=2))
    assert offers(queue_up(floor, C1, 10.0)) == [(C1, EVA), (C1, BEN)]
    declined = floor.feed(Decline(C1, EVA, OfferId("o-1"), OfferFailure.DECLINED), 11.0)
    assert offers(declined) == [(C1, ZOE)], "the next one rings in his place"


def test_first_who_accepts_has_the_caller_and_nothing_has_happened_to_the_others() -> None:
    floor = open_floor()
    queue_up(floor, C1, 10.0)

    events = floor.feed(Accept(C1, BEN, OfferId("o-2")), 12.0)

    assert failures(events) == [(EVA, OfferFailure.TAKEN), (ZOE, OfferFailure.TAKEN)]
    assert AgentAnswered(C1, ORDERS, BEN) in events
    assert states(events)[1:] == [(EVA, AgentState.READY, ""), (ZOE, AgentState.READY, "")]
    assert floor.feed(Accept(C1, EVA, OfferId("o-1")), 12.0) == [], "too late"
    assert offers(queue_up(floor, "c-2", 13.0)) == [("c-2", EVA), ("c-2", ZOE)], "idle as before"


def test_each_caller_has_a_phone_before_any_has_two() -> None:
    floor = open_floor()
    queue_up(floor, C1, 10.0)
    for call in ("c-2", "c-3"):
        queue_up(floor, call, 11.0)

    events = floor.feed(Accept(C1, BEN, OfferId("o-2")), 12.0)
    assert offers(events) == [("c-2", EVA), ("c-3", ZOE)]

    events = floor.feed(CallerLeft(CallId("c-2")), 13.0)
    assert offers(events) == [("c-3", EVA)], "and then the spare ones ring for the oldest"


def test_caller_of_whom_all_decline_keeps_the_place_and_nobody_is_rung_again_unasked() -> None:
    floor = open_floor()
    queue_up(floor, C1, 10.0)
    queue_up(floor, "c-2", 11.0)
    floor.feed(Decline(C1, EVA, OfferId("o-1"), OfferFailure.DECLINED), 12.0)
    assert floor.position(C1) is None, "it rings elsewhere"

    events = floor.tick(25.0)

    assert failures(events) == [(BEN, OfferFailure.NO_ANSWER), (ZOE, OfferFailure.NO_ANSWER)]
    assert (floor.position(C1), floor.position(CallId("c-2"))) == (1, 2)
    assert {view.reason for view in floor.agents()} == {RONA}
    assert offers(floor.feed(Ready(BEN), 30.0)) == [(C1, BEN)]


def test_all_offers_end_with_the_caller() -> None:
    floor = open_floor()
    queue_up(floor, C1, 10.0)
    events = floor.feed(CallerLeft(C1), 11.0)
    assert {why for _, why in failures(events)} == {OfferFailure.WITHDRAWN}
    assert len(failures(events)) == 3
    assert CallAbandoned(C1, ORDERS) in events


def test_who_signs_out_leaves_the_others_ringing() -> None:
    floor = open_floor()
    queue_up(floor, C1, 10.0)
    events = floor.feed(SignOut(EVA), 11.0)
    assert failures(events) == [(EVA, OfferFailure.WITHDRAWN)]
    assert floor.is_current(OfferId("o-2"))


def test_nobody_else_is_rung_when_the_caller_has_waited_so_long_as_he_may() -> None:
    floor = open_floor(QueueOptions(strategy=Strategy.RING_ALL, ring_s=90.0, max_wait_s=60.0))
    floor.feed(SignOut(ZOE), 5.0)
    queue_up(floor, C1, 10.0)
    floor.tick(70.0)

    assert offers(seat(floor, ZOE, 71.0)) == []
    assert CallOverflowed(C1, ORDERS) in floor.tick(100.0)


def test_a_simulated_day_rings_all_and_each_caller_is_answered_once() -> None:
    scenario = Scenario(
        queues={ORDERS: ALL},
        demands=(Demand(queue=ORDERS, calls=(60.0,), handle=Duration(mean_s=60.0)),),
        shifts=tuple(Shift(card=card(each), begin_s=0.0, end_s=7200.0) for each in (EVA, BEN, ZOE)),
        pick_up=Duration(mean_s=2.0),
    )
    [cell] = play(scenario, seed=1).cells[ORDERS]
    assert cell.offered == cell.answered + cell.overflowed
    assert cell.answered > 40
