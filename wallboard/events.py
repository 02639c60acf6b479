"""Facts that the wallboard needs of the house, or tells it: the directory, TV links, alarms."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from foundation.ids import AlarmId, TvLinkId


@dataclass(frozen=True, slots=True)
class DirectoryChanged:
    """Names, teams, queues, targets or boards are others than before: ask for them anew."""


@dataclass(frozen=True, slots=True)
class TvLinkMade:
    """A read-only link to a board; its secret is in no journal."""

    link_id: TvLinkId
    board: str


@dataclass(frozen=True, slots=True)
class TvLinkRevoked:
    """Screens that came by it are dropped."""

    link_id: TvLinkId


class Level(StrEnum):
    WARNING = "warning"
    ALARM = "alarm"


class AlarmKind(StrEnum):
    """What kind of rule saw it, and so how it is to be told."""

    FIGURE = "figure"
    RUSH = "rush"
    "Many callers with one matter in a short time."
    AWAY = "away"
    "An agent's pause has outlasted what its reason allows."
    LINE = "line"
    "A trunk, or a line at another PBX, takes no calls."


@dataclass(frozen=True, slots=True)
class AlarmRaised:
    """Something has been beyond its limit for long enough."""

    alarm_id: AlarmId
    rule: str
    kind: AlarmKind
    level: Level
    subject: str
    "`house`, `queue:orders`, `team:day`, `agent:agent0001`, `trunk home`, `choice:main/menu/2` …"
    figure: str = ""
    "Of FIGURE."
    value: float | None = None
    limit: float | None = None
    detail: str = ""
    "AWAY: the reason of the pause. LINE: what was said."


@dataclass(frozen=True, slots=True)
class AlarmCleared:
    """It is within its limit again; `value` is what it was then."""

    alarm_id: AlarmId
    value: float | None = None


@dataclass(frozen=True, slots=True)
class AlarmAcknowledged:
    """Somebody looks after it: no more sound."""

    alarm_id: AlarmId
    by: str
    "User id."


class Edge(StrEnum):
    RAISED = "raised"
    CLEARED = "cleared"


@dataclass(frozen=True, slots=True)
class AlarmSent:
    """Somebody outside was told, or could not be; it is not tried again."""

    alarm_id: AlarmId
    edge: Edge
    way: str
    "`webhook` or `mail`."
    tries: int
    trouble: str = ""
    "Why it was given up; '': it was taken."


TvLinkEvent: TypeAlias = TvLinkMade | TvLinkRevoked
AlarmEvent: TypeAlias = AlarmRaised | AlarmCleared | AlarmAcknowledged | AlarmSent
WallboardEvent: TypeAlias = DirectoryChanged | TvLinkEvent | AlarmEvent
