"""Length-prefixed frames on a byte stream: how all our processes talk over Unix sockets.

A frame is a 4-byte big-endian length and that many bytes: a msgpack value, which whoever reads the
frame decodes. Sans-IO: bytes in, whole frames out.
"""

import msgspec

from foundation.errors import RemoteError

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError)
"What decoding a frame raises; the second one is Python's own, for text that is no UTF-8."
MAX_FRAME_BYTES = 16 * 1024 * 1024
"A peer that announces more has gone mad; its connection is closed."


class FrameTooLong(RemoteError):
    """The peer announced a frame that nobody of ours would send."""


def pack(payload: bytes) -> bytes:
    return len(payload).to_bytes(4, "big") + payload


class FrameReader:
    """Collects bytes until frames are whole."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        self._buffer += data
        frames: list[bytes] = []
        while len(self._buffer) >= 4:
            length = int.from_bytes(self._buffer[:4], "big")
            if length > MAX_FRAME_BYTES:
                raise FrameTooLong(f"a frame of {length} bytes was announced")
            if len(self._buffer) < 4 + length:
                break
            frames.append(bytes(self._buffer[4 : 4 + length]))
            del self._buffer[: 4 + length]
        return frames
