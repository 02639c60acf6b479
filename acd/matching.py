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

from acd.agent import Agent
from acd.caller import LAST, Caller
from acd.events import AgentState
from acd.heads import Heads
from acd.lineup import Lineup
from acd.options import AgentCard, QueueOptions, Selection
from acd.requirement import Requirement, named
from acd.seat import Seat
from acd.worktime import BUSY
from foundation.ids import AgentId, CallId, QueueId

MAX_LINEUPS = 2_000
"Beyond that, lineups in which nobody waits are given up."
GREATEST_NEED = Selection.GREATEST_NEED
_urgency = attrgetter("urgency")


def works(agent: Agent) -> bool:
    """Takes calls or has one: nobody waits for who is ready and has no phone."""
    return agent.state in BUSY or (agent.state is AgentState.READY and agent.registered)


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
        self.options: dict[QueueId, QueueOptions] = {}
        "Of each queue that there is."
        self._ordinary: dict[QueueId, Lineup] = {}
        "Of callers without wishes of their own."
        self._count = 0
        "Of lineups."
        self._heads = Heads()
        self._lineup_at: dict[CallId, Lineup] = {}
        "Of who waits."
        self._seats: dict[AgentId, Seat] = {}
        self._turns: dict[AgentId, int] = {}
        self._waiting: defaultdict[QueueId, int] = defaultdict(int)
        self._surging: set[QueueId] = set()
        self._working: set[Seat] = set()
        "Who takes calls or has one."
        self._available: set[Seat] = set()
        "In the pools, or fresh."
        self._fresh: list[Seat] = []
        self._touched: set[Lineup] = set()
        for name, options in queues.items():
            self._add_queue(name, options)
        for agent in agents:
            self.add_agent(agent)

    # -- queues and callers ----------------------------------------------------------------------

    def queues(self) -> list[QueueId]:
        return list(self._of_queue)

    def set_queue(self, queue: QueueId, options: QueueOptions, now: float) -> None:
        """Add the queue, or serve it otherwise from now on; nobody may be waiting in it."""
        self._give_up(set(self._of_queue.pop(queue, {}).values()))
        self._add_queue(queue, options, now)

    def remove_queue(self, queue: QueueId) -> None:
        """One in which nobody waits; its agents have other lineups or none."""
        if queue in self._surging:
            self.set_surge(queue, is_on=False)
        self._give_up(set(self._of_queue.pop(queue).values()))
        del self._ordinary[queue], self.options[queue]
        self._waiting.pop(queue, None)

    def join(self, caller: Caller, now: float) -> None:
        lineup = self._lineup_for(caller, now)
        before = lineup.urgency
        lineup.join(caller)
        if lineup.urgency is not before:
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
        if lineup.urgency is not before:
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
        lineup = self._ordinary[queue]
        return lineup.at_work, len(lineup.pool.candidates)

    def _add_queue(self, queue: QueueId, options: QueueOptions, now: float = 0.0) -> None:
        self._of_queue[queue], self.options[queue] = {}, options
        self._ordinary[queue] = Lineup(queue, options, options.requirement)
        self._open(self._ordinary[queue], now)

    def _add_lineup(self, queue: QueueId, requirement: Requirement, now: float) -> Lineup:
        if self._count >= MAX_LINEUPS:
            self._give_up({each for each in self._all_lineups() if self._is_idle(each)})
        lineup = Lineup(queue, self.options[queue], requirement)
        self._open(lineup, now)
        return lineup

    def _open(self, lineup: Lineup, now: float) -> None:
        self._of_queue[lineup.queue_id][lineup.requirement] = lineup
        self._count += 1
        for seat in self._who_may_suit(lineup.requirement):
            if self._admit(seat, lineup):
                seat.add(lineup)
                lineup.at_work += seat in self._working
                if self._is_seated(seat):
                    lineup.seat(seat.agent, seat.work, seat.turn, self._chance(), now)

    def _who_may_suit(self, requirement: Requirement) -> Iterable[Seat]:
        """Who waits for one agent need not be compared with a thousand."""
        name = named(requirement)
        if name is None:
            return self._seats.values()
        seat = self._seats.get(AgentId(name))
        return () if seat is None else (seat,)

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
        for seat in self._seats.values():
            seat.give_up(gone)

    # -- agents ----------------------------------------------------------------------------------

    def add_agent(self, agent: Agent) -> None:
        """One who is not available yet."""
        turn = self._turns.setdefault(agent.agent_id, len(self._turns))
        seat = self._seats[agent.agent_id] = Seat(agent, turn)
        self._assign_lineups(seat)

    def remove_agent(self, agent: Agent) -> None:
        """One who is OFF."""
        del self._seats[agent.agent_id]

    def change_card(self, agent: Agent, card: AgentCard) -> None:
        """Other skills from now on; what the agent does goes on."""
        seat = self._seats[agent.agent_id]
        was_available = seat in self._available
        if was_available:
            self._withdraw(seat)
        agent.card = card
        seat.read_card()
        self._assign_lineups(seat)
        if was_available:
            self._welcome(seat)

    def is_surging(self, queue: QueueId) -> bool:
        return queue in self._surging

    def set_surge(self, queue: QueueId, *, is_on: bool) -> None:
        """Call in the backup agents of a queue, or let them go again."""
        if is_on:
            self._surging.add(queue)
        else:
            self._surging.discard(queue)
        for seat in self._seats.values():
            if seat.agent.card.backup:
                self.change_card(seat.agent, seat.agent.card)

    def note_offer(self, agent: Agent, number: int) -> None:
        """`number`: of all offers of the floor."""
        self._seats[agent.agent_id].work.last_offer = number

    def follow(self, agent: Agent, now: float) -> None:
        """The agent may have become available, or ceased to be."""
        seat, state, had = self._seats[agent.agent_id], agent.state, agent.assignment
        seat.work.enter(state, had.queue if had else None, now)
        if works(agent) is not (seat in self._working):
            self._count_work(seat)
        is_available = agent.is_available
        if is_available is not (seat in self._available):
            (self._welcome if is_available else self._withdraw)(seat)

    def _count_work(self, seat: Seat) -> None:
        at_work = works(seat.agent)
        (self._working.add if at_work else self._working.discard)(seat)
        for lineup in seat.lineups:
            lineup.at_work += 1 if at_work else -1

    def _assign_lineups(self, seat: Seat) -> None:
        at_work = seat in self._working
        for lineup in seat.lineups:
            lineup.at_work -= at_work
        seat.stand_for([each for each in self._all_lineups() if self._admit(seat, each)])
        for lineup in seat.lineups:
            lineup.at_work += at_work

    def _admit(self, seat: Seat, lineup: Lineup) -> bool:
        surge = lineup.queue_id in self._surging
        return lineup.admit(seat.agent.card, seat.skills, surge=surge)

    def _is_seated(self, seat: Seat) -> bool:
        return seat in self._available and seat not in self._fresh

    def _welcome(self, seat: Seat) -> None:
        self._available.add(seat)
        self._fresh.append(seat)

    def _withdraw(self, seat: Seat) -> None:
        if seat in self._fresh:
            self._fresh.remove(seat)
        else:
            for lineup in seat.lineups:
                lineup.pool.remove(seat.agent.agent_id)
        self._available.remove(seat)

    def _settle(self, seat: Seat, now: float) -> None:
        """Nobody waits for the fresh agent: he waits for callers."""
        agent, work, turn, chance = seat.agent, seat.work, seat.turn, self._chance()
        for lineup in seat.lineups:
            lineup.seat(agent, work, turn, chance, now)

    # -- matches ---------------------------------------------------------------------------------

    def next_served(self, now: float) -> Lineup | None:
        """Whose head is to be offered an agent now; `choose_agent` says which one."""
        if not (self._fresh or self._touched):
            return None
        if len(self._fresh) == 1 and not any(self._touched):
            self._touched.clear()
            return self._served_by(self._fresh[0], now)
        for seat in self._fresh:
            self._settle(seat, now)
            self._touched.update(seat.lineups)
        self._fresh.clear()
        matched = [lineup for lineup in self._touched if lineup.has_match]
        if not matched:
            self._touched.clear()
            return None
        return self._most_pressing(matched, None)

    def find_more(self, caller: Caller, now: float) -> Agent | None:
        """Who may ring for `caller` beside others: available, and nobody waits for him.

        Only after `next_served` has nobody left."""
        if not self._available:
            return None
        candidate = self._lineup_for(caller, now).pool.find_fresh(caller.tried, now)
        return None if candidate is None else candidate.agent

    def choose_agent(self, lineup: Lineup, now: float) -> Agent:
        """Who is offered the head: the fresh agent who serves it, or the pool's best."""
        if self._fresh:
            return self._fresh[0].agent
        return lineup.pool.best(lineup.head.tried, now).agent

    def _served_by(self, seat: Seat, now: float) -> Lineup | None:
        lineup = self._find_served_by(seat)
        if lineup is None:
            self._fresh.clear()
            self._settle(seat, now)
        return lineup

    def _find_served_by(self, seat: Seat) -> Lineup | None:
        if self._selection is not GREATEST_NEED:
            waiting = [lineup for lineup in seat.lineups if lineup.urgency is not LAST]
            return self._most_pressing(waiting, seat.agent.agent_id) if waiting else None
        if len(seat.lineups) ** 2 > len(self._heads):
            return self._heads.first_of(seat.suited)
        first = min(seat.lineups, key=_urgency, default=None)
        return None if first is None or first.urgency is LAST else first

    def _most_pressing(self, lineups: list[Lineup], agent_id: AgentId | None) -> Lineup:
        """Ties are broken by the order of service."""
        match self._selection:
            case Selection.SKILL_LEVEL if agent_id is not None:
                return min(lineups, key=lambda each: (-each.level(agent_id), each.urgency))
            case Selection.SERVICE_OBJECTIVE:
                return min(lineups, key=lambda each: (each.due_at, each.urgency))
            case _:
                return min(lineups, key=_urgency)
