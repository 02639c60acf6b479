"""What the web process says of alarms: journalled as it comes; only people's deeds are audited."""

from collections.abc import Callable
from typing import assert_never

from callcenter.events import ActionTaken
from foundation.ids import AlarmId
from wallboard.commands import (
    AcknowledgeAlarm,
    AlarmCommand,
    ClearAlarm,
    NoteAlarmSent,
    RaiseAlarm,
)
from wallboard.events import (
    AlarmAcknowledged,
    AlarmCleared,
    AlarmEvent,
    AlarmRaised,
    AlarmSent,
)


class AlarmActions:
    def __init__(self, tell: Callable[[ActionTaken | AlarmEvent], None]) -> None:
        self._tell = tell

    def perform(self, command: AlarmCommand) -> None:
        alarm_id = AlarmId(command.alarm_id)
        match command:
            case RaiseAlarm():
                self._tell(_raised(alarm_id, command))
            case ClearAlarm(value=value):
                self._tell(AlarmCleared(alarm_id, value))
            case AcknowledgeAlarm(by=by):
                self._tell(ActionTaken(by, "alarm acknowledged", alarm_id))
                self._tell(AlarmAcknowledged(alarm_id, by))
            case NoteAlarmSent(edge=edge, way=way, tries=tries, trouble=trouble):
                self._tell(AlarmSent(alarm_id, edge, way, tries, trouble))
            case _:
                assert_never(command)


def _raised(alarm_id: AlarmId, command: RaiseAlarm) -> AlarmRaised:
    return AlarmRaised(
        alarm_id=alarm_id,
        rule=command.rule,
        kind=command.kind,
        level=command.level,
        subject=command.subject,
        figure=command.figure,
        value=command.value,
        limit=command.limit,
        detail=command.detail,
    )
