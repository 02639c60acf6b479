"""An event loop whose clock jumps to the next timer: an hour of wrap-up takes milliseconds.

No real sockets and no threads under it: nothing would ever wake it. It says so by a deadlock error
("nothing is scheduled and nothing can happen"), and it fails the test for errors that callbacks or
forgotten tasks would otherwise only log.
"""

import asyncio
import gc
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _JumpingSelector(selectors.DefaultSelector):
    """Polls without waiting; time that would have been waited is added to `now`."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise RuntimeError("deadlock: nothing is scheduled and nothing can happen")
            self.now += max(timeout, 0.0)
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """`time()` starts at 0 and moves only when there is nothing to do."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)
        self.lost_errors: list[str] = []
        self.set_exception_handler(self._note_lost_error)

    def time(self) -> float:
        return self._jumping.now

    def _note_lost_error(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.lost_errors.append(f"{context['message']}: {context.get('exception')!r}")


def run_virtual(main: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run` in virtual time; lost errors fail."""
    loop = VirtualTimeLoop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        result = runner.run(main)
        gc.collect()
    if loop.lost_errors:
        raise AssertionError("errors that nobody awaited: " + "; ".join(loop.lost_errors))
    return result
