"""Whether there is room for another caller: measured load first, a count second.

A caller is admitted with two legs, his own and an agent's: whoever is let in must be able to talk.
Agents' legs and requests inside a dialog are never asked about.
"""

from collections.abc import Iterable
from dataclasses import dataclass

LEGS_PER_CALL = 2
BUSY_PER_CALL = 0.0025
"What a bridged and recorded call adds to the busy share, until the next measurement shows it."


@dataclass(slots=True)
class Admission:
    """The gate of one worker."""

    max_legs: int
    busy_limit: float
    late_ticks_limit: int
    busy: float = 0.0
    late_ticks: int = 0
    is_draining: bool = False
    _since_measured: int = 0

    def measured(self, busy: float, late_ticks: int) -> None:
        """Once a second."""
        self.busy = busy
        self.late_ticks = late_ticks
        self._since_measured = 0

    def refusal(self, committed_legs: int) -> str | None:
        """Why there is no room for another call, as a sentence; None: there is."""
        if self.is_draining:
            return "the media worker is about to end and takes no new callers"
        if committed_legs + LEGS_PER_CALL > self.max_legs:
            return f"{committed_legs} of {self.max_legs} legs are in use or reserved"
        busy = self.busy + self._since_measured * BUSY_PER_CALL
        if busy >= self.busy_limit:
            return f"the media worker is {busy:.0%} busy"
        if self.late_ticks > self.late_ticks_limit:
            return f"{self.late_ticks} ticks of the last second came too late"
        return None

    def admitted(self) -> None:
        self._since_measured += 1


def committed_legs(legs: Iterable[tuple[str, bool]]) -> int:
    """Legs that are or must find room; each leg is its call and whether it reserved for two."""
    counts: dict[str, int] = {}
    reserved: set[str] = set()
    for call, is_reserving in legs:
        counts[call] = counts.get(call, 0) + 1
        if is_reserving:
            reserved.add(call)
    return sum(max(n, LEGS_PER_CALL) if call in reserved else n for call, n in counts.items())
