"""When the media loop sleeps a moment before it looks for packets.

With many calls a packet comes every few dozen microseconds. Waking for each costs more than the
packet; after a nap there are several, and the waking is paid once.

Rule: who is behind never naps. What is left after a full look would otherwise wait for the next
one, and a loop that naps after each is full long before its processor is.
"""

from dataclasses import dataclass

NAP_S = 0.001
"What it adds to the delay of a packet at most."
MANY_PACKETS = 2000
"A second; from so many on a nap finds more than one."
MOST_READY = 64
"Descriptors of one look, after which the clock is read again: a millisecond's work."


@dataclass(slots=True)
class Naps:
    """Pure: told what came, it says how long to sleep."""

    _are_worth_it: bool = False
    _is_behind: bool = False
    _packets: int = 0

    def before(self, wait_s: float) -> float:
        """How long to sleep, when nothing else is due within `wait_s`."""
        return NAP_S if self._are_worth_it and not self._is_behind and wait_s > NAP_S else 0.0

    def found(self, ready: int) -> None:
        """So many descriptors by one look."""
        self._is_behind = ready >= MOST_READY
        self._packets += ready

    def taken_by_c(self, packets: int) -> None:
        """One descriptor stands for all of them."""
        self._packets += packets

    def measured(self, seconds: float) -> None:
        """So much time has passed since the last call."""
        self._are_worth_it = self._packets > MANY_PACKETS * seconds
        self._packets = 0
