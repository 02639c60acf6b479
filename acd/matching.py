"""Which caller goes to which agent, over all queues; finds matches without searching.

Each available agent stands in the pool of every queue that it suits, each waiting caller in the
list of its queue. A match can only arise in a queue that a caller or an agent has just entered:
those are *touched*, and only they are looked at. The most urgent caller of all touched queues
goes first, and gets the best agent of that queue.
"""

from collections.abc import Iterable, Mapping

from acd.agent import Agent
from acd.caller import Caller
from acd.options import QueueOptions
from acd.queue import Queue
from foundation.errors import NotFound
from foundation.ids import AgentId, QueueId


class Matching:
    """The queues, who waits in them, and who is available to them."""

    def __init__(self, queues: Mapping[QueueId, QueueOptions], agents: Iterable[Agent]) -> None:
        self._queues = {name: Queue(name, options) for name, options in queues.items()}
        self._queues_of: dict[AgentId, list[Queue]] = {
            agent.agent_id: [q for q in self._queues.values() if q.suits(agent.card)]
            for agent in agents
        }
        self._available: set[AgentId] = set()
        self._touched: set[Queue] = set()

    def get_queue(self, name: QueueId) -> Queue:
        try:
            return self._queues[name]
        except KeyError:
            raise NotFound(f"there is no queue {name!r}") from None

    def join(self, caller: Caller) -> None:
        queue = self._queues[caller.queue]
        queue.join(caller)
        self._touched.add(queue)

    def leave(self, caller: Caller) -> None:
        self._queues[caller.queue].leave(caller)

    def follow(self, agent: Agent) -> None:
        """The agent may have become available, or ceased to be."""
        was_available = agent.agent_id in self._available
        if agent.is_available and not was_available:
            self._add(agent)
        elif was_available and not agent.is_available:
            self._remove(agent)

    def next_queue(self) -> Queue | None:
        """The touched queue whose first caller is the most urgent of all that have an agent."""
        matched = [queue for queue in self._touched if queue.has_match]
        if not matched:
            self._touched.clear()
            return None
        return min(matched, key=lambda queue: queue.head)

    def _add(self, agent: Agent) -> None:
        self._available.add(agent.agent_id)
        queues = self._queues_of[agent.agent_id]
        for queue in queues:
            queue.add_agent(agent)
        self._touched.update(queues)

    def _remove(self, agent: Agent) -> None:
        self._available.remove(agent.agent_id)
        for queue in self._queues_of[agent.agent_id]:
            queue.pool.remove(agent.agent_id)
