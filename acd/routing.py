"""Who suits a queue, and who of those is asked first.

An agent suits when each skill that the queue requires is there with at least the least level.
Of the available agents who suit, the best suited come first: those with the highest sum of their
levels over the *required* skills (other skills do not count, so a queue without requirements
treats all alike). Among the equally suited, the one who has been READY longest comes first;
withdrawn offers do not interrupt that time. The agent's id breaks what is still a tie.

A strategy is one function that gives a rank when an agent becomes available; the rank must not
change until the agent is taken. A new strategy is a new function here and a name in
`acd.options.Strategy`.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Mapping, Set
from typing import TypeAlias

from acd.agent import Agent
from acd.options import AgentCard, Strategy
from foundation.ids import AgentId

Rank: TypeAlias = tuple[float, float]
"The least is asked first."
Ranking: TypeAlias = Callable[[Agent, Mapping[str, int]], Rank]


def suits(card: AgentCard, required: Mapping[str, int]) -> bool:
    return all(card.skills.get(skill, 0) >= level for skill, level in required.items())


def longest_idle(agent: Agent, required: Mapping[str, int]) -> Rank:
    """Best suited first, then longest idle."""
    return (-sum(agent.card.skills.get(skill, 0) for skill in required), agent.idle_since)


RANKINGS: dict[Strategy, Ranking] = {Strategy.LONGEST_IDLE: longest_idle}


class Pool:
    """The available agents who suit one queue, in the order in which they are asked.

    A sorted list: with a thousand agents, shifting it costs less than a heap's dead entries.
    """

    def __init__(self) -> None:
        self._ranked: list[tuple[Rank, AgentId]] = []
        self._ranks: dict[AgentId, Rank] = {}

    def __len__(self) -> int:
        return len(self._ranked)

    def add(self, agent_id: AgentId, rank: Rank) -> None:
        self._ranks[agent_id] = rank
        insort(self._ranked, (rank, agent_id))

    def remove(self, agent_id: AgentId) -> None:
        entry = (self._ranks.pop(agent_id), agent_id)
        del self._ranked[bisect_left(self._ranked, entry)]

    def best(self, tried: Set[AgentId]) -> AgentId:
        """The first who was not tried yet, or the first of all."""
        for _, agent_id in self._ranked:
            if agent_id not in tried:
                return agent_id
        return self._ranked[0][1]
