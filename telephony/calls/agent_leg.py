"""The agent's side of a call: rung for one offer, gone with it.

    PREPARING ── media Done ──▶ DIALLING ── 200 ──▶ ANSWERING ── media Done ──▶ UP
        │ media Failed             │ refusal            │ media Failed, BYE       │ BYE …
        ▼                          ▼                    ▼                         ▼
       GONE, told as AgentRefused ◀─────────────────────┘          GONE, AgentHungUp

Rule 1: an offer ends in exactly one of AgentRefused, or AgentPickedUp and later AgentHungUp;
        one that is withdrawn ends in silence.
"""

from foundation.ids import AgentId, CallId, LegId, OfferId
from telephony.calls.effects import Accept, Dial, Effect, Purpose, Tell
from telephony.calls.events import (
    AgentHungUp,
    AgentPickedUp,
    AgentRefused,
    AgentRinging,
    EndedBy,
    Side,
)
from telephony.calls.kept import Note
from telephony.calls.leg import LegState
from telephony.calls.options import CallOptions
from telephony.calls.rung_leg import RungLeg
from telephony.media import protocol as media

ENDED_EARLY = 487
"Status of an offer whose phone answered and hung up before it was connected."


class AgentLeg(RungLeg):
    """One phone for one offer."""

    prepare_purpose = Purpose.PREPARE_AGENT
    answer_purpose = Purpose.ANSWER_AGENT

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

    def dial(self) -> list[Effect]:
        return [Dial(self.leg_id, self.agent_id, self.our_sdp, self._auto_answer, self.note())]

    # -- another phone of the same agent's, which takes the talk over (RFC 3891) -------------------

    def prepare_move(self, sdp: bytes) -> list[Effect]:
        """The phone has called us: the INVITE is the peer's here, and its offer too."""
        self.offerless = not sdp
        return [self.ask_session(Purpose.PREPARE_MOVE, sdp)]

    def on_moved(self, done: media.Done) -> list[Effect]:
        self.state = LegState.UP
        self.our_sdp = done.sdp.encode()
        noted = [] if self.offerless else self.note_terms(done)
        return [Accept(self.leg_id, self.our_sdp), *noted]

    def note(self) -> Note:
        return Note(call=self.call_id, side=Side.AGENT, agent=self.agent_id, offer=self.offer_id)

    # -- facts -----------------------------------------------------------------------------------

    def on_progress(self, status: int) -> list[Effect]:
        """A phone repeats its 180 every minute; it began to ring only once."""
        if status != 180 or self._has_rung:
            return []
        self._has_rung = True
        return [Tell(AgentRinging(self.call_id, self.agent_id, self.offer_id))]

    def picked_up(self) -> AgentPickedUp:
        return AgentPickedUp(self.call_id, self.agent_id, self.offer_id)

    def refused(self, status: int) -> AgentRefused:
        """How an offer ends that never came to face the caller."""
        return AgentRefused(self.call_id, self.agent_id, self.offer_id, status)

    def farewell(self, by: EndedBy, why: str = "") -> list[Effect]:
        """Of one who faced the caller."""
        return [Tell(AgentHungUp(self.call_id, self.agent_id, by, why))]
