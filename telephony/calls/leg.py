"""One side of a call: a SIP dialog with its media session, as the call machine sees it.

    caller   PREPARING ─media─▶ ARRIVED ─answer()─▶ UP ──▶ GONE
                                  └─answer_early()─▶ EARLY ─▶ UP
    agent    PREPARING ─media─▶ DIALLING ─200─▶ ANSWERING ─media─▶ UP ──▶ GONE

GONE is reached from everywhere: hang-up, refusal, CANCEL, lost media.
"""

from dataclasses import dataclass
from enum import Enum

from foundation.ids import AgentId, LegId, OfferId
from telephony.calls.events import Side


class LegState(Enum):
    PREPARING = "preparing"
    "Media was asked for a session; SIP waits."
    ARRIVED = "arrived"
    "Caller only: media is ready, nothing is answered."
    EARLY = "early"
    "Caller only: 183 with SDP is out."
    DIALLING = "dialling"
    "Agent only: INVITE is out, the phone may ring."
    ANSWERING = "answering"
    "Agent only: 200 is in, media is being told the phone's SDP."
    UP = "up"
    GONE = "gone"


@dataclass(slots=True, kw_only=True)
class Leg:
    """What the call remembers of one side."""

    leg_id: LegId
    side: Side
    state: LegState = LegState.PREPARING
    our_sdp: bytes = b""
    offerless: bool = False
    "Our 200 carries the offer; the peer's SDP comes with the ACK."
    codec: str = ""
    has_media: bool = True
    "Asked for, and not refused: something is there to be released."
    holding: bool = False
    "This side put the other on hold."

    @property
    def is_alive(self) -> bool:
        return self.state is not LegState.GONE


@dataclass(slots=True, kw_only=True)
class AgentLeg(Leg):
    """The side that was rung for an offer."""

    agent_id: AgentId
    offer_id: OfferId
    auto_answer: bool = False
