"""Facts of inspection; they go to the journal, without what was written."""

from dataclasses import dataclass
from typing import TypeAlias

from foundation.ids import AgentId, RecordingId
from recordings.inspection.inspection import InspectionId


@dataclass(frozen=True, slots=True)
class TalksDrawn:
    """Somebody has given so many talks to inspectors."""

    by: str
    how: str
    talks: int


@dataclass(frozen=True, slots=True)
class TalkInspected:
    """An inspector has scored the talk."""

    inspection_id: InspectionId
    recording_id: RecordingId
    agent_id: AgentId
    inspector: str
    score: float


@dataclass(frozen=True, slots=True)
class ScoreAppealed:
    """The agent does not accept the score."""

    inspection_id: InspectionId
    agent_id: AgentId


@dataclass(frozen=True, slots=True)
class AppealSettled:
    """The score stays, or was changed (`upheld`)."""

    inspection_id: InspectionId
    agent_id: AgentId
    by: str
    upheld: bool
    score: float


InspectionEvent: TypeAlias = TalksDrawn | TalkInspected | ScoreAppealed | AppealSettled
