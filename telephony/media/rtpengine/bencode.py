"""Bencode, the notation of rtpengine's ng protocol: integers, strings, lists, dictionaries.

`parse` is for answers of a program that we may have been pointed at by mistake: whatever it is
given, it gives a value or raises `BencodeMalformed`.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from foundation.errors import RemoteError

Value: TypeAlias = "int | str | list[Value] | dict[str, Value]"
Given: TypeAlias = "int | str | Sequence[Given] | Mapping[str, Given]"

DEEPEST = 32
"Lists within lists; rtpengine's answers have less than ten."
_MOST_DIGITS = 20


class BencodeMalformed(RemoteError):
    """Bytes that are not one bencoded value."""


def encode(value: Given) -> bytes:
    """Keys stay in the order given: rtpengine does not ask for sorted ones."""
    match value:
        case int():
            return b"i%de" % value
        case str():
            data = value.encode()
            return b"%d:%s" % (len(data), data)
        case Mapping():
            pairs = (encode(key) + encode(each) for key, each in value.items())
            return b"d" + b"".join(pairs) + b"e"
        case _:
            return b"l" + b"".join(map(encode, value)) + b"e"


def parse(data: bytes) -> Value:
    """One value and nothing after it; bytes that are not UTF-8 are replaced."""
    value, end = _value(data, 0, 0)
    if end != len(data):
        raise BencodeMalformed(f"{len(data) - end} bytes follow the value")
    return value


def _value(data: bytes, at: int, depth: int) -> tuple[Value, int]:
    if depth > DEEPEST:
        raise BencodeMalformed(f"values are nested deeper than {DEEPEST}")
    match data[at : at + 1]:
        case b"i":
            return _number(data, at + 1, b"e")
        case b"l":
            return _list(data, at + 1, depth)
        case b"d":
            return _dictionary(data, at + 1, depth)
        case _:
            return _text(data, at)


def _number(data: bytes, at: int, end: bytes) -> tuple[int, int]:
    stop = data.find(end, at, at + _MOST_DIGITS + 2)
    digits = data[at:stop] if stop >= 0 else b""
    if not digits.removeprefix(b"-").isdigit():
        raise BencodeMalformed(f"no number at byte {at}: {data[at : at + 20]!r}")
    return int(digits), stop + 1


def _text(data: bytes, at: int) -> tuple[str, int]:
    size, start = _number(data, at, b":")
    if size < 0 or start + size > len(data):
        raise BencodeMalformed(f"a string of {size} bytes at byte {at} of {len(data)}")
    return data[start : start + size].decode("utf-8", "replace"), start + size


def _list(data: bytes, at: int, depth: int) -> tuple[list[Value], int]:
    values = []
    while data[at : at + 1] != b"e":
        value, at = _value(data, at, depth + 1)
        values.append(value)
    return values, at + 1


def _dictionary(data: bytes, at: int, depth: int) -> tuple[dict[str, Value], int]:
    found: dict[str, Value] = {}
    while data[at : at + 1] != b"e":
        key, at = _text(data, at)
        found[key], at = _value(data, at, depth + 1)
    return found, at + 1
