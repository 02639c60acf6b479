"""How many callers came with one matter lately, and how many usually do.

A matter is a queue (`queue:orders`) or what callers chose in a flow (`choice:main/menu/2`). One
cause that drives many callers to the telephone shows here before anybody has heard ten of them.
Part of the board's fold: callers are counted by the minute, for some hours.
"""

from collections.abc import Iterable
from fnmatch import fnmatchcase

from acd.events import CallQueued
from ivr.events import MenuChosen, SpeechSettled

MINUTE_S = 60.0
REMEMBERED_S = 4 * 3600.0
"What `usual` is taken from."
MOST_MATTERS = 500


class Rushes:
    def __init__(self) -> None:
        self._minutes: dict[str, dict[int, int]] = {}
        "Callers of each minute, by matter; who came last is last."
        self._first: int | None = None
        "The first minute in which anything was counted."

    def matters(self, patterns: Iterable[str]) -> list[str]:
        """Those seen lately that one of the patterns names, `queue:*`."""
        wanted = list(patterns)
        return [
            matter
            for matter in self._minutes
            if any(fnmatchcase(matter, pattern) for pattern in wanted)
        ]

    def count(self, matter: str, now_s: float, within_s: float) -> int:
        """Callers within the last `within_s`, to the minute."""
        since = _minute(now_s - within_s)
        counts = self._minutes.get(matter, {})
        return sum(number for minute, number in counts.items() if minute > since)

    def usual(self, matter: str, now_s: float, within_s: float) -> float:
        """Mean of as long a time in the hours before; 0 while that is not known."""
        until = _minute(now_s - within_s)
        since = max(_minute(now_s - REMEMBERED_S), (self._first or until) - 1)
        minutes = until - since
        if minutes * MINUTE_S < within_s:
            return 0.0
        counts = self._minutes.get(matter, {})
        earlier = sum(number for minute, number in counts.items() if since < minute <= until)
        return earlier * within_s / (minutes * MINUTE_S)

    def queued(self, event: CallQueued, at_s: float) -> None:
        self._came(f"queue:{event.queue}", at_s)

    def chosen(self, event: MenuChosen, at_s: float) -> None:
        if event.key:
            self._came(f"choice:{event.flow}/{event.node}/{event.key}", at_s)

    def spoken(self, event: SpeechSettled, at_s: float) -> None:
        if event.choice:
            self._came(f"choice:{event.flow}/{event.node}/{event.choice}", at_s)

    def _came(self, matter: str, at_s: float) -> None:
        minute = _minute(at_s)
        self._first = minute if self._first is None else self._first
        counts = self._minutes.pop(matter, {})
        self._minutes[matter] = counts
        counts[minute] = counts.get(minute, 0) + 1
        while next(iter(counts)) < _minute(at_s - REMEMBERED_S) - 1:
            del counts[next(iter(counts))]
        if len(self._minutes) > MOST_MATTERS:
            del self._minutes[next(iter(self._minutes))]


def _minute(at_s: float) -> int:
    return int(at_s // MINUTE_S)
