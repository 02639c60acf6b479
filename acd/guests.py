"""Guests: agents who are asked into a talk by its agent, to advise him or to take the caller over.

               Accept                  TakeTalk
    RINGING ───────────▶ JOINED ────────────────────▶ (the talk is his: a visit, `acd.visits`)
       │                   │
       │                   └── Dismiss, the call is over ──▶ free, without wrap-up
       ├── Dismiss, sign-out, pause, the call is over ──▶ ReservationFailed WITHDRAWN
       └── Decline, ring_s, phone gone ──▶ ReservationFailed, paused with 'rona'

Rule 1: a guest's agent is RINGING and then TALKING with that call, so nothing else is offered.
Rule 2: a call has one guest at most; who waits in a queue has none.
Rule 3: the talk's own agent may leave before the guest has it: the guest waits on for the caller.
Rule 4: wrap-up is for who had the caller. Who was only asked gets none.
"""

from dataclasses import dataclass

from acd.agent import Agent, Assignment
from acd.events import AgentReserved, OfferFailure, ReservationFailed, TalkTaken
from acd.ground import Ground
from acd.inputs import Accept, Decline, Dismiss, Reserve, TakeTalk
from acd.kept import KeptGuest
from acd.visits import Visits
from foundation.errors import Conflict, IllegalTransition
from foundation.ids import AgentId, CallId, OfferId, QueueId


@dataclass(slots=True)
class Guest:
    call_id: CallId
    queue: QueueId
    "Of the talk."
    agent_id: AgentId
    offer_id: OfferId
    has_joined: bool = False


class Guests:
    """All guests of one floor."""

    def __init__(self, ground: Ground, visits: Visits) -> None:
        self._ground = ground
        self._visits = visits
        self._guests: dict[OfferId, Guest] = {}
        self._of_call: dict[CallId, Guest] = {}
        "The same ones."

    def restore(self, kept: KeptGuest) -> None:
        """The agent's own state is restored with the agents."""
        guest = Guest(kept.call_id, kept.queue, kept.agent_id, kept.offer_id, kept.has_joined)
        self._add(guest)
        if not kept.has_joined:
            self._ground.open_offers.add(kept.offer_id)

    def is_guest(self, agent: Agent) -> bool:
        return agent.assignment is not None and agent.assignment.offer_id in self._guests

    def reserve(self, given: Reserve, now: float) -> None:
        """Raises `NotFound`, or `Conflict` with the reason why not. Late for a talk that is over:
        nothing."""
        agent = self._ground.get_agent(given.agent_id)
        ring_s = self._ground.options_of(given.queue).ring_s
        caller = self._visits.find(given.call_id)
        if caller is None:
            return
        if given.offer_id in self._guests or given.offer_id == caller.offer_id:
            raise IllegalTransition(given.offer_id, "in use", given)
        if not caller.is_answered:
            raise Conflict(f"the caller of {given.call_id} talks with nobody")
        if given.call_id in self._of_call:
            raise Conflict(f"there is a guest at {given.call_id} already")
        if agent.why_unavailable:
            raise Conflict(agent.why_unavailable)
        offer = Assignment(given.call_id, given.queue, given.offer_id)
        self._add(Guest(given.call_id, given.queue, given.agent_id, given.offer_id))
        self._ground.open_offers.add(given.offer_id)
        self._ground.events.append(
            AgentReserved(given.call_id, given.queue, given.agent_id, given.offer_id)
        )
        self._ground.events += agent.offer(offer, now, ring_s)
        self._ground.follow(agent, now)

    def find_open(self, given: Accept | Decline) -> Guest | None:
        """Whose phone rings and is meant by this."""
        guest = self._guests.get(given.offer_id)
        if guest is None or guest.has_joined:
            return None
        is_same = (guest.call_id, guest.agent_id) == (given.call_id, given.agent_id)
        return guest if is_same else None

    def join(self, guest: Guest, now: float) -> None:
        agent = self._ground.agents[guest.agent_id]
        guest.has_joined = True
        self._ground.open_offers.remove(guest.offer_id)
        self._ground.events += agent.pick_up(now)
        self._ground.follow(agent, now)

    def part(self, agent: Agent, why: OfferFailure) -> None:
        """The reservation has failed; what becomes of the agent depends on why."""
        guest = self._guests[agent.get_assignment().offer_id]
        self._drop(guest)
        self._ground.open_offers.remove(guest.offer_id)
        self._ground.events.append(
            ReservationFailed(guest.call_id, guest.queue, guest.agent_id, guest.offer_id, why)
        )

    def dismiss(self, given: Dismiss, now: float) -> None:
        guest = self._guests.get(given.offer_id)
        if guest is not None and guest.agent_id == given.agent_id:
            self._free(guest, now)

    def end_of_call(self, call_id: CallId, now: float) -> None:
        """Whoever was a guest there is free again."""
        guest = self._of_call.get(call_id)
        if guest is not None:
            self._free(guest, now)

    def take_talk(self, given: TakeTalk, now: float) -> None:
        guest = self._guests.get(given.offer_id)
        if guest is None or not guest.has_joined or guest.call_id != given.call_id:
            return
        caller = self._visits.find(guest.call_id)
        if caller is not None:
            self._visits.end_talk(caller, now)
        self._drop(guest)
        agent = self._ground.agents[guest.agent_id]
        self._visits.take_over(guest.call_id, guest.queue, agent, now)
        self._ground.events.append(TalkTaken(guest.call_id, guest.queue, guest.agent_id))

    def _free(self, guest: Guest, now: float) -> None:
        agent = self._ground.agents[guest.agent_id]
        if guest.has_joined:
            self._drop(guest)
            self._ground.events += agent.end_talk(now, wrap_up_s=0)
        else:
            self.part(agent, OfferFailure.WITHDRAWN)
            self._ground.events += agent.withdraw(now)
        self._ground.follow(agent, now)

    def _add(self, guest: Guest) -> None:
        self._guests[guest.offer_id] = self._of_call[guest.call_id] = guest

    def _drop(self, guest: Guest) -> None:
        del self._guests[guest.offer_id], self._of_call[guest.call_id]
