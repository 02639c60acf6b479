"""Who is served before whom: urgency, tiers, ageing, relaxing needs, sticky agents, overflow."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.agent import Assignment
from acd.events import (
    AcdEvent,
    AgentState,
    CallOverflowed,
    CallQueued,
    OfferFailure,
    OverflowCause,
    PositionTold,
    Priority,
    SurgeChanged,
)
from acd.floor import Floor
from acd.inputs import (
    Accept,
    AgentLeft,
    CallerLeft,
    ChangeAgent,
    ChangeQueue,
    Decline,
    Enqueue,
    Move,
    Pause,
    Promote,
    Ready,
    RemoveAgent,
    SignOut,
)
from acd.kept import KeptAgent, KeptCaller
from acd.matching import MAX_LINEUPS
from acd.options import (
    AgentCard,
    AgentOptions,
    QueueOptions,
    Relaxation,
    Selection,
    ServiceLevel,
    ServiceOrder,
    Strategy,
    Surge,
)
from acd.requirement import parse_requirement
from foundation.errors import ConfigurationError, Conflict, NotFound
from foundation.ids import AgentId, CallId, OfferId, QueueId
from tests.support.floors import (
    BEN,
    EVA,
    ORDERS,
    REPAIRS,
    ZOE,
    build_floor,
    card,
    last_offer,
    numbered_offers,
    offers,
    queue_up,
    seat,
)


def line(floor: Floor, queue: QueueId = ORDERS) -> list[str]:
    return [caller.call_id for caller in floor.waiting(queue)]


def floor_of(
    *cards: AgentCard, selection: Selection = Selection.GREATEST_NEED, **queues: QueueOptions
) -> Floor:
    return Floor(
        {QueueId(name): options for name, options in queues.items()},
        cards,
        AgentOptions(selection=selection, order=ServiceOrder(tier_s={"gold": 300.0})),
        numbered_offers(),
    )


def cause_of(events: list[AcdEvent]) -> OverflowCause | None:
    return next((e.cause for e in events if isinstance(e, CallOverflowed)), None)


def take(floor: Floor, events: list[AcdEvent], now: float) -> list[AcdEvent]:
    offer = last_offer(events)
    return floor.feed(Accept(offer.call_id, offer.agent_id, offer.offer_id), now)


# -- urgency and ageing --------------------------------------------------------------------------


def test_urgency_and_tiers_are_head_starts() -> None:
    floor = floor_of(card(EVA, orders=1), orders=QueueOptions(max_wait_s=1e6))
    for at, (call, priority, tier) in enumerate(
        [
            ("usual", Priority.P3, ""),
            ("gold", Priority.P3, "gold"),
            ("p2", Priority.P2, ""),
            ("p1", Priority.P1, ""),
            ("p0", Priority.P0, ""),
            ("unknown tier", Priority.P3, "platinum"),
        ]
    ):
        floor.feed(Enqueue(CallId(call), ORDERS, priority, tier=tier), float(at))
    assert line(floor) == ["p0", "p1", "gold", "p2", "usual", "unknown tier"]


def test_who_has_waited_long_goes_before_the_urgent_who_came_late() -> None:
    floor = floor_of(card(EVA, orders=1), orders=QueueOptions(max_wait_s=1e6))
    queue_up(floor, "patient", 0.0)
    queue_up(floor, "p2 soon", 100.0, priority=Priority.P2)
    queue_up(floor, "p2 late", 200.0, priority=Priority.P2)
    assert line(floor) == ["p2 soon", "patient", "p2 late"]


arrivals = st.lists(
    st.tuples(
        st.floats(0, 20_000),
        st.sampled_from(list(Priority)),
        st.sampled_from(["", "gold", "silver"]),
        st.booleans(),
    ),
    min_size=2,
    max_size=12,
)


@given(arrivals, st.floats(0, 5_000))
def test_nobody_starves_after_the_longest_head_start_no_later_arrival_goes_ahead(
    callers: list[tuple[float, Priority, str, bool]], longest_s: float
) -> None:
    order = ServiceOrder(tier_s={"gold": 900.0, "silver": 9e9}, longest_s=longest_s)
    floor = Floor(
        {ORDERS: QueueOptions(max_wait_s=1e9)}, [], AgentOptions(order=order), numbered_offers()
    )
    came = sorted(callers, key=lambda caller: caller[0])
    for number, (at, priority, tier, front) in enumerate(came):
        floor.feed(Enqueue(CallId(f"c-{number}"), ORDERS, priority, front, tier), at)
    served = [int(call.removeprefix("c-")) for call in line(floor)]
    assert sorted(served) == list(range(len(came)))
    for place, earlier in enumerate(served):
        for ahead in served[:place]:
            assert came[ahead][0] <= came[earlier][0] + longest_s + 1e-6


def test_a_caller_becomes_more_urgent_and_the_time_waited_still_counts() -> None:
    floor = floor_of(card(EVA, orders=1), orders=QueueOptions(max_wait_s=1e6))
    queue_up(floor, "first", 0.0)
    queue_up(floor, "second", 10.0)
    queue_up(floor, "third", 20.0)
    floor.feed(Promote(CallId("third"), Priority.P0), 30.0)
    assert line(floor) == ["third", "first", "second"]
    floor.feed(Promote(CallId("second"), Priority.P0), 31.0)
    assert line(floor) == ["second", "third", "first"]
    floor.feed(Promote(CallId("second"), Priority.P3), 32.0)
    assert line(floor) == ["third", "first", "second"]


def test_a_moved_caller_keeps_the_time_waited() -> None:
    floor = build_floor(
        queues={ORDERS: QueueOptions(skills={"orders": 9}), REPAIRS: QueueOptions()},
    )
    queue_up(floor, "a", 0.0)
    queue_up(floor, "b", 5.0, REPAIRS)
    (moved,) = floor.feed(Move(CallId("a"), REPAIRS), 9.0)
    assert moved == CallOverflowed(CallId("a"), ORDERS, OverflowCause.MOVED, REPAIRS, 9.0)
    assert line(floor) == []
    floor.feed(Enqueue(CallId("a"), REPAIRS, waited_s=9.0), 9.0)
    assert line(floor, REPAIRS) == ["a", "b"]


@pytest.mark.parametrize("wrong", [Promote(CallId("x"), 1), Move(CallId("x"), ORDERS)])
def test_only_who_waits_can_be_moved_or_promoted(wrong: Promote | Move) -> None:
    with pytest.raises(Conflict, match="does not wait"):
        build_floor().feed(wrong, 0.0)


def test_a_caller_is_not_moved_to_a_queue_that_there_is_not() -> None:
    floor = build_floor()
    queue_up(floor, "a", 0.0)
    with pytest.raises(NotFound):
        floor.feed(Move(CallId("a"), QueueId("nowhere")), 1.0)
    assert line(floor) == ["a"]


# -- which caller a freed agent takes --------------------------------------------------------------


def two_queues(selection: Selection) -> Floor:
    floor = floor_of(
        card(EVA, orders=2, repairs=8),
        selection=selection,
        orders=QueueOptions(skills={"orders": 1}, service_level=ServiceLevel(within_s=90)),
        repairs=QueueOptions(skills={"repairs": 1}, service_level=ServiceLevel(within_s=120)),
    )
    queue_up(floor, "orders 0", 0.0)
    queue_up(floor, "repairs 10", 10.0, REPAIRS)
    return floor


@pytest.mark.parametrize(
    ("selection", "call"),
    [
        (Selection.GREATEST_NEED, "orders 0"),
        (Selection.SKILL_LEVEL, "repairs 10"),
        (Selection.SERVICE_OBJECTIVE, "orders 0"),
    ],
)
def test_a_freed_agent_takes_the_caller_of_the_selection(selection: Selection, call: str) -> None:
    assert offers(seat(two_queues(selection), EVA, 20.0)) == [(call, EVA)]


def test_service_objective_serves_the_queue_that_is_closest_to_missing_it() -> None:
    floor = floor_of(
        card(EVA, orders=1, repairs=1),
        selection=Selection.SERVICE_OBJECTIVE,
        orders=QueueOptions(service_level=ServiceLevel(within_s=60)),
        repairs=QueueOptions(service_level=ServiceLevel(within_s=15)),
    )
    queue_up(floor, "orders 0", 0.0)
    queue_up(floor, "repairs 40", 40.0, REPAIRS)
    assert offers(seat(floor, EVA, 41.0)) == [("repairs 40", EVA)]


# -- what is needed of an agent ------------------------------------------------------------------


def test_a_caller_with_a_wish_waits_for_an_agent_who_fulfils_it() -> None:
    floor = build_floor(card(EVA, orders=3), card(BEN, orders=3, cantonese=2))
    seat(floor, EVA, 0.0)
    wish = parse_requirement("cantonese")
    assert offers(floor.feed(Enqueue(CallId("a"), ORDERS, requires=wish), 1.0)) == []
    assert offers(queue_up(floor, "b", 2.0)) == [("b", EVA)]
    assert offers(seat(floor, BEN, 3.0)) == [("a", BEN)]


def test_positions_count_all_callers_of_the_queue_whatever_they_need() -> None:
    floor = build_floor(card(EVA, orders=3))
    floor.feed(Enqueue(CallId("a"), ORDERS, requires=parse_requirement("latin")), 0.0)
    queue_up(floor, "b", 1.0)
    assert (floor.position(CallId("a")), floor.position(CallId("b"))) == (1, 2)


def test_needs_are_relaxed_step_by_step_with_the_wait() -> None:
    relax = (
        Relaxation(30.0, parse_requirement("orders>=4")),
        Relaxation(60.0, parse_requirement("orders")),
    )
    options = QueueOptions(skills={"orders": 8}, relax=relax)
    floor = build_floor(card(EVA, orders=1), card(BEN, orders=5), queues={ORDERS: options})
    seat(floor, EVA, 0.0)
    seat(floor, BEN, 0.0)
    assert offers(queue_up(floor, "a", 0.0)) == []
    assert offers(queue_up(floor, "b", 1.0)) == []
    assert offers(floor.tick(29.9)) == []
    events = floor.tick(30.0)
    assert offers(events) == [("a", BEN)]
    take(floor, events, 31.0)
    assert offers(floor.tick(59.0)) == []
    assert offers(floor.tick(61.0)) == [("b", EVA)]


def test_given_steps_that_a_queue_gets_while_callers_wait_they_are_relaxed_in_their_time() -> None:
    strict = QueueOptions(skills={"orders": 8})
    floor = build_floor(card(EVA, orders=3), queues={ORDERS: strict})
    queue_up(floor, "c-1", 0)
    seat(floor, EVA, 10)
    later = replace(strict, relax=(Relaxation(60.0, parse_requirement("orders")),))
    assert offers(floor.feed(ChangeQueue(ORDERS, later), 20)) == []
    assert offers(floor.tick(59.9)) == []
    assert offers(floor.tick(60)) == [("c-1", EVA)]


def test_given_a_queue_that_changes_while_it_rings_the_next_wait_is_by_what_holds_then() -> None:
    strict = QueueOptions(skills={"orders": 8})
    floor = build_floor(card(EVA, orders=9), card(BEN, orders=3), queues={ORDERS: strict})
    seat(floor, EVA, 0)
    seat(floor, BEN, 0)
    offer = last_offer(queue_up(floor, "c-1", 1))
    floor.feed(ChangeQueue(ORDERS, QueueOptions(skills={"orders": 1})), 2)
    declined = Decline(offer.call_id, EVA, offer.offer_id, OfferFailure.DECLINED)
    assert offers(floor.feed(declined, 3)) == [("c-1", BEN)]


def test_what_was_relaxed_while_it_rang_is_relaxed_for_the_next_wait() -> None:
    relax = (Relaxation(10.0, parse_requirement("orders")),)
    options = QueueOptions(skills={"orders": 8}, relax=relax, ring_s=15.0)
    floor = build_floor(card(EVA, orders=1), card(BEN, orders=9), queues={ORDERS: options})
    seat(floor, EVA, 0.0)
    seat(floor, BEN, 0.0)
    assert offers(queue_up(floor, "a", 0.0)) == [("a", BEN)]
    assert offers(floor.tick(15.0)) == [("a", EVA)]


def test_the_last_agent_is_waited_for_and_then_any_other_will_do() -> None:
    options = QueueOptions(skills={"orders": 1}, sticky_s=20.0)
    floor = build_floor(card(EVA, orders=3), card(BEN, orders=3), queues={ORDERS: options})
    for agent in (EVA, BEN):
        seat(floor, agent, 0.0)
    talk = queue_up(floor, "a", 1.0)
    took = last_offer(talk).agent_id
    take(floor, talk, 1.0)
    again = floor.feed(Enqueue(CallId("b"), ORDERS, prefer=took), 2.0)
    assert offers(again) == [], "another is free, but the last one is preferred"
    other = BEN if took == EVA else EVA
    assert offers(floor.tick(22.0)) == [("b", other)]


def test_a_preferred_agent_who_is_free_is_offered_the_call_at_once() -> None:
    options = QueueOptions(skills={"orders": 1}, sticky_s=20.0)
    floor = build_floor(card(EVA, orders=9), card(BEN, orders=1), queues={ORDERS: options})
    for agent in (EVA, BEN):
        seat(floor, agent, 0.0)
    assert offers(floor.feed(Enqueue(CallId("a"), ORDERS, prefer=BEN), 1.0)) == [("a", BEN)]


def test_a_preferred_agent_who_is_not_signed_in_is_not_waited_for() -> None:
    options = QueueOptions(skills={"orders": 1}, sticky_s=20.0)
    floor = build_floor(queues={ORDERS: options})
    seat(floor, EVA, 0.0)
    nobody = AgentId("nobody")
    assert offers(floor.feed(Enqueue(CallId("a"), ORDERS, prefer=nobody), 1.0)) == [("a", EVA)]


# -- overflow ------------------------------------------------------------------------------------


def test_a_full_queue_lets_nobody_in_unless_an_agent_is_free() -> None:
    options = QueueOptions(skills={"orders": 1}, max_waiting=1)
    floor = build_floor(queues={ORDERS: options})
    assert cause_of(queue_up(floor, "a", 0.0)) is None
    events = queue_up(floor, "b", 1.0)
    assert events == [
        CallQueued(CallId("b"), ORDERS),
        CallOverflowed(CallId("b"), ORDERS, OverflowCause.FULL),
    ]
    assert line(floor) == ["a"]


def test_a_queue_of_size_none_takes_those_who_need_not_wait() -> None:
    options = QueueOptions(skills={"orders": 1}, max_waiting=0)
    floor = build_floor(queues={ORDERS: options})
    seat(floor, EVA, 0.0)
    assert offers(queue_up(floor, "a", 1.0)) == [("a", EVA)]
    assert cause_of(queue_up(floor, "b", 2.0)) is OverflowCause.FULL


def test_a_queue_without_agents_lets_nobody_in_when_it_needs_them() -> None:
    options = QueueOptions(skills={"orders": 1}, needs_agents=True)
    floor = build_floor(queues={ORDERS: options})
    assert cause_of(queue_up(floor, "a", 0.0)) is OverflowCause.NOBODY
    seat(floor, EVA, 1.0)
    assert offers(queue_up(floor, "b", 2.0)) == [("b", EVA)]
    assert cause_of(queue_up(floor, "c", 3.0)) is None, "somebody works, so there is hope"


def test_a_closed_queue_lets_nobody_in_and_serves_who_waits() -> None:
    floor = build_floor(queues={ORDERS: QueueOptions(), REPAIRS: QueueOptions()})
    queue_up(floor, "a", 0.0)
    queue_up(floor, "r", 0.0, REPAIRS)
    floor.feed(ChangeQueue(ORDERS, QueueOptions(is_closed=True)), 1.0)
    assert cause_of(queue_up(floor, "b", 2.0)) is OverflowCause.CLOSED
    with pytest.raises(Conflict, match="is closed"):
        floor.feed(Move(CallId("r"), ORDERS), 3.0)
    assert (line(floor), line(floor, REPAIRS)) == (["a"], ["r"])

    floor.feed(ChangeQueue(ORDERS, QueueOptions()), 4.0)
    assert cause_of(queue_up(floor, "c", 5.0)) is None
    assert line(floor) == ["a", "c"]


def test_who_would_wait_too_long_by_what_is_expected_is_not_let_in() -> None:
    options = QueueOptions(skills={"orders": 1}, max_expected_wait_s=200.0)
    floor = build_floor(card(EVA, orders=1), queues={ORDERS: options})
    seat(floor, EVA, 0.0)
    take(floor, queue_up(floor, "a", 0.0), 0.0)
    assert cause_of(queue_up(floor, "b", 1.0)) is None  # about one talk of 180 s
    assert cause_of(queue_up(floor, "c", 2.0)) is OverflowCause.EXPECTED


# -- backup agents -------------------------------------------------------------------------------


def test_backup_agents_join_in_a_surge_and_leave_when_it_is_well_over() -> None:
    backup = AgentCard(agent_id=ZOE, name="Zoe", skills={"orders": 9}, backup=True)
    options = QueueOptions(
        skills={"orders": 1}, wrap_up_s=0, surge=Surge(join_waiting=3, leave_waiting=1)
    )
    floor = build_floor(card(EVA, orders=1), backup, queues={ORDERS: options})
    seat(floor, ZOE, 0.0)
    assert offers(queue_up(floor, "a", 1.0)) == []
    assert offers(queue_up(floor, "b", 2.0)) == []
    events = queue_up(floor, "c", 3.0)
    assert SurgeChanged(ORDERS, is_on=True) in events
    assert offers(events) == [("a", ZOE)], "two are left, which is not few enough to end it"
    take(floor, events, 3.0)
    events = floor.feed(AgentLeft(CallId("a"), ZOE), 4.0)
    assert offers(events) == [("b", ZOE)]
    assert SurgeChanged(ORDERS, is_on=False) in events
    take(floor, events, 4.0)
    assert offers(floor.feed(AgentLeft(CallId("b"), ZOE), 5.0)) == []
    assert line(floor) == ["c"]


def test_backup_agents_are_let_go_when_the_queue_calls_in_none_any_more() -> None:
    backup = AgentCard(agent_id=ZOE, name="Zoe", skills={"orders": 9}, backup=True)
    options = QueueOptions(skills={"orders": 1}, surge=Surge(join_waiting=2, leave_waiting=0))
    floor = build_floor(backup, queues={ORDERS: options})
    queue_up(floor, "a", 1.0)
    assert SurgeChanged(ORDERS, is_on=True) in queue_up(floor, "b", 2.0)

    events = floor.feed(ChangeQueue(ORDERS, QueueOptions(skills={"orders": 1})), 3.0)

    assert SurgeChanged(ORDERS, is_on=False) in events
    assert offers(seat(floor, ZOE, 4.0)) == []


def test_a_surge_without_hysteresis_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="leave_waiting < join_waiting"):
        Surge(join_waiting=3, leave_waiting=3)


# -- live changes --------------------------------------------------------------------------------


def test_an_agent_who_learns_a_skill_is_offered_who_waits_for_it() -> None:
    floor = build_floor(card(EVA, repairs=1))
    seat(floor, EVA, 0.0)
    queue_up(floor, "a", 1.0)
    since = floor.agent(EVA).since
    assert offers(floor.feed(ChangeAgent(card(EVA, orders=2)), 5.0)) == [("a", EVA)]
    assert since == 0.0


def test_an_agent_who_loses_a_skill_keeps_the_talk_and_gets_no_other() -> None:
    floor = build_floor(card(EVA, orders=1), queues={ORDERS: QueueOptions(skills={"orders": 1})})
    seat(floor, EVA, 0.0)
    take(floor, queue_up(floor, "a", 1.0), 1.0)
    floor.feed(ChangeAgent(card(EVA)), 2.0)
    assert floor.agent(EVA).call_id == "a"
    queue_up(floor, "b", 3.0)
    floor.feed(AgentLeft(CallId("a"), EVA), 4.0)
    assert offers(floor.feed(Ready(EVA), 5.0)) == []


def test_a_new_agent_works_and_an_old_one_goes() -> None:
    floor = build_floor(card(EVA, orders=1))
    floor.feed(ChangeAgent(card(ZOE, orders=1)), 0.0)
    assert offers(seat(floor, ZOE, 1.0)) == []
    assert offers(queue_up(floor, "a", 2.0)) == [("a", ZOE)]
    with pytest.raises(Conflict, match="cannot be removed before signing out"):
        floor.feed(RemoveAgent(ZOE), 3.0)
    floor.feed(Pause(ZOE, "meal"), 4.0)
    floor.feed(SignOut(ZOE), 5.0)
    floor.feed(RemoveAgent(ZOE), 6.0)
    with pytest.raises(NotFound):
        floor.agent(ZOE)


def test_a_changed_queue_keeps_its_callers_at_their_places() -> None:
    floor = build_floor(card(EVA, orders=3), card(BEN, orders=3))
    seat(floor, EVA, 0.0)
    take(floor, queue_up(floor, "talk", 0.0), 0.0)
    for call, at in (("a", 1.0), ("b", 2.0)):
        queue_up(floor, call, at)
    strict = QueueOptions(skills={"orders": 5}, strategy=Strategy.TOP_DOWN)
    floor.feed(ChangeQueue(ORDERS, strict), 3.0)
    assert line(floor) == ["a", "b"]
    assert offers(seat(floor, BEN, 4.0)) == [], "level 3 does not do any more"
    mild = QueueOptions(skills={"orders": 1})
    assert offers(floor.feed(ChangeQueue(ORDERS, mild), 5.0)) == [("a", BEN)]


def test_a_new_queue_takes_callers_at_once() -> None:
    floor = build_floor(card(EVA, orders=1))
    seat(floor, EVA, 0.0)
    floor.feed(ChangeQueue(REPAIRS, QueueOptions()), 1.0)
    assert offers(queue_up(floor, "a", 2.0, REPAIRS)) == [("a", EVA)]


# -- what is told of the wait --------------------------------------------------------------------


def told(events: list[AcdEvent]) -> list[tuple[int, float | None, bool]]:
    return [(e.position, e.expected_s, e.is_longer) for e in events if isinstance(e, PositionTold)]


def test_the_wait_is_told_in_rounded_seconds_and_never_rises() -> None:
    options = QueueOptions(
        skills={"orders": 1}, announce_position_every_s=30.0, wrap_up_s=0, max_wait_s=9e5
    )
    floor = build_floor(card(EVA, orders=1), card(BEN, orders=1), queues={ORDERS: options})
    assert told(queue_up(floor, "early", 0.0)) == [(1, None, False)], "nobody is there"
    talks = {}
    for agent in (EVA, BEN):
        seat(floor, agent, 0.0)
    floor.feed(CallerLeft(CallId("early")), 0.0)
    for call in ("x", "y"):
        events = queue_up(floor, call, 1.0)
        talks[last_offer(events).agent_id] = CallId(call)
        take(floor, events, 1.0)
    assert told(queue_up(floor, "a", 3.0)) == [(1, 120.0, False)], "a talk of 180 s, two agents"
    floor.feed(SignOut(BEN), 4.0)
    floor.feed(AgentLeft(talks[BEN], BEN), 4.0)
    assert told(floor.tick(33.0)) == [(1, None, True)], "with one agent it takes longer"


def test_the_told_wait_does_not_rise_over_a_restart_either() -> None:
    options = QueueOptions(announce_position_every_s=30.0)
    floor = build_floor(card(EVA), queues={ORDERS: options})
    talker = KeptAgent(
        agent_id=EVA,
        state=AgentState.TALKING,
        since=0.0,
        assignment=Assignment(CallId("c-talk"), ORDERS, OfferId("o-talk")),
    )
    talk = KeptCaller(
        call_id=CallId("c-talk"),
        queue=ORDERS,
        priority=0,
        entered_at=0.0,
        offers={EVA: OfferId("o-talk")},
        is_answered=True,
    )
    waits = KeptCaller(call_id=CallId("c-1"), queue=ORDERS, priority=0, entered_at=0.0, told_s=60.0)
    floor.restore([talker], [talk, waits], 10.0)

    [told] = [event for event in floor.tick(60.0) if isinstance(event, PositionTold)][:1]

    assert (told.expected_s, told.is_longer) == (None, True), "not 3 minutes, after one was told"


@given(
    st.lists(
        st.tuples(st.floats(0, 500), st.sampled_from([ORDERS, REPAIRS])), min_size=2, max_size=10
    )
)
def test_queues_that_share_an_agent_are_served_by_entry_whatever_the_queue(
    callers: list[tuple[float, QueueId]],
) -> None:
    options = QueueOptions(wrap_up_s=0.0, max_wait_s=1e6, ring_s=1e6)
    floor = build_floor(card(EVA), queues={ORDERS: options, REPAIRS: options})
    came = sorted(callers, key=lambda caller: caller[0])
    for number, (at, queue) in enumerate(came):
        queue_up(floor, f"c-{number}", at, queue)
    events, served = seat(floor, EVA, 600.0), []
    while offered := offers(events):
        [(call, _)] = offered
        served.append(call)
        offer = last_offer(events).offer_id
        floor.feed(Accept(CallId(call), EVA, offer), 601.0)
        events = floor.feed(AgentLeft(CallId(call), EVA), 602.0)
    assert served == [f"c-{number}" for number in range(len(came))]


def test_how_far_the_expectation_was_off_is_kept() -> None:
    options = QueueOptions(skills={"orders": 1}, wrap_up_s=0)
    floor = build_floor(card(EVA, orders=1), queues={ORDERS: options})
    seat(floor, EVA, 0.0)
    assert floor.expectation_error(ORDERS) is None
    take(floor, queue_up(floor, "a", 0.0), 0.0)
    queue_up(floor, "b", 10.0)
    take(floor, floor.feed(AgentLeft(CallId("a"), EVA), 100.0), 100.0)
    accuracy = floor.expectation_error(ORDERS)
    assert accuracy is not None
    assert accuracy.count == 2
    assert accuracy.p90_s == pytest.approx(90.0)  # 180 s were expected, 90 s it took


def test_wishes_that_nobody_has_any_more_are_given_up_and_places_stay() -> None:
    floor = build_floor(card(EVA, orders=1))
    floor.feed(Enqueue(CallId("stays"), ORDERS, requires=parse_requirement("latin")), 0.0)
    for number in range(MAX_LINEUPS + 10):
        call_id, wish = CallId(f"c-{number}"), parse_requirement(f"skill{number}")
        floor.feed(Enqueue(call_id, ORDERS, requires=wish), 1.0)
        floor.feed(CallerLeft(call_id), 1.0)
    queue_up(floor, "plain", 2.0)
    assert line(floor) == ["stays", "plain"]
    assert offers(seat(floor, EVA, 3.0)) == [("plain", EVA)]
    assert offers(floor.feed(ChangeAgent(card(EVA, orders=1, latin=1)), 4.0)) == []
