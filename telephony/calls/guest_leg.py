"""A third who is rung into a call: an agent of ours, or a number outside.

    PREPARING ─▶ DIALLING ── 200 ──▶ ANSWERING ── media Done ──▶ UP      (telephony.calls.rung_leg)
                    └ 183 with SDP ─▶ media Answer ─▶ heard early, still DIALLING

A guest who takes the talk stands where the agent stood, and is then treated as the agent is; what
is told of him before that is for `guest_side`.
"""

from foundation.ids import AgentId, CallId, LegId
from telephony.calls.control import AgentTarget, GuestTarget, OutsideTarget
from telephony.calls.effects import Dial, DialOutside, Effect, Purpose, Tell
from telephony.calls.events import AgentHungUp, EndedBy, GuestInvited, GuestWay, Side
from telephony.calls.kept import KeptSide, Note
from telephony.calls.leg import LegState
from telephony.calls.options import CallOptions
from telephony.calls.rung_leg import RungLeg


class GuestLeg(RungLeg):
    """One guest, rung once."""

    prepare_purpose = Purpose.PREPARE_GUEST
    answer_purpose = Purpose.ANSWER_GUEST

    def __init__(
        self,
        call_id: CallId,
        leg_id: LegId,
        target: GuestTarget,
        way: GuestWay,
        options: CallOptions,
    ) -> None:
        spoken = options.media.of_guest(target)
        super().__init__(call_id, leg_id, Side.AGENT, options, offerless=False, media=spoken)
        self.offer_id = target.offer_id
        self.agent_id: AgentId | None = None
        "None for one from outside."
        if isinstance(target, AgentTarget):
            self.agent_id = target.agent_id
        self.has_rung = False
        self.has_joined = False
        "Of an own call: both have talked."
        self._target = target
        self._way = way
        self._early_sdp = b""
        self._is_early = False

    @property
    def is_audible(self) -> bool:
        """Speaks, or is heard ringing by its own early media."""
        return self.is_up or (self._is_early and self.is_alive)

    def invited(self) -> GuestInvited:
        target = self._target
        if isinstance(target, AgentTarget):
            return GuestInvited(self.call_id, self.offer_id, self._way, agent_id=target.agent_id)
        return GuestInvited(
            self.call_id, self.offer_id, self._way, party_id=target.party_id, trunk=target.trunk
        )

    def dial(self) -> list[Effect]:
        target = self._target
        if isinstance(target, OutsideTarget):
            note = self._note(party=target.party_id, trunk=target.trunk)
            return [DialOutside(self.leg_id, target, self.our_sdp, note)]
        note = self._note(agent=target.agent_id)
        return [Dial(self.leg_id, target.agent_id, self.our_sdp, target.auto_answer, note)]

    def _note(self, *, agent: str = "", party: str = "", trunk: str = "") -> Note:
        return Note(
            call=self.call_id,
            side=Side.AGENT,
            offer=self.offer_id,
            way=self._way,
            agent=agent,
            party=party,
            trunk=trunk,
        )

    def on_early_media(self, sdp: bytes) -> list[Effect]:
        """Of our own phones nothing early is passed: they ring, and we know how that sounds."""
        is_first = self.state is LegState.DIALLING and not self._early_sdp
        if not sdp or not is_first or self.agent_id is not None:
            return []
        self._early_sdp = sdp
        return [self.ask_answer(Purpose.EARLY_ANSWER, sdp)]

    def resume(self, kept: KeptSide, *, bridged: bool, plays: int) -> list[Effect]:
        self._early_sdp = kept.dialog.body if kept.dialog.is_early else b""
        self._is_early = kept.dialog.is_early and bool(kept.session.codec)
        self.has_joined = not kept.dialog.is_early
        return super().resume(kept, bridged=bridged, plays=plays)

    def heard_early(self) -> None:
        self._is_early = True

    def on_answered(self, sdp: bytes) -> list[Effect]:
        # RFC 3261 13.2.1: a reliable 183 had the answer already, and the 200 may leave it out.
        return super().on_answered(sdp or self._early_sdp)

    def farewell(self, by: EndedBy, why: str = "") -> list[Effect]:
        """Of one who has the talk. One from outside is no agent: with him the call ends."""
        if self.agent_id is None:
            return []
        return [Tell(AgentHungUp(self.call_id, self.agent_id, by, why))]
