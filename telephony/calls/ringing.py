"""Phones that are rung for a caller: one for each open offer, none of which has the caller yet.

    ring_agent ─▶ rung ── picked up ──▶ the agent's seat, told as AgentPickedUp
                   │ └── stop_ringing: CANCEL, or ACK and BYE where a 200 crossed it; in silence
                   └── refused, lost ──▶ AgentRefused

Rule 1: the first that can be spoken with takes the agent's seat. Of two that are picked up within
        the same moment the second waits in silence: it takes the seat when that is free again, if
        nobody has withdrawn its offer by then.
Rule 2: who sits there is for `agent_side`; while somebody does, nobody else is rung.
"""

from foundation.ids import AgentId, LegId, OfferId
from telephony.calls.agent_leg import AgentLeg
from telephony.calls.effects import Effect, MediaAnswered, Purpose, Tell
from telephony.calls.events import AgentRefused
from telephony.calls.kept import KeptAgentSide
from telephony.calls.options import CallOptions
from telephony.calls.seats import Seats
from telephony.media import protocol as media

AGENT_THERE = 491
"Refuses an offer while an agent is with the caller: Request Pending."
NO_MEDIA = 503


class Ringing:
    """Part of a call's machine."""

    def __init__(self, seats: Seats, options: CallOptions) -> None:
        self._seats = seats
        self._options = options
        self._call_id = seats.caller.call_id

    def resume(self, kept: KeptAgentSide, plays: int) -> list[Effect]:
        """The first who has picked up sits down in silence: whoever conducts the call knows."""
        seats = self._seats
        seats.expect(kept.leg_id)
        leg = self._new_leg(kept.leg_id, kept.agent_id, kept.offer_id, auto_answer=False)
        effects = leg.resume(kept, bridged=seats.is_bridged, plays=plays)
        if leg.is_up and seats.agent is None:
            seats.agent = leg
        else:
            seats.rung.append(leg)
        return effects

    # -- commands --------------------------------------------------------------------------------

    def ring(
        self, leg_id: LegId, agent_id: AgentId, offer_id: OfferId, *, auto_answer: bool
    ) -> list[Effect]:
        seats = self._seats
        if not seats.caller.is_alive:
            return []
        if seats.agent is not None or seats.guest is not None:
            return [Tell(AgentRefused(self._call_id, agent_id, offer_id, AGENT_THERE))]
        seats.expect(leg_id)
        leg = self._new_leg(leg_id, agent_id, offer_id, auto_answer=auto_answer)
        seats.rung.append(leg)
        return leg.prepare(seats.caller.codec)

    def stop(self, offer_id: OfferId, reason: str) -> list[Effect]:
        for leg in self._seats.rung:
            if leg.offer_id == offer_id:
                self._seats.rung.remove(leg)
                return leg.drop(reason)
        return []

    def stop_all(self, reason: str) -> list[Effect]:
        rung, self._seats.rung = self._seats.rung, []
        return [effect for leg in rung for effect in leg.drop(reason)]

    # -- facts -----------------------------------------------------------------------------------

    def on_media(self, given: MediaAnswered) -> list[Effect]:
        leg, reply = self._seats.rung_on(given.asked.leg), given.reply
        if leg is None:
            return []
        if isinstance(reply, media.Failed):
            return self._fail(leg, leg.drop(reply.sentence), reply.status)
        if given.asked.purpose is Purpose.PREPARE_AGENT:
            return leg.on_prepared(reply)
        return leg.connectable(reply)

    def on_peer_ended(self, leg: AgentLeg, status: int) -> list[Effect]:
        return self._fail(leg, [leg.release()], status)

    def on_bad_media(self, leg: AgentLeg, sentence: str) -> list[Effect]:
        return self._fail(leg, leg.drop(sentence), NO_MEDIA)

    def follow(self) -> list[Effect]:
        """After each step: whoever is up sits down, if there is room."""
        seats = self._seats
        if not seats.rung or seats.agent is not None or seats.guest is not None:
            return []
        leg = next((leg for leg in seats.rung if leg.is_up), None)
        if leg is None:
            return []
        seats.rung.remove(leg)
        seats.agent = leg
        return [Tell(leg.picked_up())]

    # -- small pieces ----------------------------------------------------------------------------

    def _fail(self, leg: AgentLeg, ending: list[Effect], status: int) -> list[Effect]:
        self._seats.rung.remove(leg)
        return [*ending, Tell(leg.refused(status))]

    def _new_leg(
        self, leg_id: LegId, agent_id: AgentId, offer_id: OfferId, *, auto_answer: bool
    ) -> AgentLeg:
        return AgentLeg(
            self._call_id, leg_id, agent_id, offer_id, self._options, auto_answer=auto_answer
        )
