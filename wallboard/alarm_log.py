"""Which alarms there are, who looks after them and who was told: what the journal says of them.

    AlarmRaised ──▶ open ──▶ AlarmCleared ──▶ over (for two hours, and the last 50)
                      └─ AlarmAcknowledged, AlarmSent

Part of the board's fold, so a web process that was started again knows what was raised and told
before it.
"""

from dataclasses import dataclass, field
from itertools import islice

from foundation.ids import AlarmId
from wallboard.events import (
    AlarmAcknowledged,
    AlarmCleared,
    AlarmKind,
    AlarmRaised,
    AlarmSent,
    Edge,
    Level,
)

KEPT = 50
"Alarms that are over and still listed."
KEPT_S = 7200.0
"After its end: longer than anybody outside is to be told of it still (`wallboard.outbox`)."
MOST = 2_000
"That are over."

Key = tuple[str, str]
"Rule and subject: there is at most one open alarm of each."


@dataclass(slots=True)
class AlarmLine:
    alarm_id: AlarmId
    rule: str
    kind: AlarmKind
    level: Level
    subject: str
    figure: str
    value: float | None
    limit: float | None
    detail: str
    raised_s: float
    cleared_s: float | None = None
    cleared_value: float | None = None
    acknowledged_by: str = ""
    acknowledged_s: float | None = None
    told: set[tuple[Edge, str]] = field(default_factory=set)
    "Of which edge which way outside has had word, or never will."

    @property
    def key(self) -> Key:
        return self.rule, self.subject


class AlarmLog:
    def __init__(self) -> None:
        self.open: dict[AlarmId, AlarmLine] = {}
        "In the order in which they were raised."
        self.over: dict[AlarmId, AlarmLine] = {}
        "Latest last."

    def find(self, alarm_id: AlarmId) -> AlarmLine | None:
        return self.open.get(alarm_id) or self.over.get(alarm_id)

    def open_keys(self) -> dict[Key, AlarmId]:
        return {line.key: line.alarm_id for line in self.open.values()}

    def raised(self, event: AlarmRaised, at_s: float) -> None:
        self.open[event.alarm_id] = AlarmLine(
            alarm_id=event.alarm_id,
            rule=event.rule,
            kind=event.kind,
            level=event.level,
            subject=event.subject,
            figure=event.figure,
            value=event.value,
            limit=event.limit,
            detail=event.detail,
            raised_s=at_s,
        )

    def cleared(self, event: AlarmCleared, at_s: float) -> None:
        line = self.open.pop(event.alarm_id, None)
        if line is None:
            return
        line.cleared_s, line.cleared_value = at_s, event.value
        self.over[line.alarm_id] = line
        self._forget(at_s)

    @property
    def listed(self) -> list[AlarmLine]:
        """Those that are over, the latest first."""
        return [*islice(reversed(self.over.values()), KEPT)]

    def _forget(self, at_s: float) -> None:
        while len(self.over) > KEPT:
            oldest = next(iter(self.over.values()))
            is_news = at_s - (oldest.cleared_s or 0.0) < KEPT_S
            if is_news and len(self.over) <= MOST:
                return
            del self.over[oldest.alarm_id]

    def acknowledged(self, event: AlarmAcknowledged, at_s: float) -> None:
        line = self.open.get(event.alarm_id)
        if line is not None:
            line.acknowledged_by, line.acknowledged_s = event.by, at_s

    def sent(self, event: AlarmSent, at_s: float) -> None:
        line = self.find(event.alarm_id)
        if line is not None:
            line.told.add((event.edge, event.way))
