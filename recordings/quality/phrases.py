"""Finding phrases in what was said: of two that overlap, the longer one counts.

`让我说完你再讲` is one fault and not also a shorter one inside it; a harmless longer wording
(`不是没办法`) takes a forbidden phrase's place the same way, and is then no fault at all.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from recordings.quality.tokens import DIGITS, Phrase, Spelling, Spoken

MOST_APART_S = 1.2
"""Between two tokens of one phrase: a longer pause, or words that the model did not know and left
out, and it is two remarks."""
MOST_FIGURES = 12


@dataclass(frozen=True, slots=True)
class Found:
    """A phrase at its place; `first` and `last` are tokens' indexes, both included."""

    name: str
    first: int
    last: int
    text: str
    "The tokens as they were heard."
    start_s: float
    end_s: float
    confidence: float
    "Of the least sure of its tokens."

    @property
    def length(self) -> int:
        return self.last - self.first + 1


class Finder:
    """Looks for many phrases at once; `wordings` maps each rule's name to its phrases."""

    def __init__(self, spelling: Spelling, wordings: Mapping[str, Sequence[Phrase]]) -> None:
        self._figures = spelling.figures
        self._between = "" if spelling.by_character else " "
        self._by_first: dict[str, list[tuple[str, Phrase]]] = defaultdict(list)
        for name, phrases in wordings.items():
            for phrase in phrases:
                if phrase:
                    self._by_first[phrase[0]].append((name, phrase))

    def every(self, said: Sequence[Spoken]) -> Iterator[Found]:
        """All of them, also those inside others, in the order of their beginnings."""
        for at, token in enumerate(said):
            for name, phrase in self._by_first.get(token.text, ()):
                end = self._end_of(phrase, said, at)
                if end is not None:
                    yield self._found(name, said, at, end)

    def longest(self, said: Sequence[Spoken]) -> list[Found]:
        """Those that no longer one overlaps, in order; of equals the earlier."""
        taken: set[int] = set()
        kept = []
        for one in sorted(self.every(said), key=lambda each: (-each.length, each.first)):
            place = range(one.first, one.last + 1)
            if taken.isdisjoint(place):
                taken.update(place)
                kept.append(one)
        return sorted(kept, key=lambda each: each.first)

    def _end_of(self, phrase: Phrase, said: Sequence[Spoken], start: int) -> int | None:
        """Index of the last token, None where it is not said."""
        at = start
        for wanted in phrase:
            length = self._length_of(wanted, said, at)
            if not length or (at > start and _is_cut(said, at)):
                return None
            at += length
        return at - 1

    def _length_of(self, wanted: str, said: Sequence[Spoken], at: int) -> int:
        if at >= len(said):
            return 0
        if wanted != DIGITS:
            return 1 if said[at].text == wanted else 0
        end = at
        while end < min(len(said), at + MOST_FIGURES) and said[end].text in self._figures:
            end += 1
        return end - at

    def _found(self, name: str, said: Sequence[Spoken], first: int, last: int) -> Found:
        tokens = said[first : last + 1]
        return Found(
            name=name,
            first=first,
            last=last,
            text=self._between.join(token.text for token in tokens),
            start_s=tokens[0].start_s,
            end_s=tokens[-1].end_s,
            confidence=min(token.confidence for token in tokens),
        )


def _is_cut(said: Sequence[Spoken], at: int) -> bool:
    return said[at].start_s - said[at - 1].end_s > MOST_APART_S
