"""One row for each call, whatever the journal says of it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd import events as acd
from callcenter.events import CallSentOn
from callcenter.records.billing import SETTLE_S, Billing, CallRow, Outcome, OutsideLeg
from callcenter.records.call_history import Wanted
from foundation.ids import (
    AgentId,
    CallbackId,
    CallId,
    LegId,
    OfferId,
    PartyId,
    QueueId,
    RecordingId,
)
from foundation.record import Record
from recordings.events import RecordingStarted
from telephony.calls import events as calls

DAY = datetime(2026, 6, 22, tzinfo=UTC)
C1, P1, EVA, TOM = CallId("c-1"), PartyId("p-1"), AgentId("eva"), AgentId("tom")
ORDERS, SUPPORT = QueueId("orders"), QueueId("support")
BY_CALLER = calls.EndedBy.CALLER


def leg(call_id: CallId, side: calls.Side, received: int, lost: int = 0) -> calls.LegEnded:
    leg_id = LegId(f"l-{side}-{received}")
    return calls.LegEnded(call_id, leg_id, side, received, received, lost, 1.5, 2, 0.5)


def rows_of(
    story: Sequence[tuple[float, object]],
    since: datetime = DAY,
    until: datetime = DAY + timedelta(days=1),
) -> list[CallRow]:
    """`story`: seconds after DAY, and what happened then."""
    billing = Billing(since, until)
    rows: list[CallRow] = []
    for seq, (at, event) in enumerate(story, 1):
        rows += billing.take(Record(seq, 1e9 + at, DAY + timedelta(seconds=at), event))
    return [*rows, *billing.finish()]


def test_whole_call_with_all_its_times_and_figures() -> None:
    (row,) = rows_of(
        [
            (10, calls.CallArrived(C1, P1, "8000", "north")),
            (11, calls.CallAnswered(C1)),
            (20, acd.CallQueued(C1, ORDERS)),
            (25, acd.AgentOffered(C1, ORDERS, EVA, OfferId("o"))),
            (30, acd.AgentAnswered(C1, ORDERS, EVA)),
            (32, RecordingStarted(RecordingId("r-1"), C1, EVA, ORDERS, "f.wav", ("en", "en"))),
            (33, calls.CallBridged(C1, EVA)),
            (90, calls.CallEnded(C1, BY_CALLER, "bye")),
            (90, acd.TalkEnded(C1, ORDERS, EVA)),
            (90.1, leg(C1, calls.Side.CALLER, 3900, 7)),
            (90.2, leg(C1, calls.Side.AGENT, 2900, 3)),
        ]
    )
    assert (row.trunk, row.line, row.party_id) == ("north", "8000", P1)
    seconds = [
        (at - DAY).total_seconds() if at else None
        for at in (row.arrived, row.answered, row.bridged, row.ended)
    ]
    assert seconds == [10, 11, 33, 90]
    assert (row.wait_s, row.talk_s, row.call_s) == (10, 60, 79)
    assert (row.agent_id, row.queue, row.outcome) == (EVA, ORDERS, Outcome.ANSWERED)
    assert (row.ended_by, row.reason, row.refused_status) == ("caller", "bye", None)
    assert row.recording_ids == ["r-1"]
    assert row.caller_leg is not None
    assert row.agent_leg is not None
    assert (row.caller_leg.packets_lost, row.agent_leg.packets_lost) == (7, 3)


def test_talk_that_went_from_agent_to_agent_is_one_row_with_both_times() -> None:
    (row,) = rows_of(
        [
            (0, calls.CallArrived(C1, P1, "8000")),
            (0, calls.CallAnswered(C1)),
            (0, acd.CallQueued(C1, ORDERS)),
            (10, acd.AgentAnswered(C1, ORDERS, EVA)),
            (40, calls.GuestInvited(C1, OfferId("g"), calls.GuestWay.CONSULT, TOM)),
            (45, calls.GuestJoined(C1, OfferId("g"))),
            (60, calls.TalkTransferred(C1, OfferId("g"))),
            (60, acd.TalkEnded(C1, ORDERS, EVA)),
            (60, acd.TalkTaken(C1, ORDERS, TOM)),
            (90, acd.TalkEnded(C1, ORDERS, TOM)),
            (90, CallSentOn(C1, TOM, "queue:support")),
            (90, acd.CallQueued(C1, SUPPORT, 0, True)),
            (95, acd.AgentAnswered(C1, SUPPORT, EVA)),
            (99, calls.CallEnded(C1, BY_CALLER, "bye")),
        ]
    )
    assert (row.wait_s, row.talk_s) == (15, 50 + 30 + 4)
    assert row.handovers == ["tom", "queue:support"]
    assert (row.agent_id, row.queue, row.outcome) == (EVA, SUPPORT, Outcome.ANSWERED)
    assert (row.agents, row.queues) == ([EVA, TOM, EVA], [ORDERS, SUPPORT])
    assert row.outside == []


@pytest.mark.parametrize(
    ("wanted", "matches"),
    [
        (Wanted(agent_id=EVA), True),
        (Wanted(agent_id=TOM), True),
        (Wanted(agent_id="outside"), False),
        (Wanted(queue=ORDERS), True),
        (Wanted(queue=SUPPORT), True),
    ],
)
def test_call_is_found_by_everybody_who_had_it_and_wherever_it_waited(
    wanted: Wanted, matches: bool
) -> None:
    """Eva gives the caller to Tom, who gives him to somebody outside."""
    guest, outside = OfferId("g"), OfferId("g-2")
    (row,) = rows_of(
        [
            (0, calls.CallArrived(C1, P1, "8000")),
            (0, acd.CallQueued(C1, ORDERS)),
            (9, acd.CallOverflowed(C1, ORDERS)),
            (9, acd.CallQueued(C1, SUPPORT)),
            (10, acd.AgentAnswered(C1, SUPPORT, EVA)),
            (60, acd.TalkEnded(C1, SUPPORT, EVA)),
            (60, acd.TalkTaken(C1, SUPPORT, TOM)),
            (70, calls.GuestInvited(C1, guest, calls.GuestWay.TRANSFER, None, P1)),
            (80, calls.TalkTransferred(C1, outside)),
            (99, calls.CallEnded(C1, BY_CALLER, "bye")),
        ]
    )
    assert "outside" in row.handovers
    assert wanted.matches(row) is matches


def test_numbers_outside_are_billed_from_their_pick_up() -> None:
    first, second = PartyId("p-2"), PartyId("p-3")
    transfer = calls.GuestWay.TRANSFER
    (row,) = rows_of(
        [
            (0, calls.CallArrived(C1, P1, "8000")),
            (0, calls.CallAnswered(C1)),
            (0, acd.CallQueued(C1, ORDERS)),
            (10, acd.AgentAnswered(C1, ORDERS, EVA)),
            (20, calls.GuestInvited(C1, OfferId("g"), transfer, None, first, "north")),
            (30, calls.GuestLeft(C1, OfferId("g"), 486)),
            (40, calls.GuestInvited(C1, OfferId("h"), transfer, None, second, "south")),
            (50, calls.GuestJoined(C1, OfferId("h"))),
            (50, calls.TalkTransferred(C1, OfferId("h"))),
            (50, acd.TalkEnded(C1, ORDERS, EVA)),
            (80, calls.CallEnded(C1, BY_CALLER, "bye")),
        ]
    )
    assert row.outside == [OutsideLeg(first, "north", 0.0), OutsideLeg(second, "south", 30.0)]
    assert (row.talk_s, row.handovers) == (40, ["outside"])


def test_agents_own_call_is_dialled_when_somebody_picks_up() -> None:
    def outcome(*events: object) -> Outcome:
        arrived = (0, calls.CallArrived(C1, P1, ""))
        invited = (1, calls.GuestInvited(C1, OfferId("g"), calls.GuestWay.CONSULT, TOM))
        (row,) = rows_of([arrived, invited, *((2, event) for event in events)])
        return row.outcome

    ended = calls.CallEnded(C1, BY_CALLER, "bye")
    joined = calls.GuestJoined(C1, OfferId("g"))
    assert outcome(joined, calls.CallAnswered(C1), ended) is Outcome.DIALLED
    assert outcome(ended) is Outcome.CANCELLED
    assert outcome(calls.CallRefused(C1, 486, "x"), ended) is Outcome.REFUSED


def test_refused_call_has_status_and_rule_and_cost_nothing() -> None:
    (row,) = rows_of(
        [
            (0, calls.CallArrived(C1, P1, "8000")),
            (0, calls.CallRefused(C1, 486, "line channels: 8000 has 2")),
            (0, calls.CallEnded(C1, calls.EndedBy.CENTRE, "line channels: 8000 has 2")),
        ]
    )
    assert (row.outcome, row.refused_status) == (Outcome.REFUSED, 486)
    assert row.refused_rule == "line channels: 8000 has 2"
    assert (row.answered, row.call_s, row.caller_leg) == (None, 0, None)


def test_call_of_two_queues_adds_up_and_tells_the_last_outcome() -> None:
    (row,) = rows_of(
        [
            (0, calls.CallArrived(C1, P1, "8000")),
            (0, calls.CallAnswered(C1)),
            (0, acd.CallQueued(C1, ORDERS)),
            (60, acd.CallOverflowed(C1, ORDERS)),
            (60, acd.CallQueued(C1, SUPPORT)),
            (75, acd.AgentAnswered(C1, SUPPORT, EVA)),
            (80, acd.TalkEnded(C1, SUPPORT, EVA)),
            (80, acd.CallQueued(C1, SUPPORT)),
            (82, acd.AgentAnswered(C1, SUPPORT, TOM)),
            (92, calls.CallEnded(C1, calls.EndedBy.AGENT, "bye")),
        ]
    )
    assert (row.wait_s, row.talk_s, row.call_s) == (77, 15, 92)
    assert (row.agent_id, row.queue, row.outcome) == (TOM, SUPPORT, Outcome.ANSWERED)


def outcome_of(*events: object, by: calls.EndedBy = BY_CALLER) -> Outcome:
    story = [calls.CallArrived(C1, P1, "8000"), *events, calls.CallEnded(C1, by, "")]
    (row,) = rows_of([(float(n), event) for n, event in enumerate(story)])
    return row.outcome


def test_outcomes_of_calls_that_no_agent_answered() -> None:
    answered, queued = calls.CallAnswered(C1), acd.CallQueued(C1, ORDERS)
    assert outcome_of() is Outcome.CANCELLED
    assert outcome_of(by=calls.EndedBy.FAULT) is Outcome.LOST
    assert outcome_of(answered) is Outcome.UNQUEUED
    assert outcome_of(answered, queued) is Outcome.ABANDONED
    assert outcome_of(answered, queued, by=calls.EndedBy.FAULT) is Outcome.LOST
    assert outcome_of(answered, queued, acd.CallOverflowed(C1, ORDERS)) is Outcome.OVERFLOWED
    assert outcome_of(answered, queued, acd.CallLost(C1, ORDERS)) is Outcome.LOST


def test_call_that_goes_on_has_a_row_without_an_end() -> None:
    (row,) = rows_of(
        [
            (0, calls.CallArrived(C1, P1, "8000")),
            (1, calls.CallAnswered(C1)),
            (5, calls.CallArrived(CallId("tomorrow"), P1, "8000")),
        ],
        until=DAY + timedelta(seconds=5),
    )
    assert (row.ended, row.outcome, row.call_s) == (None, Outcome.OPEN, 4)


def test_period_is_about_arrivals_and_reading_stops_when_its_last_call_is_settled() -> None:
    billing = Billing(DAY, DAY + timedelta(seconds=100))
    story = [
        (-1.0, calls.CallArrived(CallId("before"), P1, "8000")),
        (0.0, calls.CallArrived(C1, P1, "8000")),
        (1.0, calls.CallEnded(CallId("before"), BY_CALLER, "")),
        (100.0, calls.CallArrived(CallId("after"), P1, "8000")),
        (200.0, calls.CallEnded(C1, BY_CALLER, "")),
        (200.0 + SETTLE_S, calls.MediaTroubled("later")),
    ]
    rows: list[CallRow] = []
    for seq, (at, event) in enumerate(story, 1):
        assert not billing.is_complete
        rows += billing.take(Record(seq, at, DAY + timedelta(seconds=at), event))
    assert billing.is_complete
    assert [row.call_id for row in rows] == ["c-1"]
    assert list(billing.finish()) == []


def test_agents_leg_is_the_one_that_carried_the_talk() -> None:
    (row,) = rows_of(
        [
            (0, calls.CallArrived(C1, P1, "8000")),
            (1, leg(C1, calls.Side.AGENT, 0)),
            (2, leg(C1, calls.Side.AGENT, 500)),
            (3, leg(C1, calls.Side.AGENT, 3)),
            (4, calls.CallEnded(C1, BY_CALLER, "")),
        ]
    )
    assert row.agent_leg is not None
    assert row.agent_leg.packets_received == 500


CALLS = [CallId(f"c-{n}") for n in range(6)]


def any_event(call_id: CallId) -> st.SearchStrategy[object]:
    """What may be said of a call, but for its arrival; in any order."""
    return st.sampled_from(
        [
            calls.CallAnswered(call_id),
            calls.CallRefused(call_id, 486, "x"),
            calls.CallBridged(call_id, EVA),
            calls.CallEnded(call_id, BY_CALLER, ""),
            acd.CallQueued(call_id, ORDERS),
            acd.AgentAnswered(call_id, ORDERS, EVA),
            acd.CallAbandoned(call_id, ORDERS),
            acd.TalkEnded(call_id, ORDERS, EVA),
            leg(call_id, calls.Side.CALLER, 5),
        ]
    )


@st.composite
def journals(draw: st.DrawFn) -> list[tuple[float, object]]:
    """Arrivals at most once each; everything else as often and as early or late as it likes."""
    arrivals = [calls.CallArrived(c, P1, "8000") for c in draw(st.sets(st.sampled_from(CALLS)))]
    others = draw(st.lists(st.sampled_from(CALLS).flatmap(any_event), max_size=60))
    events = draw(st.permutations([*arrivals, *others]))
    at, story = -50.0, []
    for event in events:
        at += draw(st.floats(0, 20))
        story.append((at, event))
    return story


@given(journals(), st.floats(0, 400))
def test_every_arrival_of_the_period_gives_exactly_one_row(
    story: list[tuple[float, object]], length_s: float
) -> None:
    until = DAY + timedelta(seconds=length_s)
    rows = rows_of(story, until=until)
    arrived = [
        event.call_id
        for at, event in story
        if isinstance(event, calls.CallArrived) and DAY <= DAY + timedelta(seconds=at) < until
    ]
    assert sorted(row.call_id for row in rows) == sorted(arrived)
    for row in rows:
        assert min(row.wait_s, row.talk_s, row.call_s) >= 0
        assert (row.ended is None) == (row.outcome is Outcome.OPEN)


@given(journals())
def test_what_is_kept_is_open_or_has_ended_just_now(story: list[tuple[float, object]]) -> None:
    billing = Billing(DAY, DAY + timedelta(days=1))
    open_calls: set[CallId] = set()
    ended_at: dict[CallId, float] = {}
    for seq, (at, event) in enumerate(story, 1):
        if isinstance(event, calls.CallArrived) and at >= 0:
            open_calls.add(event.call_id)
        elif isinstance(event, calls.CallEnded) and event.call_id in open_calls:
            open_calls.remove(event.call_id)
            ended_at[event.call_id] = at
        list(billing.take(Record(seq, 1e6 + at, DAY + timedelta(seconds=at), event)))
        # A hair's breadth of time is left to rounding.
        settling = {call_id for call_id, end in ended_at.items() if at - end < SETTLE_S - 0.001}
        settled = {call_id for call_id, end in ended_at.items() if at - end > SETTLE_S + 0.001}
        assert open_calls | settling <= billing.kept
        assert not settled & billing.kept


def test_who_leaves_for_a_callback_and_the_calls_that_keep_it_are_rows() -> None:
    back, again = CallId("c-back"), CallId("c-again")
    promise = CallbackId("b-1")
    left, unreached, kept = rows_of(
        [
            (0, calls.CallArrived(C1, P1, "8000")),
            (5, acd.CallQueued(C1, ORDERS)),
            (25, acd.CallLeftForCallback(C1, ORDERS, promise)),
            (30, calls.CallEnded(C1, BY_CALLER, "bye")),
            (100, calls.CallPlaced(back, P1, "", "carrier")),
            (140, calls.CallNotReached(back, 0)),
            (140, calls.CallEnded(back, calls.EndedBy.CENTRE, "the callback is over")),
            (500, calls.CallPlaced(again, P1, "", "carrier")),
            (510, calls.CallAnswered(again)),
            (510, acd.CallQueued(again, ORDERS, waited_s=505.0)),
            (514, acd.AgentAnswered(again, ORDERS, EVA)),
            (600, calls.CallEnded(again, BY_CALLER, "bye")),
        ]
    )
    assert (left.outcome, left.wait_s) == (Outcome.CALLBACK, 20)
    assert (unreached.outcome, unreached.trunk, unreached.answered) == (
        Outcome.NOT_REACHED,
        "carrier",
        None,
    )
    assert (kept.outcome, kept.wait_s, kept.call_s, kept.talk_s) == (Outcome.ANSWERED, 4, 90, 86)
