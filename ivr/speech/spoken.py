"""What is to be spoken, before it is sound: prompts by name, and sentences with values in them.

A flow says `Your order {order:digits} costs {price:money}.` The engine fills in the caller's own
values; how a value of its kind sounds in a language is for the prompts to know. Nothing here knows
voices, files or samples.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias


class Kind(StrEnum):
    """How a value is read out; beside it what its `Value.value` is."""

    NUMBER = "number"
    "Decimal: twelve and a half."
    MONEY = "money"
    "Decimal, in the centre's currency."
    DATE = "date"
    "datetime.date"
    TIME = "time"
    "datetime.time, of the day."
    DIGITS = "digits"
    "str of 0-9, * and #, one after the other."
    DURATION = "duration"
    "Decimal, in seconds."
    TEXT = "text"
    "str, read as it stands."


@dataclass(frozen=True, slots=True)
class Value:
    """One value in a sentence; the type of `value` is that of its kind."""

    kind: Kind
    value: str | Decimal | date | time


Piece: TypeAlias = str | Value


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt of the flow or of the house; a recorded WAV of the name wins over its words."""

    name: str


@dataclass(frozen=True, slots=True)
class Spoken:
    """A sentence made for this caller: for each language its pieces in order."""

    pieces: Mapping[str, tuple[Piece, ...]]

    def text(self, language: str) -> str:
        """As it would be written; for logs and trials, never for a voice."""
        return "".join(
            piece if isinstance(piece, str) else str(piece.value)
            for piece in self.pieces.get(language, ())
        )


Item: TypeAlias = Prompt | Spoken
"What is played one after the other, each in all languages of the call."
Known: TypeAlias = tuple[str, str | Kind]
"A language, and what sentences in it hold: fixed text, or a value of a kind."
