"""Whether a number outside may be dialled: asks the number rules, and tells each refusal.

Whoever wants one dialled comes here first and dials what it is given (`Route`), nothing else.
"""

import logging
from collections.abc import Callable

from callcenter.events import NumberRefused
from foundation.ids import CallId
from telephony.calls.number_rules import NumberRules, Purpose, Refusal, Route

log = logging.getLogger(__name__)

REFUSED_STATUS = 403
"What the phone that dialled such a number is answered."


class Outbound:
    """The rules of the house for numbers outside."""

    def __init__(self, rules: NumberRules, tell: Callable[[NumberRefused], None]) -> None:
        self._rules = rules
        self._tell = tell

    def decide(
        self, number: str, purpose: Purpose, call_id: CallId | None = None
    ) -> Route | Refusal:
        """`number` as it was keyed. It goes into no log and no journal, refused or not."""
        decided = self._rules.decide(number, purpose)
        if isinstance(decided, Refusal):
            log.info("[%s] - a number outside is refused: %s", call_id or "-", decided.rule)
            self._tell(NumberRefused(decided.rule, purpose, call_id))
        return decided
