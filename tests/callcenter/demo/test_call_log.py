"""Each call's story, from the journal's facts."""

from datetime import UTC, datetime

import pytest

from acd.events import (
    AgentAnswered,
    CallAbandoned,
    CallOverflowed,
    CallQueued,
    OfferFailed,
    OfferFailure,
)
from callcenter.demo.call_log import CallLog, Story
from foundation.ids import AgentId, CallId, OfferId, PartyId, QueueId, RecordingId
from foundation.record import Record
from recordings.events import (
    RecordingEnded,
    RecordingStarted,
    TranscriptFailed,
    TranscriptReady,
)
from telephony.calls.events import (
    CallAnswered,
    CallArrived,
    CallBridged,
    CallEnded,
    CallRefused,
    EndedBy,
)

CALL, OTHER = CallId("c-1"), CallId("c-2")
EVA, TOM = AgentId("eva"), AgentId("tom")
ORDERS = QueueId("orders")
TALK = RecordingId("r-1")
STARTED = RecordingStarted(TALK, CALL, EVA, ORDERS, "r-1.wav", ("en", "en"))


def told(*facts: tuple[float, object]) -> CallLog:
    log = CallLog()
    for seq, (at_s, event) in enumerate(facts, 1):
        log.fold(Record(seq=seq, at_s=at_s, utc=datetime.fromtimestamp(at_s, UTC), event=event))
    return log


def story(*facts: tuple[float, object]) -> Story:
    return told((0, CallArrived(CALL, PartyId("p-1"), "8000")), *facts).stories[CALL]


def missed(agent_id: AgentId, why: OfferFailure) -> OfferFailed:
    return OfferFailed(CALL, ORDERS, agent_id, OfferId("o-1"), why)


def test_an_answered_call_knows_its_wait_its_agent_and_who_let_it_ring() -> None:
    one = story(
        (1, CallAnswered(CALL)),
        (2, CallQueued(CALL, ORDERS)),
        (7, missed(TOM, OfferFailure.NO_ANSWER)),
        (9, AgentAnswered(CALL, ORDERS, EVA)),
        (12, CallBridged(CALL, EVA)),
    )

    assert (one.queue, one.waited_s, one.agent_id, one.missed_by) == ("orders", 7, EVA, [TOM])
    assert not one.is_over


def test_an_offer_that_was_withdrawn_is_nobodys_fault() -> None:
    one = story(
        (2, CallQueued(CALL, ORDERS)),
        (8, missed(TOM, OfferFailure.WITHDRAWN)),
        (8, CallEnded(CALL, EndedBy.CALLER, "hung up")),
        (8, CallAbandoned(CALL, ORDERS)),
    )

    assert (one.missed_by, one.outcome, one.waited_s) == ([], "abandoned", 6)
    assert one.is_settled


def test_a_refused_call_is_settled_at_its_end() -> None:
    one = story(
        (3, CallRefused(CALL, 480, "blocked number")), (3, CallEnded(CALL, EndedBy.CENTRE, ""))
    )

    assert (one.refused, one.answered_s, one.waited_s, one.is_settled) == (480, None, None, True)


def test_overflow_is_an_outcome() -> None:
    assert story((2, CallQueued(CALL, ORDERS)), (9, CallOverflowed(CALL, ORDERS))).outcome == (
        "overflowed"
    )


@pytest.mark.parametrize(
    "last",
    [
        TranscriptReady(TALK, 12),
        TranscriptFailed(TALK, "no model", final=True),
        RecordingEnded(TALK, 0.0, complete=False),
    ],
)
def test_a_recorded_call_is_settled_when_no_transcript_is_to_come(last: object) -> None:
    before = (
        (5, STARTED),
        (20, CallEnded(CALL, EndedBy.CALLER, "")),
        (20, RecordingEnded(TALK, 10.0, complete=True)),
        (21, TranscriptFailed(TALK, "killed", final=False)),
    )

    assert not story(*before).is_settled
    assert story(*before, (22, last)).is_settled


def test_facts_of_other_calls_change_nothing() -> None:
    log = told(
        (0, CallArrived(CALL, PartyId("p-1"), "8000")),
        (1, CallArrived(OTHER, PartyId("p-2"), "8000")),
        (2, CallEnded(OTHER, EndedBy.CALLER, "")),
        (3, CallEnded(CallId("c-unknown"), EndedBy.CALLER, "")),
    )

    assert [one.is_over for one in log.stories.values()] == [False, True]
    assert log.last_seq == 4


def test_an_agent_talks_from_the_bridge_to_the_end() -> None:
    arrived = (0, CallArrived(CALL, PartyId("p-1"), "8000"))
    answered = (1, AgentAnswered(CALL, ORDERS, EVA))
    bridged = (2, CallBridged(CALL, EVA))
    ended = (3, CallEnded(CALL, EndedBy.AGENT, ""))

    assert not told(arrived, answered).talks(EVA)
    assert told(arrived, answered, bridged).talks(EVA)
    assert not told(arrived, answered, bridged).talks(TOM)
    assert not told(arrived, answered, bridged, ended).talks(EVA)
