"""How many seats each interval of a day needs for its service level.

Erlang A says how many talkers (Erlang C where callers have endless patience); the day is then
played (`acd.simulation`) with that roster, because an interval inherits the queue of the one
before, and seats are added where the played day misses what the formula promised.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil

from acd.erlang import Forecast, Traffic, forecast, least_agents
from acd.options import AgentCard, QueueOptions
from acd.simulation.day import play
from acd.simulation.figures import Cell
from acd.simulation.scenario import Demand, Scenario, Shift
from foundation.ids import AgentId

MAX_ROUNDS = 12
"How often seats are added before the plan is given up as it is."


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """`share` (0 to 1) of the callers are to be answered within `within_s`.

    shrinkage: share of paid time in which an agent takes no calls (breaks, training, illness).
    """

    share: float = 0.8
    within_s: float = 15.0
    shrinkage: float = 0.0

    def __post_init__(self) -> None:
        for name, value in (("share", self.share), ("shrinkage", self.shrinkage)):
            if not 0 <= value < 1:
                raise ValueError(f"{name} must be from 0 to below 1, not {value}")
        if self.within_s < 0:
            raise ValueError(f"within_s must not be negative, but is {self.within_s}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seats:
    """One interval of the plan."""

    begin_s: float
    calls: float
    formula: Forecast
    "What the formula gives."
    agents: int
    "Who must be there to take calls, after the played days."
    rostered: int
    "`agents` and the shrinkage."
    played: float | None = None
    "Service level of the played days, 0 to 1; None: nobody called."


def plan(
    demand: Demand,
    options: QueueOptions,
    target: Target,
    *,
    interval_s: float = 1800.0,
    seeds: Sequence[int] = range(10),
    on_round: Callable[[int], None] = lambda _: None,
) -> list[Seats]:
    """Seats for each interval of `demand.calls`; `on_round` is told of each round of play."""
    formulas = [_formula(demand, options, target, calls, interval_s) for calls in demand.calls]
    agents = [formula.agents for formula in formulas]
    cells: list[Cell] = []
    for round_number in range(MAX_ROUNDS):
        on_round(round_number)
        cells = _played(demand, options, target, agents, interval_s, seeds)
        missed = [n for n, cell in enumerate(cells) if _misses(cell, target)]
        if not missed:
            break
        for n in missed:
            agents[n] += max(1, agents[n] // 50)
    return [
        Seats(
            begin_s=n * interval_s,
            calls=demand.calls[n],
            formula=formulas[n],
            agents=agents[n],
            rostered=ceil(agents[n] / (1 - target.shrinkage) - 1e-9),
            played=cells[n].service_level,
        )
        for n in range(len(agents))
    ]


def _formula(
    demand: Demand, options: QueueOptions, target: Target, calls: float, interval_s: float
) -> Forecast:
    if calls <= 0:
        return forecast(Traffic(calls_per_hour=0, handle_s=1), 0, target.within_s)
    traffic = Traffic(
        calls_per_hour=calls * 3600 / interval_s,
        handle_s=demand.handle.mean + options.wrap_up_s,
        patience_s=demand.patience.mean if demand.patience else None,
    )
    return least_agents(traffic, target.share, target.within_s)


def _misses(cell: Cell, target: Target) -> bool:
    return cell.service_level is not None and cell.service_level < target.share


def _played(
    demand: Demand,
    options: QueueOptions,
    target: Target,
    agents: Sequence[int],
    interval_s: float,
    seeds: Sequence[int],
) -> list[Cell]:
    within = replace(options.service_level, within_s=target.within_s)
    scenario = Scenario(
        queues={demand.queue: replace(options, service_level=within)},
        demands=(demand,),
        shifts=tuple(roster(agents, interval_s, options)),
        interval_s=interval_s,
    )
    cells = [Cell() for _ in agents]
    for seed in seeds:
        for sum_, cell in zip(cells, play(scenario, seed).cells[demand.queue], strict=True):
            sum_.add(cell)
    return cells


def roster(agents: Sequence[int], interval_s: float, options: QueueOptions) -> Iterator[Shift]:
    """Shifts that put `agents[n]` people on the floor in interval n: seat k is taken in each run
    of intervals that need more than k. Who fills it suits the queue and nothing more."""
    skills = dict(options.skills)
    for seat in range(max(agents, default=0)):
        begin: int | None = None
        for n, needed in enumerate([*agents, 0]):
            if needed > seat and begin is None:
                begin = n
            elif needed <= seat and begin is not None:
                agent_id = AgentId(f"seat{seat + 1:03}-{begin}")
                card = AgentCard(agent_id=agent_id, name=agent_id, skills=skills)
                # The last ones stay for those who still wait when the lines close.
                end_s = n * interval_s + (interval_s if n == len(agents) else 0.0)
                yield Shift(card=card, begin_s=begin * interval_s, end_s=end_s)
                begin = None
