"""What a shelf must do, wherever its files are; subclasses give `store`."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from foundation.errors import NotFound
from recordings.archiving.archive import Shelf


def contents(length: int, seed: int = 1) -> bytes:
    return np.random.default_rng((length, seed)).bytes(length)


@dataclass
class Store:
    """A shelf, and a place where files are made for it."""

    shelf: Shelf
    workshop: Path
    settle: Callable[[], None] = lambda: None
    "What the shelf does later is done now."

    def put(self, data: bytes, name: str = "r-1.flac", day: str = "2026-11-28") -> str:
        path = self.workshop / day / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        key = self.shelf.put(path)
        assert not path.exists()
        self.settle()
        return key

    def read(self, key: str) -> bytes:
        with self.shelf.open(key) as file:
            return file.read()


class ShelfBehaviour:
    @pytest.mark.parametrize("length", [0, 1, 1000, 131_072, 131_073, 400_000])
    def test_what_was_put_is_read(self, store: Store, length: int) -> None:
        key = store.put(contents(length))

        assert store.read(key) == contents(length)

    def test_any_place_is_read_without_the_rest(self, store: Store) -> None:
        data = contents(700_000)
        key = store.put(data)
        places = np.random.default_rng(5).integers(0, len(data), 30)

        with store.shelf.open(key) as file:
            assert file.seek(0, 2) == len(data)
            for at in (*map(int, places), 0, len(data) - 3):
                file.seek(at)
                assert file.read(5000) == data[at : at + 5000]
            assert file.read(1) == b""

    def test_second_put_takes_the_place_of_the_first(self, store: Store) -> None:
        first = store.put(contents(5000))
        second = store.put(contents(300, seed=2))

        assert first == second
        assert store.read(first) == contents(300, seed=2)

    def test_key_ends_with_the_name_and_all_keys_are_told(self, store: Store) -> None:
        keys = [store.put(b"x", name) for name in ("r-2.flac", "r-2.peaks")]
        keys += [store.put(b"y", "r-1.flac", "2026-11-29")]

        assert [key.rpartition("/")[2][:8] for key in keys] == ["r-2.flac", "r-2.peak", "r-1.flac"]
        assert store.shelf.all_keys() == sorted(keys)

    def test_deleted_file_is_gone_and_may_be_deleted_again(self, store: Store) -> None:
        key, other = store.put(b"x"), store.put(b"y", "r-2.flac")

        store.shelf.delete(key)
        store.shelf.delete(key)

        with pytest.raises(NotFound):
            store.shelf.open(key)
        assert store.shelf.all_keys() == [other]


class PlainShelfBehaviour(ShelfBehaviour):
    """Of one whose files are as they were put."""

    def test_bytes_in_the_middle_are_written_over(self, store: Store) -> None:
        data = bytearray(contents(200_000))
        key = store.put(bytes(data))

        store.shelf.patch(key, (10, b"ab"), (150_000, b"cd"))

        data[10:12], data[150_000:150_002] = b"ab", b"cd"
        assert store.read(key) == data

    def test_what_is_not_there_cannot_be_written_over(self, store: Store) -> None:
        with pytest.raises(NotFound):
            store.shelf.patch("2026-11-28/none.flac", (0, b"x"))
        assert store.shelf.all_keys() == []
