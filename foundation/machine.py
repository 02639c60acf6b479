"""The shape of every state machine here, and the one driver that runs them on an event loop.

A machine is pure: `feed(input, now)` and `tick(now)` return effects; `deadline` says when it wants
the next `tick`. It never awaits, sleeps, sends, logs or reads a clock, so tests pass time as a
number. The driver is the shell: it reads the loop's clock, keeps the one timer, performs effects.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import Generic, Protocol, TypeVar

from foundation.errors import StuckMachine

Input_contra = TypeVar("Input_contra", contravariant=True)
Effect_co = TypeVar("Effect_co", covariant=True)
Input = TypeVar("Input")
Effect = TypeVar("Effect")


class Machine(Protocol[Input_contra, Effect_co]):
    """Inputs and time in, effects out. `now` and `deadline` are seconds of one monotonic clock."""

    @property
    def deadline(self) -> float | None: ...

    def feed(self, given: Input_contra, now: float) -> Iterable[Effect_co]: ...

    def tick(self, now: float) -> Iterable[Effect_co]: ...


class Driver(Generic[Input, Effect]):
    """Runs one machine on the running event loop.

    An effect may lead to another input of the same machine before it has been performed to its
    end; that input waits until all effects before it are done, so effects keep their order.
    """

    def __init__(self, machine: Machine[Input, Effect], perform: Callable[[Effect], None]) -> None:
        self._machine = machine
        self._perform = perform
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._inputs: deque[Input] = deque()
        self._is_working = False
        self._is_closed = False

    def feed(self, given: Input) -> None:
        """Nothing happens when the driver is closed."""
        self._inputs.append(given)
        self._work(())

    def close(self) -> None:
        self._is_closed = True
        self._inputs.clear()
        self._disarm()

    def _on_timer(self) -> None:
        self._timer = None
        # The loop may wake us a clock tick early; the deadline has come all the same.
        now = max(self._machine.deadline or 0.0, self._loop.time())
        self._work(self._machine.tick(now))
        if self._machine.deadline is not None and self._machine.deadline <= now:
            self.close()
            raise StuckMachine(f"{self._machine!r} left its deadline at {self._machine.deadline}")

    def _work(self, effects: Iterable[Effect]) -> None:
        if self._is_working:
            return
        self._is_working = True
        try:
            self._perform_all(effects)
            while self._inputs and not self._is_closed:
                self._perform_all(self._machine.feed(self._inputs.popleft(), self._loop.time()))
        finally:
            self._is_working = False
            self.rearm()

    def _perform_all(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            self._perform(effect)

    def rearm(self) -> None:
        """Heed a deadline that came about otherwise than by `feed` and `tick`."""
        deadline = None if self._is_closed else self._machine.deadline
        if self._timer is not None and self._timer.when() == deadline:
            return
        self._disarm()
        if deadline is not None:
            self._timer = self._loop.call_at(deadline, self._on_timer)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
