"""Values in English, as pieces of closed sets: each piece is one sound made ahead.

$12.50           twelve · dollars · and · fifty · cents
2026-11-28       november · twenty-eighth · , · twenty · twenty-six
00:05            twelve · oh five · a.m.
"""

from collections.abc import Iterator
from datetime import date, time
from decimal import ROUND_HALF_UP, Decimal

from ivr.speech import numbers_en as en
from ivr.speech.saying_parts import PAUSE, digit_groups, duration_units, fraction_digits

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
CURRENCIES = {
    "USD": ("dollar", "dollars", "cent", "cents"),
    "EUR": ("euro", "euros", "cent", "cents"),
}
"One, more, a hundredth, more of them."
YUAN = "yuan"
UNITS = {"day": "days", "hour": "hours", "minute": "minutes", "second": "seconds"}
KEYS = {**{str(at): word for at, word in enumerate(en.DIGITS)}, "*": "star", "#": "hash"}


def number(value: Decimal) -> Iterator[str]:
    if value.is_signed() and value:
        yield "minus"
    yield from en.number_parts(int(abs(value)))
    if digits := fraction_digits(value):
        yield "point"
        yield from (en.DIGITS[int(digit)] for digit in digits)


def money(value: Decimal, currency: str) -> Iterator[str]:
    """To the hundredth, halves away from zero; an unknown currency is said by its letters."""
    value = value.quantize(Decimal("0.01"), ROUND_HALF_UP)
    if currency not in CURRENCIES:
        yield from number(value)
        yield YUAN if currency == "CNY" else currency
        return
    whole, hundredths = divmod(int(abs(value) * 100), 100)
    one, more, cent, cents = CURRENCIES[currency]
    if value < 0:
        yield "minus"
    if whole or not hundredths:
        yield from en.number_parts(whole)
        yield one if whole == 1 else more
    if whole and hundredths:
        yield "and"
    if hundredths:
        yield en.below_100(hundredths)
        yield cent if hundredths == 1 else cents


def day(value: date) -> Iterator[str]:
    yield MONTHS[value.month - 1]
    yield en.ordinal_en(value.day)
    yield PAUSE
    yield from year(value.year)


def year(value: int) -> Iterator[str]:
    """2026 twenty twenty-six, 1905 nineteen oh five, 2005 two thousand and five."""
    century, rest = divmod(value, 100)
    if (century % 10 == 0 and rest < 10) or century < 10:
        yield from en.number_parts(value)
        return
    yield en.below_100(century)
    yield "hundred" if rest == 0 else _two_digits(rest)


def clock(value: time) -> Iterator[str]:
    """By the twelve-hour clock; 0:00 and 12:00 by their names, which nobody takes amiss."""
    if value.minute == 0 and value.hour % 12 == 0:
        yield "noon" if value.hour else "midnight"
        return
    yield en.below_100(value.hour % 12 or 12)
    if value.minute:
        yield _two_digits(value.minute)
    yield "a.m." if value.hour < 12 else "p.m."


def digits(value: str) -> Iterator[str]:
    for at, group in enumerate(digit_groups(value)):
        if at:
            yield PAUSE
        yield from (KEYS[key] for key in group)


def duration(value: Decimal) -> Iterator[str]:
    for count, unit in duration_units(value):
        yield from en.number_parts(count)
        yield unit if count == 1 else UNITS[unit]


def _two_digits(value: int) -> str:
    return f"oh {en.DIGITS[value]}" if value < 10 else en.below_100(value)


# -- what the pieces can be ------------------------------------------------------------------------

NUMBERS = frozenset(
    {
        *(en.below_100(number) for number in range(100)),
        *(f"{digit} hundred" for digit in en.DIGITS[1:]),
        *en.THOUSANDS[1:],
        *("and", "minus", "point"),
    }
)
DAYS = frozenset(
    {
        *MONTHS,
        *(en.ordinal_en(number) for number in range(1, 32)),
        *(_two_digits(number) for number in range(1, 100)),
        *("hundred", PAUSE),
    }
    | NUMBERS
)
CLOCK = frozenset(
    {*map(_two_digits, range(1, 60)), "zero", "noon", "midnight", "a.m.", "p.m."}
    | {en.below_100(hour) for hour in range(1, 13)}
)
KEY_NAMES = frozenset({*KEYS.values(), PAUSE})
DURATIONS = frozenset({*UNITS, *UNITS.values()} | NUMBERS)


def money_names(currency: str) -> frozenset[str]:
    return NUMBERS | {*CURRENCIES.get(currency, (YUAN if currency == "CNY" else currency,))}
