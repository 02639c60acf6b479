"""Sealed files: what is read is what was put there, or it is refused."""

import io
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foundation.errors import ConfigurationError
from recordings.archiving import sealed
from recordings.archiving.archive import FolderShelf, open_audio
from recordings.archiving.flac import FlacFile
from recordings.archiving.master_keys import FILE_NAME, KeyFile, KeyMissing
from recordings.archiving.sealed import BLOCK_BYTES, HEAD_BYTES, SealedShelf, Tampered
from tests.support.archive_house import voices

SEALED_BLOCK = BLOCK_BYTES + sealed.TAG_BYTES
LENGTHS = (0, 1, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 3 * BLOCK_BYTES, 200_000)
WITH_FOLDER = settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


class Vault:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.keys = KeyFile(folder / FILE_NAME)
        self.under = FolderShelf(folder / "shelf")
        self.shelf = SealedShelf(self.under, self.keys)

    def put(self, contents: bytes, name: str = "r-1.flac") -> str:
        path = self.folder / "2026-11-28" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(contents)
        return self.shelf.put(path)

    def read(self, key: str) -> bytes:
        with self.shelf.open(key) as file:
            return file.read()

    def file(self, key: str) -> Path:
        return self.folder / "shelf" / key


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path)


def contents(length: int) -> bytes:
    return np.random.default_rng(length).bytes(length)


@pytest.mark.parametrize("length", LENGTHS)
def test_what_was_put_is_read_and_is_not_on_the_disk(vault: Vault, length: int) -> None:
    key = vault.put(contents(length))

    assert vault.read(key) == contents(length)
    assert key == "2026-11-28/r-1.flac.sealed"
    assert not (vault.folder / "2026-11-28" / "r-1.flac").exists()
    assert length < 16 or contents(length)[:16] not in vault.file(key).read_bytes()


@WITH_FOLDER
@given(
    length=st.sampled_from(LENGTHS),
    steps=st.lists(st.tuples(st.integers(0, 210_000), st.integers(0, 140_000)), max_size=6),
)
def test_any_range_is_that_of_the_plain_file(
    vault: Vault, length: int, steps: list[tuple[int, int]]
) -> None:
    plain = io.BytesIO(contents(length))
    with vault.shelf.open(vault.put(contents(length))) as file:
        assert file.seek(0, os.SEEK_END) == length
        for at, count in steps:
            assert file.seek(at) == plain.seek(at)
            assert file.read(count) == plain.read(count)
            assert file.tell() == plain.tell()


@WITH_FOLDER
@given(at=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_bit_that_flips_is_refused(vault: Vault, at: float, bit: int) -> None:
    path = vault.file(key := vault.put(contents(150_000)))
    spoilt = bytearray(path.read_bytes())
    place = int(at * len(spoilt))
    spoilt[place] ^= 1 << bit
    path.write_bytes(spoilt)

    if sealed._slot_at(1) <= place < HEAD_BYTES:  # the slot that nobody uses
        assert vault.read(key) == contents(150_000)
        return
    with pytest.raises((Tampered, KeyMissing)):
        vault.read(key)


@WITH_FOLDER
@given(length=st.integers(0, HEAD_BYTES + 3 * SEALED_BLOCK - 1))
def test_a_file_that_was_cut_is_refused_when_it_is_opened(vault: Vault, length: int) -> None:
    path = vault.file(key := vault.put(contents(3 * BLOCK_BYTES)))
    os.truncate(path, length)

    with pytest.raises(Tampered):
        vault.shelf.open(key)


@WITH_FOLDER
@given(more=st.binary(min_size=1, max_size=100))
def test_a_file_that_has_grown_is_refused(vault: Vault, more: bytes) -> None:
    path = vault.file(key := vault.put(contents(1000)))
    path.write_bytes(path.read_bytes() + more)

    with pytest.raises(Tampered):
        vault.read(key)


def blocks_of(path: Path) -> tuple[bytes, list[bytes]]:
    data = path.read_bytes()
    starts = range(HEAD_BYTES, len(data), SEALED_BLOCK)
    return data[:HEAD_BYTES], [data[start : start + SEALED_BLOCK] for start in starts]


@pytest.mark.parametrize("order", [(1, 0, 2), (0, 2, 1), (0, 1, 1), (0, 0, 2), (0, 2), (0, 1)])
def test_blocks_that_changed_places_are_refused(vault: Vault, order: tuple[int, ...]) -> None:
    path = vault.file(key := vault.put(contents(3 * BLOCK_BYTES)))
    head, blocks = blocks_of(path)
    path.write_bytes(head + b"".join(blocks[number] for number in order))

    with pytest.raises(Tampered):
        vault.read(key)


def test_another_files_block_is_refused(vault: Vault) -> None:
    path = vault.file(key := vault.put(contents(3 * BLOCK_BYTES)))
    other = vault.file(vault.put(contents(3 * BLOCK_BYTES), "r-2.flac"))
    (head, blocks), (_, others) = blocks_of(path), blocks_of(other)
    path.write_bytes(head + blocks[0] + others[1] + blocks[2])

    with pytest.raises(Tampered):
        vault.read(key)


def test_another_file_in_its_place_is_refused(vault: Vault) -> None:
    key, other = vault.put(contents(1000)), vault.put(contents(1000), "r-2.flac")
    vault.file(other).replace(vault.file(key))

    with pytest.raises(Tampered, match=r"r-1\.flac\.sealed"):
        vault.shelf.open(key)


def test_a_plain_file_in_its_place_is_refused(vault: Vault) -> None:
    vault.file(key := vault.put(contents(1000))).write_bytes(contents(1000))

    with pytest.raises(Tampered, match="does not begin like a sealed file"):
        vault.shelf.open(key)


def test_files_from_before_encryption_are_read_as_they_are(vault: Vault, tmp_path: Path) -> None:
    old = tmp_path / "2026-11-01" / "r-0.flac"
    old.parent.mkdir()
    old.write_bytes(b"fLaC")

    assert vault.read(vault.under.put(old)) == b"fLaC"


def test_sealed_flac_is_decoded_and_a_spoilt_one_says_so(vault: Vault, tmp_path: Path) -> None:
    samples = voices(30)
    path = tmp_path / "2026-11-28" / "r-1.flac"
    path.parent.mkdir()
    flac = FlacFile(path, 8000, 2, "")
    flac.write(samples)
    flac.close()
    key = vault.shelf.put(path)
    with open_audio(tmp_path / "gone.wav", vault.shelf, key) as audio:
        np.testing.assert_array_equal(audio.read(100_000, 8000), samples[100_000:108_000])

    spoilt = bytearray(vault.file(key).read_bytes())
    spoilt[HEAD_BYTES + SEALED_BLOCK + 5] ^= 1
    vault.file(key).write_bytes(spoilt)
    with open_audio(tmp_path / "gone.wav", vault.shelf, key) as audio, pytest.raises(Tampered):
        audio.read(0, len(samples))


# -- master keys -----------------------------------------------------------------------------------


def test_a_new_key_leaves_the_audio_untouched_and_the_old_key_is_no_longer_needed(
    vault: Vault,
) -> None:
    key = vault.put(contents(150_000))
    _, before = blocks_of(vault.file(key))
    new = vault.keys.add()

    assert vault.shelf.rewrap(key)
    assert not vault.shelf.rewrap(key)
    assert blocks_of(vault.file(key))[1] == before
    lines = (vault.folder / FILE_NAME).read_text().splitlines(keepends=True)
    (vault.folder / FILE_NAME).write_text(lines[-1])
    assert vault.keys.all() == [new]
    assert vault.read(key) == contents(150_000)


@pytest.mark.parametrize("steps", [0, 1])
def test_a_kill_between_two_slots_leaves_a_file_that_can_be_read(vault: Vault, steps: int) -> None:
    key = vault.put(contents(1000))
    vault.keys.add()
    patch, done = vault.under.patch, 0

    class Killed(BaseException): ...

    class Mortal(FolderShelf):
        def patch(self, key: str, *changes: tuple[int, bytes]) -> None:
            nonlocal done
            for at, data in changes:
                if done == steps:
                    patch(key, (at, data[:30]))  # torn
                    raise Killed
                done += 1
                patch(key, (at, data))

    with pytest.raises(Killed):
        SealedShelf(Mortal(vault.folder / "shelf"), vault.keys).rewrap(key)

    assert vault.read(key) == contents(1000)
    vault.shelf.rewrap(key)
    assert vault.read(key) == contents(1000)


def test_file_without_its_key_names_the_key(vault: Vault) -> None:
    key = vault.put(contents(10))
    key_id = vault.keys.newest().key_id.hex()
    (vault.folder / FILE_NAME).unlink()
    vault.keys.newest()

    with pytest.raises(KeyMissing, match=key_id):
        vault.shelf.open(key)


def test_key_file_is_its_owners_only_and_others_are_refused(vault: Vault) -> None:
    vault.keys.newest()
    path = vault.folder / FILE_NAME

    assert path.stat().st_mode & 0o777 == 0o600
    assert vault.keys.add() == vault.keys.newest()
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        vault.keys.newest()


@pytest.mark.parametrize("text", ["", "\n", "0011223344556677 c2hvcnQ=", "x", "a b c", "ü"])
def test_spoilt_key_file_is_refused_and_not_replaced(vault: Vault, text: str) -> None:
    path = vault.folder / FILE_NAME
    path.write_text(text)
    path.chmod(0o600)

    with pytest.raises(ConfigurationError):
        vault.keys.newest()
    assert path.read_text() == text


def test_key_does_not_show_in_what_is_logged(vault: Vault) -> None:
    key = vault.keys.newest()

    assert repr(key) == f"MasterKey({key.key_id.hex()})"
