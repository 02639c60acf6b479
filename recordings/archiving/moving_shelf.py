"""A shelf whose files go on from this disk to a bucket: what is put is safe here at once, and
leaves when the bucket is proved to have it.

    put ─▶ this disk ── move: sent, read back, the same ─▶ the bucket
              └───────────── open, delete: here, or there ──┘

Rule 1: a file is here, or there, or both; never neither, until it is deleted. What is here counts.
Rule 2: a file leaves this disk when all of it was read back from the bucket, with the same size and
        SHA-256, and has not changed here meanwhile.
Rule 3: what is deleted while it is sent does not come back. A mark on this disk says that a file
        may be on its way; who finds a mark without its file deletes it in the bucket.
Rule 4: what could not be deleted in the bucket is deleted there when that answers again: another
        mark says so.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from foundation.errors import NotFound
from recordings.archiving.archive import FolderShelf
from recordings.archiving.bucket import Bucket, BucketAway

ON_THE_WAY = ".moving"
"Folder beside the days: a mark for each file that is being sent."
TO_DELETE = ".deleting"
"The same of files that are to go from the bucket."
ARCHIVED = (".flac", ".peaks")
"In the names of what is archived; WAVs lie beside it, and stay."


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file that is to go to the bucket."""

    key: str
    bytes: int
    since_s: float
    "POSIX time."


class MovingShelf:
    """Used by several processes at once; one of them moves."""

    def __init__(self, here: FolderShelf, bucket: Bucket, only: str = "") -> None:
        """`only`: files whose names end so are moved; what is plain is not to leave the house."""
        self._here = here
        self._only = only
        self.bucket = bucket

    # -- archiving.archive.Shelf -----------------------------------------------------------------

    def put(self, path: Path) -> str:
        return self._here.put(path)

    def open(self, key: str) -> BinaryIO:
        try:
            return self._here.open(key)
        except NotFound:
            return self.bucket.open(key)

    def delete(self, key: str) -> None:
        """Here first: whoever sends it sees that it is gone. Raises `Unavailable` too; then it is
        gone from here, and will be from the bucket."""
        mark = self._mark(key, TO_DELETE)
        self._here.delete(key)
        with self._locked():
            self.bucket.delete(key)
        mark.unlink(missing_ok=True)

    def all_keys(self) -> list[str]:
        """Those here first: a file that moves meanwhile is on one of the two lists, or on both."""
        here = self._here.all_keys()
        return sorted({*here, *self.bucket.keys()})

    def patch(self, key: str, *changes: tuple[int, bytes]) -> None:
        try:
            self._here.patch(key, *changes)
        except NotFound:
            # A bucket's files are written whole. One that is deleted meanwhile is not to be put
            # back, so who deletes waits.
            with self._locked():
                data = bytearray(self.bucket.read_all(key))
                for at, new in changes:
                    data[at : at + len(new)] = new
                self.bucket.put_bytes(key, bytes(data))

    # -- moving ----------------------------------------------------------------------------------

    def waiting(self) -> list[Waiting]:
        """The oldest day first."""
        found = []
        for key in self._here.all_keys():
            if not self._is_to_move(key):
                continue
            with suppress(FileNotFoundError):  # deleted meanwhile
                stat = self._here.path(key).stat()
                found.append(Waiting(key, stat.st_size, stat.st_mtime))
        return found

    def move(self, key: str) -> bool:
        """False for a file that was deleted, or changed, meanwhile. Raises `Unavailable`."""
        place = self._here.path(key)
        before = _find_state(place)
        mark = self._mark(key, ON_THE_WAY)
        is_there = self._send(key, place)
        after = _find_state(place)
        if after is None:
            self._delete_there(key, mark)
            return False
        mark.unlink()
        if after != before:
            return False
        if not is_there:
            raise BucketAway(f"{self.bucket} does not have of {key} what was sent to it")
        place.unlink(missing_ok=True)
        return True

    def mend(self) -> None:
        """What a killed mover has left on its way, and what the bucket was to delete while it was
        away. To be called while nothing is being moved."""
        for key, mark in self._marks(ON_THE_WAY):
            if self._here.path(key).exists():
                mark.unlink()
            else:
                self._delete_there(key, mark)
        for key, mark in self._marks(TO_DELETE):
            self._delete_there(key, mark)

    def _send(self, key: str, place: Path) -> bool:
        """Whether the bucket has it, to the byte."""
        try:
            expected = _digest(place)
            self.bucket.put(key, place)
            return self.bucket.digest(key) == expected
        except (FileNotFoundError, NotFound):  # deleted meanwhile
            return False

    def _delete_there(self, key: str, mark: Path) -> None:
        self.bucket.delete(key)
        mark.unlink(missing_ok=True)

    def _mark(self, key: str, folder: str) -> Path:
        """Set from now on."""
        mark = self._here.path(f"{folder}/{key}")
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()
        return mark

    def _marks(self, name: str) -> list[tuple[str, Path]]:
        """Of files, by key."""
        folder = self._here.path(name)
        found = (mark for mark in folder.rglob("*") if mark.is_file())
        return [(mark.relative_to(folder).as_posix(), mark) for mark in found]

    def _is_to_move(self, key: str) -> bool:
        return key.endswith(self._only) and any(part in key for part in ARCHIVED)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Of all processes one at a time."""
        path = self._here.path(ON_THE_WAY)
        path.mkdir(parents=True, exist_ok=True)
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)


def _find_state(path: Path) -> tuple[int, int, int] | None:
    """Another one when the file was replaced or written to; None without a file."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


def _digest(path: Path) -> tuple[int, str]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        return file.tell(), digest.hexdigest()
