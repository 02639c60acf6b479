"""Facts about recordings and transcripts; they go to the journal."""

from dataclasses import dataclass
from typing import TypeAlias

from foundation.ids import AgentId, CallId, QueueId, RecordingId


@dataclass(frozen=True, slots=True)
class RecordingStarted:
    """One stereo WAV for one talk: left the caller, right the agent."""

    recording_id: RecordingId
    call_id: CallId
    agent_id: AgentId
    queue: QueueId
    file: str
    "Relative to the recordings' folder."
    languages: tuple[str, str]
    """Of the caller's side and the agent's: which model transcribes each, 'en' or 'zh'; 'en|zh'
    when the transcriber must find out which of them was spoken."""


@dataclass(frozen=True, slots=True)
class RecordingEnded:
    """The file is closed and repaired; `complete` is False when audio is missing (disk, kill)."""

    recording_id: RecordingId
    duration_s: float
    complete: bool


@dataclass(frozen=True, slots=True)
class TranscriptReady:
    """Both sides are written down; `words` is how many."""

    recording_id: RecordingId
    words: int


@dataclass(frozen=True, slots=True)
class TranscriptFailed:
    """Will be tried again unless `final`."""

    recording_id: RecordingId
    sentence: str
    final: bool


RecordingEvent: TypeAlias = RecordingStarted | RecordingEnded | TranscriptReady | TranscriptFailed
