"""What is done about tasks by command; the audit's lines of it are the tasks' own events."""

from collections.abc import Callable
from typing import Protocol, assert_never

from callcenter.conduct.callbacks import Callbacks
from callcenter.events import ActionTaken
from desk.service import TaskService
from desk.task import TaskState
from foundation.errors import Conflict, RemoteError
from foundation.ids import CallbackId, PartyId, QueueId, TaskId
from telephony.calls.numbers import ANONYMOUS
from wallboard.commands import CallBackForTask, FinishTask, ReleaseTask, TakeTask, TaskCommand


class Numbers(Protocol):
    def find_number(self, party_id: PartyId) -> str | None: ...


class TaskActions:
    """Raises NotFound or Conflict before anything is done."""

    def __init__(
        self,
        tasks: TaskService,
        callbacks: Callbacks,
        numbers: Numbers,
        tell: Callable[[ActionTaken], None],
    ) -> None:
        self._tasks = tasks
        self._callbacks = callbacks
        self._numbers = numbers
        self._tell = tell

    async def perform(self, command: TaskCommand) -> None:
        task_id = TaskId(command.task_id)
        match command:
            case TakeTask():
                await self._tasks.take(task_id, command.by)
            case ReleaseTask():
                await self._tasks.release(task_id, command.by)
            case FinishTask(note=note):
                await self._tasks.finish(task_id, command.by, note)
            case CallBackForTask():
                await self._call_back(command)
            case _:
                assert_never(command)

    async def _call_back(self, command: CallBackForTask) -> None:
        """The task is taken by who asks, so that nobody else calls, too."""
        task = await self._tasks.get(TaskId(command.task_id))
        queue = QueueId(command.queue or task.queue)
        if not queue:
            raise RemoteError("Say from which queue: the task belongs to none.")
        number = self._numbers.find_number(task.party_id)
        if number is None or number == ANONYMOUS:
            raise Conflict("Nobody knows the caller's number: it was withheld, or is erased.")
        self._callbacks.check(number, queue)
        await self._tasks.take(task.task_id, command.by)
        try:
            self._callbacks.check(number, queue)  # somebody may have asked for it meanwhile
        except RemoteError:
            if task.state is TaskState.OPEN:
                await self._tasks.release(task.task_id, command.by)
            raise
        self._tell(ActionTaken(command.by, "ask callback", command.callback_id, queue))
        self._callbacks.ask(CallbackId(command.callback_id), number, queue)
