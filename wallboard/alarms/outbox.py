"""Who outside is still to be told of which alarm, and when it is tried again; pure.

What has been told is in the journal (`AlarmLine.told`), so nothing is told twice because a web
process was started again; only what was taken by the other side in the instant before a kill is,
and bears the same delivery id.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from foundation.ids import AlarmId
from wallboard.alarms.alarm_rules import Rules
from wallboard.events import Edge
from wallboard.fold.alarm_log import AlarmLine, AlarmLog

FIRST_RETRY_S = 2.0
LONGEST_RETRY_S = 300.0
GIVE_UP_S = 3600.0
"An alarm that is so old is no news."


@dataclass(frozen=True, slots=True)
class Delivery:
    line: AlarmLine
    edge: Edge
    way: str

    @property
    def delivery_id(self) -> str:
        """The same for each try."""
        return f"{self.line.alarm_id}:{self.edge}"

    @property
    def happened_s(self) -> float:
        line = self.line
        is_over = self.edge is Edge.CLEARED and line.cleared_s is not None
        return line.cleared_s if is_over and line.cleared_s is not None else line.raised_s


@dataclass(slots=True)
class _Tries:
    count: int = 0
    not_before_s: float = 0.0


class Outbox:
    """Of one way: `webhook` or `mail`."""

    def __init__(self, way: str, rules: Rules) -> None:
        self.way = way
        self._rules = rules
        self._tries: dict[tuple[AlarmId, Edge], _Tries] = {}

    def due(self, log: AlarmLog, now_s: float) -> Delivery | None:
        """What is to be tried now, the oldest first."""
        waiting = list(self._waiting(log))
        self._forget({(each.line.alarm_id, each.edge) for each in waiting})
        for delivery in waiting:
            if self._tries_of(delivery).not_before_s <= now_s:
                return delivery
        return None

    def took(self, delivery: Delivery) -> int:
        """It was told; gives the number of tries."""
        return self._tries_of(delivery).count + 1

    def failed(self, delivery: Delivery, now_s: float, *, is_final: bool) -> int | None:
        """The number of tries when it is given up, else None: it will be due again."""
        tries = self._tries_of(delivery)
        tries.count += 1
        tries.not_before_s = now_s + min(FIRST_RETRY_S * 2 ** (tries.count - 1), LONGEST_RETRY_S)
        is_old = now_s - delivery.happened_s > GIVE_UP_S
        return tries.count if is_final or is_old else None

    def _waiting(self, log: AlarmLog) -> Iterator[Delivery]:
        for line in (*log.over.values(), *log.open.values()):
            rule = self._rules.get(line.rule)
            if rule is None or self.way not in rule.send:
                continue
            if (Edge.RAISED, self.way) not in line.told:
                yield Delivery(line, Edge.RAISED, self.way)
            elif line.cleared_s is not None and (Edge.CLEARED, self.way) not in line.told:
                yield Delivery(line, Edge.CLEARED, self.way)

    def _tries_of(self, delivery: Delivery) -> _Tries:
        return self._tries.setdefault((delivery.line.alarm_id, delivery.edge), _Tries())

    def _forget(self, wanted: set[tuple[AlarmId, Edge]]) -> None:
        for key in self._tries.keys() - wanted:
            del self._tries[key]
