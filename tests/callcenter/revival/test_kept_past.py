"""A start from the kept past and the records after it stands where one from all records stands."""

import copy
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from acd.events import AgentChanged, AgentState, CallQueued
from callcenter.codec import CODEC
from callcenter.revival.history import ENDED_KEPT, History
from callcenter.revival.kept_past import (
    EVERY_RECORDS,
    Past,
    PastKeeper,
    past_file,
    restored,
    snapshot_of,
)
from foundation import clock
from foundation.ids import AgentId, CallId, PartyId, QueueId, RecordingId
from foundation.journal import Journal, JournalReader, Row
from foundation.journal.reader import PAGE_ROWS
from foundation.record import Record
from recordings.events import RecordingStarted
from telephony.calls.events import CallArrived, CallEnded, EndedBy
from tests.support.effort import tries
from tests.support.legal_days import legal_days
from tests.support.outline import outline
from wallboard.board import BoardRecord

EVENING_S = datetime(2026, 6, 22, 21, tzinfo=UTC).timestamp()
NOWHERE = Path("nowhere")
ANN = AgentId("ann")


def past_of(records: list[BoardRecord]) -> Past:
    past = Past()
    for record in records:
        past.take(record)
    return past


@settings(max_examples=tries(100), deadline=None)
@given(legal_days(EVENING_S), st.data())
def test_a_past_that_was_kept_at_any_record_comes_to_the_same_as_all_records(
    records: list[BoardRecord], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(records)))
    file = past_file(NOWHERE)
    snapshot = file.unpack(file.pack(snapshot_of(past_of(records[:cut]))))
    assert snapshot is not None

    past = restored(snapshot)
    for record in records[cut:]:
        past.take(record)

    assert outline(contents(past)) == outline(contents(past_of(records)))


def contents(past: Past) -> dict[str, object]:
    history = vars(past.history)
    plain = {name: value for name, value in history.items() if name not in ("guests", "callbacks")}
    guests, callbacks = past.history.guests, past.history.callbacks
    return {
        **plain,
        "guests": dict(guests),
        "callbacks": vars(callbacks),
        "open ends": asdict(past.open_ends),
        "at": (past.seq, past.at_s),
    }


def test_of_calls_that_ended_the_latest_are_kept_only() -> None:
    history = History()
    now = clock.utc_now()
    for number in range(ENDED_KEPT + 10):
        call_id = CallId(f"c-{number}")
        for event in (
            CallArrived(call_id, PartyId("p-1"), "8000"),
            CallEnded(call_id, EndedBy.CALLER, "BYE"),
        ):
            history.take(Record(number + 1, 1.0, now, event))

    assert len(history.ended) == ENDED_KEPT
    assert CallId("c-9") not in history.ended
    assert history.calls == {}


class CountingReader(JournalReader):
    """Counts the rows that are read."""

    rows = 0

    async def page(self, after_seq: int, limit: int = PAGE_ROWS) -> list[Row]:
        page = await super().page(after_seq, limit)
        self.rows += len(page)
        return page


class House:
    """A journal on the disk, and core after core that writes it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = past_file(folder / "kept" / "history")

    async def core(self) -> tuple[Journal, PastKeeper]:
        journal = await Journal.open(self.folder / "journal.db", CODEC)
        return journal, PastKeeper(self.file, journal)


def facts(first: int, count: int) -> list[object]:
    states = (AgentState.READY, AgentState.PAUSED)
    return [AgentChanged(ANN, states[number % 2]) for number in range(first, first + count)]


async def test_a_start_reads_only_what_came_after_the_kept_past(tmp_path: Path) -> None:
    house = House(tmp_path)
    journal, keeper = await house.core()
    await keeper.read()
    journal.publish(CallArrived(CallId("c-1"), PartyId("p-1"), "8000"))
    journal.publish(CallQueued(CallId("c-1"), QueueId("orders")))
    for fact in facts(0, EVERY_RECORDS):
        journal.publish(fact)
    await keeper.look()
    for fact in facts(0, 5):
        journal.publish(fact)
    await journal.close()

    journal, keeper = await house.core()
    journal.reader = reader = CountingReader(tmp_path / "journal.db", CODEC)
    past = await keeper.read()
    await journal.close()

    assert reader.rows == 1 + 5, "the record that was kept last, and those after it"
    assert past.seq == EVERY_RECORDS + 7
    assert past.history.calls.keys() == {CallId("c-1")}
    assert past.history.agents[ANN].state is AgentState.READY
    assert past.open_ends.waiting == {CallId("c-1"): QueueId("orders")}


async def test_what_a_takeover_changes_in_its_past_is_not_kept(tmp_path: Path) -> None:
    house = House(tmp_path)
    journal, keeper = await house.core()
    past = await keeper.read()
    past.history.agents.of(ANN).state = AgentState.TALKING
    for fact in facts(0, EVERY_RECORDS + 1):
        journal.publish(fact)
    await keeper.look()
    await journal.close()

    written = house.file.read()

    assert written is not None
    assert restored(written).history.agents[ANN].state is AgentState.READY


async def test_a_kept_past_that_the_journal_does_not_know_is_not_used(tmp_path: Path) -> None:
    """The first core was killed before the disk had its records; the next gave their numbers to
    other facts."""
    house = House(tmp_path)
    journal, keeper = await house.core()
    await keeper.read()
    journal.publish(AgentChanged(ANN, AgentState.READY))
    await journal.close()
    strange = Past()
    strange.take(Record(1, 12345.0, clock.utc_now(), AgentChanged(ANN, AgentState.PAUSED)))
    strange.at_s = clock.utc_now().timestamp()
    house.file.write(house.file.pack(snapshot_of(strange)))

    journal, keeper = await house.core()
    past = await keeper.read()
    await journal.close()

    assert past.history.agents[ANN].state is AgentState.READY


async def test_a_kept_past_from_days_ago_is_not_used(tmp_path: Path) -> None:
    house = House(tmp_path)
    journal, keeper = await house.core()
    old = Past()
    long_ago = clock.utc_now() - timedelta(days=3)
    old.take(Record(1, long_ago.timestamp(), long_ago, AgentChanged(ANN, AgentState.PAUSED)))
    house.file.write(house.file.pack(snapshot_of(old)))

    past = await keeper.read()
    await journal.close()

    assert past.history.agents == {}


def test_a_recording_that_ends_is_the_calls_also_after_a_copy() -> None:
    past, now = Past(), clock.utc_now()
    call_id = CallId("c-1")
    recording_id, queue = RecordingId("r-1"), QueueId("orders")
    started = RecordingStarted(recording_id, call_id, ANN, queue, "r-1.wav", ("en", "en"))
    past.take(Record(1, 1.0, now, CallArrived(call_id, PartyId("p-1"), "8000")))
    past.take(Record(2, 2.0, now, started))

    other = copy.deepcopy(past)

    [(kept, began)] = other.history.recordings.values()
    assert other.history.calls[call_id].recording is kept
    assert began == now
