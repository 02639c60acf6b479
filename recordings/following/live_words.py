"""What is said in talks, as it goes from the listener to the web role: msgpack in frames on a Unix
stream socket. Whoever connects is told first what there is already, then what comes; nobody asks.

    listener                                   web role
      Began(call_id, side) ────────────────────▶
      Saying(call_id, side, text) ─────────────▶     as it comes; each takes the place of the last
      Said(call_id, side, text, at_s, …) ──────▶     final; the text has punctuation
      Over(call_id, side) ─────────────────────▶     this side is not followed any more

Words are in no journal and no database on this way: the transcript proper is made from the
recording.
"""

from typing import TypeAlias

import msgspec


class _OfSide(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """The class name is the tag."""

    call_id: str
    side: str
    "'caller' or 'agent'."


class Began(_OfSide, frozen=True):
    at_s: float
    "CLOCK_MONOTONIC."


class Saying(_OfSide, frozen=True):
    text: str


class Said(_OfSide, frozen=True):
    text: str
    language: str
    at_s: float
    "CLOCK_MONOTONIC of the first word."
    end_s: float
    "Of the last one."


class Over(_OfSide, frozen=True):
    pass


Told: TypeAlias = Began | Saying | Said | Over
