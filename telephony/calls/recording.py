"""The recording of a talk: one tap of caller and agent.

Rule 1: each Tap has one Untap, before either leg's session is released.
Rule 2: what can't be recorded is told as recorded with nothing in it, so that it is closed.
Rule 3: a guest is on the agent's side for as long as a conference lasts.
Rule 4: what can't be paused is ended: a gap is better than what nobody was to keep.
"""

from foundation.ids import LegId, RecordingId
from telephony.calls.effects import Effect, Purpose, Tell
from telephony.calls.events import TalkRecorded
from telephony.calls.leg import Leg
from telephony.calls.seats import Seats
from telephony.media import protocol as media


class Recording:
    """At most one at a time."""

    def __init__(self, seats: Seats) -> None:
        self._seats = seats
        self.recording_id: RecordingId | None = None

        self._file = ""
        self._beside: list[LegId] = []
        "As media was last asked."

    def begin(self, recording_id: RecordingId, file: str) -> list[Effect]:
        agent = self._seats.agent
        if agent is None or not agent.is_up or self.recording_id is not None:
            return [Tell(TalkRecorded(recording_id, 0, complete=False))]
        self.recording_id, self._file = recording_id, file
        self._beside = self._guests()
        return self._tap(recording_id, agent, Purpose.TAP)

    def move(self) -> list[Effect]:
        """The agent's voice comes from another leg from now on: the same file goes on."""
        agent = self._seats.agent
        if agent is None or self.recording_id is None:
            return []
        return self._tap(self.recording_id, agent, Purpose.OTHER)

    def follow(self) -> list[Effect]:
        """After each step of the call: who is to be heard on the agent's side."""
        if self.recording_id is None or self._guests() == self._beside:
            return []
        self._beside = self._guests()
        return self.move()

    def pause(self, *, on: bool) -> list[Effect]:
        if self.recording_id is None:
            return []
        request = media.PauseTap(rid=0, tap_id=self.recording_id, on=on)
        return [self._seats.caller.ask(request, Purpose.PAUSE)]

    def pause_failed(self, asked: media.PauseTap) -> list[Effect]:
        is_ours = asked.tap_id == self.recording_id
        return self.end() if asked.on and is_ours else []

    def _guests(self) -> list[LegId]:
        guest = self._seats.guest
        return [guest.leg_id] if self._seats.is_conference and guest is not None else []

    def _tap(self, recording_id: RecordingId, agent: Leg, purpose: Purpose) -> list[Effect]:
        caller = self._seats.caller
        request = media.Tap(
            rid=0,
            tap_id=recording_id,
            left=caller.leg_id,
            right=agent.leg_id,
            file=self._file,
            beside=[*self._beside],
        )
        return [caller.ask(request, purpose)]

    def end(self) -> list[Effect]:
        if self.recording_id is None:
            return []
        request = media.Untap(rid=0, tap_id=self.recording_id)
        self.recording_id, self._beside = None, []
        return [self._seats.caller.ask(request)]
