"""Hold between caller and agent: what is told of it.

Rule 1: CallHeld and CallResumed are told of a bridged side in turn; the end of the bridge ends a
        hold without CallResumed.
"""

from telephony.calls.effects import Effect, Tell
from telephony.calls.events import CallHeld, CallResumed, Side
from telephony.calls.seats import Seats


class Hold:
    """Compares what is with what was told; `follow` after each step of the call."""

    def __init__(self, seats: Seats) -> None:
        self._seats = seats
        self._told: set[Side] = set()

    def follow(self) -> list[Effect]:
        told, self._told = self._told, self._holding()
        call_id = self._seats.caller.call_id
        if not self._seats.is_bridged:
            return []
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
        if not self._seats.is_bridged:
            return set()
        return {leg.side for leg in self._seats.legs() if leg.holding}
