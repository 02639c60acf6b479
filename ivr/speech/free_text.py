"""Text that is known only while a caller waits: a name, an answer of somebody's server.

One text is spoken at a time; few may wait, each for a short time, and what was made is kept up to
a size: the files that were asked for least lately go first.
"""

import asyncio
from collections import OrderedDict
from pathlib import Path

from foundation.errors import CallCentreError, Overloaded, Unavailable
from ivr.speech.sounds import PromptOptions, Sounds

MOST_WAITING = 8
MOST_CHARACTERS = 500
"Half a minute of speech."
FOLDER = "free"


class FreeText:
    """Speech by request; its files are below the cache's."""

    def __init__(self, sounds: Sounds, options: PromptOptions) -> None:
        self._sounds = sounds
        self._options = options
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._sizes: OrderedDict[Path, int] = OrderedDict()
        "Least lately used first."
        self._bytes = 0

    def load(self) -> None:
        """What an earlier process has left."""
        files = [(file, file.stat()) for file in (self._options.cache / FOLDER).glob("*.wav")]
        for file, status in sorted(files, key=lambda one: one[1].st_mtime_ns):
            self._keep(file, status.st_size)

    def find(self, text: str, language: str) -> str | None:
        try:
            file = self._sounds.file_of(text, language, FOLDER)
        except CallCentreError:
            return None
        if file not in self._sizes:
            return None
        self._sizes.move_to_end(file)
        return str(file)

    async def make(self, text: str, language: str) -> str:
        """Raises `Overloaded`, `Unavailable` and what the synthesiser says."""
        if len(text) > MOST_CHARACTERS:
            raise Unavailable(f"{len(text)} characters are too many to be spoken at once")
        if self._waiting >= MOST_WAITING:
            raise Overloaded(f"{MOST_WAITING} texts wait to be spoken already")
        self._waiting += 1
        try:
            async with asyncio.timeout(self._options.free_text_within_s), self._turn:
                return await self._made(text, language)
        except TimeoutError:
            raise Unavailable(f"{text[:40]!r} was not spoken in time") from None
        finally:
            self._waiting -= 1

    async def _made(self, text: str, language: str) -> str:
        file = await self._sounds.spoken(text, language, FOLDER)
        if file not in self._sizes:
            self._keep(file, file.stat().st_size)
        self._sizes.move_to_end(file)
        return str(file)

    def _keep(self, file: Path, size: int) -> None:
        self._sizes[file] = size
        self._bytes += size
        while self._bytes > self._options.free_text_bytes and len(self._sizes) > 1:
            oldest, freed = self._sizes.popitem(last=False)
            oldest.unlink(missing_ok=True)
            self._bytes -= freed
