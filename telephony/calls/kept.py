"""What a core that was started again is given to rebuild the calls of the one before it.

The dialog record of each leg carries a `Note`; media keeps the records with the sessions. A
`KeptCall` is what both show of one call, its legs sorted by side.
"""

from dataclasses import dataclass

import msgspec

from foundation.ids import AgentId, CallId, LegId, OfferId, PartyId, RecordingId
from telephony.calls.events import Side
from telephony.media import protocol as media
from telephony.sip.events import KeptLeg


class Note(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What must be known of a leg beside its dialog and its session."""

    call: str
    side: Side
    line: str = ""
    "Caller's leg: the number that was dialled."
    aor: str = ""
    "Caller's leg: the agent whose phone calls."
    trunk: str = ""
    "Caller's leg: over which the call came."
    agent: str = ""
    "Agent's leg."
    offer: str = ""
    "Agent's leg."


_decoder = msgspec.json.Decoder(Note)


def write_note(note: Note) -> bytes:
    return msgspec.json.encode(note)


def read_note(extra: bytes) -> Note | None:
    """None for what is no note of this version."""
    try:
        return _decoder.decode(extra)
    except msgspec.MsgspecError:
        return None


@dataclass(frozen=True, slots=True)
class KeptSide:
    """One leg: its dialog and its media session."""

    dialog: KeptLeg
    session: media.Session
    note: Note

    @property
    def leg_id(self) -> LegId:
        return self.dialog.leg

    @property
    def plays(self) -> bool:
        """Something with an end is being played, which somebody waits for."""
        return bool(self.session.playing) and not self.session.is_looping


@dataclass(frozen=True, slots=True)
class KeptAgentSide(KeptSide):
    agent_id: AgentId
    offer_id: OfferId


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCall:
    """One call as it was left."""

    call_id: CallId
    party_id: PartyId
    line: str
    caller: KeptSide
    agent: KeptAgentSide | None = None
    recording_id: RecordingId | None = None
    "Of the tap that runs."

    @property
    def is_bridged(self) -> bool:
        agent = self.agent
        return agent is not None and self.caller.session.connected_to == agent.leg_id
