"""What a caller wants, by the example phrases that a flow gives for each of its choices.

A text is taken apart into features: words and pairs of words, where a script has spaces; for
Chinese single characters and pairs of them. A feature that many choices share says little
and weighs little. An example counts by how much of its weight the text holds, so that an example of
one word is a key word, and a whole sentence need not be said to the letter. Of two examples said in
full the more telling one is believed, whichever is longer: what names a matter ("refund") outweighs
what may be said of many ("i have not received it"), unless the longer one holds the shorter.

    rank("could you please cancel what i ordered", …)    cancel 0.83, track 0.21
    guess(…)                                             the best, less sure when the next is near
"""

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from ivr.understanding.general_words import GENERAL_WORDS

_GAPS = re.compile(r"[\s,.!?;:'\"，。！？；：、]+")
_OWN_SPACES = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
"Scripts without spaces between words."
PAIR_WEIGHT = 0.5
"Two words in this order, against one word."
CLEAR_MARGIN = 0.3
"So far behind, the second best raises no doubt."
LEAST_WEIGHT = 0.05
"Of a feature that all choices share."

Features: TypeAlias = Counter[str]


@dataclass(frozen=True, slots=True)
class Ranked:
    choice: str
    score: float
    "0 to 1: how much of the best fitting example was said."
    weight: float = 0.0
    "What that much weighs."
    telling: float = 0.0
    "What each of its words weighs on average, general ones nothing: most for the name of a thing."
    said: frozenset[str] = frozenset()
    "The features that were said, of all examples that fit as well."


@dataclass(frozen=True, slots=True)
class Guess:
    choice: str
    confidence: float


def features(text: str) -> Features:
    plain = _GAPS.sub(" ", text.lower()).strip()
    if _OWN_SPACES.search(plain):
        # A recogniser writes Chinese with spaces between the words that it found.
        parts: Sequence[str] = plain.replace(" ", "")
    else:
        parts = plain.split()
    pairs = (f"{first} {second}" for first, second in pairwise(parts))
    return Counter([*parts, *pairs])


def rank(text: str, examples: Mapping[str, Sequence[str]]) -> list[Ranked]:
    """All choices, the best first."""
    said = features(text)
    known = {choice: [features(one) for one in phrases] for choice, phrases in examples.items()}
    weights = _weights(known)
    ranked = [_best(choice, said, each, weights) for choice, each in known.items()]
    tops = [one for one in ranked if one.score == max(each.score for each in ranked)]
    return sorted(
        ranked,
        key=lambda one: (one.score, not _is_held(one, tops), one.telling, one.weight),
        reverse=True,
    )


def guess(
    text: str,
    confidence: float,
    examples: Mapping[str, Sequence[str]],
    refused: Collection[str] = (),
) -> Guess | None:
    """`confidence`: of the recogniser in its words; `refused`: what the caller has said no to.
    None: nothing of any other example was said."""
    ranked = [one for one in rank(text, examples) if one.choice not in refused]
    if not ranked or ranked[0].score <= 0:
        return None
    best = ranked[0]
    clearness = min(1.0, _margin(ranked) / CLEAR_MARGIN)
    return Guess(best.choice, confidence * best.score * (0.5 + 0.5 * clearness))


def _margin(ranked: Sequence[Ranked]) -> float:
    if len(ranked) == 1:
        return 1.0
    best, next_one = ranked[:2]
    if best.score > next_one.score or not _is_held(next_one, [best]):
        return best.score - next_one.score
    # "cancel my order" holds "order"; "refund" and "not arrived" in one breath are two wishes.
    return (best.weight - next_one.weight) / best.weight


def _is_held(one: Ranked, others: Iterable[Ranked]) -> bool:
    return any(one.said < other.said for other in others)


def _weights(known: Mapping[str, Sequence[Features]]) -> Mapping[str, float]:
    """Of each feature: 1 where one choice has it, less the more have it."""
    having: Counter[str] = Counter()
    for each in known.values():
        having.update({feature for one in each for feature in one})
    most = math.log(len(known) + 1) or 1.0
    return {
        feature: max(math.log((len(known) + 1) / count) / most, LEAST_WEIGHT)
        * (PAIR_WEIGHT if " " in feature else 1.0)
        for feature, count in having.items()
    }


def _best(
    choice: str, said: Features, examples: Sequence[Features], weights: Mapping[str, float]
) -> Ranked:
    scored = [_scored(choice, said, example, weights) for example in examples]
    score = max((one.score for one in scored), default=0.0)
    if score <= 0:
        return Ranked(choice, 0.0)
    best = [one for one in scored if one.score == score]
    together = frozenset[str]().union(*(one.said for one in best))
    weight = sum(weights[feature] for feature in together)
    return Ranked(choice, score, weight, max(one.telling for one in best), together)


def _scored(choice: str, said: Features, example: Features, weights: Mapping[str, float]) -> Ranked:
    shared = said & example
    whole = sum(weights[feature] * count for feature, count in example.items())
    held = sum(weights[feature] * count for feature, count in shared.items())
    telling = _telling(shared, weights)
    return Ranked(choice, held / whole if whole else 0.0, held, telling, frozenset(shared))


def _telling(shared: Features, weights: Mapping[str, float]) -> float:
    words = [feature for feature in shared if " " not in feature]
    telling = sum(weights[word] for word in words if word not in GENERAL_WORDS)
    return telling / len(words) if words else 0.0


# -- corrections -----------------------------------------------------------------------------------


def with_corrections(
    examples: Mapping[str, Sequence[str]], corrections: Mapping[str, str]
) -> Mapping[str, Sequence[str]]:
    """`corrections`: phrase to choice, as people have put it right; each is one more example, and
    no example of another choice any more."""
    moved = {_plain(phrase): choice for phrase, choice in corrections.items()}
    return {
        choice: [
            *(one for one in phrases if moved.get(_plain(one), choice) == choice),
            *_of(choice, corrections),
        ]
        for choice, phrases in examples.items()
    }


def _of(choice: str, corrections: Mapping[str, str]) -> Iterator[str]:
    return (phrase for phrase, right in corrections.items() if right == choice)


def _plain(text: str) -> str:
    return _GAPS.sub("", text.lower())
