"""What happened in a talk, on the time line of its recording, for whoever plays it.

             open                     close
    (none) ───────▶ OPEN (no to_s) ───────▶ CLOSED
                      └── the recording's end closes what is open

A mark has a number, which stays; it is stored when it begins and again when it ends, so that a kill
in between leaves it open, and `adopt` goes on with it. Times are the recording's own seconds, from
its first sample. Nothing here knows a number of a person's: `party` is an agent's, a supervisor's
phone or a party's id.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from recordings.wav import TAIL_TAG


class MarkKind(StrEnum):
    PAUSE = "pause"
    "The recording was paused: both sides are silent in the file."
    CARD = "card"
    "Card digits were taken; the recording was paused meanwhile."
    HOLD = "hold"
    "`side` has put the other one on hold."
    CONSULTATION = "consultation"
    "The agent speaks with a guest; the caller hears music."
    CONFERENCE = "conference"
    "Caller, agent and guest; the guest is heard on the agent's side."
    SUPERVISOR = "supervisor"
    "Somebody of the house is heard by both, or by the agent alone; not in the file."
    TRANSFER = "transfer"
    "The caller is handed over to `party`; the talk's recording ends with it."


SILENT = frozenset({MarkKind.PAUSE, MarkKind.CARD})


@dataclass(frozen=True, slots=True)
class Mark:
    number: int
    "In its recording, from 1 on."
    kind: MarkKind
    from_s: float
    to_s: float | None = None
    "None: it goes on."
    side: str = ""
    "'caller', 'agent', or '' when it is of both."
    party: str = ""

    @property
    def label(self) -> str:
        return " ".join(word for word in (self.kind.value, self.side, self.party) if word)


class MarkLine:
    """The marks of one recording; gives those that are to be stored."""

    def __init__(self, began_at: float, marks: Iterable[Mark] = ()) -> None:
        """`began_at`: of the recording, on the clock that `now` comes from; `marks`: those that an
        earlier process stored."""
        self._began_at = began_at
        self._marks = list(marks)

    def open(self, kind: MarkKind, now: float, side: str = "", party: str = "") -> list[Mark]:
        """Nothing when the like of it goes on already."""
        if self._find(kind, side, party) is not None:
            return []
        number = max((mark.number for mark in self._marks), default=0) + 1
        mark = Mark(number, kind, self._at_s(now), None, side, party)
        self._marks.append(mark)
        return [mark]

    def close(self, kind: MarkKind, now: float, side: str = "", party: str = "") -> list[Mark]:
        """'' for `party`: whoever's it is."""
        found = self._find(kind, side, party)
        return [] if found is None else [self._close(found, now)]

    def point(self, kind: MarkKind, now: float, party: str = "") -> list[Mark]:
        """Without a length."""
        opened = self.open(kind, now, party=party)
        return [self._close(mark, now) for mark in opened]

    def end(self, now: float) -> list[Mark]:
        return [self._close(mark, now) for mark in self._marks if mark.to_s is None]

    def _find(self, kind: MarkKind, side: str, party: str) -> Mark | None:
        return next(
            (
                mark
                for mark in self._marks
                if mark.to_s is None and mark.kind is kind and mark.side == side
                if not party or mark.party == party
            ),
            None,
        )

    def _close(self, mark: Mark, now: float) -> Mark:
        closed = replace(mark, to_s=max(mark.from_s, self._at_s(now)))
        self._marks[self._marks.index(mark)] = closed
        return closed

    def _at_s(self, now: float) -> float:
        return round(max(0.0, now - self._began_at), 3)


def within(marks: Iterable[Mark], duration_s: float) -> list[Mark]:
    """As they are kept of an ended recording: nothing goes on beyond its end."""
    return [
        replace(
            mark,
            from_s=min(mark.from_s, duration_s),
            to_s=min(duration_s if mark.to_s is None else mark.to_s, duration_s),
        )
        for mark in marks
    ]


# -- in a WAV ------------------------------------------------------------------------------------

_POINT = struct.Struct("<II4sIII")
_REGION = struct.Struct("<II4s4H")


def to_chunks(marks: Iterable[Mark], rate: int) -> bytes:
    """`cue ` with a point for each mark, and `LIST adtl` with its label and length; b'' for none.

    "Multimedia Programming Interface and Data Specifications 1.0", 1991, pages 3-18 to 3-21.
    """
    ended = [mark for mark in marks if mark.to_s is not None]
    if not ended:
        return b""
    points = b"".join(
        _POINT.pack(mark.number, (at := _frame(mark.from_s, rate)), b"data", 0, 0, at)
        for mark in ended
    )
    notes = b"".join(note for mark in ended for note in _notes(mark, rate))
    cue = _chunk(TAIL_TAG, len(ended).to_bytes(4, "little") + points)
    return cue + _chunk(b"LIST", b"adtl" + notes)


def _notes(mark: Mark, rate: int) -> Iterator[bytes]:
    number = mark.number.to_bytes(4, "little")
    yield _chunk(b"labl", number + mark.label.encode("ascii", "replace") + b"\0")
    length = _frame(mark.to_s or mark.from_s, rate) - _frame(mark.from_s, rate)
    yield _chunk(b"ltxt", _REGION.pack(mark.number, length, b"rgn ", 0, 0, 0, 0))


def _frame(at_s: float, rate: int) -> int:
    return round(at_s * rate)


def _chunk(tag: bytes, body: bytes) -> bytes:
    return tag + len(body).to_bytes(4, "little") + body + b"\0" * (len(body) % 2)
