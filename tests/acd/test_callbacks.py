"""Callbacks on the floor: their place, their agent, their tries, their end."""

import pytest

from acd.events import (
    AgentAnswered,
    AgentOffered,
    AgentState,
    CallbackDue,
    CallbackFailure,
    CallbackGivenUp,
    CallbackQueued,
    CallbackReached,
    CallbackUnreached,
    CallLeftForCallback,
    CallOverflowed,
    CallQueued,
    OfferFailure,
    PositionTold,
)
from acd.floor import Floor
from acd.inputs import (
    Accept,
    AgentLeft,
    CallerLeft,
    CancelCallback,
    ChangeQueue,
    Decline,
    FinishWrapUp,
    LeaveForCallback,
    MoveCallback,
    PartyReached,
    PartyUnreached,
    Pause,
    PhoneChanged,
    QueueCallback,
    Ready,
    SignOut,
)
from acd.options import CallbackOptions, QueueOptions, Relaxation
from acd.requirement import parse_requirement
from foundation.errors import (
    ConfigurationError,
    Conflict,
    IllegalTransition,
    NotFound,
    RemoteError,
)
from foundation.ids import CallbackId, CallId, OfferId, PartyId, QueueId
from tests.support.floors import (
    BEN,
    EVA,
    ORDERS,
    REPAIRS,
    build_floor,
    card,
    last_offer,
    offers,
    queue_up,
    seat,
    states,
)

B1, B2, B3 = CallbackId("b-1"), CallbackId("b-2"), CallbackId("b-3")
BACK = CallId("c-back")
OPTIONS = QueueOptions(skills={"orders": 1}, callbacks=CallbackOptions())
READY, RINGING, PAUSED = AgentState.READY, AgentState.RINGING, AgentState.PAUSED
FAILURES = CallbackFailure


def office(*agents: str, options: QueueOptions = OPTIONS) -> Floor:
    cards = [card(each, orders=3) for each in (EVA, BEN) if not agents or each in agents]
    return build_floor(*cards, queues={ORDERS: options, REPAIRS: QueueOptions()})


def ask(
    floor: Floor, now: float, callback_id: CallbackId = B1, party: str = "p-1", waited_s: float = 0
) -> list[object]:
    given = QueueCallback(callback_id, PartyId(party), ORDERS, waited_s=waited_s)
    return [*floor.feed(given, now)]


def dues(events: list[object]) -> list[tuple[str, str]]:
    return [(e.callback_id, e.agent_id) for e in events if isinstance(e, CallbackDue)]


def due(events: list[object]) -> CallbackDue:
    return next(e for e in events if isinstance(e, CallbackDue))


def failed(
    floor: Floor, tried: CallbackDue, now: float, why: CallbackFailure = FAILURES.NO_ANSWER
) -> list[object]:
    return [*floor.feed(PartyUnreached(tried.callback_id, tried.offer_id, why), now)]


def test_given_a_free_agent_he_is_reserved_before_anybody_is_dialled() -> None:
    floor = office(EVA)
    seat(floor, EVA, 0)
    events = ask(floor, 1)
    assert isinstance(events[0], CallbackQueued)
    assert dues(events) == [(B1, EVA)]
    view = floor.agent(EVA)
    assert (view.state, view.call_id) == (RINGING, CallId(B1))
    assert offers(queue_up(floor, "c-1", 2)) == [], "the reserved agent is nobody else's"


@pytest.mark.parametrize("options", [None, CallbackOptions(max_pending=1)])
def test_what_an_earlier_floor_promised_is_kept_though_the_queue_takes_no_more(
    options: CallbackOptions | None,
) -> None:
    floor = office(EVA, options=QueueOptions(callbacks=options))
    for callback_id, party in ((B1, "p-1"), (B2, "p-2")):
        again = QueueCallback(callback_id, PartyId(party), ORDERS, is_promised=True)
        [told] = floor.feed(again, 1)
        assert isinstance(told, CallbackQueued)
    with pytest.raises(Conflict, match="to be called back"):
        floor.feed(QueueCallback(B3, PartyId("p-1"), ORDERS, is_promised=True), 1)
    with pytest.raises(Conflict):
        ask(floor, 1, B3, "p-3")
    assert dues([*seat(floor, EVA, 2)]) == [(B1, EVA)]


def test_not_more_are_dialled_than_agents_are_free() -> None:
    floor = office()
    for number in range(9):
        ask(floor, number, CallbackId(f"b-{number}"), f"p-{number}")
    assert dues([*seat(floor, EVA, 10)]) == [("b-0", EVA)]
    assert dues([*seat(floor, BEN, 11)]) == [("b-1", BEN)]


def test_live_callers_of_older_and_of_the_same_age_go_before_and_younger_ones_after() -> None:
    floor = office(EVA)
    queue_up(floor, "c-old", 0)
    ask(floor, 5)
    queue_up(floor, "c-same", 5)
    queue_up(floor, "c-young", 6)
    served: list[str] = []
    events = [*seat(floor, EVA, 10)]
    for now in range(20, 60, 10):
        due_now = [e for e in events if isinstance(e, CallbackDue)]
        if due_now:
            served.append(due_now[0].callback_id)
            events = [*floor.feed(PartyReached(B1, BACK), now)]
        offer = last_offer(events)
        if offer.call_id != BACK:
            served.append(offer.call_id)
        floor.feed(Accept(offer.call_id, EVA, offer.offer_id), now)
        floor.feed(AgentLeft(offer.call_id, EVA), now)
        events = [*floor.feed(FinishWrapUp(EVA), now)]
    assert served == ["c-old", "c-same", "b-1", "c-young"]


def test_who_leaves_the_queue_keeps_the_entry_time_and_is_counted_apart() -> None:
    floor = office(EVA)
    queue_up(floor, "c-1", 0)
    queue_up(floor, "c-2", 10)
    events = floor.feed(LeaveForCallback(CallId("c-1"), B1, PartyId("p-1")), 100)
    assert events == [
        CallLeftForCallback(CallId("c-1"), ORDERS, B1),
        CallbackQueued(B1, PartyId("p-1"), ORDERS, waited_s=100.0, give_up_in_s=28_700.0),
    ]
    assert floor.feed(CallerLeft(CallId("c-1")), 101) == [], "no abandon"
    assert floor.position(CallId("c-2")) == 2
    assert dues([*seat(floor, EVA, 200)]) == [(B1, EVA)]


def test_who_is_reached_has_the_reserved_agents_phone_rung_at_once() -> None:
    floor = office(EVA)
    seat(floor, EVA, 0)
    ask(floor, 1, waited_s=50)
    events = floor.feed(PartyReached(B1, BACK), 11)
    assert events[0] == CallbackReached(B1, ORDERS, BACK)
    assert events[1] == CallQueued(BACK, ORDERS, waited_s=60.0)
    assert offers(events) == [(BACK, EVA)]
    assert floor.state_of(EVA) is RINGING
    offer = last_offer(events)
    assert AgentAnswered(BACK, ORDERS, EVA) in floor.feed(Accept(BACK, EVA, offer.offer_id), 12)
    assert not floor.has_callback(B1)


def test_given_the_agent_does_not_pick_up_the_party_is_served_before_the_others() -> None:
    floor = office()
    seat(floor, EVA, 0)
    ask(floor, 1)
    queue_up(floor, "c-1", 2)
    offer = last_offer(floor.feed(PartyReached(B1, BACK), 10))
    events = floor.feed(Decline(BACK, EVA, offer.offer_id, OfferFailure.DECLINED), 15)
    assert (EVA, PAUSED, "rona") in states(events)
    assert offers(seat(floor, BEN, 20)) == [(BACK, BEN)]


def test_an_agent_who_dialled_meanwhile_is_not_rung_and_not_paused() -> None:
    floor = office()
    seat(floor, EVA, 0)
    ask(floor, 1)
    floor.feed(PhoneChanged(EVA, registered=True, busy=True), 5)
    events = floor.feed(PartyReached(B1, BACK), 10)
    assert offers(events) == []
    assert floor.state_of(EVA) is READY
    assert floor.position(BACK) == 1
    assert offers(seat(floor, BEN, 12)) == [(BACK, BEN)]


def test_unreached_the_agent_is_free_without_rona_and_as_idle_as_before() -> None:
    floor = office()
    seat(floor, EVA, 0)
    seat(floor, BEN, 1)
    tried = due(ask(floor, 2))
    events = failed(floor, tried, 30)
    assert events == [
        CallbackUnreached(B1, ORDERS, EVA, tried.offer_id, FAILURES.NO_ANSWER, tries=1),
        *[e for e in events if type(e).__name__ == "AgentChanged"],
    ]
    assert floor.agent(EVA).state is READY
    assert offers(queue_up(floor, "c-1", 31)) == [("c-1", EVA)], "still the longest idle"


def test_two_tries_with_a_rest_between_them_and_never_a_third() -> None:
    floor = office(EVA)
    seat(floor, EVA, 0)
    first = due(ask(floor, 0))
    failed(floor, first, 40)
    assert floor.tick(339.9) == []
    second = due([*floor.tick(340)])
    assert second.offer_id != first.offer_id
    assert failed(floor, first, 341) == [], "an old try is over"
    events = failed(floor, second, 350, FAILURES.BUSY)
    assert events[1] == CallbackGivenUp(B1, ORDERS, FAILURES.BUSY)
    assert floor.tick(100_000) == []
    assert floor.deadline is None


def test_the_place_is_kept_over_a_try() -> None:
    floor = office(EVA)
    seat(floor, EVA, 0)
    failed(floor, due(ask(floor, 0)), 10)
    floor.feed(Pause(EVA, "meal"), 20)
    queue_up(floor, "c-1", 30)
    assert floor.position(CallId("c-1")) == 1, "who rests is in nobody's way"
    floor.tick(310)
    assert floor.position(CallId("c-1")) == 2
    assert dues([*floor.feed(Ready(EVA), 320)]) == [(B1, EVA)]


def test_a_try_ends_by_itself_after_ring_s() -> None:
    floor = office(EVA)
    seat(floor, EVA, 0)
    tried = due(ask(floor, 0))
    assert floor.tick(39.9) == []
    events = floor.tick(40)
    unreached = CallbackUnreached(B1, ORDERS, EVA, tried.offer_id, FAILURES.NO_ANSWER, tries=1)
    assert events[0] == unreached
    assert floor.state_of(EVA) is READY


@pytest.mark.parametrize(
    ("given", "state"),
    [
        (Pause(EVA, "meal"), AgentState.PAUSED),
        (SignOut(EVA), AgentState.OFF),
        (PhoneChanged(EVA, registered=False, busy=False), AgentState.READY),
    ],
)
def test_an_agent_who_leaves_costs_the_party_no_try(given: Pause, state: AgentState) -> None:
    floor = office(EVA)
    seat(floor, EVA, 0)
    tried = due(ask(floor, 0))
    events = floor.feed(given, 10)
    assert events[0] == CallbackUnreached(
        B1, ORDERS, EVA, tried.offer_id, FAILURES.AGENT_LEFT, tries=0
    )
    assert floor.state_of(EVA) is state
    assert floor.agent(EVA).reason != "rona"
    # Who picks up in the last moment is a caller who waits, and is not dialled again.
    events = floor.feed(PartyReached(B1, BACK), 10)
    assert [type(e).__name__ for e in events] == ["CallbackReached", "CallQueued"]
    assert not floor.has_callback(B1)


def test_a_party_has_one_callback_in_a_queue() -> None:
    floor = office(EVA)
    ask(floor, 0)
    with pytest.raises(Conflict, match="already: b-1"):
        ask(floor, 1, B2)
    queue_up(floor, "c-1", 2)
    with pytest.raises(Conflict, match="already: b-1"):
        floor.feed(LeaveForCallback(CallId("c-1"), B2, PartyId("p-1")), 3)
    assert floor.position(CallId("c-1")) == 2, "still waits"
    ask(floor, 4, B3, "p-2")
    with pytest.raises(IllegalTransition):
        ask(floor, 5, B3, "p-3")


def test_queues_that_call_nobody_back_or_too_many_refuse() -> None:
    floor = office(options=QueueOptions(callbacks=CallbackOptions(max_pending=1)))
    with pytest.raises(Conflict, match="Nobody is called back"):
        floor.feed(QueueCallback(B1, PartyId("p-1"), REPAIRS), 0)
    with pytest.raises(NotFound):
        floor.feed(QueueCallback(B1, PartyId("p-1"), QueueId("none")), 0)
    ask(floor, 0)
    with pytest.raises(Conflict, match="1 are to be called back"):
        ask(floor, 1, B2, "p-2")
    with pytest.raises(Conflict, match="does not wait"):
        floor.feed(LeaveForCallback(CallId("c-none"), B2, PartyId("p-2")), 1)
    with pytest.raises(ConfigurationError):
        CallbackOptions(tries=0)


def test_a_wished_time_is_the_entry() -> None:
    floor = office(EVA)
    seat(floor, EVA, 0)
    assert dues(ask(floor, 0, waited_s=-600)) == []
    floor.feed(Pause(EVA, "meal"), 1)
    queue_up(floor, "c-before", 590)
    floor.tick(600)
    queue_up(floor, "c-after", 610)
    assert floor.position(CallId("c-after")) == 3
    assert offers(floor.feed(Ready(EVA), 620)) == [("c-before", EVA)]


DAY_S = 86_400.0


def test_a_wish_weeks_ahead_is_told_again_daily_and_kept_to_the_second() -> None:
    floor = office(EVA)
    seat(floor, EVA, 0)
    floor.check_callback(PartyId("p-1"), ORDERS, 40 * DAY_S)
    told: list[object] = ask(floor, 0, waited_s=-40 * DAY_S)
    while (at := floor.deadline) is not None and not dues(told):
        assert at <= 40 * DAY_S
        told += [(at, event) for event in floor.tick(at) if isinstance(event, CallbackQueued)]
        if at == 40 * DAY_S:
            break
    again = [entry for entry in told if isinstance(entry, tuple)]
    assert len(again) >= 40
    assert all(event.rest_s == 40 * DAY_S - at for at, event in again)
    assert all(event.waited_s == at - 40 * DAY_S for at, event in again)
    assert floor.state_of(EVA) is RINGING, "she is reserved, and the number is dialled"


def test_who_is_being_dialled_is_not_promised_again_meanwhile() -> None:
    options = QueueOptions(callbacks=CallbackOptions(ring_s=2 * DAY_S, give_up_after_s=9 * DAY_S))
    floor = office(EVA, options=options)
    seat(floor, EVA, 0)
    ask(floor, 1)
    assert floor.tick(1.9 * DAY_S) == []
    [unreached, _] = floor.tick(2 * DAY_S + 1)
    assert isinstance(unreached, CallbackUnreached)
    again = floor.tick(2 * DAY_S + 301 + 600)
    assert CallbackQueued in {type(event) for event in again} or dues([*again])


def test_further_ahead_than_the_queue_allows_is_refused() -> None:
    floor = office(options=QueueOptions(callbacks=CallbackOptions(furthest_s=3 * DAY_S)))
    floor.check_callback(PartyId("p-1"), ORDERS, 3 * DAY_S)
    with pytest.raises(RemoteError, match=r"within 3 days; 3\.5 days are too far"):
        floor.check_callback(PartyId("p-1"), ORDERS, 3.5 * DAY_S)


def test_cancelled_nobody_is_dialled_and_the_agent_is_free() -> None:
    floor = office(EVA)
    ask(floor, 0)
    assert floor.feed(CancelCallback(B1), 1) == [CallbackGivenUp(B1, ORDERS, FAILURES.CANCELLED)]
    with pytest.raises(NotFound):
        floor.feed(CancelCallback(B1), 2)
    seat(floor, EVA, 3)
    ask(floor, 4, B2)
    events = floor.feed(CancelCallback(B2), 5)
    assert events[0] == CallbackGivenUp(B2, ORDERS, FAILURES.CANCELLED)
    assert floor.state_of(EVA) is READY
    assert floor.feed(PartyReached(B2, BACK), 6) == [], "too late"
    assert floor.deadline is None


def test_what_a_rule_forbids_is_given_up_at_once() -> None:
    floor = office(EVA)
    seat(floor, EVA, 0)
    tried = due(ask(floor, 0))
    given = PartyUnreached(B1, tried.offer_id, FAILURES.NOT_ALLOWED, "outbound: premium")
    events = floor.feed(given, 1)
    assert CallbackGivenUp(B1, ORDERS, FAILURES.NOT_ALLOWED, "outbound: premium") in events
    assert floor.state_of(EVA) is READY


def test_a_promise_that_nobody_can_keep_ends() -> None:
    floor = office(EVA)
    ask(floor, 0)
    assert floor.tick(28_800) == [CallbackGivenUp(B1, ORDERS, FAILURES.EXPIRED)]
    seat(floor, EVA, 28_801)
    late = due(ask(floor, 30_000, waited_s=28_790))
    assert floor.tick(30_011) == [], "a phone that rings is not interrupted"
    assert CallbackGivenUp(B1, ORDERS, FAILURES.EXPIRED) in failed(floor, late, 30_015)


def test_callers_hear_positions_that_count_who_waits_at_home() -> None:
    floor = office(EVA, options=QueueOptions(callbacks=CallbackOptions(), max_waiting=1))
    ask(floor, 0)
    events = queue_up(floor, "c-1", 1)
    assert not [e for e in events if isinstance(e, CallOverflowed)], "no telephone line is taken"
    assert floor.position(CallId("c-1")) == 2
    full = queue_up(floor, "c-2", 2)
    assert [e for e in full if isinstance(e, CallOverflowed)]


def test_the_time_at_home_spoils_no_expectation() -> None:
    options = QueueOptions(callbacks=CallbackOptions(), announce_position_every_s=10.0)
    floor = office(EVA, options=options)
    seat(floor, EVA, 0)
    ask(floor, 0, waited_s=5000)
    offer = last_offer(floor.feed(PartyReached(B1, BACK), 20))
    floor.feed(Accept(BACK, EVA, offer.offer_id), 21)
    assert floor.expectation_error(ORDERS) is None
    assert not [e for e in floor.tick(100) if isinstance(e, PositionTold)]


def test_a_changed_queue_keeps_its_promises() -> None:
    floor = office(EVA)
    ask(floor, 0)
    floor.feed(ChangeQueue(ORDERS, QueueOptions(skills={"orders": 2})), 1)
    assert dues([*seat(floor, EVA, 2)]) == [(B1, EVA)]


def test_less_will_do_for_who_waits_at_home_too() -> None:
    options = QueueOptions(
        skills={"orders": 5},
        relax=(Relaxation(30.0, parse_requirement("orders>=2")),),
        callbacks=CallbackOptions(),
    )
    floor = office(EVA, options=options)
    seat(floor, EVA, 0)
    assert dues(ask(floor, 1)) == []
    assert dues([*floor.tick(31)]) == [(B1, EVA)]


def test_nobody_picks_up_a_reservation() -> None:
    """The reserved agent's phone does not ring: what says it does is stale."""
    floor = office(EVA)
    seat(floor, EVA, 0)
    tried = due(ask(floor, 0))
    assert not floor.is_current(tried.offer_id)
    assert floor.feed(Accept(CallId(B1), EVA, tried.offer_id), 1) == []
    assert floor.feed(Accept(CallId(B1), EVA, OfferId("o-none")), 1) == []
    assert not [e for e in floor.feed(Ready(EVA), 2) if isinstance(e, AgentOffered)]


# -- moved to another queue ------------------------------------------------------------------------


def test_moved_promise_keeps_place_and_age_among_the_callers_there() -> None:
    floor = office(EVA, options=OPTIONS)
    ask(floor, 0)
    queue_up(floor, "c-older", 0, REPAIRS)
    queue_up(floor, "c-younger", 20, REPAIRS)

    [told] = floor.feed(MoveCallback(B1, REPAIRS), 30)

    assert told == CallbackQueued(B1, PartyId("p-1"), REPAIRS, waited_s=30, give_up_in_s=28_770.0)
    assert floor.presence(ORDERS).is_empty
    assert floor.presence(REPAIRS).callbacks == 1
    assert [floor.position(CallId(each)) for each in ("c-older", "c-younger")] == [1, 3]


def test_moved_promise_that_rests_keeps_its_rest_and_its_tries() -> None:
    floor = office(EVA)
    seat(floor, EVA, 0)
    failed(floor, due(ask(floor, 1)), 10)
    rest_s = OPTIONS.callbacks.retry_after_s if OPTIONS.callbacks else 0

    [told] = floor.feed(MoveCallback(B1, REPAIRS), 20)

    assert told == CallbackQueued(
        B1,
        PartyId("p-1"),
        REPAIRS,
        waited_s=19,
        rest_s=rest_s - 10,
        tries=1,
        give_up_in_s=28_781.0,
    )
    assert dues([*floor.tick(rest_s + 9.9)]) == []
    assert due([*floor.tick(rest_s + 10)]).queue == REPAIRS


def test_moved_promise_does_not_end_sooner_in_a_queue_that_gives_up_sooner() -> None:
    hasty = QueueOptions(callbacks=CallbackOptions(give_up_after_s=30))
    floor = build_floor(queues={ORDERS: OPTIONS, REPAIRS: hasty})
    ask(floor, 0)
    [told] = floor.feed(MoveCallback(B1, REPAIRS), 20)
    assert isinstance(told, CallbackQueued)
    assert told.give_up_in_s == 28_780.0
    assert floor.tick(1_000) == []
    assert floor.has_callback(B1)


def test_promise_of_an_earlier_floor_is_kept_for_as_long_as_it_was_made() -> None:
    """Whatever the queue's promises of today are."""
    floor = office()
    floor.feed(QueueCallback(B1, PartyId("p-1"), ORDERS, is_promised=True, give_up_in_s=60.0), 0)
    floor.feed(
        QueueCallback(
            B2, PartyId("p-2"), ORDERS, waited_s=90_000.0, is_promised=True, give_up_in_s=60.0
        ),
        0,
    )
    assert floor.tick(59.9) == []
    assert floor.tick(60.0) == [
        CallbackGivenUp(each, ORDERS, CallbackFailure.EXPIRED) for each in (B1, B2)
    ]


def test_promise_is_not_moved_while_it_is_dialled_nor_beside_another_of_the_party() -> None:
    floor = build_floor(card(EVA, orders=3), queues={ORDERS: OPTIONS, REPAIRS: OPTIONS})
    seat(floor, EVA, 0)
    ask(floor, 1)
    ask(floor, 2, B2, "p-2")
    floor.feed(QueueCallback(B3, PartyId("p-2"), REPAIRS), 3)

    assert floor.movable_callbacks(ORDERS, REPAIRS) == []
    with pytest.raises(Conflict, match="being dialled"):
        floor.feed(MoveCallback(B1, REPAIRS), 4)
    with pytest.raises(Conflict, match="already: b-3"):
        floor.feed(MoveCallback(B2, REPAIRS), 4)
    with pytest.raises(NotFound):
        floor.feed(MoveCallback(CallbackId("b-9"), REPAIRS), 4)
    assert floor.presence(ORDERS).callbacks == 2


def test_promise_is_not_moved_into_a_closed_queue() -> None:
    floor = build_floor(queues={ORDERS: OPTIONS, REPAIRS: QueueOptions(is_closed=True)})
    ask(floor, 0)
    with pytest.raises(Conflict, match="closed"):
        floor.feed(MoveCallback(B1, REPAIRS), 1)


# -- a call that is there already ------------------------------------------------------------------


def test_reached_in_a_call_that_waits_already_changes_nothing() -> None:
    floor = office(EVA)
    seat(floor, EVA, 0)
    tried = due(ask(floor, 1))
    queue_up(floor, BACK, 2, REPAIRS)

    with pytest.raises(IllegalTransition, match="c-back in state on the floor"):
        floor.feed(PartyReached(B1, BACK), 3)

    assert [view.queue for view in floor.waiting(REPAIRS)] == [REPAIRS], "the visit is as it was"
    assert floor.state_of(EVA) is RINGING
    failed(floor, tried, 4)
    assert floor.has_callback(B1), "and who was promised it is called back"
