"""How wrong a transcript is: word error rate, or character error rate for Chinese.

Errors are the fewest insertions, deletions and substitutions that turn what was heard into what was
said (Levenshtein). Rates are micro-averaged: errors of all sides over units of all sides, so a word
that was heard on a silent side counts as an error although that side adds nothing to the divisor.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

CHARACTER_LANGUAGES = frozenset({"zh"})
"Written without spaces: every character is a unit."


@dataclass(frozen=True, slots=True)
class ErrorRate:
    """Errors in so many words (or characters) that were really said."""

    errors: int = 0
    said: int = 0

    @property
    def rate(self) -> float:
        """0 is perfect; can exceed 1; infinite when something was heard and nothing said."""
        if self.said:
            return self.errors / self.said
        return float("inf") if self.errors else 0.0

    def __add__(self, other: "ErrorRate") -> "ErrorRate":
        return ErrorRate(self.errors + other.errors, self.said + other.said)

    def __str__(self) -> str:
        return f"{100 * self.rate:.1f} % ({self.errors}/{self.said})"


def compare(said: str, heard: str, language: str) -> ErrorRate:
    """One side of one talk."""
    expected, got = units(said, language), units(heard, language)
    return ErrorRate(edit_distance(expected, got), len(expected))


def micro_average(rates: Iterable[ErrorRate]) -> ErrorRate:
    return sum(rates, ErrorRate())


def units(text: str, language: str) -> list[str]:
    """What is counted: words in lower case, or Chinese characters; punctuation is not speech."""
    spoken = "".join(
        c if c in "'’" or not unicodedata.category(c).startswith(("P", "S")) else " " for c in text
    )
    if language in CHARACTER_LANGUAGES:
        return list("".join(spoken.split()))
    return spoken.replace("’", "'").lower().split()


def edit_distance(a: Sequence[str], b: Sequence[str]) -> int:
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (x != y))
    return row[-1]
