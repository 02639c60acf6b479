"""Which caller goes to which agent, over all queues; finds matches without searching.

Before each input no match is open: nobody waits whom an available agent suits. So a match can only
be of a caller who has just come to wait, whose lineup is *touched*, or of an agent who has just
become available and is *fresh*. A fresh agent takes a caller directly; only when nobody waits for
him does he join the pools of the lineups that he suits.

Of several lineups that have somebody for an agent, `Selection` says which is served: by the
callers' place in the order of service (greatest need), by the agent's level, or by how little
time is left of the queue's service level.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import attrgetter
from typing import NamedTuple

from acd.agent import Agent
from acd.caller import LAST, Caller
from acd.events import AgentState
from acd.heads import Heads
from acd.lineup import Lineup
from acd.options import AgentCard, QueueOptions, Selection
from acd.requirement import Requirement
from acd.worktime import BUSY, WorkTime
from foundation.errors import NotFound
from foundation.ids import AgentId, CallId, QueueId

MAX_LINEUPS = 2_000
"Beyond that, lineups in which nobody waits are given up."
FEW = 30
"Up to so many lineups an agent's own are compared; of more, the first of all is looked for."
_urgency = attrgetter("urgency")


class Match(NamedTuple):
    call_id: CallId
    lineup: Lineup


class Matching:
    """The queues, who waits in them, and who is available to them."""

    def __init__(
        self,
        queues: Mapping[QueueId, QueueOptions],
        agents: Iterable[Agent],
        selection: Selection,
        chance: Callable[[], float],
    ) -> None:
        """`chance`: random numbers from 0 to below 1."""
        self._selection = selection
        self._chance = chance
        self._of_queue: dict[QueueId, dict[Requirement, Lineup]] = {}
        self._ordinary: dict[QueueId, Lineup] = {}
        "Of callers without wishes of their own."
        self._count = 0
        "Of lineups."
        self._heads = Heads()
        self._lineup_at: dict[CallId, Lineup] = {}
        "Of who waits."
        self._agents: dict[AgentId, Agent] = {}
        self._turns: dict[AgentId, int] = {}
        self._lineups_of: dict[AgentId, list[Lineup]] = {}
        self._suited: dict[AgentId, set[Lineup]] = {}
        "The same as sets."
        self._waiting: defaultdict[QueueId, int] = defaultdict(int)
        self._surging: set[QueueId] = set()
        self._working: set[AgentId] = set()
        "Who takes calls or has one."
        self._available: set[AgentId] = set()
        "Seated in the pools, or fresh."
        self._fresh: list[Agent] = []
        self._touched: set[Lineup] = set()
        self.work: dict[AgentId, WorkTime] = {}
        for name, options in queues.items():
            self._add_queue(name, options)
        for agent in agents:
            self.add_agent(agent)

    # -- queues and callers ----------------------------------------------------------------------

    def queues(self) -> list[QueueId]:
        return list(self._of_queue)

    def options_of(self, queue: QueueId) -> QueueOptions:
        return self._ordinary_of(queue).options

    def set_queue(self, queue: QueueId, options: QueueOptions, now: float) -> None:
        """Add the queue, or serve it otherwise from now on; nobody may be waiting in it."""
        self._give_up(set(self._of_queue.pop(queue, {}).values()))
        self._add_queue(queue, options, now)

    def remove_queue(self, queue: QueueId) -> None:
        """One in which nobody waits; its agents have other lineups or none."""
        if queue in self._surging:
            self.set_surge(queue, is_on=False)
        self._give_up(set(self._of_queue.pop(queue).values()))
        del self._ordinary[queue]
        self._waiting.pop(queue, None)

    def join(self, caller: Caller, now: float) -> None:
        lineup = self._lineup_for(caller, now)
        before = lineup.urgency
        lineup.join(caller)
        self._heads.changed(lineup, before)
        self._lineup_at[caller.call_id] = lineup
        self._waiting[caller.queue] += 1
        self._touched.add(lineup)

    def _lineup_for(self, caller: Caller, now: float) -> Lineup:
        lineup = self._of_queue[caller.queue].get(caller.requirement)
        if lineup is None:
            lineup = self._add_lineup(caller.queue, caller.requirement, now)
        return lineup

    def leave(self, caller: Caller) -> None:
        lineup = self._lineup_at.pop(caller.call_id)
        before = lineup.urgency
        lineup.leave(caller)
        self._heads.changed(lineup, before)
        self._waiting[caller.queue] -= 1

    def position(self, caller: Caller) -> int:
        """1 is next of all who wait in the queue, whatever they need."""
        lineups = self._of_queue[caller.queue].values()
        return 1 + sum([lineup.ahead_of(caller) for lineup in lineups])

    def waiting(self, queue: QueueId) -> int:
        return self._waiting[queue]

    def staffing(self, queue: QueueId) -> tuple[int, int]:
        """How many agents who suit the queue take calls or have one; and how many are free."""
        lineup = self._ordinary_of(queue)
        return lineup.at_work, len(lineup.pool)

    def _ordinary_of(self, queue: QueueId) -> Lineup:
        try:
            return self._ordinary[queue]
        except KeyError:
            raise NotFound(f"there is no queue {queue!r}") from None

    def _add_queue(self, queue: QueueId, options: QueueOptions, now: float = 0.0) -> None:
        self._of_queue[queue] = {}
        self._ordinary[queue] = Lineup(queue, options, options.requirement)
        self._open(self._ordinary[queue], now)

    def _add_lineup(self, queue: QueueId, requirement: Requirement, now: float) -> Lineup:
        if self._count >= MAX_LINEUPS:
            self._give_up({each for each in self._all_lineups() if self._is_idle(each)})
        lineup = Lineup(queue, self.options_of(queue), requirement)
        self._open(lineup, now)
        return lineup

    def _open(self, lineup: Lineup, now: float) -> None:
        self._of_queue[lineup.queue_id][lineup.requirement] = lineup
        self._count += 1
        for agent in self._agents.values():
            if self._admit(agent.card, lineup):
                self._lineups_of[agent.agent_id].append(lineup)
                self._suited[agent.agent_id].add(lineup)
                lineup.at_work += agent.agent_id in self._working
                if self._is_seated(agent):
                    self._seat(agent, lineup, self._chance(), now)

    def _all_lineups(self) -> Iterator[Lineup]:
        for lineups in self._of_queue.values():
            yield from lineups.values()

    def _is_idle(self, lineup: Lineup) -> bool:
        return not len(lineup) and lineup is not self._ordinary[lineup.queue_id]

    def _give_up(self, gone: set[Lineup]) -> None:
        self._count -= len(gone)
        self._touched -= gone
        for lineup in gone:
            self._of_queue.get(lineup.queue_id, {}).pop(lineup.requirement, None)
        for agent_id, lineups in self._lineups_of.items():
            self._lineups_of[agent_id] = [each for each in lineups if each not in gone]
            self._suited[agent_id] -= gone

    # -- agents ----------------------------------------------------------------------------------

    def add_agent(self, agent: Agent) -> None:
        """One who is not available yet."""
        self._agents[agent.agent_id] = agent
        self._turns.setdefault(agent.agent_id, len(self._turns))
        self.work[agent.agent_id] = WorkTime()
        self._assign_lineups(agent)

    def remove_agent(self, agent: Agent) -> None:
        """One who is OFF."""
        del self._agents[agent.agent_id], self.work[agent.agent_id]
        del self._lineups_of[agent.agent_id], self._suited[agent.agent_id]

    def change_card(self, agent: Agent, card: AgentCard) -> None:
        """Other skills from now on; what the agent does goes on."""
        was_available = agent.agent_id in self._available
        if was_available:
            self._withdraw(agent)
        agent.card = card
        self._assign_lineups(agent)
        if was_available:
            self._welcome(agent)

    def is_surging(self, queue: QueueId) -> bool:
        return queue in self._surging

    def set_surge(self, queue: QueueId, *, is_on: bool) -> None:
        """Call in the backup agents of a queue, or let them go again."""
        if is_on:
            self._surging.add(queue)
        else:
            self._surging.discard(queue)
        for agent in self._agents.values():
            if agent.card.backup:
                self.change_card(agent, agent.card)

    def follow(self, agent: Agent, now: float) -> None:
        """The agent may have become available, or ceased to be."""
        assignment = agent.assignment
        queue = assignment.queue if assignment else None
        self.work[agent.agent_id].enter(agent.state, queue, now)
        self._count_work(agent)
        was_available, is_available = agent.agent_id in self._available, agent.is_available
        if is_available and not was_available:
            self._welcome(agent)
        elif was_available and not is_available:
            self._withdraw(agent)

    def _count_work(self, agent: Agent) -> None:
        # Nobody waits for who is ready and has no phone.
        works = agent.state in BUSY or (agent.state is AgentState.READY and agent.registered)
        worked = agent.agent_id in self._working
        if works == worked:
            return
        (self._working.add if works else self._working.discard)(agent.agent_id)
        for lineup in self._lineups_of[agent.agent_id]:
            lineup.at_work += 1 if works else -1

    def _assign_lineups(self, agent: Agent) -> None:
        works = agent.agent_id in self._working
        for lineup in self._lineups_of.get(agent.agent_id, ()):
            lineup.at_work -= works
        suited = [lineup for lineup in self._all_lineups() if self._admit(agent.card, lineup)]
        self._lineups_of[agent.agent_id], self._suited[agent.agent_id] = suited, set(suited)
        for lineup in suited:
            lineup.at_work += works

    def _admit(self, card: AgentCard, lineup: Lineup) -> bool:
        return lineup.admit(card, surge=lineup.queue_id in self._surging)

    def _is_seated(self, agent: Agent) -> bool:
        return agent.agent_id in self._available and agent not in self._fresh

    def _welcome(self, agent: Agent) -> None:
        self._available.add(agent.agent_id)
        self._fresh.append(agent)

    def _withdraw(self, agent: Agent) -> None:
        if self._is_seated(agent):
            for lineup in self._lineups_of[agent.agent_id]:
                lineup.pool.remove(agent.agent_id)
        else:
            self._fresh.remove(agent)
        self._available.remove(agent.agent_id)

    def _settle(self, agent: Agent, now: float) -> None:
        """Nobody waits for the fresh agent: he waits for callers."""
        chance = self._chance()
        for lineup in self._lineups_of[agent.agent_id]:
            self._seat(agent, lineup, chance, now)

    def _seat(self, agent: Agent, lineup: Lineup, chance: float, now: float) -> None:
        agent_id = agent.agent_id
        lineup.add_agent(agent, self.work[agent_id], self._turns[agent_id], chance, now)

    # -- matches ---------------------------------------------------------------------------------

    def next_match(self, now: float) -> Match | None:
        """The caller to be served now, and the lineup whose strategy chooses the agent."""
        if len(self._fresh) == 1 and not any(self._touched):
            self._touched.clear()
            return self._match_of_fresh(self._fresh[0], now)
        for agent in self._fresh:
            self._settle(agent, now)
            self._touched.update(self._lineups_of[agent.agent_id])
        self._fresh.clear()
        matched = [lineup for lineup in self._touched if lineup.has_match]
        if not matched:
            self._touched.clear()
            return None
        lineup = self._most_pressing(matched, None)
        return Match(lineup.head, lineup)

    def find_more(self, caller: Caller, now: float) -> Agent | None:
        """Who may ring for `caller` beside others: available, and nobody waits for him.

        Only after `next_match` has nobody left."""
        if not self._available:
            return None
        candidate = self._lineup_for(caller, now).pool.find_fresh(caller.tried, now)
        return None if candidate is None else candidate.agent

    def choose_agent(self, caller: Caller, lineup: Lineup, now: float) -> Agent:
        """Who is offered `caller`: the fresh agent who was matched, or the pool's best."""
        if self._fresh:
            return self._fresh[0]
        return lineup.pool.best(caller.tried, now).agent

    def _match_of_fresh(self, agent: Agent, now: float) -> Match | None:
        lineups = self._lineups_of[agent.agent_id]
        if self._selection is Selection.GREATEST_NEED and len(lineups) > FEW:
            lineup = self._heads.first_of(self._suited[agent.agent_id])
        else:
            waiting = [lineup for lineup in lineups if lineup.urgency is not LAST]
            lineup = self._most_pressing(waiting, agent.agent_id) if waiting else None
        if lineup is None:
            self._fresh.clear()
            self._settle(agent, now)
            return None
        return Match(lineup.head, lineup)

    def _most_pressing(self, lineups: list[Lineup], agent_id: AgentId | None) -> Lineup:
        """Ties are broken by the order of service."""
        match self._selection:
            case Selection.SKILL_LEVEL if agent_id is not None:
                return min(lineups, key=lambda each: (-each.level(agent_id), each.urgency))
            case Selection.SERVICE_OBJECTIVE:
                return min(lineups, key=lambda each: (each.due_at, each.urgency))
            case _:
                return min(lineups, key=_urgency)
