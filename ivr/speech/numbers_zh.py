"""Numbers as Chinese characters, the way people read them aloud.

10 086 一万零八十六      100 001 000 一亿零一千      2 000 两千, but 12 000 一万二千
"""

import re
from collections.abc import Iterator

DIGITS = "零一二三四五六七八九"
_TELEPHONE = "零幺二三四五六七八九"
_PLACES = ("", "十", "百", "千")
MYRIADS = ("", "万", "亿", "万亿")
"Chinese counts in groups of four digits."
MOST = 10 ** (4 * len(MYRIADS))


def say_digits_zh(digits: str) -> str:
    """One character for each digit, as telephone and work numbers are read: 1 is 幺."""
    return "".join(_TELEPHONE[int(digit)] for digit in digits)


def number_zh(number: int) -> str:
    """3 三, 12 十二, 20 二十, 105 一百零五, 20000 两万; too long for a number: its digits."""
    return "".join(number_parts(number))


def counted_zh(number: int) -> str:
    """As before a measure word (小时, 元): 2 is 两."""
    return "两" if number == 2 else number_zh(number)


def ordinal_zh(number: int) -> str:
    return f"第{number_zh(number)}"


def number_parts(number: int) -> Iterator[str]:
    """The same in pieces of a closed set: 0 to 99 and hundreds whole, 一千 … 九千, 两千, 万, 亿."""
    if not abs(number) < MOST:
        yield from (
            ("负", *say_digits_zh(str(-number))) if number < 0 else say_digits_zh(str(number))
        )
    elif number < 0:
        yield "负"
        yield from number_parts(-number)
    elif number == 0:
        yield DIGITS[0]
    else:
        yield from _in_myriads(number)


def _in_myriads(number: int) -> Iterator[str]:
    is_first, is_gap = True, False
    for power in range(len(MYRIADS) - 1, -1, -1):
        group = number // 10 ** (4 * power) % 10_000
        if group == 0:
            is_gap = True
            continue
        if not is_first and (is_gap or group < 1000):
            yield DIGITS[0]
        if is_first and power and group == 2:
            yield "两"
        else:
            yield from _group(group, is_first=is_first)
        if power:
            yield MYRIADS[power]
        is_first, is_gap = False, False


def _group(group: int, *, is_first: bool) -> Iterator[str]:
    """1 to 9999; `is_first`: nothing stands before it, so 10 is 十 and 2000 两千."""
    thousands, hundreds, rest = group // 1000, group // 100 % 10, group % 100
    if thousands:
        yield "两千" if thousands == 2 and is_first else DIGITS[thousands] + "千"
    if hundreds:
        yield DIGITS[hundreds] + "百"
    elif thousands and rest:
        yield DIGITS[0]
    if rest:
        if hundreds and rest < 10:
            yield DIGITS[0]
        yield _below_100(rest, has_one=not is_first or group >= 20)


def _below_100(rest: int, *, has_one: bool) -> str:
    tens, ones = divmod(rest, 10)
    ten = "" if not tens else "十" if tens == 1 and not has_one else DIGITS[tens] + "十"
    return ten + (DIGITS[ones] if ones else "")


def with_numbers_read(text: str) -> str:
    """One or two digits are a number (第3位, 按1); more are told one by one (工号1001)."""

    def read(match: re.Match[str]) -> str:
        digits = match[0]
        if len(digits) > 2 or (digits.startswith("0") and len(digits) > 1):
            return say_digits_zh(digits)
        return number_zh(int(digits))

    return re.sub(r"[0-9]+", read, re.sub(r"(?<=[0-9])\.(?=[0-9])", "点", text))
