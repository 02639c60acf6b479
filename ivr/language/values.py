"""Types and values of a flow's variables.

A value is never wrong: what cannot be read as its type is None, "nothing". Nothing is equal to
nothing else, in no order with anything, and false; so no caller's input can make a flow fail.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Context, Decimal, InvalidOperation
from enum import StrEnum
from typing import TypeAlias

Scalar: TypeAlias = str | Decimal | bool | date | datetime | None

MAX_TEXT = 1000
"Characters; a longer text is cut."
ARITHMETIC = Context(prec=28, Emax=40, Emin=-40, traps=[])
"What does not fit gives Infinity or NaN, which are nothing; never an exception."
_DIGITS = re.compile(r"[0-9*#]*", re.ASCII)


class Type(StrEnum):
    """What a variable may be declared as, and `MOMENT`, which only the house gives."""

    TEXT = "text"
    NUMBER = "number"
    BOOL = "bool"
    DIGITS = "digits"
    "A text of 0-9, * and #."
    DATE = "date"
    MOMENT = "moment"
    "Date and time of day, local."


EMPTY: Mapping[Type, Scalar] = {
    Type.TEXT: "",
    Type.NUMBER: Decimal(0),
    Type.BOOL: False,
    Type.DIGITS: "",
    Type.DATE: None,
    Type.MOMENT: None,
}
"What a variable without a default begins with, and what nothing becomes when it is assigned."


def number(value: object) -> Decimal | None:
    """Of a text, an int, a float or a Decimal; None for what is no number of sensible size."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        return None
    text = str(value).strip()
    if len(text) > 60:
        return None
    try:
        found = ARITHMETIC.create_decimal(text)
    except (InvalidOperation, ValueError):
        return None
    return found if found.is_finite() else None


def read(kind: Type, raw: object) -> Scalar:
    """A value of outside (YAML, JSON, keys) as the type; None when it is not one."""
    match kind:
        case Type.TEXT:
            return _text(raw)
        case Type.DIGITS:
            text = _text(raw)
            return text if text is not None and _DIGITS.fullmatch(text) else None
        case Type.NUMBER:
            return number(raw)
        case Type.BOOL:
            return raw if isinstance(raw, bool) else None
        case Type.DATE:
            return _date(raw)
        case Type.MOMENT:
            return raw if isinstance(raw, datetime) else None


def _text(raw: object) -> str | None:
    if isinstance(raw, bool) or not isinstance(raw, str | int | float | Decimal):
        return None
    # A number without an end of zeros: 12.50 of JSON is 12.5, 100 stays 100.
    return str(raw)[:MAX_TEXT]


def _date(raw: object) -> date | None:
    if isinstance(raw, datetime):
        return raw.date()
    if isinstance(raw, date):
        return raw
    try:
        return date.fromisoformat(raw[:10]) if isinstance(raw, str) else None
    except ValueError:
        return None


def fits(given: Type, wanted: Type) -> bool:
    """May a value of the one type be assigned to a variable of the other?"""
    return given is wanted or {given, wanted} == {Type.TEXT, Type.DIGITS}


def assigned(kind: Type, value: Scalar) -> Scalar:
    """What a variable of this type holds after the value was assigned."""
    held = read(kind, value)
    return EMPTY[kind] if held is None else held


def written(value: Scalar) -> str:
    """For URLs, JSON, texts and trials."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case Decimal():
            return format(value.normalize(), "f")
        case datetime():
            return value.isoformat(timespec="minutes")
        case _:
            return str(value)
