"""What the journal says of guests: who is asked into a talk, and who has the caller by now.

Two parts tell of them: the floor of the agent who is kept for it, the switchboard of the leg that
is rung. What the one has told and the other did not come to is made good by `finish`.
"""

from typing import TypeAlias

from acd.agent import Assignment
from acd.events import (
    AgentChanged,
    AgentReserved,
    AgentState,
    ReservationFailed,
    TalkEnded,
    TalkTaken,
)
from callcenter.revival.past import AgentsPast, CallPast, GuestPast, InvitedPast, VisitPast
from foundation.ids import AgentId, OfferId, QueueId
from telephony.calls.events import (
    ConferenceStarted,
    GuestInvited,
    GuestJoined,
    GuestLeft,
    TalkTransferred,
)

FloorsPart: TypeAlias = AgentReserved | ReservationFailed | TalkTaken
LegsPart: TypeAlias = GuestInvited | GuestJoined | GuestLeft | ConferenceStarted | TalkTransferred
FLOORS = (AgentReserved, ReservationFailed, TalkTaken)
LEGS = (GuestInvited, GuestJoined, GuestLeft, ConferenceStarted, TalkTransferred)


class GuestsPast(dict[AgentId, GuestPast]):
    """Agents who are asked into a talk, or advise in one."""

    def __init__(self, agents: AgentsPast) -> None:
        super().__init__()
        self._agents = agents

    def follow(self, changed: AgentChanged) -> None:
        """An agent who is free, or pauses, is no guest any more."""
        guest = self.get(changed.agent_id)
        if guest is None:
            return
        if changed.state is AgentState.TALKING:
            guest.has_joined = True
        elif changed.state is not AgentState.RINGING:
            del self[changed.agent_id]

    def on_floor(self, call: CallPast, event: FloorsPart, at_s: float) -> None:
        agent_id = event.agent_id
        match event:
            case AgentReserved(call_id, queue, _, offer_id):
                self[agent_id] = GuestPast(call_id, queue, agent_id, offer_id)
                self._agents.of(agent_id).assignment = Assignment(call_id, queue, offer_id)
                self._agents.expect(agent_id, AgentState.RINGING, at_s, call_id)
            case ReservationFailed(why=why):
                self.pop(agent_id, None)
                self._agents.expect_after_failure(agent_id, why, at_s)
            case TalkTaken(queue=queue):
                guest = self.pop(agent_id, None)
                offer_id = OfferId("") if guest is None else guest.offer_id
                _hand_over(call, queue, {agent_id: offer_id}, at_s)

    def on_leg(self, call: CallPast, event: LegsPart, at_s: float) -> None:
        third = call.guest
        match event:
            case GuestInvited():
                call.guest = InvitedPast(event)
            case GuestLeft():
                call.guest = None
            case _ if third is None:
                pass
            case ConferenceStarted():
                third.in_conference = True
            case GuestJoined():
                third.has_joined = True
                self._expect_talk(third, at_s)
            case TalkTransferred():
                self._transferred(call, third)

    def _expect_talk(self, third: InvitedPast, at_s: float) -> None:
        guest = None if third.invited.agent_id is None else self.get(third.invited.agent_id)
        if guest is not None and guest.offer_id == third.offer_id and not guest.has_joined:
            self._agents.expect(guest.agent_id, AgentState.TALKING, at_s, guest.call_id)

    def _transferred(self, call: CallPast, third: InvitedPast) -> None:
        call.guest, call.is_bridged = None, True
        call.held_by.clear()
        if third.invited.agent_id is None:
            call.outside = third.invited
        else:
            call.taking = third.offer_id

    def finish(self, call: CallPast, at_s: float) -> list[object]:
        """The switchboard had done a transfer which the floor does now; these facts say so."""
        guest = next((each for each in self.values() if each.offer_id == call.taking), None)
        if guest is None:
            call.taking = None
            return []
        taken = TalkTaken(call.call_id, guest.queue, guest.agent_id)
        facts = [*self._end_talk(call, at_s), taken]
        self.on_floor(call, taken, at_s)
        return facts

    def finish_outside(self, call: CallPast, at_s: float) -> list[object]:
        """The same of a guest outside: the agent's part is over."""
        return self._end_talk(call, at_s)

    def _end_talk(self, call: CallPast, at_s: float) -> list[object]:
        visit = call.visit
        if visit is None or not visit.is_answered or visit.agent_id is None:
            return []
        call.visit, call.last_visit = None, visit
        before = AgentChanged(visit.agent_id, AgentState.WRAP_UP, call_id=call.call_id)
        self._agents.of(visit.agent_id).enter(before, at_s)
        return [TalkEnded(call.call_id, visit.queue, visit.agent_id), before]


def _hand_over(call: CallPast, queue: QueueId, offers: dict[AgentId, OfferId], at_s: float) -> None:
    """The talk is another one's; the caller is as urgent, and needs the same, as before."""
    had = call.visit or call.last_visit or VisitPast(queue, 0, at_s)
    call.visit = VisitPast(
        queue,
        had.priority,
        at_s,
        offers=offers,
        is_answered=True,
        answered_at=at_s,
        tier=had.tier,
        requires=had.requires,
    )
    call.is_bridged, call.taking = True, None
