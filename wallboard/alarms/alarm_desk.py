"""Looks at the board once a second and has core journal what the alarm machine says.

Board ─▶ sightings ─▶ Alarms ─▶ RaiseAlarm, ClearAlarm ─▶ core ─▶ journal ─▶ Board
"""

import asyncio
import logging
from collections.abc import Callable

from foundation.errors import CallCentreError
from foundation.ids import new_alarm_id
from wallboard.alarms.alarm_rules import FigureRule, Rules
from wallboard.alarms.alarms import AlarmEffect, Alarms, Raise
from wallboard.alarms.sightings import sightings
from wallboard.commands import ClearAlarm, RaiseAlarm
from wallboard.figures.readings import OF_PHONES, Readings
from wallboard.host import NOTHING_KNOWN, Host
from wallboard.service import BoardService

log = logging.getLogger(__name__)

LOOK_S = 1.0
LOOK_AT_HOST_S = 15.0
BY = "web"


class AlarmDesk:
    def __init__(
        self, service: BoardService, rules: Rules, look_at_host: Callable[[], Host] | None = None
    ) -> None:
        """`look_at_host` may wait for a disk; it is called in a thread."""
        self._service = service
        self._rules = rules
        self._look_at_host = look_at_host
        self._alarms = Alarms()
        self.host = NOTHING_KNOWN

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_S)

    async def watch_host(self) -> None:
        """Until cancelled."""
        while self._look_at_host is not None:
            self.host = await asyncio.to_thread(self._look_at_host)
            await asyncio.sleep(LOOK_AT_HOST_S)

    async def look(self) -> None:
        service = self._service
        if not service.core_up:
            return
        if any(
            isinstance(rule, FigureRule) and rule.figure in OF_PHONES
            for rule in self._rules.values()
        ):
            await service.look_at_floor()
        board, now_s = service.board, service.now_s()
        seen = sightings(board, Readings(board, now_s, self.host, service.floor), self._rules)
        for effect in self._alarms.look(seen, board.alarms.open_keys(), now_s):
            try:
                await service.ask(_command(effect))
            except CallCentreError as error:  # seen again at the next look
                log.warning("an alarm could not be journalled: %s", error)
                return


def _command(effect: AlarmEffect) -> RaiseAlarm | ClearAlarm:
    if not isinstance(effect, Raise):
        return ClearAlarm(alarm_id=effect.alarm_id, value=effect.value, by=BY)
    (rule, subject), seen = effect.key, effect.sighting
    log.info("alarm %s of %s", rule, subject)
    return RaiseAlarm(
        alarm_id=new_alarm_id(),
        rule=rule,
        kind=seen.kind,
        level=seen.level,
        subject=subject,
        figure=seen.figure,
        value=seen.value,
        limit=seen.limit,
        detail=seen.detail,
        by=BY,
    )
