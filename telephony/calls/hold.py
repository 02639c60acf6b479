"""Hold between caller and agent: by the agent's phone or ours, and what is told of it.

Rule 1: hold by a phone is answered here and never forwarded; the held side hears music.
Rule 2: CallHeld and CallResumed are told of a bridged side in turn; the end of the bridge ends a
        hold without CallResumed. The verb and the phone of the agent hold for the same side: it is
        told held while either does.
Rule 3: a guest ends the hold by the verb; while one is there, there is none.
"""

from telephony.calls.effects import Effect, Tell
from telephony.calls.events import CallHeld, CallResumed, Side
from telephony.calls.seats import Seats


class Hold:
    """Compares what is with what was told; `follow` after each step of the call."""

    def __init__(self, seats: Seats) -> None:
        self._seats = seats
        self._told: set[Side] = set()

    def begin(self) -> list[Effect]:
        """By the verb; what follows from it is worked out after the step."""
        seats = self._seats
        if seats.is_bridged and seats.guest is None:
            seats.is_on_hold = True
        return []

    def end(self) -> list[Effect]:
        self._seats.is_on_hold = False
        return self.follow()

    def end_of_agent(self) -> list[Effect]:
        """Somebody else takes the agent's seat, whom nobody has heard to hold."""
        self._seats.is_on_hold = False
        if Side.AGENT not in self._told:
            return []
        self._told.discard(Side.AGENT)
        return [Tell(CallResumed(self._seats.caller.call_id, Side.AGENT))]

    def follow(self) -> list[Effect]:
        told, self._told = self._told, self._holding()
        if not self._seats.is_bridged:
            self._seats.is_on_hold = False
            return []
        if told == self._told:
            return []
        call_id = self._seats.caller.call_id
        resumed = [side for side in Side if side in told - self._told]
        held = [side for side in Side if side in self._told - told]
        return [
            *(Tell(CallResumed(call_id, side)) for side in resumed),
            *(Tell(CallHeld(call_id, side)) for side in held),
        ]

    def adopt(self) -> None:
        """All that is has been told."""
        self._told = self._holding()

    def _holding(self) -> set[Side]:
        seats = self._seats
        if not seats.is_bridged:
            return set()
        holding = {
            leg.side for leg in (seats.caller, seats.agent) if leg is not None and leg.holding
        }
        return holding | ({Side.AGENT} if seats.is_on_hold else set())
