"""What of a talk's legs nobody is to hear: card digits, and keys that are commands to the centre.

    caller   while card digits are taken       ALL: neither agent nor recording hears him
    agent    in a talk, if keys are commands   KEYS: the caller hears no digit; what is no command
                                               is sent on by whoever conducts the call

Rule: only what media has granted counts as held back (`holds_keys`): another media plane may not
know how, and then passes digits on by itself.
"""

from foundation.ids import LegId
from telephony.calls.effects import Effect, Purpose
from telephony.calls.kept import KeptSide
from telephony.calls.leg import Leg
from telephony.calls.seats import Seats
from telephony.media import protocol as media
from telephony.media.protocol import Hidden


class Veil:
    """Compares what is to be hidden with what was asked; `follow` after each step of the call."""

    def __init__(self, seats: Seats, *, agent_keys: bool) -> None:
        self._seats = seats
        self._agent_keys = agent_keys
        self._asked: dict[LegId, Hidden] = {}
        self._granted: dict[LegId, Hidden] = {}

    def adopt(self, sides: list[KeptSide]) -> None:
        """As an earlier process has left media."""
        self._asked = {side.leg_id: side.session.hidden for side in sides}
        self._granted = dict(self._asked)

    def follow(self) -> list[Effect]:
        effects: list[Effect] = []
        for leg in self._seats.legs():
            wanted = self._wanted(leg)
            if self._asked.get(leg.leg_id, Hidden.NOTHING) is not wanted:
                self._asked[leg.leg_id] = wanted
                request = media.Hide(rid=0, leg=leg.leg_id, what=wanted)
                effects.append(leg.ask(request, Purpose.HIDE))
        return effects

    def granted(self, asked: media.Hide) -> None:
        self._granted[LegId(asked.leg)] = asked.what

    def holds_keys(self, leg: Leg) -> bool:
        """Media does not pass the leg's digits on."""
        return self._granted.get(leg.leg_id) is Hidden.KEYS

    def commands_by_keys(self, leg: Leg) -> bool:
        """Digits of this leg may be commands."""
        seats = self._seats
        agent = seats.agent
        return (
            self._agent_keys
            and seats.is_bridged
            and agent is leg
            and agent is not None
            and agent.agent_id is not None
        )

    def _wanted(self, leg: Leg) -> Hidden:
        if leg is self._seats.caller:
            return Hidden.ALL if self._seats.takes_card else Hidden.NOTHING
        return Hidden.KEYS if self.commands_by_keys(leg) else Hidden.NOTHING
