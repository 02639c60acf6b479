"""The second line of an agent's phone, which dials somebody during a talk: to consult.

INVITE of the talking agent's phone ─▶ media Offer ─▶ ConsultAsked
    consult() ─▶ 180, 183 as the guest's phone rings ─▶ 200 when it is picked up
    refuse_consult(status), the guest's refusal ─▶ that status
    guest gone, talk handed over ─▶ BYE        BYE of the line ─▶ the guest is sent away
"""

from foundation.ids import AgentId, LegId
from telephony.calls.caller_leg import CallerLeg
from telephony.calls.effects import Effect, Purpose, Tell
from telephony.calls.events import ConsultAsked, Side
from telephony.calls.kept import KeptSide
from telephony.calls.leg import LegState
from telephony.calls.options import CallOptions
from telephony.calls.seats import Seats
from telephony.media import protocol as media

BUSY_HERE = 486
"To a second line that can't be used now."


class SecondLine:
    """At most one."""

    def __init__(self, seats: Seats, options: CallOptions) -> None:
        self._seats = seats
        self._options = options
        self._agent_id = AgentId("")
        self._target = ""

    def resume(self, kept: KeptSide, plays: int) -> list[Effect]:
        """Of an earlier process; the guest sits already, if there is one. Without him the line
        asks again, if that was not answered, or has nobody to speak with."""
        seats = self._seats
        seats.expect(kept.leg_id)
        spoken = self._options.media.of_phone(kept.note.agent)
        leg = CallerLeg(seats.caller.call_id, kept.leg_id, Side.AGENT, self._options, spoken)
        leg.adopt(kept, bridged=True, plays=plays)
        leg.state = LegState.ARRIVED if kept.dialog.is_early else LegState.UP
        seats.second = leg
        self._agent_id, self._target = AgentId(kept.note.agent), kept.note.dialled
        if seats.guest is not None:
            return []
        return [self._asked()] if leg.is_unanswered else self.end(BUSY_HERE, "the guest is gone")

    def _asked(self) -> Tell:
        call_id = self._seats.caller.call_id
        return Tell(ConsultAsked(call_id, self._agent_id, self._target))

    def ask(
        self, leg_id: LegId, agent_id: AgentId, target: str, sdp: bytes, *, reliable: bool
    ) -> list[Effect]:
        """The phone's INVITE; `may_ask` said yes."""
        seats = self._seats
        seats.expect(leg_id)
        spoken = self._options.media.of_phone(agent_id)
        leg = CallerLeg(seats.caller.call_id, leg_id, Side.AGENT, self._options, spoken)
        seats.second = leg
        leg.offerless, leg.reliable = not sdp, reliable
        self._agent_id, self._target = agent_id, target
        return [leg.ask_session(Purpose.PREPARE_SECOND, sdp)]

    def may_ask(self, agent_id: AgentId) -> bool:
        """This agent talks, and with nobody beside the caller."""
        seats = self._seats
        is_free = seats.second is None and seats.guest is None and seats.successor is None
        return is_free and self.is_of(agent_id)

    def is_of(self, agent_id: AgentId) -> bool:
        """This agent talks here."""
        agent = self._seats.agent
        return self._seats.is_bridged and agent is not None and agent.agent_id == agent_id

    def on_prepared(self, leg_id: LegId, reply: media.Done | media.Failed) -> list[Effect]:
        second = self._seats.second_on(leg_id)
        if second is None:
            return []
        if isinstance(reply, media.Failed):
            return self.end(reply.status, reply.sentence)
        return [*second.on_prepared(reply), self._asked()]

    def begin(self) -> list[Effect]:
        """A consultation begins: by this line, if it is ready."""
        second = self._seats.second
        if second is None or second.state is not LegState.PREPARING:
            return []
        return self.end(BUSY_HERE, "another consultation began")

    def accept(self) -> list[Effect]:
        """The guest has picked up."""
        second = self._seats.second
        return second.accept() if second is not None and second.is_unanswered else []

    def refuse(self, status: int) -> list[Effect]:
        """Nothing once a guest is rung: then it is for him to go."""
        second = self._seats.second
        if second is None or not second.is_unanswered or self._seats.guest is not None:
            return []
        return self.end(status, "refused")

    def end(self, status: int, reason: str) -> list[Effect]:
        """We end it; `status`, when it has no answer yet."""
        second, self._seats.second = self._seats.second, None
        return [] if second is None else [*second.turn_out(status, reason), second.release()]
