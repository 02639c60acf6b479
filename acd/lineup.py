"""Callers of one queue who need the same of an agent, in order of service, and who is there for
them. A queue has one lineup for most of its callers, and others for those with wishes of their own
or whose wishes were relaxed.

The floor's invariant is told here: after each input, no lineup `has_match`.
"""

from bisect import bisect_left, insort
from collections.abc import Mapping

from acd.agent import Agent
from acd.caller import LAST, Caller, Place
from acd.options import AgentCard, QueueOptions
from acd.pool import Pool
from acd.requirement import Requirement
from acd.routing import Candidate, level_of
from acd.worktime import WorkTime
from foundation.ids import AgentId, CallId, QueueId


class Lineup:
    """Callers who are ringing or talking are not in here; they may come back to their place."""

    def __init__(self, queue_id: QueueId, options: QueueOptions, requirement: Requirement) -> None:
        self.queue_id = queue_id
        self.options = options
        self.requirement = requirement
        self.pool = Pool(options.strategy)
        self.at_work = 0
        "Agents who suit and take calls or have one; counted by `acd.matching`."
        self.urgency: Place = LAST
        "Place of the first caller; `LAST` when nobody waits."
        self._waiting: list[Place] = []
        self._callers: dict[CallId, Caller] = {}
        self._levels: dict[AgentId, int] = {}
        "Of the agents who suit."

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def has_match(self) -> bool:
        return bool(self._waiting and self.pool.candidates)

    @property
    def head(self) -> Caller:
        return self._callers[self._waiting[0][-1]]

    @property
    def due_at(self) -> float:
        """When the first caller's wait will have missed the queue's service level."""
        return self.head.entered_at + self.options.service_level.within_s

    def join(self, caller: Caller) -> None:
        insort(self._waiting, caller.place)
        self._callers[caller.call_id] = caller
        self.urgency = self._waiting[0]

    def leave(self, caller: Caller) -> None:
        is_first = caller.place is self.urgency
        del self._waiting[0 if is_first else bisect_left(self._waiting, caller.place)]
        del self._callers[caller.call_id]
        self.urgency = self._waiting[0] if self._waiting else LAST

    def ahead_of(self, caller: Caller) -> int:
        """How many of this lineup are served before `caller`, who need not be in it."""
        return bisect_left(self._waiting, caller.place)

    # -- agents ----------------------------------------------------------------------------------

    def admit(self, card: AgentCard, skills: Mapping[str, int], *, surge: bool) -> bool:
        """Whether the agent suits, and if so, how well.

        skills: those of the card, and the agent's own. surge: the queue needs its backup agents,
        too."""
        if self.requirement.suits(skills) and (surge or not card.backup):
            self._levels[card.agent_id] = level_of(card, self.requirement)
            return True
        self._levels.pop(card.agent_id, None)
        return False

    def level(self, agent_id: AgentId) -> int:
        return self._levels[agent_id]

    def seat(self, agent: Agent, work: WorkTime, turn: int, chance: float, now: float) -> None:
        level = self._levels[agent.agent_id]
        self.pool.add(Candidate(agent, work, self.queue_id, level, turn, chance), now)
