"""The fact that a talk was judged; it goes to the journal."""

from dataclasses import dataclass
from typing import TypeAlias

from foundation.ids import RecordingId


@dataclass(frozen=True, slots=True)
class QualityScored:
    """A talk was judged by a pack of this version; what counted before counts no more."""

    recording_id: RecordingId
    pack: str
    version: str
    score: float
    "100 less the penalties."
    hits: int


QualityEvent: TypeAlias = QualityScored
