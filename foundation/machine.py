"""The shape of every state machine here, and the one driver that runs them on an event loop.

A machine is pure: `feed(input, now)` and `tick(now)` return effects; `deadline` says when it wants
the next `tick`. It never awaits, sleeps, sends, logs or reads a clock, so tests pass time as a
number. The driver is the shell: it reads the loop's clock, keeps the one timer, performs effects.
"""

import asyncio
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
    """Runs one machine on the running event loop."""

    def __init__(self, machine: Machine[Input, Effect], perform: Callable[[Effect], None]) -> None:
        self._machine = machine
        self._perform = perform
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def feed(self, given: Input) -> None:
        self._do(self._machine.feed(given, self._loop.time()))

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _on_timer(self) -> None:
        # The loop may wake us a clock tick early; the deadline has come all the same.
        now = max(self._machine.deadline or 0.0, self._loop.time())
        self._do(self._machine.tick(now))
        if self._machine.deadline is not None and self._machine.deadline <= now:
            self.close()
            raise StuckMachine(f"{self._machine!r} left its deadline at {self._machine.deadline}")

    def _do(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            self._perform(effect)
        self._rearm()

    def _rearm(self) -> None:
        deadline = self._machine.deadline
        if self._timer is not None:
            if self._timer.when() == deadline:
                return
            self._timer.cancel()
            self._timer = None
        if deadline is not None:
            self._timer = self._loop.call_at(deadline, self._on_timer)
