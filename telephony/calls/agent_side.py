"""The agent's side of the call machine: ringing, bridging, and the end of the agent's part."""

from collections.abc import Callable, Sequence

from foundation.ids import AgentId, LegId, OfferId
from telephony.calls.agent_leg import ENDED_EARLY, AgentLeg
from telephony.calls.effects import Effect, MediaAnswered, Purpose, Tell
from telephony.calls.events import AgentRefused, CallBridged, EndedBy
from telephony.calls.kept import KeptAgentSide
from telephony.calls.options import CallOptions
from telephony.calls.recording import Recording
from telephony.calls.seats import Seats
from telephony.media import protocol as media

AGENT_THERE = 491
"Refuses an offer while another agent's leg is still there: Request Pending."
NO_MEDIA = 503


class AgentSide:
    """At most one agent's leg beside the caller's."""

    def __init__(
        self,
        seats: Seats,
        recording: Recording,
        options: CallOptions,
        fail: Callable[[str], list[Effect]],
    ) -> None:
        """`fail` ends the whole call as a fault of ours."""
        self._seats = seats
        self._recording = recording
        self._options = options
        self._fail = fail
        self._call_id = seats.caller.call_id

    def resume(self, kept: KeptAgentSide, plays: int) -> list[Effect]:
        seats = self._seats
        seats.expect(kept.leg_id)
        seats.agent = self._new_leg(kept.leg_id, kept.agent_id, kept.offer_id, auto_answer=False)
        return seats.agent.resume(kept, bridged=seats.is_bridged, plays=plays)

    # -- commands --------------------------------------------------------------------------------

    def ring(
        self, leg_id: LegId, agent_id: AgentId, offer_id: OfferId, *, auto_answer: bool
    ) -> list[Effect]:
        seats = self._seats
        if not seats.caller.is_alive:
            return []
        if seats.agent is not None:
            return [Tell(AgentRefused(self._call_id, agent_id, offer_id, AGENT_THERE))]
        seats.expect(leg_id)
        seats.agent = self._new_leg(leg_id, agent_id, offer_id, auto_answer=auto_answer)
        return seats.agent.prepare(seats.caller.codec)

    def stop_ringing(self, offer_id: OfferId) -> list[Effect]:
        agent = self._seats.agent
        if agent is None or agent.offer_id != offer_id:
            return []
        return self.leave(agent.drop("the offer was withdrawn"))

    def release(self) -> list[Effect]:
        agent = self._seats.agent
        if agent is None or not agent.is_up:
            return []
        return self.leave(agent.lose(EndedBy.CENTRE, ENDED_EARLY, "released"))

    def play(self, items: Sequence[str]) -> list[Effect]:
        agent = self._seats.agent
        if agent is None or not agent.is_up or self._seats.is_bridged or not items:
            return []
        return [*agent.hearing.play(items, loop=False)]

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

    def on_media(self, given: MediaAnswered) -> list[Effect]:
        agent, reply = self._seats.agent_on(given.asked.leg), given.reply
        if agent is None:
            return []
        if isinstance(reply, media.Failed):
            return self.leave(agent.lose(EndedBy.FAULT, reply.status, reply.sentence))
        if given.asked.purpose is Purpose.PREPARE_AGENT:
            return agent.on_prepared(reply)
        return agent.on_connectable(reply)

    def on_connected(self, leg_id: LegId, reply: media.Done | media.Failed) -> list[Effect]:
        agent = self._seats.agent_on(leg_id)
        if agent is None or self._seats.is_bridged or not agent.is_up:
            return []
        if isinstance(reply, media.Failed):
            # One of the two sessions is gone; with the next agent it would fail again.
            return self._fail(reply.sentence)
        self._seats.is_bridged = True
        return [Tell(CallBridged(self._call_id, agent.agent_id))]

    def on_peer_ended(self, leg_id: LegId, by: EndedBy, status: int) -> list[Effect]:
        agent = self._seats.agent_on(leg_id)
        return [] if agent is None else self.leave(agent.on_peer_ended(by, status))

    def on_bad_media(self, leg_id: LegId, sentence: str) -> list[Effect]:
        agent = self._seats.agent_on(leg_id)
        return [] if agent is None else self.leave(agent.lose(EndedBy.FAULT, NO_MEDIA, sentence))

    def leave(self, ending: list[Effect]) -> list[Effect]:
        """The agent's leg goes by `ending`; what bound it to the caller is undone first."""
        effects = self._recording.end()
        self._seats.agent = None
        self._seats.is_bridged = False
        return [*effects, *ending]

    def _new_leg(
        self, leg_id: LegId, agent_id: AgentId, offer_id: OfferId, *, auto_answer: bool
    ) -> AgentLeg:
        return AgentLeg(
            self._call_id, leg_id, agent_id, offer_id, self._options, auto_answer=auto_answer
        )
