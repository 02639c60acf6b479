"""Two small events for tests of the ground, which knows no real ones."""

from dataclasses import dataclass

from foundation.ids import CallId
from foundation.journal import EventCodec


@dataclass(frozen=True, slots=True)
class BellRang:
    call_id: CallId
    times: int = 1


@dataclass(frozen=True, slots=True)
class DoorOpened:
    by: str


CODEC = EventCodec([BellRang, DoorOpened])
