"""What lines tell the house."""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class LineRegistered:
    """The PBX that a line is registered at takes calls for us: at first, and after each loss."""

    line: str
    server: str


@dataclass(frozen=True, slots=True)
class LineLost:
    """Callers who dial the line at its PBX do not reach us; it is tried again."""

    line: str
    sentence: str


LineEvent: TypeAlias = LineRegistered | LineLost
