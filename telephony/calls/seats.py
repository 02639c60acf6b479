"""Who sits at a call: its legs, and whether caller and agent talk."""

from foundation.ids import LegId
from telephony.calls.agent_leg import AgentLeg
from telephony.calls.caller_leg import CallerLeg
from telephony.calls.leg import Leg


class Seats:
    """What the parts of the call machine share."""

    def __init__(self, caller: CallerLeg) -> None:
        self.caller = caller
        self.agent: AgentLeg | None = None
        self.is_bridged = False
        "Caller and agent talk; a hold does not end that."
        self.leg_ids: set[LegId] = {caller.leg_id}
        "All legs that this call ever had."
        self.releasing: set[LegId] = set()
        "Legs whose session media was asked for and has not let go of."

    def expect(self, leg_id: LegId) -> None:
        """Media is going to be asked for a session of this leg."""
        self.leg_ids.add(leg_id)
        self.releasing.add(leg_id)

    def legs(self) -> list[Leg]:
        """Those that are alive."""
        all_legs = (self.caller, self.agent)
        return [leg for leg in all_legs if leg is not None and leg.is_alive]

    def find(self, leg_id: LegId) -> Leg | None:
        return next((leg for leg in self.legs() if leg.leg_id == leg_id), None)

    def agent_on(self, leg_id: LegId) -> AgentLeg | None:
        return self.agent if self.agent is not None and self.agent.leg_id == leg_id else None
