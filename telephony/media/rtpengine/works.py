"""Verbs that need rtpengine's answers, each a generator; of one call one after the other.

    begin ──▶ next in its call? ──▶ runs until it yields a command ──▶ waits for the reply ──┐
                                       ▲─────────────────────────────────────────────────────┘
                                       └─ returns: told to `on_end`, the next of the call begins

Offer and answer are two commands to rtpengine: another verb of the same call in between would find
half of a change. Verbs of different calls do not wait for each other.
"""

from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from telephony.media.rtpengine.ng import Command, Reply

Result = TypeVar("Result")
Work: TypeAlias = Generator[Command, Reply, Result]
Send: TypeAlias = Callable[[Command], str]
"Gives the cookie of the reply."


@dataclass(slots=True)
class _Begun(Generic[Result]):
    call: str
    work: Work[Result]
    on_end: Callable[[Result], None]


class Works(Generic[Result]):
    """All that is under way, by call and by the cookie of the reply that is waited for."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._queues: dict[str, deque[_Begun[Result]]] = {}
        self._by_cookie: dict[str, _Begun[Result]] = {}
        self._waiting: list[tuple[set[int], Callable[[], None]]] = []

    def begin(self, call: str, work: Work[Result], on_end: Callable[[Result], None]) -> None:
        queue = self._queues.setdefault(call, deque())
        queue.append(_Begun(call, work, on_end))
        if len(queue) == 1:
            self._run(queue)

    def settle(self, cookie: str, reply: Reply) -> None:
        begun = self._by_cookie.pop(cookie, None)
        if begun is None:
            return
        self._run(self._queues[begun.call], reply)

    def after_all(self, do: Callable[[], None]) -> None:
        """As soon as everything that has begun until now has ended; maybe at once."""
        under_way = {id(begun) for queue in self._queues.values() for begun in queue}
        if under_way:
            self._waiting.append((under_way, do))
        else:
            do()

    def is_busy(self, call: str) -> bool:
        return call in self._queues

    def _run(self, queue: deque[_Begun[Result]], reply: Reply | None = None) -> None:
        """Go on with the first; at its end, be it by a fault, with the next."""
        begun = queue[0]
        command: Command | None = None
        try:
            command = next(begun.work) if reply is None else begun.work.send(reply)
        except StopIteration as stop:
            begun.on_end(stop.value)
        finally:
            if command is None:
                self._end(queue)
                if queue:
                    self._run(queue)
        if command is not None:
            self._by_cookie[self._send(command)] = begun

    def _end(self, queue: deque[_Begun[Result]]) -> None:
        ended = queue.popleft()
        if not queue:
            del self._queues[ended.call]
        for under_way, _ in self._waiting:
            under_way.discard(id(ended))
        due = [do for under_way, do in self._waiting if not under_way]
        self._waiting = [each for each in self._waiting if each[0]]
        for do in due:
            do()
