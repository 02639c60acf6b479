"""One queue: its waiting callers in order of service, and the available agents who suit it.

The floor's invariant is told here: after each input, no queue `has_match`.
"""

from bisect import bisect_left, insort

from acd.agent import Agent
from acd.caller import Caller, Place
from acd.options import AgentCard, QueueOptions
from acd.routing import RANKINGS, Pool, suits
from foundation.ids import QueueId


class Queue:
    """Callers who are ringing or talking are not in here; they may come back to their place."""

    def __init__(self, queue_id: QueueId, options: QueueOptions) -> None:
        self.queue_id = queue_id
        self.options = options
        self.pool = Pool()
        self._waiting: list[Place] = []

    @property
    def has_match(self) -> bool:
        return bool(self._waiting) and len(self.pool) > 0

    @property
    def head(self) -> Place:
        return self._waiting[0]

    def join(self, caller: Caller) -> None:
        insort(self._waiting, caller.place)

    def leave(self, caller: Caller) -> None:
        del self._waiting[bisect_left(self._waiting, caller.place)]

    def position(self, caller: Caller) -> int:
        """1 is next."""
        return bisect_left(self._waiting, caller.place) + 1

    def suits(self, card: AgentCard) -> bool:
        return suits(card, self.options.skills)

    def add_agent(self, agent: Agent) -> None:
        rank = RANKINGS[self.options.strategy](agent, self.options.skills)
        self.pool.add(agent.agent_id, rank)
