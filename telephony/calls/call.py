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

Beside it: `leg` (a re-INVITE), `agent_leg` (one phone for one offer), `hearing` (prompts, music).

Rule 1: hold is answered here and never forwarded; the held side hears music while bridged.
        CallHeld and CallResumed are told of bridged legs only; the end of the bridge ends a hold.
Rule 2: CallArrived and CallEnded come exactly once each, in this order, and only LegEnded and
        TalkRecorded come after.
Rule 3: a command that comes too late is nothing; the event that made it late is on its way.
Rule 4: each leg that media was asked for gets one Release; each Tap one Untap, before it.
"""

from collections.abc import Sequence

from foundation.ids import AgentId, CallId, LegId, OfferId, PartyId, PhoneId, RecordingId
from telephony.calls.agent_leg import ENDED_EARLY, AgentLeg
from telephony.calls.digits import DigitFilter, DigitWay
from telephony.calls.effects import (
    Accept,
    Effect,
    HangUpLeg,
    MediaAnswered,
    Progress,
    Purpose,
    Reject,
    Tell,
)
from telephony.calls.events import (
    AgentRefused,
    CallAnswered,
    CallArrived,
    CallBridged,
    CallEnded,
    CallHeld,
    CallRefused,
    CallResumed,
    DigitPressed,
    EndedBy,
    LegEnded,
    PromptEnded,
    Side,
    TalkRecorded,
)
from telephony.calls.kept import KeptAgentSide, KeptCall
from telephony.calls.leg import Leg, LegState
from telephony.calls.monitor import Talk
from telephony.calls.options import CallOptions
from telephony.media import protocol as media
from telephony.sip import events as sip

AGENT_THERE = 491
"Refuses an offer while another agent's leg is still there: Request Pending."
NO_MEDIA = 503
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
        aor: str = "",
    ) -> None:
        """`leg_id`: the caller's; `line`: the number that was dialled; `aor`: a calling agent."""
        self.call_id = call_id
        spoken = options.media.of_caller(line, trunk, aor)
        self.caller = Leg(call_id, leg_id, Side.CALLER, options, offerless=False, media=spoken)
        self.agent: AgentLeg | None = None
        self.leg_ids: set[LegId] = {leg_id}
        "All legs that this call ever had."
        self._options = options
        self._party_id = party_id
        self._line = line
        self._reliable = False
        "The caller acknowledges provisional answers, so that a 183 may carry an offer."
        self._trunk = trunk
        self._digits = DigitFilter(options.double_digit_s)
        self._recording_id: RecordingId | None = None
        self._bridged = False
        self._has_arrived = False
        self._is_over = False
        self._releasing: set[LegId] = set()

    # -- what the switchboard asks ---------------------------------------------------------------

    @property
    def is_finished(self) -> bool:
        """Over, and nothing of it is still to be told."""
        return self._is_over and not self._releasing

    @property
    def is_over(self) -> bool:
        return self._is_over

    @property
    def trunk(self) -> str:
        """Over which it came; '' when that is not known."""
        return self._trunk

    @property
    def talk(self) -> Talk | None:
        """Caller and agent while they are bridged, for whoever listens to them."""
        if self.agent is None or not self._bridged:
            return None
        return Talk(self.caller.leg_id, self.agent.leg_id, PhoneId(self.agent.agent_id))

    # -- the caller's INVITE ---------------------------------------------------------------------

    def start(self, sdp: bytes, *, reliable: bool = False) -> list[Effect]:
        """Ask media for the caller's session; two legs are reserved, for an agent will follow.

        `reliable`: the caller acknowledges provisional answers.
        """
        self.caller.offerless = not sdp
        self._reliable = reliable
        self._releasing.add(self.caller.leg_id)
        return [self.caller.ask_session(Purpose.PREPARE_CALLER, sdp, reserve=True)]

    def resume(self, kept: KeptCall, plays: int) -> list[Effect]:
        """Instead of `start`: stand where the process before us stood; nothing is told twice.

        `plays`: a number above that of any play of these legs.
        """
        self._has_arrived = True
        self._bridged = kept.is_bridged
        self._recording_id = kept.recording_id
        self._releasing.add(self.caller.leg_id)
        self.caller.adopt(kept.caller, bridged=kept.is_bridged, plays=plays)
        self.caller.state = LegState.ARRIVED if kept.caller.dialog.is_early else LegState.UP
        effects = [] if kept.agent is None else self._resume_agent(kept.agent, plays)
        if self._bridged:
            for leg in self._legs():
                effects += leg.hearing.hold(self._is_held_by_other(leg))
        elif self._recording_id is not None:
            # The recording begins just before the bridge, which did not come about any more.
            effects += self.bridge()
        return effects

    def _resume_agent(self, kept: KeptAgentSide, plays: int) -> list[Effect]:
        self.leg_ids.add(kept.leg_id)
        self._releasing.add(kept.leg_id)
        self.agent = AgentLeg(
            self.call_id,
            kept.leg_id,
            kept.agent_id,
            kept.offer_id,
            self._options,
            auto_answer=False,
        )
        return self.agent.resume(kept, bridged=self._bridged, plays=plays)

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
        if not self._is_unanswered:
            return []
        self.caller.state = LegState.UP
        return [
            Accept(self.caller.leg_id, self.caller.our_sdp),
            Tell(CallAnswered(self.call_id)),
        ]

    def answer_early(self) -> list[Effect]:
        if self.caller.state is not LegState.ARRIVED:
            return []
        self.caller.state = LegState.EARLY
        # RFC 3261 13.2.1: an offer of ours may not travel in an unreliable 183.
        may_offer = self._reliable or not self.caller.offerless
        body = self.caller.our_sdp if may_offer else b""
        return [Progress(self.caller.leg_id, body)]

    def refuse(self, status: int, rule: str) -> list[Effect]:
        return self._refuse(status, rule, EndedBy.CENTRE, rule) if self._is_unanswered else []

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
        if self._is_over or self.agent is not None:
            return []
        leg_id = self.caller.leg_id
        connect = self.caller.ask(media.Connect(rid=0, a=leg_id, b=leg_id))
        return [*self.caller.hearing.quiet(), connect]

    # -- the agent's leg -------------------------------------------------------------------------

    def ring_agent(
        self, leg_id: LegId, agent_id: AgentId, offer_id: OfferId, *, auto_answer: bool
    ) -> list[Effect]:
        if self._is_over:
            return []
        if self.agent is not None:
            return [Tell(AgentRefused(self.call_id, agent_id, offer_id, AGENT_THERE))]
        self.leg_ids.add(leg_id)
        self._releasing.add(leg_id)
        self.agent = AgentLeg(
            self.call_id, leg_id, agent_id, offer_id, self._options, auto_answer=auto_answer
        )
        return self.agent.prepare(self.caller.codec)

    def stop_ringing(self, offer_id: OfferId) -> list[Effect]:
        if self.agent is None or self.agent.offer_id != offer_id:
            return []
        return self._without_agent(self.agent.drop("the offer was withdrawn"))

    def release_agent(self) -> list[Effect]:
        if self.agent is None or not self.agent.is_up:
            return []
        return self._lose_agent(self.agent, EndedBy.CENTRE, ENDED_EARLY, "released")

    def play_to_agent(self, items: Sequence[str]) -> list[Effect]:
        if self.agent is None or not self.agent.is_up or self._bridged or not items:
            return []
        return [*self.agent.hearing.play(items, loop=False)]

    def bridge(self) -> list[Effect]:
        agent = self.agent
        if agent is None or self._bridged or not (agent.is_up and self.caller.is_up):
            return []
        connect = media.Connect(rid=0, a=self.caller.leg_id, b=agent.leg_id)
        return [
            *self.caller.hearing.quiet(),
            *agent.hearing.quiet(),
            agent.ask(connect, Purpose.CONNECT),
        ]

    def record(self, recording_id: RecordingId, file: str) -> list[Effect]:
        """What can't be recorded is told as recorded with nothing in it, so that it is closed."""
        agent = self.agent
        if agent is None or not agent.is_up or self._recording_id is not None:
            return [Tell(TalkRecorded(recording_id, 0, complete=False))]
        self._recording_id = recording_id
        request = media.Tap(
            rid=0,
            tap_id=recording_id,
            left=self.caller.leg_id,
            right=agent.leg_id,
            file=file,
        )
        return [self.caller.ask(request, Purpose.TAP)]

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
                agent = self._agent_on(leg)
                return [] if agent is None else agent.on_progress(status)
            case sip.Answered(leg, body):
                agent = self._agent_on(leg)
                return [] if agent is None else agent.on_answered(body)
            case sip.Refused(leg, status):
                return self._on_agent_ended(leg, EndedBy.AGENT, status)
            case sip.Reoffered(leg, body):
                return self._on_reoffered(leg, body)
            case sip.InfoDigit(leg, digit):
                return self._on_info_digit(leg, digit, now)
            case sip.Gone(leg, why, reason):
                return self._on_gone(leg, why, reason)
            case sip.DialogKept(leg_id, record):
                leg_kept = self._find(leg_id)
                return [] if leg_kept is None else leg_kept.keep(record)
            case _:
                return []

    def _on_ack(self, leg_id: LegId, body: bytes) -> list[Effect]:
        leg = self._find(leg_id)
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
        leg = self._find(leg_id)
        return [Reject(leg_id, 481)] if leg is None else leg.on_reoffered(body)

    def _on_info_digit(self, leg_id: LegId, digit: str, now: float) -> list[Effect]:
        effects = self._on_digit(leg_id, digit, now, DigitWay.INFO)
        other = self._other(leg_id)
        if effects and self._bridged and other is not None:
            effects.append(other.ask(media.SendDigits(rid=0, leg=other.leg_id, digits=digit)))
        return effects

    def _on_gone(self, leg_id: LegId, why: sip.GoneWhy, reason: str) -> list[Effect]:
        is_bye = why is sip.GoneWhy.BYE
        if leg_id == self.caller.leg_id:
            return self._end(EndedBy.CALLER if is_bye else EndedBy.FAULT, reason or why.value)
        by = EndedBy.AGENT if is_bye else EndedBy.FAULT
        return self._on_agent_ended(leg_id, by, ENDED_EARLY)

    def _on_agent_ended(self, leg_id: LegId, by: EndedBy, status: int) -> list[Effect]:
        agent = self._agent_on(leg_id)
        return [] if agent is None else self._without_agent(agent.on_peer_ended(by, status))

    # -- media's facts ---------------------------------------------------------------------------

    def on_media(self, given: MediaAnswered) -> list[Effect]:
        """Media's reply to something this call asked."""
        leg_id, reply = given.asked.leg, given.reply
        match given.asked.purpose:
            case Purpose.PREPARE_CALLER:
                return self._on_caller_media(reply)
            case Purpose.PREPARE_AGENT | Purpose.ANSWER_AGENT:
                return self._on_agent_media(given)
            case Purpose.REOFFER:
                leg = self._find(leg_id)
                return [] if leg is None else self._with_hold(leg, leg.on_reoffer_media(reply))
            case Purpose.LATE_ANSWER | Purpose.REOFFER_ANSWER:
                return self._on_late_answer(given)
            case Purpose.CONNECT:
                return self._on_connected(leg_id, reply)
            case Purpose.PLAY | Purpose.TAP if isinstance(reply, media.Failed):
                return self._on_verb_failed(given.asked.request)
            case Purpose.RELEASE:
                return self._on_released(leg_id, reply)
            case _:
                return []

    def on_play_ended(self, play_id: str) -> list[Effect]:
        for leg in self._legs():
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
        self.caller.state = LegState.ARRIVED
        self.caller.our_sdp = reply.sdp.encode()
        # Without the caller's SDP nothing is agreed yet; that comes with the ACK.
        noted = [] if self.caller.offerless else self.caller.note_terms(reply)
        return [*self._arrive(), *noted]

    def _on_agent_media(self, given: MediaAnswered) -> list[Effect]:
        agent, reply = self._agent_on(given.asked.leg), given.reply
        if agent is None:
            return []
        if isinstance(reply, media.Failed):
            return self._lose_agent(agent, EndedBy.FAULT, reply.status, reply.sentence)
        if given.asked.purpose is Purpose.PREPARE_AGENT:
            return agent.on_prepared(reply)
        return agent.on_connectable(reply)

    def _on_late_answer(self, given: MediaAnswered) -> list[Effect]:
        """The SDP of an ACK: without a usable first one there is no talk, later ones may fail."""
        leg, reply = self._find(given.asked.leg), given.reply
        if leg is None:
            return []
        if isinstance(reply, media.Done):
            return self._with_hold(leg, leg.note_terms(reply))
        if given.asked.purpose is Purpose.REOFFER_ANSWER:
            return []
        return self._on_bad_media(leg.leg_id, reply.sentence)

    def _on_connected(self, leg_id: LegId, reply: media.Done | media.Failed) -> list[Effect]:
        agent = self._agent_on(leg_id)
        if agent is None or self._bridged or not agent.is_up:
            return []
        if isinstance(reply, media.Failed):
            # One of the two sessions is gone; with the next agent it would fail again.
            return self.hang_up(EndedBy.FAULT, reply.sentence)
        self._bridged = True
        bridged = Tell(CallBridged(self.call_id, agent.agent_id))
        held = [effect for leg in self._legs() if leg.holding for effect in self._hold_by(leg)]
        return [bridged, *held]

    def _on_verb_failed(self, request: media.Request) -> list[Effect]:
        """Whoever waits for the end of it must not wait for ever."""
        if isinstance(request, media.Tap):
            return [Tell(TalkRecorded(request.tap_id, 0, complete=False))]
        if isinstance(request, media.Play) and self.caller.hearing.failed(request.play_id):
            return self.on_play_ended(request.play_id)
        return []

    def _on_bad_media(self, leg_id: LegId, sentence: str) -> list[Effect]:
        if leg_id == self.caller.leg_id:
            return self.hang_up(EndedBy.FAULT, sentence)
        agent = self._agent_on(leg_id)
        if agent is None:
            return []
        return self._lose_agent(agent, EndedBy.FAULT, NO_MEDIA, sentence)

    def _on_released(self, leg_id: LegId, reply: media.Done | media.Failed) -> list[Effect]:
        self._releasing.discard(leg_id)
        if isinstance(reply, media.Failed) or reply.stats is None:
            return []
        side = Side.CALLER if leg_id == self.caller.leg_id else Side.AGENT
        return [Tell(_leg_ended(self.call_id, leg_id, side, reply.stats))]

    # -- hold ------------------------------------------------------------------------------------

    def _with_hold(self, leg: Leg, effects: list[Effect]) -> list[Effect]:
        """After new SDP of `leg`: the other side gets music, or has the talk back."""
        if not self._bridged or leg.holding == self._is_told_to_hold(leg):
            return effects
        return [*effects, *self._hold_by(leg)]

    def _is_told_to_hold(self, leg: Leg) -> bool:
        other = self._other(leg.leg_id)
        return other is not None and other.hearing.is_held

    def _is_held_by_other(self, leg: Leg) -> bool:
        other = self._other(leg.leg_id)
        return other is not None and other.holding

    def _hold_by(self, leg: Leg) -> list[Effect]:
        other = self._other(leg.leg_id)
        music = [] if other is None else other.hearing.hold(leg.holding)
        told = CallHeld if leg.holding else CallResumed
        return [*music, Tell(told(self.call_id, leg.side))]

    # -- endings ---------------------------------------------------------------------------------

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
        if self.agent is not None:
            effects += self._without_agent(self.agent.drop(reason))
        return [*effects, self.caller.release(), Tell(CallEnded(self.call_id, by, reason))]

    def _lose_agent(self, agent: AgentLeg, by: EndedBy, status: int, why: str) -> list[Effect]:
        return self._without_agent(agent.lose(by, status, why))

    def _without_agent(self, ending: list[Effect]) -> list[Effect]:
        """The agent's leg goes by `ending`; what bound it to the caller is undone first."""
        effects: list[Effect] = [*self._untap()]
        if not self._is_over:
            effects += self.caller.hearing.hold(False)
        self.agent = None
        self._bridged = False
        return [*effects, *ending]

    def _untap(self) -> list[Effect]:
        if self._recording_id is None:
            return []
        request = media.Untap(rid=0, tap_id=self._recording_id)
        self._recording_id = None
        return [self.caller.ask(request)]

    # -- small pieces ----------------------------------------------------------------------------

    @property
    def _is_unanswered(self) -> bool:
        return self.caller.state in (LegState.ARRIVED, LegState.EARLY)

    def _arrive(self) -> list[Effect]:
        if self._has_arrived:
            return []
        self._has_arrived = True
        return [Tell(CallArrived(self.call_id, self._party_id, self._line, self._trunk))]

    def _on_digit(self, leg_id: LegId, digit: str, at_s: float, way: DigitWay) -> list[Effect]:
        leg = self._find(leg_id)
        if leg is None or not self._has_arrived:
            return []
        if not self._digits.is_new(leg_id, digit, at_s, way):
            return []
        return [Tell(DigitPressed(self.call_id, leg.side, digit))]

    def _legs(self) -> list[Leg]:
        """Those that are alive."""
        both = [self.caller] if self.agent is None else [self.caller, self.agent]
        return [leg for leg in both if leg.is_alive]

    def _find(self, leg_id: LegId) -> Leg | None:
        return next((leg for leg in self._legs() if leg.leg_id == leg_id), None)

    def _agent_on(self, leg_id: LegId) -> AgentLeg | None:
        return self.agent if self.agent is not None and self.agent.leg_id == leg_id else None

    def _other(self, leg_id: LegId) -> Leg | None:
        return next((leg for leg in self._legs() if leg.leg_id != leg_id), None)


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
