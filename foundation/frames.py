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

    def __init__(self, sentence: str, whole: list[bytes]) -> None:
        super().__init__(sentence)
        self.whole = whole
        "The frames that came before it at the same time; they count."


def pack(payload: bytes) -> bytes:
    return len(payload).to_bytes(4, "big") + payload


class FrameReader:
    """Collects bytes until frames are whole."""

    def __init__(self) -> None:
        self._begun = bytearray()
        "The beginning of a frame that is not whole yet."

    def feed(self, data: bytes) -> list[bytes]:
        if self._begun:
            self._begun += data
            if len(self._begun) < 4 + int.from_bytes(self._begun[:4], "big") <= 4 + MAX_FRAME_BYTES:
                return []
            data = bytes(self._begun)
            self._begun.clear()
        frames: list[bytes] = []
        at = 0
        while at + 4 <= len(data):
            end = at + 4 + int.from_bytes(data[at : at + 4], "big")
            if end - at > 4 + MAX_FRAME_BYTES:
                raise FrameTooLong(f"a frame of {end - at - 4} bytes was announced", frames)
            if end > len(data):
                break
            frames.append(data[at + 4 : end])
            at = end
        self._begun += data[at:]
        return frames
