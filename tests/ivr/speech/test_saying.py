"""Values are read aloud as people read them, in pieces that can be made ahead."""

from datetime import date, time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.speech.saying import CURRENCIES, pieces, text, vocabulary
from ivr.speech.saying_parts import PAUSE, digit_groups, duration_units
from ivr.speech.spoken import Kind, Value


def said(kind: Kind, value: str | Decimal | date | time, currency: str = "CNY") -> tuple[str, str]:
    """In English and in Chinese."""
    both = [text(Value(kind, value), language, currency) for language in ("en", "zh")]
    return both[0], both[1]


@pytest.mark.parametrize(
    ("number", "english", "chinese"),
    [
        ("0", "zero", "零"),
        ("-0", "zero", "零"),
        ("2", "two", "二"),
        ("10", "ten", "十"),
        ("12", "twelve", "十二"),
        ("20", "twenty", "二十"),
        ("22", "twenty-two", "二十二"),
        ("99", "ninety-nine", "九十九"),
        ("100", "one hundred", "一百"),
        ("102", "one hundred and two", "一百零二"),
        ("110", "one hundred and ten", "一百一十"),
        ("200", "two hundred", "二百"),
        ("1001", "one thousand and one", "一千零一"),
        ("1010", "one thousand and ten", "一千零一十"),
        ("2000", "two thousand", "两千"),
        ("2222", "two thousand two hundred and twenty-two", "两千二百二十二"),
        ("10000", "ten thousand", "一万"),
        ("10086", "ten thousand and eighty-six", "一万零八十六"),
        ("12000", "twelve thousand", "一万二千"),
        ("20000", "twenty thousand", "两万"),
        ("22000", "twenty-two thousand", "两万二千"),
        ("100000", "one hundred thousand", "十万"),
        ("101000", "one hundred and one thousand", "十万一千"),
        ("100010", "one hundred thousand and ten", "十万零一十"),
        ("123000", "one hundred and twenty-three thousand", "十二万三千"),
        ("100000000", "one hundred million", "一亿"),
        ("100001000", "one hundred million one thousand", "一亿零一千"),
        ("200000000", "two hundred million", "两亿"),
        ("1000000000000", "one trillion", "一万亿"),
        ("-5", "minus five", "负五"),
        ("-0.5", "minus zero point five", "负零点五"),
        ("3.14", "three point one four", "三点一四"),
        ("12.50", "twelve point five", "十二点五"),
        ("0.05", "zero point zero five", "零点零五"),
        ("2.0", "two", "二"),
    ],
)
def test_number(number: str, english: str, chinese: str) -> None:
    assert said(Kind.NUMBER, Decimal(number)) == (english, chinese)


def test_number_too_long_for_its_words_is_told_digit_by_digit() -> None:
    english, chinese = said(Kind.NUMBER, Decimal(10**18))
    assert english == "one" + " zero" * 18
    assert chinese == "幺" + "零" * 18


@pytest.mark.parametrize(
    ("amount", "currency", "english", "chinese"),
    [
        ("0", "CNY", "zero yuan", "零元"),
        ("2", "CNY", "two yuan", "两元"),
        ("0.5", "CNY", "zero point five yuan", "五角"),
        ("12.5", "CNY", "twelve point five yuan", "十二元五角"),
        ("12.05", "CNY", "twelve point zero five yuan", "十二元零五分"),
        ("2.22", "CNY", "two point two two yuan", "两元两角两分"),
        ("10000", "CNY", "ten thousand yuan", "一万元"),
        ("-3.456", "CNY", "minus three point four six yuan", "负三元四角六分"),
        ("1", "USD", "one dollar", "一美元"),
        ("1.01", "USD", "one dollar and one cent", "一美元一美分"),
        ("2.50", "USD", "two dollars and fifty cents", "两美元五十美分"),
        ("0.02", "USD", "two cents", "两美分"),
        ("0", "USD", "zero dollars", "零美元"),
        ("-1", "EUR", "minus one euro", "负一欧元"),
        ("99.99", "EUR", "ninety-nine euros and ninety-nine cents", "九十九欧元九十九欧分"),
        ("0.005", "EUR", "one cent", "一欧分"),
    ],
)
def test_money(amount: str, currency: str, english: str, chinese: str) -> None:
    assert said(Kind.MONEY, Decimal(amount), currency) == (english, chinese)


@pytest.mark.parametrize(
    ("day", "english", "chinese"),
    [
        (
            date(2026, 11, 28),
            "November twenty-eighth, twenty twenty-six",
            "二零二六年十一月二十八日",
        ),
        (date(2026, 1, 1), "January first, twenty twenty-six", "二零二六年一月一日"),
        (date(2010, 2, 2), "February second, twenty ten", "二零一零年二月二日"),
        (date(2000, 3, 3), "March third, two thousand", "二零零零年三月三日"),
        (date(2005, 5, 12), "May twelfth, two thousand and five", "二零零五年五月十二日"),
        (
            date(1999, 12, 31),
            "December thirty-first, nineteen ninety-nine",
            "一九九九年十二月三十一日",
        ),
        (date(1905, 8, 20), "August twentieth, nineteen oh five", "一九零五年八月二十日"),
        (date(1900, 9, 9), "September ninth, nineteen hundred", "一九零零年九月九日"),
    ],
)
def test_date(day: date, english: str, chinese: str) -> None:
    assert said(Kind.DATE, day) == (english, chinese)


@pytest.mark.parametrize(
    ("moment", "english", "chinese"),
    [
        (time(0), "midnight", "凌晨零点"),
        (time(0, 5), "twelve oh five a.m.", "凌晨零点零五分"),
        (time(2), "two a.m.", "凌晨两点"),
        (time(9), "nine a.m.", "上午九点"),
        (time(12), "noon", "中午十二点"),
        (time(12, 30), "twelve thirty p.m.", "中午十二点三十分"),
        (time(14, 2), "two oh two p.m.", "下午两点零二分"),
        (time(23, 59), "eleven fifty-nine p.m.", "晚上十一点五十九分"),
    ],
)
def test_time_of_the_day(moment: time, english: str, chinese: str) -> None:
    assert said(Kind.TIME, moment) == (english, chinese)


@pytest.mark.parametrize(
    ("digits", "english", "chinese"),
    [
        ("10086", "one zero zero eight six", "幺零零八六"),
        ("13800138000", "one three eight, zero zero one three, eight zero zero zero",
         "幺三八，零零幺三，八零零零"),
        ("211", "two one one", "二幺幺"),
        ("*1#", "star one hash", "星号幺井号"),
    ],
)  # fmt: skip
def test_digits_are_told_one_by_one(digits: str, english: str, chinese: str) -> None:
    assert said(Kind.DIGITS, digits) == (english, chinese)


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [
        ("0", "zero seconds", "零秒"),
        ("1", "one second", "一秒"),
        ("2", "two seconds", "两秒"),
        ("65", "one minute five seconds", "一分钟五秒"),
        ("120", "two minutes", "两分钟"),
        ("3599.6", "one hour", "一小时"),
        ("3900", "one hour five minutes", "一小时五分钟"),
        ("7199", "two hours", "两小时"),
        ("90000", "one day one hour", "一天一小时"),
        ("172800", "two days", "两天"),
        ("-5", "zero seconds", "零秒"),
    ],
)
def test_duration(seconds: str, english: str, chinese: str) -> None:
    assert said(Kind.DURATION, Decimal(seconds)) == (english, chinese)


def test_text_and_languages_without_rules_are_one_piece() -> None:
    assert pieces(Value(Kind.TEXT, "Ms Li"), "en", "CNY") == ("Ms Li",)
    assert pieces(Value(Kind.NUMBER, Decimal("12.5")), "fr", "EUR") == ("12.5",)
    assert vocabulary(Kind.TEXT, "en", "CNY") == vocabulary(Kind.NUMBER, "fr", "CNY") == frozenset()


def test_value_of_another_type_than_its_kind_is_our_fault() -> None:
    with pytest.raises(TypeError, match="a date cannot be 'tomorrow'"):
        pieces(Value(Kind.DATE, "tomorrow"), "en", "CNY")


decimals = st.decimals(-(10**17), 10**17, places=2)
VALUES = st.one_of(
    st.builds(Value, st.just(Kind.NUMBER), decimals),
    st.builds(Value, st.just(Kind.MONEY), decimals),
    st.builds(Value, st.just(Kind.DURATION), decimals),
    st.builds(Value, st.just(Kind.DATE), st.dates()),
    st.builds(Value, st.just(Kind.TIME), st.times()),
    st.builds(Value, st.just(Kind.DIGITS), st.text("0123456789*#", min_size=1, max_size=20)),
)


@given(VALUES, st.sampled_from(["en", "zh"]), st.sampled_from([*CURRENCIES, "JPY"]))
def test_every_piece_that_comes_out_was_known_beforehand(
    value: Value, language: str, currency: str
) -> None:
    known = vocabulary(value.kind, language, currency)
    said = pieces(value, language, currency)
    assert said
    assert set(said) - {PAUSE} <= known


@given(st.text("0123456789", min_size=1, max_size=30))
def test_groups_of_digits_lose_none_and_leave_none_alone(digits: str) -> None:
    groups = digit_groups(digits)
    assert "".join(groups) == digits
    assert len(digits) == 1 or min(map(len, groups)) > 1


@given(st.integers(0, 10**7))
def test_duration_is_right_to_half_its_smaller_unit(seconds: int) -> None:
    lengths = {"day": 86_400, "hour": 3_600, "minute": 60, "second": 1}
    told = sum(count * lengths[unit] for count, unit in duration_units(Decimal(seconds)))
    step = 3_600 if seconds >= 86_400 else 60 if seconds >= 3_600 else 1
    assert 2 * abs(told - seconds) <= step
