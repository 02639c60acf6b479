"""Keeps the board up to date: follows core's journal, reconnects for ever, knows if core is away.

CoreLink.records ─▶ BoardService.follow ─▶ Board ─▶ Screens (socket), API
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from acd.views import FloorNow
from foundation.errors import Unavailable
from foundation.ids import CallId
from wallboard.commands import Command, Done
from wallboard.core_link import CaughtUp, CoreLink, StartOver
from wallboard.directory import Directory
from wallboard.events import DirectoryChanged
from wallboard.fold.board import Board, BoardRecord
from wallboard.fold.board_clock import BoardClock, JournalClock
from wallboard.fold.calls import Phase

log = logging.getLogger(__name__)

BREATH = 200
"Records folded before other tasks get their turn, about 2 ms."


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowOptions:
    retry_first_s: float = 0.2
    retry_most_s: float = 5.0
    "Doubled from `retry_first_s` up to this while core stays away."
    caught_up_within_s: float = 2.0
    "How long an acknowledged command's record may take to arrive before its reply goes out."


class BoardService:
    """The board, its link, and who wants to know of changes."""

    def __init__(
        self,
        board: Board,
        link: CoreLink,
        options: FollowOptions | None = None,
        clock: BoardClock | None = None,
        read_directory: Callable[[], Awaitable[Directory]] | None = None,
        read_floor: Callable[[], Awaitable[FloorNow]] | None = None,
    ) -> None:
        """`read_directory`: names, teams and targets as core serves them; None: never others.
        `read_floor`: what of the floor no event tells."""
        self._read_floor = read_floor
        self.floor = FloorNow()
        "As core told it last; empty while core is away."
        self._read_directory = read_directory
        self.board = board
        self.core_up = False
        self._link = link
        self._options = options or FollowOptions()
        self._clock = clock or JournalClock()
        self._changed = asyncio.Condition()
        self._news = asyncio.Event()
        self.listeners: list[Callable[[object], None]] = []
        "Told each event that happens while we look; not those of the history."

    def now_s(self) -> float:
        """The journal's clock now, never before the latest record."""
        return max(self._clock.now_s(), self.board.at_s)

    def utc(self) -> datetime:
        """Now, for what is due."""
        return self._clock.utc()

    def turn_day(self) -> None:
        """Midnight comes without a record, too."""
        self.board.turn_to(self._clock.utc())

    async def wait_for_news(self) -> None:
        """Until something was folded, or core went or came, since the last call returned."""
        await self._news.wait()
        self._news.clear()

    async def follow(self) -> None:
        """Runs until cancelled."""
        retry_s = self._options.retry_first_s
        while True:
            seq = self.board.seq
            try:
                await self._take_records()
            except Unavailable as away:
                log.info("core is away: %s", away)
            self.core_up = False
            self._news.set()
            if self.board.seq > seq:
                retry_s = self._options.retry_first_s
            await asyncio.sleep(retry_s)
            retry_s = min(2 * retry_s, self._options.retry_most_s)

    async def _take_records(self) -> None:
        records = self._link.records(self.board.seq)
        try:
            await self._take(records)
        finally:
            if isinstance(records, AsyncGenerator):
                await records.aclose()  # its connection must not wait for the garbage collector

    async def _take(self, records: AsyncIterator[BoardRecord | CaughtUp | StartOver]) -> None:
        taken = 0
        async for told in records:
            if isinstance(told, CaughtUp):
                await self._take_directory()
                self.core_up = True
                self._news.set()
                continue
            if isinstance(told, StartOver):
                self.board = Board(self.board.zone, self.board.directory)
                continue
            self.board.fold(told)
            taken += 1
            if taken % BREATH == 0:
                await asyncio.sleep(0)
            if self.core_up:
                if isinstance(told.event, DirectoryChanged):
                    await self._take_directory()
                self._clock.heard(told.at_s)
                self._news.set()
                for listener in self.listeners:
                    listener(told.event)
                async with self._changed:
                    self._changed.notify_all()

    async def look_at_floor(self) -> FloorNow:
        """Asks core; kept for the screens, which are told of what is another than before."""
        before, self.floor = self.floor, await self._ask_floor()
        if self.floor != before:
            self._news.set()
        return self.floor

    async def _ask_floor(self) -> FloorNow:
        with suppress(Unavailable):
            return FloorNow() if self._read_floor is None else await self._read_floor()
        return FloorNow()

    async def _take_directory(self) -> None:
        if self._read_directory is not None:
            self.board.directory = await self._read_directory()

    def is_living(self, call_id: CallId) -> bool:
        """The board knows it, and it is not over; unsure while core is away, then it is."""
        call = self.board.calls.get(call_id)
        return not self.core_up or (call is not None and call.phase is not Phase.ENDED)

    async def ask(self, command: Command) -> Done:
        """Core's acknowledgement, when the board shows the effect (or is late with it)."""
        done = await self._link.ask(command)
        try:
            async with asyncio.timeout(self._options.caught_up_within_s), self._changed:
                await self._changed.wait_for(lambda: self.board.seq >= done.seq)
        except TimeoutError:
            log.warning("record %d was acknowledged but has not arrived yet", done.seq)
        return done
