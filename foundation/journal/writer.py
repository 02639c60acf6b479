"""The task that carries rows to the disk: at least every `flush_s`, at once when somebody waits.

The disk is only ever touched in a thread of its own. Its errors cost nobody anything: the same rows
are tried again, and `on_trouble` hears one sentence at the start and one at the end of an outage.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from foundation.errors import Unavailable
from foundation.journal.backlog import Backlog
from foundation.journal.rows import Row

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalOptions:
    """How much a kill or a dead disk may cost."""

    flush_s: float = 0.02
    "Rows are collected this long; with the write itself it stays below the promised 50 ms."

    batch_rows: int = 2000
    "At most so many in one transaction."

    keep_rows: int = 200_000
    "Rows kept in memory (about 100 MB) for a disk that does not answer; see `Backlog`."

    retry_s: float = 0.5
    "Pause after a failed write."

    follower_rows: int = 20_000
    "A follower that is further behind is sent away; it comes back with its last number."

    stuck_after_s: float = 2.0
    "A write that takes longer is reported."


class Disk(Protocol):
    """What the writer needs of a `JournalFile`."""

    def write(self, rows: Sequence[Row], *, durable: bool, up_to: int) -> None: ...


Offload = Callable[[Callable[[], None]], Awaitable[None]]
"Runs a blocking call somewhere else than on the event loop."


class Writer:
    """One for each journal; `run` is its task."""

    def __init__(
        self,
        disk: Disk,
        offload: Offload,
        options: JournalOptions,
        on_trouble: Callable[[str], None],
        last_seq: int,
    ) -> None:
        self.backlog = Backlog(options.keep_rows, options.batch_rows)
        self.written_seq = last_seq
        "Records up to here survive the death of this process."
        self._durable_seq = last_seq
        self._disk = disk
        self._offload = offload
        self._options = options
        self._on_trouble = on_trouble
        self._settlers: list[tuple[int, asyncio.Future[None]]] = []
        self._work = asyncio.Event()
        "It is time to write."
        self._urgent = asyncio.Event()
        self._begins: asyncio.TimerHandle | None = None
        "Sets `_work` when rows have been collected for long enough."
        self._in_trouble = False
        self._closing = False

    def append(self, row: Row) -> None:
        self.backlog.append(row)
        if self._begins is None:
            loop = asyncio.get_running_loop()
            self._begins = loop.call_later(self._options.flush_s, self._work.set)

    async def settled(self, seq: int, timeout_s: float) -> None:
        """Returns when record `seq` would survive a power cut; `Unavailable` after `timeout_s`."""
        if seq <= self._durable_seq:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._settlers.append((seq, future))
        self._urgent.set()
        self._work.set()
        try:
            async with asyncio.timeout(timeout_s):
                await future
        except TimeoutError:
            raise Unavailable(f"the journal's disk did not answer within {timeout_s} s") from None

    async def run(self) -> None:
        """Until `close` and everything is written.

        A busy house writes fifty times a second: each time wakes the loop no oftener than it must.
        """
        while not self._closing or len(self.backlog):
            await self._work.wait()
            self._begin()
            if not await self._write():
                await self._pause(self._options.retry_s)
            if self._has_work():
                self._work.set()

    def close(self) -> None:
        """Makes `run` return after the last row."""
        self._closing = True
        self._work.set()
        self._urgent.set()

    def _has_work(self) -> bool:
        is_left = len(self.backlog) > 0 and self._begins is None
        return is_left or bool(self._settlers) or self._closing

    def _begin(self) -> None:
        self._work.clear()
        self._urgent.clear()
        if self._begins is not None:
            self._begins.cancel()
            self._begins = None

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._urgent.wait()

    async def _write(self) -> bool:
        rows = self.backlog.take()
        self._settlers = [waiting for waiting in self._settlers if not waiting[1].done()]
        up_to = max(self.written_seq, rows[-1].seq if rows else 0)
        durable = any(seq <= up_to for seq, _ in self._settlers)
        if not rows and not durable:
            return True
        try:
            await self._watched(partial(self._disk.write, rows, durable=durable, up_to=up_to))
        except (sqlite3.Error, OSError) as error:
            self._trouble(f"The journal cannot be written: {error}")
            return False
        self.backlog.written()
        self.written_seq = up_to
        if durable:
            self._durable_seq = up_to
            self._settle(up_to)
        self._over()
        return True

    async def _watched(self, write: Callable[[], None]) -> None:
        sentence = "The journal's disk does not answer; events wait in memory."
        loop = asyncio.get_running_loop()
        stuck = loop.call_later(self._options.stuck_after_s, self._trouble, sentence)
        try:
            await self._offload(write)
        finally:
            stuck.cancel()

    def _settle(self, up_to: int) -> None:
        for seq, future in self._settlers:
            if seq <= up_to and not future.done():
                future.set_result(None)

    def _trouble(self, sentence: str) -> None:
        if not self._in_trouble:
            self._in_trouble = True
            log.error("%s", sentence)
            self._on_trouble(sentence)

    def _over(self) -> None:
        if self._in_trouble:
            self._in_trouble = False
            lost = self.backlog.lost
            sentence = f"The journal is written again; {lost} events were lost since the start."
            log.warning("%s", sentence)
            self._on_trouble(sentence)
