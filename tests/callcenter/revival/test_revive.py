"""A core dies at any moment: what the next one makes of its journal and of what media kept."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from acd.events import (
    AgentAnswered,
    AgentChanged,
    AgentOffered,
    AgentState,
    CallAbandoned,
    CallLost,
    CallOverflowed,
    CallQueued,
    OfferFailed,
    PositionTold,
    TalkEnded,
    TalkTaken,
    WrapUpCoded,
)
from acd.inputs import CallerLeft, ExtendWrapUp, Lose, Pause, Ready, TakeCaller
from acd.options import Strategy
from callcenter.conduct.contact import Stage
from callcenter.events import ActionTaken, CallSentOn
from callcenter.revival.history import History
from callcenter.revival.revive import Plan, make_plan
from callcenter.revival.settle import REASON
from foundation.ids import AgentId, CallId, OfferId, QueueId, RecordingId
from foundation.record import Record
from recordings.events import RecordingEnded, RecordingStarted
from telephony.calls.events import (
    AgentHungUp,
    AgentPickedUp,
    CallAnswered,
    CallArrived,
    CallBridged,
    CallEnded,
    EndedBy,
    GuestInvited,
    GuestLeft,
    PhoneChanged,
    PromptEnded,
    TalkTransferred,
)
from telephony.calls.kept import KeptSide
from tests.support.effort import tries
from tests.support.fake_house import EVA, ORDERS, REPAIRS, TOM, House
from tests.support.kept_house import CONFIGURED, Lines, open_house, revive


def plan_of(
    journal: list[Record[object]], sides: list[KeptSide], ends: Iterable[CallEnded] = ()
) -> Plan:
    history = History()
    for record in journal:
        history.take(record)
    return make_plan(history, sides, CONFIGURED, ends)


def waiting(lines: Lines) -> CallId:
    call_id = lines.arrive()
    lines.press(call_id)
    return call_id


def offered(lines: Lines) -> tuple[CallId, OfferId]:
    """A caller at whose agent it rings; Eva's."""
    lines.house.phone(EVA)
    call_id = waiting(lines)
    return call_id, next(iter(lines.agents))


def talking(lines: Lines) -> tuple[CallId, OfferId]:
    call_id, offer_id = offered(lines)
    lines.pick_up(offer_id)
    lines.prompt_ended(call_id)
    return call_id, offer_id


def test_quiet_house_needs_nothing() -> None:
    assert plan_of([], []) == Plan()


def test_caller_who_waits_keeps_place_age_and_music() -> None:
    lines = Lines(House())
    lines.wait(5)
    first = waiting(lines)
    lines.wait(7)
    second = waiting(lines)

    plan = plan_of(lines.journal, lines.sides())

    assert (plan.facts, plan.lost, plan.strays) == ([], [], [])
    kept = [(each.call_id, each.entered_at) for each in plan.kept_callers(offset_s=2.0)]
    assert kept == [(first, 3.0), (second, 10.0)]
    assert [each.contact.stage for each in plan.calls] == [Stage.WAITING] * 2
    assert [each.missed for each in plan.calls] == [(), ()]


def test_wait_that_was_announced_is_known_to_the_next_core() -> None:
    lines = Lines(House())
    call_id = waiting(lines)
    for expected_s, is_longer in ((90.0, False), (60.0, False), (None, True)):
        lines.write(PositionTold(call_id, ORDERS, 1, expected_s, is_longer))

    [kept] = plan_of(lines.journal, lines.sides()).kept_callers(0.0)

    assert kept.told_s == 60.0


def test_caller_whose_prompt_ended_unheard_gets_music_again() -> None:
    lines = Lines(House())
    call_id = waiting(lines)
    lines.callers[call_id].playing = ""

    assert plan_of(lines.journal, lines.sides()).calls[0].missed == (PromptEnded(call_id),)


def test_phone_that_rings_goes_on_ringing_for_the_rest_of_its_time() -> None:
    lines = Lines(House())
    _, offer_id = offered(lines)
    lines.wait(4)

    plan = plan_of(lines.journal, lines.sides())
    after = revive(plan, lines.journal, now=lines.house.now)
    after.wait(10.9)
    assert after.house.floor.is_current(offer_id)
    after.wait(0.1)
    assert not after.house.floor.is_current(offer_id)


def test_phone_that_rang_longer_than_its_time_while_there_was_no_core_may_have_answered() -> None:
    lines = Lines(House())
    _, offer_id = offered(lines)

    after = revive(plan_of(lines.journal, lines.sides()), lines.journal, now=100.0)
    after.wait(4.9)
    assert after.house.floor.is_current(offer_id)
    after.wait(0.1)
    assert not after.house.floor.is_current(offer_id)


def test_phone_that_was_picked_up_in_the_last_moment_is_connected() -> None:
    lines = Lines(House())
    call_id, offer_id = offered(lines)
    lines.agents[offer_id].is_early = False

    plan = plan_of(lines.journal, lines.sides())

    assert plan.calls[0].missed == (AgentPickedUp(call_id, EVA, offer_id),)


def test_offer_whose_phone_was_not_dialled_yet_is_dialled() -> None:
    lines = Lines(House())
    call_id, offer_id = offered(lines)
    del lines.agents[offer_id]

    (revived,) = plan_of(lines.journal, lines.sides()).calls

    assert revived.kept.agent is None
    assert [type(event) for event in revived.missed] == [AgentOffered]
    assert getattr(revived.missed[0], "call_id", None) == call_id


def test_talk_goes_on_with_its_recording() -> None:
    lines = Lines(House())
    call_id, _ = talking(lines)
    started = RecordingStarted(
        RecordingId(f"r-{call_id}"), call_id, EVA, ORDERS, "d/r.wav", ("en",) * 2
    )
    lines.write(started)

    plan = plan_of(lines.journal, lines.sides())

    assert (plan.facts, plan.lost, plan.strays, plan.running) == ([], [], [], [started])
    (revived,) = plan.calls
    assert revived.kept.is_bridged
    assert revived.kept.recording_id == RecordingId(f"r-{call_id}")
    assert (revived.contact.stage, revived.missed) == (Stage.TALKING, ())


def test_what_media_shows_and_the_journal_does_not_is_written_down() -> None:
    lines = Lines(House())
    lines.house.phone(EVA)
    before = len(lines.journal)
    call_id = waiting(lines)
    (offer_id,) = lines.agents
    lines.pick_up(offer_id)
    known = len(lines.journal)
    lines.prompt_ended(call_id)

    cut_talk = plan_of(lines.journal[:known], lines.sides())
    assert [type(fact) for fact in cut_talk.facts] == [CallBridged, RecordingStarted]

    cut_call = plan_of(lines.journal[:before], lines.sides())
    assert [type(fact) for fact in cut_call.facts] == [CallArrived, CallAnswered]
    assert [type(event) for event in cut_call.calls[0].missed] == [CallAnswered]
    assert [side.leg_id for side in cut_call.strays] == [f"l-{offer_id}"]


def test_talk_whose_answer_was_cut_off_goes_on_and_does_not_begin_anew() -> None:
    lines = Lines(House())
    _, offer_id = offered(lines)
    known = len(lines.journal)
    lines.pick_up(offer_id)
    lines.prompt_ended(next(iter(lines.callers)))

    plan = plan_of(lines.journal[:known], lines.sides())

    kinds = [AgentAnswered, AgentChanged, CallBridged, RecordingStarted]
    assert [type(fact) for fact in plan.facts] == kinds
    (revived,) = plan.calls
    assert (revived.contact.stage, revived.missed) == (Stage.TALKING, ())
    assert [agent.state for agent in plan.agents] == [AgentState.TALKING]


def test_end_of_the_first_talk_s_recording_is_none_of_the_second_s() -> None:
    lines = Lines(open_house())
    call_id, guest = asked(lines)
    first, second = (
        RecordingStarted(RecordingId(name), call_id, agent, ORDERS, f"d/{name}.wav", ("en",) * 2)
        for name, agent in (("r-1", EVA), (f"r-{call_id}", TOM))
    )
    lines.write(first)
    lines.guest_picks_up(guest)
    lines.write(second)
    lines.write(RecordingEnded(first.recording_id, 3.0, complete=True))

    plan = plan_of(lines.journal, lines.sides())

    assert (plan.facts, plan.running) == ([], [second])


def test_agent_s_change_that_was_cut_off_is_made_good() -> None:
    lines = Lines(House())
    offered(lines)
    assert isinstance(lines.journal[-1].event, AgentChanged)

    plan = plan_of(lines.journal[:-1], lines.sides())

    assert plan.facts == [lines.journal[-1].event]
    assert [agent.state for agent in plan.agents] == [AgentState.RINGING]


def test_caller_in_the_menu_hears_it_from_its_start() -> None:
    lines = Lines(House())
    call_id = lines.arrive()

    assert plan_of(lines.journal, lines.sides()).calls[0].missed == (CallAnswered(call_id),)


def test_caller_who_is_not_answered_yet_is_answered() -> None:
    lines = Lines(House())
    call_id = lines.arrive()
    lines.callers[call_id].is_early = True
    journal = [each for each in lines.journal if isinstance(each.event, CallArrived)]

    assert [type(event) for event in plan_of(journal, lines.sides()).calls[0].missed] == [
        CallArrived
    ]


def test_agent_who_hung_up_unheard_ends_the_talk() -> None:
    lines = Lines(House())
    call_id, offer_id = talking(lines)
    del lines.agents[offer_id]

    plan = plan_of(lines.journal, lines.sides())

    assert plan.calls[0].missed == (AgentHungUp(call_id, EVA, EndedBy.AGENT),)


def test_call_without_its_caller_is_lost_and_its_agent_s_leg_a_stray() -> None:
    lines = Lines(House())
    call_id, offer_id = talking(lines)
    sides = [side for side in lines.sides() if side.note.agent]

    plan = plan_of(lines.journal, sides)

    assert (plan.calls, plan.lost) == ([], [call_id])
    assert [side.leg_id for side in plan.strays] == [f"l-{offer_id}"]


def test_call_that_ended_in_the_last_moment_ended_as_media_was_told() -> None:
    """The journal had not come to it; nobody calls that a fault."""
    lines = Lines(House())
    call_id, offer_id = talking(lines)
    lines.house.now += 10
    sides = [side for side in lines.sides() if side.note.agent]
    hung_up = CallEnded(call_id, EndedBy.CALLER, "bye")

    plan = plan_of(lines.journal, sides, [hung_up, CallEnded(CallId("c-old"), EndedBy.AGENT, "")])

    assert (plan.calls, plan.lost, plan.over) == ([], [], [hung_up])
    assert [side.leg_id for side in plan.strays] == [f"l-{offer_id}"]


def test_end_that_was_written_is_followed_by_what_it_means_to_the_queue() -> None:
    lines = Lines(House())
    call_id, _ = offered(lines)
    lines.hang_up(call_id)
    told = [type(record.event) for record in lines.journal]
    journal = lines.journal[: told.index(CallEnded) + 1]

    plan = plan_of(journal, [])

    assert (plan.left, plan.lost) == ([CallerLeft(call_id)], [])


def test_legs_of_a_call_that_has_ended_are_strays() -> None:
    lines = Lines(House())
    call_id = waiting(lines)
    sides = lines.sides()
    lines.hang_up(call_id)

    plan = plan_of(lines.journal, sides)

    assert (plan.calls, plan.lost, plan.strays) == ([], [], sides)


def test_call_that_was_being_ended_is_ended() -> None:
    lines = Lines(House())
    call_id = waiting(lines)
    lines.write(CallLost(call_id, ORDERS))

    assert plan_of(lines.journal, lines.sides()).lost == [call_id]


def test_leg_of_an_earlier_offer_is_a_stray() -> None:
    lines = Lines(House())
    _, first = offered(lines)
    gone = lines.agents[first].side()
    lines.house.phone(TOM)
    lines.refuse(first)

    plan = plan_of(lines.journal, [*lines.sides(), gone])

    assert plan.strays == [gone]
    assert [caller.tried for caller in plan.kept_callers(0.0)] == [{EVA}]
    assert [[*caller.offers] for caller in plan.kept_callers(0.0)] == [[TOM]]


def test_withdrawn_offer_leaves_the_agent_s_idle_time_as_it_was() -> None:
    lines = Lines(House())
    lines.wait(3)
    lines.house.phone(EVA)
    lines.wait(4)
    call_id = waiting(lines)
    lines.hang_up(call_id)

    (agent,) = plan_of(lines.journal, []).kept_agents(0.0)

    assert (agent.state, agent.since, agent.idle_since) == (AgentState.READY, 7.0, 3.0)


def test_caller_overflows_when_the_time_is_up_as_if_nothing_had_been() -> None:
    lines = Lines(House())
    waiting(lines)
    lines.wait(100)

    after = revive(plan_of(lines.journal, lines.sides()), lines.journal, lines.house.now)
    after.wait(499.9)
    assert not [each for each in after.journal if isinstance(each.event, CallOverflowed)]
    after.wait(0.1)
    assert [each for each in after.journal if isinstance(each.event, CallOverflowed)]


def test_queue_that_was_configured_away_loses_its_callers_and_frees_its_agents() -> None:
    lines = Lines(House())
    call_id, offer_id = offered(lines)
    history = History()
    for each in lines.journal:
        history.take(each)

    plan = make_plan(history, lines.sides(), replace(CONFIGURED, queues={QueueId("other"): "en"}))

    assert [type(fact) for fact in plan.facts] == [OfferFailed, CallLost, AgentChanged]
    assert plan.lost == [call_id]
    assert [agent.state for agent in plan.agents] == [AgentState.READY]
    assert len(plan.strays) == 2, offer_id


def test_agent_whose_registration_ran_out_has_gone_home_but_not_from_a_talk() -> None:
    lines = Lines(House())
    talking(lines)
    lines.house.phone(TOM)
    history = History()
    for each in lines.journal:
        history.take(each)

    plan = make_plan(history, lines.sides(), replace(CONFIGURED, is_present=lambda agent_id: False))

    assert plan.facts[0] == AgentChanged(TOM, AgentState.OFF)
    assert [(agent.agent_id, agent.state) for agent in plan.agents] == [(EVA, AgentState.TALKING)]


def test_pause_that_was_asked_for_during_the_talk_comes_after_it() -> None:
    lines = Lines(House())
    call_id, _ = talking(lines)
    lines.tell(ActionTaken("sue", "agent paused", EVA, "meal"))
    lines.house.feed(Pause(EVA, "meal"))

    after = revive(plan_of(lines.journal, lines.sides()), lines.journal, lines.house.now)
    after.hang_up(call_id)
    after.wait(20)

    view = after.house.floor.agent(EVA)
    assert (view.state, view.reason) == (AgentState.PAUSED, "meal")


def test_wrap_up_ends_when_it_would_have_ended() -> None:
    lines = Lines(House())
    call_id, _ = talking(lines)
    lines.hang_up(call_id)
    lines.wait(15)

    after = revive(plan_of(lines.journal, lines.sides()), lines.journal, lines.house.now)
    after.wait(4.9)
    assert after.house.floor.state_of(EVA) is AgentState.WRAP_UP
    after.wait(0.1)
    assert after.house.floor.state_of(EVA) is AgentState.READY


def test_wrap_up_that_was_extended_lasts_as_long_after_a_restart() -> None:
    lines = Lines(House())
    call_id, _ = talking(lines)
    lines.hang_up(call_id)
    lines.house.feed(ExtendWrapUp(EVA, 60.0))
    lines.wait(30)

    after = revive(plan_of(lines.journal, lines.sides()), lines.journal, lines.house.now)
    after.wait(49.9)
    assert after.house.floor.state_of(EVA) is AgentState.WRAP_UP
    after.wait(0.1)
    assert after.house.floor.state_of(EVA) is AgentState.READY


def test_code_of_a_call_is_not_asked_for_again_after_a_restart() -> None:
    lines = Lines(House())
    call_id, _ = talking(lines)
    lines.write(WrapUpCoded(call_id, ORDERS, EVA, "refund"))
    [kept] = plan_of(lines.journal, lines.sides()).kept_agents(0.0)
    assert kept.wrap_up_code == "refund"

    lines.hang_up(call_id)
    lines.wait(20)
    [kept] = plan_of(lines.journal, lines.sides()).kept_agents(0.0)
    assert (kept.state, kept.wrap_up_code) == (AgentState.READY, "")


# -- guests --------------------------------------------------------------------------------------


def asked(lines: Lines, way: str = "transfer", target: str = "tom") -> tuple[CallId, OfferId]:
    """Eva talks with a caller and has somebody rung: the guest's offer."""
    call_id, offer_id = talking(lines)
    lines.house.phone(TOM)
    {"transfer": lines.refer, "consult": lines.consult}[way](offer_id, target)
    return call_id, next(iter(lines.guests))


def killed(lines: Lines) -> Lines:
    plan = plan_of(lines.journal, lines.sides())
    assert (told(plan), plan.lost, plan.strays) == ([], [], [])
    return revive(plan, lines.journal, lines.house.now)


def told(plan: Plan) -> list[object]:
    """But not the beginning of recordings, which this house's recorder does not tell."""
    return [fact for fact in plan.facts if not isinstance(fact, RecordingStarted)]


def states(lines: Lines) -> tuple[AgentState, AgentState]:
    return lines.house.floor.state_of(EVA), lines.house.floor.state_of(TOM)


def events_after(lines: Lines, kind: type) -> list[object]:
    return [record.event for record in lines.journal if isinstance(record.event, kind)]


def test_guest_who_rings_goes_on_ringing_for_the_rest_of_his_time() -> None:
    lines = Lines(open_house())
    _, guest = asked(lines)
    lines.wait(4)
    after = killed(lines)
    assert states(after) == (AgentState.TALKING, AgentState.RINGING)
    after.wait(10.9)
    assert after.house.floor.is_current(guest)
    after.wait(0.1)
    assert after.house.control.verbs()[-1] == "take_back"
    assert states(after) == (AgentState.TALKING, AgentState.PAUSED)


def test_guest_who_picks_up_after_the_kill_has_the_talk() -> None:
    lines = Lines(open_house())
    call_id, guest = asked(lines)
    after = killed(lines)
    after.guest_picks_up(guest)
    assert states(after) == (AgentState.WRAP_UP, AgentState.TALKING)
    assert events_after(after, TalkTaken) == [TalkTaken(call_id, ORDERS, TOM)]


def test_consultation_goes_on_and_can_be_completed() -> None:
    lines = Lines(open_house())
    _, guest = asked(lines, "consult")
    lines.guest_picks_up(guest)
    after = killed(lines)
    assert states(after) == (AgentState.TALKING, AgentState.TALKING)
    after.refer(next(iter(after.agents)), "")
    assert states(after) == (AgentState.WRAP_UP, AgentState.TALKING)


def test_transferred_talk_is_the_guests_and_its_recording_goes_on() -> None:
    lines = Lines(open_house())
    call_id, guest = asked(lines)
    lines.guest_picks_up(guest)
    after = killed(lines)
    assert states(after) == (AgentState.WRAP_UP, AgentState.TALKING)
    after.refuse(guest)
    assert states(after) == (AgentState.WRAP_UP, AgentState.WRAP_UP)
    assert call_id not in after.callers


def test_caller_whose_agent_has_gone_waits_on_for_the_guest() -> None:
    lines = Lines(open_house())
    _, guest = asked(lines)
    lines.refuse(next(iter(lines.agents)))
    after = killed(lines)
    assert states(after) == (AgentState.WRAP_UP, AgentState.RINGING)
    after.guest_picks_up(guest)
    assert states(after) == (AgentState.WRAP_UP, AgentState.TALKING)


def test_guest_whose_leg_is_gone_is_free_and_the_talk_goes_on() -> None:
    lines = Lines(open_house())
    call_id, guest = asked(lines, "consult")
    lines.guest_picks_up(guest)
    del lines.guests[guest]
    plan = plan_of(lines.journal, lines.sides())
    assert told(plan) == [GuestLeft(call_id, guest)]
    after = revive(plan, lines.journal, lines.house.now)
    assert states(after) == (AgentState.TALKING, AgentState.READY)


def test_caller_without_agent_and_guest_is_first_in_the_queue() -> None:
    lines = Lines(open_house())
    call_id, guest = asked(lines)
    lines.refuse(next(iter(lines.agents)))
    del lines.guests[guest]
    after = revive(plan_of(lines.journal, lines.sides()), lines.journal, lines.house.now)
    after.obey()
    assert events_after(after, CallQueued)[-1] == CallQueued(call_id, ORDERS, 0, front=True)


def lost_before_the_talk(lines: Lines) -> None:
    """Whose phone rings picks up, and has gone before the caller has heard the agent's number."""
    offer_id = next(iter(lines.agents))
    lines.pick_up(offer_id)
    lines.refuse(offer_id)


@pytest.mark.parametrize("kills_after", [(1,), (2,), (1, 2), (2, 2)])
def test_caller_whose_agents_are_lost_is_told_so_as_late_as_without_a_kill(
    kills_after: tuple[int, ...],
) -> None:
    lines = Lines(open_house())
    call_id, _ = offered(lines)
    lines.house.phone(TOM)
    for number in (1, 2):
        lost_before_the_talk(lines)
        for _ in range(kills_after.count(number)):
            lines = killed(lines)
        lines.wait(60.0)
    assert events_after(lines, CallQueued)[1:] == [CallQueued(call_id, ORDERS, 0, front=True)] * 2

    lost_before_the_talk(lines)

    assert len(events_after(lines, CallQueued)) == 3, "all are busy"


def test_caller_who_was_given_back_after_a_talk_has_lost_no_agent() -> None:
    lines = Lines(open_house())
    call_id, guest = asked(lines)
    lines.refuse(next(iter(lines.agents)))
    lines.guest_leaves(guest)
    assert events_after(lines, CallQueued)[-1] == CallQueued(call_id, ORDERS, 0, front=True)

    [revived] = plan_of(lines.journal, lines.sides()).calls

    assert revived.contact.returns == 0


def test_transfer_that_the_floor_did_not_come_to_is_made_good_with_a_recording() -> None:
    lines = Lines(open_house())
    call_id, guest = asked(lines)
    lines.guest_picks_up(guest)
    kinds = [type(record.event) for record in lines.journal]
    cut = kinds.index(TalkTransferred) + 1
    lines.callers[call_id].taps = []

    plan = plan_of(lines.journal[:cut], lines.sides())

    assert [fact for fact in told(plan) if not isinstance(fact, AgentChanged)] == [
        TalkEnded(call_id, ORDERS, EVA),
        TalkTaken(call_id, ORDERS, TOM),
    ]
    after = revive(plan, lines.journal[:cut], lines.house.now)
    assert states(after) == (AgentState.WRAP_UP, AgentState.TALKING)
    assert after.house.recorder.started == [(call_id, TOM, ORDERS)]


def test_reservation_whose_phone_was_not_rung_yet_is_withdrawn() -> None:
    lines = Lines(open_house())
    asked(lines)
    kinds = [type(record.event) for record in lines.journal]
    cut = kinds.index(GuestInvited)
    lines.guests.clear()
    after = revive(
        plan_of(lines.journal[:cut], lines.sides()), lines.journal[:cut], lines.house.now
    )
    assert states(after) == (AgentState.TALKING, AgentState.READY)


def test_caller_who_talks_with_somebody_outside_goes_on() -> None:
    lines = Lines(open_house())
    call_id, guest = asked(lines, "transfer", "02112345678")
    lines.guest_picks_up(guest)
    plan = plan_of(lines.journal, lines.sides())
    assert (told(plan), plan.lost) == ([], [])
    assert [each.contact.stage for each in plan.calls] == [Stage.OUTSIDE]
    assert [started.agent_id for started in plan.running] == [EVA]
    after = revive(plan, lines.journal, lines.house.now)
    after.refuse(guest)
    assert call_id not in after.callers
    assert states(after)[0] is AgentState.WRAP_UP


def test_caller_who_was_being_sent_to_a_queue_comes_to_it() -> None:
    lines = Lines(open_house())
    call_id, offer_id = talking(lines)
    lines.refer(offer_id, "queue:repairs")
    kinds = [type(record.event) for record in lines.journal]
    cut = kinds.index(CallSentOn) + 1
    after = revive(
        plan_of(lines.journal[:cut], lines.sides()), lines.journal[:cut], lines.house.now
    )
    after.obey()
    assert events_after(after, CallQueued)[-1] == CallQueued(call_id, REPAIRS, 0, front=True)
    assert after.house.floor.state_of(EVA) is AgentState.WRAP_UP


def test_caller_who_was_sent_to_a_line_hears_its_flow_again() -> None:
    lines = Lines(open_house())
    call_id, offer_id = talking(lines)
    lines.refer(offer_id, "8000")
    plan = plan_of(lines.journal, lines.sides())
    assert plan.calls[0].missed == (CallAnswered(call_id),)
    assert plan.calls[0].contact.line == "8000"


# -- a queue that rings all ----------------------------------------------------------------------


def rung_by_all() -> tuple[Lines, CallId, OfferId, OfferId]:
    """A caller at whose agents' it rings: the house, the call, Eva's offer and Tom's."""
    lines = Lines(open_house(Strategy.RING_ALL))
    for agent_id in (EVA, TOM):
        lines.house.phone(agent_id)
    call_id = waiting(lines)
    eva, tom = lines.agents
    return lines, call_id, eva, tom


def next_of(lines: Lines, unwritten: int = 0) -> Lines:
    return next_core(lines, unwritten, vanished=[])


def test_all_phones_that_ring_go_on_ringing_and_the_first_has_the_caller() -> None:
    lines, call_id, eva, tom = rung_by_all()

    after = next_of(lines)
    assert {*after.agents} == {eva, tom}
    after.pick_up(tom)

    assert {*after.agents} == {tom}
    assert events_after(after, AgentAnswered) == [AgentAnswered(call_id, ORDERS, TOM)]
    assert after.house.floor.state_of(EVA) is AgentState.READY


def test_of_two_phones_that_were_picked_up_unheard_one_has_the_caller() -> None:
    lines, call_id, eva, tom = rung_by_all()
    for offer_id in (eva, tom):
        lines.agents[offer_id].is_early = False

    after = next_of(lines)

    assert {*after.agents} == {eva}
    assert events_after(after, AgentAnswered) == [AgentAnswered(call_id, ORDERS, EVA)]
    assert after.house.floor.state_of(TOM) is AgentState.READY


def test_phone_that_was_not_dialled_yet_rings_beside_the_other() -> None:
    lines, call_id, eva, tom = rung_by_all()
    del lines.agents[tom]

    (revived,) = plan_of(lines.journal, lines.sides()).calls

    assert revived.missed == (AgentOffered(call_id, ORDERS, TOM, tom),)
    assert [leg.offer_id for leg in revived.kept.rung] == [eva]


def test_talk_whose_answer_was_cut_off_frees_those_who_were_beaten() -> None:
    lines, call_id, _, tom = rung_by_all()
    offered = len(lines.journal)
    lines.pick_up(tom)
    lines.prompt_ended(call_id)
    unwritten = len(lines.journal) - offered

    plan = plan_of(lines.journal[:-unwritten], lines.sides())

    kinds = [type(fact) for fact in plan.facts]
    assert kinds.index(OfferFailed) < kinds.index(AgentAnswered)
    assert [[*caller.offers] for caller in plan.kept_callers(0.0)] == [[TOM]]
    states = {agent.agent_id: agent.state for agent in plan.agents}
    assert states == {EVA: AgentState.READY, TOM: AgentState.TALKING}


def test_caller_of_a_chosen_agent_rings_at_nobody_elses_after_a_kill_either() -> None:
    """So a claim has one offer at most, and is over with it, in the floor as in the journal."""
    lines = Lines(open_house(Strategy.RING_ALL))
    for agent_id in (EVA, TOM):
        lines.house.phone(agent_id)
        lines.tell(PhoneChanged(agent_id, registered=True, busy=True))
    call_id = waiting(lines)
    lines.house.feed(TakeCaller(call_id, EVA, reserve_s=60.0))
    lines.tell(PhoneChanged(EVA, registered=True, busy=False))
    [eva] = lines.agents

    after = next_of(lines)
    for agent_id in (EVA, TOM):
        after.tell(PhoneChanged(agent_id, registered=True, busy=False))
    assert {*after.agents} == {eva}
    after.refuse(eva)

    assert [leg.note.agent for leg in after.agents.values()] == [TOM], "anybody's again"


# -- any story, killed at any record -------------------------------------------------------------

OUTCOMES = (AgentAnswered, CallAbandoned, CallOverflowed, CallLost)
Deed = Callable[[Lines, int], None]


def of_calls(deed: Callable[[Lines, CallId], None]) -> Deed:
    def do(lines: Lines, which: int) -> None:
        if lines.callers:
            deed(lines, sorted(lines.callers)[which % len(lines.callers)])

    return do


def of_offers(deed: Callable[[Lines, OfferId], None]) -> Deed:
    def do(lines: Lines, which: int) -> None:
        if lines.agents:
            deed(lines, sorted(lines.agents)[which % len(lines.agents)])

    return do


def phone_changes(lines: Lines, which: int) -> None:
    agent_id = (EVA, TOM)[which % 2]
    lines.tell(PhoneChanged(agent_id, registered=which % 3 != 0, busy=False))


def of_guests(deed: Callable[[Lines, OfferId], None]) -> Deed:
    def do(lines: Lines, which: int) -> None:
        if lines.guests:
            deed(lines, sorted(lines.guests)[which % len(lines.guests)])

    return do


def all_get_ready(lines: Lines, which: int) -> None:
    for agent_id in (EVA, TOM):
        lines.tell(PhoneChanged(agent_id, registered=True, busy=False))
        lines.house.feed(Ready(agent_id))
        lines.obey()


TARGETS = ("eva", "tom", "queue:repairs", "tom", "8000", "02112345678", "", "eva")


def wants(deed: Callable[[Lines, OfferId, str], None]) -> Deed:
    def do(lines: Lines, which: int) -> None:
        if lines.agents:
            offer_id = sorted(lines.agents)[which % len(lines.agents)]
            deed(lines, offer_id, TARGETS[which % len(TARGETS)])

    return do


DEEDS: list[Deed] = [
    lambda lines, which: void(lines.arrive()),
    of_calls(Lines.press),
    of_calls(Lines.prompt_ended),
    of_calls(Lines.hang_up),
    of_offers(Lines.pick_up),
    of_offers(Lines.refuse),
    wants(Lines.refer),
    wants(Lines.consult),
    of_guests(Lines.guest_picks_up),
    of_guests(Lines.guest_leaves),
    phone_changes,
    all_get_ready,
    lambda lines, which: lines.wait(float(which)),
]
deeds = st.tuples(st.sampled_from(range(len(DEEDS))), st.integers(0, 30))
stories = st.lists(deeds, max_size=40)
strategies = st.sampled_from([Strategy.LONGEST_IDLE, Strategy.RING_ALL])
PHONES_CAME = 2
"Records that are on disk before anything can be cut off."


def void(_: object) -> None:
    """For deeds that return something."""


def live(lines: Lines, story: list[tuple[int, int]]) -> None:
    for number, which in story:
        DEEDS[number](lines, which)


def check(journal: list[Record[object]]) -> None:
    """Each call has one beginning and one end, each visit one outcome, each talk one end."""
    events = [record.event for record in journal]
    count = Counter(type(event) for event in events)
    arrived = Counter(e.call_id for e in events if isinstance(e, CallArrived))
    ended = Counter(e.call_id for e in events if isinstance(e, CallEnded))
    assert arrived == ended
    assert set(arrived.values()) <= {1}
    for kind in (CallQueued, TalkEnded):
        of_call: Counter[CallId] = Counter(e.call_id for e in events if isinstance(e, kind))
        others = OUTCOMES if kind is CallQueued else (AgentAnswered, TalkTaken)
        assert of_call == Counter(e.call_id for e in events if isinstance(e, others))
    assert count[AgentOffered] == count[AgentAnswered] + count[OfferFailed]
    assert count[GuestInvited] == count[GuestLeft] + count[TalkTransferred]
    last: dict[AgentId, AgentState] = {
        e.agent_id: e.state for e in events if isinstance(e, AgentChanged)
    }
    assert not {AgentState.RINGING, AgentState.TALKING} & set(last.values())


def next_core(lines: Lines, unwritten: int, vanished: list[int], keep: int = PHONES_CAME) -> Lines:
    """core dies: its last records were not on disk, and some legs have gone meanwhile."""
    journal = lines.journal[: max(keep, len(lines.journal) - unwritten)]
    sides = [side for number, side in enumerate(lines.sides()) if number not in vanished]
    plan = plan_of(journal, sides)
    strategy = lines.house.floor.options_of(ORDERS).strategy
    successor = revive(plan, journal, lines.house.now, lines.life + 1, strategy)
    for left in plan.left:
        successor.house.feed(left)
    for call_id in plan.lost:
        successor.house.feed(Lose(call_id))
        successor.tell(CallEnded(call_id, EndedBy.FAULT, REASON))
    for agent_id in (EVA, TOM):
        successor.house.phone(agent_id)
    successor.obey()
    return successor


def born(strategy: Strategy = Strategy.LONGEST_IDLE) -> Lines:
    lines = Lines(open_house(strategy))
    for agent_id in (EVA, TOM):
        lines.house.phone(agent_id)
    return lines


def end_all(lines: Lines) -> None:
    lines.wait(2000)
    for call_id in list(lines.callers):
        lines.hang_up(call_id)
    lines.wait(2000)


@settings(max_examples=tries(60), deadline=None)
@given(
    before=stories,
    unwritten=st.integers(0, 6),
    vanished=st.lists(st.integers(0, 9), max_size=2),
    after=stories,
    strategy=strategies,
)
@example(
    before=[(10, 0), (10, 2), (0, 0)],
    unwritten=6,
    vanished=[],
    after=[(0, 0)],
    strategy=Strategy.LONGEST_IDLE,
)
def test_whatever_happened_before_and_happens_after_a_kill_each_thing_ends_once(
    before: list[tuple[int, int]],
    unwritten: int,
    vanished: list[int],
    after: list[tuple[int, int]],
    strategy: Strategy,
) -> None:
    lines = born(strategy)
    live(lines, before)
    lines = next_core(lines, unwritten, vanished)
    live(lines, after)
    end_all(lines)

    check(lines.journal)


@settings(max_examples=tries(40), deadline=None)
@given(
    lives=st.lists(
        st.tuples(
            st.lists(deeds, max_size=12),
            st.integers(0, 6),
            st.lists(st.integers(0, 9), max_size=1),
        ),
        min_size=2,
        max_size=6,
    ),
    strategy=strategies,
)
def test_cores_may_die_one_after_the_other_and_each_thing_ends_once(
    lives: list[tuple[list[tuple[int, int]], int, list[int]]], strategy: Strategy
) -> None:
    lines = born(strategy)
    kept = PHONES_CAME
    for story, unwritten, vanished in lives:
        live(lines, story)
        # What a core has read at its start is on disk: only its own records can be lost.
        lines = next_core(lines, unwritten, vanished, kept)
        kept = len(lines.journal)
    end_all(lines)

    check(lines.journal)
