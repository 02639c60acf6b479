"""Core's side of accesses that were refused: the audit has who wanted what in vain.

A page that asks again and again is one line as long as it goes on, as in listening
(`recordings.hearing_desk`); somebody who tries everything is as many lines as things.
"""

from collections.abc import Callable

from callcenter.asks import NoteRefused
from callcenter.events import ActionTaken

ACTION = "access refused"
ONCE_IN_S = 600.0
MOST_KEPT = 10_000
"Beyond it the oldest is forgotten: a line more in the audit."
AUDITED = ("recordings", "tasks", "records", "history", "search", "calls", "inspections")
"Below `/api/v1/`: whatever has voices, words or numbers of callers."
PREFIX = "/api/v1/"


def is_audited(path: str) -> bool:
    return path.startswith(PREFIX) and path.removeprefix(PREFIX).startswith(AUDITED)


class RefusalDesk:
    """Tells who was refused."""

    def __init__(
        self, tell: Callable[[ActionTaken], object], monotonic_s: Callable[[], float]
    ) -> None:
        self._tell = tell
        self._monotonic_s = monotonic_s
        self._told: dict[tuple[str, str], float] = {}
        "When, the oldest first."

    def note(self, ask: NoteRefused) -> None:
        now, key = self._monotonic_s(), (ask.by, ask.what)
        told_at = self._told.pop(key, None)
        if told_at is not None and now - told_at < ONCE_IN_S:
            self._told[key] = told_at
            return
        self._tell(ActionTaken(ask.by, ACTION, target_of(ask.what), f"{ask.what}: {ask.why}"))
        self._told[key] = now
        if len(self._told) > MOST_KEPT:
            del self._told[next(iter(self._told))]


def target_of(what: str) -> str:
    """`r-1` of `GET /api/v1/recordings/r-1/audio`; the path where it is about no one thing."""
    path = what.partition(" ")[2]
    parts = path.removeprefix(PREFIX).split("/")
    return parts[1] if len(parts) > 1 else path
