"""Symmetric RTP: whom a leg listens to, whatever its SDP said.

    OPEN ── first valid source ──▶ LOCKED ── new SDP ──▶ OPEN
                                     │ the source that the SDP names, at once
                                     │ another source, after `relock_s` of silence
                                     └──▶ LOCKED on that one

A phone behind NAT sends from another address than its SDP names, so the first source that sends
valid RTP is believed, until the one that was named speaks. Everybody else who sends to the port is
ignored and counted: otherwise anyone who guesses a port could speak into a talk. A phone that sends
from the host it named is behind no NAT, so no other host takes its place, however silent it is; and
when it names another place it has left the one before, whose last packets are still under way then.
"""

from typing import TypeAlias

Source: TypeAlias = tuple[str, int]
"IPv4 address and port."


class SourceLatch:
    """The lock of one leg."""

    __slots__ = ("_left", "_named", "_relock_s", "ignored", "locked")

    def __init__(self, relock_s: float) -> None:
        self._relock_s = relock_s
        self._named: Source | None = None
        self._left: Source | None = None
        "Where the SDP before had named the source that was heard."
        self.locked: Source | None = None
        self.ignored = 0

    def open(self, named: Source | None = None) -> None:
        """New SDP came, which names a source: the next valid one counts."""
        if named != self._named:
            self._left = self.locked if self.locked == self._named else None
        self._named = named
        self.locked = None

    def admits(self, source: Source, now: float, heard_at: float) -> bool:
        """Whether a valid packet of `source` counts; `heard_at` is the locked one's last."""
        if source == self.locked:
            return True
        if self._takes_over(source, now - heard_at >= self._relock_s):
            self.locked = source
            return True
        self.ignored += 1
        return False

    def _takes_over(self, source: Source, is_silent: bool) -> bool:
        if self.locked is None:
            return source != self._left or is_silent
        fitness, locked = self._fitness(source), self._fitness(self.locked)
        return fitness > locked or (is_silent and min(fitness, 1) == min(locked, 1))

    def _fitness(self, source: Source) -> int:
        """2: what the SDP named, 1: another port of that host, 0: anybody."""
        if self._named is None or source[0] != self._named[0]:
            return 0
        return 1 + (source == self._named)
