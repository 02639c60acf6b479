"""`/api/v1/tasks`: messages and unhappy callers, until somebody has taken care of them.

Agents and team leads see those of queues that their team serves, those of no queue, and their own;
supervisors and inspectors all. Who sees a task may take it, have its caller called back, hear its
message and say that it is done; who has it, a team lead or a supervisor may put it back.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from desk.store import TaskStore
from desk.task import Task, TaskFilter, TaskKind, TaskState
from foundation.errors import NotAllowed, NotFound
from foundation.ids import AgentId, CallId, QueueId, RecordingId, TaskId, new_callback_id
from foundation.web.api import require_role
from foundation.web.queries import Offset
from foundation.web.users import Role, User
from wallboard.commands import CallBackForTask, FinishTask, ReleaseTask, TakeTask
from wallboard.directory import Directory
from wallboard.screens.document import Document
from wallboard.service import BoardService

SEERS = (Role.SUPERVISOR, Role.TEAM_LEAD, Role.AGENT, Role.INSPECTOR)
DOERS = (Role.SUPERVISOR, Role.TEAM_LEAD, Role.AGENT)
Seer = Annotated[User, Depends(require_role(*SEERS))]
Doer = Annotated[User, Depends(require_role(*DOERS))]


class Said(BaseModel):
    """What a message's caller said, as far as it is written down."""

    state: str
    "'ready', 'queued', 'failed' or 'none'."
    text: str = ""
    language: str = ""
    duration_s: float | None = None


class TaskOut(BaseModel):
    id: str
    kind: TaskKind
    state: TaskState
    call_id: str
    line: str
    queue: str
    agent_id: str
    "Who talked with the caller."
    detail: str
    "The message's box; what was answered."
    opened: datetime
    due: datetime
    is_overdue: bool
    taken_by: str
    changed: datetime | None
    note: str
    recording_id: str
    said: Said | None
    "Of a message."


class TaskPage(BaseModel):
    items: list[TaskOut]
    total: int
    "All that match, on every page."


class WantedTasks(BaseModel):
    """The filters of the list; all given ones must match."""

    state: TaskState | None = None
    "Not given: those that are not done."
    kind: TaskKind | None = None
    call_id: str | None = None
    mine: bool = False
    limit: Annotated[int, Query(ge=1, le=500)] = 100
    offset: Offset = 0


class WantedEnd(BaseModel, extra="forbid"):
    note: str = Field("", max_length=2000)


class WantedCall(BaseModel, extra="forbid"):
    queue: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9_.-]*$")] = ""
    "Whose agent calls; not given: the task's queue."


class Messages:
    """What tasks need of the recordings beside them."""

    def __init__(
        self,
        said: Callable[[RecordingId], Awaitable[Said]],
        audio: Callable[[RecordingId, str, Request], Awaitable[Response]],
    ) -> None:
        """`audio`, for a user, raises NotFound or Conflict where there is none."""
        self.said = said
        self.audio = audio


def task_routes(service: BoardService, store: TaskStore, messages: Messages) -> APIRouter:
    router = APIRouter(prefix="/api/v1/tasks", tags=["tasks"])
    tasks = _Tasks(service, store, messages)
    _to_read(router, tasks)
    _to_do(router, tasks)
    return router


class _Tasks:
    """As one user sees them."""

    def __init__(self, service: BoardService, store: TaskStore, messages: Messages) -> None:
        self.service = service
        self.store = store
        self.messages = messages

    async def seen(self, task_id: str, user: User) -> Task:
        task = await self.store.get(TaskId(task_id))
        if not may_see(self.service.board.directory, user, task):
            raise NotFound(f"There is no task {task_id!r}.")
        return task

    async def told(self, task_id: str) -> TaskOut:
        return await self.out(await self.store.get(TaskId(task_id)))

    async def page(self, wanted: WantedTasks, user: User) -> TaskPage:
        chosen = _filter(wanted, self.service.board.directory, user)
        found, total = await self.store.find(chosen, wanted.limit, wanted.offset)
        return TaskPage(items=[await self.out(task) for task in found], total=total)

    async def out(self, task: Task) -> TaskOut:
        is_done = task.state is TaskState.DONE
        return TaskOut(
            id=task.task_id,
            kind=task.kind,
            state=task.state,
            call_id=task.call_id,
            line=task.line,
            queue=task.queue,
            agent_id=task.agent_id,
            detail=task.detail,
            opened=task.opened,
            due=task.due,
            is_overdue=not is_done and self.service.utc() > task.due,
            taken_by=task.taken_by,
            changed=task.changed,
            note=task.note,
            recording_id=task.recording_id,
            said=await self.messages.said(task.recording_id) if task.recording_id else None,
        )


def _to_read(router: APIRouter, tasks: _Tasks) -> None:
    @router.get("", summary="What is to be done, what is due first comes first")
    async def find(wanted: Annotated[WantedTasks, Query()], user: Seer) -> TaskPage:
        return await tasks.page(wanted, user)

    @router.get("/{task_id}", summary="One task")
    async def one(task_id: str, user: Seer) -> TaskOut:
        return await tasks.out(await tasks.seen(task_id, user))

    @router.get("/{task_id}/audio", summary="The message", response_class=Response)
    async def audio(task_id: str, user: Seer, request: Request) -> Response:
        found = await tasks.seen(task_id, user)
        if not found.recording_id:
            raise NotFound(f"The task {task_id!r} is about no message.")
        return await tasks.messages.audio(found.recording_id, user.user_id, request)


def _to_do(router: APIRouter, tasks: _Tasks) -> None:
    ask = tasks.service.ask

    @router.post("/{task_id}/take", summary="Take care of it")
    async def take(task_id: str, user: Doer) -> TaskOut:
        """409 when somebody else has it, or it is done."""
        await tasks.seen(task_id, user)
        await ask(TakeTask(task_id=task_id, by=user.user_id))
        return await tasks.told(task_id)

    @router.post("/{task_id}/release", summary="Leave it to somebody else")
    async def release(task_id: str, user: Doer) -> TaskOut:
        _check_may_release(user, await tasks.seen(task_id, user))
        await ask(ReleaseTask(task_id=task_id, by=user.user_id))
        return await tasks.told(task_id)

    @router.post("/{task_id}/done", summary="It is done")
    async def done(task_id: str, wanted: WantedEnd, user: Doer) -> TaskOut:
        await tasks.seen(task_id, user)
        await ask(FinishTask(task_id=task_id, note=wanted.note, by=user.user_id))
        return await tasks.told(task_id)

    @router.post("/{task_id}/call-back", summary="Have its caller called back", status_code=201)
    async def call_back(task_id: str, wanted: WantedCall, user: Doer) -> Document:
        """The task is then who asks. 409 when the number is not known, or the caller is to be
        called back from that queue already; 403 when a number rule forbids it."""
        await tasks.seen(task_id, user)
        callback_id = new_callback_id()
        await ask(
            CallBackForTask(
                task_id=task_id, callback_id=callback_id, queue=wanted.queue, by=user.user_id
            )
        )
        return {"id": task_id, "callback_id": callback_id}


def _check_may_release(user: User, task: Task) -> None:
    is_lead = user.may_act_as(Role.SUPERVISOR, Role.TEAM_LEAD)
    if task.taken_by not in ("", user.user_id) and not is_lead:
        raise NotAllowed(f"{task.taken_by} has this task.")


def queues_of(directory: Directory, user: User) -> frozenset[QueueId] | None:
    """Whose tasks the user sees beside his own; None: of all."""
    if user.may_act_as(Role.SUPERVISOR, Role.INSPECTOR):
        return None
    team = directory.agent_card(AgentId(user.agent_id)).team if user.agent_id else ""
    served = {queue for queue, card in directory.queues.items() if team and team in card.teams}
    return frozenset({QueueId(""), *served})


def may_see(directory: Directory, user: User, task: Task) -> bool:
    queues = queues_of(directory, user)
    return queues is None or task.queue in queues or task.taken_by == user.user_id


def _filter(wanted: WantedTasks, directory: Directory, user: User) -> TaskFilter:
    undone = frozenset({TaskState.OPEN, TaskState.TAKEN})
    queues = None if wanted.mine else queues_of(directory, user)
    return TaskFilter(
        states=undone if wanted.state is None else frozenset({wanted.state}),
        kind=wanted.kind,
        call_id=None if wanted.call_id is None else CallId(wanted.call_id),
        queues=queues,
        taken_by=user.user_id if wanted.mine or queues is not None else None,
    )
