"""Zips of models: a good one becomes a folder, any other nothing, wherever it wants to write."""

import stat
import zipfile
from pathlib import Path

import pytest

from recordings.transcribing.model_archive import BadArchive, unpack


def zip_of(folder: Path, files: dict[str, bytes]) -> Path:
    path = folder / "model.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def files_below(folder: Path) -> set[str]:
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize("top", ["", "vosk-model-small/"])
def test_single_folder_that_all_lies_in_is_left_out(tmp_path: Path, top: str) -> None:
    archive = zip_of(tmp_path, {f"{top}am/final.mdl": b"am", f"{top}conf/mfcc.conf": b"conf"})
    told: list[int] = []

    unpack(archive, tmp_path / "model", told.append)

    assert files_below(tmp_path / "model") == {"am/final.mdl", "conf/mfcc.conf"}
    assert sum(told) == 6


@pytest.mark.parametrize(
    "name", ["../evil", "a/../../evil", "/tmp/evil", "C:/evil", "..\\evil", "a/..\\..\\evil"]
)
def test_path_that_leads_out_is_refused_before_anything_is_written(
    tmp_path: Path, name: str
) -> None:
    archive = zip_of(tmp_path, {"am/final.mdl": b"am", name: b"evil"})

    with pytest.raises(BadArchive, match="outside of it"):
        unpack(archive, tmp_path / "deep" / "model")

    assert files_below(tmp_path) == {"model.zip"}


def test_link_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.zip"
    link = zipfile.ZipInfo("am/final.mdl")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(link, "/etc/passwd")

    with pytest.raises(BadArchive, match="has a link in it"):
        unpack(path, tmp_path / "model")


def test_zip_that_is_too_large_unpacked_is_refused_whatever_it_says(tmp_path: Path) -> None:
    archive = zip_of(tmp_path, {"am/final.mdl": bytes(10_000)})

    with pytest.raises(BadArchive, match="10000 bytes unpacked; 9999 are the most"):
        unpack(archive, tmp_path / "model", most_bytes=9_999)

    lying = archive.read_bytes().replace((10_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    archive.write_bytes(lying)
    with pytest.raises(BadArchive):
        unpack(archive, tmp_path / "model", most_bytes=9_999)
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize("damage", ["no zip", "truncated", "bit flipped", "empty"])
def test_broken_zip_leaves_no_folder(tmp_path: Path, damage: str) -> None:
    archive = zip_of(tmp_path, {} if damage == "empty" else {"a/b": bytes(range(256)) * 50})
    data = bytearray(archive.read_bytes())
    match damage:
        case "no zip":
            data = bytearray(b"<html>not found</html>")
        case "truncated":
            del data[len(data) // 2 :]
        case "bit flipped":
            data[60] ^= 0xFF
    archive.write_bytes(data)

    with pytest.raises(BadArchive):
        unpack(archive, tmp_path / "model")

    assert not (tmp_path / "model").exists()
