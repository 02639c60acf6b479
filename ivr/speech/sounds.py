"""Files ready for playing: made once, named by a hash of what they were made of.

A changed word, voice or recording is a new file, so nothing here is ever out of date.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from foundation.errors import ResourceError
from ivr.speech import audio, music

PIPER = "piper:"
"What a voice begins with that is a voice file (`speech.piper`), not a name of espeak-ng's."
_VERSION = "2"
"Goes into the names; raise it when the same words come to sound different."


class Synthesises(Protocol):
    """What speaks; `speech.synthesis.Synthesiser` and the tests' fake."""

    async def synthesise(self, text: str, voice: str, speed: int) -> bytes: ...


class NoVoice(ResourceError):
    """A language is to be spoken that has no voice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptOptions:
    """Where prompts come from and how synthesised ones sound."""

    own: Path
    "The centre's recorded WAVs."
    cache: Path
    "Where files ready for playing are kept; absolute."
    voices: Mapping[str, str] = field(
        default_factory=lambda: {"en": "en-us+f3", "zh": "cmn-latn-pinyin+f3"}
    )
    speed: int = 150
    "Words a minute."
    currency: str = "CNY"
    "What amounts of money are in."
    free_text_bytes: int = 50_000_000
    "Speech made while callers wait is kept up to so much."
    free_text_within_s: float = 3.0
    "A caller waits at most so long for it."


class Sounds:
    """The folder of files, and who makes them."""

    def __init__(self, synthesiser: Synthesises, options: PromptOptions) -> None:
        self._synthesiser = synthesiser
        self._options = options

    async def spoken(self, text: str, language: str, folder: str = "") -> Path:
        """Raises `NoVoice` and whatever prevents the synthesiser from speaking."""
        ready = self.file_of(text, language, folder)
        if not ready.exists():
            voice, speed = self._options.voices[language], self._options.speed
            pcm = await self._synthesiser.synthesise(text, voice, speed)
            await asyncio.to_thread(audio.write_wav, ready, pcm)
        return ready

    def file_of(self, text: str, language: str, folder: str = "") -> Path:
        """Where it is, or would be."""
        voice = self._options.voices.get(language)
        if voice is None:
            raise NoVoice(f"no voice is configured for the language {language!r}")
        return self._named(folder, "text", voice, self._options.speed, text)

    async def recorded(self, file: Path) -> Path:
        """Raises `audio.UnusableWav`."""
        return await asyncio.to_thread(self._convert, file)

    async def music(self) -> Path:
        ready = self._named("", "music")
        if not ready.exists():
            await asyncio.to_thread(lambda: audio.write_wav(ready, music.hold_music()))
        return ready

    def _convert(self, file: Path) -> Path:
        status = file.stat()
        ready = self._named("", "wav", file, status.st_mtime_ns, status.st_size)
        if not ready.exists():
            audio.write_wav(ready, audio.even(audio.read_wav(file)))
        return ready

    def _named(self, folder: str, *made_of: object) -> Path:
        recipe = "\0".join([_VERSION, *map(str, made_of)])
        name = f"{hashlib.sha256(recipe.encode()).hexdigest()[:24]}.wav"
        return self._options.cache / folder / name
