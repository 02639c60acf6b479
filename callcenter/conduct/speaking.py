"""What a flow says: at once where all its sounds are there, after free text was spoken otherwise.

    items ─▶ Prompts.find ─▶ play
                └ None ─▶ Prompts.make, in a task of the call ─▶ play

What cannot be spoken in time is left out: the caller hears the rest, and the flow goes on.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from foundation.ids import CallId
from ivr.speech.spoken import Item


class Prompts(Protocol):
    """`ivr.speech.prompts.Prompts`, or those that are played now."""

    def find(self, items: Sequence[Item], languages: Sequence[str]) -> list[str] | None: ...
    async def make(self, items: Sequence[Item], languages: Sequence[str]) -> list[str]: ...


class Speaking:
    """One sentence at a time for each call."""

    def __init__(self, prompts: Prompts) -> None:
        self._prompts = prompts
        self._tasks: dict[CallId, asyncio.Task[None]] = {}

    def say(
        self,
        call_id: CallId,
        items: Sequence[Item],
        languages: Sequence[str],
        play: Callable[[list[str]], None],
    ) -> None:
        self.stop(call_id)
        files = self._prompts.find(items, languages)
        if files is not None:
            play(files)
            return
        task = asyncio.create_task(self._say(items, languages, play), name=f"say-{call_id}")
        self._tasks[call_id] = task
        task.add_done_callback(lambda done: self._forget(call_id, done))

    def stop(self, call_id: CallId) -> None:
        task = self._tasks.pop(call_id, None)
        if task is not None:
            task.cancel()

    async def close(self) -> None:
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _forget(self, call_id: CallId, task: asyncio.Task[None]) -> None:
        if self._tasks.get(call_id) is task:
            del self._tasks[call_id]

    async def _say(
        self, items: Sequence[Item], languages: Sequence[str], play: Callable[[list[str]], None]
    ) -> None:
        play(await self._prompts.make(items, languages))
