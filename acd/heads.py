"""The first callers of all lineups in the order of service, for agents who suit many of them."""

from bisect import bisect_left
from collections.abc import Set

from acd.caller import LAST, Place
from acd.lineup import Lineup


class Heads:
    """Lineups in which somebody waits, the most urgent first caller first."""

    def __init__(self) -> None:
        self._places: list[Place] = []
        self._lineups: list[Lineup] = []
        "Side by side with the places."

    def __len__(self) -> int:
        return len(self._places)

    def changed(self, lineup: Lineup, before: Place) -> None:
        """The lineup's first caller was at `before` (`LAST`: there was none)."""
        after = lineup.urgency
        if after is before:
            return
        if before is not LAST:
            at = bisect_left(self._places, before)
            del self._places[at], self._lineups[at]
        if after is not LAST:
            at = bisect_left(self._places, after)
            self._places.insert(at, after)
            self._lineups.insert(at, lineup)

    def first_of(self, lineups: Set[Lineup]) -> Lineup | None:
        """Whose first caller goes before those of all others of `lineups`.

        Who suits k of n lineups finds one after n / k on average; whoever suits few of them should
        rather compare those."""
        for lineup in self._lineups:
            if lineup in lineups:
                return lineup
        return None
