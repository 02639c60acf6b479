"""The journal: every fact of the house, once, in order. Core is its only writer.

    publish(event) ── seq, utc, at_s ──▶ subscribers, in order        (at once, in memory)
                          └──▶ backlog ──▶ writer ──▶ file            (within 50 ms)
                                             └──▶ settled(seq)        (safe from a power cut)

The journal's clock: `at_s` = CLOCK_MONOTONIC + an anchor that is fixed with the first record of
each boot. So it is near POSIX time, but a corrected wall clock never makes a duration wrong.
"""

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from foundation import clock as system_clock
from foundation.bus import Bus
from foundation.clock import Clock
from foundation.errors import ResourceError
from foundation.journal.codec import EventCodec
from foundation.journal.file import JournalFile
from foundation.journal.reader import JournalReader
from foundation.journal.rows import EPOCH, MICROSECOND, Row, to_us
from foundation.journal.writer import JournalOptions, Writer
from foundation.record import Record
from foundation.tasks import OnFailure, Tasks

log = logging.getLogger(__name__)

CLOSE_WITHIN_S = 5.0


class TooSlow(ResourceError):
    """A follower of the journal did not keep up."""


class Journal:
    """Made by `Journal.open`; `publish` never waits."""

    def __init__(
        self,
        path: Path,
        codec: EventCodec,
        file: JournalFile,
        *,
        options: JournalOptions,
        on_trouble: Callable[[str], None],
        clock: Clock,
    ) -> None:
        last = file.last()
        self.reader = JournalReader(path, codec)
        self.last_seq = last.seq if last else 0
        self.opened_seq = self.last_seq
        "Of the newest record that was on the disk when this process began."
        self.ended_at = None if last is None else EPOCH + last.utc_us * MICROSECOND
        "When that was written."
        self.run = secrets.token_hex(4)
        "Names this process among those that write this journal one after the other."
        self.is_same_boot = last is not None and last.boot_id == clock.boot_id()
        "Processes of the one who wrote last may still live."
        self._codec = codec
        self._follower_rows = options.follower_rows
        self._file = file
        self._clock = clock
        self._boot_id = clock.boot_id()
        self._anchor_s = _anchor_s(last, clock)
        self._bus: Bus[Record[object]] = Bus()
        self._followers: set[_Follower] = set()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._writer = Writer(file, self._in_thread, options, on_trouble, self.last_seq)
        self._tasks = Tasks(on_trouble)
        self._writing = self._tasks.start("journal-writer", self._writer.run, OnFailure.RESTART)

    @classmethod
    async def open(
        cls,
        path: Path,
        codec: EventCodec,
        *,
        options: JournalOptions | None = None,
        on_trouble: Callable[[str], None] = lambda sentence: None,
        clock: Clock = system_clock,
    ) -> "Journal":
        """`Conflict` when another process has this journal open for writing."""
        file = await asyncio.to_thread(JournalFile, path)
        chosen = options or JournalOptions()
        with ExitStack() as opened:
            opened.callback(file.close)
            journal = cls(path, codec, file, options=chosen, on_trouble=on_trouble, clock=clock)
            opened.pop_all()
        return journal

    def subscribe(self, subscriber: Callable[[Record[object]], None]) -> Callable[[], None]:
        """Called with every record from now on, in order; returns how to end it."""
        return self._bus.subscribe(subscriber)

    def publish(self, event: object) -> Record[object]:
        """Number the fact, tell it to all subscribers, and have it written soon."""
        kind, version, body = self._codec.encode(event)
        mono_ns, utc = self._clock.monotonic_ns(), self._clock.utc_now()
        at_s = self._anchor_s + mono_ns / 1e9
        self.last_seq += 1
        seq = self.last_seq
        row = Row(seq, version, to_us(utc), mono_ns, self._boot_id, at_s, kind, body)
        self._writer.append(row)
        for follower in self._followers:
            follower.push(row)
        record = Record(seq=seq, at_s=at_s, utc=utc, event=event)
        self._bus.tell(record)
        return record

    @property
    def backlog_rows(self) -> int:
        """Records that are not known to be on the disk yet."""
        return len(self._writer.backlog)

    @property
    def lost_rows(self) -> int:
        """Records that will never be on the disk, since the start."""
        return self._writer.backlog.lost

    def now_s(self) -> float:
        """This moment on the journal's clock, to compare with `Record.at_s`."""
        return self._anchor_s + self._clock.monotonic_ns() / 1e9

    async def settled(self, seq: int, timeout_s: float = 5.0) -> None:
        """Returns when record `seq` is safe from a power cut; before that, acknowledge nothing."""
        await self._writer.settled(seq, timeout_s)

    async def follow(self, after_seq: int) -> AsyncGenerator[list[Row], None]:
        """History from the disk, then what is in memory, then live: no gap, nothing twice.

        Raises `TooSlow` when the consumer falls behind.
        """
        while page := await self.reader.page(after_seq):
            yield page
            after_seq = page[-1].seq
        follower = _Follower(self._follower_rows)
        self._followers.add(follower)
        try:
            # No await since the follower was added: what comes from now on is its own.
            on_disk, in_memory = self._writer.written_seq, self._writer.backlog.rows()
            while after_seq < on_disk:
                page = [row for row in await self.reader.page(after_seq) if row.seq <= on_disk]
                yield page
                after_seq = page[-1].seq
            if unwritten := [row for row in in_memory if row.seq > after_seq]:
                yield unwritten
            while True:
                yield await follower.next()
        finally:
            self._followers.discard(follower)

    async def close(self) -> None:
        """Write what waits, within a bound; a disk that is stuck cannot keep the role alive."""
        self._writer.close()
        _, unfinished = await asyncio.wait({self._writing}, timeout=CLOSE_WITHIN_S)
        if unfinished:
            log.error("%d events could not be written before the end", len(self._writer.backlog))
            await self._tasks.close()
            self._thread.shutdown(wait=False, cancel_futures=True)
            return
        await self._in_thread(self._file.close)
        self._thread.shutdown()

    async def _in_thread(self, call: Callable[[], None]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, call)


class _Follower:
    """The bounded queue of one follower."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._rows: deque[Row] = deque()
        self._some = asyncio.Event()
        self._too_slow = False

    def push(self, row: Row) -> None:
        if len(self._rows) >= self._size:
            self._too_slow = True
        else:
            self._rows.append(row)
        self._some.set()

    async def next(self) -> list[Row]:
        await self._some.wait()
        if self._too_slow:
            raise TooSlow(f"a follower of the journal is {self._size} records behind")
        rows = list(self._rows)
        self._rows.clear()
        self._some.clear()
        return rows


def _anchor_s(last: Row | None, clock: Clock) -> float:
    """POSIX time at monotonic zero, as the first record of this boot had it."""
    if last is not None and last.boot_id == clock.boot_id():
        return last.at_s - last.mono_ns / 1e9
    return clock.utc_now().timestamp() - clock.monotonic_ns() / 1e9
