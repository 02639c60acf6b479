"""Numbers as English words, the way people read them aloud: 110 one hundred and ten."""

from collections.abc import Iterator

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEENS = (
    *("ten", "eleven", "twelve", "thirteen", "fourteen"),
    *("fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
THOUSANDS = ("", "thousand", "million", "billion", "trillion")
MOST = 10 ** (3 * len(THOUSANDS))


def say_digits_en(digits: str) -> str:
    return " ".join(DIGITS[int(digit)] for digit in digits)


def number_en(number: int) -> str:
    """Too long for a number: its digits one by one."""
    return " ".join(number_parts(number))


def ordinal_en(number: int) -> str:
    """1 first, 21 twenty-first, 100 one hundredth."""
    text = number_en(number)
    start = max(text.rfind(" "), text.rfind("-")) + 1
    return text[:start] + _ordinal(text[start:])


def below_100(number: int) -> str:
    if number < 20:
        return (*DIGITS, *_TEENS)[number]
    tens, ones = divmod(number, 10)
    return _TENS[tens] + (f"-{DIGITS[ones]}" if ones else "")


def number_parts(number: int) -> Iterator[str]:
    """In pieces of a closed set: 0 to 99 and hundreds whole, "and", "thousand" …, "minus"."""
    if number < 0:
        yield "minus"
        number = -number
    if number >= MOST:
        yield from (DIGITS[int(digit)] for digit in str(number))
    elif number == 0:
        yield DIGITS[0]
    else:
        yield from _in_thousands(number)


def _in_thousands(number: int) -> Iterator[str]:
    for power in range(len(THOUSANDS) - 1, -1, -1):
        group = number // 1000**power % 1000
        if group:
            has_and = power == 0 and number > group and group < 100
            yield from _group(group, has_and=has_and)
            if power:
                yield THOUSANDS[power]


def _group(group: int, *, has_and: bool) -> Iterator[str]:
    hundreds, rest = divmod(group, 100)
    if hundreds:
        yield f"{DIGITS[hundreds]} hundred"
    if rest:
        if hundreds or has_and:
            yield "and"
        yield below_100(rest)


def _ordinal(word: str) -> str:
    if word in _ORDINALS:
        return _ORDINALS[word]
    return f"{word[:-1]}ieth" if word.endswith("y") else f"{word}th"
