"""The centre's journal as it grows: what the demo's people take their cues from."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from callcenter.core_line import CoreLine
from callcenter.demo.call_log import CallLog, Story
from foundation.errors import Unavailable
from wallboard.core_link import CaughtUp, StartOver

AGAIN_AFTER_S = 0.2


class Watch:
    """Follows core, also one that was started again; wakes whoever waits."""

    def __init__(self, core_socket: Path) -> None:
        self.log = CallLog()
        self.on_fact: Callable[[], None] = lambda: None
        "Called after each one, for the screen."
        self._line = CoreLine(core_socket)
        self._grown = asyncio.Condition()

    async def run(self) -> None:
        try:
            while True:
                with suppress(Unavailable):
                    await self._follow()
                await asyncio.sleep(AGAIN_AFTER_S)
        finally:
            await self._line.close()

    async def _follow(self) -> None:
        async for record in self._line.records(self.log.last_seq):
            # After a StartOver the same facts come again, which changes no story.
            if not isinstance(record, CaughtUp | StartOver):
                self.log.fold(record)
                self.on_fact()
                async with self._grown:
                    self._grown.notify_all()

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Asked again after every fact."""
        async with self._grown:
            await self._grown.wait_for(is_so)

    async def next_arrival(self, known: int) -> Story:
        """The first call after the `known` first ones."""
        await self.until(lambda: len(self.log.stories) > known)
        return list(self.log.stories.values())[known]
