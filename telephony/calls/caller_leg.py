"""A leg that a peer opens towards us: the caller's, or another line of an agent's phone.

    PREPARING ── media Done ──▶ ARRIVED ── accept ──▶ UP
                                   └─ answer_early ─▶ EARLY ─▶ UP

Who leaves before our 200 gets a final answer, who leaves after it a BYE. An UPDATE that came before
our 200 is answered before the INVITE: SIP takes an answer of ours for that to what came last.
"""

from foundation.ids import CallId, LegId
from telephony.calls.effects import Accept, Effect, HangUpLeg, Progress, Reject
from telephony.calls.events import Side
from telephony.calls.leg import Leg, LegState
from telephony.calls.leg_media import LegMedia
from telephony.calls.options import CallOptions
from telephony.media import protocol as media

REQUEST_TERMINATED = 487


class CallerLeg(Leg):
    """One INVITE of a peer's."""

    is_placed = False
    "We have dialled, and not been called."

    def __init__(
        self, call_id: CallId, leg_id: LegId, side: Side, options: CallOptions, media: LegMedia
    ) -> None:
        super().__init__(call_id, leg_id, side, options, offerless=False, media=media)
        self.reliable = False
        "The peer acknowledges provisional answers, so that a 183 may carry an offer."
        self._reoffers = 0
        "That media is busy with; before our 200 they are UPDATEs (RFC 3311)."
        self._accepts_later = False

    @property
    def is_unanswered(self) -> bool:
        """Media is ready and our 200 has not been sent."""
        return self.state in (LegState.ARRIVED, LegState.EARLY)

    def on_prepared(self, done: media.Done) -> list[Effect]:
        self.state = LegState.ARRIVED
        self.our_sdp = done.sdp.encode()
        # Without the peer's SDP nothing is agreed yet; that comes with the ACK.
        return [] if self.offerless else self.note_terms(done)

    def accept(self) -> list[Effect]:
        self.state = LegState.UP
        self._accepts_later = bool(self._reoffers)
        if self._accepts_later:
            return []
        return [Accept(self.leg_id, self.our_sdp), *self.expect_audio()]

    def refuse(self, status: int) -> list[Effect]:
        """Before our 200; an UPDATE that waits is the first to be answered."""
        updates = [Reject(self.leg_id, REQUEST_TERMINATED)] * self._reoffers
        return [*updates, Reject(self.leg_id, status)]

    def on_reoffered(self, sdp: bytes) -> list[Effect]:
        self._reoffers += 1
        return super().on_reoffered(sdp)

    def on_reoffer_media(self, reply: media.Done | media.Failed) -> list[Effect]:
        self._reoffers -= 1
        answered = super().on_reoffer_media(reply)
        return [*answered, *self.accept()] if self._accepts_later else answered

    def answer_early(self) -> list[Effect]:
        if self.state is not LegState.ARRIVED:
            return []
        self.state = LegState.EARLY
        # RFC 3261 13.2.1: an offer of ours may not travel in an unreliable 183.
        may_offer = self.reliable or not self.offerless
        return [Progress(self.leg_id, self.our_sdp if may_offer else b"")]

    def turn_out(self, status: int, reason: str) -> list[Effect]:
        """Whatever its state asks for; media's session is for `release`."""
        return [HangUpLeg(self.leg_id, reason)] if self.is_up else self.refuse(status)
