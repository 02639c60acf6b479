"""The digits of a card while a caller keys them in a flow, and how they leave it. Pure.

    key ─▶ keyed, and more may come ─▶ `#`, a pause, as many as may be ─▶ fit, wrong, or none at all
                  `*` begins anew                                  └▶ `take`, once

Rule 1: digits are here until they are handed over, and nowhere else in a flow: no variable, fact or
        text has them, and `repr` does not show them.
"""

from enum import Enum

from ivr.language.nodes import Card

TERMINATOR, ANEW = "#", "*"


class Keyed(Enum):
    MORE = "more"
    FITS = "fits"
    WRONG = "wrong"
    NONE = "none"


class CardKeys:
    """Of one caller."""

    def __init__(self) -> None:
        self._digits = ""

    def __repr__(self) -> str:
        return f"<CardKeys, {len(self._digits)} digits>"

    def key(self, node: Card, digit: str) -> Keyed:
        if digit == TERMINATOR:
            return self.end(node)
        self._digits = "" if digit == ANEW else self._digits + digit
        return self.end(node) if len(self._digits) >= node.most else Keyed.MORE

    def end(self, node: Card) -> Keyed:
        """Nothing more comes; what does not fit is forgotten."""
        if not self._digits:
            return Keyed.NONE
        if len(self._digits) >= node.least and (not node.check or fits_luhn(self._digits)):
            return Keyed.FITS
        self.forget()
        return Keyed.WRONG

    def take(self) -> str:
        """To be handed over; gone from here."""
        digits, self._digits = self._digits, ""
        return digits

    def forget(self) -> None:
        self._digits = ""


def fits_luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B: each second digit from the right counts twice."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
