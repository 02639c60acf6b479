"""Rows that may be written a moment later, so that no call waits for the disk.

Items are collected and written in batches by one task; what a disk that is away can't take stays
and is tried again, and so is a batch whose writing was cancelled: writing twice must do no harm.
The queue is bounded: when it is full the oldest item goes, with an error in the log, because the
newest state is the one that matters after a restart. A batch under way is out of the queue.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from sqlalchemy.exc import SQLAlchemyError

log = logging.getLogger(__name__)

T = TypeVar("T")
RETRY_S = 1.0


class WriteBehind(Generic[T]):
    """`put` from the loop, `run` as a task, `flush` at the end."""

    def __init__(
        self,
        name: str,
        write: Callable[[list[T]], Awaitable[None]],
        limit: int = 100_000,
        collect_s: float = 0.0,
    ) -> None:
        """`collect_s`: `run` writes no sooner than that after it wrote last, but at once after a
        longer quiet."""
        self._name = name
        self._collect_s = collect_s
        self._write = write
        self._limit = limit
        self._items: deque[T] = deque()
        self._batch: list[T] = []
        "What is being written, or what the database did not take; older than all of `_items`."
        self._some = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()

    def __len__(self) -> int:
        """Items that are not known to be in the database yet."""
        return len(self._batch) + len(self._items)

    def put(self, item: T) -> None:
        if len(self._items) >= self._limit:
            log.error("%s: the database does not keep up, lost: %r", self._name, type(item))
            self._items.popleft()
        self._items.append(item)
        self._some.set()

    async def run(self) -> None:
        """Writes until it is cancelled."""
        loop = asyncio.get_running_loop()
        written_at = loop.time() - self._collect_s
        while True:
            await self._some.wait()
            await asyncio.sleep(written_at + self._collect_s - loop.time())
            if not await self.flush():
                await asyncio.sleep(RETRY_S)
            written_at = loop.time()

    async def flush(self) -> bool:
        """Write what waits now; False when the database did not take it."""
        async with self._one_at_a_time:
            self._some.clear()
            is_written = await self._write_batch()
            if is_written:
                self._batch = list(self._items)
                self._items.clear()
                is_written = await self._write_batch()
            if not is_written:
                self._some.set()
            return is_written

    async def _write_batch(self) -> bool:
        if not self._batch:
            return True
        try:
            await self._write(self._batch)
        except (SQLAlchemyError, OSError) as error:
            log.error("%s: %d rows wait for the database: %s", self._name, len(self), error)
            return False
        self._batch = []
        return True
