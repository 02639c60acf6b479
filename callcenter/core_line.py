"""The other roles' lines to core: what they ask, and the journal as it grows."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Protocol

from acd.views import FloorNow
from callcenter.asks import (
    ArchiverAsks,
    BoardAsks,
    FindJournalEnds,
    ReadBoards,
    ReadCall,
    ReadDirectory,
    ReadFloor,
    ReadMetrics,
    TranscriberAsks,
)
from callcenter.codec import CODEC
from foundation.ids import CallId
from foundation.ipc import Client, Request
from foundation.ipc.messages import ReplyT
from foundation.journal import to_record
from foundation.record import Record
from recordings import messages as recordings
from recordings.archiving import archive_messages as archive
from wallboard.commands import Command, Done
from wallboard.core_link import CaughtUp, CoreLink, StartOver
from wallboard.directory import Directory
from wallboard.figures.boards import Plan
from wallboard.fold.board import BoardRecord


class _Line:
    """One connection, made when it is needed and made again when it has broken."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._client: Client | None = None
        self._connecting = asyncio.Lock()

    async def _connected(self) -> Client:
        """Raises `Unavailable` when core is away."""
        async with self._connecting:
            if self._client is None or not self._client.is_connected:
                await self.close()
                self._client = await Client.connect(self._path, CODEC)
            return self._client

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()
            self._client = None


class WebCore(CoreLink, Protocol):
    """All that the web role wants of core."""

    async def request(self, request: Request[ReplyT]) -> ReplyT: ...
    async def directory(self) -> Directory: ...
    async def boards(self) -> dict[str, Plan]: ...
    async def floor(self) -> FloorNow: ...
    async def metrics(self) -> bytes: ...
    async def call(self, call_id: CallId) -> list[Record[object]]: ...


class CoreLine(_Line):
    """Implements `WebCore`."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._run = ""
        "Of the core whose records were read last."

    async def records(self, after_seq: int) -> AsyncIterator[BoardRecord | CaughtUp | StartOver]:
        client = await self._connected()
        ends = await client.ask(FindJournalEnds())
        if self._run not in ("", ends.run) and after_seq > ends.opened_seq:
            after_seq = 0
            yield StartOver()
        self._run = ends.run
        after_seq = after_seq or ends.first_seq - 1
        is_caught_up = after_seq >= ends.last_seq
        if is_caught_up:
            yield CaughtUp()
        async with aclosing(client.records(after_seq)) as records:
            async for record in records:
                yield record
                if not is_caught_up and record.seq >= ends.last_seq:
                    is_caught_up = True
                    yield CaughtUp()

    async def ask(self, command: Command) -> Done:
        client = await self._connected()
        return await client.ask(BoardAsks(command))

    async def request(self, request: Request[ReplyT]) -> ReplyT:
        client = await self._connected()
        return await client.ask(request)

    async def directory(self) -> Directory:
        """Names, teams and targets as core serves them now."""
        return await self.request(ReadDirectory())

    async def boards(self) -> dict[str, Plan]:
        """The wallboards as core serves them now."""
        return await self.request(ReadBoards())

    async def floor(self) -> FloorNow:
        """What of the floor no event tells."""
        return await self.request(ReadFloor())

    async def metrics(self) -> bytes:
        """Core's counters as Prometheus text."""
        client = await self._connected()
        return await client.ask(ReadMetrics())

    async def call(self, call_id: CallId) -> list[Record[object]]:
        """What the journal of the last two days has of the call, in order."""
        client = await self._connected()
        rows = await client.ask(ReadCall(call_id))
        return [to_record(row, CODEC) for row in rows]


class TranscriberLine(_Line):
    """Implements `recordings.messages.Core`."""

    async def ask(self, message: recordings.Request) -> recordings.Reply:
        client = await self._connected()
        return await client.ask(TranscriberAsks(message))


class ArchiverLine(_Line):
    """Implements `recordings.archiving.archive_messages.ArchiveCore`."""

    async def ask(self, message: archive.Request) -> archive.Reply:
        client = await self._connected()
        return await client.ask(ArchiverAsks(message))


class LineProcessLine(_Line):
    """Of a process that keeps a line at another PBX."""

    async def ask(self, request: Request[ReplyT]) -> ReplyT:
        client = await self._connected()
        return await client.ask(request)
