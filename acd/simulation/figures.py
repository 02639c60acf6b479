"""What a simulated day came to: counts for each queue and interval, and the agents' time.

A caller belongs to the interval in which he entered the queue, as on the wallboard.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields


@dataclass(slots=True)
class Cell:
    """One queue in one interval, or a sum of such cells. Waits are in seconds."""

    offered: int = 0
    answered: int = 0
    in_time: int = 0
    "Answered within the queue's `service_level.within_s`."
    abandoned: int = 0
    short_abandoned: int = 0
    overflowed: int = 0
    waited: int = 0
    "Who found no agent at once."
    wait_s: float = 0.0
    "Of all callers, whatever became of them."
    answered_wait_s: float = 0.0
    longest_wait_s: float = 0.0
    talk_s: float = 0.0

    def add(self, other: "Cell") -> None:
        for name in COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.longest_wait_s = max(self.longest_wait_s, other.longest_wait_s)

    @property
    def service_level(self) -> float | None:
        """As the wallboard counts when nobody waits any more; None: nobody called."""
        return _share(self.in_time, self.offered - self.short_abandoned)

    @property
    def in_time_share(self) -> float | None:
        """Of all offered: what Erlang's formulas call the service level."""
        return _share(self.in_time, self.offered)

    @property
    def asa_s(self) -> float | None:
        return _share(self.answered_wait_s, self.answered)

    @property
    def mean_wait_s(self) -> float | None:
        return _share(self.wait_s, self.offered)

    @property
    def abandon_share(self) -> float | None:
        return _share(self.abandoned, self.offered)

    @property
    def wait_share(self) -> float | None:
        return _share(self.waited, self.offered)


COUNTS = tuple(each.name for each in fields(Cell) if each.name != "longest_wait_s")


@dataclass(slots=True)
class AgentTime:
    """Seconds of all agents together in one interval."""

    busy_s: float = 0.0
    "Ringing, talking, wrap-up."
    free_s: float = 0.0
    paused_s: float = 0.0

    def add(self, other: "AgentTime") -> None:
        self.busy_s += other.busy_s
        self.free_s += other.free_s
        self.paused_s += other.paused_s

    @property
    def occupancy(self) -> float | None:
        return _share(self.busy_s, self.busy_s + self.free_s)


def total(cells: Iterable[Cell]) -> Cell:
    result = Cell()
    for cell in cells:
        result.add(cell)
    return result


def total_time(times: Iterable[AgentTime]) -> AgentTime:
    result = AgentTime()
    for each in times:
        result.add(each)
    return result


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None
