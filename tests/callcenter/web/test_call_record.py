"""One call's story: from the journal's file by its id, and told as the API gives it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI

from acd import events as acd
from callcenter.codec import CODEC
from callcenter.events import CallSentOn
from callcenter.records.call_rows import rows_of_call
from callcenter.web.call_record import call_record_router, tell_story
from foundation.errors import Unavailable
from foundation.ids import AgentId, CallId, LegId, OfferId, PartyId, QueueId, RecordingId
from foundation.journal import Journal, to_record
from foundation.record import Record
from foundation.web.app import create_app
from recordings import events as recordings
from telephony.calls import events as calls
from tests.support.web_house import CHEAP, client_of, sign_in, user_store, web_options

C1, C2, EVA, TOM = CallId("c-1"), CallId("c-2"), AgentId("eva"), AgentId("tom")
ORDERS, SUPPORT, R1 = QueueId("orders"), QueueId("support"), RecordingId("r-1")
NOON = datetime(2026, 6, 22, 12, tzinfo=UTC)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
LEG = calls.LegEnded(C1, LegId("l-1"), calls.Side.CALLER, 500, 498, 2, 1.5, 3, 0.8)
TALK: list[tuple[float, object]] = [
    (0.0, calls.CallArrived(C1, PartyId("p-1"), "8000")),
    (0.1, calls.CallAnswered(C1)),
    (4.0, acd.CallQueued(C1, ORDERS)),
    (4.0, acd.AgentOffered(C1, ORDERS, EVA, OfferId("o-1"))),
    (9.5, acd.AgentAnswered(C1, ORDERS, EVA)),
    (10.0, recordings.RecordingStarted(R1, C1, EVA, ORDERS, "day/r-1.wav", ("zh", "zh"))),
    (60.0, LEG),
    (60.0, calls.CallEnded(C1, calls.EndedBy.CALLER, "BYE")),
    (61.0, recordings.RecordingEnded(R1, 50.0, True)),
    (70.0, recordings.TranscriptReady(R1, 120)),
]


def records(told: list[tuple[float, object]]) -> list[Record[object]]:
    return [
        Record(seq, 1000.0 + at_s, NOON + timedelta(seconds=at_s), event)
        for seq, (at_s, event) in enumerate(told, 1)
    ]


def test_answered_call_is_told_with_its_visit_leg_and_recording() -> None:
    story = tell_story(C1, records(TALK))

    assert (story.line, story.arrived, story.ended_by) == ("8000", NOON, "caller")
    assert (story.ended, story.reason) == (NOON + timedelta(seconds=60), "BYE")
    [visit] = story.queue_visits
    assert (visit.queue, visit.outcome, visit.waited_s) == ("orders", "answered", 5.5)
    assert visit.agent_id == "eva"
    [leg] = story.legs
    assert (leg.leg_id, leg.side, leg.packets_lost, leg.jitter_ms) == ("l-1", "caller", 2, 1.5)
    assert (leg.remote_packets_lost, leg.remote_jitter_ms) == (3, 0.8)
    [recording] = story.recordings
    assert (recording.id, recording.duration_s, recording.complete) == ("r-1", 50.0, True)
    assert recording.transcript_words == 120


def test_guests_and_handovers_are_told_in_their_order() -> None:
    offer, out = OfferId("g-1"), OfferId("g-2")
    story = tell_story(
        C1,
        records(
            [
                *TALK[:6],
                (20.0, calls.GuestInvited(C1, offer, calls.GuestWay.CONSULT, TOM)),
                (25.0, calls.GuestJoined(C1, offer)),
                (30.0, calls.TalkTransferred(C1, offer)),
                (30.0, acd.TalkTaken(C1, ORDERS, TOM)),
                (40.0, CallSentOn(C1, TOM, "queue:support")),
                (
                    50.0,
                    calls.GuestInvited(
                        C1, out, calls.GuestWay.TRANSFER, None, PartyId("p-9"), "north"
                    ),
                ),
                (55.0, calls.GuestLeft(C1, out, 486)),
            ]
        ),
    )
    advised, refused = story.guests
    assert (advised.way, advised.agent_id, advised.has_talk) == ("consult", "tom", True)
    assert advised.joined == NOON + timedelta(seconds=25)
    assert (refused.agent_id, refused.trunk, refused.status) == (None, "north", 486)
    assert (refused.joined, refused.left) == (None, NOON + timedelta(seconds=55))
    assert [(h.to, (h.at - NOON).total_seconds()) for h in story.handovers] == [
        ("tom", 30),
        ("queue:support", 40),
    ]
    assert "p-9" not in str(story)


def test_events_come_in_order_without_who_called_and_where_files_lie() -> None:
    events = tell_story(C1, records(TALK)).events

    assert [event.kind for event in events] == [type(event).__name__ for _, event in TALK]
    assert events[2].at == NOON + timedelta(seconds=4)
    assert events[3].facts == {"queue": "orders", "agent_id": "eva", "offer_id": "o-1"}
    assert "p-1" not in str(events)
    assert "wav" not in str(events)


def test_each_visit_of_a_call_has_its_own_wait_and_outcome() -> None:
    told: list[tuple[float, object]] = [
        (0, acd.CallQueued(C1, ORDERS)),
        (30, acd.CallOverflowed(C1, ORDERS)),
        (40, acd.CallQueued(C1, SUPPORT)),
        (47, acd.CallAbandoned(C1, SUPPORT)),
    ]

    visits = tell_story(C1, records(told)).queue_visits

    assert [(v.queue, v.outcome, v.waited_s) for v in visits] == [
        ("orders", "overflowed", 30.0),
        ("support", "abandoned", 7.0),
    ]


def test_call_that_goes_on_has_open_ends() -> None:
    story = tell_story(C1, records(TALK[:4]))

    assert (story.ended, story.ended_by) == (None, None)
    assert (story.queue_visits[0].outcome, story.queue_visits[0].waited_s) == (None, None)


def test_outcome_of_a_visit_that_began_before_what_was_read_is_an_event_only() -> None:
    story = tell_story(C1, records([(0, acd.CallLost(C1, ORDERS))]))

    assert story.queue_visits == []
    assert [event.kind for event in story.events] == ["CallLost"]


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    journal = await Journal.open(tmp_path / "journal.db", CODEC)
    yield journal
    await journal.close()


async def test_rows_of_a_call_are_found_among_those_of_others(journal: Journal) -> None:
    for _, event in TALK:
        journal.publish(event)
        journal.publish(calls.CallArrived(C2, PartyId("p-2"), "8000"))
    journal.publish(recordings.TranscriptReady(RecordingId("r-2"), 3))
    await journal.settled(journal.last_seq)

    rows = await rows_of_call(journal.reader, C1, LONG_AGO)

    assert [to_record(row, CODEC).event for row in rows] == [event for _, event in TALK]


@pytest.mark.parametrize("name", ["c-", "8000", "caller", '"', "c-1%", ""])
async def test_what_is_no_call_finds_nothing(journal: Journal, name: str) -> None:
    for _, event in TALK:
        journal.publish(event)
    await journal.settled(journal.last_seq)

    assert await rows_of_call(journal.reader, CallId(name), LONG_AGO) == []


async def test_rows_before_the_wanted_time_are_left_out(journal: Journal) -> None:
    journal.publish(TALK[0][1])
    await journal.settled(journal.last_seq)

    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert await rows_of_call(journal.reader, C1, tomorrow) == []


class FakeSource:
    def __init__(self) -> None:
        self.is_up = True

    async def call(self, call_id: CallId) -> list[Record[object]]:
        if not self.is_up:
            raise Unavailable("Core is away.")
        return records(TALK) if call_id == C1 else []


@pytest.fixture
def source() -> FakeSource:
    return FakeSource()


@pytest.fixture
async def app(tmp_path: Path, source: FakeSource) -> AsyncIterator[FastAPI]:
    async with user_store(tmp_path) as users:
        yield create_app(web_options(), users, [call_record_router(source)], passwords=CHEAP)


async def test_api_tells_the_story_to_who_is_signed_in(app: FastAPI) -> None:
    async with client_of(app) as client:
        assert (await client.get("/api/v1/calls/c-1")).status_code == 401
        await sign_in(client, "ann")
        answer = await client.get("/api/v1/calls/c-1")

    story = answer.json()
    assert answer.status_code == 200
    assert story["id"] == "c-1"
    assert story["events"][0] == {
        "at": "2026-06-22T12:00:00Z",
        "seq": 1,
        "kind": "CallArrived",
        "facts": {"line": "8000", "trunk": ""},
    }
    assert story["queue_visits"][0]["waited_s"] == 5.5


async def test_api_says_that_there_was_no_such_call(app: FastAPI) -> None:
    async with client_of(app) as client:
        await sign_in(client, "ann")
        answer = await client.get("/api/v1/calls/c-9")

    assert answer.status_code == 404
    assert answer.json() == {"error": "There was no call 'c-9' in the last two days."}


async def test_api_says_when_core_is_away(app: FastAPI, source: FakeSource) -> None:
    source.is_up = False
    async with client_of(app) as client:
        await sign_in(client, "ann")
        answer = await client.get("/api/v1/calls/c-1")

    assert (answer.status_code, answer.json()) == (503, {"error": "Core is away."})
