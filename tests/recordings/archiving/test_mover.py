"""The mover: what waits goes, whatever fails; who watches the house hears of it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from foundation.errors import Unavailable
from recordings.archiving.archive_messages import GoOn, Reply, Request, TellShelf
from recordings.archiving.mover import Mover, MoverOptions, rest_s
from recordings.archiving.shelf_watch import ShelfNow, ShelfWatch, WatchOptions
from recordings.events import ShelfMended, ShelfTroubled
from tests.support.memory_bucket import MovingHouse
from tests.support.shelf_behaviour import Store, contents


class Core:
    """Hears what the mover tells."""

    def __init__(self) -> None:
        self.told: list[TellShelf] = []
        self.is_away = False
        self.pause_s = 0.0

    async def ask(self, message: Request) -> Reply:
        if self.is_away:
            raise Unavailable("core is away")
        assert isinstance(message, TellShelf)
        self.told.append(message)
        return GoOn(pause_s=self.pause_s)


class Bench:
    def __init__(self, folder: Path) -> None:
        self.house = MovingHouse(folder / "shelf")
        self.store = Store(self.house.shelf, folder / "workshop")
        self.core = Core()
        self.slept: list[float] = []
        self.mover = Mover(
            MoverOptions(worker="archiver"),
            self.core,
            self.house.shelf,
            self._sleep,
            lambda: datetime.now(UTC),
        )

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


async def test_all_that_waits_goes_and_is_told(bench: Bench) -> None:
    for number in range(3):
        bench.store.put(contents(1000, number), f"r-{number}.flac")

    assert await bench.mover.move_all() == 2.0

    assert len(bench.house.bucket.keys()) == 3
    assert [(told.files, told.bytes) for told in bench.core.told] == [
        (2, 2000),
        (1, 1000),
        (0, 0),
        (0, 0),
    ]


async def test_bucket_that_is_away_is_asked_ever_more_rarely_and_nothing_is_lost(
    bench: Bench,
) -> None:
    key = bench.store.put(contents(1000))
    bench.house.bucket.trouble = "the bucket 'talks' does not answer"

    rests = [await bench.mover.move_all() for _ in range(4)]

    assert rests == [5.0, 10.0, 20.0, 40.0]
    told = bench.core.told[-1]
    assert (told.files, told.bytes, told.trouble) == (1, 1000, bench.house.bucket.trouble)
    assert bench.store.read(key) == contents(1000)

    bench.house.bucket.trouble = ""
    assert await bench.mover.move_all() == 2.0
    assert bench.house.bucket.keys() == [key]
    assert bench.core.told[-1].trouble == ""


async def test_what_waits_is_told_also_while_something_cannot_be_deleted(bench: Bench) -> None:
    key = bench.store.put(contents(1000))
    await bench.mover.move_all()
    bench.store.put(contents(500), "r-2.flac")
    bench.house.bucket.trouble = "the bucket 'talks' does not answer"
    with pytest.raises(Unavailable):
        bench.house.shelf.delete(key)

    await bench.mover.move_all()
    told = bench.core.told[-1]
    assert (told.files, told.bytes, told.trouble) == (1, 500, bench.house.bucket.trouble)

    bench.house.bucket.trouble = ""
    await bench.mover.move_all()
    [left] = bench.house.bucket.keys()
    assert left.endswith("/r-2.flac")


def test_rest_grows_to_the_longest_and_no_further() -> None:
    options = MoverOptions(worker="archiver")

    assert [rest_s(options, failures) for failures in (0, 1, 2, 7, 1000)] == [2, 5, 10, 300, 300]


async def test_files_go_while_core_is_away(bench: Bench) -> None:
    bench.store.put(b"x")
    bench.core.is_away = True

    await bench.mover.move_all()

    assert bench.house.here.all_keys() == []


async def test_mover_rests_while_calls_need_the_machine(bench: Bench) -> None:
    bench.store.put(b"x")
    bench.core.pause_s = 2.0

    await bench.mover.move_all()

    assert bench.slept == [2.0, 2.0]


# -- what the house is told ------------------------------------------------------------------------

WELL = ShelfNow()
AWAY = ShelfNow(files=2, bytes=10, trouble="it is away")


def test_trouble_is_told_once_after_its_grace_and_so_is_its_end() -> None:
    watch = ShelfWatch(WatchOptions(grace_s=60))
    watch.feed(WELL, 0)

    told = [watch.feed(AWAY, at) for at in (10, 40, 69, 70, 100)]

    assert told == [[], [], [], [ShelfTroubled("it is away", 2, 10)], []]
    assert watch.feed(WELL, 110) == [ShelfMended()]
    assert watch.feed(WELL, 120) == []


def test_trouble_that_passes_is_nobodys() -> None:
    watch = ShelfWatch(WatchOptions(grace_s=60))
    watch.feed(WELL, 0)

    assert [
        watch.feed(now, at) for at, now in ((10, AWAY), (50, WELL), (60, AWAY), (110, AWAY))
    ] == [
        [],
        [],
        [],
        [],
    ]


def test_full_backlog_is_told_and_is_over_when_half_of_it_is_gone() -> None:
    watch = ShelfWatch(WatchOptions(most_bytes=3 << 30))
    watch.feed(WELL, 0)

    [told] = watch.feed(ShelfNow(files=9, bytes=4 << 30, trouble="it is away"), 1)

    assert isinstance(told, ShelfTroubled)
    assert told.sentence == "4.0 GB of recordings wait on this disk for their store: it is away"
    assert watch.feed(ShelfNow(files=5, bytes=2 << 30), 2) == []
    assert watch.feed(ShelfNow(files=1, bytes=1 << 30), 3) == [ShelfMended()]


def test_new_core_says_that_all_is_well_for_an_earlier_one_may_have_said_otherwise() -> None:
    watch = ShelfWatch(WatchOptions())

    assert watch.feed(WELL, 0) == [ShelfMended()]
    assert watch.now == WELL
