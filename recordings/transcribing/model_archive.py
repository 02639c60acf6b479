"""A speech model's zip becomes a folder; whatever the zip says, nothing is written beside it.

A zip may come from anywhere (`--from`): paths that lead out, links, and more bytes than it admits
are refused, and what was unpacked so far is gone.
"""

import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

from foundation.errors import RemoteError

MOST_BYTES = 8 << 30
"Unpacked; the largest models of Vosk's have 3 GB."
MOST_FILES = 10_000
PIECE_BYTES = 1 << 20


class BadArchive(RemoteError):
    """The zip is none, is broken, or is not what a model's zip looks like."""


def unpack(
    archive: Path,
    folder: Path,
    on_bytes: Callable[[int], None] = lambda _: None,
    most_bytes: int = MOST_BYTES,
) -> None:
    """Into `folder`, which is made; a single folder that all lies in is left out. `on_bytes` is
    told each piece."""
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = [entry for entry in opened.infolist() if not entry.is_dir()]
            _check(archive, entries, most_bytes)
            folder.mkdir(parents=True)
            _write_all(opened, entries, folder, on_bytes, most_bytes)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise BadArchive(f"{archive.name} cannot be unpacked: {error}") from error
    except BadArchive:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _check(archive: Path, entries: Sequence[zipfile.ZipInfo], most_bytes: int) -> None:
    if not entries:
        raise BadArchive(f"{archive.name} is empty.")
    if len(entries) > MOST_FILES:
        raise BadArchive(f"{archive.name} has {len(entries)} files; a model has a few dozen.")
    whole = sum(entry.file_size for entry in entries)
    if whole > most_bytes:
        raise BadArchive(f"{archive.name} has {whole} bytes unpacked; {most_bytes} are the most.")
    for entry in entries:
        path = PurePosixPath(entry.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
            raise BadArchive(f"{archive.name} wants to write to {entry.filename!r}, outside of it.")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise BadArchive(f"{archive.name} has a link in it: {entry.filename!r}.")


def _write_all(
    opened: zipfile.ZipFile,
    entries: Sequence[zipfile.ZipInfo],
    folder: Path,
    on_bytes: Callable[[int], None],
    most_bytes: int,
) -> None:
    tops = {PurePosixPath(entry.filename).parts[0] for entry in entries}
    skipped = 1 if len(tops) == 1 and all("/" in entry.filename for entry in entries) else 0
    left = most_bytes
    for entry in entries:
        path = folder.joinpath(*PurePosixPath(entry.filename).parts[skipped:])
        path.parent.mkdir(parents=True, exist_ok=True)
        with opened.open(entry) as source, path.open("xb") as target:
            while piece := source.read(PIECE_BYTES):
                # What an entry says of its size need not be so.
                left -= len(piece)
                if left < 0:
                    raise BadArchive(f"{entry.filename!r} is longer than it says.")
                target.write(piece)
                on_bytes(len(piece))
