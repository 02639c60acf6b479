"""What the house knows of who calls: number, tier, time, and who talked with him last."""

from collections.abc import Callable
from datetime import datetime

from callcenter.conduct.house import Regulars
from foundation.ids import CallId
from ivr.visit.caller import Caller
from telephony.calls.numbers import ANONYMOUS


class Acquaintance:
    """For flows; what lasts longer than a call is known to `Regulars`."""

    def __init__(
        self,
        find_number: Callable[[CallId], str | None],
        regulars: Regulars,
        now: Callable[[], datetime],
    ) -> None:
        """`now` is local."""
        self._find_number = find_number
        self._regulars = regulars
        self._now = now

    def caller(self, call_id: CallId, line: str, trunk: str, *, hours: str, agent: str) -> Caller:
        return Caller(
            number=self._find_number(call_id) or ANONYMOUS,
            tier=self._regulars.tier_of(call_id),
            line=line,
            trunk=trunk,
            called_at=self._now(),
            last_agent=self._regulars.last_agent(call_id) or "",
            hours=hours,
            agent_id=agent,
        )
