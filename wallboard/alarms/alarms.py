"""The alarm machine: when something that is seen has lasted long enough to be an alarm, or to be
over.

             beyond             for_s over                well again            clear_s over
    QUIET ───────────▶ PENDING ────────────▶ RAISED ────────────────▶ CLEARING ─────────────▶ QUIET
      ▲                   │                    ▲                          │
      └───────────────────┘                    └──────────────────────────┘
          not any more                                 beyond again

Between `limit` and `clear` nothing changes: who is raised stays so, who is quiet stays so. Pure.

Rule 1: which alarms are raised is what the journal says (`AlarmLog`); kept here are only the times
        since when something is so. A web process that is started again begins those anew.
Rule 2: what cannot be seen any more (a queue that is gone, a rule that is off) is over.
"""

from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import TypeAlias

from foundation.ids import AlarmId
from wallboard.events import AlarmKind, Level
from wallboard.fold.alarm_log import Key


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """How one thing stands that a rule watches, now."""

    is_beyond: bool
    is_well: bool
    "Neither: between the two limits."
    for_s: float
    clear_s: float
    kind: AlarmKind
    level: Level
    figure: str = ""
    value: float | None = None
    limit: float | None = None
    detail: str = ""


Sightings: TypeAlias = Mapping[Key, Sighting]


@dataclass(frozen=True, slots=True)
class Raise:
    key: Key
    sighting: Sighting


@dataclass(frozen=True, slots=True)
class Clear:
    alarm_id: AlarmId
    value: float | None


AlarmEffect: TypeAlias = Raise | Clear


class Alarms:
    def __init__(self) -> None:
        self._pending_since: dict[Key, float] = {}
        self._clearing_since: dict[Key, float] = {}

    def look(
        self, sightings: Sightings, raised: Mapping[Key, AlarmId], now_s: float
    ) -> list[AlarmEffect]:
        """`raised`: the alarms that there are. Called about once a second."""
        effects: list[AlarmEffect] = []
        for key, seen in sightings.items():
            alarm_id = raised.get(key)
            if alarm_id is None:
                if _lasts(self._pending_since, key, seen.is_beyond, now_s, seen.for_s):
                    effects.append(Raise(key, seen))
            elif _lasts(self._clearing_since, key, seen.is_well, now_s, seen.clear_s):
                effects.append(Clear(alarm_id, seen.value))
        effects += [
            Clear(alarm_id, None) for key, alarm_id in raised.items() if key not in sightings
        ]
        _forget(self._pending_since, (key for key in sightings if key not in raised))
        _forget(self._clearing_since, raised)
        return effects


def _lasts(
    since: MutableMapping[Key, float], key: Key, is_so: bool, now_s: float, for_s: float
) -> bool:
    """It is so, and has been for `for_s`."""
    if not is_so:
        since.pop(key, None)
        return False
    return now_s - since.setdefault(key, now_s) >= for_s


def _forget(since: MutableMapping[Key, float], wanted: Iterable[Key]) -> None:
    for key in since.keys() - set(wanted):
        del since[key]
