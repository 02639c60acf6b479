"""A file is the old one or the new one, never half of either."""

import os
from pathlib import Path
from typing import NoReturn

import pytest

from foundation.files import OF_US_ALONE, write_whole


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "rules.json"


def test_a_folder_that_is_missing_is_made_and_nothing_is_left_beside_the_file(path: Path) -> None:
    write_whole(path, b"first")
    write_whole(path, b"second")

    assert path.read_bytes() == b"second"
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_disk_that_refuses_leaves_the_old_file(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_whole(path, b"first")

    def refuse(_number: int) -> NoReturn:
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="No space left"):
        write_whole(path, b"second")

    assert path.read_bytes() == b"first"


def test_what_a_kill_has_left_is_in_nobodys_way_nor_lends_its_mode(path: Path) -> None:
    path.parent.mkdir()
    left = path.with_suffix(".new")
    left.write_bytes(b"half of a much longer fi")
    left.chmod(0o644)

    write_whole(path, b"whole", OF_US_ALONE)

    assert path.read_bytes() == b"whole"
    assert path.stat().st_mode & 0o777 == 0o600
