"""Many deadlines, one next one: a heap whose outdated entries are thrown away when they surface.

They may not surface for long (a phone that registers again and again, each time for an hour), so
the heap is made anew when most of it is outdated.
"""

import heapq
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
OUTDATED_MIN = 64
"Fewer outdated entries are not worth a new heap."


class Alarms(Generic[Key]):
    """Each key has at most one deadline; setting it again replaces it."""

    def __init__(self) -> None:
        self._at: dict[Key, float] = {}
        self._heap: list[tuple[float, int, Key]] = []
        self._count = 0

    def set(self, key: Key, at: float | None) -> None:
        """`at` None takes the deadline away."""
        if at is None:
            self._at.pop(key, None)
        elif self._at.get(key) != at:
            self._at[key] = at
            self._count += 1
            heapq.heappush(self._heap, (at, self._count, key))
            if len(self._heap) > 2 * len(self._at) + OUTDATED_MIN:
                self._clean()

    def _clean(self) -> None:
        self._heap = [(at, number, key) for number, (key, at) in enumerate(self._at.items())]
        self._count = len(self._heap)
        heapq.heapify(self._heap)

    @property
    def kept(self) -> int:
        """Entries in the heap, outdated ones included: what bounds the memory."""
        return len(self._heap)

    @property
    def next(self) -> float | None:
        while self._heap:
            at, _, key = self._heap[0]
            if self._at.get(key) == at:
                return at
            heapq.heappop(self._heap)
        return None

    def due(self, now: float) -> Iterator[Key]:
        """Keys whose time has come, earliest first; each is forgotten as it is given out."""
        while (at := self.next) is not None and at <= now:
            _, _, key = heapq.heappop(self._heap)
            del self._at[key]
            yield key
