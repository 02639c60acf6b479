"""Values in Chinese, as pieces of closed sets: each piece is one sound made ahead.

12.05 CNY        十二 · 元 · 零 · 五 · 分
2026-11-28       二 · 零 · 二 · 六 · 年 · 十一月 · 二十八日
14:02            下午 · 两点 · 零二分
"""

from collections.abc import Iterator
from datetime import date, time
from decimal import ROUND_HALF_UP, Decimal

from ivr.speech import numbers_zh as zh
from ivr.speech.saying_parts import PAUSE, digit_groups, duration_units, fraction_digits

CURRENCIES = {"USD": ("美元", "美分"), "EUR": ("欧元", "欧分")}
UNITS = {"day": "天", "hour": "小时", "minute": "分钟", "second": "秒"}
KEYS = {**{str(at): zh.say_digits_zh(str(at)) for at in range(10)}, "*": "星号", "#": "井号"}
HOURS = {0: "凌晨", 6: "上午", 12: "中午", 13: "下午", 18: "晚上"}
"What the part of the day is called from this hour on."


def number(value: Decimal) -> Iterator[str]:
    if value.is_signed() and value:
        yield "负"
    yield from zh.number_parts(int(abs(value)))
    if digits := fraction_digits(value):
        yield "点"
        yield from (zh.DIGITS[int(digit)] for digit in digits)


def money(value: Decimal, currency: str) -> Iterator[str]:
    """To the hundredth, halves away from zero; an unknown currency is said by its letters."""
    value = value.quantize(Decimal("0.01"), ROUND_HALF_UP)
    if value < 0:
        yield "负"
    whole, hundredths = divmod(int(abs(value) * 100), 100)
    if currency == "CNY":
        yield from _yuan(whole, hundredths)
    elif currency in CURRENCIES:
        yield from _with_cents(whole, hundredths, *CURRENCIES[currency])
    else:
        yield from number(abs(value))
        yield currency


def _yuan(whole: int, hundredths: int) -> Iterator[str]:
    jiao, fen = divmod(hundredths, 10)
    if whole or not hundredths:
        yield from _counted(whole)
        yield "元"
    if jiao:
        yield from _counted(jiao)
        yield "角"
    elif whole and fen:
        yield "零"
    if fen:
        yield from _counted(fen)
        yield "分"


def _with_cents(whole: int, hundredths: int, name: str, cents: str) -> Iterator[str]:
    if whole or not hundredths:
        yield from _counted(whole)
        yield name
    if hundredths:
        yield from _counted(hundredths)
        yield cents


def day(value: date) -> Iterator[str]:
    yield from (zh.DIGITS[int(digit)] for digit in str(value.year))
    yield "年"
    yield f"{zh.number_zh(value.month)}月"
    yield f"{zh.number_zh(value.day)}日"


def clock(value: time) -> Iterator[str]:
    """By the twelve-hour clock with the part of the day, as people say it."""
    yield HOURS[max(hour for hour in HOURS if hour <= value.hour)]
    hour = value.hour - 12 if value.hour > 12 else value.hour
    yield _hour(hour)
    if value.minute:
        yield _minute(value.minute)


def digits(value: str) -> Iterator[str]:
    for at, group in enumerate(digit_groups(value)):
        if at:
            yield PAUSE
        yield from (KEYS[key] for key in group)


def duration(value: Decimal) -> Iterator[str]:
    for count, unit in duration_units(value):
        yield from _counted(count)
        yield UNITS[unit]


def _counted(count: int) -> Iterator[str]:
    if count == 2:
        yield "两"
    else:
        yield from zh.number_parts(count)


def _hour(hour: int) -> str:
    return f"{zh.counted_zh(hour)}点"


def _minute(minute: int) -> str:
    return f"{'零' if minute < 10 else ''}{zh.number_zh(minute)}分"


# -- what the pieces can be ------------------------------------------------------------------------

NUMBERS = frozenset(
    {
        *(zh.number_zh(number) for number in range(100)),
        *(f"一{zh.number_zh(number)}" for number in range(10, 20)),
        *(f"{digit}百" for digit in zh.DIGITS[1:]),
        *(f"{digit}千" for digit in zh.DIGITS[1:]),
        *zh.MYRIADS[1:],
        *("两", "两千", "零", "负", "点", "幺"),
    }
)
DAYS = frozenset(
    {
        *zh.DIGITS,
        "年",
        *(f"{zh.number_zh(month)}月" for month in range(1, 13)),
        *(f"{zh.number_zh(day)}日" for day in range(1, 32)),
    }
)
CLOCK = frozenset({*HOURS.values(), *map(_hour, range(13)), *map(_minute, range(1, 60))})
KEY_NAMES = frozenset({*KEYS.values(), PAUSE})
DURATIONS = frozenset({*UNITS.values()} | NUMBERS)


def money_names(currency: str) -> frozenset[str]:
    names = ("元", "角", "分") if currency == "CNY" else CURRENCIES.get(currency, (currency,))
    return NUMBERS | {*names}
