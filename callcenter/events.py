"""Facts that only the roof knows."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ActionTaken:
    """Somebody with a role did something by the API: the audit's line, before its effects."""

    by: str
    "User id."
    action: str
    target: str
    "Agent id, call id, …"
    detail: str = ""
