"""`callcenter.yaml` read again while calls go on: refused whole, or taken up part by part.

Each part of the house that can change while it runs is a `Reloadable`. First all of them look at
the new settings; a problem of any leaves everything as it was. Then each does what it can and says
what it did, and what it will not do now. Sections that no part knows wait for the next start.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from callcenter.asks import Reload, ReloadReport
from callcenter.configuration.settings import Settings, load
from callcenter.events import ActionTaken
from foundation.journal import Journal

ACTION = "reload"


@dataclass(slots=True)
class Applied:
    """Sentences for who asked."""

    changed: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


class Reloadable(Protocol):
    """A part of the house that can change while calls go on."""

    @property
    def sections(self) -> Collection[str]:
        """Of `Settings`, that this part takes up."""
        ...

    async def prepare(self, new: Settings) -> None:
        """Make ready what takes time; raises ConfigurationError with all problems, and has then
        changed nothing."""
        ...

    def apply(self, new: Settings) -> Applied:
        """Change to what was prepared just before; never fails."""
        ...


class Reloader:
    """One reload at a time."""

    def __init__(
        self,
        settings: Settings,
        parts: Sequence[Reloadable],
        journal: Journal,
        tell: Callable[[ActionTaken], None],
        lock: asyncio.Lock,
        remember: Callable[[], Awaitable[None]],
        read: Callable[[Path], Settings] = load,
    ) -> None:
        """`lock`: held by whoever changes the settings that are served. `remember`: what queues
        wish by now (`changes.retention`)."""
        self._remember = remember
        self._settings = settings
        self._parts = parts
        self._journal = journal
        self._tell = tell
        self._lock = lock
        self._read = read

    async def reload(self, ask: Reload) -> ReloadReport:
        """Returns when the audit is on disk. ConfigurationError: nothing was changed."""
        async with self._lock:
            new = await asyncio.to_thread(self._read, self._settings.folder)
            for part in self._parts:
                await part.prepare(new)
            self._tell(ActionTaken(ask.by, ACTION, "callcenter.yaml"))
            applied = [part.apply(new) for part in self._parts]
            await self._remember()
            later = self._later(new)
            seq = self._journal.last_seq
        await self._journal.settled(seq)
        return ReloadReport(
            changed=[text for each in applied for text in each.changed],
            refused=[text for each in applied for text in each.refused],
            later=later,
        )

    def _later(self, new: Settings) -> list[str]:
        """Sections that differ from those of the start and that nobody takes up."""
        known = {section for part in self._parts for section in part.sections}
        return [
            name
            for name in Settings.model_fields
            if name not in known and getattr(new, name) != getattr(self._settings, name)
        ]
