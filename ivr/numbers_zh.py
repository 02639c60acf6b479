"""Numbers as Chinese characters, the way people read them aloud."""

import re

DIGITS = "零一二三四五六七八九"
_TELEPHONE = "零幺二三四五六七八九"
_PLACES = ("", "十", "百", "千")


def say_digits_zh(digits: str) -> str:
    """One character for each digit, as telephone and work numbers are read: 1 is 幺."""
    return "".join(_TELEPHONE[int(digit)] for digit in digits)


def number_zh(number: int) -> str:
    """0 to 9999 as a number: 3 三, 12 十二, 20 二十, 105 一百零五."""
    if number == 0:
        return DIGITS[0]
    if not 0 < number < 10_000:
        return say_digits_zh(str(number))
    text, gap = "", False
    for place in range(len(str(number)) - 1, -1, -1):
        digit = number // 10**place % 10
        if digit:
            text += ("零" if gap and text else "") + DIGITS[digit] + _PLACES[place]
        gap = digit == 0
    return text.removeprefix("一") if 10 <= number < 20 else text


def with_numbers_read(text: str) -> str:
    """One or two digits are a number (第3位, 按1); more are told one by one (工号1001)."""

    def read(match: re.Match[str]) -> str:
        digits = match[0]
        if len(digits) > 2 or (digits.startswith("0") and len(digits) > 1):
            return say_digits_zh(digits)
        return number_zh(int(digits))

    return re.sub(r"[0-9]+", read, re.sub(r"(?<=[0-9])\.(?=[0-9])", "点", text))
