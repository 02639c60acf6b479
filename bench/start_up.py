"""What a start costs after few and after many records: core's past, and the wallboard's board.

    python -m bench.start_up [records ...]

The journal holds synthetic calls of one day. "anew": as without a snapshot, every record of the
last two days; "kept": from a snapshot that is as old as one may be, and the records after it.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, timedelta
from itertools import islice
from pathlib import Path

from bench.wallboard_fold import one_call
from callcenter.codec import CODEC
from callcenter.revival.kept_past import EVERY_RECORDS, Past, past_file, read_past, snapshot_of
from foundation import clock
from foundation.journal import JournalReader, Row
from foundation.journal.file import JournalFile
from foundation.journal.rows import to_us
from foundation.snapshot import SnapshotFile
from wallboard.directory import Directory
from wallboard.fold.board import Board
from wallboard.snapshot import Keeping, board_file, state_of

ROWS_AT_ONCE = 20_000
DAY_S = 80_000


def rows(count: int) -> Iterator[Row]:
    begun = clock.utc_now() - timedelta(days=1)
    number = seq = 0
    while True:
        for event in one_call(number):
            seq += 1
            utc = begun + timedelta(seconds=DAY_S * seq / count)
            kind, version, body = CODEC.encode(event)
            yield Row(seq, version, to_us(utc), seq, "boot", utc.timestamp(), kind, body)
        number += 1


def write(path: Path, count: int) -> None:
    file = JournalFile(path)
    wanted = islice(rows(count), count)
    while some := list(islice(wanted, ROWS_AT_ONCE)):
        file.write(some, durable=False, up_to=some[-1].seq)
    file.close()


class Start:
    """A journal of `count` records, and what reads it."""

    def __init__(self, folder: Path, count: int) -> None:
        self._count = count
        write(folder / "journal.db", count)
        self._reader = JournalReader(folder / "journal.db", CODEC)
        self._past_file = past_file(folder / "history")
        self._keeping = Keeping(board_file(folder / "board", UTC), self._reader.find)

    async def past(self) -> None:
        await read_past(self._past_file, self._reader, clock.utc_now(), self._count)

    async def board(self) -> None:
        """As the web role does, but for the way of the records through core's socket."""
        board = await self._keeping.board(UTC, Directory())
        async for record in self._reader.read(board.seq):
            board.fold(record)

    async def keep(self) -> None:
        """At the last record that a snapshot may be waiting for."""
        past, board = Past(), Board()
        async for record in self._reader.read(0, self._count - EVERY_RECORDS + 1):
            past.take(record)
            board.fold(record)
        _keep(self._past_file, self._past_file.pack(snapshot_of(past)))
        _keep(self._keeping.file, self._keeping.file.pack(state_of(board)))


def _keep(file: SnapshotFile, data: bytes) -> None:
    file.write(data)
    print(f"    a snapshot of {len(data) / 1000:.0f} kB")


def cpu_s(work: Callable[[], Awaitable[None]]) -> float:
    begun_s = time.process_time()
    asyncio.run(_run(work))
    return time.process_time() - begun_s


async def _run(work: Callable[[], Awaitable[None]]) -> None:
    await work()


def measure(count: int) -> None:
    with tempfile.TemporaryDirectory(prefix="callcenter-start-") as folder:
        start = Start(Path(folder), count)
        print(f"{count:,} records")
        anew = [cpu_s(start.past), cpu_s(start.board)]
        asyncio.run(start.keep())
        kept = [cpu_s(start.past), cpu_s(start.board)]
    for name, slow, fast in zip(("core's past", "the board"), anew, kept, strict=True):
        print(f"    {name}: {slow:.2f} CPU-s anew, {fast:.2f} CPU-s kept")


def main() -> None:
    for count in [int(word) for word in sys.argv[1:]] or [20_000, 1_000_000]:
        measure(count)


if __name__ == "__main__":
    main()
