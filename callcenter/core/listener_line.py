"""Core's connection to the listener; made again when it has broken."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import msgspec

from foundation import frames, unix
from foundation.errors import RemoteError
from foundation.frames import FrameReader
from recordings.following import listen_messages as m

log = logging.getLogger(__name__)

RECONNECT_S = 0.2
MOST_UNSENT_BYTES = 1_000_000
"A listener that reads nothing for so long is as good as none."


class ListenerLine:
    """`send` what core asks; what the listener says comes to `on_message`."""

    def __init__(
        self,
        path: Path,
        on_message: Callable[[m.FromListener], None],
        on_lost: Callable[[], None],
    ) -> None:
        self._path = path
        self._on_message = on_message
        self._on_lost = on_lost
        self._writer: asyncio.StreamWriter | None = None

    @property
    def is_up(self) -> bool:
        return self._writer is not None

    def send(self, message: m.FromCore) -> bool:
        """False when no listener is there."""
        writer = self._writer
        if writer is None or writer.transport.get_write_buffer_size() > MOST_UNSENT_BYTES:
            return False
        writer.write(frames.pack(msgspec.msgpack.encode(message)))
        return True

    async def run(self) -> NoReturn:
        """Keeps a connection until it is cancelled."""
        while True:
            try:
                with unix.address(self._path) as name:
                    reader, self._writer = await asyncio.open_unix_connection(name)
            except OSError:
                await asyncio.sleep(RECONNECT_S)
                continue
            log.info("the listener is there")
            try:
                await self._read(reader)
            except (OSError, RemoteError, msgspec.MsgspecError) as error:
                log.warning("the connection to the listener broke: %s", error)
            finally:
                self._writer.close()
                self._writer = None
            self._on_lost()
            await asyncio.sleep(RECONNECT_S)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        frame_reader = FrameReader()
        decoder = msgspec.msgpack.Decoder[m.FromListener](m.FromListener)
        while data := await reader.read(65536):
            for frame in frame_reader.feed(data):
                self._on_message(decoder.decode(frame))
