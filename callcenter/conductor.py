"""Every event, one after the other: first the journal, then the journey.

An event that is told while another is being worked on waits its turn, so no part is ever entered
twice and the journal has causes before effects.
"""

from collections.abc import Callable
from typing import get_args

from acd.events import AcdEvent
from callcenter.events import ActionTaken, HandoverEvent, HouseEvent, NumberRefused
from desk.events import TaskEvent
from foundation.bus import Bus
from ivr.events import IvrEvent
from recordings.events import RecordingEvent
from recordings.inspection.events import InspectionEvent
from recordings.quality.events import QualityScored
from telephony.calls.events import JournalEvent
from telephony.lines.events import LineEvent
from telephony.sip.events import TrunkEvent
from wallboard.events import WallboardEvent

JOURNALED: tuple[type, ...] = (
    *get_args(JournalEvent),
    *get_args(AcdEvent),
    *get_args(IvrEvent),
    *get_args(RecordingEvent),
    *get_args(TaskEvent),
    QualityScored,
    *get_args(InspectionEvent),
    *get_args(HandoverEvent),
    *get_args(LineEvent),
    ActionTaken,
    NumberRefused,
    *get_args(TrunkEvent),
    *get_args(WallboardEvent),
)
"Kinds of facts that are kept; the rest is only for the moment."


class Conductor:
    """The bus of the house: who listens may fail, and stops nobody else."""

    def __init__(self, publish: Callable[[HouseEvent], object]) -> None:
        """`publish` writes a fact to the journal; it must not wait."""
        self._bus: Bus[HouseEvent] = Bus()
        self._bus.subscribe(publish, *JOURNALED)

    def listen(self, listener: Callable[[HouseEvent], None], *kinds: type) -> None:
        """Without `kinds`: to everything."""
        self._bus.subscribe(listener, *kinds)

    def tell(self, event: HouseEvent) -> None:
        self._bus.tell(event)
