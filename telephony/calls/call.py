"""One call as a pure machine: SIP and media facts and commands in, SIP and media work out.

The caller's leg comes first and is the call: when it is gone, the call is over. At most one agent's
leg stands beside it. Below are telephony.sip (dialogs) and telephony.media (sessions), which know
nothing of each other; this file is where the two meet.

    IncomingCall ─▶ media Offer ─▶ CallArrived ─▶ answer() ─▶ 200 ─▶ play() …
       ring_agent() ─▶ media Offer ─▶ INVITE ─▶ 200 ─▶ media Answer ─▶ AgentPickedUp
       bridge() ─▶ media Connect ─▶ CallBridged

Rule 1: hold is answered here and never forwarded; the held side hears music.
Rule 2: CallArrived and CallEnded come exactly once each, in this order.
Rule 3: a command that comes too late is nothing; the event that made it late is on its way.
"""

from collections.abc import Sequence

from foundation.ids import AgentId, CallId, LegId, OfferId, PartyId, RecordingId
from telephony.calls.digits import DigitFilter, DigitWay
from telephony.calls.effects import (
    Accept,
    AskMedia,
    Dial,
    Effect,
    HangUpLeg,
    MediaAnswered,
    Progress,
    Purpose,
    Reject,
    Tell,
)
from telephony.calls.events import (
    AgentHungUp,
    AgentPickedUp,
    AgentRefused,
    AgentRinging,
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
)
from telephony.calls.leg import AgentLeg, Leg, LegState
from telephony.calls.options import CallOptions
from telephony.media import protocol as media
from telephony.sip import events as sip

_HOLDING = {"sendonly", "inactive"}


class Call:
    """A contact from INVITE to its end, with the legs that belong to it."""

    def __init__(
        self,
        call_id: CallId,
        incoming: sip.IncomingCall,
        party_id: PartyId,
        options: CallOptions,
    ) -> None:
        self.call_id = call_id
        self.caller = Leg(leg_id=incoming.leg, side=Side.CALLER, offerless=not incoming.body)
        self.agent: AgentLeg | None = None
        self.recording_id: RecordingId | None = None
        self.leg_ids: set[LegId] = {incoming.leg}
        "All legs that this call ever had."
        self._options = options
        self._party_id = party_id
        self._line = incoming.to_user
        self._digits = DigitFilter(options.double_digit_s)
        self._plays = 0
        self._playing = ""
        "The play whose end somebody waits for; empty when none is."
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

    def legs(self) -> list[Leg]:
        return [self.caller] if self.agent is None else [self.caller, self.agent]

    # -- the caller's INVITE ---------------------------------------------------------------------

    def start(self, sdp: bytes) -> list[Effect]:
        """Ask media for the caller's session; two legs are reserved, for an agent will follow."""
        request = media.Offer(
            rid=0, leg=self.caller.leg_id, call=self.call_id, sdp=_text(sdp), reserve=True
        )
        return [AskMedia(self.caller.leg_id, Purpose.PREPARE_CALLER, request)]

    # -- commands --------------------------------------------------------------------------------

    def answer(self) -> list[Effect]:
        if self._is_over or self.caller.state not in (LegState.ARRIVED, LegState.EARLY):
            return []
        self.caller.state = LegState.UP
        return [
            Accept(self.caller.leg_id, self.caller.our_sdp),
            Tell(CallAnswered(self.call_id)),
        ]

    def answer_early(self) -> list[Effect]:
        if self._is_over or self.caller.state is not LegState.ARRIVED:
            return []
        self.caller.state = LegState.EARLY
        return [Progress(self.caller.leg_id, self.caller.our_sdp)]

    def refuse(self, status: int, rule: str) -> list[Effect]:
        if self._is_over or self.caller.state not in (LegState.ARRIVED, LegState.EARLY):
            return []
        return [
            Reject(self.caller.leg_id, status),
            Tell(CallRefused(self.call_id, status, rule)),
            *self._end(EndedBy.CENTRE, rule),
        ]

    def play(self, items: Sequence[str], *, loop: bool) -> list[Effect]:
        if self._is_over or not items:
            return []
        self._plays += 1
        self._playing = f"{self.call_id}.{self._plays}"
        return [self._play(self.caller, self._playing, items, loop=loop)]

    def stop_playing(self) -> list[Effect]:
        if self._is_over or not self._playing:
            return []
        self._playing = ""
        return [self._stop(self.caller)]

    def play_to_agent(self, items: Sequence[str]) -> list[Effect]:
        if self.agent is None or self.agent.state is not LegState.UP or not items:
            return []
        return [self._play(self.agent, f"{self.call_id}.agent", items, loop=False)]

    def ring_agent(
        self, leg_id: LegId, agent_id: AgentId, offer_id: OfferId, *, auto_answer: bool
    ) -> list[Effect]:
        if self._is_over or self.agent is not None:
            return []
        self.leg_ids.add(leg_id)
        self.agent = AgentLeg(
            leg_id=leg_id,
            side=Side.AGENT,
            agent_id=agent_id,
            offer_id=offer_id,
            auto_answer=auto_answer,
        )
        request = media.Offer(rid=0, leg=leg_id, call=self.call_id, prefer=self.caller.codec)
        return [AskMedia(leg_id, Purpose.PREPARE_AGENT, request)]

    def stop_ringing(self, offer_id: OfferId) -> list[Effect]:
        if self.agent is None or self.agent.offer_id != offer_id:
            return []
        return self._drop_agent("the offer was withdrawn")

    def bridge(self) -> list[Effect]:
        if self._is_over or self.agent is None or self.agent.state is not LegState.UP:
            return []
        self._playing = ""
        request = media.Connect(rid=0, a=self.caller.leg_id, b=self.agent.leg_id)
        return [
            self._stop(self.caller),
            self._stop(self.agent),
            AskMedia(self.caller.leg_id, Purpose.CONNECT, request),
        ]

    def echo(self) -> list[Effect]:
        if self._is_over:
            return []
        self._playing = ""
        leg_id = self.caller.leg_id
        request = media.Connect(rid=0, a=leg_id, b=leg_id)
        return [self._stop(self.caller), AskMedia(leg_id, Purpose.OTHER, request)]

    def record(self, recording_id: RecordingId, file: str) -> list[Effect]:
        if self._is_over or self.agent is None or self.recording_id is not None:
            return []
        self.recording_id = recording_id
        request = media.Tap(
            rid=0,
            tap_id=recording_id,
            left=self.caller.leg_id,
            right=self.agent.leg_id,
            file=file,
        )
        return [AskMedia(self.caller.leg_id, Purpose.OTHER, request)]

    def hang_up(self, by: EndedBy, reason: str) -> list[Effect]:
        if self._is_over:
            return []
        return [HangUpLeg(self.caller.leg_id, reason), *self._end(by, reason)]

    def release_agent(self) -> list[Effect]:
        if self.agent is None or self.agent.state is not LegState.UP:
            return []
        return self._lose_agent(EndedBy.CENTRE, "released")

    # -- SIP's facts -----------------------------------------------------------------------------

    def on_sip(self, event: sip.SipEvent, now: float) -> list[Effect]:
        """Facts about a leg of this call; `now` in seconds."""
        match event:
            case sip.Cancelled():
                return self._end(EndedBy.CALLER, "cancelled")
            case sip.Confirmed(leg, body):
                return self._on_ack(leg, body)
            case sip.Progressed(leg, status):
                return self._on_progress(leg, status)
            case sip.Answered(leg, body):
                return self._on_picked_up(leg, body)
            case sip.Refused(leg, status):
                return self._on_refused(leg, status)
            case sip.Reoffered(leg, body):
                return self._on_reoffered(leg, body)
            case sip.InfoDigit(leg, digit):
                return self._on_info_digit(leg, digit, now)
            case sip.Gone(leg, why, reason):
                return self._on_gone(leg, why, reason)
            case sip.DialogKept(leg, record):
                return self._on_dialog_kept(leg, record)
            case _:
                return []

    def _on_ack(self, leg_id: LegId, body: bytes) -> list[Effect]:
        leg = self._find(leg_id)
        if leg is None or not leg.offerless or not body:
            return []
        leg.offerless = False
        request = media.Answer(rid=0, leg=leg_id, sdp=_text(body))
        return [AskMedia(leg_id, Purpose.REOFFER_ANSWER, request)]

    def _on_progress(self, leg_id: LegId, status: int) -> list[Effect]:
        agent = self._agent_on(leg_id)
        if agent is None or status != 180:
            return []
        return [Tell(AgentRinging(self.call_id, agent.agent_id, agent.offer_id))]

    def _on_picked_up(self, leg_id: LegId, body: bytes) -> list[Effect]:
        agent = self._agent_on(leg_id)
        if agent is None or agent.state is not LegState.DIALLING:
            return []
        agent.state = LegState.ANSWERING
        request = media.Answer(rid=0, leg=leg_id, sdp=_text(body))
        return [AskMedia(leg_id, Purpose.ANSWER_AGENT, request)]

    def _on_refused(self, leg_id: LegId, status: int) -> list[Effect]:
        agent = self._agent_on(leg_id)
        if agent is None:
            return []
        self.agent = None
        agent.state = LegState.GONE
        refused = AgentRefused(self.call_id, agent.agent_id, agent.offer_id, status)
        return [*self._release(agent), Tell(refused)]

    def _on_reoffered(self, leg_id: LegId, body: bytes) -> list[Effect]:
        leg = self._find(leg_id)
        if leg is None:
            return [Reject(leg_id, 481)]
        leg.offerless = not body
        request = media.Offer(rid=0, leg=leg_id, call=self.call_id, sdp=_text(body))
        return [AskMedia(leg_id, Purpose.REOFFER, request)]

    def _on_info_digit(self, leg_id: LegId, digit: str, now: float) -> list[Effect]:
        effects = self._on_digit(leg_id, digit, now, DigitWay.INFO)
        other = self._other(leg_id)
        if effects and self._bridged and other is not None:
            request = media.SendDigits(rid=0, leg=other.leg_id, digits=digit)
            effects.append(AskMedia(other.leg_id, Purpose.OTHER, request))
        return effects

    def _on_gone(self, leg_id: LegId, why: sip.GoneWhy, reason: str) -> list[Effect]:
        told = reason or why.value
        if leg_id == self.caller.leg_id:
            if self._is_over:
                return []
            by = EndedBy.CALLER if why is sip.GoneWhy.BYE else EndedBy.FAULT
            return self._end(by, told)
        agent = self._agent_on(leg_id)
        if agent is None:
            return []
        by = EndedBy.AGENT if why is sip.GoneWhy.BYE else EndedBy.FAULT
        return self._forget_agent(agent, by)

    def _on_dialog_kept(self, leg_id: LegId, record: bytes) -> list[Effect]:
        leg = self._find(leg_id)
        if leg is None or not leg.is_alive or leg.state is LegState.PREPARING:
            return []
        request = media.Keep(rid=0, leg=leg_id, record=record)
        return [AskMedia(leg_id, Purpose.OTHER, request)]

    # -- media's facts ---------------------------------------------------------------------------

    def on_media(self, given: MediaAnswered) -> list[Effect]:
        """Media's reply to something this call asked."""
        match given.purpose, given.reply:
            case Purpose.RELEASE, reply:
                return self._on_released(given.leg, reply)
            case Purpose.PREPARE_CALLER, media.Done() as done:
                return self._on_caller_ready(done)
            case Purpose.PREPARE_CALLER, media.Failed() as failed:
                return self._on_caller_failed(failed)
            case Purpose.PREPARE_AGENT | Purpose.ANSWER_AGENT, reply:
                return self._on_agent_media(given.leg, given.purpose, reply)
            case Purpose.REOFFER, reply:
                return self._on_reoffer_media(given.leg, reply)
            case Purpose.REOFFER_ANSWER, media.Done() as done:
                return self._note_direction(given.leg, done)
            case Purpose.REOFFER_ANSWER, media.Failed() as failed:
                return self._on_bad_media(given.leg, failed.sentence)
            case Purpose.CONNECT, media.Done():
                return self._on_connected()
            case _:
                return []

    def on_play_ended(self, play_id: str) -> list[Effect]:
        if self._is_over or play_id != self._playing:
            return []
        self._playing = ""
        return [Tell(PromptEnded(self.call_id))]

    def on_digit(self, leg_id: LegId, digit: str, at_s: float) -> list[Effect]:
        """A digit in the RTP stream, which media has already passed on to the other leg."""
        return self._on_digit(leg_id, digit, at_s, DigitWay.RTP)

    def on_media_lost(self, leg_id: LegId) -> list[Effect]:
        return self._on_bad_media(leg_id, "no audio came any more")

    def _on_caller_ready(self, done: media.Done) -> list[Effect]:
        if self._is_over:
            return []
        self.caller.state = LegState.ARRIVED
        self.caller.our_sdp = done.sdp.encode()
        self.caller.codec = done.codec
        return self._arrive()

    def _on_caller_failed(self, failed: media.Failed) -> list[Effect]:
        if self._is_over:
            return []
        self.caller.has_media = False
        return [
            *self._arrive(),
            Reject(self.caller.leg_id, failed.status),
            Tell(CallRefused(self.call_id, failed.status, f"media: {failed.sentence}")),
            *self._end(EndedBy.CENTRE, "media refused"),
        ]

    def _on_agent_media(
        self, leg_id: LegId, purpose: Purpose, reply: media.Done | media.Failed
    ) -> list[Effect]:
        agent = self._agent_on(leg_id)
        if agent is None:
            return []
        if isinstance(reply, media.Failed):
            agent.has_media = purpose is Purpose.ANSWER_AGENT
            refused = AgentRefused(self.call_id, agent.agent_id, agent.offer_id, reply.status)
            return [*self._drop_agent(reply.sentence), Tell(refused)]
        if purpose is Purpose.PREPARE_AGENT:
            agent.state = LegState.DIALLING
            agent.our_sdp = reply.sdp.encode()
            return [Dial(leg_id, agent.agent_id, agent.our_sdp, agent.auto_answer)]
        agent.state = LegState.UP
        agent.codec = reply.codec
        return [Tell(AgentPickedUp(self.call_id, agent.agent_id, agent.offer_id))]

    def _on_reoffer_media(self, leg_id: LegId, reply: media.Done | media.Failed) -> list[Effect]:
        leg = self._find(leg_id)
        if leg is None:
            return []
        if isinstance(reply, media.Failed):
            leg.offerless = False
            return [Reject(leg_id, reply.status)]
        leg.our_sdp = reply.sdp.encode()
        accept = Accept(leg_id, leg.our_sdp)
        return [accept] if leg.offerless else [accept, *self._note_direction(leg_id, reply)]

    def _note_direction(self, leg_id: LegId, done: media.Done) -> list[Effect]:
        """The peer's SDP says whether it holds us; the other side gets music meanwhile."""
        leg = self._find(leg_id)
        if leg is None:
            return []
        leg.codec = done.codec or leg.codec
        holding = done.peer_direction in _HOLDING
        if holding == leg.holding:
            return []
        leg.holding = holding
        hold = media.Hold(rid=0, leg=leg_id, on=holding)
        effects: list[Effect] = [AskMedia(leg_id, Purpose.OTHER, hold)]
        other = self._other(leg_id)
        if other is not None and self._bridged:
            effects.append(
                self._play(other, f"{self.call_id}.hold", self._options.hold_music, loop=True)
                if holding
                else self._stop(other)
            )
        told = CallHeld if holding else CallResumed
        return [*effects, Tell(told(self.call_id, leg.side))]

    def _on_connected(self) -> list[Effect]:
        if self._is_over or self.agent is None or self._bridged:
            return []
        self._bridged = True
        return [Tell(CallBridged(self.call_id, self.agent.agent_id))]

    def _on_bad_media(self, leg_id: LegId, sentence: str) -> list[Effect]:
        if self._is_over:
            return []
        if leg_id == self.caller.leg_id:
            return self.hang_up(EndedBy.FAULT, sentence)
        agent = self._agent_on(leg_id)
        return [] if agent is None else self._lose_agent(EndedBy.FAULT, sentence)

    def _on_released(self, leg_id: LegId, reply: media.Done | media.Failed) -> list[Effect]:
        self._releasing.discard(leg_id)
        if isinstance(reply, media.Failed) or reply.stats is None:
            return []
        stats = reply.stats
        side = Side.CALLER if leg_id == self.caller.leg_id else Side.AGENT
        return [
            Tell(
                LegEnded(
                    self.call_id,
                    leg_id,
                    side,
                    packets_received=stats.packets_received,
                    packets_sent=stats.packets_sent,
                    packets_lost=stats.packets_lost,
                    jitter_ms=stats.jitter_ms,
                    remote_packets_lost=stats.remote_packets_lost,
                    remote_jitter_ms=stats.remote_jitter_ms,
                )
            )
        ]

    # -- endings ---------------------------------------------------------------------------------

    def _end(self, by: EndedBy, reason: str) -> list[Effect]:
        """The caller's side is over, so everything is."""
        if self._is_over:
            return []
        effects = [*self._arrive(), *self._untap()]
        self._is_over = True
        self.caller.state = LegState.GONE
        if self.agent is not None:
            effects += self._drop_agent(reason)
        effects += [*self._release(self.caller), Tell(CallEnded(self.call_id, by, reason))]
        return effects

    def _drop_agent(self, reason: str) -> list[Effect]:
        """Let the agent's leg go without telling anybody."""
        agent = self.agent
        if agent is None:
            return []
        was_dialled = agent.state is not LegState.PREPARING
        effects = self._untap()
        self.agent = None
        self._bridged = False
        agent.state = LegState.GONE
        if was_dialled:
            effects.append(HangUpLeg(agent.leg_id, reason))
        return [*effects, *self._release(agent)]

    def _lose_agent(self, by: EndedBy, reason: str) -> list[Effect]:
        agent = self.agent
        if agent is None:
            return []
        gone = AgentHungUp(self.call_id, agent.agent_id, by)
        return [*self._drop_agent(reason), Tell(gone)]

    def _forget_agent(self, agent: AgentLeg, by: EndedBy) -> list[Effect]:
        """The agent's dialog is over already; only media and the others are to be told."""
        had_picked_up = agent.state is LegState.UP
        effects = self._untap()
        self.agent = None
        self._bridged = False
        agent.state = LegState.GONE
        effects += self._release(agent)
        if had_picked_up:
            return [*effects, Tell(AgentHungUp(self.call_id, agent.agent_id, by))]
        return [*effects, Tell(AgentRefused(self.call_id, agent.agent_id, agent.offer_id, 487))]

    def _untap(self) -> list[Effect]:
        if self.recording_id is None:
            return []
        request = media.Untap(rid=0, tap_id=self.recording_id)
        self.recording_id = None
        return [AskMedia(self.caller.leg_id, Purpose.OTHER, request)]

    # -- small pieces ----------------------------------------------------------------------------

    def _arrive(self) -> list[Effect]:
        if self._has_arrived:
            return []
        self._has_arrived = True
        return [Tell(CallArrived(self.call_id, self._party_id, self._line))]

    def _on_digit(self, leg_id: LegId, digit: str, at_s: float, way: DigitWay) -> list[Effect]:
        leg = self._find(leg_id)
        if self._is_over or leg is None or not self._digits.is_new(leg_id, digit, at_s, way):
            return []
        return [Tell(DigitPressed(self.call_id, leg.side, digit))]

    def _find(self, leg_id: LegId) -> Leg | None:
        return next((leg for leg in self.legs() if leg.leg_id == leg_id), None)

    def _agent_on(self, leg_id: LegId) -> AgentLeg | None:
        return self.agent if self.agent is not None and self.agent.leg_id == leg_id else None

    def _other(self, leg_id: LegId) -> Leg | None:
        return next((leg for leg in self.legs() if leg.leg_id != leg_id), None)

    def _play(self, leg: Leg, play_id: str, items: Sequence[str], *, loop: bool) -> AskMedia:
        request = media.Play(rid=0, leg=leg.leg_id, play_id=play_id, items=list(items), loop=loop)
        return AskMedia(leg.leg_id, Purpose.OTHER, request)

    def _stop(self, leg: Leg) -> AskMedia:
        return AskMedia(leg.leg_id, Purpose.OTHER, media.Stop(rid=0, leg=leg.leg_id))

    def _release(self, leg: Leg) -> list[Effect]:
        if not leg.has_media:
            return []
        self._releasing.add(leg.leg_id)
        return [AskMedia(leg.leg_id, Purpose.RELEASE, media.Release(rid=0, leg=leg.leg_id))]


def _text(sdp: bytes) -> str:
    # Anything that is not UTF-8 is for media's SDP parser to refuse, not for us to fail on.
    return sdp.decode("utf-8", "replace")
