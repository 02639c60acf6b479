"""The first callers of all lineups in the order of service, for agents who suit many of them."""

from bisect import bisect_left, insort
from collections.abc import Set
from operator import itemgetter

from acd.caller import LAST, Place
from acd.lineup import Lineup

_place = itemgetter(0)


class Heads:
    """Lineups in which somebody waits, the most urgent first caller first."""

    def __init__(self) -> None:
        self._heads: list[tuple[Place, Lineup]] = []

    def changed(self, lineup: Lineup, before: Place) -> None:
        """The lineup's first caller was at `before` (`LAST`: there was none)."""
        if lineup.urgency is before:
            return
        if before is not LAST:
            del self._heads[bisect_left(self._heads, before, key=_place)]
        if lineup.urgency is not LAST:
            insort(self._heads, (lineup.urgency, lineup), key=_place)

    def first_of(self, lineups: Set[Lineup]) -> Lineup | None:
        """Whose first caller goes before those of all others of `lineups`."""
        for _, lineup in self._heads:
            if lineup in lineups:
                return lineup
        return None
