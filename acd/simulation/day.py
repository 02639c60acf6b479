"""Plays a day on the floor itself (`acd.floor`), in virtual time.

    arrivals ─▶ Enqueue ─▶ AgentOffered ─pick-up─▶ Accept ─talk─▶ AgentLeft ─▶ wrap-up
                   └── patience over ─▶ CallerLeft

The machine is the one that runs real calls, so what is simulated is what will happen. Each kind of
chance has a random stream of its own: two rosters under the same seed meet the same callers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import TypeAlias

from acd.events import (
    AcdEvent,
    AgentAnswered,
    AgentChanged,
    AgentOffered,
    AgentState,
    CallAbandoned,
    CallOverflowed,
    CallQueued,
)
from acd.floor import Floor
from acd.inputs import (
    Accept,
    AcdInput,
    AgentLeft,
    CallerLeft,
    Enqueue,
    Pause,
    PhoneChanged,
    Ready,
    SignIn,
    SignOut,
)
from acd.simulation.figures import AgentTime, Cell
from acd.simulation.scenario import Demand, Scenario, arrivals
from foundation.ids import AgentId, CallId, OfferId, QueueId

BREAK = "break"
"Reason of the pauses that a shift plans."
BUSY = frozenset({AgentState.RINGING, AgentState.TALKING, AgentState.WRAP_UP})

Due: TypeAlias = tuple[float, int, AcdInput]
"When the floor is told what; the number keeps the order of what is due at once."


@dataclass(slots=True)
class _Caller:
    """One call while it is on the floor, and what chance has in store for it."""

    demand: Demand
    entered_at: float
    talk_s: float
    answered: bool = False


@dataclass(slots=True)
class _Clock:
    state: AgentState
    since: float


@dataclass(slots=True)
class DayPlayed:
    """`cells` and `times` by interval; the last interval takes what came after the day's end."""

    cells: dict[QueueId, list[Cell]]
    times: list[AgentTime]
    ended_s: float = 0.0
    "When the last talk and wrap-up were over."


def play(
    scenario: Scenario, seed: int, on_hour: Callable[[float], None] | None = None
) -> DayPlayed:
    """One day; the same scenario and seed give the same figures. `on_hour`: told of progress."""
    return _Player(scenario, seed).run(on_hour or (lambda _: None))


class _Player:
    def __init__(self, scenario: Scenario, seed: int) -> None:
        self._scenario = scenario
        self._seed = seed
        offers = count()
        self._floor = Floor(
            scenario.queues,
            {shift.card.agent_id: shift.card for shift in scenario.shifts}.values(),
            new_offer_id=lambda: OfferId(f"o-{next(offers)}"),
        )
        self._due: list[Due] = []
        self._numbers = count()
        self._callers: dict[CallId, _Caller] = {}
        self._pick_up = Random(f"{seed} pick-up")
        self._clocks: dict[AgentId, _Clock] = {}
        intervals = max(1, scenario.intervals)
        self._cells = {name: [Cell() for _ in range(intervals)] for name in scenario.queues}
        self._times = [AgentTime() for _ in range(intervals)]
        self._now = 0.0

    def run(self, on_hour: Callable[[float], None]) -> DayPlayed:
        self._plan_shifts()
        self._plan_calls()
        next_hour = 3600.0
        while (at := self._next_at()) is not None:
            self._now = at
            while at >= next_hour:
                on_hour(next_hour)
                next_hour += 3600.0
            self._step(at)
        for agent_id in list(self._clocks):
            self._book(agent_id, AgentState.OFF)
        return DayPlayed(self._cells, self._times, self._now)

    # -- what is to come -------------------------------------------------------------------------

    def _plan(self, at: float, given: AcdInput) -> None:
        heappush(self._due, (at, next(self._numbers), given))

    def _plan_shifts(self) -> None:
        for shift in self._scenario.shifts:
            agent_id = shift.card.agent_id
            self._plan(shift.begin_s, PhoneChanged(agent_id, registered=True, busy=False))
            self._plan(shift.begin_s, SignIn(agent_id))
            self._plan(shift.begin_s, Ready(agent_id))
            for begin_s, end_s in shift.pauses:
                self._plan(begin_s, Pause(agent_id, BREAK))
                self._plan(end_s, Ready(agent_id))
            self._plan(shift.end_s, SignOut(agent_id))

    def _plan_calls(self) -> None:
        calls = count(1)
        for demand in self._scenario.demands:
            stream = f"{self._seed} {demand.queue} {demand.priority}"
            talks, patiences = Random(f"{stream} talks"), Random(f"{stream} patience")
            times = arrivals(demand, self._scenario.interval_s, Random(f"{stream} arrivals"))
            for at in times:
                call_id = CallId(f"c-{next(calls)}")
                self._callers[call_id] = _Caller(demand, at, demand.handle.draw(talks))
                self._plan(at, Enqueue(call_id, demand.queue, demand.priority))
                if demand.patience is not None:
                    self._plan(at + demand.patience.draw(patiences), CallerLeft(call_id))

    # -- time ------------------------------------------------------------------------------------

    def _next_at(self) -> float | None:
        if not self._due:
            return self._floor.deadline
        at = self._due[0][0]
        return at if self._floor.deadline is None else min(at, self._floor.deadline)

    def _step(self, at: float) -> None:
        while self._due and self._due[0][0] == at:
            given = heappop(self._due)[2]
            if not self._is_stale(given):
                self._follow(self._floor.feed(given, at))
        if self._floor.deadline is not None and self._floor.deadline <= at:
            self._follow(self._floor.tick(at))

    def _is_stale(self, given: AcdInput) -> bool:
        """Patience does not end a talk, and a break that an end of shift overtook is over."""
        match given:
            case CallerLeft(call_id):
                caller = self._callers.get(call_id)
                return caller is None or caller.answered
            case Pause(agent_id) | Ready(agent_id):
                return self._floor.state_of(agent_id) is AgentState.OFF
            case _:
                return False

    # -- what came of it -------------------------------------------------------------------------

    def _follow(self, events: list[AcdEvent]) -> None:
        for event in list(events):
            match event:
                case CallQueued(call_id, queue):
                    self._cell(call_id, queue).offered += 1
                case AgentOffered(call_id, _, agent_id, offer_id):
                    ring_s = self._scenario.pick_up.draw(self._pick_up)
                    self._plan(self._now + ring_s, Accept(call_id, agent_id, offer_id))
                case AgentAnswered(call_id, queue, agent_id):
                    self._answered(call_id, queue, agent_id)
                case CallAbandoned(call_id, queue):
                    self._abandoned(call_id, queue)
                case CallOverflowed(call_id, queue):
                    self._cell(call_id, queue).overflowed += 1
                    self._waited(call_id, queue)
                    del self._callers[call_id]
                case AgentChanged(agent_id, state):
                    self._book(agent_id, state)
                case _:
                    pass

    def _answered(self, call_id: CallId, queue: QueueId, agent_id: AgentId) -> None:
        caller, cell = self._callers[call_id], self._cell(call_id, queue)
        caller.answered = True
        wait_s = self._waited(call_id, queue)
        cell.answered += 1
        cell.answered_wait_s += wait_s
        cell.in_time += wait_s <= self._scenario.queues[queue].service_level.within_s
        cell.talk_s += caller.talk_s
        self._plan(self._now + caller.talk_s, AgentLeft(call_id, agent_id))

    def _abandoned(self, call_id: CallId, queue: QueueId) -> None:
        cell = self._cell(call_id, queue)
        cell.abandoned += 1
        wait_s = self._waited(call_id, queue)
        cell.short_abandoned += wait_s <= self._scenario.queues[queue].short_abandon_s
        del self._callers[call_id]

    def _waited(self, call_id: CallId, queue: QueueId) -> float:
        wait_s = self._now - self._callers[call_id].entered_at
        cell = self._cell(call_id, queue)
        cell.waited += wait_s > 0
        cell.wait_s += wait_s
        cell.longest_wait_s = max(cell.longest_wait_s, wait_s)
        return wait_s

    def _cell(self, call_id: CallId, queue: QueueId) -> Cell:
        return self._cells[queue][self._interval(self._callers[call_id].entered_at)]

    def _interval(self, at: float) -> int:
        return min(int(at // self._scenario.interval_s), len(self._times) - 1)

    # -- agents' time ----------------------------------------------------------------------------

    def _book(self, agent_id: AgentId, state: AgentState) -> None:
        """The state that ends now goes to the intervals in which it lasted."""
        clock = self._clocks.get(agent_id)
        if clock is not None:
            self._spread(clock)
        if state is AgentState.OFF:
            self._clocks.pop(agent_id, None)
        elif clock is None:
            self._clocks[agent_id] = _Clock(state, self._now)
        else:
            clock.state, clock.since = state, self._now

    def _spread(self, clock: _Clock) -> None:
        at = clock.since
        while at < self._now:
            number = self._interval(at)
            is_last = number == len(self._times) - 1
            until = (
                self._now if is_last else min(self._now, (number + 1) * self._scenario.interval_s)
            )
            _add_time(self._times[number], clock.state, until - at)
            at = until


def _add_time(time: AgentTime, state: AgentState, seconds: float) -> None:
    if state in BUSY:
        time.busy_s += seconds
    elif state is AgentState.READY:
        time.free_s += seconds
    else:
        time.paused_s += seconds
