"""The agent's side of a call: rung for one offer, gone with it.

    PREPARING ── media Done ──▶ DIALLING ── 200 ──▶ ANSWERING ── media Done ──▶ UP
        │ media Failed             │ refusal            │ media Failed, BYE       │ BYE …
        ▼                          ▼                    ▼                         ▼
       GONE, told as AgentRefused ◀─────────────────────┘          GONE, AgentHungUp

Rule 1: an offer ends in exactly one of AgentRefused, or AgentPickedUp and later AgentHungUp;
        one that is withdrawn ends in silence.
Rule 2: what we end gets one `HangUpLeg`; what the peer ended, or was never dialled, gets none.
"""

from foundation.ids import AgentId, CallId, LegId, OfferId
from telephony.calls.effects import Dial, Effect, HangUpLeg, Purpose, Tell
from telephony.calls.events import (
    AgentHungUp,
    AgentPickedUp,
    AgentRefused,
    AgentRinging,
    EndedBy,
    Side,
)
from telephony.calls.kept import KeptSide
from telephony.calls.leg import Leg, LegState
from telephony.calls.options import CallOptions
from telephony.media import protocol as media

ENDED_EARLY = 487
"Status of an offer whose phone answered and hung up before it was connected."


class AgentLeg(Leg):
    """One phone for one offer."""

    def __init__(
        self,
        call_id: CallId,
        leg_id: LegId,
        agent_id: AgentId,
        offer_id: OfferId,
        options: CallOptions,
        *,
        auto_answer: bool,
    ) -> None:
        spoken = options.media.of_phone(agent_id)
        super().__init__(call_id, leg_id, Side.AGENT, options, offerless=False, media=spoken)
        self.agent_id = agent_id
        self.offer_id = offer_id
        self._auto_answer = auto_answer
        self._has_rung = False

    @property
    def was_dialled(self) -> bool:
        return self.state in (LegState.DIALLING, LegState.ANSWERING, LegState.UP)

    def resume(self, kept: KeptSide, *, bridged: bool, plays: int) -> list[Effect]:
        """Go on with a phone that an earlier process dialled."""
        self.adopt(kept, bridged=bridged, plays=plays)
        if self.codec:
            self.state = LegState.UP
            return []
        # The offer that media made is that of our INVITE.
        self.offerless = False
        self.state = LegState.DIALLING
        return [] if kept.dialog.is_early else self.on_answered(kept.dialog.body)

    def prepare(self, prefer: str) -> list[Effect]:
        """The caller's law goes first in our offer, so that nothing need be converted."""
        return [self.ask_session(Purpose.PREPARE_AGENT, prefer=prefer)]

    def on_prepared(self, done: media.Done) -> list[Effect]:
        self.state = LegState.DIALLING
        self.our_sdp = done.sdp.encode()
        return [Dial(self.leg_id, self.agent_id, self.our_sdp, self._auto_answer)]

    def on_progress(self, status: int) -> list[Effect]:
        """A phone repeats its 180 every minute; it began to ring only once."""
        if status != 180 or self._has_rung:
            return []
        self._has_rung = True
        return [Tell(AgentRinging(self.call_id, self.agent_id, self.offer_id))]

    def on_answered(self, sdp: bytes) -> list[Effect]:
        if self.state is not LegState.DIALLING:
            return []
        self.state = LegState.ANSWERING
        return [self.ask_answer(Purpose.ANSWER_AGENT, sdp)]

    def on_connectable(self, done: media.Done) -> list[Effect]:
        """Media knows where the phone is: it can be spoken with."""
        self.state = LegState.UP
        noted = self.note_terms(done)
        return [*noted, Tell(AgentPickedUp(self.call_id, self.agent_id, self.offer_id))]

    # -- the end ---------------------------------------------------------------------------------

    def drop(self, reason: str) -> list[Effect]:
        """End it without telling anybody."""
        hang_up: list[Effect] = [HangUpLeg(self.leg_id, reason)] if self.was_dialled else []
        return [*hang_up, self.release()]

    def lose(self, by: EndedBy, status: int, reason: str) -> list[Effect]:
        """We end it; `status` is what an offer that was not picked up is refused with."""
        told = self._ending(by, status, reason if by is EndedBy.FAULT else "")
        return [*self.drop(reason), Tell(told)]

    def on_peer_ended(self, by: EndedBy, status: int) -> list[Effect]:
        """The dialog is over already."""
        told = self._ending(by, status)
        return [self.release(), Tell(told)]

    def _ending(self, by: EndedBy, status: int, why: str = "") -> AgentHungUp | AgentRefused:
        if self.is_up:
            return AgentHungUp(self.call_id, self.agent_id, by, why)
        return AgentRefused(self.call_id, self.agent_id, self.offer_id, status)
