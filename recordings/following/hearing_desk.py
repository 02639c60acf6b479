"""Core's side of listening: no audio goes out before the audit has its line.

A player asks for one recording in many pieces; that is one line as long as it goes on, and another
one when it is heard again later.
"""

from collections.abc import Callable

from foundation.ids import RecordingId
from recordings.events import Hearing, RecordingHeard

ONCE_IN_S = 600.0
MOST_KEPT = 10_000
"Beyond it the oldest is forgotten: a line more in the audit."


class HearingDesk:
    """Tells who hears what."""

    def __init__(
        self, tell: Callable[[RecordingHeard], object], monotonic_s: Callable[[], float]
    ) -> None:
        self._tell = tell
        self._monotonic_s = monotonic_s
        self._told: dict[RecordingHeard, float] = {}
        "When, the oldest first."

    def note(self, recording_id: RecordingId, by: str, how: Hearing) -> None:
        now = self._monotonic_s()
        heard = RecordingHeard(recording_id, by, how)
        told_at = self._told.get(heard)
        if told_at is not None and now - told_at < ONCE_IN_S:
            return
        self._tell(heard)
        self._told.pop(heard, None)
        self._told[heard] = now
        if len(self._told) > MOST_KEPT:
            del self._told[next(iter(self._told))]
