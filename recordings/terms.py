"""Transcripts and questions taken apart into what the search compares. Nothing here is stored.

    "我要退款 for my VIP card"     words   我 要 退款 for my vip card       by jieba
                                 letters 我 要 退 款 for my vip card

A word of a question is looked up among the words: 海 is not found in 上海. A phrase in quotes is
looked up among the letters, one after the other, so that it does not matter where jieba cuts. The
cuts are jieba's dictionary's alone (no guessing of new words), which makes them the same in a
transcript and in a question.

jieba's own cache is not used: it is a file in /tmp that anybody could have written.
"""

import re
import unicodedata
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from recordings.recogniser import Word

PART_WORDS = 1000
"""Heard words that are indexed together. PostgreSQL keeps the first 256 places of a lexeme in a
document, and every twentieth letter of Chinese is 的."""
OVERLAP_WORDS = 24
"Heard words that two parts share: phrases up to so long are found across the cut."

_HAN = re.compile(r"[㐀-鿿豈-﫿]")
_UNIT = re.compile(r"[㐀-鿿豈-﫿]|[^\W_㐀-鿿豈-﫿]+")
_APOSTROPHES = re.compile(r"['’ʼ]")


class _Jieba(Protocol):
    def cut(self, sentence: str, HMM: bool) -> "list[str]": ...

    def cut_for_search(self, sentence: str, HMM: bool) -> "list[str]": ...


@dataclass(frozen=True, slots=True)
class IndexPart:
    """Some of what a side said, as the index holds it: units with a space between."""

    words: str
    letters: str


def letters(text: str) -> list[str]:
    """Each Chinese character by itself, everything else word by word; case and marks do not
    count."""
    plain = _APOSTROPHES.sub("", unicodedata.normalize("NFKC", text)).casefold()
    return _UNIT.findall(plain)


def words_of_text(text: str) -> list[str]:
    """Of what was said; a long Chinese word with the shorter ones in it."""
    return [unit for run in _runs(text) for unit in _cut_all(run)]


def words_of_question(text: str) -> list[str]:
    """The longest words only: who asks for 退款单 does not want all of 退款."""
    return [unit for run in _runs(text) for unit in _cut(run)]


def index_parts(heard: Sequence[Word]) -> list[IndexPart]:
    """What `heard` is found by; jieba's dictionary is loaded at the first call (0.7 CPU-s)."""
    texts = [word.text for word in heard]
    step = PART_WORDS - OVERLAP_WORDS
    starts = range(0, max(1, len(texts) - OVERLAP_WORDS), step) if texts else ()
    return [_part(" ".join(texts[at : at + PART_WORDS])) for at in starts]


def load() -> None:
    """Loads the dictionary now, where somebody would have to wait for it later."""
    _jieba()


def _part(text: str) -> IndexPart:
    return IndexPart(" ".join(words_of_text(text)), " ".join(letters(text)))


def _runs(text: str) -> list[str]:
    """Chinese without the recogniser's spaces in it, and the words between."""
    runs: list[str] = []
    for unit in letters(text):
        if runs and _is_han(unit) and _is_han(runs[-1]):
            runs[-1] += unit
        else:
            runs.append(unit)
    return runs


def _is_han(text: str) -> bool:
    return _HAN.match(text) is not None


def _cut(run: str) -> list[str]:
    return list(_jieba().cut(run, HMM=False)) if _is_han(run) else [run]


def _cut_all(run: str) -> list[str]:
    return list(_jieba().cut_for_search(run, HMM=False)) if _is_han(run) else [run]


@cache
def _jieba() -> _Jieba:
    with warnings.catch_warnings():
        # It asks for pkg_resources, which warns of its own end wherever it is still there.
        warnings.simplefilter("ignore")
        import jieba  # 88 MB with its dictionary: only where a Chinese text is taken apart

        tokenizer = jieba.Tokenizer()
        tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
        tokenizer.initialized = True
    typed: _Jieba = tokenizer
    return typed
