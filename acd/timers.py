"""What the floor waits for: many deadlines, of which most are cancelled before they come.

Timers are tuples, which hash faster than anything else; `kind` keeps those of one id apart.
What is far off lies unsorted beside all that comes in the same second, and leaves no trace when it
is cancelled. Only the first second of all is sorted, when somebody asks what is next: in a heap,
whose dead entries are left where they are until they come up or are the majority.
"""

from collections.abc import Hashable
from heapq import heapify, heappop, heappush
from math import floor
from typing import Generic, NamedTuple, TypeAlias, TypeVar

from foundation.ids import AgentId, CallbackId, CallId


class AgentTime(NamedTuple):
    """The agent's ringing or wrap-up is over."""

    agent_id: AgentId
    kind: str = "agent"


class MaxWait(NamedTuple):
    """The caller has waited `max_wait_s`."""

    call_id: CallId
    kind: str = "wait"


class PositionDue(NamedTuple):
    """The caller is to hear the place in the queue again."""

    call_id: CallId
    kind: str = "position"


class RelaxDue(NamedTuple):
    """The caller has waited so long that less will do."""

    call_id: CallId
    kind: str = "relax"


class ClaimOver(NamedTuple):
    """The agent who was chosen for the caller has not become free in time."""

    call_id: CallId
    kind: str = "claim"


class AwayDue(NamedTuple):
    """The agent's pause has lasted as long as it may, or the grace after that is over."""

    agent_id: AgentId
    kind: str = "away"


class RestOver(NamedTuple):
    """The callback may be dialled from now on."""

    callback_id: CallbackId
    kind: str = "rest"


class CallbackExpired(NamedTuple):
    """The callback has waited `give_up_after_s`."""

    callback_id: CallbackId
    kind: str = "expired"


class PromiseAged(NamedTuple):
    """The callback's promise was told so long ago that it is to be told again."""

    callback_id: CallbackId
    kind: str = "promise"


Timer: TypeAlias = (
    AgentTime
    | AwayDue
    | ClaimOver
    | MaxWait
    | PositionDue
    | RelaxDue
    | RestOver
    | CallbackExpired
    | PromiseAged
)

Key = TypeVar("Key", bound=Hashable)
Stamp: TypeAlias = tuple[float, int]
"When something comes, and the number that tells what was set first."
FARTHEST = 1e12
"""Later deadlines come then: in thirty thousand years."""


class Timers(Generic[Key]):
    """One deadline at most for each key; times are seconds of the floor's clock."""

    def __init__(self) -> None:
        self._stamps: dict[Key, Stamp] = {}
        self._far: dict[int, set[Key]] = {}
        "By the second in which they come."
        self._seconds: list[int] = []
        "A heap of those of `_far`."
        self._near: list[tuple[Stamp, Key]] = []
        "A heap of what was in the first second of all when somebody asked; dead ones among them."
        self._number = 0

    def __len__(self) -> int:
        """What is held, dead entries and empty seconds among it."""
        return len(self._near) + len(self._seconds)

    @property
    def next_at(self) -> float | None:
        near = self._near
        while near and not self._is_alive(near[0]):
            heappop(near)
        while self._seconds and (not near or self._seconds[0] <= near[0][0][0]):
            self._come_near()
        return near[0][0][0] if near else None

    def set(self, key: Key, at: float) -> None:
        at = at if at < FARTHEST else FARTHEST
        if key in self._stamps:
            if self._stamps[key][0] == at:
                return
            self.cancel(key)
        self._number += 1
        self._stamps[key] = (at, self._number)
        second = floor(at)
        if second not in self._far:
            self._begin(second)
        self._far[second].add(key)

    def is_set(self, key: Key) -> bool:
        return key in self._stamps

    def cancel(self, key: Key) -> None:
        stamp = self._stamps.pop(key, None)
        if stamp is not None and (far := self._far.get(floor(stamp[0]))):
            far.discard(key)

    def maybe_pop(self, instant: float) -> Key | None:
        """The first that was set for exactly this instant, if one is alive.

        One at a time: what the caller of this does about it may cancel the others.
        """
        if self.next_at != instant:
            return None
        key = heappop(self._near)[1]
        del self._stamps[key]
        return key

    def _begin(self, second: int) -> None:
        if len(self) > 2 * len(self._stamps) + 64:
            self._bury()
        self._far[second] = set()
        heappush(self._seconds, second)

    def _come_near(self) -> None:
        for key in self._far.pop(heappop(self._seconds)):
            heappush(self._near, (self._stamps[key], key))

    def _bury(self) -> None:
        self._near = [entry for entry in self._near if self._is_alive(entry)]
        heapify(self._near)
        self._far = {second: far for second, far in self._far.items() if far}
        self._seconds = sorted(self._far)

    def _is_alive(self, entry: tuple[Stamp, Key]) -> bool:
        stamp, key = entry
        return self._stamps.get(key) is stamp
