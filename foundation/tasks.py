"""The task supervisor: every task has an owner, a name and an end.

This is the one file with `except Exception`: whatever the work of others throws is caught, logged
and reported here and nowhere else, and it is decided here what it costs. `contain` and
`contain_async` guard one call of foreign code; `Tasks` owns what runs for long.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from enum import Enum
from typing import ParamSpec, TypeVar

from foundation.errors import CallCentreError

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

RESTART_AFTER_S = (0.0, 0.5, 1.0, 2.0, 5.0)
"Pauses before a restart, the last one for ever; a task that ran `SETTLED_S` begins anew."
SETTLED_S = 60.0
LAST_S = 2.0
"For what is under way at the end of a process: shorter than its parent's patience."


class OnFailure(Enum):
    """What an exception in a task means for the role it runs in."""

    END_ROLE = "end the role"
    RESTART = "restart the task"


def contain(what: str, call: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> bool:
    """Call, log an exception, and go on. True when there was none."""
    try:
        call(*args, **kwargs)
    except Exception:
        log.exception("%s failed; the rest goes on: %r", what, call)
        return False
    return True


def contain_each(what: str, calls: Iterable[Callable[[T], object]], item: T) -> None:
    """`contain` for one item told to many."""
    for call in calls:
        try:
            call(item)
        except Exception:
            log.exception("%s failed; the rest goes on: %r", what, call)


class Crashed(CallCentreError):
    """Foreign code failed in a way nobody planned; the log has the traceback."""


async def contain_async(what: str, awaitable: Awaitable[T]) -> T:
    """Await; planned errors pass, anything else is logged and becomes `Crashed`."""
    try:
        return await awaitable
    except CallCentreError:
        raise
    except Exception as error:
        log.exception("%s failed; the rest goes on", what)
        raise Crashed(f"{what} failed: {type(error).__name__}; see the log") from error


async def to_the_end(work: Coroutine[object, object, T], within_s: float = LAST_S) -> T:
    """Await; whoever is cancelled here waits for `work` before, for `within_s` at most.

    For what is done outside and noted after: cancelled in between, nobody would know of it.
    """
    task = asyncio.create_task(work, name=getattr(work, "__qualname__", None))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task], timeout=within_s)
        if not task.done():
            log.error("%s was cut off: it took more than %g s", task.get_name(), within_s)
        task.cancel()
        [ended] = await asyncio.gather(task, return_exceptions=True)
        if isinstance(ended, Exception):  # nobody waits for it any more
            log.error("%s failed at the end", task.get_name(), exc_info=ended)
        raise


class Tasks:
    """Owns the named tasks of one role.

    `failed` is set to the first exception that must end the role; the role's main waits for
    `wait_failed()` beside its signal handling and then closes.
    """

    def __init__(self, report: Callable[[str], None] | None = None) -> None:
        self._report = report or (lambda sentence: None)
        self._tasks: set[asyncio.Task[None]] = set()
        self._failed: asyncio.Future[BaseException] | None = None

    def start(
        self,
        name: str,
        work: Callable[[], Coroutine[object, object, None]],
        on_failure: OnFailure = OnFailure.END_ROLE,
    ) -> asyncio.Task[None]:
        """Run `work()`; it is called again for a restart. A normal return is a normal end."""
        task = asyncio.create_task(self._supervise(name, work, on_failure), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    @property
    def names(self) -> list[str]:
        return sorted(task.get_name() for task in self._tasks)

    async def wait_failed(self) -> BaseException:
        """Returns when a task has failed that the role can't live without."""
        return await asyncio.shield(self._failure())

    async def close(self) -> None:
        """Cancel what still runs and wait until it has ended."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _failure(self) -> "asyncio.Future[BaseException]":
        if self._failed is None:
            self._failed = asyncio.get_running_loop().create_future()
        return self._failed

    async def _supervise(
        self,
        name: str,
        work: Callable[[], Coroutine[object, object, None]],
        on_failure: OnFailure,
    ) -> None:
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            began_at = loop.time()
            error = await self._run(name, work)
            if error is None:
                return
            if on_failure is OnFailure.END_ROLE:
                self._end_role(error)
                return
            failures = 0 if loop.time() - began_at > SETTLED_S else failures
            await asyncio.sleep(RESTART_AFTER_S[min(failures, len(RESTART_AFTER_S) - 1)])
            failures += 1

    async def _run(
        self, name: str, work: Callable[[], Coroutine[object, object, None]]
    ) -> Exception | None:
        try:
            await work()
        except Exception as error:
            log.exception("task %s failed", name)
            self._report(f"The task {name} failed: {error!r}")
            return error
        return None

    def _end_role(self, error: Exception) -> None:
        failure = self._failure()
        if not failure.done():
            failure.set_result(error)
