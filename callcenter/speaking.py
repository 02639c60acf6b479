"""Sentences with values, made while the caller waits: text to speech, kept by what they say.

Named prompts are there already. A sentence that cannot be made in time is left out: the caller
hears the rest, and the flow goes on.
"""

import asyncio
import hashlib
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from callcenter.house import Prompts
from foundation.errors import CallCentreError
from foundation.ids import CallId
from foundation.tasks import Crashed, contain_async
from ivr import audio
from ivr.numbers_zh import say_digits_zh
from ivr.prompts import PromptOptions, Synthesises
from ivr.spoken import Item, Kind, Piece, Prompt, Spoken

log = logging.getLogger(__name__)

MADE_WITHIN_S = 5.0
MOST_FILES = 500
FOLDER = "spoken"
"Beside the cache of prompts; emptied at the start."


@dataclass(frozen=True, slots=True)
class _Wanted:
    call_id: CallId
    items: tuple[Item, ...]
    languages: tuple[str, ...]
    play: Callable[[list[str]], None]


class Speaking:
    """One sentence at a time for each call."""

    def __init__(self, prompts: Prompts, synthesiser: Synthesises, options: PromptOptions) -> None:
        self._prompts = prompts
        self._synthesiser = synthesiser
        self._options = options
        self._tasks: dict[CallId, asyncio.Task[None]] = {}
        self._made_files: OrderedDict[Path, None] = OrderedDict()
        for old in (options.cache.with_name(FOLDER)).glob("*.wav"):
            old.unlink(missing_ok=True)

    def say(
        self,
        call_id: CallId,
        items: Sequence[Item],
        languages: Sequence[str],
        play: Callable[[list[str]], None],
    ) -> None:
        self.stop(call_id)
        wanted = _Wanted(call_id, tuple(items), tuple(languages), play)
        task = asyncio.create_task(self._say(wanted), name=f"say-{call_id}")
        self._tasks[call_id] = task
        task.add_done_callback(lambda done: self._forget(call_id, done))

    def stop(self, call_id: CallId) -> None:
        task = self._tasks.pop(call_id, None)
        if task is not None:
            task.cancel()

    async def close(self) -> None:
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _forget(self, call_id: CallId, task: asyncio.Task[None]) -> None:
        if self._tasks.get(call_id) is task:
            del self._tasks[call_id]

    async def _say(self, wanted: _Wanted) -> None:
        files: list[str] = []
        for item in wanted.items:
            if isinstance(item, Prompt):
                files += self._prompts.named(item.name, wanted.languages)
            else:
                files += await self._made(wanted, item)
        self._tasks.pop(wanted.call_id, None)
        wanted.play(files)

    async def _made(self, wanted: _Wanted, spoken: Spoken) -> list[str]:
        what = f"speech for call {wanted.call_id}"
        files = []
        for language in wanted.languages:
            try:
                async with asyncio.timeout(MADE_WITHIN_S):
                    files += await contain_async(what, self._in(language, spoken))
            except (CallCentreError, Crashed, TimeoutError) as error:
                log.warning("[%s] - a sentence is left out: %r", wanted.call_id, error)
        return files

    async def _in(self, language: str, spoken: Spoken) -> list[str]:
        text = "".join(_read(piece, language) for piece in spoken.pieces.get(language, ()))
        voice = self._options.voices.get(language)
        if voice is None or not text.strip():
            return []
        recipe = "\0".join(("sentence", voice, str(self._options.speed), text))
        name = hashlib.sha256(recipe.encode()).hexdigest()[:24]
        file: Path = self._options.cache.with_name(FOLDER) / f"{name}.wav"
        if file not in self._made_files:
            pcm = await self._synthesiser.synthesise(text, voice, self._options.speed)
            await asyncio.to_thread(audio.write_wav, file, pcm)
        self._keep(file)
        return [str(file)]

    def _keep(self, file: Path) -> None:
        """What was said longest ago goes: it may be of a caller, and the disk has an end."""
        self._made_files[file] = None
        self._made_files.move_to_end(file)
        if len(self._made_files) > MOST_FILES:
            self._made_files.popitem(last=False)[0].unlink(missing_ok=True)


def _read(piece: Piece, language: str) -> str:
    if isinstance(piece, str):
        return piece
    if piece.kind is Kind.DIGITS:
        text = str(piece.value)
        digits = "".join(one for one in text if one.isdecimal())
        return say_digits_zh(digits) if language == "zh" else " ".join(text)
    return str(piece.value)
