"""Prompts by name, and sentences with values in them: which files are played for them.

A recorded WAV in the centre's `prompts/` wins: `greeting.zh.wav` for one language, `greeting.wav`
for the prompt whatever the language. Otherwise the words are synthesised. Both end as 8 kHz mono
files of one loudness in the cache (`speech.sounds`).

    Prompt("greeting")                       one file for each language
    Spoken("Your order", 12, "is ready")     "Your order" · "twelve" · "is ready"

Everything known is made ahead by `prepare`; looking up is then a matter of dictionaries, fit for
the loop that conducts the calls. Only free text has to be spoken while a caller waits (`make`).
"""

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from foundation.errors import CallCentreError, Unavailable
from ivr.speech import saying, words
from ivr.speech.free_text import FreeText
from ivr.speech.saying_parts import PAUSE
from ivr.speech.sounds import PromptOptions, Sounds, Synthesises
from ivr.speech.spoken import Item, Kind, Known, Piece, Prompt, Spoken, Value
from ivr.speech.words import Words

__all__ = ["MUSIC", "NOTHING", "PromptOptions", "Prompts"]

log = logging.getLogger(__name__)

MUSIC = "music"
"Made by us unless there is a WAV of the name; to be played in a loop."
NOTHING = "silence:100"
"An item of `telephony.media.protocol.Play`."
BREATH = "silence:160"
"Between groups of digits."
MOST_FAILURES = 3
"Texts in a row that nobody speaks before the rest is not tried any more."

Progress: TypeAlias = Callable[[int, int], None]
"How many are done, of how many."


class Prompts:
    """All prompts of a centre."""

    def __init__(
        self,
        flows: Mapping[str, Words],
        synthesiser: Synthesises,
        options: PromptOptions,
        known: Iterable[Known] = (),
    ) -> None:
        """`flows`: the words of all flows' prompts by name; `known`: of all their sentences."""
        self._options = options
        self._words: dict[str, Words] = {**flows}
        for name, text in {**words.ANNOUNCEMENTS, **words.waits()}.items():
            self._words.setdefault(name, text)
        for place in range(1, words.LAST_POSITION + 1):
            self._words.setdefault(words.position_name(place), words.position(place))
        self._add_known(known)
        self._sounds = Sounds(synthesiser, options)
        self._free = FreeText(self._sounds, options)
        self._whole: dict[str, str] = {}
        "Prompts recorded once for every language."
        self._files: dict[str, dict[str, str]] = {}
        "Name to language to file."

    def _add_known(self, known: Iterable[Known]) -> None:
        for language, part in known:
            if isinstance(part, Kind):
                pieces = saying.vocabulary(part, language, self._options.currency)
            else:
                pieces = frozenset({text} if (text := _tidy(part)) else ())
            for piece in sorted(pieces):
                name = words.say_name(piece)
                self._words[name] = {**self._words.get(name, {}), language: piece}

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

    def wait(
        self, expected_s: float | None, is_longer: bool, languages: Sequence[str]
    ) -> list[str]:
        """How long a caller may have to wait; nothing when nobody knows."""
        if is_longer:
            return self.named(words.WAIT_LONGER, languages)
        return [] if expected_s is None else self.named(words.wait_name(expected_s), languages)

    def agent_number(self, number: str, languages: Sequence[str]) -> list[str]:
        return self.named(words.agent_name(number), languages)

    def find(self, items: Sequence[Item], languages: Sequence[str]) -> list[str] | None:
        """Files for all of them in all of the languages; None: there is text to be spoken first."""
        found: list[str] = []
        for item in items:
            if isinstance(item, Prompt):
                found += self.named(item.name, languages)
                continue
            for piece in self._pieces(item, languages):
                file = self._file_of(*piece)
                if file is None:
                    return None
                found.append(file)
        return found or [NOTHING]

    async def make(self, items: Sequence[Item], languages: Sequence[str]) -> list[str]:
        """The same after free text has been spoken; what could not be is left out and logged."""
        found: list[str] = []
        for item in items:
            if isinstance(item, Prompt):
                found += self.named(item.name, languages)
            else:
                found += [
                    file
                    for piece in self._pieces(item, languages)
                    if (file := self._file_of(*piece) or await self._spoken_now(*piece))
                ]
        return found or [NOTHING]

    async def _spoken_now(self, text: str, language: str) -> str | None:
        try:
            return await self._free.make(text, language)
        except CallCentreError as error:
            log.warning("left out of what a caller hears: %s", error)
            return None

    def _pieces(self, item: Spoken, languages: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Each sound as text and language."""
        for language in _spoken_in(item, languages):
            for piece in item.pieces[language]:
                for text in self._texts(piece, language):
                    yield text, language

    def _texts(self, piece: Piece, language: str) -> Iterable[str]:
        if isinstance(piece, Value) and piece.kind is not Kind.TEXT:
            return saying.pieces(piece, language, self._options.currency)
        text = _tidy(str(piece.value) if isinstance(piece, Value) else piece)
        return [text] if text else []

    def _file_of(self, text: str, language: str) -> str | None:
        if text == PAUSE:
            return BREATH
        name = words.say_name(text)
        known = self._whole.get(name) or self._files.get(name, {}).get(language)
        return known or self._free.find(text, language)

    # -- making ahead --

    async def prepare(
        self, agents: Iterable[str] = (), progress: Progress = lambda done, total: None
    ) -> list[str]:
        """Make everything that can be played; what could not be made is told in sentences."""
        problems = [*await self._take_recorded()]
        if MUSIC not in self._whole:
            self._whole[MUSIC] = str(await self._sounds.music())
        self._free.load()
        self._words.update({words.agent_name(one): words.agent(one) for one in agents})
        wanted = [(name, *text) for name, texts in self._words.items() for text in texts.items()]
        failures = 0
        for done, (name, language, text) in enumerate(wanted):
            progress(done, len(wanted))
            error = await self._make(name, language, text)
            if error is not None:
                problems.append(f"prompt {name!r} in {language!r}: {error}")
            failures = failures + 1 if isinstance(error, Unavailable) else 0
            if failures == MOST_FAILURES:
                problems.append(f"{len(wanted) - done - 1} prompts more were not tried")
                break
        progress(len(wanted), len(wanted))
        return problems

    def has(self, name: str) -> bool:
        """There is a sound for it, in some language."""
        return name in self._whole or bool(self._files.get(name))

    async def add_agent(self, number: str) -> list[str]:
        """An agent's number that came up later."""
        return await self.add(words.agent_name(number), words.agent(number))

    async def add(self, name: str, text: Words) -> list[str]:
        """A prompt that came up later; what could not be made, a sentence for each language."""
        self._words[name] = text
        made = [await self._make(name, *one) for one in text.items()]
        return [f"prompt {name!r}: {error}" for error in made if error is not None]

    async def _take_recorded(self) -> list[str]:
        problems = []
        for file in sorted(self._options.own.glob("*.wav")):
            name, _, language = file.name.removesuffix(".wav").partition(".")
            try:
                ready = str(await self._sounds.recorded(file))
            except CallCentreError as error:
                problems.append(str(error))
                continue
            if language:
                self._files.setdefault(name, {})[language] = ready
            else:
                self._whole[name] = ready
        return problems

    async def _make(self, name: str, language: str, text: str) -> CallCentreError | None:
        if name in self._whole or language in self._files.get(name, {}):
            return None
        try:
            ready = await self._sounds.spoken(text, language)
        except CallCentreError as error:
            return error
        self._files.setdefault(name, {})[language] = str(ready)
        return None


def _spoken_in(item: Spoken, languages: Sequence[str]) -> list[str]:
    """The wanted languages that it has, else any one."""
    return [one for one in languages if one in item.pieces] or list(item.pieces)[:1]


def _tidy(text: str) -> str:
    """'' for what has no sound: spaces and points between two values."""
    return " ".join(text.split()) if re.search(r"\w", text) else ""
