"""How many calls the floor assigns in one CPU-second when everything is full.

1,000 agents, 50 skills with a queue each, callers waiting all the time, of whom every fourth has a
wish of his own, so that there are 200 classes of callers; priorities and ageing are on. One
assignment is a talk that ends, the freed agent's next offer, its pick-up, and a new caller in the
same queue.

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
from acd.requirement import EVERYBODY, Requirement, parse_requirement
from foundation.ids import AgentId, CallId, OfferId, QueueId

AGENTS, SKILLS, WAITING = 1_000, 50, 10_000
WISHES = (
    EVERYBODY,
    parse_requirement("english or cantonese"),
    parse_requirement("english>=3 or (cantonese>=2 and not trainee)"),
    parse_requirement("not trainee"),
)


class Load:
    """Keeps the floor full; every agent talks between two assignments."""

    def __init__(self, skills_each: int, waiting: int) -> None:
        self.random = random.Random(1)
        self.queues = [QueueId(f"skill{n}") for n in range(SKILLS)]
        self.agents = [AgentId(f"agent{n:04}") for n in range(AGENTS)]
        self.waiting = waiting
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
        levels |= {"english": self.random.randint(1, 9), "cantonese": self.random.randint(1, 9)}
        return AgentCard(agent_id=agent_id, name=agent_id, skills=levels)

    def fill(self) -> None:
        for agent_id in self.agents:
            self.floor.feed(PhoneChanged(agent_id, registered=True, busy=False), self.now)
        queues = cycle(self.queues)
        while len(self.talking) < AGENTS:
            self._enqueue(next(queues))
        for _ in range(self.waiting):
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
        given = Enqueue(call_id, queue, self.calls % 4, requires=self._wish())
        self._answer(self.floor.feed(given, self.now))

    def _wish(self) -> Requirement:
        return WISHES[self.calls // SKILLS % len(WISHES)]

    def _answer(self, events: list[AcdEvent]) -> None:
        for event in events:
            if isinstance(event, AgentOffered):
                accept = Accept(event.call_id, event.agent_id, event.offer_id)
                self.floor.feed(accept, self.now)
                self.talking.append((event.call_id, event.agent_id))


def measure(skills_each: int, assignments: int, waiting: int = WAITING) -> tuple[float, float]:
    """Assignments per CPU-second, and the 99th percentile of one in CPU-milliseconds."""
    load = Load(skills_each, waiting)
    load.fill()
    took: list[int] = []
    for _ in range(assignments):
        began = time.process_time_ns()
        load.assign_one()
        took.append(time.process_time_ns() - began)
    if len(load.talking) != AGENTS:
        raise SystemExit(f"only {len(load.talking)} agents talk: the floor left callers waiting")
    took.sort()
    return assignments / (sum(took) / 1e9), took[int(0.99 * len(took))] / 1e6


def main() -> None:
    assignments = int(sys.argv[2]) if len(sys.argv) > 2 else 20_000
    for skills_each in [int(sys.argv[1])] if len(sys.argv) > 1 else [1, 5, 50]:
        rate, p99_ms = measure(skills_each, assignments)
        print(
            f"{AGENTS} agents with {skills_each} of {SKILLS} skills, {WAITING} waiting in "
            f"{SKILLS * len(WISHES)} classes: {rate:,.0f} assignments per CPU-second, "
            f"p99 {p99_ms:.2f} ms"
        )
    print("growth with the callers who wait, agents with 5 skills:")
    for waiting in (100, 1_000, 10_000, 100_000):
        rate, p99_ms = measure(5, assignments // 2, waiting)
        print(f"{waiting:>9,} waiting: {rate:>9,.0f} per CPU-second, p99 {p99_ms:.2f} ms")


if __name__ == "__main__":
    main()
