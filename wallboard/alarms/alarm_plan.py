"""What is an alarm and who outside is told, as core serves it, also while the web process runs."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from foundation.errors import NotFound
from wallboard.alarms.alarm_post import Way
from wallboard.alarms.alarm_rules import AlarmRule, Rules

log = logging.getLogger(__name__)
T = TypeVar("T")

WAYS = ("webhook", "mail")


@dataclass(frozen=True, slots=True)
class AlarmPlan:
    """What is an alarm, and who outside is told."""

    rules: Rules
    ways: Mapping[str, Way] | None = None
    "By name; None: as they were."


class AlarmsOfCore:
    """Takes up the alarms' rules and ways as core serves them."""

    def __init__(
        self,
        read: Callable[[], Awaitable[AlarmPlan]] | None,
        rules: dict[str, AlarmRule],
        ways: dict[str, Way],
    ) -> None:
        """`rules`, `ways`: what is served; changed here."""
        self._read = read
        self._rules = rules
        self._ways = ways
        self._is_told = False

    async def take(self) -> None:
        """A core of another version that does not know them leaves all as it was configured."""
        if self._read is None:
            return
        try:
            plan = await self._read()
        except NotFound as error:
            if not self._is_told:
                log.warning("the alarms stay as callcenter.yaml has them: %s", error)
            self._is_told = True
            return
        self._is_told = False
        _replace(self._rules, plan.rules)
        if plan.ways is not None:
            _replace(self._ways, plan.ways)


def _replace(served: dict[str, T], now: Mapping[str, T]) -> None:
    served.clear()
    served.update(now)
