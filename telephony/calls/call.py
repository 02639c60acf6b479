"""One call as a pure machine: SIP and media facts and commands in, SIP and media work out.

The caller's leg comes first and is the call: when it is gone, the call is over. At most one agent's
leg stands beside it. Below are telephony.sip (dialogs) and telephony.media (sessions), which know
nothing of each other; this package is where the two meet.

    IncomingCall ─▶ media Offer ─▶ CallArrived ─▶ answer() ─▶ 200 ─▶ play() …
       ring_agent() ─▶ media Offer ─▶ INVITE ─▶ 200 ─▶ media Answer ─▶ AgentPickedUp
       bridge() ─▶ media Connect ─▶ CallBridged

                     ring_agent                AgentPickedUp, bridge
          ALONE ───────────────────▶ RINGING ────────────────────────▶ BRIDGED ⇄ held
            ▲                           │ refused, withdrawn              │ agent gone
            └───────────────────────────┴─────────────────────────────────┘
          caller gone in any state: the agent's leg is hung up, CallEnded

Beside it: `leg` (a re-INVITE), `agent_leg` (one phone for one offer), `hearing` (prompts, music),
`agent_side`, `hold`, `sound` and `recording`, which are parts of this machine.

Rule 1: hold is answered here and never forwarded; the held side hears music while bridged.
        CallHeld and CallResumed are told of bridged legs only; the end of the bridge ends a hold.
Rule 2: CallArrived and CallEnded come exactly once each, in this order, and only LegEnded and
        TalkRecorded come after.
Rule 3: a command that comes too late is nothing; the event that made it late is on its way.
Rule 4: each leg that media was asked for gets one Release; each Tap one Untap, before it.
Rule 5: after each step, what follows from it for holds and ears is worked out anew (`settle`).
"""

from collections.abc import Sequence

from foundation.ids import CallId, LegId, PartyId, PhoneId
from telephony.calls.agent_leg import ENDED_EARLY
from telephony.calls.agent_side import AgentSide
from telephony.calls.caller_leg import CallerLeg
from telephony.calls.digits import DigitFilter, DigitWay
from telephony.calls.effects import Effect, HangUpLeg, MediaAnswered, Purpose, Reject, Tell
from telephony.calls.events import (
    CallAnswered,
    CallArrived,
    CallEnded,
    CallRefused,
    DigitPressed,
    EndedBy,
    LegEnded,
    PromptEnded,
    Side,
    TalkRecorded,
)
from telephony.calls.hold import Hold
from telephony.calls.kept import KeptCall
from telephony.calls.leg import LegState
from telephony.calls.monitor import Talk
from telephony.calls.options import CallOptions
from telephony.calls.recording import Recording
from telephony.calls.seats import Seats
from telephony.calls.sound import Sound
from telephony.media import protocol as media
from telephony.sip import events as sip

HUNG_UP = 480
"Final answer to a caller whom we hang up on before a 200: Temporarily Unavailable."


class Call:
    """A contact from INVITE to its end, with the legs that belong to it."""

    def __init__(
        self,
        call_id: CallId,
        leg_id: LegId,
        party_id: PartyId,
        line: str,
        options: CallOptions,
        trunk: str = "",
    ) -> None:
        """`leg_id`: the caller's; `line`: the number that was dialled."""
        self.call_id = call_id
        self.caller = CallerLeg(call_id, leg_id, Side.CALLER, options)
        self._seats = Seats(self.caller)
        self._sound = Sound(self._seats)
        self._hold = Hold(self._seats)
        self.recording = Recording(self._seats)
        self.agents = AgentSide(self._seats, self.recording, options, self._fail)
        self._party_id = party_id
        self._line = line
        self._trunk = trunk
        self._digits = DigitFilter(options.double_digit_s)
        self._has_arrived = False
        self._is_over = False

    # -- what the switchboard asks ---------------------------------------------------------------

    @property
    def is_finished(self) -> bool:
        """Over, and nothing of it is still to be told."""
        return self._is_over and not self._seats.releasing

    @property
    def is_over(self) -> bool:
        return self._is_over

    @property
    def leg_ids(self) -> set[LegId]:
        """All legs that this call ever had."""
        return self._seats.leg_ids

    @property
    def has_agent(self) -> bool:
        return self._seats.agent is not None

    @property
    def talk(self) -> Talk | None:
        """Caller and agent while they are bridged, for whoever listens to them."""
        agent = self._seats.agent
        if agent is None or not self._seats.is_bridged:
            return None
        return Talk(self.caller.leg_id, agent.leg_id, PhoneId(agent.agent_id))

    def settle(self) -> list[Effect]:
        """What follows from the step before for who hears whom, and for what is told of holds."""
        return [*self._sound.follow(), *self._hold.follow()]

    # -- the caller's INVITE ---------------------------------------------------------------------

    def start(self, sdp: bytes, *, reliable: bool = False) -> list[Effect]:
        """Ask media for the caller's session; two legs are reserved, for an agent will follow.

        `reliable`: the caller acknowledges provisional answers.
        """
        self.caller.offerless = not sdp
        self.caller.reliable = reliable
        self._seats.expect(self.caller.leg_id)
        return [self.caller.ask_session(Purpose.PREPARE_CALLER, sdp, reserve=True)]

    def resume(self, kept: KeptCall, plays: int) -> list[Effect]:
        """Instead of `start`: stand where the process before us stood; nothing is told twice.

        `plays`: a number above that of any play of these legs.
        """
        self._has_arrived = True
        self._seats.is_bridged = kept.is_bridged
        self.recording.recording_id = kept.recording_id
        self._seats.expect(self.caller.leg_id)
        self.caller.adopt(kept.caller, bridged=kept.is_bridged, plays=plays)
        self.caller.state = LegState.ARRIVED if kept.caller.dialog.is_early else LegState.UP
        effects = [] if kept.agent is None else self.agents.resume(kept.agent, plays)
        self._hold.adopt()
        if kept.recording_id is not None and not kept.is_bridged:
            # The recording begins just before the bridge, which did not come about any more.
            effects += self.agents.bridge()
        return effects

    def turn_away(self, status: int, rule: str) -> list[Effect]:
        """Instead of `start`: refuse a stranger before anything was reserved for the call."""
        arrived = self._arrive()
        self._is_over = True
        return [
            *arrived,
            Reject(self.caller.leg_id, status),
            Tell(CallRefused(self.call_id, status, rule)),
            Tell(CallEnded(self.call_id, EndedBy.CENTRE, rule)),
        ]

    def answer(self) -> list[Effect]:
        if not self.caller.is_unanswered:
            return []
        return [*self.caller.accept(), Tell(CallAnswered(self.call_id))]

    def answer_early(self) -> list[Effect]:
        return self.caller.answer_early()

    def refuse(self, status: int, rule: str) -> list[Effect]:
        if not self.caller.is_unanswered:
            return []
        return self._refuse(status, rule, EndedBy.CENTRE, rule)

    # -- what the caller hears -------------------------------------------------------------------

    def play(self, items: Sequence[str], *, loop: bool) -> list[Effect]:
        if self._is_over:
            return []
        if items:
            return [*self.caller.hearing.play(items, loop=loop)]
        told = [] if loop else [Tell(PromptEnded(self.call_id))]
        return [*self.caller.hearing.stop(), *told]

    def stop_playing(self) -> list[Effect]:
        return [] if self._is_over else [*self.caller.hearing.stop()]

    def echo(self) -> list[Effect]:
        if self._is_over or self.has_agent:
            return []
        leg_id = self.caller.leg_id
        connect = self.caller.ask(media.Connect(rid=0, a=leg_id, b=leg_id))
        return [*self.caller.hearing.quiet(), connect]

    def hang_up(self, by: EndedBy, reason: str) -> list[Effect]:
        """A caller without a 200 gets a final answer, whatever the cause; others a BYE."""
        if self._is_over:
            return []
        if self.caller.is_up:
            return [HangUpLeg(self.caller.leg_id, reason), *self._end(by, reason)]
        status = 500 if by is EndedBy.FAULT else HUNG_UP
        return self._refuse(status, reason, by, reason)

    # -- SIP's facts -----------------------------------------------------------------------------

    def on_sip(self, event: sip.SipEvent, now: float) -> list[Effect]:
        """Facts about a leg of this call; `now` in seconds."""
        match event:
            case sip.Cancelled(reason=reason):
                return self._end(EndedBy.CALLER, reason or "cancelled")
            case sip.Confirmed(leg, body) | sip.EarlyAnswered(leg, body):
                return self._on_ack(leg, body)
            case sip.Progressed(leg, status):
                agent = self._seats.agent_on(leg)
                return [] if agent is None else agent.on_progress(status)
            case sip.Answered(leg, body):
                agent = self._seats.agent_on(leg)
                return [] if agent is None else agent.on_answered(body)
            case sip.Refused(leg, status):
                return self.agents.on_peer_ended(leg, EndedBy.AGENT, status)
            case sip.Reoffered(leg, body):
                return self._on_reoffered(leg, body)
            case sip.InfoDigit(leg, digit):
                return self._on_info_digit(leg, digit, now)
            case sip.Gone(leg, why, reason):
                return self._on_gone(leg, why, reason)
            case sip.DialogKept(leg_id, record):
                leg_kept = self._seats.find(leg_id)
                return [] if leg_kept is None else leg_kept.keep(record)
            case _:
                return []

    def _on_ack(self, leg_id: LegId, body: bytes) -> list[Effect]:
        leg = self._seats.find(leg_id)
        if leg is None or not leg.offerless:
            return []
        leg.offerless = False
        is_first = leg is self.caller and not leg.codec
        if not body:
            # RFC 3264 4: our offer was never answered, so there is nothing to talk by.
            return self._on_bad_media(leg_id, "the ACK has no SDP") if is_first else []
        purpose = Purpose.LATE_ANSWER if is_first else Purpose.REOFFER_ANSWER
        return [leg.ask_answer(purpose, body)]

    def _on_reoffered(self, leg_id: LegId, body: bytes) -> list[Effect]:
        leg = self._seats.find(leg_id)
        return [Reject(leg_id, 481)] if leg is None else leg.on_reoffered(body)

    def _on_info_digit(self, leg_id: LegId, digit: str, now: float) -> list[Effect]:
        effects = self._on_digit(leg_id, digit, now, DigitWay.INFO)
        other = self._sound.partner(leg_id)
        if effects and other is not None:
            effects.append(other.ask(media.SendDigits(rid=0, leg=other.leg_id, digits=digit)))
        return effects

    def _on_gone(self, leg_id: LegId, why: sip.GoneWhy, reason: str) -> list[Effect]:
        is_bye = why is sip.GoneWhy.BYE
        if leg_id == self.caller.leg_id:
            return self._end(EndedBy.CALLER if is_bye else EndedBy.FAULT, reason or why.value)
        by = EndedBy.AGENT if is_bye else EndedBy.FAULT
        return self.agents.on_peer_ended(leg_id, by, ENDED_EARLY)

    # -- media's facts ---------------------------------------------------------------------------

    def on_media(self, given: MediaAnswered) -> list[Effect]:
        """Media's reply to something this call asked."""
        leg_id, reply = given.asked.leg, given.reply
        match given.asked.purpose:
            case Purpose.PREPARE_CALLER:
                return self._on_caller_media(reply)
            case Purpose.PREPARE_AGENT | Purpose.ANSWER_AGENT:
                return self.agents.on_media(given)
            case Purpose.REOFFER:
                leg = self._seats.find(leg_id)
                return [] if leg is None else leg.on_reoffer_media(reply)
            case Purpose.LATE_ANSWER | Purpose.REOFFER_ANSWER:
                return self._on_late_answer(given)
            case Purpose.CONNECT:
                return self.agents.on_connected(leg_id, reply)
            case Purpose.PLAY | Purpose.TAP if isinstance(reply, media.Failed):
                return self._on_verb_failed(given.asked.request)
            case Purpose.RELEASE:
                return self._on_released(leg_id, reply)
            case _:
                return []

    def on_play_ended(self, play_id: str) -> list[Effect]:
        for leg in self._seats.legs():
            if leg.hearing.is_current(play_id):
                told = [Tell(PromptEnded(self.call_id))] if leg is self.caller else []
                return [*leg.hearing.ended(), *told]
        return []

    def on_digit(self, leg_id: LegId, digit: str, at_s: float) -> list[Effect]:
        """A digit in the RTP stream, which media has already passed on to the other leg."""
        return self._on_digit(leg_id, digit, at_s, DigitWay.RTP)

    def on_media_lost(self, leg_id: LegId) -> list[Effect]:
        return self._on_bad_media(leg_id, "no audio came any more")

    def _on_caller_media(self, reply: media.Done | media.Failed) -> list[Effect]:
        if self._is_over:
            return []
        if isinstance(reply, media.Failed):
            rule = f"media: {reply.sentence}"
            return self._refuse(reply.status, rule, EndedBy.CENTRE, "media refused")
        noted = self.caller.on_prepared(reply)
        return [*self._arrive(), *noted]

    def _on_late_answer(self, given: MediaAnswered) -> list[Effect]:
        """The SDP of an ACK: without a usable first one there is no talk, later ones may fail."""
        leg, reply = self._seats.find(given.asked.leg), given.reply
        if leg is None:
            return []
        if isinstance(reply, media.Done):
            return leg.note_terms(reply)
        if given.asked.purpose is Purpose.REOFFER_ANSWER:
            return []
        return self._on_bad_media(leg.leg_id, reply.sentence)

    def _on_verb_failed(self, request: media.Request) -> list[Effect]:
        """Whoever waits for the end of it must not wait for ever."""
        if isinstance(request, media.Tap):
            return [Tell(TalkRecorded(request.tap_id, 0, complete=False))]
        if isinstance(request, media.Play) and self.caller.hearing.failed(request.play_id):
            return self.on_play_ended(request.play_id)
        if isinstance(request, media.Play):
            return [*self._bed_failed(request)]
        return []

    def _bed_failed(self, request: media.Play) -> list[Effect]:
        leg = self._seats.find(LegId(request.leg))
        return [] if leg is None else [*leg.hearing.bed_failed(request.play_id)]

    def _on_bad_media(self, leg_id: LegId, sentence: str) -> list[Effect]:
        if leg_id == self.caller.leg_id:
            return self._fail(sentence)
        return self.agents.on_bad_media(leg_id, sentence)

    def _on_released(self, leg_id: LegId, reply: media.Done | media.Failed) -> list[Effect]:
        self._seats.releasing.discard(leg_id)
        if isinstance(reply, media.Failed) or reply.stats is None:
            return []
        side = Side.CALLER if leg_id == self.caller.leg_id else Side.AGENT
        return [Tell(_leg_ended(self.call_id, leg_id, side, reply.stats))]

    # -- endings ---------------------------------------------------------------------------------

    def _fail(self, sentence: str) -> list[Effect]:
        return self.hang_up(EndedBy.FAULT, sentence)

    def _refuse(self, status: int, rule: str, by: EndedBy, reason: str) -> list[Effect]:
        return [
            *self._arrive(),
            Reject(self.caller.leg_id, status),
            Tell(CallRefused(self.call_id, status, rule)),
            *self._end(by, reason),
        ]

    def _end(self, by: EndedBy, reason: str) -> list[Effect]:
        """The caller's side is over, so everything is."""
        if self._is_over:
            return []
        effects = self._arrive()
        self._is_over = True
        agent = self._seats.agent
        if agent is not None:
            effects += self.agents.leave(agent.drop(reason))
        return [*effects, self.caller.release(), Tell(CallEnded(self.call_id, by, reason))]

    # -- small pieces ----------------------------------------------------------------------------

    def _arrive(self) -> list[Effect]:
        if self._has_arrived:
            return []
        self._has_arrived = True
        return [Tell(CallArrived(self.call_id, self._party_id, self._line, self._trunk))]

    def _on_digit(self, leg_id: LegId, digit: str, at_s: float, way: DigitWay) -> list[Effect]:
        leg = self._seats.find(leg_id)
        if leg is None or not self._has_arrived:
            return []
        if not self._digits.is_new(leg_id, digit, at_s, way):
            return []
        return [Tell(DigitPressed(self.call_id, leg.side, digit))]


def _leg_ended(call_id: CallId, leg_id: LegId, side: Side, stats: media.LegStats) -> LegEnded:
    return LegEnded(
        call_id,
        leg_id,
        side,
        packets_received=stats.packets_received,
        packets_sent=stats.packets_sent,
        packets_lost=stats.packets_lost,
        jitter_ms=stats.jitter_ms,
        remote_packets_lost=stats.remote_packets_lost,
        remote_jitter_ms=stats.remote_jitter_ms,
        round_trip_ms=stats.round_trip_ms,
        mos=stats.mos,
        remote_mos=stats.remote_mos,
    )
