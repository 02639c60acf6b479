"""Business hours: lunch, holidays, special days, midnight and the clock's changes."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.language.hours import ALWAYS, Hours, HoursError, Standing, parse

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = parse(
    {"mon-fri": ["09:00-12:00", "13:00-18:00"], "sat": ["20:00-02:00"]},
    ["2026-10-01..2026-10-07", "2027-01-01"],
    {"2026-10-10": ["09:00-12:00"], "2026-10-03": ["10:00-11:00"]},
)


def standing(text: str, hours: Hours = OFFICE, zone: ZoneInfo = SHANGHAI) -> Standing:
    return hours.standing(datetime.fromisoformat(text).replace(tzinfo=zone))


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-10-12T08:59", Standing.CLOSED),
        ("2026-10-12T09:00", Standing.OPEN),
        ("2026-10-12T11:59:59", Standing.OPEN),
        ("2026-10-12T12:00", Standing.BREAK),
        ("2026-10-12T13:00", Standing.OPEN),
        ("2026-10-12T18:00", Standing.CLOSED),
        ("2026-10-01T10:00", Standing.HOLIDAY),
        ("2026-10-07T23:59", Standing.HOLIDAY),
        ("2026-10-08T10:00", Standing.OPEN),
        ("2027-01-01T10:00", Standing.HOLIDAY),
    ],
)
def test_weekday_with_lunch_and_holidays(at: str, expected: Standing) -> None:
    assert standing(at) is expected


def test_special_day_goes_before_weekday_and_holiday() -> None:
    assert standing("2026-10-10T10:00") is Standing.OPEN, "a Saturday with hours of its own"
    assert standing("2026-10-10T21:00") is Standing.CLOSED
    assert standing("2026-10-03T10:30") is Standing.OPEN, "in the holidays"
    assert standing("2026-10-03T12:00") is Standing.CLOSED


def test_span_over_midnight_belongs_to_the_day_it_began_on() -> None:
    assert standing("2026-10-17T23:00") is Standing.OPEN
    assert standing("2026-10-18T01:59") is Standing.OPEN, "Sunday, still Saturday's evening"
    assert standing("2026-10-18T02:00") is Standing.CLOSED
    assert standing("2026-10-17T01:00") is Standing.CLOSED, "Friday has no evening"


def test_night_before_a_holiday_is_served_to_its_end() -> None:
    nights = parse({"mon-sun": ["22:00-06:00"]}, ["2026-05-01"], {})
    assert standing("2026-05-01T05:00", nights) is Standing.OPEN
    assert standing("2026-05-01T22:30", nights) is Standing.HOLIDAY
    assert standing("2026-05-02T05:00", nights) is Standing.CLOSED


def test_hours_are_of_the_clock_on_the_wall_when_it_changes() -> None:
    nights = parse({"mon-sun": ["01:00-04:00"]}, [], {})
    spring = datetime(2026, 3, 29, 0, 59, tzinfo=UTC)  # 01:59 in Berlin; a minute later 03:00
    opens = [spring + timedelta(minutes=one) for one in range(-65, 70)]
    seen = {
        one.astimezone(BERLIN).strftime("%H:%M"): nights.standing(one.astimezone(BERLIN))
        for one in opens
    }
    assert seen["00:59"] is Standing.CLOSED
    assert seen["01:59"] is Standing.OPEN
    assert seen["03:00"] is Standing.OPEN
    assert seen["04:00"] is Standing.CLOSED
    autumn = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # 02:30, and an hour later 02:30 again
    for one in (autumn, autumn + timedelta(hours=1)):
        assert nights.standing(one.astimezone(BERLIN)) is Standing.OPEN


def test_whole_day_and_days_round_the_week() -> None:
    whole = parse({"sat-mon": ["00:00-24:00"]}, [], {})
    assert standing("2026-10-17T00:00", whole) is Standing.OPEN
    assert standing("2026-10-19T23:59", whole) is Standing.OPEN
    assert standing("2026-10-20T00:00", whole) is Standing.CLOSED


@pytest.mark.parametrize(
    ("week", "holidays", "special", "word"),
    [
        ({"mon-fry": []}, [], {}, "no day"),
        ({"mon": ["9-12"]}, [], {}, "no span"),
        ({"mon": ["25:00-26:00"]}, [], {}, "no span"),
        ({"mon": ["09:00-09:00"]}, [], {}, "no span"),
        ({"mon": ["09:00-12:00", "11:00-13:00"]}, [], {}, "overlap"),
        ({"mon-wed": [], "tue": []}, [], {}, "already"),
        ({}, ["2026-02-30"], {}, "no date"),
        ({}, ["2026-10-07..2026-10-01"], {}, "no date"),
        ({}, ["2026-01-01..2099-01-01"], {}, "no date"),
        ({}, [], {"tomorrow": []}, "no date"),
    ],
)
def test_what_is_no_calendar_is_told(
    week: dict[str, list[str]], holidays: list[str], special: dict[str, list[str]], word: str
) -> None:
    with pytest.raises(HoursError, match=word):
        parse(week, holidays, special)


@given(st.datetimes(timezones=st.sampled_from([SHANGHAI, BERLIN, ZoneInfo("America/New_York")])))
def test_any_moment_has_a_standing(at: datetime) -> None:
    assert OFFICE.standing(at) in Standing
    assert ALWAYS.standing(at) is Standing.OPEN


@given(st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2027, 12, 31)))  # noqa: DTZ001
def test_open_is_what_a_day_by_hand_says(at: datetime) -> None:
    """Against the plain way: the minutes of each day, written down one by one."""
    minutes: set[datetime] = set()
    for back in (1, 0):
        day = at.date() - timedelta(days=back)
        for begin, end in by_hand(day):
            start = datetime.combine(day, datetime.min.time())
            minutes |= {start + timedelta(minutes=one) for one in range(begin, end)}
    is_open = at.replace(second=0, microsecond=0) in minutes
    assert (OFFICE.standing(at.replace(tzinfo=SHANGHAI)) is Standing.OPEN) is is_open


def by_hand(day: date) -> list[tuple[int, int]]:
    if day == date(2026, 10, 10):
        return [(540, 720)]
    if day == date(2026, 10, 3):
        return [(600, 660)]
    if date(2026, 10, 1) <= day <= date(2026, 10, 7) or day == date(2027, 1, 1):
        return []
    if day.weekday() < 5:
        return [(540, 720), (780, 1080)]
    return [(1200, 1560)] if day.weekday() == 5 else []


@given(st.text("0123456789:-., montuewdfrisa", max_size=25))
def test_fuzz_any_text_is_a_calendar_or_an_error(text: str) -> None:
    with suppress(HoursError):
        parse({text: [text]}, [text], {text: [text]})
    with suppress(HoursError):
        parse({"mon": [text]}, [], {})
    with suppress(HoursError):
        parse({}, [text], {})
