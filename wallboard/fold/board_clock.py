"""The two clocks of a board: the journal's for durations, the wall's for the calendar day.

The journal's clock is CLOCK_MONOTONIC plus an anchor that core fixed at the boot's first record, so
it leaves the wall clock behind when that is set. Its anchor shows in any record that happens now.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from foundation import clock


class BoardClock(Protocol):
    def heard(self, at_s: float) -> None:
        """A record of `at_s` came in as it happened."""

    def now_s(self) -> float:
        """Now on the journal's clock."""
        ...

    def utc(self) -> datetime: ...


class JournalClock:
    """Learns the journal's clock from live records; until the first it is taken as the wall's."""

    def __init__(
        self,
        monotonic_s: Callable[[], float] = clock.monotonic_s,
        utc: Callable[[], datetime] = clock.utc_now,
    ) -> None:
        self._monotonic_s = monotonic_s
        self._utc = utc
        self._anchor_s: float | None = None

    def heard(self, at_s: float) -> None:
        # A record is told a little after it happened, never before: the largest anchor is nearest.
        anchor_s = at_s - self._monotonic_s()
        self._anchor_s = anchor_s if self._anchor_s is None else max(self._anchor_s, anchor_s)

    def now_s(self) -> float:
        if self._anchor_s is None:
            return self._utc().timestamp()
        return self._anchor_s + self._monotonic_s()

    def utc(self) -> datetime:
        return self._utc()
