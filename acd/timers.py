"""What the floor waits for: many deadlines, of which most are cancelled before they come.

Timers are tuples, which hash faster than anything else; `kind` keeps those of one id apart.
A heap whose dead entries are left where they are until they come up or are the majority.
"""

from collections.abc import Hashable
from heapq import heapify, heappop, heappush
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
    | MaxWait
    | PositionDue
    | RelaxDue
    | RestOver
    | CallbackExpired
    | PromiseAged
)

Key = TypeVar("Key", bound=Hashable)


class Timers(Generic[Key]):
    """One deadline at most for each key; times are seconds of the floor's clock."""

    def __init__(self) -> None:
        self._at: dict[Key, float] = {}
        self._heap: list[tuple[float, int, Key]] = []
        self._number = 0

    def __len__(self) -> int:
        """Entries held, dead ones among them."""
        return len(self._heap)

    @property
    def next_at(self) -> float | None:
        while self._heap and not self._is_alive(self._heap[0]):
            heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def set(self, key: Key, at: float) -> None:
        if self._at.get(key) == at:
            return
        self._at[key] = at
        self._number += 1
        heappush(self._heap, (at, self._number, key))
        if len(self._heap) > 2 * len(self._at) + 64:
            self._bury()

    def is_set(self, key: Key) -> bool:
        return key in self._at

    def cancel(self, key: Key) -> None:
        self._at.pop(key, None)

    def maybe_pop(self, instant: float) -> Key | None:
        """The first that was set for exactly this instant, if one is alive.

        One at a time: what the caller of this does about it may cancel the others.
        """
        if self.next_at != instant:
            return None
        key = heappop(self._heap)[2]
        del self._at[key]
        return key

    def _bury(self) -> None:
        living = self._at.get
        self._heap = [entry for entry in self._heap if living(entry[2]) == entry[0]]
        heapify(self._heap)

    def _is_alive(self, entry: tuple[float, int, Key]) -> bool:
        at, _, key = entry
        return self._at.get(key) == at
