"""A message: the caller's voice alone, in a file, while nobody talks with him.

Rule: each Tap has one Untap, before the caller's session is released. A message that silence has
ended has had its end from media, which passes over the Untap.
"""

from foundation.ids import RecordingId
from telephony.calls.effects import Effect, Purpose, Tell
from telephony.calls.events import TalkRecorded
from telephony.calls.seats import Seats
from telephony.media import protocol as media


class Message:
    """At most one at a time."""

    def __init__(self, seats: Seats) -> None:
        self._seats = seats
        self._recording_id: RecordingId | None = None

    def begin(self, recording_id: RecordingId, file: str, silence_s: float) -> list[Effect]:
        caller = self._seats.caller
        if not caller.is_up or self._seats.has_agent:
            return [Tell(TalkRecorded(recording_id, 0, complete=False))]
        before = self.end()
        self._recording_id = recording_id
        leg = caller.leg_id
        tap = media.Tap(
            rid=0, tap_id=recording_id, left=leg, right=leg, file=file, silence_s=silence_s
        )
        return [*before, caller.ask(tap, Purpose.TAP)]

    def end(self) -> list[Effect]:
        if self._recording_id is None:
            return []
        untap = media.Untap(rid=0, tap_id=self._recording_id)
        self._recording_id = None
        return [self._seats.caller.ask(untap)]
