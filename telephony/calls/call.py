"""One call as a pure machine: SIP and media facts and commands in, SIP and media work out.

The caller's leg comes first and is the call: when it is gone, the call is over. At most one agent's
leg stands beside it, one or more that are rung to become it, and at most one guest's beside both.
Below are telephony.sip (dialogs) and telephony.media (sessions), which know nothing of each other;
this package is where the two meet.

    IncomingCall ─▶ media Offer ─▶ CallArrived ─▶ answer() ─▶ 200 ─▶ play() …
       ring_agent() ─▶ media Offer ─▶ INVITE ─▶ 200 ─▶ media Answer ─▶ AgentPickedUp
       bridge() ─▶ media Connect ─▶ CallBridged
    place() ─▶ CallPlaced ─▶ media Offer ─▶ INVITE ─▶ 200 ─▶ media Answer ─▶ CallAnswered, as above
                                              └ refused, cancelled ─▶ CallNotReached ─▶ CallEnded

                   ring_agent (several)        AgentPickedUp, bridge
          ALONE ───────────────────▶ RINGING ────────────────────────▶ BRIDGED ⇄ held
            ▲                           │ all refused, withdrawn          │ agent gone
            └───────────────────────────┴─────────────────────────────────┘
          caller gone in any state: the other legs are hung up, CallEnded

The legs are machines of their own: `leg`, `caller_leg`, `rung_leg`, `agent_leg`, `guest_leg`,
`hearing`. This one's parts share the `seats`: `ringing`, `agent_side`, `guest_side` (with
`second_line` and `referral`), `hold`, `sound`, `recording`; `sip_facts` and `media_facts` lead each
fact to its part.

Rule 1: CallArrived (CallPlaced, when it is we who call) and CallEnded come exactly once each, in
        this order, and only LegEnded and TalkRecorded come after.
Rule 2: a command that comes too late is nothing; the event that made it late is on its way.
Rule 3: each leg that media was asked for gets one Release; each Tap one Untap, before it.
Rule 4: after each step, what follows from it for holds and ears is worked out anew (`settle`).
"""

from collections.abc import Sequence
from weakref import proxy

from foundation.ids import CallId, LegId, OfferId, PartyId, PhoneId
from telephony.calls.caller_leg import CallerLeg
from telephony.calls.control import OutsideTarget
from telephony.calls.digits import DigitWay
from telephony.calls.effects import Effect, HangUpLeg, MediaAnswered, Purpose, Reject, Tell
from telephony.calls.events import (
    CallAnswered,
    CallArrived,
    CallEnded,
    CallNotReached,
    CallPlaced,
    CallRefused,
    EndedBy,
    PromptEnded,
    Side,
)
from telephony.calls.kept import KeptCall
from telephony.calls.leg import LegState
from telephony.calls.media_facts import MediaFacts
from telephony.calls.monitor import Talk
from telephony.calls.options import CallOptions
from telephony.calls.parts import make_parts
from telephony.calls.placed_leg import PlacedLeg
from telephony.calls.seats import Seats
from telephony.calls.sip_facts import SipFacts
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
        aor: str = "",
        target: OutsideTarget | None = None,
    ) -> None:
        """`leg_id`: the caller's; `line`: the number that was dialled; `aor`: a calling agent;
        `target`: whom we call instead of being called."""
        self.call_id = call_id
        if target is None:
            spoken = options.media.of_caller(line, trunk, aor)
            self.caller = CallerLeg(call_id, leg_id, Side.CALLER, options, spoken)
        else:
            self.caller = PlacedLeg(call_id, leg_id, target, line, options)
        self._seats = Seats(self.caller)
        # Its parts do not keep it: a call that is over is gone at once, not when the garbage
        # collector finds the ring, which of an old one it may not for thousands of calls.
        me: Call = proxy(self)
        self.parts = make_parts(
            self._seats,
            options,
            lambda: me.answer(),
            lambda by, reason, status: me._hang_up(by, reason, status),
        )
        self._media_facts = MediaFacts(
            self.parts,
            lambda reply: me._on_prepared(reply),
            lambda reply: me._on_picked_up(reply),
            lambda by, reason: me.hang_up(by, reason),
        )
        self._sip_facts = SipFacts(
            self.parts,
            options,
            lambda by, reason: me._end(by, reason),
            lambda status: me._not_reached(status),
            self._media_facts.on_bad_media,
        )
        self._party_id = party_id
        self._line = line
        self._trunk = trunk
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
        """Or one whose phone rings."""
        return self._seats.has_agent

    @property
    def trunk(self) -> str:
        """Over which it came; '' when that is not known."""
        return self._trunk

    @property
    def talk(self) -> Talk | None:
        """Caller and an agent of ours while they are bridged, for whoever listens to them."""
        agent = self._seats.agent
        if agent is None or agent.agent_id is None or not self._seats.is_bridged:
            return None
        return Talk(
            self.caller.leg_id,
            agent.leg_id,
            PhoneId(agent.agent_id),
            self.parts.sound.hears(self.caller.leg_id),
            self.parts.sound.hears(agent.leg_id),
        )

    def settle(self) -> list[Effect]:
        """What follows from the step before for who hears whom, and for what is told of holds."""
        parts = self.parts
        seated = parts.ringing.follow()
        heard = [*parts.sound.follow(), *parts.veil.follow(), *parts.recording.follow()]
        return [*seated, *heard, *parts.hold.follow()]

    # -- the caller's INVITE ---------------------------------------------------------------------

    def start(self, sdp: bytes, *, reliable: bool = False) -> list[Effect]:
        """Ask media for the caller's session; two legs are reserved, for an agent will follow.

        `reliable`: the caller acknowledges provisional answers.
        """
        self.caller.offerless = not sdp
        self.caller.reliable = reliable
        self._seats.expect(self.caller.leg_id)
        return [self.caller.ask_session(Purpose.PREPARE_CALLER, sdp, reserve=True)]

    def place(self) -> list[Effect]:
        """Instead of `start`: dial the caller, for whom media makes the offer."""
        self._seats.expect(self.caller.leg_id)
        told = self._arrive()
        return [*told, self.caller.ask_session(Purpose.PREPARE_CALLER, reserve=True)]

    def resume(self, kept: KeptCall, plays: int) -> list[Effect]:
        """Instead of `start`: stand where the process before us stood; nothing is told twice.

        `plays`: a number above that of any play of these legs.
        """
        seats, parts = self._seats, self.parts
        self._has_arrived = True
        seats.is_bridged, seats.is_on_hold = kept.is_bridged, kept.is_on_hold
        parts.recording.recording_id = kept.recording_id
        seats.expect(self.caller.leg_id)
        is_talk = kept.is_bridged or kept.guest is not None
        self.caller.adopt(kept.caller, bridged=is_talk, plays=plays)
        self.caller.state = LegState.ARRIVED if kept.caller.dialog.is_early else LegState.UP
        effects = [] if kept.agent is None else parts.agents.resume(kept.agent, plays)
        for side in kept.rung:
            effects += parts.ringing.resume(side, plays)
        effects += parts.guests.resume(kept, plays)
        if kept.second is not None:
            effects += parts.second.resume(kept.second, plays)
        seats.takes_card = kept.takes_card
        parts.sound.adopt([side.session for side in kept.sides])
        parts.veil.adopt(kept.sides)
        parts.hold.adopt()
        effects += parts.guests.rejoin()
        if kept.recording_id is not None and not kept.is_bridged:
            # The recording begins just before the bridge, which did not come about any more.
            effects += parts.agents.bridge()
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
        if self._is_over or self.has_agent or self._seats.guest is not None:
            return []
        leg_id = self.caller.leg_id
        connect = self.caller.ask(media.Connect(rid=0, a=leg_id, b=leg_id))
        return [*self.caller.hearing.quiet(), connect]

    def hang_up(self, by: EndedBy, reason: str) -> list[Effect]:
        """A caller without a 200 gets a final answer, whatever the cause; others a BYE."""
        return self._hang_up(by, reason, 500 if by is EndedBy.FAULT else HUNG_UP)

    def _hang_up(self, by: EndedBy, reason: str, status: int) -> list[Effect]:
        if self._is_over:
            return []
        if self.caller.is_placed:
            return self._hang_up_placed(by, reason)
        if self.caller.is_up:
            return [HangUpLeg(self.caller.leg_id, reason), *self._end(by, reason)]
        return self._refuse(status, reason, by, reason)

    def _hang_up_placed(self, by: EndedBy, reason: str) -> list[Effect]:
        never = [] if self.caller.is_up else [Tell(CallNotReached(self.call_id, 0))]
        return [*self.caller.turn_out(0, reason), *never, *self._end(by, reason)]

    def stop_ringing(self, offer_id: OfferId, *, taken: bool) -> list[Effect]:
        """Of the agent or of the guest."""
        parts = self.parts
        return [*parts.agents.stop_ringing(offer_id, taken=taken), *parts.guests.withdraw(offer_id)]

    # -- facts -----------------------------------------------------------------------------------

    def on_sip(self, event: sip.SipEvent, now: float) -> list[Effect]:
        """Facts about a leg of this call; `now` in seconds."""
        return self._sip_facts.take(event, now)

    def on_media(self, given: MediaAnswered) -> list[Effect]:
        """Media's reply to something this call asked."""
        return self._media_facts.take(given)

    def on_play_ended(self, play_id: str) -> list[Effect]:
        return self._media_facts.on_play_ended(play_id)

    def on_digit(self, leg_id: LegId, digit: str, at_s: float) -> list[Effect]:
        """A digit in the RTP stream, which media has already passed on to the other leg."""
        return self._sip_facts.on_digit(leg_id, digit, at_s, DigitWay.RTP)

    def on_media_lost(self, leg_id: LegId, is_silent: bool) -> list[Effect]:
        leg = self._seats.find(leg_id)
        if is_silent and leg is not None and leg.forgive_silence():
            return []
        return self._media_facts.on_bad_media(leg_id, "no audio came any more")

    def _on_prepared(self, reply: media.Done | media.Failed) -> list[Effect]:
        if self._is_over:
            return []
        if isinstance(reply, media.Failed) and self.caller.is_placed:
            return self._hang_up_placed(EndedBy.FAULT, reply.sentence)
        if isinstance(reply, media.Failed):
            rule = f"media: {reply.sentence}"
            return self._refuse(reply.status, rule, EndedBy.CENTRE, "media refused")
        noted = self.caller.on_prepared(reply)
        return [*self._arrive(), *noted]

    def _on_picked_up(self, reply: media.Done | media.Failed) -> list[Effect]:
        """Media knows the SDP of whom we called."""
        if self._is_over or not isinstance(self.caller, PlacedLeg):
            return []
        if isinstance(reply, media.Failed):
            return self._hang_up_placed(EndedBy.FAULT, reply.sentence)
        return [*self.caller.connectable(reply), Tell(CallAnswered(self.call_id))]

    def _not_reached(self, status: int) -> list[Effect]:
        if self._is_over:
            return []  # the 487 that our CANCEL has brought
        told = Tell(CallNotReached(self.call_id, status))
        return [told, *self._end(EndedBy.CALLER, f"the number outside answered {status}")]

    # -- endings ---------------------------------------------------------------------------------

    def _refuse(self, status: int, rule: str, by: EndedBy, reason: str) -> list[Effect]:
        return [
            *self._arrive(),
            *self.caller.refuse(status),
            Tell(CallRefused(self.call_id, status, rule)),
            *self._end(by, reason),
        ]

    def _end(self, by: EndedBy, reason: str) -> list[Effect]:
        """The caller's side is over, so everything is."""
        if self._is_over:
            return []
        effects = self._arrive()
        self._is_over = True
        effects += self.parts.guests.on_call_ends(reason)
        effects += self.parts.ringing.stop_all(reason)
        agent = self._seats.agent
        if agent is not None:
            effects += self.parts.agents.leave(agent.drop(reason))
        effects += self.parts.message.end()
        released = self.caller.release(by.value, reason)
        return [*effects, released, Tell(CallEnded(self.call_id, by, reason))]

    # -- small pieces ----------------------------------------------------------------------------

    def _arrive(self) -> list[Effect]:
        if self._has_arrived:
            return []
        self._has_arrived = True
        if self.caller.is_placed:
            placed = CallPlaced(self.call_id, self._party_id, self._line, self._trunk)
            return [Tell(placed)]
        return [Tell(CallArrived(self.call_id, self._party_id, self._line, self._trunk))]
