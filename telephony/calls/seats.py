"""Who sits at a call: its legs, and how far they have come with each other."""

from typing import TypeAlias

from foundation.ids import LegId
from telephony.calls.agent_leg import AgentLeg
from telephony.calls.caller_leg import CallerLeg
from telephony.calls.events import GuestWay
from telephony.calls.guest_leg import GuestLeg
from telephony.calls.leg import Leg, LegState

AgentSeat: TypeAlias = AgentLeg | GuestLeg
"Who faces the caller: the agent, or a guest who took the talk."


class Seats:
    """What the parts of the call machine share."""

    def __init__(self, caller: CallerLeg) -> None:
        self.caller = caller
        self.agent: AgentSeat | None = None
        self.rung: list[AgentLeg] = []
        "Phones of open offers, of which the first that can be spoken with becomes `agent`."
        self.is_bridged = False
        "Caller and agent talk; neither a hold nor a consultation ends that."
        self.takes_card = False
        "The caller's digits are for the centre alone; nobody hears him."
        self.is_on_hold = False
        "The caller, by the verb `hold`."
        self.guest: GuestLeg | None = None
        self.way = GuestWay.CONSULT
        "What the guest is here for."
        self.is_conference = False
        self.second: CallerLeg | None = None
        "Another line of the agent's phone, by which it consults."
        self.successor: AgentLeg | None = None
        "Another phone of the agent's, which the talk moves to."
        self.leg_ids: set[LegId] = {caller.leg_id}
        "All legs that this call ever had."
        self.releasing: set[LegId] = set()
        "Legs whose session media was asked for and has not let go of."

    @property
    def has_agent(self) -> bool:
        """Or one whose phone rings."""
        return self.agent is not None or bool(self.rung)

    @property
    def voice(self) -> Leg | None:
        """By which the agent speaks with a guest."""
        return self.second or self.agent

    def expect(self, leg_id: LegId) -> None:
        """Media is going to be asked for a session of this leg."""
        self.leg_ids.add(leg_id)
        self.releasing.add(leg_id)

    def legs(self) -> list[Leg]:
        """Those that are alive."""
        all_legs = (
            self.caller,
            self.agent,
            *self.rung,
            self.second,
            self.guest,
            self.successor,
        )
        return [leg for leg in all_legs if leg is not None and leg.state is not LegState.GONE]

    def find(self, leg_id: LegId) -> Leg | None:
        for leg in self.legs():
            if leg.leg_id == leg_id:
                return leg
        return None

    def agent_on(self, leg_id: LegId) -> AgentSeat | None:
        return self.agent if self.agent is not None and self.agent.leg_id == leg_id else None

    def rung_on(self, leg_id: LegId) -> AgentLeg | None:
        return next((leg for leg in self.rung if leg.leg_id == leg_id), None)

    def guest_on(self, leg_id: LegId) -> GuestLeg | None:
        return self.guest if self.guest is not None and self.guest.leg_id == leg_id else None

    def second_on(self, leg_id: LegId) -> CallerLeg | None:
        return self.second if self.second is not None and self.second.leg_id == leg_id else None
