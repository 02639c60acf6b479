"""How many calls the floor assigns in one CPU-second when everything is full.

1,000 agents, 50 skills with a queue each, callers waiting all the time, of whom every fourth has a
wish of his own, so that there are 200 classes of callers; priorities and ageing are on. One
assignment is a talk that ends, the freed agent's next offer, its pick-up, and a new caller in the
same queue.

    python -m bench.acd_dispatch [assignments]      prints
    python -m bench acd_dispatch                    writes docs/performance.md, too
"""

import random
import sys
import time
from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import count, cycle
from math import log
from typing import NamedTuple

from acd.events import AcdEvent, AgentOffered
from acd.floor import Floor
from acd.inputs import Accept, AgentLeft, Enqueue, PhoneChanged
from acd.options import AgentCard, AgentOptions, QueueOptions
from acd.requirement import EVERYBODY, Requirement, parse_requirement
from bench.report import Row
from foundation.ids import AgentId, CallId, OfferId, QueueId

AGENTS, SKILLS, WAITING = 1_000, 50, 10_000
SKILLS_EACH = (1, 5, 50)
CURVE = (100, 1_000, 10_000, 100_000)
TRIES = 3
LEAST_PER_S, MOST_P99_MS = 20_000, 1.0
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


class Measured(NamedTuple):
    per_s: float
    "Assignments per CPU-second."
    p99_ms: float
    "Of one, in CPU-milliseconds."

    def __str__(self) -> str:
        return f"{self.per_s:,.0f} per CPU-second, p99 {self.p99_ms:.2f} ms"


def measure(skills_each: int, assignments: int, waiting: int = WAITING) -> Measured:
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
    return Measured(assignments / (sum(took) / 1e9), took[int(0.99 * len(took))] / 1e6)


def bare(assignments: int) -> float:
    """Per CPU-second: the least that an assignment takes, if nobody had skills, phones or wishes:
    the next caller of one heap out of as many as there are classes, and two dicts."""
    classes: list[list[tuple[float, int]]] = [[] for _ in range(SKILLS * len(WISHES))]
    entered_at: dict[int, float] = {}
    agent_of: dict[int, AgentId] = {}
    for number in range(WAITING):
        heappush(classes[number % len(classes)], (float(number), number))
        entered_at[number] = float(number)
    began = time.process_time()
    for number in range(WAITING, WAITING + assignments):
        waiting = classes[number % len(classes)]
        _, served = heappop(waiting)
        del entered_at[served]
        agent_of[served] = AgentId("agent")
        heappush(waiting, (float(number), number))
        entered_at[number] = float(number)
    return assignments / (time.process_time() - began)


def best_of(skills_each: int, assignments: int, waiting: int = WAITING) -> Measured:
    """Each figure by itself: what disturbs a machine only ever makes it worse."""
    tries = [measure(skills_each, assignments, waiting) for _ in range(TRIES)]
    return Measured(max(each.per_s for each in tries), min(each.p99_ms for each in tries))


def skill_rows(assignments: int) -> Iterator[Row]:
    for skills_each in SKILLS_EACH:
        found = best_of(skills_each, assignments)
        what = f"{AGENTS:,} agents with {skills_each} of {SKILLS} skills, {WAITING:,} waiting"
        held = found.per_s >= LEAST_PER_S and found.p99_ms <= MOST_P99_MS
        yield Row(what, str(found), f"≥ {LEAST_PER_S:,}, p99 ≤ {MOST_P99_MS:g} ms", held)


def growth_rows(assignments: int) -> Iterator[Row]:
    found = {waiting: best_of(5, assignments, waiting) for waiting in CURVE}
    for waiting, each in found.items():
        yield Row(f"{waiting:,} waiting, agents with 5 skills", str(each))
    fewest, most = CURVE[0], CURVE[-1]
    times = found[fewest].per_s / found[most].per_s
    allowed = log(most) / log(fewest)
    what = f"time of one at {most:,} waiting, in times that at {fewest:,}"
    yield Row(what, f"{times:.2f}", f"≤ {allowed:g}, as log n grows", times <= allowed)


def dispatch(assignments: int = 20_000) -> list[Row]:
    floor_per_s = max(bare(assignments) for _ in range(TRIES))
    return [
        *skill_rows(assignments),
        *growth_rows(assignments // 2),
        Row("the floor: one heap's pop and push, two dicts", f"{floor_per_s:,.0f} per CPU-second"),
    ]


TITLE = f"ACD: assignments per CPU-second, {SKILLS * len(WISHES)} classes of callers"
SCENARIOS = {"acd_dispatch": (TITLE, dispatch)}


def main() -> None:
    assignments = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    for row in dispatch(assignments):
        print(" · ".join(cell for cell in row.cells() if cell))


if __name__ == "__main__":
    main()
