"""What reading aloud has in common in all languages: groups of digits, units of time."""

from decimal import ROUND_HALF_UP, Decimal

PAUSE = ","
"A piece that is a short silence."

MOST_FRACTION_DIGITS = 6
_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
_GROUPS = {7: (3, 4), 8: (4, 4), 10: (3, 3, 4), 11: (3, 4, 4)}
"How telephone numbers of some lengths are read; other rows of digits go in threes."


def fraction_digits(value: Decimal) -> str:
    """Behind the point, without zeros at the end."""
    fraction = abs(value) % 1
    return f"{fraction:.{MOST_FRACTION_DIGITS}f}"[2:].rstrip("0")


def digit_groups(digits: str) -> list[str]:
    """138 0013 8000; up to five digits stay together, and no group has one digit only."""
    sizes = _GROUPS.get(len(digits)) or _threes(len(digits))
    groups, at = [], 0
    for size in sizes:
        groups.append(digits[at : at + size])
        at += size
    return groups


def duration_units(seconds: Decimal) -> list[tuple[int, str]]:
    """Its two largest units, rounded to the smaller of them: 3 900 s are 1 hour, 5 minutes."""
    whole = max(int(seconds.to_integral_value(ROUND_HALF_UP)), 0)
    step = next((below for above, below in ((86_400, 3_600), (3_600, 60)) if whole >= above), 1)
    whole = (2 * whole + step) // (2 * step) * step
    found = []
    for unit, length in _UNITS:
        count, whole = divmod(whole, length)
        if count:
            found.append((count, unit))
    return found or [(0, "second")]


def _threes(count: int) -> list[int]:
    if count <= 5:
        return [count] if count else []
    threes, rest = divmod(count, 3)
    return [3] * (threes - 1) + [4] if rest == 1 else [3] * threes + [2] * (rest == 2)
