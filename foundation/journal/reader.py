"""Reading the journal, in core or in any other process beside it."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

from foundation.journal.codec import EventCodec
from foundation.journal.file import JournalFile
from foundation.journal.rows import Row, to_record, to_us
from foundation.record import Record

PAGE_ROWS = 1000


class JournalReader:
    """Opens the file for each page only, so an iterator that is left alone holds nothing."""

    def __init__(self, path: Path, codec: EventCodec) -> None:
        self._path = path
        self._codec = codec

    async def read(
        self, after_seq: int = 0, limit: int | None = None
    ) -> AsyncGenerator[Record[object], None]:
        """Records in order, until the end of the file as it is then, or `limit` of them."""
        left = limit
        while left is None or left > 0:
            wanted = PAGE_ROWS if left is None else min(PAGE_ROWS, left)
            page = await self.page(after_seq, wanted)
            for row in page:
                yield to_record(row, self._codec)
            if len(page) < wanted:
                return
            after_seq = page[-1].seq
            left = None if left is None else left - len(page)

    async def read_since(self, utc: datetime) -> AsyncGenerator[Record[object], None]:
        """From the first record that was written at `utc` or later."""
        first = await asyncio.to_thread(self._first_since, to_us(utc))
        if first is not None:
            async for record in self.read(first.seq - 1):
                yield record

    async def of_kinds(
        self,
        kinds: Sequence[type],
        utc: datetime,
        most_rows: int | None = None,
        pause_s: float = 0.0,
    ) -> AsyncGenerator[Record[object], None]:
        """Those of these kinds since `utc`, but of the last `most_rows` rows only if that is given.

        There may be many: they are decoded beside the loop, which is left `pause_s` to itself
        after each page.
        """
        first = await asyncio.to_thread(self._first_since, to_us(utc))
        if first is None:
            return
        names = [kind.__name__ for kind in kinds]
        after_seq = first.seq - 1
        if most_rows is not None:
            after_seq = max(after_seq, await self.last_seq() - most_rows)
        while page := await asyncio.to_thread(self._of_kinds, names, after_seq):
            for record in page:
                yield record
            after_seq = page[-1].seq
            await asyncio.sleep(pause_s)

    async def all_of_kinds(self, kinds: Sequence[type]) -> AsyncGenerator[Record[object], None]:
        """Those of these kinds from the first record on; none where there is no journal yet."""
        if not self._path.exists():
            return
        names = [kind.__name__ for kind in kinds]
        after_seq = 0
        while page := await asyncio.to_thread(self._of_kinds, names, after_seq):
            for record in page:
                yield record
            after_seq = page[-1].seq

    async def mentioning(
        self, parts: Sequence[bytes], since: datetime, limit: int = PAGE_ROWS
    ) -> list[Row]:
        """The first `limit` rows since `since` whose body has one of `parts` in it, in order.

        Reads the body of every row of that time (about 0.1 s for 100,000): for single questions.
        """
        return await asyncio.to_thread(self._mentioning, parts, to_us(since), limit)

    async def last_seq(self) -> int:
        """0 for an empty journal."""
        last = await asyncio.to_thread(self._last)
        return last.seq if last else 0

    async def find(self, seq: int) -> Record[object] | None:
        """The record of that number; None when the file does not hold it."""
        rows = await self.page(seq - 1, 1)
        return to_record(rows[0], self._codec) if rows and rows[0].seq == seq else None

    async def page(self, after_seq: int, limit: int = PAGE_ROWS) -> list[Row]:
        return await asyncio.to_thread(self._page, after_seq, limit)

    def _page(self, after_seq: int, limit: int) -> list[Row]:
        with closing(JournalFile(self._path, read_only=True)) as file:
            return file.after(after_seq, limit)

    def _first_since(self, utc_us: int) -> Row | None:
        with closing(JournalFile(self._path, read_only=True)) as file:
            return file.first_since(utc_us)

    def _of_kinds(self, kinds: Sequence[str], after_seq: int) -> list[Record[object]]:
        with closing(JournalFile(self._path, read_only=True)) as file:
            rows = file.of_kinds(kinds, after_seq, PAGE_ROWS)
        return [to_record(row, self._codec) for row in rows]

    def _mentioning(self, parts: Sequence[bytes], utc_us: int, limit: int) -> list[Row]:
        with closing(JournalFile(self._path, read_only=True)) as file:
            first = file.first_since(utc_us)
            return file.mentioning(parts, first.seq, limit) if first else []

    def _last(self) -> Row | None:
        with closing(JournalFile(self._path, read_only=True)) as file:
            return file.last()
