"""Facts that only the roof knows."""

from dataclasses import dataclass

from foundation.ids import CallId
from telephony.calls.number_rules import Purpose


@dataclass(frozen=True, slots=True)
class ActionTaken:
    """Somebody with a role did something by the API: the audit's line, before its effects."""

    by: str
    "User id."
    action: str
    target: str
    "Agent id, call id, …"
    detail: str = ""


@dataclass(frozen=True, slots=True)
class NumberRefused:
    """A number outside was not dialled, and which number rule said so; the number is not told."""

    rule: str
    purpose: Purpose
    call_id: CallId | None = None
    "In which it was wanted; None outside of any."
