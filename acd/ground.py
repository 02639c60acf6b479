"""What the parts of one floor stand on: its agents, queues and timers, and what it tells.

`acd.visits` and `acd.guests` bind agents to calls, `acd.floor` hears what people want; here is what
all three must agree about.
"""

from collections.abc import Iterable, Mapping

from acd.agent import Agent, Step
from acd.events import AcdEvent, AgentState
from acd.matching import Matching
from acd.options import AgentCard, AgentOptions, QueueOptions
from acd.timers import AgentTime, Timer, Timers
from foundation.errors import NotFound
from foundation.ids import AgentId, OfferId, QueueId


class Ground:
    """Shared by the parts of a floor, and by nobody else."""

    def __init__(
        self,
        queues: Mapping[QueueId, QueueOptions],
        agents: Iterable[AgentCard],
        options: AgentOptions,
    ) -> None:
        self.options = options
        self.agents = {card.agent_id: Agent(card) for card in agents}
        self.matching = Matching(queues, self.agents.values())
        self.timers: Timers[Timer] = Timers()
        self.open_offers: set[OfferId] = set()
        "Of phones that ring."
        self.events: list[AcdEvent] = []
        "What the present input has led to so far."

    def get_agent(self, agent_id: AgentId) -> Agent:
        try:
            return self.agents[agent_id]
        except KeyError:
            raise NotFound(f"there is no agent {agent_id!r}") from None

    def options_of(self, queue: QueueId) -> QueueOptions:
        return self.matching.get_queue(queue).options

    def follow(self, agent: Agent, now: float) -> None:
        """Bring everything that depends on an agent's state up to date with it."""
        is_gone = self.options.auto_ready and not agent.registered
        if is_gone and agent.state in (AgentState.READY, AgentState.PAUSED):
            self.events += agent.choose(Step.SIGN_OUT, now)
        self.matching.follow(agent)
        timer = AgentTime(agent.agent_id)
        if agent.deadline is None:
            self.timers.cancel(timer)
        else:
            self.timers.set(timer, agent.deadline)
