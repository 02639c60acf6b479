"""The noun: a task as a value, and what may become of it.

           take              finish
    OPEN ───────▶ TAKEN ───────────────▶ DONE
      ▲  release   │                      ▲
      └────────────┘    finish            │
      └───────────────────────────────────┘

What is not drawn is a `Conflict`. Nothing leads back from DONE.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from desk.events import NO_AGENT, NO_RECORDING
from foundation.errors import Conflict
from foundation.ids import AgentId, CallId, PartyId, QueueId, RecordingId, TaskId


class TaskKind(StrEnum):
    VOICEMAIL = "voicemail"
    "A caller has left a message."
    FOLLOW_UP = "follow_up"
    "A caller was not content."


class TaskState(StrEnum):
    OPEN = "open"
    TAKEN = "taken"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    task_id: TaskId
    kind: TaskKind
    call_id: CallId
    party_id: PartyId
    line: str
    queue: QueueId
    "Whose agents may take it; '' everybody's."
    opened: datetime
    due: datetime
    recording_id: RecordingId = NO_RECORDING
    agent_id: AgentId = NO_AGENT
    detail: str = ""
    state: TaskState = TaskState.OPEN
    taken_by: str = ""
    "User id; of a task that is done, who did it."
    changed: datetime | None = None
    "When it was taken, released or done last."
    note: str = ""
    "What came of it, as its doer wrote it."

    def taken(self, by: str, now: datetime) -> "Task":
        """Whoever has it already may take it again."""
        if self.state is TaskState.DONE:
            raise Conflict(f"The task {self.task_id!r} is done.")
        if self.state is TaskState.TAKEN and self.taken_by != by:
            raise Conflict(f"{self.taken_by} has the task {self.task_id!r}.")
        return replace(self, state=TaskState.TAKEN, taken_by=by, changed=now)

    def released(self, now: datetime) -> "Task":
        if self.state is not TaskState.TAKEN:
            raise Conflict(f"Nobody has the task {self.task_id!r}; it is {self.state}.")
        return replace(self, state=TaskState.OPEN, taken_by="", changed=now)

    def done(self, by: str, note: str, now: datetime) -> "Task":
        if self.state is TaskState.DONE:
            raise Conflict(f"The task {self.task_id!r} is done already.")
        return replace(self, state=TaskState.DONE, taken_by=by, note=note, changed=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFilter:
    """Which tasks are asked for; None means any."""

    states: frozenset[TaskState] | None = None
    kind: TaskKind | None = None
    call_id: CallId | None = None
    queues: frozenset[QueueId] | None = None
    "Only of these, or those that `taken_by` has."
    taken_by: str | None = None
