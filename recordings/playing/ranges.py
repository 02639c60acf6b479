"""HTTP ranges (RFC 9110 section 14): which bytes of a file a request is for."""

import re
from dataclasses import dataclass
from http import HTTPStatus

from foundation.errors import RemoteError


class RangeNotSatisfiable(RemoteError):
    """Nothing of the file is in the range."""

    http_status = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE


@dataclass(frozen=True, slots=True)
class ByteRange:
    start: int
    end: int
    "Of the last byte; inclusive, as in the header."

    @property
    def length(self) -> int:
        return self.end - self.start + 1

    def content_range(self, size: int) -> str:
        return f"bytes {self.start}-{self.end}/{size}"


def parse_range(header: str | None, size: int) -> ByteRange | None:
    """None: the whole file, also where several ranges or other units are asked for."""
    found = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", (header or "").replace(" ", ""))
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:
        length = min(int(found[2]), size)
        wanted = ByteRange(size - length, size - 1)
    else:
        wanted = ByteRange(int(found[1]), min(int(found[2] or size), size - 1))
        if found[2] and int(found[2]) < int(found[1]):
            return None  # not a range: to be ignored
    if wanted.length <= 0 or wanted.start >= size:
        raise RangeNotSatisfiable(f"the file has {size} bytes, {header!r} is not within")
    return wanted
