"""How an agent's shift was spent: what strategies by occupancy, calls and allocation look at.

Busy is ringing, talking and wrap-up; free is READY. Pauses count as neither, so that a meal does
not make anybody look idle. Kept from sign-in to sign-out; all times are seconds.
"""

from collections import defaultdict

from acd.events import AgentState
from foundation.ids import QueueId

OFF, READY, TALKING = AgentState.OFF, AgentState.READY, AgentState.TALKING
BUSY = frozenset({AgentState.RINGING, TALKING, AgentState.WRAP_UP})


class WorkTime:
    """One agent's; `enter` is told each change of state."""

    def __init__(self) -> None:
        self.calls = 0
        "Answered since sign-in."
        self.last_offer = 0
        "Number of the floor's offer that this agent had last; 0: none yet."
        self._state = AgentState.OFF
        self._queue: QueueId | None = None
        self._since = 0.0
        self._busy_s = 0.0
        self._free_s = 0.0
        self._queue_s: defaultdict[QueueId, float] = defaultdict(float)

    def enter(self, state: AgentState, queue: QueueId | None, at: float) -> None:
        """`queue`: whose call it is that the agent is busy with."""
        before = self._state
        if state is before and queue == self._queue:
            return
        lasted_s = at - self._since
        if before in BUSY:
            self._busy_s += lasted_s
            if self._queue is not None:
                self._queue_s[self._queue] += lasted_s
        elif before is READY:
            self._free_s += lasted_s
        if before is OFF:
            self._start()
        if state is TALKING and before is not TALKING:
            self.calls += 1
        self._state, self._queue, self._since = state, queue, at

    def occupancy(self, now: float) -> float:
        """Busy share of the time at work, 0 to 1; 0 for who has just come."""
        busy, free = self._busy_s, self._free_s
        if self._state in BUSY:
            busy += now - self._since
        elif self._state is AgentState.READY:
            free += now - self._since
        return busy / (busy + free) if busy + free > 0 else 0.0

    def queue_share(self, queue: QueueId, now: float) -> float:
        """Share of the busy time that went to `queue`, 0 to 1."""
        spent, busy = self._queue_s[queue], self._busy_s
        if self._state in BUSY:
            busy += now - self._since
            spent += now - self._since if self._queue == queue else 0.0
        return spent / busy if busy > 0 else 0.0

    def _start(self) -> None:
        self.calls = self.last_offer = 0
        self._busy_s = self._free_s = 0.0
        self._queue_s.clear()
