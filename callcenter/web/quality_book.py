"""The rules in force and their figures, as web shows them: read again when their files change.

Core takes up changed packs by `callcenter reload`; the web role has no such moment, and looks at
the files' times whenever it is asked.
"""

import contextlib
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from callcenter.configuration.settings import Settings
from foundation.errors import ConfigurationError
from recordings.quality import packs
from recordings.quality.api import Desk
from recordings.quality.figures import PackFigures, decode
from recordings.quality.pack import Pack

SHIPPED_FIGURES = packs.SHIPPED / "measured.json"


class QualityBook:
    """Of one centre."""

    def __init__(self, settings: Settings, utc_now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._utc_now = utc_now
        self._packs = dict(settings.quality_packs)
        self._read_at = self._times()

    def desk(self) -> Desk:
        zone = ZoneInfo(self._settings.timezone)
        return Desk(self.packs, self.figures, self._utc_now, zone)

    def packs(self) -> Mapping[str, Pack]:
        """By language; a file that is spoilt meanwhile changes nothing."""
        times = self._times()
        if times != self._read_at:
            self._read_at = times
            # `callcenter check` and `reload` tell what is wrong with a spoilt one.
            with contextlib.suppress(ConfigurationError):
                self._packs = packs.in_force(self._settings.quality.packs, self._settings.folder)
        return self._packs

    def figures(self) -> list[PackFigures]:
        """What was measured here goes before what came with us."""
        return [*read_figures(self._settings.measured_path), *read_figures(SHIPPED_FIGURES)]

    def _times(self) -> dict[Path, int]:
        names = self._settings.quality.packs.values()
        files = [packs.find_file(name, self._settings.folder) for name in names]
        return {file: file.stat().st_mtime_ns for file in files if file is not None}


def read_figures(file: Path) -> list[PackFigures]:
    """Empty without the file."""
    return decode(file.read_bytes()) if file.is_file() else []
