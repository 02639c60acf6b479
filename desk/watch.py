"""Which facts make a task: a fold over events that says what is to be opened.

    VoicemailLeft ─▶ voicemail           SurveyAnswered, a bad score ─▶ follow_up, one for each call

Pure. It has seen the call's earlier facts (who called, on which line, for which queue); a new core
folds those of the last days first, and opens what the last one did not come to (`missing`).
A task's id follows from what it is about, so that it is opened once whoever opens it.
"""

from dataclasses import dataclass
from datetime import datetime

from acd.events import AgentAnswered, CallQueued
from desk.events import NO_AGENT, TaskOpened
from desk.options import TaskOptions
from desk.task import TaskKind
from foundation.ids import AgentId, CallId, PartyId, QueueId, RecordingId, TaskId
from ivr.events import SurveyAnswered, VoicemailLeft
from telephony.calls.events import CallArrived, CallEnded, CallPlaced

MOST_ENDED = 1000
"A message is closed after its call has ended: so many ended calls are remembered."
NO_QUEUE = QueueId("")
KINDS = (
    CallArrived,
    CallPlaced,
    CallQueued,
    AgentAnswered,
    CallEnded,
    TaskOpened,
    VoicemailLeft,
    SurveyAnswered,
)
"Of all else nothing follows."
MOST_OPENED = 10_000
"Tasks that are not opened twice."


@dataclass(slots=True)
class _Call:
    party_id: PartyId
    line: str
    queue: QueueId
    agent_id: AgentId


class TaskWatch:
    """Of the whole house."""

    def __init__(self, options: TaskOptions) -> None:
        self._options = options
        self._calls: dict[CallId, _Call] = {}
        self._ended: dict[CallId, None] = {}
        self._opened: dict[TaskId, TaskOpened | None] = {}
        "None: it was told that it is open."

    @property
    def missing(self) -> list[TaskOpened]:
        """To be opened, and nobody has told that it was."""
        return [task for task in self._opened.values() if task is not None]

    def on_event(self, event: object, utc: datetime) -> list[TaskOpened]:
        match event:
            case CallArrived(call_id, party_id, line) | CallPlaced(call_id, party_id, line):
                self._calls[call_id] = _Call(party_id, line, NO_QUEUE, NO_AGENT)
            case CallQueued(call_id, queue) if call_id in self._calls:
                self._calls[call_id].queue = queue
            case AgentAnswered(call_id=call_id, agent_id=agent_id) if call_id in self._calls:
                self._calls[call_id].agent_id = agent_id
            case CallEnded(call_id):
                self._end(call_id)
            case TaskOpened(task_id=task_id):
                self._opened[task_id] = None
            case VoicemailLeft():
                return self._open(self._of_message(event, utc))
            case SurveyAnswered(score=score) if 1 <= score <= self._options.bad_score:
                return self._open(self._of_score(event, utc))
        return []

    def _end(self, call_id: CallId) -> None:
        if call_id in self._calls:
            self._ended[call_id] = None
        while len(self._ended) > MOST_ENDED:
            oldest = next(iter(self._ended))
            del self._ended[oldest]
            del self._calls[oldest]

    def _open(self, task: TaskOpened) -> list[TaskOpened]:
        if task.task_id in self._opened:
            return []
        self._opened[task.task_id] = task
        if len(self._opened) > MOST_OPENED:
            del self._opened[next(iter(self._opened))]
        return [task]

    def _of_message(self, left: VoicemailLeft, utc: datetime) -> TaskOpened:
        call = self._call(left.call_id)
        return TaskOpened(
            task_id=TaskId(f"t-{left.voicemail_id}"),
            kind=TaskKind.VOICEMAIL.value,
            call_id=left.call_id,
            party_id=call.party_id,
            line=call.line,
            queue=QueueId(left.queue),
            due=utc + self._options.due[TaskKind.VOICEMAIL],
            recording_id=RecordingId(left.voicemail_id),
            detail=left.box,
        )

    def _of_score(self, answered: SurveyAnswered, utc: datetime) -> TaskOpened:
        call = self._call(answered.call_id)
        return TaskOpened(
            task_id=TaskId(f"t-{answered.call_id}"),
            kind=TaskKind.FOLLOW_UP.value,
            call_id=answered.call_id,
            party_id=call.party_id,
            line=call.line,
            queue=call.queue,
            due=utc + self._options.due[TaskKind.FOLLOW_UP],
            agent_id=AgentId(answered.agent_id) or call.agent_id,
            detail=f"{answered.question} {answered.score}",
        )

    def _call(self, call_id: CallId) -> _Call:
        return self._calls.get(call_id) or _Call(PartyId(""), "", NO_QUEUE, NO_AGENT)
