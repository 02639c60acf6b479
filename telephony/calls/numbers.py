"""Telephone numbers in one form, E.164, so that a caller is the same caller on every trunk."""

import re
from functools import lru_cache

ANONYMOUS = "anonymous"
"What stands for a caller who withholds the number."

MAX_LENGTH = 64
"E.164 needs 16 characters; names of softphones are longer."

_SEPARATORS = re.compile(r"[\s().\-/]+")
_WITHHELD = {"", "anonymous", "unavailable", "unknown", "restricted", "asserted"}


@lru_cache(maxsize=256)
def normalise(raw: str, country_code: str) -> str:
    """`raw` (the user part of From or P-Asserted-Identity) as E.164 with '+'.

    `0086…` and `+86…` are international, a leading `0` is national, `anonymous` and its kin become
    ANONYMOUS. Short numbers and names (extensions, softphone users) stay as they are: they have no
    E.164 form. What a stranger sends is cut to `MAX_LENGTH` printable characters: it is kept.
    The latest are known by heart, for each step of a call may ask for its caller's.
    """
    number = _SEPARATORS.sub("", raw.split(";", 1)[0]).lower()
    number = "".join(filter(str.isprintable, number))[:MAX_LENGTH]
    if number in _WITHHELD:
        return ANONYMOUS
    digits = number.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()):
        return number
    if number.startswith("+"):
        return number
    if number.startswith("00") and len(number) > 9:
        return "+" + number[2:]
    if number.startswith("0") and len(number) > 6:
        return f"+{country_code}{number[1:]}"
    if number.startswith(country_code) and len(number) >= 11 + len(country_code):
        return "+" + number
    # A Chinese mobile number in national form has eleven digits and starts with 1.
    if country_code == "86" and len(number) == 11 and number.startswith("1"):
        return "+86" + number
    return number
