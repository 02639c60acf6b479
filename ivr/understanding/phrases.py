"""Which choice a caller has named: words of each choice looked for in what was understood."""

import re
from collections.abc import Mapping, Sequence

_GAPS = re.compile(r"[\s,.!?，。！？、]+")
_OWN_SPACES = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
"Scripts without spaces between words: a phrase may stand anywhere."


def find_choice(heard: str, choices: Mapping[str, Sequence[str]]) -> str | None:
    """The choice with the longest phrase that was said; None without one, and for a tie."""
    text = f" {_plain(heard)} "
    tight = text.replace(" ", "")
    best: dict[str, int] = {}
    for name, phrases in choices.items():
        best[name] = max((_length(text, tight, phrase) for phrase in phrases), default=0)
    longest = max(best.values(), default=0)
    winners = [name for name, length in best.items() if length == longest]
    return winners[0] if longest > 0 and len(winners) == 1 else None


def _length(text: str, tight: str, phrase: str) -> int:
    plain = _plain(phrase)
    if not plain:
        return 0
    if _OWN_SPACES.search(plain):
        # A recogniser writes Chinese with spaces between the words it found.
        bare = plain.replace(" ", "")
        return len(bare) if bare in tight else 0
    return len(plain) if f" {plain} " in text else 0


def _plain(text: str) -> str:
    return _GAPS.sub(" ", text.lower()).strip()
