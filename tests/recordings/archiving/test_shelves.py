"""Shelves of every kind do the same; and one that moves its files never has neither of the two."""

from pathlib import Path

import pytest

from foundation.errors import NotFound
from recordings.archiving.archive import FolderShelf
from recordings.archiving.bucket import BLOCK_BYTES, BucketAway
from recordings.archiving.master_keys import FILE_NAME, KeyFile
from recordings.archiving.moving_shelf import ON_THE_WAY, MovingShelf
from recordings.archiving.sealed import SealedShelf
from tests.support.memory_bucket import MovingHouse
from tests.support.shelf_behaviour import PlainShelfBehaviour, ShelfBehaviour, Store, contents


class TestFolder(PlainShelfBehaviour):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        return Store(FolderShelf(tmp_path / "shelf"), tmp_path / "workshop")


class TestWaitingForItsBucket(PlainShelfBehaviour):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        return Store(MovingHouse(tmp_path / "shelf").shelf, tmp_path / "workshop")


class TestMovedToItsBucket(PlainShelfBehaviour):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        house = MovingHouse(tmp_path / "shelf")
        return Store(house.shelf, tmp_path / "workshop", house.move_all)


class TestSealedAndMoved(ShelfBehaviour):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        house = MovingHouse(tmp_path / "shelf")
        shelf = SealedShelf(house.shelf, KeyFile(tmp_path / FILE_NAME))
        return Store(shelf, tmp_path / "workshop", house.move_all)


@pytest.fixture
def house(tmp_path: Path) -> MovingHouse:
    return MovingHouse(tmp_path / "shelf")


@pytest.fixture
def store(house: MovingHouse, tmp_path: Path) -> Store:
    return Store(house.shelf, tmp_path / "workshop")


def test_moved_file_is_in_the_bucket_alone(house: MovingHouse, store: Store) -> None:
    key = store.put(contents(9000))

    assert house.shelf.move(key)

    assert house.here.all_keys() == []
    assert house.bucket.keys() == [key]
    assert not list((house.folder / ON_THE_WAY).rglob("*.flac"))


def test_only_what_is_archived_waits_for_the_bucket(house: MovingHouse, store: Store) -> None:
    for name in ("r-1.flac.sealed", "r-1.peaks.sealed", "r-2.wav", "r-3.flac"):
        store.put(b"x", name)

    sealed_only = MovingShelf(house.here, house.bucket, ".sealed")

    names = ["r-1.flac.sealed", "r-1.peaks.sealed"]
    assert [each.key for each in sealed_only.waiting()] == [f"2026-11-28/{name}" for name in names]
    assert len(house.shelf.waiting()) == 3


def test_file_stays_here_until_the_bucket_has_every_byte(house: MovingHouse, store: Store) -> None:
    key = store.put(contents(9000))
    house.bucket.spoils = True

    with pytest.raises(BucketAway, match=r"does not have of 2026-11-28/r-1\.flac what was"):
        house.shelf.move(key)

    assert store.read(key) == contents(9000)
    house.bucket.spoils = False
    assert house.shelf.move(key)
    assert store.read(key) == contents(9000)


def test_what_is_deleted_while_it_is_sent_does_not_come_back(
    house: MovingHouse, store: Store
) -> None:
    key = store.put(contents(9000))
    house.bucket.during_put = lambda: house.shelf.delete(key)

    assert not house.shelf.move(key)

    assert house.shelf.all_keys() == []


def test_a_kill_after_sending_does_not_bring_back_what_is_deleted_then(
    house: MovingHouse, store: Store
) -> None:
    key, other = store.put(contents(9000)), store.put(b"x", "r-2.flac")

    class Killed(BaseException): ...

    def kill() -> None:
        # The deletion has asked the bucket before the file came there.
        house.here.delete(key)
        raise Killed

    house.bucket.during_put = kill
    with pytest.raises(Killed):
        house.shelf.move(key)
    assert house.bucket.keys() == [key]
    house.bucket.during_put = lambda: None

    house.shelf.mend()

    assert house.shelf.all_keys() == [other]


def test_a_kill_while_sending_moves_the_file_later(house: MovingHouse, store: Store) -> None:
    key = store.put(contents(9000))

    class Killed(BaseException): ...

    def kill() -> None:
        raise Killed

    house.bucket.during_put = kill
    with pytest.raises(Killed):
        house.shelf.move(key)
    house.bucket.during_put = lambda: None

    house.shelf.mend()
    assert house.shelf.move(key)

    assert store.read(key) == contents(9000)


def test_file_that_is_replaced_while_it_is_sent_is_sent_again(
    house: MovingHouse, store: Store
) -> None:
    key = store.put(contents(9000))
    house.bucket.during_put = lambda: store.put(contents(500))

    assert not house.shelf.move(key)
    assert store.read(key) == contents(500)
    house.bucket.during_put = lambda: None
    assert house.shelf.move(key)

    assert store.read(key) == contents(500)


def test_what_is_deleted_while_the_bucket_is_away_goes_when_it_is_back(
    house: MovingHouse, store: Store
) -> None:
    key = store.put(contents(9000))
    house.move_all()
    house.bucket.trouble = "it is away"

    with pytest.raises(BucketAway):
        store.shelf.delete(key)

    house.bucket.trouble = ""
    assert house.bucket.keys() == [key]
    house.shelf.mend()
    assert house.bucket.keys() == []
    house.shelf.mend()
    with pytest.raises(NotFound):
        store.shelf.open(key)


def test_a_new_master_key_is_wrapped_into_files_in_the_bucket(tmp_path: Path) -> None:
    house, keys = MovingHouse(tmp_path / "shelf"), KeyFile(tmp_path / FILE_NAME)
    shelf = SealedShelf(house.shelf, keys)
    store = Store(shelf, tmp_path / "workshop", house.move_all)
    key = store.put(contents(100_000))
    old = keys.newest()
    new = keys.add()

    assert shelf.rewrap(key)
    assert not shelf.rewrap(key)

    head = house.bucket.read(key, 0, 200)[0]
    assert new.key_id in head
    assert old.key_id not in head
    assert house.here.all_keys() == []
    assert store.read(key) == contents(100_000)


# -- a bucket's file -------------------------------------------------------------------------------


def test_a_seek_fetches_little_and_reading_on_ever_more(house: MovingHouse) -> None:
    data = contents(5_000_000)
    house.bucket.put_bytes("long", data)
    asked = house.bucket.asked

    with house.bucket.open("long") as file:
        file.seek(-100, 2)
        assert file.read() == data[-100:]
        assert sum(asked) <= 3 * BLOCK_BYTES

        file.seek(1_000_000)
        for at in range(1_000_000, 4_000_000, 50_000):
            assert file.read(50_000) == data[at : at + 50_000]

    assert max(asked) == 8 * BLOCK_BYTES
    assert len(asked) < 12


def test_a_file_that_becomes_shorter_while_it_is_read_ends_where_it_ends(
    house: MovingHouse,
) -> None:
    house.bucket.put_bytes("short", contents(10 * BLOCK_BYTES))

    with house.bucket.open("short") as file:
        file.read(10)
        house.bucket.put_bytes("short", b"cut")
        file.seek(5 * BLOCK_BYTES)
        assert file.read() == b""
