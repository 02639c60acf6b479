"""Live audio on its way into the listener: a media worker's connection as 16-bit samples.

The worker's side is `telephony.media.live`.
"""

import asyncio

import msgspec
import numpy as np

from foundation.errors import RemoteError
from foundation.frames import FrameReader, FrameTooLong
from telephony.media import protocol as media
from telephony.media.sound.g711 import SAMPLE_RATE_HZ, Law, decode

AUDIO_WITHIN_S = 2.0
"Blocks come each 100 ms; a worker that sends none for so long has died."
MOST_LOST_SAMPLES = SAMPLE_RATE_HZ * 60


class NoAudio(RemoteError):
    """The media worker brings nothing, or no more."""


class LiveAudio:
    """One worker's connection: blocks as 16-bit samples."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._frames = FrameReader()
        self._decoder = msgspec.msgpack.Decoder(media.LiveMessage)
        self._waiting: list[media.LiveMessage] = []

    async def header(self) -> str:
        await self._read()
        first = self._waiting.pop(0)
        if not isinstance(first, media.LiveHeader):
            raise NoAudio(f"audio began with {type(first).__name__}")
        return first.listen_id

    async def samples(self) -> np.ndarray:
        """All that has come, some at least."""
        if not self._waiting:
            await self._read()
        blocks = [block for block in self._waiting if isinstance(block, media.LiveBlock)]
        self._waiting.clear()
        return np.concatenate([np.zeros(0, np.int16), *map(_decoded, blocks)])

    async def _read(self) -> None:
        try:
            async with asyncio.timeout(AUDIO_WITHIN_S):
                while not self._waiting:
                    data = await self._reader.read(65536)
                    if not data:
                        raise NoAudio("the audio has ended")
                    self._waiting += map(self._decoder.decode, self._frames.feed(data))
        except TimeoutError:
            raise NoAudio("no audio comes") from None
        except (OSError, FrameTooLong, msgspec.MsgspecError) as error:
            raise NoAudio(f"the audio broke: {error}") from None

    def close(self) -> None:
        self._writer.close()


def _decoded(block: media.LiveBlock) -> np.ndarray:
    """What was dropped on the way is silence."""
    lost = np.zeros(min(max(block.lost, 0), MOST_LOST_SAMPLES), np.int16)
    return np.concatenate([lost, decode(block.codes, Law(block.law))])
