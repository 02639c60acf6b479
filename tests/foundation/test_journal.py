"""The journal on a real file."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from foundation.errors import Conflict, Unavailable
from foundation.ids import CallId
from foundation.journal import Journal, JournalReader, Row, UnknownEvent
from foundation.journal.file import JournalFile
from foundation.record import Record
from tests.support.events import CODEC, BellRang, DoorOpened
from tests.support.set_clock import SetClock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
async def journal(path: Path, clock: SetClock) -> AsyncIterator[Journal]:
    journal = await Journal.open(path, CODEC, clock=clock)
    yield journal
    await journal.close()


def bell(number: int) -> BellRang:
    return BellRang(CallId(f"c-{number}"), number)


async def read_all(reader: JournalReader) -> list[Record[object]]:
    return [record async for record in reader.read()]


async def test_a_published_fact_is_told_at_once_and_read_back_equal(
    journal: Journal, path: Path
) -> None:
    told: list[Record[object]] = []
    journal.subscribe(told.append)

    first = journal.publish(bell(1))
    second = journal.publish(DoorOpened("李娜"))
    assert told == [first, second]
    await journal.settled(second.seq)

    assert await read_all(JournalReader(path, CODEC)) == [first, second]
    assert (first.seq, second.seq) == (1, 2)


async def test_a_new_start_goes_on_with_the_numbers(path: Path, clock: SetClock) -> None:
    for _ in range(2):
        journal = await Journal.open(path, CODEC, clock=clock)
        journal.publish(bell(1))
        journal.publish(bell(2))
        await journal.close()

    assert [r.seq for r in await read_all(JournalReader(path, CODEC))] == [1, 2, 3, 4]


def test_a_journal_that_cannot_be_opened_is_let_go_for_the_next_try(path: Path) -> None:
    path.write_bytes(b"no database at all" * 100)
    for _ in range(2):
        with pytest.raises(sqlite3.DatabaseError) as caught:
            JournalFile(path)
        assert caught.value.sqlite_errorname == "SQLITE_NOTADB"
    path.unlink()
    JournalFile(path).close()


async def test_a_journal_whose_last_record_cannot_be_read_is_let_go_too(path: Path) -> None:
    await (await Journal.open(path, CODEC)).close()
    with sqlite3.connect(path) as db:
        db.execute("DROP TABLE journal")
        db.execute("CREATE TABLE journal (utc_us INTEGER, other)")
    for _ in range(2):
        with pytest.raises(sqlite3.OperationalError):
            await Journal.open(path, CODEC)


async def test_a_corrected_wall_clock_changes_no_duration_even_over_a_restart(
    path: Path, clock: SetClock
) -> None:
    journal = await Journal.open(path, CODEC, clock=clock)
    first = journal.publish(bell(1))
    await journal.close()
    clock.pass_s(10)
    clock.utc = clock.utc.replace(year=2030)
    journal = await Journal.open(path, CODEC, clock=clock)
    second = journal.publish(bell(2))
    await journal.close()

    assert second.at_s - first.at_s == pytest.approx(10)
    assert second.utc.year == 2030
    assert first.at_s == pytest.approx(first.utc.timestamp())


async def test_another_boot_has_its_own_anchor(path: Path, clock: SetClock) -> None:
    journal = await Journal.open(path, CODEC, clock=clock)
    first = journal.publish(bell(1))
    await journal.close()
    later = SetClock(boot="boot-2", mono_s=3.0)
    later.utc = clock.utc.replace(hour=9)
    journal = await Journal.open(path, CODEC, clock=later)
    second = journal.publish(bell(2))
    await journal.close()

    assert second.at_s - first.at_s == pytest.approx(3600)


async def test_reading_begins_after_a_number_and_stops_at_a_limit(journal: Journal) -> None:
    for number in range(1, 2501):
        journal.publish(bell(number))
    await journal.settled(2500)

    assert [r.seq async for r in journal.reader.read(after_seq=2498)] == [2499, 2500]
    assert [r.seq async for r in journal.reader.read(10, limit=3)] == [11, 12, 13]
    assert len([r async for r in journal.reader.read(limit=1500)]) == 1500
    assert len(await read_all(journal.reader)) == 2500
    assert await journal.reader.last_seq() == 2500


async def test_reading_begins_at_a_wall_time(journal: Journal, clock: SetClock) -> None:
    for number in (1, 2, 3):
        journal.publish(bell(number))
        clock.pass_s(60)
    since = clock.utc.replace(minute=1)
    await journal.settled(3)

    assert [r.seq async for r in journal.reader.read_since(since)] == [2, 3]
    assert [r async for r in journal.reader.read_since(clock.utc)] == []


async def test_a_new_start_knows_when_the_journal_ended(path: Path, clock: SetClock) -> None:
    first = await Journal.open(path, CODEC, clock=clock)
    first.publish(bell(1))
    ended_at = clock.utc
    await first.close()
    clock.pass_s(9 * 86_400)
    second = await Journal.open(path, CODEC, clock=clock)
    await second.close()

    assert (first.ended_at, second.ended_at) == (None, ended_at)


async def test_a_row_of_an_unknown_kind_is_read_as_such(journal: Journal, path: Path) -> None:
    journal.publish(bell(1))
    await journal.settled(1)
    other = sqlite3.connect(path)
    other.execute("INSERT INTO journal VALUES (2, 1, 0, 0, '', 0, 'Gone', x'7b7d')")
    other.commit()
    other.close()

    assert (await read_all(journal.reader))[1].event == UnknownEvent(
        "Gone", 1, b"{}", "no such class"
    )


async def test_a_second_writer_is_refused(journal: Journal, path: Path) -> None:
    with pytest.raises(Conflict, match="another process writes"):
        await Journal.open(path, CODEC)


async def test_reading_a_journal_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="no journal"):
        await JournalReader(tmp_path / "none.db", CODEC).last_seq()


async def test_a_follower_gets_history_memory_and_live_without_gap_or_twice(
    journal: Journal,
) -> None:
    for number in range(1, 1203):
        journal.publish(bell(number))
    await journal.settled(1202)
    seen: list[Row] = []
    next_number = 1203
    async with aclosing(journal.follow(after_seq=100)) as pages:
        async for page in pages:
            seen += page
            if next_number > 1230:
                break
            # Published while the follower is anywhere between the disk and live.
            for _ in range(7):
                journal.publish(bell(next_number))
                next_number += 1

    assert [row.seq for row in seen] == list(range(101, seen[-1].seq + 1))
    assert seen[-1].seq >= 1224


async def test_closing_writes_what_is_still_in_memory(path: Path, clock: SetClock) -> None:
    journal = await Journal.open(path, CODEC, clock=clock)
    for number in range(5000):
        journal.publish(bell(number))
    await journal.close()

    assert await JournalReader(path, CODEC).last_seq() == 5000
