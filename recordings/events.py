"""Facts about recordings and transcripts; they go to the journal."""

from dataclasses import dataclass
from enum import StrEnum
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


class PauseReason(StrEnum):
    """Why a recording is silent for a while."""

    AGENT = "agent"
    "By the agent's keys, or by the API for him."
    CARD = "card"
    "Card digits are being taken."


@dataclass(frozen=True, slots=True)
class RecordingPaused:
    """Both sides are silence in the file from now on, for this reason; there may be another."""

    recording_id: RecordingId
    call_id: CallId
    why: PauseReason
    by: str
    "User id, agent id, or '' when it follows from something else."


@dataclass(frozen=True, slots=True)
class RecordingResumed:
    """The reason is over; with the last one the file has the voices again."""

    recording_id: RecordingId
    call_id: CallId
    why: PauseReason
    by: str


@dataclass(frozen=True, slots=True)
class RecordingDeclined:
    """The caller has pressed the key that says no: none of his talks in this call is recorded."""

    call_id: CallId
    line: str


class CardOutcome(StrEnum):
    """What became of the digits."""

    TAKEN = "taken"
    "By the server that they are for."
    REFUSED = "refused"
    "It has not taken them, or did not answer."
    WRONG = "wrong"
    "Too few, or they do not fit each other."
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    "Core was started again meanwhile, and some were lost."


@dataclass(frozen=True, slots=True)
class CardEntryStarted:
    """The caller's digits go to the centre and nobody hears him; they are in no fact."""

    call_id: CallId
    agent_id: AgentId
    by: str


@dataclass(frozen=True, slots=True)
class CardEntryEnded:
    """The caller is heard again, and his digits are digits as before."""

    call_id: CallId
    outcome: CardOutcome
    by: str = ""
    "Who cancelled it."


class Hearing(StrEnum):
    """How somebody has a recording's audio."""

    LISTEN = "listen"
    "Piece by piece, as a player asks for it."
    DOWNLOAD = "download"
    "The whole file."


@dataclass(frozen=True, slots=True)
class RecordingHeard:
    """The audit's line, on the disk before the first byte goes out; one for ten minutes of the same
    user, recording and way."""

    recording_id: RecordingId
    by: str
    "User id."
    how: Hearing


@dataclass(frozen=True, slots=True)
class RecordingHeld:
    """A legal hold: nothing deletes this recording until it is released."""

    recording_id: RecordingId
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class RecordingReleased:
    """The legal hold is over."""

    recording_id: RecordingId
    by: str


class DeletedFor(StrEnum):
    RETENTION = "retention"
    "Its queue keeps recordings no longer."
    ERASURE = "erasure"
    "The caller's data was erased."


@dataclass(frozen=True, slots=True)
class RecordingDeleted:
    """Audio, peaks, marks, transcript and what the search knew of it are gone."""

    recording_id: RecordingId
    call_id: CallId
    why: DeletedFor
    by: str
    certificate: str
    "Name of the file in `data/certificates`."


@dataclass(frozen=True, slots=True)
class ShelfTroubled:
    """Archived recordings do not reach the store they are kept in, or too many wait; they are on
    this disk."""

    sentence: str
    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class ShelfMended:
    """They do again; told once after each start of core, too."""


RecordingEvent: TypeAlias = (
    RecordingStarted
    | RecordingEnded
    | RecordingPaused
    | RecordingResumed
    | RecordingDeclined
    | CardEntryStarted
    | CardEntryEnded
    | TranscriptReady
    | TranscriptFailed
    | RecordingHeard
    | RecordingHeld
    | RecordingReleased
    | RecordingDeleted
    | ShelfTroubled
    | ShelfMended
)
