"""What is wrong now and until when: lines away, agents over their limit, transcripts behind.

Part of the board's fold. Notices tell that something happened; this tells what still holds.
"""

from dataclasses import dataclass

from acd.events import AgentAway, AgentChanged
from foundation.ids import AgentId, RecordingId
from recordings.events import (
    RecordingDeleted,
    RecordingEnded,
    ShelfMended,
    ShelfTroubled,
    TranscriptFailed,
    TranscriptReady,
)
from telephony.lines.events import LineLost, LineRegistered
from telephony.sip.events import TrunkDown, TrunkUp

MOST_UNWRITTEN = 20_000
"Recordings without a transcript that are remembered; a month without a transcriber is no news."


@dataclass(frozen=True, slots=True)
class Away:
    """An agent whose pause has outlasted what its reason allows."""

    reason: str
    away_s: float
    "When it was told."
    at_s: float

    def lasts_s(self, now_s: float) -> float:
        return self.away_s + max(0.0, now_s - self.at_s)


class Troubles:
    def __init__(self) -> None:
        self.down: dict[str, str] = {}
        "`trunk NAME` and `line NUMBER` that take no calls, with what was said of it."
        self.away: dict[AgentId, Away] = {}
        self.shelf_since_s: float | None = None
        "Since when recordings do not reach their store."
        self._unwritten: dict[RecordingId, float] = {}
        "When each recording ended that has no transcript yet, oldest first."

    def transcript_lag_s(self, now_s: float) -> float:
        """Age of the oldest recording that waits for its transcript; 0 when none does."""
        oldest_s = next(iter(self._unwritten.values()), None)
        return 0.0 if oldest_s is None else max(0.0, now_s - oldest_s)

    def shelf_down_s(self, now_s: float) -> float:
        """For how long recordings have not reached their store; 0 when they do."""
        return 0.0 if self.shelf_since_s is None else max(0.0, now_s - self.shelf_since_s)

    def shelf_troubled(self, event: ShelfTroubled, at_s: float) -> None:
        self.shelf_since_s = at_s if self.shelf_since_s is None else self.shelf_since_s

    def shelf_mended(self, event: ShelfMended, at_s: float) -> None:
        self.shelf_since_s = None

    def agent_away(self, event: AgentAway, at_s: float) -> None:
        self.away[event.agent_id] = Away(event.reason, event.away_s, at_s)

    def agent_changed(self, event: AgentChanged, at_s: float) -> None:
        self.away.pop(event.agent_id, None)

    def line_lost(self, event: LineLost, at_s: float) -> None:
        self.down[f"line {event.line}"] = event.sentence

    def line_registered(self, event: LineRegistered, at_s: float) -> None:
        self.down.pop(f"line {event.line}", None)

    def trunk_down(self, event: TrunkDown, at_s: float) -> None:
        self.down[f"trunk {event.trunk}"] = event.reason

    def trunk_up(self, event: TrunkUp, at_s: float) -> None:
        self.down.pop(f"trunk {event.trunk}", None)

    def recording_ended(self, event: RecordingEnded, at_s: float) -> None:
        # An empty one is not written down.
        if event.duration_s > 0:
            self._unwritten[event.recording_id] = at_s
        if len(self._unwritten) > MOST_UNWRITTEN:
            del self._unwritten[next(iter(self._unwritten))]

    def transcript_settled(self, event: TranscriptReady | TranscriptFailed, at_s: float) -> None:
        if isinstance(event, TranscriptReady) or event.final:
            self._unwritten.pop(event.recording_id, None)

    def recording_deleted(self, event: RecordingDeleted, at_s: float) -> None:
        self._unwritten.pop(event.recording_id, None)
