"""The available agents who suit the callers of one lineup, in the order in which they are asked.

A sorted list where ranks hold; with a thousand agents, shifting it costs less than a heap's dead
entries. Where they change with time, whoever asks has all of them compared.
"""

from bisect import bisect_left, insort
from collections.abc import Set

from acd.options import Strategy
from acd.routing import RANKINGS, STEADY, Candidate, Rank
from foundation.ids import AgentId


class Pool:
    """Holds each agent once."""

    def __init__(self, strategy: Strategy) -> None:
        self._rank = RANKINGS[strategy]
        self._is_steady = strategy in STEADY
        self._ranked: list[tuple[Rank, AgentId]] = []
        self._ranks: dict[AgentId, Rank] = {}
        self.candidates: dict[AgentId, Candidate] = {}

    def __len__(self) -> int:
        return len(self.candidates)

    def add(self, candidate: Candidate, now: float) -> None:
        agent_id = candidate.agent.agent_id
        self.candidates[agent_id] = candidate
        if self._is_steady:
            rank = self._ranks[agent_id] = self._rank(candidate, now)
            insort(self._ranked, (rank, agent_id))

    def remove(self, agent_id: AgentId) -> None:
        """Nothing, if the agent is not here."""
        if self.candidates.pop(agent_id, None) is not None and self._is_steady:
            entry = (self._ranks.pop(agent_id), agent_id)
            del self._ranked[bisect_left(self._ranked, entry)]

    def best(self, tried: Set[AgentId], now: float) -> Candidate:
        """The first who was not tried yet, or the first of all; there must be one."""
        ranked = self._ranked if self._is_steady else self._compared(now)
        for _, agent_id in ranked:
            if agent_id not in tried:
                return self.candidates[agent_id]
        return self.candidates[ranked[0][1]]

    def find_fresh(self, tried: Set[AgentId], now: float) -> Candidate | None:
        """The first who was not tried yet; None when there is nobody else."""
        candidate = self.best(tried, now) if self.candidates else None
        return None if candidate is None or candidate.agent.agent_id in tried else candidate

    def _compared(self, now: float) -> list[tuple[Rank, AgentId]]:
        return sorted((self._rank(each, now), name) for name, each in self.candidates.items())
