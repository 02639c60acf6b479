"""Who hears whom in a call: worked out from who sits there, and asked of media where it differs.

                     connected             hears music         hears a ring-back tone
    talk             caller – agent        who is held
    hold (verb)      caller – agent        caller; the agent hears silence
    guest rings                            caller              agent, unless the guest's early
                     agent – guest early   caller              media can be heard
    consultation     agent – guest         caller
    conference       caller – agent        who is left alone   each hears the two others
    own call         caller – guest        who is held         caller, if answered

"agent" is the phone's second line where the agent consults by it. Then the first line is as its
phone says: while the second is on hold and the first is not, caller and agent talk.

Rule 1: a caller is never connected with a guest before the guest has the talk or a conference
        begins; during a consultation not with the agent either.
Rule 2: nobody hears the one who holds: that would be the phone's music.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from foundation.ids import LegId
from telephony.calls.effects import AskMedia, Effect, Purpose
from telephony.calls.events import GuestWay
from telephony.calls.hearing import Bed
from telephony.calls.leg import Leg, LegState
from telephony.calls.seats import Seats
from telephony.media import protocol as media


@dataclass(frozen=True, slots=True)
class Heard:
    """Whom a leg hears, for whoever wants to be heard beside them."""

    legs: tuple[LegId, ...]
    is_mixed: bool = False
    "By a mixer, not by the connection."


@dataclass
class Wanted:
    """How all should hear each other."""

    pairs: list[tuple[Leg, Leg]] = field(default_factory=list)
    mixes: dict[LegId, list[LegId]] = field(default_factory=dict)
    beds: dict[LegId, Bed] = field(default_factory=dict)

    def connect(self, a: Leg, b: Leg) -> None:
        self.pairs.append((a, b))
        self.rest(a, Bed.MUSIC if b.holding else Bed.NOTHING)
        self.rest(b, Bed.MUSIC if a.holding else Bed.NOTHING)

    def rest(self, leg: Leg, bed: Bed) -> None:
        self.beds[leg.leg_id] = bed

    def confer(self, legs: tuple[Leg, Leg, Leg]) -> None:
        """Each hears the others, those left out who hold."""
        self.pairs.append((legs[0], legs[1]))
        for leg in legs:
            others = [each.leg_id for each in legs if each is not leg and not each.holding]
            self.mixes[leg.leg_id] = others
            self.rest(leg, Bed.NOTHING if others else Bed.MUSIC)


class Sound:
    """Keeps media in step with the seats; `follow` after each step of the call."""

    def __init__(self, seats: Seats) -> None:
        self._seats = seats
        self._pairs: list[tuple[Leg, Leg]] = []
        "As media was last asked."
        self._mixes: dict[LegId, list[LegId]] = {}

    def partner(self, leg_id: LegId) -> Leg | None:
        """Whom the leg is connected with."""
        for a, b in self._pairs:
            if leg_id in (a.leg_id, b.leg_id):
                other = b if leg_id == a.leg_id else a
                return other if other.is_alive else None
        return None

    def is_connected(self, a: str, b: str) -> bool:
        return any({a, b} == {one.leg_id, other.leg_id} for one, other in self._pairs)

    def hears(self, leg_id: LegId) -> Heard:
        mix = self._mixes.get(leg_id)
        if mix is not None:
            return Heard(tuple(mix), is_mixed=True)
        partner = self.partner(leg_id)
        return Heard(() if partner is None else (partner.leg_id,))

    def bridged(self, a: Leg, b: Leg) -> None:
        """Media has connected these already."""
        self._pairs = [(a, b)]

    def adopt(self, sessions: Iterable[media.Session]) -> None:
        """How an earlier process has left media; supervisors are not counted."""
        for session in sessions:
            leg, other = (self._find(session.leg), self._find(session.connected_to))
            is_new = not self.is_connected(session.leg, session.connected_to)
            if leg is not None and other is not None and leg is not other and is_new:
                self._pairs.append((leg, other))
            if session.hears:
                heard = [self._find(source.leg) for source in session.hears]
                self._mixes[LegId(session.leg)] = [each.leg_id for each in heard if each]

    def _find(self, leg_id: str) -> Leg | None:
        return self._seats.find(LegId(leg_id))

    def follow(self) -> list[Effect]:
        wanted = self._wanted()
        effects = [*self._connect(wanted.pairs), *self._mix(wanted.mixes)]
        for leg in self._seats.legs():
            effects += leg.hearing.rest_on(wanted.beds.get(leg.leg_id, Bed.NOTHING))
        return [*effects]

    # -- what should be --------------------------------------------------------------------------

    def _wanted(self) -> Wanted:
        seats, wanted = self._seats, Wanted()
        caller, agent, guest, voice = seats.caller, seats.agent, seats.guest, seats.voice
        if not caller.is_alive:
            return wanted
        if guest is None:
            if agent is not None and seats.is_bridged:
                self._talk(wanted, caller, agent)
        elif seats.way is GuestWay.DIAL:
            if guest.is_audible:
                wanted.connect(caller, guest)
            elif caller.state in (LegState.EARLY, LegState.UP):
                wanted.rest(caller, Bed.RING_BACK)
        elif seats.is_conference and voice is not None:
            wanted.confer((caller, voice, guest))
        else:
            self._aside(wanted)
        return wanted

    def _talk(self, wanted: Wanted, caller: Leg, agent: Leg) -> None:
        wanted.connect(caller, agent)
        if self._seats.is_on_hold:
            wanted.rest(caller, Bed.MUSIC)
            wanted.rest(agent, Bed.SILENCE)

    def _aside(self, wanted: Wanted) -> None:
        """The caller waits while a guest is rung or spoken with."""
        seats = self._seats
        agent, second, guest = seats.agent, seats.second, seats.guest
        wanted.rest(seats.caller, Bed.MUSIC)
        if guest is None or seats.voice is None:
            return
        if guest.is_audible:
            wanted.connect(seats.voice, guest)
        elif second is None:
            wanted.rest(seats.voice, Bed.RING_BACK)
        is_back = second is not None and second.is_up and second.holding
        if is_back and agent is not None and not agent.holding:
            wanted.connect(seats.caller, agent)

    # -- what differs ----------------------------------------------------------------------------

    def _connect(self, pairs: list[tuple[Leg, Leg]]) -> list[AskMedia]:
        were = [pair for pair in self._pairs if pair[0].is_alive and pair[1].is_alive]
        self._pairs = pairs
        if pairs == were:
            return []
        joined = {leg.leg_id for pair in pairs for leg in pair}
        # A Connect takes both legs away from whom they were connected with.
        lonely = [pair for pair in were if not joined & {leg.leg_id for leg in pair}]
        parted = [a.ask(media.Disconnect(rid=0, leg=a.leg_id)) for a, _ in lonely]
        links = [
            a.ask(media.Connect(rid=0, a=a.leg_id, b=b.leg_id), Purpose.LINK)
            for a, b in pairs
            if not any({a, b} == {*pair} for pair in were)
        ]
        return [*parted, *links]

    def _mix(self, mixes: dict[LegId, list[LegId]]) -> list[AskMedia]:
        were, self._mixes = self._mixes, mixes
        if mixes == were:
            return []
        changed = [
            leg for leg in self._seats.legs() if were.get(leg.leg_id) != mixes.get(leg.leg_id)
        ]
        return [_ask_hear(leg, mixes.get(leg.leg_id, [])) for leg in changed]


def _ask_hear(leg: Leg, sources: list[LegId]) -> AskMedia:
    heard = [media.Source(leg=source) for source in sources]
    return leg.ask(media.Hear(rid=0, leg=leg.leg_id, sources=heard), Purpose.HEAR)
