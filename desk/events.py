"""Facts about tasks; they go to the journal. What people note down is not in them."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from foundation.ids import AgentId, CallId, PartyId, QueueId, RecordingId, TaskId

NO_AGENT, NO_RECORDING = AgentId(""), RecordingId("")


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOpened:
    """Somebody should do something. `kind`: 'voicemail' or 'follow_up'."""

    task_id: TaskId
    kind: str
    call_id: CallId
    "That it is about."
    party_id: PartyId
    line: str
    queue: QueueId
    "Whose agents may take it; '' everybody's."
    due: datetime
    recording_id: RecordingId = NO_RECORDING
    "Of a message."
    agent_id: AgentId = NO_AGENT
    "Who talked with the caller."
    detail: str = ""
    "'attitude 1': what was answered; of a message its box."


@dataclass(frozen=True, slots=True)
class TaskTaken:
    """Somebody takes care of it."""

    task_id: TaskId
    by: str
    "User id."


@dataclass(frozen=True, slots=True)
class TaskReleased:
    """Open again, for somebody else."""

    task_id: TaskId
    by: str


@dataclass(frozen=True, slots=True)
class TaskDone:
    """Nothing is to be done any more."""

    task_id: TaskId
    by: str


TaskEvent: TypeAlias = TaskOpened | TaskTaken | TaskReleased | TaskDone
