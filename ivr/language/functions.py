"""The functions that expressions in flows may call; each total, each with its types."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, TypeAlias

from ivr.language.values import ARITHMETIC, MAX_TEXT, Scalar, Type, number, written

Work: TypeAlias = Callable[[datetime, Sequence[Any]], Scalar]
"The local time now and the arguments, of the types that `takes` says and never None."


@dataclass(frozen=True, slots=True)
class Function:
    takes: tuple[tuple[Type, ...], ...]
    "For each argument the types that it may have."
    gives: Type
    work: Work
    optional: int = 0
    "How many of the last arguments may be left out."
    takes_nothing: bool = False
    "Also called with None; others are None then themselves."

    def problem(self, given: Sequence[Type]) -> str:
        """Why it cannot be called with these; '' when it can."""
        most = len(self.takes)
        least = most - self.optional
        if not least <= len(given) <= most:
            wanted = str(most) if least == most else f"{least} to {most}"
            return f"takes {wanted} argument{'s' if most != 1 else ''}, not {len(given)}"
        for place, (type_, allowed) in enumerate(zip(given, self.takes, strict=False), 1):
            if type_ not in allowed:
                return f"takes a {allowed[0]} as argument {place}, not a {type_}"
        return ""


_TEXT = (Type.TEXT, Type.DIGITS)
_NUMBER = (Type.NUMBER,)
_DATE = (Type.DATE, Type.MOMENT)
_ANY = tuple(Type)


def _round(_: datetime, given: Sequence[Any]) -> Scalar:
    places = int(given[1]) if len(given) > 1 else 0
    if not 0 <= places <= 10:
        return None
    rounded = given[0].quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, ARITHMETIC)
    return rounded if rounded.is_finite() else None


def _day(value: date | datetime) -> date:
    return value.date() if isinstance(value, datetime) else value


def _moment(take: Callable[[datetime], int]) -> Function:
    """Of the time now, or of a moment."""
    work: Work = lambda now, given: Decimal(take(given[0] if given else now))  # noqa: E731
    return Function(((Type.MOMENT,),), Type.NUMBER, work, optional=1)


def _of_date(take: Callable[[date], int]) -> Function:
    work: Work = lambda now, given: Decimal(take(_day(given[0] if given else now)))  # noqa: E731
    return Function((_DATE,), Type.NUMBER, work, optional=1)


FUNCTIONS: Mapping[str, Function] = {
    "len": Function((_TEXT,), Type.NUMBER, lambda _, given: Decimal(len(given[0]))),
    "lower": Function((_TEXT,), Type.TEXT, lambda _, given: given[0].lower()[:MAX_TEXT]),
    "upper": Function((_TEXT,), Type.TEXT, lambda _, given: given[0].upper()[:MAX_TEXT]),
    "trim": Function((_TEXT,), Type.TEXT, lambda _, given: given[0].strip()),
    "starts_with": Function(
        (_TEXT, _TEXT), Type.BOOL, lambda _, given: given[0].startswith(given[1])
    ),
    "ends_with": Function((_TEXT, _TEXT), Type.BOOL, lambda _, given: given[0].endswith(given[1])),
    "contains": Function((_TEXT, _TEXT), Type.BOOL, lambda _, given: given[1] in given[0]),
    "number": Function((_TEXT,), Type.NUMBER, lambda _, given: number(given[0])),
    "text": Function((_ANY,), Type.TEXT, lambda _, given: written(given[0])),
    "digits": Function(
        (_TEXT,),
        Type.DIGITS,
        lambda _, given: "".join(one for one in given[0] if one in "0123456789"),
    ),
    "known": Function(
        (_ANY,), Type.BOOL, lambda _, given: given[0] not in (None, ""), takes_nothing=True
    ),
    "round": Function((_NUMBER, _NUMBER), Type.NUMBER, _round, optional=1),
    "abs": Function((_NUMBER,), Type.NUMBER, lambda _, given: abs(given[0])),
    "min": Function((_NUMBER, _NUMBER), Type.NUMBER, lambda _, given: min(given)),
    "max": Function((_NUMBER, _NUMBER), Type.NUMBER, lambda _, given: max(given)),
    "hour": _moment(lambda at: at.hour),
    "minute": _moment(lambda at: at.minute),
    "weekday": _of_date(lambda day: day.isoweekday()),
    "day": _of_date(lambda day: day.day),
    "month": _of_date(lambda day: day.month),
    "today": Function((), Type.DATE, lambda now, _: now.date()),
    "days_until": Function(
        (_DATE,), Type.NUMBER, lambda now, given: Decimal((_day(given[0]) - now.date()).days)
    ),
}
"By name. `weekday` is 1 for Monday to 7; without an argument times are of now, local."
