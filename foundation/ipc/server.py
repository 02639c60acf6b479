"""Core's side of the Unix socket: answers requests and streams the journal.

A handler that fails by a planned error fails its request only; anything else is logged and reported
to the asker as `Crashed`. A follower that does not keep up is disconnected: it holds a number and
comes back with it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any, assert_never

import msgspec

from foundation import unix
from foundation.errors import CallCentreError, NotFound, RemoteError, Unavailable
from foundation.frames import UNREADABLE
from foundation.ipc.messages import (
    PROTOCOL_VERSION,
    Ask,
    Follow,
    Following,
    FromRole,
    Hello,
    Reply,
    Request,
    Rows,
    Welcome,
    WrongVersion,
    to_failed,
)
from foundation.ipc.stream import Stream
from foundation.journal import Journal, TooSlow
from foundation.tasks import LAST_S, contain_async

log = logging.getLogger(__name__)

Handler = Callable[[Any], Awaitable[object]]

FOLLOW_PAUSE_S = 0.05
MAX_ASKS = 64
"Requests of one connection that are worked on at once; further ones wait in the socket."


class Server:
    """Made by `Server.listen`."""

    def __init__(
        self, path: Path, handlers: Mapping[type[Request[Any]], Handler], journal: Journal | None
    ) -> None:
        self._path = path
        self._journal = journal
        self._handlers = {
            request.__name__: (msgspec.msgpack.Decoder(request), handler)
            for request, handler in handlers.items()
        }
        self._connections: set[asyncio.Task[None]] = set()
        self._answering: set[asyncio.Task[None]] = set()
        self._is_closing = False
        self._server: asyncio.Server | None = None

    @classmethod
    async def listen(
        cls,
        path: Path,
        handlers: Mapping[type[Request[Any]], Handler],
        journal: Journal | None = None,
    ) -> "Server":
        """`Conflict` when a living core listens there already."""
        server = cls(path, handlers, journal)
        listener = unix.listen(path)
        server._server = await asyncio.start_unix_server(server._serve, sock=listener)
        return server

    async def close(self, within_s: float = LAST_S) -> None:
        """What was asked is carried out to its end, for `within_s` at most: half of it may be done
        and the other half not told. Nothing more is taken up."""
        self._is_closing = True
        if self._server is not None:
            self._server.close()
        if self._answering:
            _, late = await asyncio.wait(set(self._answering), timeout=within_s)
            if late:
                log.error("cut off: %d requests took more than %g s to end", len(late), within_s)
        for connection in list(self._connections):
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        stream = Stream(reader, writer, msgspec.msgpack.Decoder[FromRole](FromRole))
        # asyncio logs a cancelled connection as an error; being closed is none.
        with suppress(asyncio.CancelledError):
            try:
                await self._converse(stream)
            except* RemoteError as errors:
                log.warning("a role's connection ended: %s", errors.exceptions[0])
            finally:
                self._connections.discard(task)
                await stream.close()

    async def _converse(self, stream: Stream[FromRole]) -> None:
        """What was asked is carried out to its end even when the asker has left."""
        room = asyncio.Semaphore(MAX_ASKS)
        following: list[asyncio.Task[None]] = []
        async with asyncio.TaskGroup() as tasks:
            try:
                while (message := await stream.receive()) is not None:
                    match message:
                        case Hello(version):
                            if not self._greet(stream, version):
                                return
                        case Ask():
                            await room.acquire()
                            answering = tasks.create_task(self._answer(stream, message))
                            self._answering.add(answering)
                            answering.add_done_callback(self._answering.discard)
                            answering.add_done_callback(lambda _: room.release())
                        case Follow():
                            following.append(tasks.create_task(self._follow(stream, message)))
                        case _:
                            assert_never(message)
            finally:
                for task in following:
                    task.cancel()

    def _greet(self, stream: Stream[FromRole], version: int) -> bool:
        if version == PROTOCOL_VERSION:
            stream.send(Welcome(PROTOCOL_VERSION))
            return True
        sentence = f"core speaks version {PROTOCOL_VERSION}, the asker speaks {version}"
        stream.send(to_failed(0, WrongVersion(sentence)))
        return False

    async def _answer(self, stream: Stream[FromRole], ask: Ask) -> None:
        try:
            reply = await contain_async(f"the request {ask.kind}", self._handle(ask))
            stream.send(Reply(ask.rid, msgspec.Raw(msgspec.msgpack.encode(reply))))
        except CallCentreError as error:
            stream.send(to_failed(ask.rid, error))
        with suppress(ConnectionError):
            await stream.drain()

    async def _handle(self, ask: Ask) -> object:
        if self._is_closing:
            raise Unavailable(f"core ends and does not take up {ask.kind}")
        if ask.kind not in self._handlers:
            raise NotFound(f"core knows no request {ask.kind}")
        decoder, handler = self._handlers[ask.kind]
        try:
            request = decoder.decode(ask.body)
        except UNREADABLE as error:
            raise RemoteError(f"{ask.kind} cannot be read: {error}") from error
        return await handler(request)

    async def _follow(self, stream: Stream[FromRole], follow: Follow) -> None:
        if self._journal is None:
            stream.send(to_failed(follow.rid, Unavailable("this process keeps no journal")))
            return
        stream.send(Following(self._journal.last_seq))
        try:
            async with aclosing(self._journal.follow(follow.after_seq)) as pages:
                async for rows in pages:
                    stream.send(Rows(rows))
                    await stream.drain()
                    # What a busy house tells meanwhile goes together: each message wakes two.
                    await asyncio.sleep(FOLLOW_PAUSE_S)
        except (TooSlow, ConnectionError) as error:
            log.warning("a follower is sent away: %s", error)
            stream.abort()
