"""Transcripts as people read them: words in, sentences with punctuation out. Pure.

    hello | what is your order number ── 0.9 s ── i will look      (words with their times)
    "Hello, what is your order number? I will look."

A recogniser writes neither capitals nor punctuation, and puts spaces between Chinese words. Pauses
and a few small words tell where a sentence ends and whether it asks. Nothing is added, left out or
changed but case and spaces: numbers stay as they were said, and each sentence keeps its raw words.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from recordings.recogniser import Word

CHINESE = "zh"
SENTENCE_PAUSE_S = 0.6
"A silence of so long ends a sentence."
COMMA_PAUSE_S = 0.25
"One of so long is a comma in Chinese, where sentences are built of short pieces."
PARTICLE_PAUSE_S = 0.12
"After a word that ends sentences (吗, 呢) the slightest pause does."
MOST_WORDS = 60
"Of a sentence whose speaker never pauses."

_HAN = re.compile(r"[㐀-鿿豈-﫿]")
_ENDS_ZH = re.compile(r"[吗呢]$|^么$")
_ASKS_ZH = (
    *("什么", "怎么", "怎样", "哪", "谁", "多少", "几点", "几号", "几个", "几天", "多久", "多长"),
    *("为何", "是否", "是不是", "能不能", "可不可以", "有没有", "要不要", "好不好", "行不行"),
    *("对不对", "会不会", "可否", "能否"),
)
_ASKS_NOT_ZH = ("没什么", "不怎么", "没有什么", "什么都", "谁都", "哪里哪里")
"What looks like a question and is none."
_GREETS = frozenset({"您好", "你好", "喂", "hello", "hi"})

_ASKS_EN = frozenset({"what", "where", "when", "why", "who", "whom", "whose", "which", "how"})
_HELPERS_EN = frozenset(
    {
        *("can", "could", "would", "will", "shall", "should", "may", "might", "must"),
        *("do", "does", "did", "is", "are", "am", "was", "were", "have", "has", "had"),
        *("isn't", "aren't", "don't", "doesn't", "didn't", "can't", "couldn't", "won't"),
    }
)
_SUBJECTS_EN = frozenset(
    {
        *("i", "you", "he", "she", "it", "we", "they", "there", "this", "that", "these", "those"),
        *("the", "a", "an", "my", "your", "his", "her", "our", "their", "anyone", "anybody"),
    }
)
_ORDERS_EN = frozenset({"do", "have"})
"Also begin what is no question: do that, have a look."
_PERSONS_EN = frozenset({"i", "you", "he", "she", "we", "they"})
_OPENERS_EN = frozenset(
    {"so", "and", "but", "well", "okay", "ok", "yes", "no", "please", "sorry", "then", *_GREETS}
)
"Words before the one that decides whether a sentence asks."


@dataclass(frozen=True, slots=True)
class Sentence:
    """What somebody said in one go."""

    text: str
    "With punctuation."
    words: tuple[Word, ...]
    "As they were heard."

    @property
    def start_s(self) -> float:
        return self.words[0].start_s

    @property
    def end_s(self) -> float:
        return self.words[-1].end_s


def sentences(words: Sequence[Word], language: str) -> list[Sentence]:
    """In order; all words are in one of them."""
    return [Sentence(_punctuated(each, language), tuple(each)) for each in _split(words, language)]


def readable(words: Sequence[Word], language: str) -> str:
    """All sentences as one paragraph."""
    return joined([each.text for each in sentences(words, language)])


def joined(texts: Sequence[str]) -> str:
    """As they are written together: no space between two that are Chinese, one between others."""
    line = ""
    for text in texts:
        needs_space = line and text and not (_is_chinese(line[-1]) and _is_chinese(text[0]))
        line += f" {text}" if needs_space and line[-1] not in "，。？" else text
    return line


def _split(words: Sequence[Word], language: str) -> Iterator[list[Word]]:
    sentence: list[Word] = []
    for word in words:
        if sentence and _is_end(sentence, word, language):
            yield sentence
            sentence = []
        sentence.append(word)
    if sentence:
        yield sentence


def _is_end(sentence: Sequence[Word], following: Word, language: str) -> bool:
    last = sentence[-1]
    pause_s = following.start_s - last.end_s
    ends = language == CHINESE and _ENDS_ZH.search(last.text)
    longest_s = PARTICLE_PAUSE_S if ends else SENTENCE_PAUSE_S
    return pause_s >= longest_s or len(sentence) >= MOST_WORDS


def _punctuated(words: Sequence[Word], language: str) -> str:
    return _chinese(words) if language == CHINESE else _english(words)


def _chinese(words: Sequence[Word]) -> str:
    pieces = [words[0].text]
    for before, word in pairwise(words):
        pause_s = word.start_s - before.end_s
        shortest_s = PARTICLE_PAUSE_S if before.text in _GREETS else COMMA_PAUSE_S
        if pause_s >= shortest_s:
            pieces[-1] += "，"
        pieces.append(word.text)
    return joined(pieces) + ("？" if _asks_in_chinese(words) else "。")


def _asks_in_chinese(words: Sequence[Word]) -> bool:
    said = "".join(word.text for word in words)
    if _ENDS_ZH.search(words[-1].text):
        return True
    for phrase in _ASKS_NOT_ZH:
        said = said.replace(phrase, "")
    return any(phrase in said for phrase in _ASKS_ZH)


def _english(words: Sequence[Word]) -> str:
    texts = [_in_english(word.text) for word in words]
    if len(texts) > 1 and texts[0] in _GREETS:
        texts[0] += ","
    line = joined(texts)
    return line[:1].upper() + line[1:] + ("?" if _asks_in_english(words) else ".")


def _in_english(text: str) -> str:
    """The one word that is always written with a capital."""
    is_i = text == "i" or text.startswith("i'")
    return f"I{text[1:]}" if is_i else text


def _asks_in_english(words: Sequence[Word]) -> bool:
    said = [word.text for word in words]
    while len(said) > 1 and said[0] in _OPENERS_EN:
        said = said[1:]
    if said[0] in _ASKS_EN:
        return True
    if len(said) == 1 or said[0] not in _HELPERS_EN:
        return False
    return said[1] in (_PERSONS_EN if said[0] in _ORDERS_EN else _SUBJECTS_EN)


def _is_chinese(letter: str) -> bool:
    return _HAN.match(letter) is not None or letter in "，。？"
