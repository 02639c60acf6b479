"""What people have chosen, or were told, and what decides of it later, outlives the core."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import count

import pytest

from acd.events import (
    AgentAnswered,
    AgentAway,
    AgentChanged,
    AgentOffered,
    AgentState,
    CallQueued,
    SurgeChanged,
    TalkEnded,
    TalkTaken,
    WrapUpOverdue,
)
from acd.floor import Floor
from acd.inputs import Accept, AgentLeft, CodeWrapUp, Enqueue, PhoneChanged
from acd.options import AgentCard, AgentOptions, QueueOptions, Surge
from callcenter.conduct.contact import Stage
from callcenter.events import ActionTaken, CallSentOn
from callcenter.revival.history import TALKS_KEPT, History
from callcenter.revival.revive import Plan, make_plan, plan_after_reboot
from callcenter.revival.settle import REASON, OpenEnds, find_open_ends
from foundation.ids import AgentId, CallId, OfferId, QueueId
from foundation.journal.rows import EPOCH
from foundation.record import Record
from ivr.flows.flow import parse
from telephony.calls.events import CallArrived, CallEnded, EndedBy, Side
from telephony.calls.kept import Note
from tests.callcenter.revival.test_revive import asked, plan_of
from tests.support.fake_house import EVA, ORDERS, REPAIRS, TOM, House
from tests.support.floors import seat
from tests.support.kept_house import CONFIGURED, PARTY, Lines, open_house

CHINESE = (
    "languages: [en, zh]\nstart: a\nnodes:\n"
    "  a: {do: language, language: zh, next: b}\n  b: {do: queue, queue: orders}"
)
CALL = CallId("c-1")


def test_language_that_the_caller_has_chosen() -> None:
    lines = Lines(House(flows={"main": parse(CHINESE, "flows/main.yaml", "main")[0]}))
    call_id = lines.arrive()
    before = lines.house.journey.find(call_id)
    assert before is not None
    assert (before.stage, before.language) == (Stage.WAITING, "zh")

    [revived] = plan_of(lines.journal, lines.sides()).calls

    assert revived.contact.language == "zh"


def test_recording_that_only_media_knows_is_in_the_language_that_the_caller_has_chosen() -> None:
    lines = Lines(House(flows={"main": parse(CHINESE, "flows/main.yaml", "main")[0]}))
    lines.house.phone(EVA)
    call_id = lines.arrive()
    lines.pick_up(next(iter(lines.agents)))
    lines.prompt_ended(call_id)

    [started] = plan_of(lines.journal, lines.sides()).running

    assert started.languages == ("zh", "zh")


def test_trunk_that_the_call_came_by_is_known_to_the_flow_that_begins_again() -> None:
    lines = Lines(House())
    call_id = lines.arrive()
    note = Note(call=call_id, side=Side.CALLER, line="8000", trunk="carrier")
    lines.callers[call_id].note = note

    [revived] = plan_of(lines.journal, lines.sides()).calls

    assert revived.contact.trunk == "carrier"


@pytest.mark.parametrize("is_told", [False, True])
def test_urgency_of_a_caller_whose_talk_was_handed_over(is_told: bool) -> None:
    """Whoever has him now may send him on to a queue, where it decides again."""
    lines = Lines(open_house())
    call_id, guest = asked(lines)
    lines.guest_picks_up(guest)
    queued = next(each for each in lines.journal if isinstance(each.event, CallQueued))
    assert isinstance(queued.event, CallQueued)
    urgent = replace(queued.event, priority=2, tier="gold", requires="english")
    journal = [replace(each, event=urgent) if each is queued else each for each in lines.journal]
    assert any(isinstance(each.event, TalkTaken) for each in journal)
    if is_told:
        sent = CallSentOn(call_id, TOM, f"queue:{REPAIRS}")
        journal.append(Record(len(journal) + 1, lines.house.now, EPOCH, sent))

    [revived] = plan_of(journal, lines.sides()).calls

    contact = revived.contact
    assert (contact.priority, contact.tier, str(contact.requires)) == (2, "gold", "english")


# -- what is told once ---------------------------------------------------------------------------

CODED = QueueOptions(wrap_up_s=20.0, wrap_up_codes=("sale",), needs_wrap_up_code=True)
OVERDUE = (
    CallQueued(CALL, ORDERS),
    AgentOffered(CALL, ORDERS, EVA, OfferId("o-1")),
    AgentAnswered(CALL, ORDERS, EVA),
    TalkEnded(CALL, ORDERS, EVA),
    AgentChanged(EVA, AgentState.WRAP_UP, call_id=CALL),
    WrapUpOverdue(CALL, ORDERS, EVA),
)
BREAKS = AgentOptions(pause_limit_s={"break": 900.0}, away_grace_s=120.0)
ON_BREAK = (AgentChanged(EVA, AgentState.PAUSED, "break"), AgentAway(EVA, "break", 900.0))


def restarted(
    told: Sequence[object],
    now: float,
    queue: QueueOptions | None = None,
    options: AgentOptions | None = None,
    *backups: AgentCard,
) -> Floor:
    """What was told happened at 0."""
    history = History()
    for seq, event in enumerate((CallArrived(CALL, PARTY, "8000"), *told), 1):
        history.take(Record(seq, 0.0, EPOCH, event))
    visits = [(each.call_id, each.visit) for each in history.calls.values() if each.visit]
    plan = Plan(
        agents=[*history.agents.values()],
        registered={EVA},
        visits=visits,
        surging=frozenset(history.surging),
    )
    cards = [AgentCard(agent_id=EVA, name=EVA, number="1001"), *backups]
    floor = Floor({ORDERS: queue or QueueOptions()}, cards, options)
    callers = plan.kept_callers(0.0)
    floor.restore(plan.kept_agents(0.0), callers, now, plan.kept_guests(), plan.surging)
    return floor


def test_code_that_is_missing_is_missed_once() -> None:
    floor = restarted(OVERDUE, 30.0, CODED)

    assert floor.tick(500.0) == []
    floor.feed(CodeWrapUp(EVA, "sale"), 501.0)
    assert floor.agent(EVA).state is AgentState.READY


def test_wrap_up_whose_code_is_demanded_no_more_ends() -> None:
    floor = restarted(OVERDUE, 30.0, QueueOptions(wrap_up_s=20.0))
    floor.tick(31.0)
    assert floor.agent(EVA).state is AgentState.READY


def test_pause_that_lasts_too_long_is_told_once_and_ends_when_it_would_have() -> None:
    floor = restarted(ON_BREAK, 950.0, options=BREAKS)

    assert floor.tick(1019.9) == []
    assert floor.tick(1020.0) == [AgentChanged(EVA, AgentState.OFF, "away")]


def test_pause_that_began_anew_is_told_anew() -> None:
    again = (AgentChanged(EVA, AgentState.READY), AgentChanged(EVA, AgentState.PAUSED, "break"))
    floor = restarted((*ON_BREAK, *again), 950.0, options=BREAKS)

    assert floor.tick(951.0) == [AgentAway(EVA, "break", 951.0)]


# -- the expected wait ---------------------------------------------------------------------------

CODELESS = QueueOptions(wrap_up_s=60.0)


def test_wait_that_is_expected_is_by_the_talks_of_before() -> None:
    """Ten minutes each; one of them goes on."""
    history, seq = History(), count(1)
    floor = Floor({ORDERS: CODELESS}, [AgentCard(agent_id=EVA, name=EVA, number="1001")])
    seat(floor, EVA, 0.0)

    def told(at_s: float, events: Sequence[object]) -> Sequence[object]:
        for event in events:
            history.take(Record(next(seq), at_s, EPOCH, event))
        return events

    for number in range(71):
        call_id, at_s = CallId(f"c-{number}"), number * 700.0
        told(at_s, [CallArrived(call_id, PARTY, "8000")])
        queued = told(at_s, floor.feed(Enqueue(call_id, ORDERS), at_s))
        [offer] = [each for each in queued if isinstance(each, AgentOffered)]
        told(at_s, floor.feed(Accept(call_id, EVA, offer.offer_id), at_s))
        if number < 70:
            told(at_s + 600.0, floor.feed(AgentLeft(call_id, EVA), at_s + 600.0))
            told(at_s + 660.0, floor.tick(at_s + 660.0))
    now = 70 * 700.0 + 300.0
    assert len(history.talks[ORDERS]) == TALKS_KEPT
    visits = [(each.call_id, each.visit) for each in history.calls.values() if each.visit]
    plan = Plan(agents=[*history.agents.values()], visits=visits, talks=history.talks)
    after = Floor({ORDERS: CODELESS}, [AgentCard(agent_id=EVA, name=EVA, number="1001")])
    after.restore(plan.kept_agents(0.0), plan.kept_callers(0.0), now, talks=plan.talks)

    for each in (floor, after):
        each.feed(AgentLeft(CallId("c-70"), EVA), now + 300.0)
    before, learnt = (each.now().expected[ORDERS].wait_s for each in (floor, after))
    assert before is not None
    assert before > 550.0
    assert learnt == pytest.approx(before, abs=20.0)


def a_talk(
    queue: QueueId, call_id: CallId, begun_s: float, length_s: float
) -> list[Record[object]]:
    return [
        Record(1, begun_s, EPOCH, CallArrived(call_id, PARTY, "8000")),
        Record(2, begun_s, EPOCH, CallQueued(call_id, queue)),
        Record(3, begun_s, EPOCH, AgentOffered(call_id, queue, EVA, OfferId(f"o-{call_id}"))),
        Record(4, begun_s, EPOCH, AgentAnswered(call_id, queue, EVA)),
        Record(5, begun_s + length_s, EPOCH, TalkEnded(call_id, queue, EVA)),
    ]


def test_wait_that_is_expected_is_by_the_talks_of_before_also_after_a_reboot() -> None:
    """Nothing else outlives it; the first callers of the day are told a wait as well."""
    history = History()
    for number in range(60):
        for record in a_talk(ORDERS, CallId(f"c-{number}"), number * 700.0, 600.0):
            history.take(record)
    plan = plan_after_reboot(history, OpenEnds(), [], CONFIGURED)
    floor = Floor({ORDERS: CODELESS}, [AgentCard(agent_id=EVA, name=EVA, number="1001")])
    floor.restore(plan.kept_agents(0.0), plan.kept_callers(0.0), 0.0, talks=plan.talks)
    seat(floor, EVA, 0.0)
    for number in range(2):
        floor.feed(Enqueue(CallId(f"d-{number}"), ORDERS), 1.0)

    expected = floor.now().expected[ORDERS].wait_s

    assert expected is not None
    assert expected > 550.0


def test_talk_that_ended_with_the_machine_teaches_nothing() -> None:
    """The machine was off over the weekend."""
    history = History()
    lasting = CallId("c-2")
    for record in (*a_talk(ORDERS, CALL, 0.0, 120.0), *a_talk(ORDERS, lasting, 200.0, 200_000.0)):
        history.take(record)
    history.take(Record(6, 200_200.0, EPOCH, CallEnded(lasting, EndedBy.FAULT, REASON)))

    assert [*history.talks[ORDERS]] == [120.0]


# -- who has gone home, or is on leave -----------------------------------------------------------

READY, MEAL = AgentChanged(EVA, AgentState.READY), AgentChanged(EVA, AgentState.PAUSED, "meal")
SENT_OFF = (READY, ActionTaken("sue", "agent off", EVA), AgentChanged(EVA, AgentState.OFF))
OFF_FOR_A_MEAL = AgentChanged(EVA, AgentState.OFF, "meal")


@pytest.mark.parametrize("is_same_boot", [True, False])
@pytest.mark.parametrize(
    ("told", "has_phone", "facts", "state", "reason"),
    [
        (SENT_OFF, True, [], AgentState.OFF, ""),
        (SENT_OFF, False, [], AgentState.READY, ""),
        ((READY, MEAL), False, [OFF_FOR_A_MEAL], AgentState.PAUSED, "meal"),
        ((READY, MEAL, OFF_FOR_A_MEAL), False, [], AgentState.PAUSED, "meal"),
        ((READY,), False, [AgentChanged(EVA, AgentState.OFF)], AgentState.READY, ""),
    ],
)
def test_phone_that_registers_after_a_restart_is_a_sign_in_only_of_who_was_not_sent_off_or_away(
    told: tuple[object, ...],
    has_phone: bool,
    facts: list[object],
    state: AgentState,
    reason: str,
    is_same_boot: bool,
) -> None:
    """With `auto_ready`: nobody is rung at an empty desk because the machine was restarted."""
    history, ends = History(), find_open_ends(told)
    for seq, event in enumerate(told, 1):
        history.take(Record(seq, 0.0, EPOCH, event))

    def phone(_: AgentId) -> bool:
        return has_phone

    house = replace(CONFIGURED, is_present=phone, is_registered=phone)
    plan = (
        make_plan(history, [], house)
        if is_same_boot
        else plan_after_reboot(history, ends, [], house)
    )
    assert plan.facts == facts
    card = AgentCard(agent_id=EVA, name=EVA, number="1001")
    floor = Floor({ORDERS: QueueOptions()}, [card], AgentOptions(auto_ready=True))
    floor.restore(plan.kept_agents(0.0), [], 1.0)

    floor.feed(PhoneChanged(EVA, registered=True, busy=False), 2.0)

    assert (floor.state_of(EVA), floor.agents()[0].reason) == (state, reason)


# -- backup agents -------------------------------------------------------------------------------

RUSH = QueueOptions(surge=Surge(join_waiting=3, leave_waiting=0))
CALLED_IN = (CallQueued(CALL, ORDERS), SurgeChanged(ORDERS, is_on=True))
BACKUP = AgentCard(agent_id=TOM, name=TOM, number="1002", backup=True)


def test_backup_agents_who_were_called_in_go_on_until_it_is_well_over() -> None:
    floor = restarted(CALLED_IN, 30.0, RUSH, None, BACKUP)

    told = seat(floor, TOM, 31.0)
    assert [each for each in told if isinstance(each, AgentOffered)], "one waits, not three"
    assert SurgeChanged(ORDERS, is_on=False) in told


@pytest.mark.parametrize(
    ("queue", "told"),
    [(QueueOptions(), CALLED_IN), (RUSH, (*CALLED_IN, SurgeChanged(ORDERS, is_on=False)))],
)
def test_backup_agents_are_not_called_in_by_a_rush_that_is_over(
    queue: QueueOptions, told: tuple[object, ...]
) -> None:
    floor = restarted(told, 30.0, queue, None, BACKUP)
    assert not [each for each in seat(floor, TOM, 31.0) if isinstance(each, AgentOffered)]
