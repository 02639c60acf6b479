"""Recordings in an S3 store, asked over HTTP: all that shelves do, and each way to fail."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from callcenter.configuration.settings import load
from callcenter.doctor.health import Verdict
from callcenter.doctor.shelf import examine_shelf
from foundation.errors import NotFound
from recordings.archiving.archive import FolderShelf
from recordings.archiving.bucket import Bucket, BucketAway, BucketRefuses
from recordings.archiving.master_keys import FILE_NAME, KeyFile
from recordings.archiving.moving_shelf import MovingShelf
from recordings.archiving.sealed import SealedShelf
from tests.support.centres import write_centre
from tests.support.s3_server import (
    READS,
    READS_AND_WRITES,
    Mood,
    S3Server,
    moody_server,
    s3_server,
)
from tests.support.shelf_behaviour import PlainShelfBehaviour, ShelfBehaviour, Store, contents

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with s3_server() as running:
        yield running


@pytest.fixture
def bucket(server: S3Server, tmp_path: Path) -> Bucket:
    """A place of its own in the one bucket."""
    return Bucket(replace(server.options, prefix=f"{tmp_path.name}/"))


@pytest.fixture
def moving(bucket: Bucket, tmp_path: Path) -> MovingShelf:
    return MovingShelf(FolderShelf(tmp_path / "shelf"), bucket)


def move_all(shelf: MovingShelf) -> None:
    for each in shelf.waiting():
        shelf.move(each.key)


class TestMovedToS3(PlainShelfBehaviour):
    @pytest.fixture
    def store(self, moving: MovingShelf, tmp_path: Path) -> Store:
        return Store(moving, tmp_path / "workshop", lambda: move_all(moving))


class TestSealedOnS3(ShelfBehaviour):
    @pytest.fixture
    def store(self, moving: MovingShelf, tmp_path: Path) -> Store:
        sealed = SealedShelf(moving, KeyFile(tmp_path / FILE_NAME))
        return Store(sealed, tmp_path / "workshop", lambda: move_all(moving))


def test_long_file_goes_in_parts_and_is_the_same(moving: MovingShelf, tmp_path: Path) -> None:
    data = contents(20_000_000)
    store = Store(moving, tmp_path / "workshop", lambda: move_all(moving))

    key = store.put(data)

    assert moving.waiting() == []
    assert moving.bucket.digest(key)[0] == len(data)
    with moving.open(key) as file:
        file.seek(17_000_000)
        assert file.read(1000) == data[17_000_000:17_001_000]


def test_bucket_is_tried_and_left_as_it_was(bucket: Bucket) -> None:
    bucket.try_out("probe")

    assert bucket.keys() == []


def test_doctor_tries_the_bucket_and_tells_what_waits(server: S3Server, tmp_path: Path) -> None:
    (tmp_path / "s3.keys").write_text("any any")
    (tmp_path / "s3.keys").chmod(0o600)
    shelf = f'kind: s3, endpoint: "{server.endpoint}", bucket: BUCKET, keys_file: s3.keys'
    text = f"timezone: UTC\nrecordings: {{transcribe: false, shelf: {{{shelf}}}}}\n"
    good = load(write_centre(tmp_path, text.replace("BUCKET", "talks")))
    waiting = good.recordings_path / "2026-11-28" / "r-1.flac.sealed"
    waiting.parent.mkdir(parents=True)
    waiting.write_bytes(b"x" * 500_000)

    tried, backlog = examine_shelf(good)
    [failed, _] = examine_shelf(load(write_centre(tmp_path, text.replace("BUCKET", "elsewhere"))))

    assert (tried.verdict, tried.what) == (Verdict.OK, f"bucket 'talks' at {server.endpoint}")
    assert backlog.says.startswith("1 files, 0.5 MB, the oldest for 0:00:0")
    assert failed.verdict is Verdict.FAIL
    assert "there is no bucket of this name" in failed.says


# -- who may what ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def strict() -> Iterator[S3Server]:
    """It looks at signatures and policies, once bucket and users are made."""
    with s3_server(INITIAL_NO_AUTH_ACTION_COUNT="7") as running:
        yield running


def test_keys_that_are_wrong_or_weak_are_told_with_the_place(strict: S3Server) -> None:
    owner = strict.make_user("owner", READS_AND_WRITES)
    reader = strict.make_user("reader", READS)

    Bucket(owner).try_out("probe")

    place = rf"the bucket 'talks' at {strict.endpoint} refuses: "
    for options, why in (
        (replace(owner, secret_key="another"), "SignatureDoesNotMatch .the secret key is not"),
        (replace(owner, access_key="AKNOBODY"), "InvalidAccessKeyId .it does not know"),
        (reader, "AccessDenied .the access key may not do this"),
    ):
        with pytest.raises(BucketRefuses, match=place + why) as raised:
            Bucket(options).try_out("probe")
        assert options.secret_key not in str(raised.value)


def test_bucket_that_is_not_there_is_told(server: S3Server) -> None:
    nowhere = Bucket(replace(server.options, bucket="elsewhere"))

    for ask in (nowhere.keys, lambda: nowhere.read("a", 0, 1), lambda: nowhere.put_bytes("a", b"")):
        with pytest.raises(BucketRefuses, match=r"NoSuchBucket .there is no bucket of this name"):
            ask()


def test_file_that_is_not_there_is_not_found_and_no_trouble(bucket: Bucket) -> None:
    with pytest.raises(NotFound, match="there is no such file in the bucket 'talks'"):
        bucket.open("none")
    bucket.delete("none")


# -- bad moods -------------------------------------------------------------------------------------


def test_clocks_that_differ_are_told() -> None:
    skewed = Mood(403, "RequestTimeTooSkewed")
    refused = pytest.raises(BucketRefuses, match="its clock and ours differ by too much")
    with moody_server(skewed) as options, refused:
        Bucket(options).put_bytes("a", b"x")


def test_store_that_is_overloaded_may_be_asked_again_later() -> None:
    mood = Mood(503, "SlowDown")
    away = pytest.raises(BucketAway, match=r"can't do it now: SlowDown")
    with moody_server(mood) as options, away:
        Bucket(options).put_bytes("a", b"x")
    assert mood.asked == 2


def test_store_that_hangs_costs_its_time_once_and_then_none() -> None:
    with moody_server(Mood(hangs=True)) as options:
        bucket = Bucket(options)
        began = time.monotonic()
        with pytest.raises(BucketAway, match="does not answer: no answer in time"):
            bucket.read("a", 0, 1)
        took_s = time.monotonic() - began

        began = time.monotonic()
        with pytest.raises(BucketAway):
            bucket.read("b", 0, 1)
        again_s = time.monotonic() - began

    assert took_s < 4
    assert again_s < 0.1


def test_store_that_is_not_there_is_told(server: S3Server) -> None:
    nobody = Bucket(replace(server.options, endpoint="http://127.0.0.1:9"))

    with pytest.raises(BucketAway, match=r"at http://127\.0\.0\.1:9 does not answer: the conn"):
        nobody.put_bytes("a", b"x")
