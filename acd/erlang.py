"""What queueing theory says of a queue: Erlang C (all callers wait) and Erlang A (some give up).

Poisson arrivals, exponential handling times, agents who are all alike. Erlang A's patience is
exponential, too (Palm 1957; Garnett, Mandelbaum, Reiman 2002). Real floors are not like this;
`acd.simulation` plays them, and is held against these formulas by the tests.

    load (erlang) = calls per second x mean handling time in seconds
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import exp, inf

NEGLIGIBLE = 1e-15
"Probability below which states of the queue are left out."


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What comes in; `patience_s` None: nobody ever gives up."""

    calls_per_hour: float
    handle_s: float
    patience_s: float | None = None

    def __post_init__(self) -> None:
        if self.calls_per_hour < 0:
            raise ValueError(f"calls_per_hour must not be negative, but is {self.calls_per_hour}")
        for name, value in (("handle_s", self.handle_s), ("patience_s", self.patience_s)):
            if value is not None and value <= 0:
                raise ValueError(f"{name} must be more than 0 seconds, not {value}")

    @property
    def arrival_rate(self) -> float:
        """Calls per second."""
        return self.calls_per_hour / 3600.0

    @property
    def load(self) -> float:
        """Erlang: agents that would be busy if there were enough of them."""
        return self.arrival_rate * self.handle_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What a number of agents makes of the traffic; shares are 0 to 1.

    service_level: answered within T of all offered. asa_s: mean wait of all callers, with Erlang A
    those who give up included.
    """

    agents: int
    wait_share: float
    abandon_share: float
    asa_s: float
    service_level: float
    occupancy: float


def forecast(traffic: Traffic, agents: int, within_s: float) -> Forecast:
    """By Erlang A, or by Erlang C where `patience_s` is None."""
    if agents < 0:
        raise ValueError(f"there cannot be {agents} agents")
    if traffic.arrival_rate == 0:
        return _idle(agents)
    if agents == 0:
        return _nobody(traffic)
    if traffic.patience_s is None:
        return _erlang_c(traffic, agents, within_s)
    return _erlang_a(traffic, agents, within_s, traffic.patience_s)


def least_agents(traffic: Traffic, target: float, within_s: float) -> Forecast:
    """The fewest agents with which `target` (0 to 1) of the callers are answered in time."""
    if not 0 <= target < 1:
        raise ValueError(f"the target must be from 0 to below 1, not {target}")
    agents = 0
    # Doubling, then halving: a forecast costs as many steps as there are agents.
    while forecast(traffic, agents, within_s).service_level < target:
        agents = 2 * agents + 1
    low, high = agents // 2, agents
    while low < high:
        middle = (low + high) // 2
        if forecast(traffic, middle, within_s).service_level < target:
            low = middle + 1
        else:
            high = middle
    return forecast(traffic, high, within_s)


def erlang_b(load: float, agents: int) -> float:
    """Share of callers who find all agents busy where nobody may wait."""
    blocked = 1.0
    for n in range(1, agents + 1):
        blocked = load * blocked / (n + load * blocked)
    return blocked


def _idle(agents: int) -> Forecast:
    return Forecast(
        agents=agents, wait_share=0, abandon_share=0, asa_s=0, service_level=1, occupancy=0
    )


def _nobody(traffic: Traffic) -> Forecast:
    patience_s = traffic.patience_s
    return Forecast(
        agents=0,
        wait_share=1,
        abandon_share=0 if patience_s is None else 1,
        asa_s=inf if patience_s is None else patience_s,
        service_level=0,
        occupancy=0,
    )


def _erlang_c(traffic: Traffic, agents: int, within_s: float) -> Forecast:
    load = traffic.load
    if load >= agents:
        # The queue grows without end.
        return Forecast(
            agents=agents, wait_share=1, abandon_share=0, asa_s=inf, service_level=0, occupancy=1
        )
    blocked = erlang_b(load, agents)
    wait_share = blocked / (1 - load / agents * (1 - blocked))
    spare = (agents - load) / traffic.handle_s
    return Forecast(
        agents=agents,
        wait_share=wait_share,
        abandon_share=0.0,
        asa_s=wait_share / spare,
        service_level=1 - wait_share * exp(-spare * within_s),
        occupancy=load / agents,
    )


def _erlang_a(traffic: Traffic, agents: int, within_s: float, patience_s: float) -> Forecast:
    blocked = erlang_b(traffic.load, agents)
    # Weights of "all busy and j wait", as multiples of "all busy and nobody waits".
    weights = list(_queue_weights(traffic, agents, patience_s))
    # All busy is erlang_b's share of the states without a queue; the rest joins by the weights.
    total = (1 - blocked) + blocked * sum(weights)
    all_busy = blocked / total
    wait_share = all_busy * sum(weights)
    queue = all_busy * sum(j * weight for j, weight in enumerate(weights))
    in_time = _answered_in_time(agents, traffic.handle_s, patience_s, within_s)
    answered = sum(weight * share for weight, share in zip(weights, in_time, strict=False))
    asa_s = queue / traffic.arrival_rate
    abandon_share = asa_s / patience_s
    return Forecast(
        agents=agents,
        wait_share=wait_share,
        abandon_share=abandon_share,
        asa_s=asa_s,
        service_level=1 - wait_share + all_busy * answered,
        occupancy=traffic.load * (1 - abandon_share) / agents,
    )


def _queue_weights(traffic: Traffic, agents: int, patience_s: float) -> Iterator[float]:
    weight, waiting = 1.0, 0
    most = 1.0
    while weight > NEGLIGIBLE * most:
        yield weight
        waiting += 1
        leaving = agents / traffic.handle_s + waiting / patience_s
        weight *= traffic.arrival_rate / leaving
        most = max(most, weight)


def _answered_in_time(
    agents: int, handle_s: float, patience_s: float, within_s: float
) -> Iterator[float]:
    """For a caller who finds 0, 1, 2 … waiting: the share answered within T, before giving up.

    The wait for one's turn is a sum of exponential times with the rates a, a + b, a + 2b …
    (a: calls that end, b: one waiting caller's giving up), so exp(-b x wait) has the distribution
    Beta(a/b, j + 1), and what is asked for is its mean above exp(-b x T). The incomplete beta
    functions of neighbouring j differ by one term.
    """
    alpha = agents * patience_s / handle_s
    x = 1 - exp(-within_s / patience_s)
    # I_x(beta, alpha + 1) with beta = j + 1.
    term = (1 - x) ** (alpha + 1)
    share = 1 - term
    beta = 1
    term *= x * (alpha + 1)
    while True:
        yield alpha / (alpha + beta) * max(0.0, share)
        share -= term
        beta += 1
        term *= x * (alpha + beta) / beta
