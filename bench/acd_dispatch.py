"""How many calls the floor assigns in one CPU-second when everything is full.

1,000 agents, 50 skills with a queue each, 10,000 callers waiting all the time. One assignment is
a talk that ends, the freed agent's next offer, its pick-up, and a new caller in the same queue.

    python -m bench.acd_dispatch [skills of an agent] [assignments]
"""

import random
import sys
import time
from itertools import count, cycle

from acd.events import AcdEvent, AgentOffered
from acd.floor import Floor
from acd.inputs import Accept, AgentLeft, Enqueue, PhoneChanged
from acd.options import AgentCard, AgentOptions, QueueOptions
from foundation.ids import AgentId, CallId, OfferId, QueueId

AGENTS, SKILLS, WAITING = 1_000, 50, 10_000


class Load:
    """Keeps the floor full; every agent talks between two assignments."""

    def __init__(self, skills_each: int) -> None:
        self.random = random.Random(1)
        self.queues = [QueueId(f"skill{n}") for n in range(SKILLS)]
        self.agents = [AgentId(f"agent{n:04}") for n in range(AGENTS)]
        options = {q: QueueOptions(skills={q: 1}, wrap_up_s=0.0) for q in self.queues}
        cards = [self._card(agent_id, skills_each) for agent_id in self.agents]
        numbers = count()
        self.floor = Floor(
            options, cards, AgentOptions(auto_ready=True), lambda: OfferId(f"o-{next(numbers)}")
        )
        self.now = 0.0
        self.calls = 0
        self.talking: list[tuple[CallId, AgentId]] = []

    def _card(self, agent_id: AgentId, skills_each: int) -> AgentCard:
        skills = self.random.sample(self.queues, skills_each)
        levels: dict[str, int] = {skill: self.random.randint(1, 10) for skill in skills}
        return AgentCard(agent_id=agent_id, name=agent_id, skills=levels)

    def fill(self) -> None:
        for agent_id in self.agents:
            self.floor.feed(PhoneChanged(agent_id, registered=True, busy=False), self.now)
        queues = cycle(self.queues)
        while len(self.talking) < AGENTS:
            self._enqueue(next(queues))
        for _ in range(WAITING):
            self._enqueue(next(queues))

    def assign_one(self) -> None:
        self.now += 0.001
        place = self.random.randrange(len(self.talking))
        self.talking[place], self.talking[-1] = self.talking[-1], self.talking[place]
        call_id, agent_id = self.talking.pop()
        events = self.floor.feed(AgentLeft(call_id, agent_id), self.now)
        self._answer(events)
        for event in events:
            if isinstance(event, AgentOffered):
                self._enqueue(event.queue)

    def _enqueue(self, queue: QueueId) -> None:
        self.calls += 1
        call_id = CallId(f"c-{self.calls}")
        self._answer(self.floor.feed(Enqueue(call_id, queue, self.calls % 3), self.now))

    def _answer(self, events: list[AcdEvent]) -> None:
        for event in events:
            if isinstance(event, AgentOffered):
                accept = Accept(event.call_id, event.agent_id, event.offer_id)
                self.floor.feed(accept, self.now)
                self.talking.append((event.call_id, event.agent_id))


def measure(skills_each: int, assignments: int) -> float:
    """Assignments per CPU-second."""
    load = Load(skills_each)
    load.fill()
    began = time.process_time()
    for _ in range(assignments):
        load.assign_one()
    used_s = time.process_time() - began
    if len(load.talking) != AGENTS:
        raise SystemExit(f"only {len(load.talking)} agents talk: the floor left callers waiting")
    return assignments / used_s


def main() -> None:
    assignments = int(sys.argv[2]) if len(sys.argv) > 2 else 20_000
    for skills_each in [int(sys.argv[1])] if len(sys.argv) > 1 else [1, 5, 50]:
        rate = measure(skills_each, assignments)
        print(
            f"acd_dispatch: {AGENTS} agents with {skills_each} of {SKILLS} skills, "
            f"{WAITING} waiting: {rate:,.0f} assignments per CPU-second"
        )


if __name__ == "__main__":
    main()
