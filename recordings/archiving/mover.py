"""The mover: takes what is archived from this disk to the bucket, beside the archiver.

    what waits ─▶ moved, the oldest first ─▶ gone from here
                    └ the bucket is away ─▶ rests: `first_rest_s`, twice that, … `longest_rest_s`
    after each file, and while it rests ─▶ TellShelf: what waits, and why ─▶ core

It keeps nothing: what lies on this disk is what is to be moved.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NoReturn

from foundation import clock
from foundation.errors import CallCentreError, Unavailable
from recordings.archiving.archive_messages import ArchiveCore, GoOn, TellShelf

if TYPE_CHECKING:  # it needs the extra `s3`
    from recordings.archiving.moving_shelf import MovingShelf, Waiting

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class MoverOptions:
    worker: str
    look_s: float = 2.0
    "Between two looks for what waits."
    first_rest_s: float = 5.0
    "After the first failure; each next one in a row rests twice as long."
    longest_rest_s: float = 300.0


class Mover:
    """Moves one file after the other."""

    def __init__(
        self,
        options: MoverOptions,
        core: ArchiveCore,
        shelf: MovingShelf,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        utc_now: Callable[[], datetime] = clock.utc_now,
    ) -> None:
        self._options = options
        self._core = core
        self._shelf = shelf
        self._sleep = sleep
        self._utc_now = utc_now
        self._files, self._bytes = 0, 0
        "What lies here still, as of the last look."
        self._oldest_since_s: float | None = None
        self._failures = 0

    async def run(self) -> NoReturn:
        while True:
            await self._sleep(await self.move_all())

    async def move_all(self) -> float:
        """Moves what waits, as far as it goes; seconds to wait before the next look."""
        trouble = ""
        try:
            waiting = await asyncio.to_thread(self._shelf.waiting)
            self._files, self._bytes = len(waiting), sum(each.bytes for each in waiting)
            await asyncio.to_thread(self._shelf.mend)
            await self._move(waiting)
            self._failures = 0
        except (CallCentreError, OSError) as error:
            self._failures += 1
            trouble = str(error)
            log.warning("%d files wait: %s", self._files, trouble)
        await self._tell(trouble)
        return rest_s(self._options, self._failures)

    async def _move(self, waiting: Sequence[Waiting]) -> None:
        for each in waiting:
            self._oldest_since_s = each.since_s
            if await asyncio.to_thread(self._shelf.move, each.key):
                log.info("> bucket: %s, %d bytes", each.key, each.bytes)
            self._failures = 0
            self._files, self._bytes = self._files - 1, self._bytes - each.bytes
            await self._tell("")

    async def _tell(self, trouble: str) -> None:
        """Rests for as long as core has no processor to spare; core itself may be away."""
        try:
            reply = await self._core.ask(
                TellShelf(
                    worker=self._options.worker,
                    files=self._files,
                    bytes=self._bytes,
                    oldest_s=self._oldest_s(),
                    trouble=trouble,
                )
            )
        except Unavailable:
            return
        if isinstance(reply, GoOn) and reply.pause_s:
            await self._sleep(reply.pause_s)

    def _oldest_s(self) -> float:
        """Age of the one that waits longest; days go one after the other."""
        if not self._files or self._oldest_since_s is None:
            return 0.0
        return max(0.0, self._utc_now().timestamp() - self._oldest_since_s)


def rest_s(options: MoverOptions, failures: int) -> float:
    """After so many failures in a row."""
    if not failures:
        return options.look_s
    # Beyond 2^30 any rest is longer than the longest.
    return min(options.longest_rest_s, options.first_rest_s * 2.0 ** min(failures - 1, 30))
