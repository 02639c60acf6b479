"""A core for the web role's tests: a journal in memory, commands written down."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

from foundation.errors import CallCentreError, Unavailable
from foundation.record import Record
from wallboard.commands import Command, Done
from wallboard.core_link import CaughtUp, StartOver
from wallboard.fold.board import BoardEvent, BoardRecord

MONDAY_NOON_S = datetime(2026, 6, 22, 12, tzinfo=UTC).timestamp()


def record(seq: int, at_s: float, event: BoardEvent) -> BoardRecord:
    return Record(seq, at_s, datetime.fromtimestamp(0, UTC) + timedelta(seconds=at_s), event)


class FakeCore:
    """Plays core's side of `CoreLink`."""

    def __init__(self, at_s: float = MONDAY_NOON_S) -> None:
        self.at_s = at_s
        "The time that the next events happen at."
        self.journal: list[BoardRecord] = []
        self.asked: list[Command] = []
        self.refuse_with: CallCentreError | None = None
        self.on_command: list[BoardEvent] = []
        "Journalled when the next command comes, before it is acknowledged."
        self.is_up = True
        self._has_forgotten = False
        self._news = asyncio.Condition()

    async def tell(self, *events: BoardEvent) -> None:
        """Journal `events`, and let every follower know."""
        self.journal += [
            record(number, self.at_s, event)
            for number, event in enumerate(events, len(self.journal) + 1)
        ]
        await self._notify()

    async def go_away(self) -> None:
        self.is_up = False
        await self._notify()

    async def come_back(self) -> None:
        self.is_up = True

    def forget(self, count: int) -> None:
        """The last records were never written; the next core knows nothing of them."""
        del self.journal[-count:]
        self._has_forgotten = True

    async def records(self, after_seq: int) -> AsyncIterator[BoardRecord | CaughtUp | StartOver]:
        self._check_up()
        told = after_seq
        if self._has_forgotten:
            self._has_forgotten = False
            told = 0
            yield StartOver()
        for known in self.journal[told:]:
            told = known.seq
            yield known
        yield CaughtUp()
        while self.is_up:
            async with self._news:
                while self.is_up and len(self.journal) <= told:
                    await self._news.wait()
            for known in self.journal[told:]:
                told = known.seq
                yield known

    async def ask(self, command: Command) -> Done:
        self._check_up()
        if self.refuse_with is not None:
            raise self.refuse_with
        self.asked.append(command)
        await self.tell(*self.on_command)
        return Done(len(self.journal))

    def _check_up(self) -> None:
        if not self.is_up:
            raise Unavailable("Core is away.")

    async def _notify(self) -> None:
        async with self._news:
            self._news.notify_all()


class CoreClock:
    """Stands where the fake core's time stands."""

    def __init__(self, core: FakeCore) -> None:
        self._core = core

    def heard(self, at_s: float) -> None:
        pass

    def now_s(self) -> float:
        return self._core.at_s

    def utc(self) -> datetime:
        return datetime.fromtimestamp(self._core.at_s, UTC)
