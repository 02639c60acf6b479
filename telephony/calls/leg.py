"""One side of a call: a SIP dialog with its media session, as the call machine sees it.

    caller   PREPARING ─media─▶ ARRIVED ─answer()─▶ UP ──▶ GONE
                                  └─answer_early()─▶ EARLY ─▶ UP
    agent    PREPARING ─media─▶ DIALLING ─200─▶ ANSWERING ─media─▶ UP ──▶ GONE
             (telephony.calls.agent_leg)

GONE is reached from everywhere: hang-up, refusal, CANCEL, lost media.

A re-INVITE of the peer, or an UPDATE that may come before the 200, is answered here and never
forwarded:

    Reoffered(sdp) ─▶ media Offer ─▶ Done: Accept (200), the direction is noted
                                  └▶ Failed: Reject (488 …), everything stays as it was
    Reoffered('')  ─▶ media Offer ─▶ Done: Accept with our offer ─▶ ACK ─▶ media Answer
                                                     Done: the direction is noted
"""

from enum import Enum

from foundation.ids import CallId, LegId
from telephony.calls.effects import Accept, AskMedia, Effect, Purpose, Reject
from telephony.calls.events import Side
from telephony.calls.hearing import Hearing
from telephony.calls.kept import KeptSide
from telephony.calls.leg_media import LegMedia
from telephony.calls.options import CallOptions
from telephony.media import protocol as media

_HOLDING = {"sendonly", "inactive"}
MOST_REASON_CHARS = 200
"Of what a peer gave as reason, in what media is to remember."


class LegState(Enum):
    PREPARING = "preparing"
    "Media was asked for a session; SIP waits."
    ARRIVED = "arrived"
    "Caller only: media is ready, nothing is answered."
    EARLY = "early"
    "Caller only: 183 with SDP is out."
    DIALLING = "dialling"
    "Agent only: INVITE is out, the phone may ring."
    ANSWERING = "answering"
    "Agent only: 200 is in, media is being told the phone's SDP."
    UP = "up"
    GONE = "gone"


class Leg:
    """What both sides have in common."""

    def __init__(
        self,
        call_id: CallId,
        leg_id: LegId,
        side: Side,
        options: CallOptions,
        *,
        offerless: bool,
        media: LegMedia,
    ) -> None:
        self.call_id = call_id
        self.leg_id = leg_id
        self.side = side
        self.state = LegState.PREPARING
        self.our_sdp = b""
        self.codec = ""
        self.holding = False
        "The peer's last SDP puts the other side on hold."
        self.hearing = Hearing(leg_id, options.hold_music)
        self.media = media
        self.offerless = offerless
        "Our 200 carries the offer; the peer's SDP comes with the ACK."
        self._was_silent = False
        "Media has told so before our 200, or may have told the process before us."

    @property
    def is_up(self) -> bool:
        return self.state is LegState.UP

    @property
    def is_alive(self) -> bool:
        return self.state is not LegState.GONE

    def forgive_silence(self) -> bool:
        """Whether what media has just told is no fault: before the 200 nobody need send anything,
        neither who rings nor who hears it ring. It is remembered, for `expect_audio`."""
        self._was_silent = not self.is_up
        return self._was_silent

    def expect_audio(self) -> list[Effect]:
        """From now on; media tells the same silence only once, and counts it anew."""
        if not self._was_silent:
            return []
        self._was_silent = False
        return [self.ask(media.Hold(rid=0, leg=self.leg_id, on=self.holding))]

    def ask(self, request: media.Request, purpose: Purpose = Purpose.OTHER) -> AskMedia:
        return AskMedia(self.leg_id, purpose, request)

    def ask_session(
        self, purpose: Purpose, sdp: bytes = b"", *, prefer: str = "", reserve: bool = False
    ) -> AskMedia:
        """Make or renew the media session, by the peer's offer or by our own."""
        request = media.Offer(
            rid=0,
            leg=self.leg_id,
            call=self.call_id,
            sdp=_text(sdp),
            prefer=prefer,
            reserve=reserve,
            srtp=self.media.srtp,
            webrtc=self.media.webrtc,
            # Once: a re-INVITE must not begin again what an event has ended.
            inband_dtmf=self.media.inband_dtmf and not self.codec,
        )
        return self.ask(request, purpose)

    def ask_answer(self, purpose: Purpose, sdp: bytes) -> AskMedia:
        return self.ask(media.Answer(rid=0, leg=self.leg_id, sdp=_text(sdp)), purpose)

    def release(self, ended_by: str = "", reason: str = "") -> AskMedia:
        """Once for each leg, even if media refused the session: it may have come too late.

        ended_by: with the caller's, who ended the call; media knows it when the journal does not.
        """
        self.state = LegState.GONE
        words = reason[:MOST_REASON_CHARS]
        request = media.Release(rid=0, leg=self.leg_id, ended_by=ended_by, reason=words)
        return self.ask(request, Purpose.RELEASE)

    def adopt(self, kept: KeptSide, *, bridged: bool, plays: int) -> None:
        """Stand where the process before us stood; the state is for the side to say."""
        session = kept.session
        self.our_sdp = session.sdp.encode()
        self.codec = session.codec
        self.holding = session.is_held
        self.offerless = session.is_offering
        self._was_silent = kept.dialog.is_early
        self.hearing.adopt(session.playing, loop=session.is_looping, bridged=bridged, plays=plays)

    # -- the peer's re-INVITE --------------------------------------------------------------------

    def on_reoffered(self, sdp: bytes) -> list[Effect]:
        self.offerless = not sdp
        return [self.ask_session(Purpose.REOFFER, sdp)]

    def on_reoffer_media(self, reply: media.Done | media.Failed) -> list[Effect]:
        if isinstance(reply, media.Failed):
            self.offerless = False
            return [Reject(self.leg_id, reply.status)]
        self.our_sdp = reply.sdp.encode()
        accept: list[Effect] = [Accept(self.leg_id, self.our_sdp)]
        # One that rings cannot hold anybody: what is only sent then is an announcement.
        is_rung = self.state in (LegState.DIALLING, LegState.ANSWERING)
        return accept if self.offerless or is_rung else [*accept, *self.note_terms(reply)]

    def note_terms(self, done: media.Done) -> list[Effect]:
        """What was agreed: the codec, and whether the peer holds us."""
        self.codec = done.codec or self.codec
        holding = done.peer_direction in _HOLDING
        if holding == self.holding:
            return []
        self.holding = holding
        return [self.ask(media.Hold(rid=0, leg=self.leg_id, on=holding))]


def _text(sdp: bytes) -> str:
    # Anything that is not UTF-8 is for media's SDP parser to refuse, not for us to fail on.
    return sdp.decode("utf-8", "replace")
