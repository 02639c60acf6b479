"""Prompts by name: which files are played for a name in some languages.

A recorded WAV in the centre's `prompts/` wins: `greeting.zh.wav` for one language, `greeting.wav`
for the prompt whatever the language. Otherwise the words are synthesised. Both end as 8 kHz mono
files in the cache, named by a hash of what they were made of, so a changed word is a new file.

Everything is made ahead by `prepare`; looking up is then a matter of dictionaries, fit for the
loop that conducts the calls.
"""

import asyncio
import hashlib
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from foundation.errors import CallCentreError
from ivr import audio, music, words
from ivr.words import Words

log = logging.getLogger(__name__)

MUSIC = "music"
"Made by us unless there is a WAV of the name; to be played in a loop."
NOTHING = "silence:100"
"An item of `telephony.media.protocol.Play`."
_VERSION = "1"
"Goes into the names in the cache; raise it when the same words come to sound different."


class Synthesises(Protocol):
    """What speaks; `ivr.synthesis.Synthesiser` and the tests' fake."""

    async def synthesise(self, text: str, voice: str, speed: int) -> bytes: ...


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


class Prompts:
    """All prompts of a centre."""

    def __init__(
        self, flows: Mapping[str, Words], synthesiser: Synthesises, options: PromptOptions
    ) -> None:
        """`flows`: the words of all flows' prompts by name."""
        self._words: dict[str, Words] = {**words.ANNOUNCEMENTS, **flows}
        for place in range(1, words.LAST_POSITION + 1):
            self._words.setdefault(words.position_name(place), words.position(place))
        self._synthesiser = synthesiser
        self._options = options
        self._whole: dict[str, str] = {}
        "Prompts recorded once for every language."
        self._files: dict[str, dict[str, str]] = {}
        "Name to language to file."

    # -- looking up --

    def named(self, name: str, languages: Sequence[str]) -> list[str]:
        """Files to play one after the other: the prompt in each of the languages it has.

        Never empty: whoever plays it waits for its end, so what is missing is a short silence.
        """
        if name in self._whole:
            return [self._whole[name]]
        files = self._files.get(name, {})
        if not files:
            log.warning("the prompt %r has neither words nor a WAV; silence is played", name)
            return [NOTHING]
        spoken = [files[language] for language in languages if language in files]
        return spoken or list(files.values())[:1]

    def position(self, position: int, languages: Sequence[str]) -> list[str]:
        """1 is next."""
        return self.named(words.position_name(position), languages)

    def agent_number(self, number: str, languages: Sequence[str]) -> list[str]:
        return self.named(words.agent_name(number), languages)

    # -- making ahead --

    async def prepare(self, agents: Iterable[str] = ()) -> list[str]:
        """Make everything that can be played; what could not be made is told in sentences."""
        problems = [*await self._take_recorded()]
        await self._make_music()
        self._words.update({words.agent_name(one): words.agent(one) for one in agents})
        for name, texts in self._words.items():
            for language, text in texts.items():
                problems += await self._make(name, language, text)
        return problems

    async def add_agent(self, number: str) -> list[str]:
        """An agent's number that came up later."""
        name = words.agent_name(number)
        self._words[name] = words.agent(number)
        made = [await self._make(name, *one) for one in self._words[name].items()]
        return [problem for problems in made for problem in problems]

    async def _take_recorded(self) -> list[str]:
        problems = []
        for file in sorted(self._options.own.glob("*.wav")):
            name, _, language = file.name.removesuffix(".wav").partition(".")
            try:
                ready = str(await asyncio.to_thread(self._convert, file))
            except audio.UnusableWav as error:
                problems.append(str(error))
                continue
            if language:
                self._files.setdefault(name, {})[language] = ready
            else:
                self._whole[name] = ready
        return problems

    def _convert(self, file: Path) -> Path:
        status = file.stat()
        ready = self._cached("wav", file, status.st_mtime_ns, status.st_size)
        if not ready.exists():
            audio.write_wav(ready, audio.even(audio.read_wav(file)))
        return ready

    async def _make(self, name: str, language: str, text: str) -> list[str]:
        voice = self._options.voices.get(language)
        if name in self._whole or language in self._files.get(name, {}):
            return []
        if voice is None:
            return [f"prompt {name!r}: no voice is configured for the language {language!r}"]
        ready = self._cached("text", voice, self._options.speed, text)
        if not ready.exists():
            try:
                pcm = await self._synthesiser.synthesise(text, voice, self._options.speed)
            except CallCentreError as error:
                return [f"prompt {name!r} in {language!r}: {error}"]
            await asyncio.to_thread(audio.write_wav, ready, pcm)
        self._files.setdefault(name, {})[language] = str(ready)
        return []

    async def _make_music(self) -> None:
        if MUSIC not in self._whole:
            ready = self._cached("music")
            if not ready.exists():
                await asyncio.to_thread(lambda: audio.write_wav(ready, music.hold_music()))
            self._whole[MUSIC] = str(ready)

    def _cached(self, *made_of: object) -> Path:
        recipe = "\0".join([_VERSION, *map(str, made_of)])
        return self._options.cache / f"{hashlib.sha256(recipe.encode()).hexdigest()[:24]}.wav"
