"""What web asks core to do with inspections (`foundation.ipc`)."""

from dataclasses import dataclass
from datetime import datetime

from foundation.ipc.messages import Request
from recordings.inspection.inspection import Comment, Inspection
from recordings.inspection.sampling import How


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawTalks(Request[list[str]]):
    how: How
    count: int
    inspectors: tuple[str, ...]
    started_from: datetime
    started_before: datetime
    queue: str | None
    agent_id: str | None
    least_s: float
    calibrate: bool
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveTalk(Request[str]):
    recording_id: str
    inspector: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteSheet(Request[Inspection]):
    inspection_id: str
    points: dict[str, float]
    fatal: tuple[str, ...]
    comments: tuple[Comment, ...]
    summary: str
    submit: bool
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealScore(Request[Inspection]):
    inspection_id: str
    text: str
    agent_id: str | None
    "Who the signed-in user is."


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleAppeal(Request[Inspection]):
    inspection_id: str
    answer: str
    points: dict[str, float] | None
    "None: the score stays."
    fatal: tuple[str, ...]
    by: str
