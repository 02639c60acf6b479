"""A call's path from arrival to its end, without phones and without waiting."""

import pytest

from acd import inputs as floor
from acd.events import (
    AgentChanged,
    AgentOffered,
    AgentState,
    CallQueued,
    OfferFailed,
    OfferFailure,
    PositionTold,
)
from callcenter.conduct.limits import LimitRules, LineLimits
from foundation.ids import AgentId, CallId, OfferId, PartyId
from telephony.calls import events as calls
from tests.support.fake_house import EVA, REPAIRS, TOM, House

OFFER = OfferId("o-1")
DECLINED, UNREACHABLE = OfferFailure.DECLINED, OfferFailure.UNREACHABLE


def picked_up(house: House, call_id: CallId, agent_id: AgentId = EVA, offer: str = "o-1") -> None:
    house.tell(calls.AgentPickedUp(call_id, agent_id, OfferId(offer)))


def state_of(house: House, agent_id: AgentId) -> AgentState:
    return next(
        event.state
        for event in reversed(house.events)
        if isinstance(event, AgentChanged) and event.agent_id == agent_id
    )


def test_given_free_agent_when_caller_presses_1_then_the_phone_rings_at_once() -> None:
    house = House()
    house.phone(EVA)
    house.queue()
    assert ("ring", "o-1", "eva") in house.control.done


def test_whole_call_from_arrival_to_wrap_up() -> None:
    house = House()
    house.phone(EVA)
    call_id = house.queue()
    picked_up(house, call_id)
    house.tell(calls.PromptEnded(call_id))
    house.tell(calls.CallBridged(call_id, EVA))
    house.tell(calls.AgentHungUp(call_id, EVA, calls.EndedBy.AGENT))
    house.tell(calls.CallEnded(call_id, calls.EndedBy.AGENT, "bye"))
    assert [kind for kind in house.kinds() if kind != "AgentChanged"] == [
        "CallArrived",
        "CallAnswered",
        "FlowStarted",
        "MenuChosen",
        "FlowEnded",
        "CallQueued",
        "AgentOffered",
        "AgentAnswered",
        "CallBridged",
        "TalkEnded",
        "CallEnded",
    ]
    assert state_of(house, EVA) is AgentState.WRAP_UP
    house.wait(20.0)
    assert state_of(house, EVA) is AgentState.READY


def test_caller_hears_the_agents_number_before_the_recorded_talk() -> None:
    house = House()
    house.phone(EVA)
    call_id = house.queue()
    picked_up(house, call_id)
    assert house.control.done[-1] == ("play", call_id, ["agent-1001.wav"])
    house.tell(calls.PromptEnded(call_id))
    assert house.control.verbs()[-2:] == ["record", "bridge"]


def test_without_announcement_the_talk_begins_at_once() -> None:
    house = House(announce_agent=False)
    house.phone(EVA)
    call_id = house.queue()
    picked_up(house, call_id)
    assert house.control.verbs()[-2:] == ["record", "bridge"]


def test_agent_whose_phone_answers_by_itself_hears_a_tone() -> None:
    house = House()
    house.phone(TOM)
    call_id = house.queue()
    picked_up(house, call_id, TOM)
    assert "play_to_agent" in house.control.verbs()


def test_given_all_agents_busy_when_caller_hangs_up_then_abandoned_is_counted_once() -> None:
    house = House()
    call_id = house.queue()
    house.tell(calls.CallEnded(call_id, calls.EndedBy.CALLER, "bye"))
    assert house.kinds().count("CallAbandoned") == 1


def test_caller_whom_we_lose_is_lost_and_has_not_abandoned() -> None:
    house = House()
    call_id = house.queue()
    house.tell(calls.CallEnded(call_id, calls.EndedBy.FAULT, "no audio"))
    assert house.kinds().count("CallLost") == 1
    assert "CallAbandoned" not in house.kinds()


def test_unanswered_offer_goes_to_the_next_agent_and_pauses_this_one() -> None:
    house = House()
    house.phone(EVA)
    house.wait(1.0)
    house.phone(TOM)
    house.queue()
    house.wait(15.0)
    assert [d for v, _, d in house.control.done if v == "ring"] == ["eva", "tom"]
    assert ("stop_ringing", "o-1", None) in house.control.done
    assert AgentChanged(EVA, AgentState.PAUSED, "rona") in house.events


def test_pick_up_that_crossed_the_withdrawal_is_hung_up() -> None:
    house = House()
    house.phone(EVA)
    call_id = house.queue()
    house.wait(15.0)
    house.control.done.clear()
    picked_up(house, call_id)
    assert house.control.done == [("stop_ringing", "o-1", None)]
    assert "AgentAnswered" not in house.kinds()


def test_busy_phone_is_a_refusal_and_the_caller_keeps_waiting() -> None:
    house = House()
    house.phone(EVA)
    call_id = house.queue()
    house.tell(calls.AgentRefused(call_id, EVA, OFFER, 486))
    assert AgentChanged(EVA, AgentState.PAUSED, "rona") in house.events
    house.phone(TOM)
    assert ("ring", "o-2", "tom") in house.control.done


def test_music_comes_back_after_an_announcement_in_the_queue() -> None:
    house = House()
    call_id = house.queue()
    assert house.control.done[-1] == ("loop", call_id, ["music.wav"])
    house.tell(calls.PromptEnded(call_id))
    assert house.control.done[-1] == ("loop", call_id, ["music.wav"])


def test_who_waits_too_long_hears_why_and_is_hung_up_as_overflowed() -> None:
    house = House()
    call_id = house.queue()
    house.wait(600.0)
    assert house.control.done[-1] == ("play", call_id, ["all_busy.wav"])
    house.tell(calls.PromptEnded(call_id))
    assert house.control.done[-1:] == [("hang_up", call_id, calls.EndedBy.CENTRE)]
    house.tell(calls.CallEnded(call_id, calls.EndedBy.CENTRE, "waited"))
    assert house.kinds().count("CallOverflowed") == 1
    assert "CallAbandoned" not in house.kinds()


def test_who_waits_too_long_goes_on_to_the_queue_that_takes_the_overflow() -> None:
    house = House(overflow_to=REPAIRS)
    call_id = house.queue()
    house.wait(600.0)
    assert house.control.done[-1] == ("loop", call_id, ["music.wav"])
    assert CallQueued(call_id, REPAIRS) in house.events
    house.wait(600.0)
    assert house.control.done[-1] == ("play", call_id, ["all_busy.wav"])


def test_a_caller_who_is_moved_waits_on_with_the_time_waited() -> None:
    house = House()
    call_id = house.queue()
    house.wait(30.0)
    house.feed(floor.Move(call_id, REPAIRS))
    queued = [event for event in house.events if isinstance(event, CallQueued)][-1]
    assert (queued.queue, queued.waited_s) == (REPAIRS, 30.0)
    assert house.control.done[-1] == ("loop", call_id, ["music.wav"])


def test_blocked_number_hears_a_line_fault_and_never_gets_a_200() -> None:
    house = House(blocked=["+8613900000666"])
    call_id = house.arrive(number="+8613900000666")
    house.tell(calls.PromptEnded(call_id))
    assert house.control.done == [
        ("answer_early", call_id, None),
        ("play", call_id, ["line_fault.wav"]),
        ("refuse", call_id, 480),
    ]


def test_call_beyond_a_limit_is_refused_and_has_no_way_through_the_house() -> None:
    house = House(limits=LimitRules(lines={"8000": LineLimits(channels=1)}))
    house.phone(EVA)
    first, second = house.queue("c-1"), house.arrive("c-2")
    assert house.control.done[-1] == ("refuse", second, 486)
    house.tell(calls.CallEnded(second, calls.EndedBy.CENTRE, "line channels"))
    house.tell(calls.CallEnded(first, calls.EndedBy.CALLER, "bye"))
    house.arrive("c-3")
    assert house.control.verbs()[-1] == "answer"


def test_refused_caller_does_not_free_the_channel_of_another() -> None:
    house = House(limits=LimitRules(lines={"8000": LineLimits(channels=1)}))
    for name in ("c-1", "c-2"):
        house.arrive(name)
    house.tell(calls.CallEnded(CallId("c-2"), calls.EndedBy.CENTRE, "line channels"))
    house.arrive("c-3")
    assert house.control.done[-1] == ("refuse", "c-3", 486)


def test_talk_is_hung_up_when_the_line_allows_no_more() -> None:
    house = House(limits=LimitRules(lines={"8000": LineLimits(max_call_s=90)}))
    call_id = house.arrive()
    house.tell(calls.CallAnswered(call_id))
    house.wait(89.0)
    assert "hang_up" not in house.control.verbs()
    house.wait(1.0)
    assert house.control.done[-1] == ("hang_up", call_id, calls.EndedBy.CENTRE)


def test_call_without_a_200_is_refused_when_it_has_rung_long_enough() -> None:
    house = House(blocked=["+8613900000666"], limits=LimitRules(max_ring_s=30))
    call_id = house.arrive(number="+8613900000666")
    house.wait(30.0)
    assert house.control.done[-1] == ("refuse", call_id, 480)


def test_call_that_was_over_before_it_was_told_is_left_alone() -> None:
    house = House()
    house.tell(calls.CallArrived(CallId("c-1"), PartyId("p-1"), "8000"))
    assert house.control.done == []


def test_end_of_recording_reaches_the_recorder() -> None:
    house = House()
    house.tell(calls.TalkRecorded("r-1", 8000, complete=False))
    assert house.recorder.ended == [("r-1", False)]


def test_keys_after_the_menu_are_nobodys_business() -> None:
    house = House()
    call_id = house.queue()
    before = list(house.control.done)
    house.tell(calls.DigitPressed(call_id, calls.Side.CALLER, "9"))
    assert house.control.done == before


def test_agent_lost_during_the_announcement_sends_the_caller_to_the_front_of_the_queue() -> None:
    house = House()
    house.phone(EVA)
    first = house.queue("c-1")
    house.queue("c-2")
    picked_up(house, first)
    house.tell(calls.AgentHungUp(first, EVA, calls.EndedBy.AGENT))
    assert ("hang_up", first, calls.EndedBy.AGENT) not in house.control.done
    assert ("play", first, ["one_moment.wav"]) in house.control.done
    assert state_of(house, EVA) is AgentState.WRAP_UP
    house.phone(TOM)
    assert ("ring", "o-2", TOM) in house.control.done
    offered = [event.call_id for event in house.events if isinstance(event, AgentOffered)]
    assert offered == [first, first]


def test_caller_who_loses_agent_after_agent_hears_that_all_are_busy() -> None:
    house = House()
    house.phone(EVA)
    call_id = house.queue()
    for offer in ("o-1", "o-2", "o-3"):
        picked_up(house, call_id, EVA, offer)
        house.tell(calls.AgentHungUp(call_id, EVA, calls.EndedBy.AGENT))
        house.wait(20.0)
    assert ("play", call_id, ["all_busy.wav"]) in house.control.done
    house.tell(calls.PromptEnded(call_id))
    assert house.control.verbs()[-1] == "hang_up"


def test_phone_that_is_no_agents_is_not_told_to_the_floor(caplog: pytest.LogCaptureFixture) -> None:
    house = House()
    house.phone(AgentId("lobby"))
    assert house.events == []
    assert not caplog.records, "the floor knows no such agent and would have said so"


def test_fault_in_one_callers_step_ends_that_call_and_no_other() -> None:
    house = House()
    house.arrive("c-bad")
    house.numbers[CallId("c-odd")] = "+8613900000002"
    house.tell(calls.CallArrived(CallId("c-odd"), PartyId("p-2"), "no such line"))
    house.tell(calls.CallAnswered(CallId("c-odd")))
    assert house.control.done[-1] == ("hang_up", "c-odd", calls.EndedBy.FAULT)
    house.tell(calls.CallAnswered(CallId("c-bad")))
    assert ("play", "c-bad", ["choices.wav"]) in house.control.done


def test_caller_lost_by_a_fault_in_the_menu_is_gone_from_it() -> None:
    house = House()
    call_id = house.arrive()
    house.tell(calls.CallAnswered(call_id))
    house.tell(calls.CallEnded(call_id, calls.EndedBy.FAULT, "no audio"))
    before = list(house.control.done)
    house.wait(60.0)
    assert house.control.done == before


def test_agent_who_calls_the_line_from_the_own_phone_is_not_offered_that_call() -> None:
    house = House()
    house.phone(EVA)
    house.tell(calls.PhoneChanged(EVA, registered=True, busy=True))
    house.queue()
    assert "ring" not in house.control.verbs()


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (300, DECLINED),
        (301, DECLINED),
        (302, DECLINED),
        (305, DECLINED),
        (380, DECLINED),
        (480, DECLINED),
        (486, DECLINED),
        (600, DECLINED),
        (603, DECLINED),
        (404, UNREACHABLE),
        (408, UNREACHABLE),
        (487, UNREACHABLE),
        (488, UNREACHABLE),
        (500, UNREACHABLE),
        (503, UNREACHABLE),
        (504, UNREACHABLE),
        (604, UNREACHABLE),
        (606, UNREACHABLE),
    ],
)
def test_what_an_agents_phone_answers_becomes_the_outcome_of_the_offer(
    status: int, why: OfferFailure
) -> None:
    house = House()
    house.phone(EVA)
    call_id = house.queue()
    house.tell(calls.AgentRefused(call_id, EVA, OFFER, status))
    (failed,) = (event for event in house.events if isinstance(event, OfferFailed))
    assert failed.why is why
    assert state_of(house, EVA) is AgentState.PAUSED


@pytest.mark.parametrize(
    ("expected_s", "is_longer", "wait"),
    [(240.0, False, ["wait-240.wav"]), (None, False, []), (None, True, ["wait-longer.wav"])],
)
def test_caller_is_told_his_place_and_how_long_it_may_take(
    expected_s: float | None, is_longer: bool, wait: list[str]
) -> None:
    house = House()
    call_id = house.queue()
    house.tell(PositionTold(call_id, REPAIRS, 3, expected_s, is_longer))
    assert house.control.done[-1] == ("play", call_id, ["position-3.wav", *wait])
