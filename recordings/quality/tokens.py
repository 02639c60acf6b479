"""What phrases are compared by: characters (Chinese) or words, spelt one way, each with its time.

    words of the recogniser ─▶ Spelling.of_words ─▶ Spoken, Spoken, …      我/告诉/你 → 我 告 诉 你
    phrase of a pack        ─▶ Spelling.phrase   ─▶ tokens                 I don't   → i do not

Where a recogniser cuts Chinese into words is its own affair, so phrases are looked for across the
cuts; a character's time is its share of the word's.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from recordings.error_rate import CHARACTER_LANGUAGES
from recordings.recogniser import Word

DIGITS = "{digits}"
"In a phrase: one or several figures, as of an agent's number."
Phrase = tuple[str, ...]

FIGURES = {
    "zh": frozenset("零一二三四五六七八九幺两0123456789"),
    "en": frozenset(
        ["zero", "oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    ),
}
_CONTRACTED = {
    "can't": "can not",
    "cannot": "can not",
    "won't": "will not",
    "let's": "let us",
}
_ENDINGS = {"n't": "not", "'m": "am", "'re": "are", "'ve": "have", "'ll": "will", "'s": "is"}
"""After whole words of their own. 's may also be has or an owner's: no phrase of manners has
those, and both sides of a comparison are spelt alike."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """One token as it was heard."""

    text: str
    start_s: float
    end_s: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Spelling:
    """How one language's texts become tokens."""

    language: str
    same: tuple[frozenset[str], ...] = ()
    "Characters that sound alike and are written apart: 的, 得, 地."
    _stands_for: dict[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        table = {each: min(group) for group in self.same for each in group}
        object.__setattr__(self, "_stands_for", table)

    @property
    def by_character(self) -> bool:
        return self.language in CHARACTER_LANGUAGES

    @property
    def figures(self) -> frozenset[str]:
        return FIGURES.get(self.language, FIGURES["en"])

    def phrase(self, text: str) -> Phrase:
        """A phrase as written in a pack; empty when there is nothing to be said in it."""
        parts = re.split(r"(\{digits\})", text)
        return tuple(
            token
            for part in parts
            for token in ([DIGITS] if part == DIGITS else self._tokens(part))
        )

    def of_words(self, words: Iterable[Word]) -> list[Spoken]:
        """In the words' order."""
        return [spoken for word in words for spoken in self._shared_out(word)]

    def _shared_out(self, word: Word) -> Iterator[Spoken]:
        tokens = self._tokens(word.text)
        step_s = (word.end_s - word.start_s) / max(1, len(tokens))
        for at, token in enumerate(tokens):
            start_s = word.start_s + at * step_s
            yield Spoken(token, start_s, start_s + step_s, word.confidence)

    def _tokens(self, text: str) -> Sequence[str]:
        plain = _plain(text)
        if self.by_character:
            return [self._stands_for.get(one, one) for one in plain if not one.isspace()]
        return [token for word in plain.split() for token in _written_out(word)]


def _plain(text: str) -> str:
    """Lower case, and nothing but letters, figures and apostrophes."""
    return "".join(
        one if one == "'" or not unicodedata.category(one).startswith(("P", "S")) else " "
        for one in text.lower().replace("’", "'")
    )


def _written_out(word: str) -> list[str]:
    if word in _CONTRACTED:
        return _CONTRACTED[word].split()
    for ending, full in _ENDINGS.items():
        if word.endswith(ending) and len(word) > len(ending):
            return [word.removesuffix(ending), full]
    return [word]
