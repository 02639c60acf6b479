"""The way to the disk, in virtual time, with a disk that does what the test says."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence

import pytest

from foundation.errors import Unavailable
from foundation.journal import JournalOptions, Row
from foundation.journal.writer import Writer
from tests.support.virtual_time import run_virtual


class ScriptedDisk:
    """`failures` writes fail first; each write takes `takes_s`."""

    def __init__(self, failures: int = 0, takes_s: float = 0.001) -> None:
        self.failures = failures
        self.takes_s = takes_s
        self.written: list[tuple[float, list[int], bool]] = []

    def write(self, rows: Sequence[Row], *, durable: bool, up_to: int) -> None:
        if self.failures:
            self.failures -= 1
            raise sqlite3.OperationalError("disk I/O error")
        now = asyncio.get_running_loop().time()
        self.written.append((now, [row.seq for row in rows], durable))

    async def offload(self, call: Callable[[], None]) -> None:
        await asyncio.sleep(self.takes_s)
        call()

    @property
    def seqs(self) -> list[int]:
        return [seq for _, seqs, _ in self.written for seq in seqs]


def row(seq: int) -> Row:
    return Row(seq, 1, seq, seq, "boot", float(seq), "DoorOpened", b'{"by":"x"}')


class Bench:
    """A running writer and what it said."""

    def __init__(self, disk: ScriptedDisk, keep: int = 100) -> None:
        self.disk = disk
        self.said: list[str] = []
        options = JournalOptions(keep_rows=keep)
        self.writer = Writer(disk, disk.offload, options, self.said.append, last_seq=0)
        self._task = asyncio.create_task(self.writer.run())

    async def close(self) -> None:
        self.writer.close()
        await self._task


def test_rows_are_on_the_disk_within_50_ms() -> None:
    async def main() -> ScriptedDisk:
        bench = Bench(ScriptedDisk(takes_s=0.02))
        for seq in (1, 2, 3):
            bench.writer.append(row(seq))
        await asyncio.sleep(0.05)
        on_disk = list(bench.disk.written)
        await bench.close()
        assert on_disk == bench.disk.written
        return bench.disk

    disk = run_virtual(main())

    assert [(seqs, durable) for _, seqs, durable in disk.written] == [([1, 2, 3], False)]
    assert disk.written[0][0] <= 0.05


def test_settled_is_written_at_once_and_durable() -> None:
    async def main() -> tuple[float, ScriptedDisk]:
        bench = Bench(ScriptedDisk())
        bench.writer.append(row(1))
        await bench.writer.settled(1, timeout_s=5)
        settled_at = asyncio.get_running_loop().time()
        await bench.close()
        return settled_at, bench.disk

    settled_at, disk = run_virtual(main())

    assert settled_at < JournalOptions().flush_s
    assert disk.written[0][1:] == ([1], True)


def test_what_was_written_before_is_made_durable_when_somebody_waits_for_it() -> None:
    async def main() -> ScriptedDisk:
        bench = Bench(ScriptedDisk())
        bench.writer.append(row(1))
        await asyncio.sleep(1)
        await bench.writer.settled(1, timeout_s=5)
        await bench.writer.settled(1, timeout_s=5)
        await bench.close()
        return bench.disk

    disk = run_virtual(main())

    assert [written[1:] for written in disk.written] == [([1], False), ([], True)]


def test_a_disk_error_is_tried_again_told_once_and_costs_nothing() -> None:
    async def main() -> Bench:
        bench = Bench(ScriptedDisk(failures=5))
        for seq in range(1, 11):
            bench.writer.append(row(seq))
            await asyncio.sleep(0.5)
        await bench.close()
        return bench

    bench = run_virtual(main())

    assert bench.disk.seqs == list(range(1, 11))
    assert bench.said == [
        "The journal cannot be written: disk I/O error",
        "The journal is written again; 0 events were lost since the start.",
    ]


def test_a_disk_that_hangs_is_told_and_the_asker_gets_unavailable() -> None:
    async def main() -> Bench:
        bench = Bench(ScriptedDisk(takes_s=30))
        bench.writer.append(row(1))
        with pytest.raises(Unavailable, match="did not answer within 5"):
            await bench.writer.settled(1, timeout_s=5)
        await bench.close()
        return bench

    bench = run_virtual(main())

    assert bench.said[0] == "The journal's disk does not answer; events wait in memory."
    assert bench.disk.seqs == [1]


def test_a_long_outage_loses_the_oldest_and_counts_them() -> None:
    async def main() -> Bench:
        bench = Bench(ScriptedDisk(failures=3), keep=10)
        for seq in range(1, 31):
            bench.writer.append(row(seq))
        await asyncio.sleep(60)
        await bench.close()
        return bench

    bench = run_virtual(main())

    assert bench.disk.seqs == [1, *range(21, 31)]
    assert bench.said[-1] == "The journal is written again; 20 events were lost since the start."


def test_an_idle_writer_does_not_wake() -> None:
    async def main() -> ScriptedDisk:
        bench = Bench(ScriptedDisk())
        await asyncio.sleep(3600)
        await bench.close()
        return bench.disk

    assert run_virtual(main()).written == []
