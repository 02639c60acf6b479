"""What a simulated day is made of: who calls, how long things take, who works when.

Times are seconds from the day's beginning. Arrivals are Poisson within each interval.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import fsum, log, sqrt
from random import Random

from acd.options import AgentCard, QueueOptions
from foundation.errors import ConfigurationError
from foundation.ids import QueueId


class Shape(StrEnum):
    """How a duration is spread about its mean."""

    EXPONENTIAL = "exponential"
    LOGNORMAL = "lognormal"
    "What handling times look like in practice (Brown et al. 2005); takes `sd_s`."
    FIXED = "fixed"
    MEASURED = "measured"
    "Drawn from `samples_s`, for instance a month of the centre's own talks."


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration:
    """A random time in seconds."""

    mean_s: float = 0.0
    shape: Shape = Shape.EXPONENTIAL
    sd_s: float = 0.0
    samples_s: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.shape is Shape.MEASURED:
            if not self.samples_s or min(self.samples_s) < 0:
                raise ConfigurationError(["measured: samples_s must name times of 0 s or more"])
        elif self.mean_s < 0 or self.sd_s < 0:
            raise ConfigurationError([f"a duration cannot be negative: {self.mean_s} s"])

    @property
    def mean(self) -> float:
        """Seconds."""
        samples = self.samples_s
        return fsum(samples) / len(samples) if self.shape is Shape.MEASURED else self.mean_s

    def draw(self, random: Random) -> float:
        match self.shape:
            case Shape.MEASURED:
                return random.choice(self.samples_s)
            case Shape.LOGNORMAL if self.sd_s > 0 and self.mean_s > 0:
                spread = log(1 + (self.sd_s / self.mean_s) ** 2)
                return random.lognormvariate(log(self.mean_s) - spread / 2, sqrt(spread))
            case Shape.EXPONENTIAL if self.mean_s > 0:
                return random.expovariate(1 / self.mean_s)
            case _:
                return self.mean_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """Who calls one queue."""

    queue: QueueId
    calls: tuple[float, ...]
    "Expected number in each interval of the day."
    handle: Duration
    "The talk; the wrap-up after it is the queue's own `wrap_up_s`."
    patience: Duration | None = None
    "How long a caller waits before hanging up; None: for ever."
    priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """When one agent takes calls; a pause begins after the talk that it falls into."""

    card: AgentCard
    begin_s: float
    end_s: float
    pauses: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One day of one centre."""

    queues: Mapping[QueueId, QueueOptions]
    demands: tuple[Demand, ...]
    shifts: tuple[Shift, ...]
    interval_s: float = 1800.0
    pick_up: Duration = field(default_factory=lambda: Duration(shape=Shape.FIXED))
    "How long a phone rings before the agent answers."

    def __post_init__(self) -> None:
        unknown = sorted({d.queue for d in self.demands} - self.queues.keys())
        if unknown:
            raise ConfigurationError([f"nobody knows the queue {name!r}" for name in unknown])

    @property
    def intervals(self) -> int:
        return max((len(demand.calls) for demand in self.demands), default=0)


def arrivals(demand: Demand, interval_s: float, random: Random) -> list[float]:
    """Times of one day's calls, in order; the same seed gives the same callers."""
    times: list[float] = []
    for number, expected in enumerate(demand.calls):
        begin = number * interval_s
        number_of_calls = _poisson(expected, random)
        times += sorted(begin + random.random() * interval_s for _ in range(number_of_calls))
    return times


def _poisson(mean: float, random: Random) -> int:
    """By counting exponential gaps: exact, and linear in what it returns."""
    count, at = 0, 0.0
    while mean > 0:
        at += random.expovariate(1.0)
        if at > mean:
            break
        count += 1
    return count
