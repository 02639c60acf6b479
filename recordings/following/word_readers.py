"""Those who read what is said in talks (`following.live_words`): the web role, mostly one."""

import asyncio
from collections.abc import Callable, Iterable

import msgspec

from foundation import frames
from recordings.following.live_words import Told

MOST_UNSENT_BYTES = 1_000_000
"A reader that takes nothing any more is cut off; it connects again and is told all anew."


class Readers:
    """A Unix socket's server side."""

    def __init__(self, told_so_far: Callable[[], Iterable[Told]]) -> None:
        """`told_so_far`: what one who comes now must know."""
        self._told_so_far = told_so_far
        self._writers: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Until the reader goes."""
        for told in self._told_so_far():
            _send(writer, told)
        self._writers.add(writer)
        try:
            while await reader.read(1024):
                pass
        except OSError:
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    def tell(self, told: Told) -> None:
        for writer in list(self._writers):
            if writer.transport.get_write_buffer_size() > MOST_UNSENT_BYTES:
                writer.transport.abort()
            else:
                _send(writer, told)


def _send(writer: asyncio.StreamWriter, told: Told) -> None:
    writer.write(frames.pack(msgspec.msgpack.encode(told)))
