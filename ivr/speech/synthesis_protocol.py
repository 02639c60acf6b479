"""What is said between `synthesis` and its helper process, as msgpack in frames."""

from typing import TypeAlias

import msgspec


class Say(msgspec.Struct, frozen=True):
    """`speed` in words a minute, `pitch` 0 to 99; both as espeak-ng takes them."""

    text: str
    voice: str
    speed: int
    pitch: int


class Spoken(msgspec.Struct, frozen=True, tag=True):
    pcm: bytes
    "8 kHz mono 16-bit."


class Refused(msgspec.Struct, frozen=True, tag=True):
    sentence: str


Answer: TypeAlias = Spoken | Refused
