"""Who is in a flow: what the house knows of a caller before the first word."""

from dataclasses import dataclass
from datetime import UTC, datetime

LONG_AGO = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Given to a visit at its start."""

    number: str = ""
    "E.164; 'anonymous' when it is withheld. Never logged."
    tier: str = ""
    "VIP tier; '' for ordinary callers."
    line: str = ""
    trunk: str = ""
    called_at: datetime = LONG_AGO
    "Local time of the centre, with its zone."
    last_agent: str = ""
    "Id of who talked with the caller last."
    hours: str = ""
    "Calendar of the line."
    agent_id: str = ""
    "In a survey: who has just talked with the caller."
