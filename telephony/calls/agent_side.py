"""The agent's side of the call machine: who faces the caller, the bridge, and the end of that.

Phones that are rung and have not come so far are with `ringing`.
"""

from collections.abc import Callable, Sequence

from foundation.ids import AgentId, LegId, OfferId
from telephony.calls.agent_leg import AgentLeg
from telephony.calls.effects import Effect, Purpose, Reject, Tell
from telephony.calls.events import CallBridged, EndedBy
from telephony.calls.guest_leg import GuestLeg
from telephony.calls.kept import KeptAgentSide, KeptGuestSide
from telephony.calls.options import CallOptions
from telephony.calls.recording import Recording
from telephony.calls.referral import PENDING, Referral
from telephony.calls.ringing import Ringing
from telephony.calls.seats import AgentSeat, Seats
from telephony.calls.sound import Sound
from telephony.media import protocol as media
from telephony.sip.events import ELSEWHERE

WITHDRAWN = "the offer was withdrawn"


class AgentSide:
    """At most one agent's leg beside the caller's, and those that are rung to become it."""

    def __init__(
        self,
        seats: Seats,
        recording: Recording,
        sound: Sound,
        referral: Referral,
        options: CallOptions,
        leaves: Callable[[list[Effect], list[Effect]], list[Effect]],
        end: Callable[[EndedBy, str, int], list[Effect]],
    ) -> None:
        """`leaves` is asked how the agent's leg goes: by these effects, told by those. `end` ends
        the whole call; by the status, before a 200."""
        self._seats = seats
        self._recording = recording
        self._sound = sound
        self._referral = referral
        self._options = options
        self._leaves = leaves
        self._end = end
        self._call_id = seats.caller.call_id
        self.ringing = Ringing(seats, options)

    def resume(self, kept: KeptAgentSide | KeptGuestSide, plays: int) -> list[Effect]:
        seats = self._seats
        seats.expect(kept.leg_id)
        if not isinstance(kept, KeptGuestSide):
            return self.ringing.resume(kept, plays)
        seats.agent = GuestLeg(self._call_id, kept.leg_id, kept.target, kept.way, self._options)
        return seats.agent.resume(kept, bridged=seats.is_bridged, plays=plays)

    # -- commands --------------------------------------------------------------------------------

    def stop_ringing(self, offer_id: OfferId, *, taken: bool) -> list[Effect]:
        reason = ELSEWHERE if taken else WITHDRAWN
        agent = self._seats.agent
        if agent is None or agent.offer_id != offer_id:
            return self.ringing.stop(offer_id, reason)
        return self._leaves(agent.drop(reason), [])

    def release(self) -> list[Effect]:
        agent = self._seats.agent
        if agent is None or not agent.is_up:
            return []
        return self._lose(agent, EndedBy.CENTRE, "released")

    def play(self, items: Sequence[str]) -> list[Effect]:
        agent = self._seats.agent
        if agent is None or not agent.is_up or self._seats.is_bridged or not items:
            return []
        return [*agent.hearing.play(items, loop=False)]

    def signal(self, items: Sequence[str]) -> list[Effect]:
        """Within the talk."""
        agent = self._seats.agent
        if agent is None or not self._seats.is_bridged or not items:
            return []
        return [*agent.hearing.play(items, loop=False)]

    def take_card(self, *, on: bool) -> list[Effect]:
        """What follows from it is worked out after the step."""
        self._seats.takes_card = on and self._seats.is_bridged
        return []

    def send_digits(self, digits: str) -> list[Effect]:
        """To whom the agent talks with."""
        agent = self._seats.agent
        other = None if agent is None else self._sound.partner(agent.leg_id)
        if other is None:
            return []
        return [other.ask(media.SendDigits(rid=0, leg=other.leg_id, digits=digits))]

    def bridge(self) -> list[Effect]:
        caller, agent = self._seats.caller, self._seats.agent
        if agent is None or self._seats.is_bridged or not (agent.is_up and caller.is_up):
            return []
        connect = media.Connect(rid=0, a=caller.leg_id, b=agent.leg_id)
        return [
            *caller.hearing.quiet(),
            *agent.hearing.quiet(),
            agent.ask(connect, Purpose.CONNECT),
        ]

    # -- facts -----------------------------------------------------------------------------------

    def on_connected(self, leg_id: LegId, reply: media.Done | media.Failed) -> list[Effect]:
        agent = self._seats.agent_on(leg_id)
        if not isinstance(agent, AgentLeg) or self._seats.is_bridged or not agent.is_up:
            return []
        if isinstance(reply, media.Failed):
            # One of the two sessions is gone; with the next agent it would fail again.
            return self._end(EndedBy.FAULT, reply.sentence, 500)
        self._seats.is_bridged = True
        self._sound.bridged(self._seats.caller, agent)
        return [Tell(CallBridged(self._call_id, agent.agent_id))]

    def on_peer_ended(self, agent: AgentSeat, by: EndedBy) -> list[Effect]:
        news = agent.farewell(by)
        return self._without(agent, [agent.release()], news, by, "the guest hung up")

    def on_bad_media(self, agent: AgentSeat, sentence: str) -> list[Effect]:
        return self._lose(agent, EndedBy.FAULT, sentence)

    def _lose(self, agent: AgentSeat, by: EndedBy, why: str) -> list[Effect]:
        """We end it."""
        news = agent.farewell(by, why if by is EndedBy.FAULT else "")
        return self._without(agent, agent.drop(why), news, by, why)

    def _without(
        self, agent: AgentSeat, ending: list[Effect], news: list[Effect], by: EndedBy, why: str
    ) -> list[Effect]:
        effects = self._leaves(ending, news)
        # Nobody of ours is left with the caller when one from outside has gone.
        return [*effects, *self._end(by, why, 480)] if agent.agent_id is None else effects

    def leave(self, ending: list[Effect]) -> list[Effect]:
        """The agent's leg goes by `ending`; what bound it to the caller is undone first."""
        effects = [*self.stop_move(), *self._recording.end()]
        self._seats.agent = None
        self._seats.is_bridged = self._seats.takes_card = False
        return [*effects, *ending]

    # -- another phone of the agent's ------------------------------------------------------------

    def may_move(self, replaced: LegId, agent_id: AgentId) -> bool:
        """The agent's own other phone may take over a talk that has no guest."""
        seats = self._seats
        agent = seats.agent_on(replaced)
        is_plain = seats.is_bridged and seats.guest is None and seats.successor is None
        return agent is not None and is_plain and agent.agent_id == agent_id

    def move(self, leg_id: LegId, agent_id: AgentId, sdp: bytes) -> list[Effect]:
        """`may_move` said yes; `leg_id`: the new phone's."""
        seats = self._seats
        assert seats.agent is not None
        seats.expect(leg_id)
        offer_id = seats.agent.offer_id
        seats.successor = AgentLeg(
            self._call_id, leg_id, agent_id, offer_id, self._options, auto_answer=False
        )
        return seats.successor.prepare_move(sdp)

    def on_move_prepared(self, leg_id: LegId, reply: media.Done | media.Failed) -> list[Effect]:
        seats = self._seats
        new, old = seats.successor, seats.agent
        if new is None or new.leg_id != leg_id or old is None:
            return []
        if isinstance(reply, media.Failed):
            return self.stop_move(reply.status)
        seats.agent, seats.successor = new, None
        accepted = new.on_moved(reply)
        heard = [*self._recording.move(), *self._sound.follow()]
        # A REFER of the phone that has the talk no more comes to nothing.
        last_word = self._referral.fail(PENDING)
        return [*accepted, *heard, *last_word, *old.drop("the talk moved on")]

    def stop_move(self, status: int = 481) -> list[Effect]:
        """There is nothing any more that the other phone could take over."""
        new, self._seats.successor = self._seats.successor, None
        return [] if new is None else [Reject(new.leg_id, status), new.release()]

    def on_move_cancelled(self, leg_id: LegId) -> list[Effect]:
        new = self._seats.successor
        if new is None or new.leg_id != leg_id:
            return []
        self._seats.successor = None
        return [new.release()]
