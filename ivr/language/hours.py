"""Business hours: is the house open at a moment, and if not, why.

    mon-fri: ["09:00-12:00", "13:00-18:00"]       spans of the day, 24:00 is its end
    sat: ["20:00-02:00"]                          goes on after midnight, until Sunday 02:00
    holidays: [2026-10-01..2026-10-07, 2027-01-01]
    special: {2026-10-10: ["09:00-12:00"]}        instead of the weekday's spans and of holidays

Spans are wall-clock times of the centre's zone: a day of 23 or 25 hours opens and closes when the
clock on the wall says so. A span that goes on after midnight belongs to the day that it began on.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from foundation.errors import RemoteError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTES = 24 * 60
_SPAN = re.compile(r"(\d\d):([0-5]\d)\s*-\s*(\d\d):([0-5]\d)")
_DATE = r"(\d{4}-\d\d-\d\d)"
_RANGE = re.compile(rf"{_DATE}(?:\s*\.\.\s*{_DATE})?")


class HoursError(RemoteError):
    """What is no span, no date or no day of the week."""


class Standing(StrEnum):
    OPEN = "open"
    BREAK = "break"
    "Closed, and open again later on the same day: lunch."
    CLOSED = "closed"
    HOLIDAY = "holiday"


@dataclass(frozen=True, slots=True)
class Span:
    """Minutes of the day it begins on; `end` is above 1440 for what goes on after midnight."""

    begin: int
    end: int

    def holds(self, minute: int) -> bool:
        return self.begin <= minute < self.end


@dataclass(frozen=True, slots=True)
class Hours:
    """One calendar."""

    week: tuple[tuple[Span, ...], ...]
    "Monday first."
    holidays: frozenset[date] = frozenset()
    special: Mapping[date, tuple[Span, ...]] | None = None

    def standing(self, at: datetime) -> Standing:
        """`at` is local; its minutes on the clock are what counts."""
        today, minute = at.date(), at.hour * 60 + at.minute
        own = self._spans(today)
        if any(span.holds(minute) for span in own) or self._from_yesterday(today, minute):
            return Standing.OPEN
        if self._is_holiday(today):
            return Standing.HOLIDAY
        is_between = any(span.end <= minute for span in own) and any(
            minute < span.begin for span in own
        )
        return Standing.BREAK if is_between else Standing.CLOSED

    def _from_yesterday(self, today: date, minute: int) -> bool:
        if today == date.min:
            return False
        return any(span.holds(minute + MINUTES) for span in self._spans(today - timedelta(days=1)))

    def _spans(self, day: date) -> tuple[Span, ...]:
        if self.special and day in self.special:
            return self.special[day]
        return () if day in self.holidays else self.week[day.weekday()]

    def _is_holiday(self, day: date) -> bool:
        return day in self.holidays and not (self.special and day in self.special)


ALWAYS = Hours(((Span(0, MINUTES),),) * 7)


def parse(
    week: Mapping[str, Sequence[str]], holidays: Iterable[str], special: Mapping[str, Sequence[str]]
) -> Hours:
    """HoursError with the offending text."""
    spans: list[tuple[Span, ...]] = [()] * 7
    seen: set[int] = set()
    for name, texts in week.items():
        for day in parse_days(name):
            if day in seen:
                raise HoursError(f"{name!r}: {DAYS[day]} has its hours already")
            seen.add(day)
            spans[day] = parse_spans(texts)
    days = frozenset(day for text in holidays for day in parse_dates(text))
    return Hours(
        tuple(spans),
        days,
        {day: parse_spans(texts) for text, texts in special.items() for day in parse_dates(text)},
    )


def parse_days(text: str) -> Sequence[int]:
    """`mon`, `mon-fri`, `sat-mon`; 0 is Monday."""
    first, dash, last = (part.strip() for part in text.lower().partition("-"))
    if first not in DAYS or (dash and last not in DAYS):
        raise HoursError(f"{text!r} is no day; write mon, or mon-fri")
    begin, end = DAYS.index(first), DAYS.index(last or first)
    count = (end - begin) % 7 + 1
    return [(begin + one) % 7 for one in range(count)]


def parse_spans(texts: Sequence[str]) -> tuple[Span, ...]:
    """In the order of the day; none may overlap."""
    spans = sorted((_span(text) for text in texts), key=lambda span: span.begin)
    for before, after in pairwise(spans):
        if after.begin < before.end:
            raise HoursError(f"{', '.join(texts)}: two spans overlap")
    return tuple(spans)


def _span(text: str) -> Span:
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        raise HoursError(f"{text!r} is no span; write 09:00-12:00")
    begin, end = (int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4]))
    if begin >= MINUTES or end > MINUTES or begin == end:
        raise HoursError(f"{text!r} is no span of a day; 00:00-24:00 is the whole one")
    return Span(begin, end if end > begin else end + MINUTES)


def parse_dates(text: str) -> Sequence[date]:
    """`2026-10-01` or `2026-10-01..2026-10-07`."""
    found = _RANGE.fullmatch(text.strip())
    try:
        if found is None:
            raise ValueError
        first = date.fromisoformat(found[1])
        last = date.fromisoformat(found[2]) if found[2] else first
        count = (last - first).days + 1
        if not 1 <= count <= 400:
            raise ValueError
    except ValueError:
        raise HoursError(
            f"{text!r} is no date; write 2026-10-01 or 2026-10-01..2026-10-07"
        ) from None
    return [first + timedelta(days=one) for one in range(count)]
