"""What the parts of one floor stand on: its agents, queues and timers, and what it tells.

`acd.visits` and `acd.guests` bind agents to calls, `acd.floor` hears what people want; here is what
all three must agree about.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping

from acd.agent import Agent, Step
from acd.caller import Caller
from acd.events import AcdEvent, AgentState
from acd.expected_wait import ExpectedWait
from acd.matching import Matching
from acd.options import AgentCard, AgentOptions, QueueOptions
from acd.timers import AgentTime, Timer, Timers
from foundation.errors import Conflict, NotFound
from foundation.ids import AgentId, OfferId, QueueId


class Ground:
    """Shared by the parts of a floor, and by nobody else."""

    def __init__(
        self,
        queues: Mapping[QueueId, QueueOptions],
        agents: Iterable[AgentCard],
        options: AgentOptions,
        chance: Callable[[], float],
    ) -> None:
        self.options = options
        self.agents = {card.agent_id: Agent(card) for card in agents}
        self.matching = Matching(queues, self.agents.values(), options.selection, chance)
        self._expected_waits: defaultdict[QueueId, ExpectedWait] = defaultdict(ExpectedWait)
        self._offers = 0
        self.timers: Timers[Timer] = Timers()
        self._times = {agent_id: AgentTime(agent_id) for agent_id in self.agents}
        "Each is set with an offer and cancelled with its pick-up."
        self.callbacks_waiting: Counter[QueueId] = Counter()
        "Of those who wait in the lineups, who waits at home."
        self.claims: dict[AgentId, Caller] = {}
        "Who waits for an agent whom somebody has chosen (`acd.claims`)."
        self.open_offers: set[OfferId] = set()
        "Of phones that ring."
        self.on_followed: Callable[[Agent], None] | None = None
        "Told of each agent that may have changed state."
        self.events: list[AcdEvent] = []
        "What the present input has led to so far."

    def expected_s(self, queue: QueueId, position: int) -> float | None:
        """How long the caller at `position` will wait; None while nobody is there to answer."""
        return self.expected_wait(queue).estimate_s(position, *self.matching.staffing(queue))

    def expected_wait(self, queue: QueueId) -> ExpectedWait:
        return self._expected_waits[queue]

    def learn_from(self, talks: Mapping[QueueId, Iterable[float]]) -> None:
        """How long talks took that a floor before this one saw."""
        for queue, lengths in talks.items():
            options = self.matching.options.get(queue)
            if options is not None:
                for talk_s in lengths:
                    self._expected_waits[queue].handled(talk_s + options.wrap_up_s)

    def note_offer(self, agent: Agent) -> None:
        """Offers are counted, so that strategies know whose last one is longest ago."""
        self._offers += 1
        self.matching.note_offer(agent, self._offers)

    def get_agent(self, agent_id: AgentId) -> Agent:
        try:
            return self.agents[agent_id]
        except KeyError:
            raise NotFound(f"there is no agent {agent_id!r}") from None

    def change_agent(self, card: AgentCard) -> None:
        agent = self.agents.get(card.agent_id)
        if agent is None:
            agent = self.agents[card.agent_id] = Agent(card)
            self._times[card.agent_id] = AgentTime(card.agent_id)
            self.matching.add_agent(agent)
        else:
            self.matching.change_card(agent, card)

    def remove_agent(self, agent_id: AgentId) -> None:
        """Raises `Conflict` unless the agent is OFF."""
        agent = self.get_agent(agent_id)
        if agent.state is not AgentState.OFF:
            raise Conflict(f"{agent_id} is {agent.state} and cannot be removed before signing out")
        self.matching.remove_agent(agent)
        self.timers.cancel(self._times.pop(agent_id))
        del self.agents[agent_id]

    def remove_queue(self, queue: QueueId) -> None:
        """One that nobody is in."""
        self.matching.remove_queue(queue)
        self._expected_waits.pop(queue, None)

    def options_of(self, queue: QueueId) -> QueueOptions:
        """Raises `NotFound` for a queue that there is not."""
        try:
            return self.matching.options[queue]
        except KeyError:
            raise NotFound(f"there is no queue {queue!r}") from None

    def follow(self, agent: Agent, now: float) -> None:
        """Bring everything that depends on an agent's state up to date with it."""
        is_gone = not agent.registered and self.options.auto_ready
        if is_gone and agent.state in (AgentState.READY, AgentState.PAUSED):
            left_for = agent.reason if agent.is_on_leave else ""
            self.events += agent.choose(Step.SIGN_OUT, now, left_for)
        self.matching.follow(agent, now)
        timer = self._times[agent.agent_id]
        if agent.deadline is None:
            self.timers.cancel(timer)
        else:
            self.timers.set(timer, agent.deadline)
        if self.on_followed is not None:
            self.on_followed(agent)
