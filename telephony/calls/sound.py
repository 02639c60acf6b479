"""Who hears whom in a call: worked out from who sits there, and asked of media where it differs."""

from collections.abc import Iterator, Mapping

from foundation.ids import LegId
from telephony.calls.effects import Effect
from telephony.calls.hearing import Bed
from telephony.calls.leg import Leg
from telephony.calls.seats import Seats


class Sound:
    """Keeps media in step with the seats; `follow` after each step of the call."""

    def __init__(self, seats: Seats) -> None:
        self._seats = seats

    def partner(self, leg_id: LegId) -> Leg | None:
        """Whom the leg is connected with."""
        seats = self._seats
        if not seats.is_bridged:
            return None
        return next((leg for leg in seats.legs() if leg.leg_id != leg_id), None)

    def follow(self) -> list[Effect]:
        beds = self._beds()
        return [
            effect
            for leg in self._seats.legs()
            for effect in leg.hearing.rest_on(beds.get(leg.leg_id, Bed.NOTHING))
        ]

    def _beds(self) -> Mapping[LegId, Bed]:
        """Who is held hears music."""
        return {leg.leg_id: Bed.MUSIC for leg in self._held()}

    def _held(self) -> Iterator[Leg]:
        caller, agent = self._seats.caller, self._seats.agent
        if self._seats.is_bridged and agent is not None:
            yield from [caller] if agent.holding else []
            yield from [agent] if caller.holding else []
