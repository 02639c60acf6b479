"""Rows on their way to the database, in virtual time, with a database that does what it is told."""

import asyncio
from collections.abc import Callable, Coroutine

import pytest
from sqlalchemy.exc import OperationalError

from foundation.write_behind import RETRY_S, WriteBehind
from tests.support.virtual_time import run_virtual


class ScriptedDatabase:
    """The first `failures` writes fail; each takes `takes_s`."""

    def __init__(self, failures: int = 0, takes_s: float = 0.0) -> None:
        self.failures = failures
        self.takes_s = takes_s
        self.batches: list[list[int]] = []
        self.tried_at: list[float] = []

    async def write(self, rows: list[int]) -> None:
        self.tried_at.append(asyncio.get_running_loop().time())
        rows = list(rows)
        await asyncio.sleep(self.takes_s)
        if self.failures:
            self.failures -= 1
            raise OperationalError("INSERT", {}, OSError("disk full"))
        self.batches.append(rows)

    @property
    def rows(self) -> list[int]:
        return [row for batch in self.batches for row in batch]


def put_all(behind: WriteBehind[int], *rows: int) -> None:
    for row in rows:
        behind.put(row)


def run_beside(behind: WriteBehind[int], story: Callable[[], Coroutine[None, None, None]]) -> None:
    """`story` while the writing task runs."""

    async def main() -> None:
        writing = asyncio.create_task(behind.run())
        await story()
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)

    run_virtual(main())


def test_rows_are_written_in_order_and_then_waited_for_no_more() -> None:
    database = ScriptedDatabase()
    behind = WriteBehind("rows", database.write)

    async def story() -> None:
        put_all(behind, 1, 2, 3)
        await asyncio.sleep(0.1)
        behind.put(4)
        await asyncio.sleep(0.1)

    run_beside(behind, story)

    assert database.batches == [[1, 2, 3], [4]]
    assert len(behind) == 0


def test_items_of_a_moment_are_written_together() -> None:
    database = ScriptedDatabase()
    behind = WriteBehind("rows", database.write, collect_s=0.03)

    async def story() -> None:
        for row in range(10):
            behind.put(row)
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)

    run_beside(behind, story)

    assert database.rows == list(range(10))
    assert len(database.batches) <= 4


def test_what_comes_after_a_quiet_is_written_at_once() -> None:
    database = ScriptedDatabase()
    behind = WriteBehind("rows", database.write, collect_s=1.0)

    async def story() -> None:
        behind.put(1)
        await asyncio.sleep(0.5)
        put_all(behind, 2, 3)
        await asyncio.sleep(0.4)
        behind.put(4)
        await asyncio.sleep(5.0)
        behind.put(5)
        await asyncio.sleep(0.1)

    run_beside(behind, story)

    assert database.batches == [[1], [2, 3, 4], [5]]
    assert database.tried_at == pytest.approx([0.0, 1.0, 5.9])


def test_what_the_database_refuses_is_tried_again_after_a_pause() -> None:
    database = ScriptedDatabase(failures=2)
    behind = WriteBehind("rows", database.write)

    async def story() -> None:
        put_all(behind, 1, 2)
        await asyncio.sleep(0.5)
        assert len(behind) == 2
        behind.put(3)
        await asyncio.sleep(5)

    run_beside(behind, story)

    assert database.rows == [1, 2, 3]
    assert database.tried_at[:3] == [0, RETRY_S, 2 * RETRY_S]


def test_full_queue_loses_its_oldest_row(caplog: pytest.LogCaptureFixture) -> None:
    database = ScriptedDatabase()
    behind = WriteBehind("rows", database.write, limit=2)
    put_all(behind, 1, 2, 3)

    assert run_virtual(behind.flush())

    assert database.rows == [2, 3]
    assert "does not keep up" in caplog.text


def test_queue_that_fills_up_while_a_batch_is_written_loses_nothing_of_either_twice() -> None:
    database = ScriptedDatabase(takes_s=1.0)
    behind = WriteBehind("rows", database.write, limit=3)

    async def story() -> None:
        put_all(behind, 1, 2, 3)
        await asyncio.sleep(0.5)
        put_all(behind, 4, 5, 6, 7)
        await asyncio.sleep(5)

    run_beside(behind, story)

    assert database.batches == [[1, 2, 3], [5, 6, 7]]


def test_flush_waits_for_the_batch_under_way_and_writes_the_rest() -> None:
    database = ScriptedDatabase(takes_s=1.0)
    behind = WriteBehind("rows", database.write)

    async def story() -> None:
        behind.put(1)
        await asyncio.sleep(0.5)
        behind.put(2)
        assert await behind.flush()

    run_beside(behind, story)

    assert database.batches == [[1], [2]]


def test_flush_tells_when_the_database_is_away() -> None:
    database = ScriptedDatabase(failures=1)
    behind = WriteBehind("rows", database.write)
    behind.put(1)

    assert not run_virtual(behind.flush())
    behind.put(2)
    assert run_virtual(behind.flush())
    assert database.batches == [[1], [2]]


def test_batch_whose_writing_was_cancelled_is_written_by_the_flush_at_the_end() -> None:
    database = ScriptedDatabase(takes_s=1.0)
    behind = WriteBehind("rows", database.write)

    async def main() -> None:
        writing = asyncio.create_task(behind.run())
        behind.put(1)
        await asyncio.sleep(0.5)
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
        assert await behind.flush()

    run_virtual(main())

    assert database.rows == [1]


def test_fault_of_our_own_is_not_taken_for_a_database_that_is_away() -> None:
    async def write(rows: list[int]) -> None:
        raise ZeroDivisionError

    behind = WriteBehind("rows", write)
    behind.put(1)

    with pytest.raises(ZeroDivisionError):
        run_virtual(behind.flush())
