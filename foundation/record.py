"""A journal record: one fact with its number and time. Folds take these and nothing else."""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

EventT_co = TypeVar("EventT_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Record(Generic[EventT_co]):
    """What happened, when, and in which order."""

    seq: int
    "Rises by one; given by core, the only writer."
    at_s: float
    "Seconds on the journal's clock: near POSIX time, steady within a boot; durations use it."
    utc: datetime
    "For people and for calendar days; aware."
    event: EventT_co
