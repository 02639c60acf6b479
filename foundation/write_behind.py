"""Rows that may be written a moment later, so that no call waits for the disk.

Items are collected and written in batches by one task; what a disk that is away can't take stays
and is tried again. The queue is bounded: when it is full the oldest item goes, with an error in the
log, because the newest state is the one that matters after a restart.
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
        self, name: str, write: Callable[[list[T]], Awaitable[None]], limit: int = 100_000
    ) -> None:
        self._name = name
        self._write = write
        self._limit = limit
        self._items: deque[T] = deque()
        self._some = asyncio.Event()

    def put(self, item: T) -> None:
        if len(self._items) >= self._limit:
            log.error("%s: the database does not keep up, lost: %r", self._name, type(item))
            self._items.popleft()
        self._items.append(item)
        self._some.set()

    async def run(self) -> None:
        """Writes until it is cancelled."""
        while True:
            await self._some.wait()
            if not await self.flush():
                await asyncio.sleep(RETRY_S)

    async def flush(self) -> bool:
        """Write what waits; False when the database did not take it."""
        batch = list(self._items)
        self._some.clear()
        if not batch:
            return True
        try:
            await self._write(batch)
        except (SQLAlchemyError, OSError) as error:
            log.error("%s: %d rows wait for the database: %s", self._name, len(batch), error)
            self._some.set()
            return False
        for _ in batch:
            self._items.popleft()
        return True
