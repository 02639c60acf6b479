"""The caller's leg of a call that we have placed: somebody outside is dialled, and is then treated
as if he had called.

    PREPARING ── media Done ──▶ DIALLING ── 200 ──▶ ANSWERING ── media Done ──▶ UP

There is no final answer for us to give: whoever is not wanted any more is cancelled or hung up on.
"""

from foundation.ids import CallId, LegId
from telephony.calls.caller_leg import CallerLeg
from telephony.calls.control import OutsideTarget
from telephony.calls.effects import DialOutside, Effect, HangUpLeg, Purpose
from telephony.calls.events import Side
from telephony.calls.kept import Note
from telephony.calls.leg import LegState
from telephony.calls.options import CallOptions
from telephony.media import protocol as media


class PlacedLeg(CallerLeg):
    """One number outside, dialled once."""

    is_placed = True

    def __init__(
        self, call_id: CallId, leg_id: LegId, target: OutsideTarget, line: str, options: CallOptions
    ) -> None:
        spoken = options.media.of_guest(target)
        super().__init__(call_id, leg_id, Side.CALLER, options, spoken)
        self._target = target
        self._line = line

    @property
    def is_unanswered(self) -> bool:
        return False

    def on_prepared(self, done: media.Done) -> list[Effect]:
        self.state = LegState.DIALLING
        self.our_sdp = done.sdp.encode()
        target = self._target
        note = Note(
            call=self.call_id,
            side=Side.CALLER,
            line=self._line,
            party=target.party_id,
            trunk=target.trunk,
            offer=target.offer_id,
            is_placed=True,
        )
        return [DialOutside(self.leg_id, target, self.our_sdp, note)]

    def on_answered(self, sdp: bytes) -> list[Effect]:
        if self.state is not LegState.DIALLING:
            return []
        self.state = LegState.ANSWERING
        return [self.ask_answer(Purpose.ANSWER_CALLER, sdp)]

    def connectable(self, done: media.Done) -> list[Effect]:
        self.state = LegState.UP
        return self.note_terms(done)

    def answer_early(self) -> list[Effect]:
        return []

    def turn_out(self, status: int, reason: str) -> list[Effect]:
        was_dialled = self.state in (LegState.DIALLING, LegState.ANSWERING, LegState.UP)
        return [HangUpLeg(self.leg_id, reason)] if was_dialled else []
