"""The digits of a card, keyed by the caller during a talk. Nobody sees them but who is to charge.

              terminator, or as many as may be             the server has taken them
    TYPING ───────────────────────────────────▶ CHECKING ─────────────────────────────▶ taken
       │ too few, a wrong check digit ▶ wrong        │ it has not ▶ refused
       │ wait_s without a key ▶ timed out            │
       └ interrupted: this core has not seen all of them ▶ interrupted

Rule 1: digits are here until they are handed over, and nowhere else: no log, journal, file or text
        of an error has them; `repr` does not show them.
Rule 2: `*` begins anew.
"""

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from ivr.visit.cards import fits_luhn
from recordings.events import CardOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class CardRule:
    """What is taken, and who gets it."""

    post_to: str
    least: int = 12
    most: int = 19
    terminator: str = "#"
    wait_s: float = 30.0
    "For the first key and for each next one."
    check: bool = True
    "The last digit must fit the others (ISO/IEC 7812-1, Luhn)."
    timeout_s: float = 10.0
    "Of the server."


class CardState(Enum):
    TYPING = "typing"
    CHECKING = "checking"
    OVER = "over"


class Complete:
    """Hand them over; `CardEntry.answered` then."""

    __slots__ = ("digits",)

    def __init__(self, digits: str) -> None:
        self.digits = digits

    def __repr__(self) -> str:
        return f"<Complete, {len(self.digits)} digits>"


@dataclass(frozen=True, slots=True)
class Over:
    outcome: CardOutcome


CardStep: TypeAlias = Complete | Over


class CardEntry:
    """One card."""

    def __init__(self, rule: CardRule, now: float, *, interrupted: bool = False) -> None:
        """`interrupted`: it began in a process that is gone, with the digits that it had."""
        self.state = CardState.TYPING
        self.deadline: float | None = now + rule.wait_s
        self._rule = rule
        self._digits = ""
        self._is_interrupted = interrupted

    def __repr__(self) -> str:
        return f"<CardEntry {self.state.value}, {len(self._digits)} digits>"

    def feed(self, digit: str, now: float) -> CardStep | None:
        if self.state is not CardState.TYPING:
            return None
        self.deadline = now + self._rule.wait_s
        if digit == self._rule.terminator:
            return self._finish()
        if digit == "*":
            self._digits = ""
        elif digit.isdecimal():
            self._digits += digit
        return self._finish() if len(self._digits) >= self._rule.most else None

    def tick(self, now: float) -> CardStep | None:
        if self.deadline is None or now < self.deadline:
            return None
        is_typing = self.state is CardState.TYPING
        return self.end(CardOutcome.TIMED_OUT if is_typing else CardOutcome.REFUSED)

    def answered(self, *, is_taken: bool) -> CardStep | None:
        """By the server."""
        if self.state is not CardState.CHECKING:
            return None
        return self.end(CardOutcome.TAKEN if is_taken else CardOutcome.REFUSED)

    def end(self, outcome: CardOutcome) -> Over:
        self.state, self.deadline, self._digits = CardState.OVER, None, ""
        return Over(outcome)

    def _finish(self) -> CardStep:
        digits, self._digits = self._digits, ""
        if self._is_interrupted:
            return self.end(CardOutcome.INTERRUPTED)
        if len(digits) < self._rule.least or (self._rule.check and not fits_luhn(digits)):
            return self.end(CardOutcome.WRONG)
        # The port has its own limit, which comes first.
        self.state = CardState.CHECKING
        self.deadline = None if self.deadline is None else self.deadline + self._rule.timeout_s
        return Complete(digits)
