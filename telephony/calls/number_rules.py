"""Which numbers outside may be dialled, for what, and by which trunk. Pure.

    number as it was keyed ─▶ E.164 ─▶ the first rule whose pattern fits
                                          ├─ denies, or not for this purpose ─▶ Refusal
                                          └─ allows ─▶ Route: the trunk, the number as it wants it
    no digits, or no rule fits ─▶ Refusal

Rule 1: what no rule allows is not dialled.
Rule 2: the first pattern that fits decides, so emergency and premium numbers are denied on top.
Rule 3: a pattern is compared with the number in E.164 (`+8610…`) and, for short and service
        numbers that have no such form, as it stands. Codes with `*` and `#` fit no pattern.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from telephony.calls.numbers import normalise

NO_RULE = "outbound: no rule"
"Rule of a refusal of a number that no pattern fits."
NO_NUMBER = "outbound: no number"
"Rule of a refusal of what is not digits at all."
_DIALLABLE = re.compile(r"\+?[0-9]{2,20}\Z")


class Purpose(StrEnum):
    """Who wants a number outside dialled."""

    CONSULT = "consult"
    "An agent who talks with a caller: to consult, or to hand the caller over."
    CALLBACK = "callback"
    "The centre itself, to call somebody back."
    FLOWS = "flows"
    "A flow that sends its caller there."
    AGENTS = "agents"
    "An agent's own phone, without a caller."


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberRule:
    """One line of `outbound`."""

    name: str
    match: str
    "A number, or its beginning with a `*` at the end; `*` alone fits all."
    trunk: str = ""
    "Of a trunk or of a group of trunks."
    allow: frozenset[Purpose] = frozenset()
    is_denied: bool = False
    rewrite: str = ""
    "What the trunk is given instead; a `*` at the end stands for what `match`'s stood for."
    show: str = ""
    "The number of ours that the other side sees; '' the trunk's own."

    def fits(self, number: str) -> bool:
        if self.match.endswith("*"):
            return number.startswith(self.match[:-1])
        return number == self.match

    def rewritten(self, number: str) -> str:
        if not self.rewrite.endswith("*"):
            return self.rewrite or number
        return self.rewrite[:-1] + number[len(self.match.removesuffix("*")) :]


@dataclass(frozen=True, slots=True)
class Route:
    """How a number that may be dialled is dialled."""

    rule: str
    trunk: str
    number: str
    "As the trunk wants it."
    show: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """`rule` goes into log, journal and metrics; it never holds the number."""

    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberRules:
    """All of them, in their order."""

    rules: Sequence[NumberRule] = ()
    country_code: str = "86"
    names: frozenset[str] = field(init=False)
    "Every rule that a refusal can name: labels of a metric must be of a fixed set."

    def __post_init__(self) -> None:
        named = {_refusal_name(rule) for rule in self.rules}
        object.__setattr__(self, "names", frozenset({NO_RULE, NO_NUMBER, *named}))

    def decide(self, number: str, purpose: Purpose) -> Route | Refusal:
        """`number`: as it was keyed, with whatever a phone puts between its digits."""
        wanted = normalise(number, self.country_code)
        if not _DIALLABLE.match(wanted):
            return Refusal(NO_NUMBER)
        rule = next((rule for rule in self.rules if rule.fits(wanted)), None)
        if rule is None:
            return Refusal(NO_RULE)
        if rule.is_denied or purpose not in rule.allow:
            return Refusal(_refusal_name(rule))
        return Route(rule.name, rule.trunk, rule.rewritten(wanted), rule.show)


def _refusal_name(rule: NumberRule) -> str:
    return f"outbound: {rule.name}"
