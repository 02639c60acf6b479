"""What raises an alarm: rules as values. `callcenter.yaml` may change, add and switch off each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from wallboard.events import Level
from wallboard.figures.scope import HOUSE, Kind, Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    level: Level = Level.ALARM
    for_s: float = 0.0
    "It must be so for so long before the alarm is raised."
    clear_s: float = 0.0
    "It must be well again for so long before the alarm is over."
    sound: bool = False
    "Boards may sound for it."
    send: tuple[str, ...] = ("webhook", "mail")
    "Who outside is told, of those that are configured."


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureRule(_Rule):
    """A figure is beyond `limit`; the alarm is over when it is back at `clear`."""

    figure: str
    of: Scope = HOUSE
    is_above: bool = True
    "False: the alarm is for what falls below."
    limit: float
    clear: float
    "The hysteresis: nearer to the good side than `limit`."
    at_least: int = 0
    "Callers offered today before the figure says anything; of queues and the house."

    def is_beyond(self, value: float) -> bool:
        return value > self.limit if self.is_above else value < self.limit

    def is_well(self, value: float) -> bool:
        return value <= self.clear if self.is_above else value >= self.clear


@dataclass(frozen=True, slots=True, kw_only=True)
class RushRule(_Rule):
    """Many callers with one matter: one cause behind many calls (群体投诉)."""

    watch: tuple[str, ...] = ("queue:*", "choice:*")
    within_s: float = 600.0
    least: int = 15
    factor: float = 3.0
    "So many times as many as usual, and `least` at least; over when there are half as many."


@dataclass(frozen=True, slots=True, kw_only=True)
class AwayRule(_Rule):
    """An agent's pause has outlasted what `pause_limits` allows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRule(_Rule):
    """A trunk, or a line at another PBX, takes no calls."""


AlarmRule: TypeAlias = FigureRule | RushRule | AwayRule | LineRule
Rules = Mapping[str, AlarmRule]

DEFAULT_RULES: Rules = {
    "long_wait": FigureRule(
        figure="longest_wait_s",
        of=Scope(Kind.QUEUE, "*"),
        limit=90.0,
        clear=45.0,
        for_s=5.0,
        clear_s=10.0,
        sound=True,
    ),
    "low_service_level": FigureRule(
        figure="service_level",
        of=Scope(Kind.QUEUE, "*"),
        is_above=False,
        limit=0.7,
        clear=0.75,
        for_s=60.0,
        clear_s=60.0,
        at_least=20,
        level=Level.WARNING,
    ),
    "group_complaint": RushRule(for_s=0.0, clear_s=120.0, sound=True),
    "over_break": AwayRule(level=Level.WARNING, send=()),
    "line_down": LineRule(for_s=30.0, clear_s=10.0, sound=True),
    "disk": FigureRule(
        figure="disk_free_gb", is_above=False, limit=5.0, clear=6.0, for_s=10.0, clear_s=60.0
    ),
    "recordings_store": FigureRule(figure="store_down_s", limit=240.0, clear=0.0),
    "transcript_lag": FigureRule(
        figure="transcript_lag_s",
        limit=3600.0,
        clear=1800.0,
        for_s=60.0,
        clear_s=60.0,
        level=Level.WARNING,
    ),
}
