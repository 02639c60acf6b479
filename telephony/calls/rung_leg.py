"""A leg that we open: a phone is dialled with our offer, and spoken with when it is picked up.

    PREPARING ── media Done ──▶ DIALLING ── 200 ──▶ ANSWERING ── media Done ──▶ UP

What is told of it, and what becomes of the call, is for those who have it rung: agents
(`agent_leg`), supervisors (`monitor`).

Rule 1: what we end gets one `HangUpLeg`; what the peer ended, or was never dialled, gets none.
"""

from telephony.calls.effects import Effect, HangUpLeg, Purpose
from telephony.calls.kept import KeptSide
from telephony.calls.leg import Leg, LegState
from telephony.media import protocol as media


class RungLeg(Leg):
    """One phone, rung once."""

    prepare_purpose: Purpose
    answer_purpose: Purpose

    @property
    def was_dialled(self) -> bool:
        return self.state in (LegState.DIALLING, LegState.ANSWERING, LegState.UP)

    def resume(self, kept: KeptSide, *, bridged: bool, plays: int) -> list[Effect]:
        """Go on with a phone that an earlier process dialled."""
        self.adopt(kept, bridged=bridged, plays=plays)
        if self.codec and not kept.dialog.is_early:
            self.state = LegState.UP
            return []
        # The offer that media made is that of our INVITE.
        self.offerless = False
        self.state = LegState.DIALLING
        return [] if kept.dialog.is_early else self.on_answered(kept.dialog.body)

    def dial(self) -> list[Effect]:
        """The INVITE; media has made `our_sdp`."""
        raise NotImplementedError

    def prepare(self, prefer: str) -> list[Effect]:
        """The caller's law goes first in our offer, so that nothing need be converted."""
        return [self.ask_session(self.prepare_purpose, prefer=prefer)]

    def on_prepared(self, done: media.Done) -> list[Effect]:
        self.state = LegState.DIALLING
        self.our_sdp = done.sdp.encode()
        return self.dial()

    def on_answered(self, sdp: bytes) -> list[Effect]:
        if self.state is not LegState.DIALLING:
            return []
        self.state = LegState.ANSWERING
        return [self.ask_answer(self.answer_purpose, sdp)]

    def connectable(self, done: media.Done) -> list[Effect]:
        """Media knows where the phone is: it can be spoken with."""
        self.state = LegState.UP
        return self.note_terms(done)

    def drop(self, reason: str) -> list[Effect]:
        """End it without telling anybody."""
        hang_up: list[Effect] = [HangUpLeg(self.leg_id, reason)] if self.was_dialled else []
        return [*hang_up, self.release()]
