"""Every event, one after the other: first the journal, then the journey.

An event that is told while another is being worked on waits its turn, so no part is ever entered
twice and the journal has causes before effects.
"""

from collections import deque
from collections.abc import Callable
from typing import get_args

from acd.events import AcdEvent
from callcenter.events import ActionTaken
from callcenter.journey import HouseEvent
from ivr.events import IvrEvent
from recordings.events import RecordingEvent
from telephony.calls.events import JournalEvent

JOURNALED: tuple[type, ...] = (
    *get_args(JournalEvent),
    *get_args(AcdEvent),
    *get_args(IvrEvent),
    *get_args(RecordingEvent),
    ActionTaken,
)
"Kinds of facts that are kept; the rest is only for the moment."


class Conductor:
    """A queue that is empty whenever nobody is inside; one step's work bounds its size."""

    def __init__(self, publish: Callable[[HouseEvent], object]) -> None:
        """`publish` writes a fact to the journal; it must not wait."""
        self._publish = publish
        self._listeners: list[Callable[[HouseEvent], None]] = []
        self._events: deque[HouseEvent] = deque()
        self._is_working = False

    def listen(self, listener: Callable[[HouseEvent], None]) -> None:
        self._listeners.append(listener)

    def tell(self, event: HouseEvent) -> None:
        self._events.append(event)
        if self._is_working:
            return
        self._is_working = True
        try:
            while self._events:
                self._pass_on(self._events.popleft())
        finally:
            self._is_working = False

    def _pass_on(self, event: HouseEvent) -> None:
        if isinstance(event, JOURNALED):
            self._publish(event)
        for listener in self._listeners:
            listener(event)
