"""The callers' visits to the queues: who waits, is offered, talks; each has one outcome.

The machine of one visit is drawn in `acd.caller`, the rules of all are those of `acd.floor`.
"""

from typing import TypeAlias

from acd.agent import Agent, Assignment
from acd.caller import Caller
from acd.events import (
    AcdEvent,
    AgentAnswered,
    AgentOffered,
    CallAbandoned,
    CallLost,
    CallOverflowed,
    CallQueued,
    OfferFailed,
    OfferFailure,
    PositionTold,
    TalkEnded,
)
from acd.ground import Ground
from acd.inputs import Accept, Decline, Enqueue
from acd.kept import KeptCaller
from acd.options import QueueOptions
from acd.timers import MaxWait, PositionDue
from foundation.errors import IllegalTransition
from foundation.ids import CallId, OfferId, QueueId

Outcome: TypeAlias = CallAbandoned | CallLost
"Of a visit that ends with its call."


class Visits:
    """All callers of one floor."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._callers: dict[CallId, Caller] = {}
        self._count = 0

    def find(self, call_id: CallId) -> Caller | None:
        return self._callers.get(call_id)

    def get(self, call_id: CallId) -> Caller:
        return self._callers[call_id]

    def unanswered(self, queue: QueueId) -> list[Caller]:
        """In order of service; callers whose agent's phone rings are among them."""
        waiting = (c for c in self._callers.values() if c.queue == queue and not c.is_answered)
        return sorted(waiting, key=lambda caller: caller.place)

    # ---- a floor before this one

    def restore(self, kept: KeptCaller, now: float) -> None:
        ground = self._ground
        options = ground.options_of(kept.queue)
        caller = self._new_caller(
            kept.call_id, kept.queue, kept.priority, kept.entered_at, front=kept.front
        )
        caller.tried |= kept.tried
        if kept.agent_id is None or kept.offer_id is None:
            ground.matching.join(caller)
        else:
            caller.ring(kept.agent_id, kept.offer_id)
            caller.is_answered = kept.is_answered
        if kept.is_answered:
            return
        if kept.offer_id is not None:
            ground.open_offers.add(kept.offer_id)
        ground.timers.set(MaxWait(kept.call_id), caller.overflow_at)
        every_s = options.announce_position_every_s
        if every_s is not None:
            waited_s = max(0.0, now - kept.entered_at)
            ground.timers.set(PositionDue(kept.call_id), now + every_s - waited_s % every_s)

    # ---- waiting

    def enqueue(self, given: Enqueue, now: float) -> None:
        self._ground.matching.get_queue(given.queue)
        if given.call_id in self._callers:
            raise IllegalTransition(given.call_id, "on the floor", given)
        caller = self._new_caller(
            given.call_id, given.queue, given.priority, now, front=given.front
        )
        self._ground.timers.set(MaxWait(given.call_id), caller.overflow_at)
        self._ground.events.append(
            CallQueued(given.call_id, given.queue, given.priority, given.front)
        )
        self._ground.matching.join(caller)

    def _new_caller(
        self, call_id: CallId, queue: QueueId, priority: int, entered_at: float, *, front: bool
    ) -> Caller:
        self._count += 1
        overflow_at = entered_at + self._ground.options_of(queue).max_wait_s
        caller = Caller(call_id, queue, priority, self._count, entered_at, overflow_at, front=front)
        self._callers[call_id] = caller
        return caller

    def end_wait(self, call_id: CallId) -> None:
        caller = self._callers[call_id]
        if caller.is_waiting:
            self._ground.matching.leave(caller)
            self._forget(caller, CallOverflowed(caller.call_id, caller.queue))

    def tell_position(self, call_id: CallId, now: float) -> None:
        """Now, if the caller waits, and again after the queue's interval."""
        caller = self._callers[call_id]
        queue = self._ground.matching.get_queue(caller.queue)
        every_s = queue.options.announce_position_every_s
        if every_s is None:
            return
        self._ground.timers.set(PositionDue(caller.call_id), now + every_s)
        if caller.is_waiting:
            position = queue.position(caller)
            self._ground.events.append(PositionTold(caller.call_id, caller.queue, position))

    # ---- offers

    def offer(
        self, caller: Caller, agent: Agent, offer_id: OfferId, options: QueueOptions, now: float
    ) -> None:
        offer = Assignment(caller.call_id, caller.queue, offer_id)
        self._ground.matching.leave(caller)
        caller.ring(agent.agent_id, offer.offer_id)
        self._ground.open_offers.add(offer.offer_id)
        self._ground.events.append(
            AgentOffered(caller.call_id, caller.queue, agent.agent_id, offer.offer_id)
        )
        self._ground.events += agent.offer(offer, now, options.ring_s)
        self._ground.follow(agent, now)

    def find_offered(self, given: Accept | Decline) -> Caller | None:
        """Whose open offer this is about."""
        caller = self._callers.get(given.call_id)
        if caller is None or given.offer_id not in self._ground.open_offers:
            return None
        is_same = (caller.offer_id, caller.agent_id) == (given.offer_id, given.agent_id)
        return caller if is_same else None

    def answer(self, caller: Caller, agent: Agent, now: float) -> None:
        self._ground.open_offers.remove(agent.get_assignment().offer_id)
        caller.is_answered = True
        self._cancel_timers(caller)
        self._ground.events.append(AgentAnswered(caller.call_id, caller.queue, agent.agent_id))
        self._ground.events += agent.pick_up(now)
        self._ground.follow(agent, now)

    def part(self, agent: Agent, why: OfferFailure, now: float) -> None:
        """The caller's half of a failed offer; the agent's half depends on why it failed."""
        caller = self._callers[agent.get_assignment().call_id]
        self._fail_offer(caller, agent, why)
        caller.wait_again(agent.agent_id)
        if now >= caller.overflow_at:
            self._forget(caller, CallOverflowed(caller.call_id, caller.queue))
        else:
            self._ground.matching.join(caller)

    def _fail_offer(self, caller: Caller, agent: Agent, why: OfferFailure) -> None:
        offer = agent.get_assignment()
        self._ground.open_offers.remove(offer.offer_id)
        self._ground.events.append(
            OfferFailed(caller.call_id, caller.queue, agent.agent_id, offer.offer_id, why)
        )

    # ---- talks and ends

    def end(self, caller: Caller, outcome: Outcome, now: float) -> None:
        """Wherever the caller is: a talk ends, or the visit ends with `outcome`."""
        if caller.agent_id is None:
            self._ground.matching.leave(caller)
            self._forget(caller, outcome)
        elif caller.is_answered:
            self.end_talk(caller, now)
        else:
            self._withdraw(caller, self._ground.agents[caller.agent_id], outcome, now)

    def _withdraw(self, caller: Caller, agent: Agent, outcome: Outcome, now: float) -> None:
        self._fail_offer(caller, agent, OfferFailure.WITHDRAWN)
        self._forget(caller, outcome)
        self._ground.events += agent.withdraw(now)
        self._ground.follow(agent, now)

    def end_talk(self, caller: Caller, now: float) -> None:
        agent = self._ground.agents[caller.get_agent_id()]
        wrap_up_s = self._ground.options_of(caller.queue).wrap_up_s
        self._forget(caller, TalkEnded(caller.call_id, caller.queue, agent.agent_id))
        self._ground.events += agent.end_talk(now, wrap_up_s)
        self._ground.follow(agent, now)

    def take_over(self, call_id: CallId, queue: QueueId, agent: Agent, now: float) -> None:
        """A talk goes on with `agent`, who is TALKING already."""
        caller = self._new_caller(call_id, queue, 0, now, front=False)
        caller.ring(agent.agent_id, agent.get_assignment().offer_id)
        caller.is_answered = True

    def _forget(self, caller: Caller, last: AcdEvent) -> None:
        del self._callers[caller.call_id]
        self._cancel_timers(caller)
        self._ground.events.append(last)

    def _cancel_timers(self, caller: Caller) -> None:
        self._ground.timers.cancel(MaxWait(caller.call_id))
        self._ground.timers.cancel(PositionDue(caller.call_id))
