"""Whole messages on an asyncio byte stream."""

import asyncio
from collections import deque
from contextlib import suppress
from typing import Generic, TypeVar

import msgspec

from foundation.errors import RemoteError
from foundation.frames import UNREADABLE, FrameReader, FrameTooLong, pack

In = TypeVar("In")

READ_BYTES = 256 * 1024


class Stream(Generic[In]):
    """One connection; `In` is the union of messages that the other side may send."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        decoder: "msgspec.msgpack.Decoder[In]",
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._decoder = decoder
        self._encoder = msgspec.msgpack.Encoder()
        self._frames = FrameReader()
        self._whole: deque[bytes] = deque()
        self._broken: FrameTooLong | None = None
        "Told when all that came before it is taken."

    def send(self, message: object) -> None:
        self._writer.write(pack(self._encoder.encode(message)))

    async def drain(self) -> None:
        """Waits while the other side does not read."""
        await self._writer.drain()

    async def receive(self) -> In | None:
        """The next message; None at the end. `RemoteError` for what is not a message of ours."""
        while not self._whole:
            if self._broken is not None:
                raise self._broken
            data = await self._read()
            if not data:
                return None
            self._whole += self._split(data)
        try:
            return self._decoder.decode(self._whole.popleft())
        except UNREADABLE as error:
            raise RemoteError(f"not a message of ours: {error}") from error

    def _split(self, data: bytes) -> list[bytes]:
        try:
            return self._frames.feed(data)
        except FrameTooLong as error:
            self._broken = error
            return error.whole

    def abort(self) -> None:
        """Drop the connection with whatever is still to be sent."""
        self._writer.transport.abort()

    async def close(self) -> None:
        self._writer.close()
        with suppress(OSError):  # The other side was faster.
            await self._writer.wait_closed()

    async def _read(self) -> bytes:
        try:
            return await self._reader.read(READ_BYTES)
        except ConnectionError:
            return b""
