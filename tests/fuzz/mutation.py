"""Spoils what is right: a few small changes to one of the seeds, by a random generator's choice."""

import random
from collections.abc import Sequence

WORDS = (
    b"\r\n", b"\r\n\r\n", b"\r\n ", b"\0", b"\xff", b"\xc3\xa9", b"\xe2\x80\xae", b"\\", b"%",
    b"%00",
    b";", b",", b":", b"@", b"<", b">", b'"', b"=", b"*", b"sip:", b"sips:", b"tel:", b"SIP/2.0",
    b";tag=", b";branch=z9hG4bK", b";rport", b"inline:", b"Content-Length: 1", b"[::1]",
    b"-1", b"0", b"4294967295", b"4294967296", b"99999999999999999999", b"1e9",
    b"\x7f\xff\xff\xff", b"\x80\x00", b"\x00\x00\x00\x00",
)  # fmt: skip
MOST_BYTES = 20_000


def mutated(seeds: Sequence[bytes], chance: random.Random) -> bytes:
    data = chance.choice(seeds)
    for _ in range(chance.choice((1, 1, 2, 3, 6))):
        data = chance.choice(CHANGES)(data, seeds, chance)[:MOST_BYTES]
    return data


def _place(data: bytes, chance: random.Random) -> int:
    return chance.randrange(len(data) + 1)


def _span(data: bytes, chance: random.Random) -> tuple[int, int]:
    begin = _place(data, chance)
    return begin, min(len(data), begin + chance.choice((1, 2, 4, 16, 80)))


def _flip(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    begin, end = _span(data, chance)
    return (
        data[:begin]
        + bytes(each ^ 1 << chance.randrange(8) for each in data[begin:end])
        + data[end:]
    )


def _cut(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    begin, end = _span(data, chance)
    return data[:begin] + data[end:]


def _truncate(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    return data[: _place(data, chance)]


def _insert(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    place = _place(data, chance)
    return data[:place] + chance.choice(WORDS) * chance.choice((1, 1, 1, 2, 300)) + data[place:]


def _replace(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    begin, end = _span(data, chance)
    return data[:begin] + chance.choice(WORDS) + data[end:]


def _repeat(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    begin, end = _span(data, chance)
    return data[:end] + data[begin:end] * chance.choice((1, 2, 50)) + data[end:]


def _splice(data: bytes, seeds: Sequence[bytes], chance: random.Random) -> bytes:
    other = chance.choice(seeds)
    return data[: _place(data, chance)] + other[_place(other, chance) :]


def _swap_lines(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    """Headers in another order, twice, or under another name."""
    lines = data.split(b"\r\n")
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    if chance.random() < 0.5:
        lines[one], lines[other] = lines[other], lines[one]
    else:
        lines.insert(one, lines[other].partition(b":")[0] + b":" + lines[one].partition(b":")[2])
    return b"\r\n".join(lines)


CHANGES = (_flip, _cut, _truncate, _insert, _replace, _repeat, _splice, _swap_lines)
