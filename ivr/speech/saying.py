"""How a value is read aloud in a language: as pieces, each of them one sound.

    pieces(Value(Kind.MONEY, Decimal("12.50")), "en", "USD")    twelve dollars and fifty cents
    vocabulary(Kind.MONEY, "en", "USD")                         every piece that can come out

The pieces of a kind are few and known beforehand, so their sounds are made ahead and a value is
said without synthesis. Free text, and languages that have no rules here, are one piece each.
"""

from collections.abc import Iterator
from datetime import date, time
from decimal import Decimal
from types import ModuleType

from ivr.speech import saying_en, saying_zh
from ivr.speech.saying_parts import PAUSE
from ivr.speech.spoken import Kind, Value

CURRENCIES = ("CNY", "USD", "EUR")
_RULES: dict[str, ModuleType] = {"en": saying_en, "zh": saying_zh}


def pieces(value: Value, language: str, currency: str) -> tuple[str, ...]:
    rules = _RULES.get(language)
    if rules is None or value.kind is Kind.TEXT:
        return (str(value.value),)
    return tuple(_said(value, rules, currency))


def text(value: Value, language: str, currency: str) -> str:
    """The pieces as one would write them."""
    said = pieces(value, language, currency)
    if language == "zh":
        return "".join("，" if piece == PAUSE else piece for piece in said)
    return " ".join(said).replace(f" {PAUSE}", PAUSE)


def vocabulary(kind: Kind, language: str, currency: str) -> frozenset[str]:
    """Empty where the pieces are not known beforehand."""
    rules = _RULES.get(language)
    if rules is None:
        return frozenset()
    match kind:
        case Kind.NUMBER:
            known = rules.NUMBERS
        case Kind.MONEY:
            known = rules.money_names(currency)
        case Kind.DATE:
            known = rules.DAYS
        case Kind.TIME:
            known = rules.CLOCK
        case Kind.DIGITS:
            known = rules.KEY_NAMES
        case Kind.DURATION:
            known = rules.DURATIONS
        case Kind.TEXT:
            known = frozenset()
    return frozenset(known) - {PAUSE}


def _said(value: Value, rules: ModuleType, currency: str) -> Iterator[str]:
    match value.kind, value.value:
        case Kind.NUMBER, Decimal() as number:
            yield from rules.number(number)
        case Kind.MONEY, Decimal() as amount:
            yield from rules.money(amount, currency)
        case Kind.DURATION, Decimal() as seconds:
            yield from rules.duration(seconds)
        case Kind.DATE, date() as day:
            yield from rules.day(day)
        case Kind.TIME, time() as moment:
            yield from rules.clock(moment)
        case Kind.DIGITS, str() as digits:
            yield from rules.digits(digits)
        case _, other:
            raise TypeError(f"a {value.kind} cannot be {other!r}")
