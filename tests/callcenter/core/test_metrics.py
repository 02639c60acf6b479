"""Core's counters, read back from the text that Prometheus gets."""

import asyncio
from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from acd import events as acd
from acd.expected_wait import Accuracy
from callcenter.core.line_desk import LineReading
from callcenter.core.metrics import (
    OTHER,
    CoreMetrics,
    QueueReading,
    Readings,
    WorkerReading,
    drop_of,
    rule_of,
)
from callcenter.events import CallSentOn, HandoverRefused, Wish
from foundation.ids import AgentId, CallId, LegId, OfferId, PartyId, QueueId, RecordingId
from recordings import events as recordings
from recordings.archiving.shelf_watch import ShelfNow
from recordings.transcribing.transcription import Progress
from telephony.calls import events as calls
from telephony.lines.events import LineLost
from telephony.media import protocol as media
from tests.support.virtual_time import run_virtual

C1, EVA, ORDERS = CallId("c-1"), AgentId("eva"), QueueId("orders")
IDLE = Readings(
    calls=0,
    registered_phones=0,
    sip_legs=0,
    sip_transactions=0,
    journal_seq=0,
    journal_backlog=0,
    journal_lost=0,
    database_backlog={},
    media={},
)


def samples(metrics: CoreMetrics) -> dict[str, float]:
    """'name{value}' of all samples, in the order of the labels' names."""
    return {
        sample.name.removeprefix("callcenter_")
        + "".join(f"{{{value}}}" for _, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(metrics.text().decode())
        for sample in family.samples
    }


def counted(*events: object) -> dict[str, float]:
    metrics = CoreMetrics(lambda: IDLE)
    for event in events:
        metrics.on_event(event)
    return samples(metrics)


def test_calls_are_counted_on_their_way_through_the_house() -> None:
    got = counted(
        calls.CallArrived(C1, PartyId("p-1"), "8000"),
        calls.CallAnswered(C1),
        calls.CallEnded(C1, calls.EndedBy.CALLER, "BYE"),
        calls.CallArrived(CallId("c-2"), PartyId("p-2"), "8000"),
        calls.CallEnded(CallId("c-2"), calls.EndedBy.FAULT, "the centre was restarted"),
    )

    assert got["calls_arrived_total"] == 2
    assert got["calls_answered_total"] == 1
    assert (got["calls_ended_total{caller}"], got["calls_ended_total{fault}"]) == (1, 1)


def test_calls_are_counted_by_the_trunk_they_came_by() -> None:
    got = counted(
        calls.CallArrived(C1, PartyId("p-1"), "8000", "north"),
        calls.CallArrived(CallId("c-2"), PartyId("p-2"), "8000"),
    )

    assert (got["calls_arrived_total"], got["trunk_calls_total{north}"]) == (2, 1)


def test_handovers_are_counted_by_where_to_and_refusals_by_their_rule() -> None:
    offer = OfferId("g-1")
    got = counted(
        calls.GuestInvited(C1, offer, calls.GuestWay.CONSULT, EVA),
        calls.TalkTransferred(C1, offer),
        CallSentOn(C1, EVA, "queue:orders"),
        CallSentOn(C1, EVA, "line:8000"),
        HandoverRefused(C1, EVA, Wish.TRANSFER, 403, "outbound: premium"),
        HandoverRefused(C1, EVA, Wish.CALL, 404, "unknown destination: There is no …"),
        HandoverRefused(C1, EVA, Wish.CALL, 404, "what a stranger sends"),
    )

    assert got["guests_total{consult}"] == 1
    assert [got[f"handovers_total{{{to}}}"] for to in ("guest", "queue", "line")] == [1, 1, 1]
    refused = {key: value for key, value in got.items() if key.startswith("handovers_refused")}
    assert {key for key in refused if "_total" in key} == {
        "handovers_refused_total{outbound}{transfer}",
        "handovers_refused_total{unknown destination}{call}",
        "handovers_refused_total{other}{call}",
    }


def test_offers_and_visits_are_counted_by_their_outcome() -> None:
    offer = (C1, ORDERS, EVA)
    got = counted(
        acd.OfferFailed(*offer, OfferId("o-1"), acd.OfferFailure.NO_ANSWER),
        acd.AgentAnswered(*offer),
        acd.CallAbandoned(CallId("c-2"), ORDERS),
        acd.CallOverflowed(CallId("c-3"), ORDERS),
        acd.CallLost(CallId("c-4"), ORDERS),
    )

    assert (got["offers_total{no_answer}"], got["offers_total{answered}"]) == (1, 1)
    for outcome in ("answered", "abandoned", "overflowed", "lost"):
        assert got[f"visits_total{{{outcome}}}{{{ORDERS}}}"] == 1


def test_recordings_and_transcripts_are_counted_by_how_they_came_out() -> None:
    r1 = RecordingId("r-1")
    got = counted(
        recordings.RecordingEnded(r1, 12.0, True),
        recordings.RecordingEnded(r1, 12.0, False),
        recordings.TranscriptReady(r1, 7),
        recordings.TranscriptFailed(r1, "no model", False),
        recordings.TranscriptFailed(r1, "no model", True),
        calls.MediaTroubled("The disk is full."),
    )

    assert (got["recordings_total{yes}"], got["recordings_total{no}"]) == (1, 1)
    assert got["transcripts_total{ready}"] == 1
    assert (got["transcripts_total{failed}"], got["transcripts_total{given_up}"]) == (1, 1)
    assert got["troubles_total{media}"] == 1


def test_events_that_nobody_counts_change_nothing() -> None:
    leg = calls.LegEnded(C1, LegId("l-1"), calls.Side.CALLER, 1, 1, 0, 0.0, None, None)
    before = {name for name in counted() if "_created" not in name and "process" not in name}

    after = {name for name in counted(leg) if "_created" not in name and "process" not in name}

    assert after == before


@pytest.mark.parametrize(
    ("why", "label"),
    [
        ("malformed", "malformed"),
        ("refused-404", "refused-404"),
        ("refused-4044", OTHER),
        ("something new", OTHER),
    ],
)
def test_drops_have_a_bounded_set_of_labels(why: str, label: str) -> None:
    assert drop_of(why) == label

    metrics = CoreMetrics(lambda: IDLE)
    metrics.dropped(why)
    assert samples(metrics)[f"sip_dropped_total{{{label}}}"] == 1


@pytest.mark.parametrize(
    ("rule", "label"),
    [
        ("blocked number", "blocked number"),
        ("media: PCMA and PCMU are missing in what a stranger sent", "media"),
        ("something new", OTHER),
        ("unknown trunk", "unknown trunk"),
        ("line channels: 8000 has 2", "line channels"),
        ("calls per caller per minute", "calls per caller per minute"),
    ],
)
def test_refusals_are_counted_by_rule_and_not_by_their_particulars(rule: str, label: str) -> None:
    assert rule_of(rule) == label
    assert counted(calls.CallRefused(C1, 488, rule))[f"calls_refused_total{{{label}}}"] == 1


def test_gauges_are_read_at_the_moment_of_the_request() -> None:
    now = [IDLE]
    metrics = CoreMetrics(lambda: now[0])
    assert samples(metrics)["core_calls"] == 0

    now[0] = Readings(
        calls=3,
        registered_phones=2,
        sip_legs=6,
        sip_transactions=9,
        journal_seq=70,
        journal_backlog=5,
        journal_lost=1,
        database_backlog={"bindings": 4},
        media={
            0: WorkerReading(is_up=True, busy=0.25, legs=6, admitting=True),
            1: WorkerReading(is_up=False, busy=0.9, legs=2, admitting=True),
        },
    )

    got = samples(metrics)
    assert (got["core_calls"], got["registered_phones"]) == (3, 2)
    assert (got["sip_legs"], got["sip_transactions"]) == (6, 9)
    assert (got["journal_backlog_rows"], got["journal_lost_rows"]) == (5, 1)
    assert got["core_journal_seq"] == 70
    assert got["database_backlog_rows{bindings}"] == 4
    assert (got["media_busy_ratio{0}"], got["media_legs{0}"]) == (0.25, 6)
    assert (got["media_up{0}"], got["media_up{1}"]) == (1, 0)
    assert (got["media_admitting{0}"], got["media_admitting{1}"]) == (1, 0), "away admits nobody"


def test_late_ticks_of_each_worker_add_up() -> None:
    metrics = CoreMetrics(lambda: IDLE)
    for late in (0, 2, 3):
        metrics.loaded(1, media.Load(seq=1, legs=2, busy=0.1, late_ticks=late, admitting=True))

    assert samples(metrics)["media_late_ticks_total{1}"] == 5


def test_journal_that_complains_is_a_trouble() -> None:
    metrics = CoreMetrics(lambda: IDLE)
    metrics.journal_troubled()

    assert samples(metrics)["troubles_total{journal}"] == 1


def test_lateness_of_the_loop_is_measured() -> None:
    metrics = CoreMetrics(lambda: IDLE)

    async def oversleep(seconds: float) -> None:
        await asyncio.sleep(seconds + 0.07)

    async def main() -> None:
        watching = asyncio.create_task(metrics.watch_lag(oversleep))
        await asyncio.sleep(0.33)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)

    run_virtual(main())

    got = samples(metrics)
    assert got["core_loop_lag_seconds_count"] == 1
    assert got["core_loop_lag_seconds_bucket{0.05}"] == 0
    assert got["core_loop_lag_seconds_bucket{0.1}"] == 1


def test_what_the_process_uses_is_told_under_a_name_of_its_own() -> None:
    assert counted()["core_process_resident_memory_bytes"] > 0


def test_lines_at_other_pbxs_are_shown_by_number() -> None:
    now = replace(IDLE, lines={"8000": LineReading(is_registered=True, calls=4)})

    got = samples(CoreMetrics(lambda: now))

    assert (got["line_registered{8000}"], got["line_calls{8000}"]) == (1, 4)
    assert counted(LineLost("8000", "it is away"))["troubles_total{line}"] == 1


def test_queues_show_how_far_expected_waits_were_off_and_their_surges() -> None:
    accuracy = Accuracy(count=12, p50_s=4.0, p90_s=31.0)
    queues = {"orders": QueueReading(accuracy=accuracy, is_surging=True), "help": QueueReading()}
    text = CoreMetrics(lambda: replace(IDLE, queues=queues)).text().decode()

    error = "callcenter_expected_wait_error_seconds"
    assert f'{error}{{quantile="0.5",queue="orders"}} 4.0' in text
    assert f'{error}{{quantile="0.9",queue="orders"}} 31.0' in text
    assert f'{error}{{quantile="0.5",queue="help"}}' not in text, "nobody was answered yet"
    assert 'callcenter_queue_surge{queue="orders"} 1.0' in text
    assert 'callcenter_queue_surge{queue="help"} 0.0' in text


def test_transcription_tells_its_lag_and_what_a_cpu_second_brings() -> None:
    progress = Progress(
        waiting=3, working=1, failed=2, lag_s=42.5, audio_s=600.0, cpu_s=12.0, is_resting=True
    )
    got = samples(CoreMetrics(lambda: replace(IDLE, transcription=progress)))

    assert got["transcription_lag_seconds"] == 42.5
    assert [
        got[f"transcription_jobs{{{state}}}"] for state in ("waiting", "working", "failed")
    ] == [
        3,
        1,
        2,
    ]
    assert got["transcription_audio_seconds_total"] / got["transcription_cpu_seconds_total"] == 50
    assert (got["transcription_resting"], got["transcription_workers"]) == (1, 0)


def test_store_of_recordings_tells_what_waits_and_nothing_where_there_is_none() -> None:
    assert not any(
        name.startswith("recordings_store") for name in samples(CoreMetrics(lambda: IDLE))
    )

    now = ShelfNow(files=3, bytes=4000, oldest_s=90.0, trouble="it is away")
    got = samples(CoreMetrics(lambda: replace(IDLE, shelf=now)))

    told = {name: value for name, value in got.items() if name.startswith("recordings_store")}
    assert told == {
        "recordings_store_up": 0.0,
        "recordings_store_waiting_files": 3.0,
        "recordings_store_waiting_bytes": 4000.0,
        "recordings_store_oldest_seconds": 90.0,
    }
