"""What `recordings.shelf` says, as parts of the archive; the client of S3 is loaded by need."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from foundation.errors import ConfigurationError
from recordings.archiving.archive import FolderShelf
from recordings.archiving.sealed import SUFFIX

if TYPE_CHECKING:  # an extra: who keeps recordings on the disk needs neither
    from callcenter.configuration.settings import Settings
    from recordings.archiving.bucket import Bucket
    from recordings.archiving.moving_shelf import MovingShelf

OTHERS = stat.S_IRWXG | stat.S_IRWXO


def moving_shelf(settings: Settings) -> MovingShelf | None:
    """None where recordings stay on this disk."""
    if settings.recordings.shelf.kind == "disk":
        return None
    from recordings.archiving.moving_shelf import MovingShelf

    # What is plain from before there was encryption stays in the house.
    only = SUFFIX if settings.recordings.encrypt else ""
    return MovingShelf(FolderShelf(settings.recordings_path), make_bucket(settings), only)


def make_bucket(settings: Settings) -> Bucket:
    """Raises `ConfigurationError` for files that can't be used, which `load` has looked at."""
    from recordings.archiving.bucket import Bucket, BucketOptions

    shelf = settings.recordings.shelf
    access_key, secret_key = shelf_keys(settings)
    return Bucket(
        BucketOptions(
            endpoint=shelf.endpoint.rstrip("/"),
            bucket=shelf.bucket,
            prefix=shelf.prefix,
            region=shelf.region,
            path_style=shelf.path_style,
            access_key=access_key,
            secret_key=secret_key,
            certificate=shelf_certificate(settings),
            request_s=shelf.timeout_s,
        )
    )


def shelf_keys(settings: Settings) -> tuple[str, str]:
    """Access key and secret key; what is in the file is in no error."""
    shelf = settings.recordings.shelf
    if shelf.keys_file is None:
        return shelf.access_key.get_secret_value(), shelf.secret_key.get_secret_value()
    path = settings.folder / shelf.keys_file
    try:
        mode, lines = path.stat().st_mode, path.read_text("utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError([f"{path} cannot be read: {reason_of(error)}"]) from None
    if mode & OTHERS:
        raise ConfigurationError(
            [f"{path} may be read by others ({stat.filemode(mode)}): chmod 600"]
        )
    if len(lines) != 2:
        raise ConfigurationError(
            [f"{path} has {len(lines)} words; write two lines: access key, secret key"]
        )
    return lines[0], lines[1]


def shelf_certificate(settings: Settings) -> bytes:
    """PEM; b'' when none is given."""
    file = settings.recordings.shelf.ca_file
    if file is None:
        return b""
    path = settings.folder / file
    try:
        found = path.read_bytes()
    except OSError as error:
        raise ConfigurationError([f"{path} cannot be read: {reason_of(error)}"]) from None
    if b"-----BEGIN CERTIFICATE-----" not in found:
        raise ConfigurationError([f"{path} has no certificate in it: PEM is needed"])
    return found


def reason_of(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else "") or "it is no text"
