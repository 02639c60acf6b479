"""Files that are had by blocks: what reading at any place is, wherever the blocks come from."""

import io
import os
from abc import abstractmethod
from typing import cast


class BlockFile(io.RawIOBase):
    """To be read only; whoever derives from it sets `_size` and gives blocks."""

    def __init__(self, block_bytes: int) -> None:
        self._block_bytes = block_bytes
        self._at = 0
        self._size = 0
        "Of the whole, in bytes."

    @abstractmethod
    def _block(self, number: int) -> bytes:
        """From 0; only the last one is shorter. b'': the file has become shorter meanwhile."""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def readinto(self, buffer: object) -> int:
        """At most to the end of a block, as raw files may."""
        into = memoryview(cast(bytearray, buffer)).cast("B")
        if self._at >= self._size:
            return 0
        number, inside = divmod(self._at, self._block_bytes)
        found = self._block(number)[inside : inside + len(into)]
        into[: len(found)] = found
        self._at += len(found)
        return len(found)
