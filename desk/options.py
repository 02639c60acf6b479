"""What becomes a task and until when; filled by `callcenter.configuration.settings`."""

from dataclasses import dataclass, field
from datetime import timedelta

from desk.task import TaskKind


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOptions:
    bad_score: int = 2
    "Who answers a survey with so little or less is followed up; 0: nobody is."
    due: dict[TaskKind, timedelta] = field(
        default_factory=lambda: {
            TaskKind.VOICEMAIL: timedelta(hours=4),
            TaskKind.FOLLOW_UP: timedelta(hours=24),
        }
    )
    "How long after it was opened a task should be done."
