"""Symmetric RTP: whom a leg listens to, whatever its SDP said.

    OPEN ── first valid source ──▶ LOCKED ── new SDP ──▶ OPEN
                                     │ another source, after `relock_s` of silence
                                     └──▶ LOCKED on that one

A phone behind NAT sends from another address than its SDP names, so the first source that sends
valid RTP is believed. Everybody else who sends to the port afterwards is ignored and counted:
otherwise anyone who guesses a port could speak into a talk.
"""

from typing import TypeAlias

Source: TypeAlias = tuple[str, int]
"IPv4 address and port."


class SourceLatch:
    """The lock of one leg."""

    __slots__ = ("_relock_s", "ignored", "locked")

    def __init__(self, relock_s: float) -> None:
        self._relock_s = relock_s
        self.locked: Source | None = None
        self.ignored = 0

    def open(self) -> None:
        """New SDP came: the next valid source counts."""
        self.locked = None

    def admits(self, source: Source, now: float, heard_at: float) -> bool:
        """Whether a valid packet of `source` counts; `heard_at` is the locked one's last."""
        if source == self.locked:
            return True
        if self.locked is None or now - heard_at >= self._relock_s:
            self.locked = source
            return True
        self.ignored += 1
        return False
