"""A bucket in memory, by the client that asks real ones; away, slow or wrong when a test wants."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from obstore.store import MemoryStore

from recordings.archiving.archive import FolderShelf
from recordings.archiving.bucket import Bucket, BucketAway, BucketOptions
from recordings.archiving.moving_shelf import MovingShelf

OPTIONS = BucketOptions(
    endpoint="https://s3.example",
    bucket="talks",
    prefix="hotline/",
    access_key="AKEXAMPLE",
    secret_key="of-nobody",
)


class MemoryBucket(Bucket):
    def __init__(self) -> None:
        super().__init__(OPTIONS, lambda: 0.0, MemoryStore())
        self.trouble = ""
        self.during_put: Callable[[], object] = lambda: None
        "Done when a file has been sent, before anybody knows."
        self.spoils = False
        self.asked: list[int] = []
        "Bytes of each request to read."

    def read(self, key: str, start: int, end: int) -> tuple[bytes, int]:
        if self.trouble:
            raise BucketAway(self.trouble)
        self.asked.append(end - start)
        return super().read(key, start, end)

    def put(self, key: str, path: Path) -> None:
        if self.trouble:
            raise BucketAway(self.trouble)
        super().put(key, path)
        if self.spoils:
            super().put_bytes(key, path.read_bytes()[:-1] + b"?")
        self.during_put()

    def delete(self, key: str) -> None:
        if self.trouble:
            raise BucketAway(self.trouble)
        super().delete(key)


@dataclass
class MovingHouse:
    """A shelf that moves to a bucket in memory."""

    folder: Path
    bucket: MemoryBucket = field(default_factory=MemoryBucket)

    def __post_init__(self) -> None:
        self.here = FolderShelf(self.folder)
        self.shelf = MovingShelf(self.here, self.bucket)

    def move_all(self) -> None:
        for each in self.shelf.waiting():
            self.shelf.move(each.key)
