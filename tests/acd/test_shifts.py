"""Agents' time: pauses that last too long, wrap-ups that are extended, codes that are demanded."""

import pytest

from acd.agent import Assignment
from acd.events import (
    AcdEvent,
    AgentAway,
    AgentState,
    WrapUpCoded,
    WrapUpExtended,
    WrapUpOverdue,
)
from acd.floor import Floor
from acd.inputs import (
    Accept,
    AgentLeft,
    CodeWrapUp,
    ExtendWrapUp,
    FinishWrapUp,
    Pause,
    PhoneChanged,
    Ready,
    SignIn,
    SignOut,
)
from acd.kept import KeptAgent
from acd.options import AgentOptions, QueueOptions
from foundation.errors import Conflict
from foundation.ids import CallId, OfferId
from tests.support.floors import (
    EVA,
    ORDERS,
    card,
    last_offer,
    numbered_offers,
    offers,
    queue_up,
    seat,
    states,
)

CALL = CallId("c-1")


def floor_of(**queue: object) -> Floor:
    options = QueueOptions(skills={"orders": 1}, wrap_up_s=20.0, **queue)  # type: ignore[arg-type]
    agents = AgentOptions(
        pause_limit_s={"break": 900.0, "rona": 60.0}, away_grace_s=120.0, max_wrap_up_s=60.0
    )
    return Floor({ORDERS: options}, [card(EVA, orders=1)], agents, numbered_offers())


def of_kind(events: list[AcdEvent], kind: type) -> list[AcdEvent]:
    return [event for event in events if isinstance(event, kind)]


def wrapping_up(floor: Floor, at: float = 10.0) -> None:
    seat(floor, EVA, 0.0)
    offer = last_offer(queue_up(floor, CALL, 0.0))
    floor.feed(Accept(offer.call_id, offer.agent_id, offer.offer_id), 0.0)
    floor.feed(AgentLeft(CALL, EVA), at)
    assert floor.state_of(EVA) is AgentState.WRAP_UP


# -- pauses --------------------------------------------------------------------------------------


def test_a_pause_that_lasts_too_long_is_told_and_then_ends_the_shift() -> None:
    floor = floor_of()
    seat(floor, EVA, 0.0)
    floor.feed(Pause(EVA, "break"), 100.0)
    assert floor.tick(999.9) == []
    assert floor.tick(1000.0) == [AgentAway(EVA, "break", 900.0)]
    assert floor.tick(1119.9) == []
    assert states(floor.tick(1120.0)) == [(EVA, AgentState.OFF, "away")]


def test_who_comes_back_in_the_grace_is_not_signed_out() -> None:
    floor = floor_of()
    seat(floor, EVA, 0.0)
    floor.feed(Pause(EVA, "break"), 0.0)
    floor.tick(900.0)
    floor.feed(Ready(EVA), 950.0)
    assert floor.tick(5000.0) == []
    assert floor.state_of(EVA) is AgentState.READY


def test_the_phone_that_registers_again_does_not_tell_it_twice() -> None:
    floor = floor_of()
    seat(floor, EVA, 0.0)
    floor.feed(Pause(EVA, "break"), 0.0)
    floor.tick(900.0)
    assert floor.feed(PhoneChanged(EVA, registered=True, busy=False), 901.0) == []
    assert states(floor.tick(1020.0)) == [(EVA, AgentState.OFF, "away")]


def test_another_reason_begins_anew_and_one_without_a_limit_never_ends() -> None:
    floor = floor_of()
    seat(floor, EVA, 0.0)
    floor.feed(Pause(EVA, "break"), 0.0)
    floor.feed(Pause(EVA, "meal"), 500.0)
    assert floor.tick(9000.0) == []
    floor.feed(Pause(EVA, "break"), 9000.0)
    assert of_kind(floor.tick(9900.0), AgentAway) == [AgentAway(EVA, "break", 900.0)]


def test_who_does_not_pick_up_has_a_limit_too() -> None:
    floor = floor_of()
    seat(floor, EVA, 0.0)
    queue_up(floor, CALL, 0.0)
    floor.tick(15.0)
    assert floor.agent(EVA).reason == "rona"
    assert of_kind(floor.tick(75.0), AgentAway) == [AgentAway(EVA, "rona", 60.0)]


@pytest.mark.parametrize(
    ("reason", "limit_s"),
    [("meal", 3600.0), ("rest", 900.0), ("signed_in", 900.0), ("unreachable", 900.0)],
)
def test_each_reason_has_its_own_limit_or_that_of_all_others(reason: str, limit_s: float) -> None:
    options = AgentOptions(pause_limit_s={"meal": 3600.0, "training": 0.0}, other_pauses_s=900.0)
    floor = Floor({ORDERS: QueueOptions()}, [card(EVA)], options, numbered_offers())
    floor.feed(PhoneChanged(EVA, True, False), 0.0)
    floor.feed(SignIn(EVA), 0.0)
    if reason != "signed_in":
        floor.feed(Pause(EVA, reason), 0.0)
    assert floor.tick(limit_s - 0.1) == []
    assert floor.tick(limit_s) == [AgentAway(EVA, reason, limit_s)]
    assert states(floor.tick(limit_s + 120.0)) == [(EVA, AgentState.OFF, "away")]


def test_limit_of_nought_is_none() -> None:
    options = AgentOptions(pause_limit_s={"training": 0.0}, other_pauses_s=900.0)
    floor = Floor({ORDERS: QueueOptions()}, [card(EVA)], options, numbered_offers())
    seat(floor, EVA, 0.0)
    floor.feed(Pause(EVA, "training"), 0.0)
    assert floor.tick(90_000.0) == []


def test_a_pause_that_began_before_a_restart_counts_from_its_beginning() -> None:
    floor = floor_of()
    kept = KeptAgent(
        agent_id=EVA, state=AgentState.PAUSED, since=100.0, reason="break", registered=True
    )
    floor.restore([kept], [], 950.0)
    assert floor.tick(999.0) == []
    assert floor.tick(1000.0) == [AgentAway(EVA, "break", 900.0)]


# -- more time -----------------------------------------------------------------------------------


def test_a_wrap_up_is_extended_up_to_its_limit() -> None:
    floor = floor_of()
    wrapping_up(floor)
    assert floor.feed(ExtendWrapUp(EVA, 30.0), 25.0) == [WrapUpExtended(EVA, 50.0)]
    assert floor.tick(59.9) == []
    assert floor.feed(ExtendWrapUp(EVA, 30.0), 59.9) == [WrapUpExtended(EVA, 60.0)]
    with pytest.raises(Conflict, match="cannot be longer than 60 s"):
        floor.feed(ExtendWrapUp(EVA, 1.0), 60.0)
    assert states(floor.tick(70.0)) == [(EVA, AgentState.READY, "")]
    with pytest.raises(Conflict, match="no wrap-up to extend"):
        floor.feed(ExtendWrapUp(EVA, 1.0), 71.0)


def test_an_extended_wrap_up_outlives_a_restart() -> None:
    first = floor_of()
    wrapping_up(first)
    had = first.agent(EVA)
    assert had.call_id == CALL
    floor = floor_of()

    kept = KeptAgent(
        agent_id=EVA,
        state=AgentState.WRAP_UP,
        since=10.0,
        assignment=Assignment(CALL, ORDERS, OfferId("o-1")),
        wrap_up_s=50.0,
        wrap_up_code="refund",
        registered=True,
    )
    floor.restore([kept], [], 40.0)
    assert floor.tick(59.0) == []
    assert states(floor.tick(60.0)) == [(EVA, AgentState.READY, "")]


# -- codes ---------------------------------------------------------------------------------------


def coded_floor() -> Floor:
    return floor_of(wrap_up_codes=("order", "refund"), needs_wrap_up_code=True)


def test_no_call_is_offered_before_the_last_one_has_its_code() -> None:
    floor = coded_floor()
    wrapping_up(floor)
    queue_up(floor, "next", 11.0)
    for choice in (Ready(EVA), Pause(EVA, "meal"), FinishWrapUp(EVA)):
        with pytest.raises(Conflict, match="has yet to say what the last call was about"):
            floor.feed(choice, 12.0)
    assert floor.tick(30.0) == [WrapUpOverdue(CALL, ORDERS, EVA)]
    assert floor.tick(500.0) == []
    events = floor.feed(CodeWrapUp(EVA, "refund"), 501.0)
    assert of_kind(events, WrapUpCoded) == [WrapUpCoded(CALL, ORDERS, EVA, "refund")]
    assert offers(events) == [("next", EVA)]


def test_a_code_may_be_given_in_the_talk_and_be_corrected() -> None:
    floor = coded_floor()
    seat(floor, EVA, 0.0)
    offer = last_offer(queue_up(floor, CALL, 0.0))
    floor.feed(Accept(offer.call_id, offer.agent_id, offer.offer_id), 0.0)
    floor.feed(CodeWrapUp(EVA, "order"), 5.0)
    floor.feed(AgentLeft(CALL, EVA), 10.0)
    floor.feed(CodeWrapUp(EVA, "refund"), 12.0)
    assert states(floor.feed(FinishWrapUp(EVA), 13.0)) == [(EVA, AgentState.READY, "")]


def test_the_code_of_one_call_is_not_that_of_the_next() -> None:
    floor = coded_floor()
    wrapping_up(floor)
    floor.feed(CodeWrapUp(EVA, "order"), 11.0)
    floor.feed(FinishWrapUp(EVA), 12.0)
    offer = last_offer(queue_up(floor, "next", 13.0))
    floor.feed(Accept(offer.call_id, offer.agent_id, offer.offer_id), 14.0)
    floor.feed(AgentLeft(CallId("next"), EVA), 20.0)
    assert of_kind(floor.tick(40.0), WrapUpOverdue) != []


def test_without_time_for_notes_a_missing_code_still_holds_the_agent() -> None:
    options = QueueOptions(wrap_up_s=0.0, wrap_up_codes=("order",), needs_wrap_up_code=True)
    floor = Floor({ORDERS: options}, [card(EVA)], None, numbered_offers())
    wrapping_up(floor)
    assert floor.tick(10.0) == [WrapUpOverdue(CALL, ORDERS, EVA)]


def test_signing_out_needs_no_code() -> None:
    floor = coded_floor()
    wrapping_up(floor)
    assert states(floor.feed(SignOut(EVA), 12.0)) == [(EVA, AgentState.OFF, "")]


def test_a_code_that_the_queue_does_not_know_is_refused() -> None:
    floor = coded_floor()
    wrapping_up(floor)
    with pytest.raises(Conflict, match="'weather' is no code of the queue orders; known: order"):
        floor.feed(CodeWrapUp(EVA, "weather"), 12.0)
    floor.feed(CodeWrapUp(EVA, "order"), 12.5)
    floor.feed(FinishWrapUp(EVA), 13.0)
    with pytest.raises(Conflict, match="has no call to give a code to"):
        floor.feed(CodeWrapUp(EVA, "order"), 14.0)
