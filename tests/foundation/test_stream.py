"""Messages between processes, whole or not, that come at the same time."""

import asyncio

import msgspec
import pytest

from foundation.frames import FrameTooLong, pack
from foundation.ipc.stream import Stream
from tests.support.virtual_time import run_virtual


class Nowhere(asyncio.WriteTransport):
    """Nothing is sent."""

    def is_closing(self) -> bool:
        return True


def test_what_came_before_a_frame_that_is_too_long_is_received_first() -> None:
    """A command that was given counts, whatever its process says next."""

    async def main() -> list[int | None]:
        reader = asyncio.StreamReader()
        writer = asyncio.StreamWriter(
            Nowhere(), asyncio.Protocol(), None, asyncio.get_running_loop()
        )
        stream = Stream(reader, writer, msgspec.msgpack.Decoder(int))
        frames = [pack(msgspec.msgpack.encode(number)) for number in (1, 2)]
        reader.feed_data(b"".join(frames) + b"\xff\xff\xff\xff")
        received = [await stream.receive(), await stream.receive()]
        with pytest.raises(FrameTooLong):
            await stream.receive()
        return received

    assert run_virtual(main()) == [1, 2]
