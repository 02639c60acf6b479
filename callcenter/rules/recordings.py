"""How recordings are kept."""

from zoneinfo import ZoneInfo

from callcenter.configuration.settings import Settings
from callcenter.configuration.shelves import moving_shelf
from callcenter.secret import derive_key
from recordings.archive import FolderShelf
from recordings.archive_options import ArchiveOptions
from recordings.certificate import FOLDER as CERTIFICATES
from recordings.certificate import Certificates
from recordings.lease import LeaseOptions
from recordings.master_keys import FILE_NAME, KeyFile
from recordings.options import RecordingOptions
from recordings.sealed import SealedShelf
from recordings.shelf_watch import GIB, WatchOptions


def archive_shelf(settings: Settings) -> SealedShelf:
    """Where the audio of ended recordings is kept."""
    return SealedShelf(
        moving_shelf(settings) or FolderShelf(settings.recordings_path),
        archive_keys(settings),
        seals=settings.recordings.encrypt,
    )


def archive_keys(settings: Settings) -> KeyFile:
    return KeyFile(settings.data_path / FILE_NAME)


def certificates(settings: Settings) -> Certificates:
    """Of deletions."""
    key = derive_key(settings.data_path, "certificates of deletion")
    return Certificates(settings.data_path / CERTIFICATES, key)


def archive_options(settings: Settings) -> ArchiveOptions:
    return ArchiveOptions(
        recordings=settings.recordings_path,
        transcribe=settings.recordings.transcribe,
        plain_at_most_s=settings.recordings.plain_at_most_s
        if settings.recordings.encrypt
        else None,
        shelf=WatchOptions(most_bytes=int(settings.recordings.shelf.backlog_gb * GIB)),
    )


def recording_options(settings: Settings) -> RecordingOptions:
    return RecordingOptions(
        path=settings.recordings_path,
        transcribe=settings.recordings.transcribe,
        timezone=ZoneInfo(settings.timezone),
        lease=LeaseOptions(newest_first=settings.recordings.newest_first),
    )
