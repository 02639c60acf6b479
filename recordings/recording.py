"""The nouns: a recording and its transcript, as values."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from foundation.ids import AgentId, CallId, QueueId, RecordingId
from recordings.recogniser import Word
from telephony.calls.events import Side


class TranscriptState(StrEnum):
    """How far a recording's transcript is. Leases are not stored: see `transcribing.lease`."""

    NONE = "none"
    "The talk goes on, or transcription is switched off."
    QUEUED = "queued"
    READY = "ready"
    FAILED = "failed"
    "Given up; `transcript_problem` says why."


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One talk's stereo file and what is known of it."""

    recording_id: RecordingId
    call_id: CallId
    agent_id: AgentId
    queue: QueueId
    file: str
    "Relative to the recordings' folder."
    started: datetime
    "Aware, UTC."
    languages: tuple[str, str]
    "Of the caller's side and the agent's."
    duration_s: float | None = None
    "None while the talk goes on."
    complete: bool | None = None
    "False when audio is missing (a full disk, a kill); None while the talk goes on."
    transcript: TranscriptState = TranscriptState.NONE
    transcript_problem: str = ""
    attempts: int = 0
    "Leases of the transcription job so far."
    raised_to: int | None = None
    "The job's priority when somebody has set one; None: its queue's."

    @property
    def is_open(self) -> bool:
        return self.complete is None

    @property
    def is_message(self) -> bool:
        """A caller spoke to nobody: there is no agent to be judged."""
        return not self.agent_id


@dataclass(frozen=True, slots=True)
class SideTranscript:
    """What one side said."""

    side: Side
    language: str
    words: tuple[Word, ...]

    @property
    def text(self) -> str:
        """Readable: Chinese words stand together."""
        return ("" if self.language == "zh" else " ").join(word.text for word in self.words)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingFilter:
    """Which recordings are asked for; None means any."""

    call_id: CallId | None = None
    agent_id: AgentId | None = None
    agents: frozenset[AgentId] | None = None
    "One of these; none at all when it is empty."
    queue: QueueId | None = None
    started_from: datetime | None = None
    "Inclusive."
    started_before: datetime | None = None
    "Exclusive."
