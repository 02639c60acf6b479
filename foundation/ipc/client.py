"""The other roles' side of core's Unix socket.

Whoever holds a client owns the decision to connect again: `Unavailable` says that core is away, and
`connect_with_retry` waits for it.
"""

import asyncio
import logging
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from itertools import count
from pathlib import Path

import msgspec

from foundation import unix
from foundation.errors import CallCentreError, RemoteError, Unavailable
from foundation.ipc.messages import (
    PROTOCOL_VERSION,
    Ask,
    Failed,
    Follow,
    Following,
    FromCore,
    Hello,
    Reply,
    ReplyT,
    Request,
    Rows,
    Welcome,
    reply_type,
    to_error,
)
from foundation.ipc.stream import Stream
from foundation.journal import EventCodec, to_record
from foundation.record import Record

log = logging.getLogger(__name__)

HANDSHAKE_WITHIN_S = 5.0
_LARGE = re.compile(r"-?\d{19,}")
RETRY_S = (0.05, 0.1, 0.2, 0.5, 1.0)
"Pauses between attempts to connect, the last one for ever."


class Client:
    """Made by `Client.connect`. Any number of requests at once on one connection."""

    def __init__(self, path: Path, stream: Stream[FromCore], codec: EventCodec | None) -> None:
        self._path = path
        self._stream = stream
        self._codec = codec
        self._rids = count(1)
        self._asked: dict[int, asyncio.Future[msgspec.Raw]] = {}
        self._reading = asyncio.create_task(self._read(), name="ipc-client")

    @classmethod
    async def connect(cls, path: Path, codec: EventCodec | None = None) -> "Client":
        """`codec` is needed for `records` only. `Unavailable` when core is away."""
        return cls(path, await _open(path), codec)

    @property
    def is_connected(self) -> bool:
        return not self._reading.done()

    async def ask(self, request: Request[ReplyT], timeout_s: float = 5.0) -> ReplyT:
        """The reply; or the error that core's handler raised, as the same class. `RemoteError` for
        what can't be written down, which somebody outside has asked."""
        if not self.is_connected:
            raise Unavailable("the connection to core is closed")
        body = _written(request)
        rid = next(self._rids)
        answered: asyncio.Future[msgspec.Raw] = asyncio.get_running_loop().create_future()
        self._asked[rid] = answered
        try:
            self._stream.send(Ask(rid, type(request).__name__, body))
            async with asyncio.timeout(timeout_s):
                raw = await answered
        except TimeoutError:
            name = type(request).__name__
            raise Unavailable(f"core did not answer {name} within {timeout_s} s") from None
        finally:
            del self._asked[rid]
        reply: ReplyT = msgspec.msgpack.decode(raw, type=reply_type(type(request)))
        return reply

    async def records(self, after_seq: int) -> AsyncGenerator[Record[object], None]:
        """All records after `after_seq`, old ones first, then live, without end.

        Ends by `Unavailable` when core goes away or this side was too slow: call it again with the
        number of the last record. Wrap it in `contextlib.aclosing` when you leave it early.
        """
        async with aclosing(self.batches(after_seq)) as batches:
            async for batch in batches:
                for record in batch:
                    yield record

    async def batches(self, after_seq: int) -> AsyncGenerator[list[Record[object]], None]:
        """`records`, as they came: one list is what core had ready at once."""
        assert self._codec is not None, "Client.connect needs a codec to read records"
        stream = await _open(self._path)
        try:
            stream.send(Follow(1, after_seq))
            while (message := await stream.receive()) is not None:
                match message:
                    case Rows(rows):
                        yield [to_record(row, self._codec) for row in rows]
                    case Following():
                        pass
                    case Failed():
                        raise to_error(message)
                    case _:
                        raise RemoteError(f"core sent {message!r} in a stream of records")
        finally:
            await stream.close()
        raise Unavailable("core ended the stream of records")

    async def close(self) -> None:
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        await self._stream.close()

    async def _read(self) -> None:
        try:
            while (message := await self._stream.receive()) is not None:
                self._take(message)
        except RemoteError as error:
            log.warning("the connection to core ended: %s", error)
        finally:
            for answered in self._asked.values():
                if not answered.done():
                    answered.set_exception(Unavailable("core went away"))

    def _take(self, message: FromCore) -> None:
        if not isinstance(message, Reply | Failed):
            raise RemoteError(f"core sent {message!r} where a reply was due")
        answered = self._asked.get(message.rid)
        if answered is None or answered.done():
            return  # It came after the time-out.
        if isinstance(message, Reply):
            answered.set_result(message.body)
        else:
            answered.set_exception(to_error(message))


def _written(request: Request[ReplyT]) -> msgspec.Raw:
    try:
        return msgspec.Raw(msgspec.msgpack.encode(request))
    except OverflowError:
        # Only the number: what else is asked may be nobody's business.
        large = _LARGE.search(repr(request))
        number = f": {large[0][:40]}" if large else ""
        raise RemoteError(
            f"A whole number in {type(request).__name__} is too large to be written down{number}"
        ) from None


async def connect_with_retry(path: Path, codec: EventCodec | None = None) -> Client:
    """Waits for core as long as it takes."""
    for attempt in count():
        try:
            return await Client.connect(path, codec)
        except Unavailable as error:
            log.log(logging.INFO if attempt == 0 else logging.DEBUG, "waiting for core: %s", error)
            await asyncio.sleep(RETRY_S[min(attempt, len(RETRY_S) - 1)])
    raise AssertionError("count() never ends")


async def _open(path: Path) -> Stream[FromCore]:
    try:
        with unix.address(path) as name:
            reader, writer = await asyncio.open_unix_connection(name)
    except OSError as error:
        raise Unavailable(f"core does not listen on {path}: {error.strerror}") from error
    stream = Stream(reader, writer, msgspec.msgpack.Decoder[FromCore](FromCore))
    try:
        async with asyncio.timeout(HANDSHAKE_WITHIN_S):
            await _greet(stream)
    except (CallCentreError, TimeoutError, ConnectionError) as error:
        await stream.close()
        if isinstance(error, CallCentreError):
            raise
        raise Unavailable(f"core did not greet on {path}") from error
    return stream


async def _greet(stream: Stream[FromCore]) -> None:
    stream.send(Hello(PROTOCOL_VERSION))
    while (message := await stream.receive()) is not None:
        match message:
            case Welcome():
                return
            case Failed():
                raise to_error(message)
            case _:
                raise RemoteError(f"core greeted with {message!r}")
    raise Unavailable("core closed the connection at once")
