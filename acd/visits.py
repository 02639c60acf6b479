"""The callers' visits to the queues: who waits, is offered, talks; each has one outcome.

The machine of one visit is drawn in `acd.caller`, the rules of all are those of `acd.floor`; what
waiting itself is (lineups, timers, positions) is in `acd.waits`.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from acd.agent import Agent, Assignment
from acd.caller import Caller
from acd.entrance import Entrance
from acd.events import (
    AcdEvent,
    AgentAnswered,
    AgentOffered,
    CallAbandoned,
    CallLeftForCallback,
    CallLost,
    CallOverflowed,
    CallPromoted,
    CallQueued,
    OfferFailed,
    OfferFailure,
    OverflowCause,
    TalkEnded,
)
from acd.ground import Ground
from acd.inputs import Accept, AgentLeft, ChangeQueue, Decline, Enqueue, Move, Promote
from acd.kept import KeptCaller
from acd.options import QueueOptions
from acd.waits import Waits
from foundation.errors import Conflict, IllegalTransition
from foundation.ids import AgentId, CallbackId, CallId, OfferId, QueueId

Outcome: TypeAlias = CallAbandoned | CallLost
"Of a visit that ends with its call."


class Visits:
    """All callers of one floor."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._callers: dict[CallId, Caller] = {}
        self.rung_by_all: dict[CallId, Caller] = {}
        "At whose phones others may ring beside, in the order in which the first one did."
        self.entrance = Entrance(ground)
        self.waits = Waits(ground)

    def find(self, call_id: CallId) -> Caller | None:
        return self._callers.get(call_id)

    def get(self, call_id: CallId) -> Caller:
        return self._callers[call_id]

    def of(self, queue: QueueId) -> list[Caller]:
        """Also who talks."""
        return [caller for caller in self._callers.values() if caller.queue == queue]

    def unanswered(self, queue: QueueId) -> list[Caller]:
        """In order of service; callers whose agent's phone rings are among them."""
        waiting = (caller for caller in self.of(queue) if not caller.is_answered)
        return sorted(waiting, key=lambda caller: caller.place)

    # ---- a floor before this one

    def restore(self, kept: KeptCaller, now: float) -> None:
        ground = self._ground
        given = Enqueue(
            kept.call_id,
            kept.queue,
            kept.priority,
            kept.front,
            kept.tier,
            kept.requires,
            waited_s=kept.waited_s,
        )
        caller = self._let_in(given, kept.entered_at)
        caller.tried |= kept.tried
        caller.told_s = kept.told_s
        caller.relax(now)
        for agent_id, offer_id in kept.offers.items():
            caller.ring(agent_id, offer_id)
        caller.is_answered, caller.answered_at = kept.is_answered, kept.answered_at
        if kept.is_answered:
            return
        if kept.claimed_by is not None and kept.claimed_by in ground.agents:
            self.waits.bind_claim(caller, kept.claimed_by, kept.claimed_until)
        if not kept.offers:
            ground.matching.join(caller, now)
        elif ground.options_of(kept.queue).most_offers > 1:
            self.rung_by_all[caller.call_id] = caller
        ground.open_offers.update(kept.offers.values())
        self.waits.set_timers(caller)
        every_s = ground.options_of(kept.queue).announce_position_every_s
        if every_s is not None:
            waited_s = max(0.0, now - kept.entered_at)
            self.waits.tell_position_at(caller, now + every_s - waited_s % every_s)

    # ---- waiting

    def enqueue(self, given: Enqueue, now: float) -> None:
        if given.call_id in self._callers:
            raise IllegalTransition(given.call_id, "on the floor", given)
        cause = self.entrance.why_not_in(given.queue)
        caller = self._begin(given, now)
        if cause is None:
            self.waits.set_timers(caller)
            self.waits.join(caller, now)
        else:
            self._forget(caller, CallOverflowed(caller.call_id, caller.queue, cause))

    def _begin(self, given: Enqueue, now: float) -> Caller:
        caller = self._let_in(given, now)
        self._ground.events.append(
            CallQueued(
                given.call_id,
                given.queue,
                given.priority,
                given.front,
                given.tier,
                str(given.requires),
                given.waited_s,
            )
        )
        return caller

    def _let_in(self, given: Enqueue, entered_at: float) -> Caller:
        caller = self.entrance.make_caller(given, entered_at)
        self._callers[given.call_id] = caller
        return caller

    def relax(self, call_id: CallId, now: float) -> None:
        """Less will do by now."""
        self.waits.relax(self._callers[call_id], now)

    def tell_position(self, call_id: CallId, now: float) -> None:
        caller = self._callers.get(call_id)
        if caller is not None:  # else he was not let in
            self.waits.tell_position(caller, now)

    def promote(self, given: Promote, now: float) -> None:
        """Raises `Conflict` for who does not wait."""
        caller = self.waiting_one(given.call_id)
        self.waits.leave(caller)
        promoted = replace(caller.given, priority=given.priority, tier=given.tier)
        caller.promote(promoted, self.entrance.head_start_s(promoted))
        self._ground.events.append(
            CallPromoted(caller.call_id, caller.queue, given.priority, given.tier)
        )
        self.waits.join(caller, now)

    def move(self, given: Move, now: float) -> None:
        """Raises `Conflict` for who does not wait and for a closed queue, `NotFound` for a queue
        that there is not."""
        caller = self.waiting_one(given.call_id)
        self.check_open(given.queue)
        self.waits.leave(caller)
        waited_s = now - caller.entered_at + caller.given.waited_s
        moved = OverflowCause.MOVED
        self._forget(
            caller, CallOverflowed(caller.call_id, caller.queue, moved, given.queue, waited_s)
        )

    def leave_for_callback(self, caller: Caller, callback_id: CallbackId) -> None:
        self.waits.leave(caller)
        self._forget(caller, CallLeftForCallback(caller.call_id, caller.queue, callback_id))

    def call_back(self, given: Enqueue, now: float) -> Caller:
        """Who was promised it and has answered: let in whatever the queue's limits say."""
        caller = self._begin(given, now)
        self.waits.set_timers(caller)
        self.waits.join(caller, now)
        return caller

    def waiting_one(self, call_id: CallId) -> Caller:
        caller = self._callers.get(call_id)
        if caller is None or not caller.is_waiting:
            raise Conflict(f"the caller of {call_id} does not wait in a queue")
        return caller

    def check_open(self, queue: QueueId) -> None:
        if self._ground.options_of(queue).is_closed:
            raise Conflict(f"the queue {queue} is closed")

    def change_queue(self, given: ChangeQueue, now: float) -> None:
        """Who waits keeps the place; what will do is as the new options say, for who rings from the
        next wait on. Places are told at the new interval, from now on."""
        matching = self._ground.matching
        had = matching.options.get(given.queue)
        every_s = had and had.announce_position_every_s
        unanswered = self.unanswered(given.queue)
        waiting = [caller for caller in unanswered if caller.is_waiting]
        for caller in waiting:
            matching.leave(caller)
        matching.set_queue(given.queue, given.options, now)
        for caller in unanswered:
            self.waits.change_wishes(caller, self.entrance.wishes(caller.given, given.options), now)
            if every_s != given.options.announce_position_every_s:
                self.waits.tell_position_later(caller, now)
        for caller in waiting:
            matching.join(caller, now)
        self.waits.watch_surge(given.queue)

    def end_wait(self, call_id: CallId) -> None:
        caller = self._callers[call_id]
        if caller.is_waiting:
            self.waits.leave(caller)
            self._forget(caller, CallOverflowed(caller.call_id, caller.queue))

    # ---- offers

    def offer(
        self, caller: Caller, agent: Agent, offer_id: OfferId, options: QueueOptions, now: float
    ) -> None:
        """Of a caller who waits."""
        self.waits.leave(caller)
        if options.most_offers > 1:
            self.rung_by_all[caller.call_id] = caller
        self._bind(caller, agent, offer_id, options, now)

    def offer_more(self, new_offer_id: Callable[[], OfferId], now: float) -> None:
        """Have the agents whom nobody waits for ring beside those who ring already: for who came
        first, and for nobody whose time is up, or no end of it would come."""
        for caller in sorted(self.rung_by_all.values(), key=lambda each: each.place):
            options = self._ground.options_of(caller.queue)
            while len(caller.offers) < options.most_offers and now < caller.overflow_at:
                agent = self._ground.matching.find_more(caller, now)
                if agent is None:
                    break
                self._bind(caller, agent, new_offer_id(), options, now)

    def _bind(
        self, caller: Caller, agent: Agent, offer_id: OfferId, options: QueueOptions, now: float
    ) -> None:
        offer = Assignment(caller.call_id, caller.queue, offer_id)
        self._ground.note_offer(agent)
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
        return caller if caller.offers.get(given.agent_id) == given.offer_id else None

    def answer(self, caller: Caller, agent: Agent, now: float) -> None:
        offer_id = agent.get_assignment().offer_id
        self._ground.open_offers.remove(offer_id)
        beaten: list[Agent] = []
        if len(caller.offers) > 1:
            beaten = self._withdraw(caller, OfferFailure.TAKEN, but=agent.agent_id)
            caller.part()
            caller.ring(agent.agent_id, offer_id)
        self.rung_by_all.pop(caller.call_id, None)
        caller.is_answered, caller.answered_at = True, now
        self.waits.drop_claim(caller)
        self.waits.cancel_timers(caller)
        if caller.expected_s is not None:
            expected_wait = self._ground.expected_wait(caller.queue)
            expected_wait.waited(caller.expected_s, now - caller.entered_at)
        self._ground.events.append(AgentAnswered(caller.call_id, caller.queue, agent.agent_id))
        self._ground.events += agent.pick_up(now)
        self._ground.follow(agent, now)
        self._free(beaten, now)

    def part(self, agent: Agent, why: OfferFailure, now: float) -> None:
        """The caller's half of a failed offer; the agent's half depends on why it failed."""
        caller = self._callers[agent.get_assignment().call_id]
        self._fail_offer(caller, agent, why)
        caller.fail(agent.agent_id)
        if caller.offers:
            return  # it rings elsewhere
        self.rung_by_all.pop(caller.call_id, None)
        self.waits.drop_claim(caller)
        if now >= caller.overflow_at:
            self._forget(caller, CallOverflowed(caller.call_id, caller.queue))
        else:
            self.waits.join(caller, now)

    def _fail_offer(self, caller: Caller, agent: Agent, why: OfferFailure) -> None:
        offer = agent.get_assignment()
        self._ground.open_offers.remove(offer.offer_id)
        self._ground.events.append(
            OfferFailed(caller.call_id, caller.queue, agent.agent_id, offer.offer_id, why)
        )

    # ---- talks and ends

    def end(self, caller: Caller, outcome: Outcome, now: float) -> None:
        """Wherever the caller is: a talk ends, or the visit ends with `outcome`."""
        if caller.is_answered:
            self.end_talk(caller, now)
            return
        if caller.is_waiting:
            self.waits.leave(caller)
        rung = self._withdraw(caller, OfferFailure.WITHDRAWN)
        self._forget(caller, outcome)
        self._free(rung, now)

    def _withdraw(
        self, caller: Caller, why: OfferFailure, but: AgentId | None = None
    ) -> list[Agent]:
        """All offers of the caller are over, `but` that of who picked up; who had them is to be
        freed."""
        self.rung_by_all.pop(caller.call_id, None)
        rung = [self._ground.agents[each] for each in caller.offers if each != but]
        for agent in rung:
            self._fail_offer(caller, agent, why)
        return rung

    def _free(self, rung: list[Agent], now: float) -> None:
        for agent in rung:
            self._ground.events += agent.withdraw(now)
            self._ground.follow(agent, now)

    def leave_talk(self, given: AgentLeft, now: float) -> None:
        """Late for a talk that is over or another agent's: nothing."""
        caller = self._callers.get(given.call_id)
        if caller is not None and caller.is_answered and given.agent_id in caller.offers:
            self.end_talk(caller, now)

    def end_talk(self, caller: Caller, now: float) -> None:
        (agent_id,) = caller.offers
        agent = self._ground.agents[agent_id]
        options = self._ground.options_of(caller.queue)
        wrap_up_s = options.wrap_up_s
        handle_s = now - caller.answered_at + wrap_up_s
        self._ground.expected_wait(caller.queue).handled(handle_s)
        self._forget(caller, TalkEnded(caller.call_id, caller.queue, agent.agent_id))
        needs_code = options.needs_wrap_up_code
        self._ground.events += agent.end_talk(now, wrap_up_s, needs_code=needs_code)
        self._ground.follow(agent, now)

    def take_over(self, call_id: CallId, queue: QueueId, agent: Agent, now: float) -> None:
        """A talk goes on with `agent`, who is TALKING already."""
        caller = self._let_in(Enqueue(call_id, queue), now)
        caller.ring(agent.agent_id, agent.get_assignment().offer_id)
        caller.is_answered, caller.answered_at = True, now

    def _forget(self, caller: Caller, last: AcdEvent) -> None:
        del self._callers[caller.call_id]
        if not caller.is_answered:
            self.waits.drop_claim(caller)
            self.waits.cancel_timers(caller)
        self._ground.events.append(last)
