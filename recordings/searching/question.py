"""What somebody looks for in transcripts, and where in one it was said. Pure but for jieba.

refund "my order" 退款     three terms, all of which a call must have: two words and a phrase
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from foundation.errors import RemoteError
from recordings.recogniser import Word
from recordings.recording import SideTranscript
from recordings.terms import OVERLAP_WORDS, letters, words_of_question
from recordings.transcribing.readable import joined
from telephony.calls.events import Side

MOST_TERMS = 8
MOST_LETTERS = 200
CONTEXT_WORDS = 8
"Before and after what was found."
_PIECES = re.compile(r'"([^"]*)"|“([^”]*)”|「([^」]*)」|([^"“「]+)')


class BadQuestion(RemoteError):
    """Nothing can be looked for."""


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that must have been said."""

    letters: tuple[str, ...]
    word: str = ""
    "As jieba cuts; '': a phrase, letters one after the other."


@dataclass(frozen=True, slots=True)
class Hit:
    """One place of a transcript."""

    side: Side
    start_s: float
    end_s: float
    before: str
    match: str
    after: str


def parse(text: str) -> tuple[Term, ...]:
    """Words, and phrases in quotes; raises `BadQuestion` for what is too much or nothing."""
    if len(text) > MOST_LETTERS:
        raise BadQuestion(f"The question has {len(text)} letters; {MOST_LETTERS} are the most.")
    terms = tuple(dict.fromkeys(_terms(text)))
    if not terms:
        raise BadQuestion(f"There is no word in {text!r}.")
    if len(terms) > MOST_TERMS:
        raise BadQuestion(
            f"{text!r} has {len(terms)} words and phrases; {MOST_TERMS} are the most."
        )
    return terms


def _terms(text: str) -> Iterator[Term]:
    for found in _PIECES.finditer(text):
        phrase = tuple(letters(found[1] or found[2] or found[3] or ""))
        if len(phrase) > OVERLAP_WORDS:
            raise BadQuestion(f"A phrase has {OVERLAP_WORDS} words or characters at most.")
        if phrase:
            yield Term(phrase)
        for word in words_of_question(found[4] or ""):
            yield Term(tuple(letters(word)), word)


def find_hits(transcript: SideTranscript, terms: Sequence[Term]) -> list[Hit]:
    """All places of all terms, in order of time."""
    units = [(unit, n) for n, word in enumerate(transcript.words) for unit in letters(word.text)]
    spans = sorted({span for term in terms for span in _spans(units, term)})
    return [_hit(transcript, *span) for span in spans]


def _spans(units: Sequence[tuple[str, int]], term: Term) -> Iterator[tuple[int, int]]:
    """First and last word of each place."""
    wanted, length = list(term.letters), len(term.letters)
    for at in range(len(units) - length + 1):
        if units[at][0] == wanted[0] and [unit for unit, _ in units[at : at + length]] == wanted:
            yield units[at][1], units[at + length - 1][1]


def _hit(transcript: SideTranscript, first: int, last: int) -> Hit:
    words = transcript.words
    return Hit(
        side=transcript.side,
        start_s=words[first].start_s,
        end_s=words[last].end_s,
        before=_text(words[max(0, first - CONTEXT_WORDS) : first]),
        match=_text(words[first : last + 1]),
        after=_text(words[last + 1 : last + 1 + CONTEXT_WORDS]),
    )


def _text(words: Sequence[Word]) -> str:
    return joined([word.text for word in words])
