"""What a core that was started again is given to rebuild the calls of the one before it.

The dialog record of each leg carries a `Note`; media keeps the records with the sessions. A
`KeptCall` is what both show of one call, its legs sorted by side.
"""

from dataclasses import dataclass

import msgspec

from foundation.ids import AgentId, CallId, LegId, OfferId, PartyId, RecordingId
from telephony.calls.control import AgentTarget, GuestTarget, OutsideTarget
from telephony.calls.events import GuestWay, Side
from telephony.media import protocol as media
from telephony.sip.events import KeptLeg


class Note(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What must be known of a leg beside its dialog and its session."""

    call: str
    side: Side
    line: str = ""
    "Caller's leg: the number that was dialled."
    dialled: str = ""
    "Caller's leg, instead of a line, and second line: what an agent's own phone has dialled."
    aor: str = ""
    "Caller's leg: the agent whose phone calls."
    trunk: str = ""
    "Caller's leg: over which the call came. Guest's from outside: over which he was dialled."
    agent: str = ""
    "Agent's leg, second line too; leg of a guest who is an agent."
    offer: str = ""
    "Agent's leg and guest's."
    way: GuestWay | None = None
    "Guest's leg: what he was rung for; he keeps it when he has the talk."
    party: str = ""
    "Leg of a guest from outside."
    is_placed: bool = False
    "Caller's leg: we have dialled `party` by `trunk`."
    is_second: bool = False
    "Second line of an agent's phone, by which it consults."


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

    @property
    def is_connectable(self) -> bool:
        """Has picked up, and the answer has reached media."""
        return bool(self.session.codec) and not self.dialog.is_early


@dataclass(frozen=True, slots=True)
class KeptGuestSide(KeptSide):
    """The leg of a guest, whether he is still one or has the talk: its note has a `way`."""

    @property
    def offer_id(self) -> OfferId:
        return OfferId(self.note.offer)

    @property
    def agent_id(self) -> AgentId | None:
        return AgentId(self.note.agent) if self.note.agent else None

    @property
    def way(self) -> GuestWay:
        return self.note.way or GuestWay.CONSULT

    @property
    def target(self) -> GuestTarget:
        """Whom our INVITE, which is out already, was for."""
        if self.agent_id is not None:
            return AgentTarget(self.agent_id, self.offer_id)
        party_id = PartyId(self.note.party)
        return OutsideTarget(party_id, self.offer_id, number="", trunk=self.note.trunk)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCall:
    """One call as it was left."""

    call_id: CallId
    party_id: PartyId
    line: str
    caller: KeptSide
    agent: KeptAgentSide | KeptGuestSide | None = None
    "Who faces the caller: after a transfer that was told the guest, whose note keeps its way."
    rung: tuple[KeptAgentSide, ...] = ()
    "Phones of open offers, in the order in which they were made: none has the caller yet."
    guest: KeptGuestSide | None = None
    "Rung or spoken with, and `TalkTransferred` was not told of him."
    second: KeptSide | None = None
    "The second line of the agent's phone."
    recording_id: RecordingId | None = None
    "Of the tap that runs."

    @property
    def is_bridged(self) -> bool:
        """Also while a guest is there, when the caller may be connected with nobody."""
        agent = self.agent
        if agent is None:
            return False
        return self.guest is not None or self.caller.session.connected_to == agent.leg_id

    @property
    def is_on_hold(self) -> bool:
        """By the verb: the agent hears a silence that no hold of the caller's phone explains."""
        if self.agent is None or self.guest is not None or not self.is_bridged:
            return False
        agent, caller = self.agent.session, self.caller.session
        return bool(agent.playing) and agent.is_looping and not caller.is_held

    @property
    def held_by(self) -> set[Side]:
        """Who has put the other one on hold, by the phone or by the verb."""
        if self.agent is None:
            return set()
        by_agent = self.agent.session.is_held or self.is_on_hold
        held = {Side.CALLER: self.caller.session.is_held, Side.AGENT: by_agent}
        return {side for side, is_held in held.items() if is_held}

    @property
    def takes_card(self) -> bool:
        """Nobody hears the caller, whose digits are for the centre."""
        return self.caller.session.hidden is media.Hidden.ALL

    @property
    def is_paused(self) -> bool:
        """The recording, for whatever reason."""
        return self.recording_id in self.caller.session.paused_taps

    @property
    def is_conference(self) -> bool:
        return self.guest is not None and bool(self.guest.session.hears)

    @property
    def sides(self) -> list[KeptSide]:
        all_sides = (self.caller, self.agent, *self.rung, self.second, self.guest)
        return [side for side in all_sides if side is not None]
