"""The floor: all queues and agents as one pure machine. It decides who talks to whom.

    CallQueued ─▶ waiting ─▶ AgentOffered ─▶ AgentAnswered ─▶ TalkEnded
                     ▲             │
                     └─ OfferFailed ┘

`feed(input, now)` and `tick(now)` return what happened; whoever conducts the calls makes phones
ring and stop after that. `now` is seconds of one monotonic clock and never runs backwards.

Rule 1: an offer is one step. Agent and caller are bound to each other in `_offer`, and nowhere
        else; so there are never two calls for one agent or two agents for one caller.
Rule 2: nobody waits while a suitable agent is available. Each input ends with `_dispatch`, which
        leaves no queue with a match (`acd.matching`). Nothing is polled.
Rule 3: a failed offer does not cost the caller the place in the queue, and the same agent is
        asked again only when no other is available.
Rule 4: `max_wait_s` does not interrupt a phone that rings: if the agent picks up, the caller is
        answered; if not, the caller overflows instead of waiting on.
Rule 5: what comes too late is silently nothing: a call that is not on the floor, an offer that
        is over. A phone that answers an offer which is no longer current gets `[]`; ask
        `is_current(offer_id)` before feeding `Accept`, or look for `AgentAnswered` in the result,
        and end that phone's leg if it is missing.
Rule 6: a phone that is no longer registered fails its offer as UNREACHABLE at once; a talk goes
        on, since it lives on its own dialog. With `auto_ready`, who has no phone is OFF; after a
        talk and its wrap-up, if there is one. The price: a phone that drops out during a pause
        comes back READY. A registration that is merely refreshed wakes nobody.
Rule 7: inputs that come before `tick` win over a deadline that is just over: an agent who picks
        up in the last moment has picked up.

Refused with `NotFound`: an agent or queue that does not exist. With `Conflict`: `Ready` or `Pause`
of who is not signed in. With `IllegalTransition` (our bug): a call that is queued twice.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import assert_never

from acd.agent import Agent, Assignment, Step
from acd.caller import Caller
from acd.events import (
    AcdEvent,
    AgentAnswered,
    AgentOffered,
    AgentState,
    CallAbandoned,
    CallLost,
    CallOverflowed,
    CallQueued,
    OfferFailed,
    OfferFailure,
    PositionTold,
    TalkEnded,
)
from acd.inputs import (
    Accept,
    AcdInput,
    AgentInput,
    AgentLeft,
    CallerLeft,
    CallInput,
    Decline,
    Enqueue,
    FinishWrapUp,
    Lose,
    Pause,
    PhoneChanged,
    Ready,
    SignIn,
    SignOut,
)
from acd.kept import KeptAgent, KeptCaller
from acd.matching import Matching
from acd.options import AgentCard, AgentOptions, QueueOptions
from acd.timers import AgentTime, MaxWait, PositionDue, Timer, Timers
from acd.views import AgentView, CallerView, agent_view, caller_view
from foundation.errors import IllegalTransition, NotFound
from foundation.ids import AgentId, CallId, OfferId, QueueId, new_offer_id

PICK_UP_UNHEARD_S = 5.0
"""A phone that rang while nobody listened has this long at least: it may have been picked up, and
repeats its answer every 4 s (RFC 3261 T2)."""


class Floor:
    """All queues and agents of the centre; see the rules above."""

    def __init__(
        self,
        queues: Mapping[QueueId, QueueOptions],
        agents: Iterable[AgentCard],
        options: AgentOptions | None = None,
        new_offer_id: Callable[[], OfferId] = new_offer_id,
    ) -> None:
        self._options = options or AgentOptions()
        self._new_offer_id = new_offer_id
        self._agents = {card.agent_id: Agent(card) for card in agents}
        self._matching = Matching(queues, self._agents.values())
        self._callers: dict[CallId, Caller] = {}
        self._open_offers: set[OfferId] = set()
        self._timers: Timers[Timer] = Timers()
        self._visits = 0
        self._events: list[AcdEvent] = []

    @property
    def deadline(self) -> float | None:
        return self._timers.next_at

    def feed(self, given: AcdInput, now: float) -> list[AcdEvent]:
        self._events = []
        match given:
            case SignIn() | SignOut() | Ready() | Pause() | FinishWrapUp() | PhoneChanged():
                self._feed_agent(given, now)
                self._dispatch(now)
            case Enqueue():
                caller = self._enqueue(given, now)
                self._dispatch(now)
                self._tell_position(caller, now)
            case _:
                self._feed_call(given, now)
                self._dispatch(now)
        return self._events

    def tick(self, now: float) -> list[AcdEvent]:
        """Settle what is due, instant by instant: who was free first gets the first call."""
        self._events = []
        while (instant := self.deadline) is not None and instant <= now:
            while timer := self._timers.maybe_pop(instant):
                self._on_timer(timer, now)
            self._dispatch(now)
        return self._events

    # ---- a floor before this one

    def restore(
        self, agents: Iterable[KeptAgent], callers: Iterable[KeptCaller], now: float
    ) -> None:
        """Go on where the floor of a process that died stood; before anything else is fed.

        Nothing is told and nothing is offered yet: the next input does that. Callers are in the
        order in which they came.
        """
        for kept in agents:
            self._restore_agent(self._get_agent(kept.agent_id), kept, now)
        for caller in callers:
            self._restore_caller(caller, now)

    def _restore_agent(self, agent: Agent, kept: KeptAgent, now: float) -> None:
        agent.restore(
            kept.state,
            kept.reason,
            kept.since,
            kept.idle_since,
            kept.assignment,
            self._kept_deadline(kept, now),
            kept.after_talk,
        )
        agent.registered, agent.busy = kept.registered, kept.busy
        self._matching.follow(agent)
        if agent.deadline is not None:
            self._timers.set(AgentTime(agent.agent_id), agent.deadline)

    def _kept_deadline(self, kept: KeptAgent, now: float) -> float | None:
        if kept.assignment is None:
            return None
        options = self.options_of(kept.assignment.queue)
        match kept.state:
            case AgentState.RINGING:
                return max(kept.since + options.ring_s, now + PICK_UP_UNHEARD_S)
            case AgentState.WRAP_UP:
                return kept.since + options.wrap_up_s
            case _:
                return None

    def _restore_caller(self, kept: KeptCaller, now: float) -> None:
        queue = self._matching.get_queue(kept.queue)
        self._visits += 1
        caller = Caller(
            kept.call_id,
            kept.queue,
            kept.priority,
            self._visits,
            kept.entered_at,
            kept.entered_at + queue.options.max_wait_s,
        )
        self._callers[kept.call_id] = caller
        caller.tried |= kept.tried
        if kept.agent_id is None or kept.offer_id is None:
            self._matching.join(caller)
        else:
            caller.ring(kept.agent_id, kept.offer_id)
            caller.is_answered = kept.is_answered
        if kept.is_answered:
            return
        if kept.offer_id is not None:
            self._open_offers.add(kept.offer_id)
        self._timers.set(MaxWait(kept.call_id), caller.overflow_at)
        every_s = queue.options.announce_position_every_s
        if every_s is not None:
            waited_s = max(0.0, now - kept.entered_at)
            self._timers.set(PositionDue(kept.call_id), now + every_s - waited_s % every_s)

    # ---- questions

    def agents(self) -> list[AgentView]:
        return [agent_view(agent) for agent in self._agents.values()]

    def agent(self, agent_id: AgentId) -> AgentView:
        return agent_view(self._get_agent(agent_id))

    def state_of(self, agent_id: AgentId) -> AgentState:
        return self._get_agent(agent_id).state

    def card_of(self, agent_id: AgentId) -> AgentCard:
        return self._get_agent(agent_id).card

    def options_of(self, queue: QueueId) -> QueueOptions:
        return self._matching.get_queue(queue).options

    def waiting(self, queue: QueueId) -> list[CallerView]:
        """Who waits, in order of service; callers whose agent's phone rings are among them."""
        name = self._matching.get_queue(queue).queue_id
        unanswered = (c for c in self._callers.values() if c.queue == name and not c.is_answered)
        return [caller_view(caller) for caller in sorted(unanswered, key=lambda c: c.place)]

    def position(self, call_id: CallId) -> int | None:
        """1 is next; None for who does not wait (rings, talks, or is not on the floor).

        Callers of the same queue count, without those at whose agent it rings already.
        """
        caller = self._callers.get(call_id)
        if caller is None or not caller.is_waiting:
            return None
        return self._matching.get_queue(caller.queue).position(caller)

    def is_current(self, offer_id: OfferId) -> bool:
        """Whether the offer is still open: its agent's phone rings and may pick up."""
        return offer_id in self._open_offers

    # ---- agents and their phones

    def _feed_agent(self, given: AgentInput, now: float) -> None:
        agent = self._get_agent(given.agent_id)
        match given:
            case SignIn():
                self._sign_in(agent, now)
            case SignOut():
                self._choose(agent, Step.SIGN_OUT, now)
            case Ready():
                self._choose(agent, Step.MAKE_READY, now)
            case Pause(reason=reason):
                self._choose(agent, Step.PAUSE, now, reason)
            case FinishWrapUp():
                self._events += agent.finish_wrap_up(now)
            case PhoneChanged():
                self._change_phone(agent, given, now)
            case _:
                assert_never(given)
        self._follow(agent, now)

    def _get_agent(self, agent_id: AgentId) -> Agent:
        try:
            return self._agents[agent_id]
        except KeyError:
            raise NotFound(f"there is no agent {agent_id!r}") from None

    def _sign_in(self, agent: Agent, now: float) -> None:
        was_off = agent.state is AgentState.OFF
        self._events += agent.choose(Step.SIGN_IN, now)
        if was_off and self._options.auto_ready and agent.registered:
            self._events += agent.choose(Step.MAKE_READY, now)

    def _choose(self, agent: Agent, step: Step, now: float, reason: str = "") -> None:
        if agent.state is AgentState.RINGING and step is not Step.MAKE_READY:
            self._part(agent, OfferFailure.WITHDRAWN, now)
        self._events += agent.choose(step, now, reason)

    def _change_phone(self, agent: Agent, given: PhoneChanged, now: float) -> None:
        came = given.registered and not agent.registered
        agent.registered, agent.busy = given.registered, given.busy
        if came and self._options.auto_ready and agent.state is AgentState.OFF:
            self._sign_in(agent, now)
        elif not given.registered and agent.state is AgentState.RINGING:
            self._miss(agent, OfferFailure.UNREACHABLE, now)

    def _follow(self, agent: Agent, now: float) -> None:
        """Bring everything that depends on an agent's state up to date with it."""
        is_gone = self._options.auto_ready and not agent.registered
        if is_gone and agent.state in (AgentState.READY, AgentState.PAUSED):
            self._events += agent.choose(Step.SIGN_OUT, now)
        self._matching.follow(agent)
        timer = AgentTime(agent.agent_id)
        if agent.deadline is None:
            self._timers.cancel(timer)
        else:
            self._timers.set(timer, agent.deadline)

    # ---- calls

    def _enqueue(self, given: Enqueue, now: float) -> Caller:
        queue = self._matching.get_queue(given.queue)
        if given.call_id in self._callers:
            raise IllegalTransition(given.call_id, "on the floor", given)
        self._visits += 1
        overflow_at = now + queue.options.max_wait_s
        caller = Caller(given.call_id, given.queue, given.priority, self._visits, now, overflow_at)
        self._callers[given.call_id] = caller
        self._timers.set(MaxWait(given.call_id), caller.overflow_at)
        self._events.append(CallQueued(given.call_id, given.queue, given.priority))
        self._matching.join(caller)
        return caller

    def _feed_call(self, given: CallInput, now: float) -> None:
        caller = self._callers.get(given.call_id)
        if caller is None:
            return
        match given:
            case CallerLeft():
                self._end(caller, CallAbandoned(caller.call_id, caller.queue), now)
            case Lose():
                self._end(caller, CallLost(caller.call_id, caller.queue), now)
            case Accept():
                if self._is_open(caller, given):
                    self._answer(caller, self._agents[given.agent_id], now)
            case Decline(agent_id=agent_id, why=why):
                if self._is_open(caller, given):
                    self._miss(self._agents[agent_id], why, now)
            case AgentLeft(agent_id=agent_id):
                if caller.is_answered and caller.agent_id == agent_id:
                    self._end_talk(caller, self._agents[agent_id], now)
            case _:
                assert_never(given)

    def _is_open(self, caller: Caller, given: Accept | Decline) -> bool:
        is_same = (caller.offer_id, caller.agent_id) == (given.offer_id, given.agent_id)
        return is_same and self.is_current(given.offer_id)

    def _dispatch(self, now: float) -> None:
        while queue := self._matching.next_queue():
            caller = self._callers[queue.head[-1]]
            agent = self._agents[queue.pool.best(caller.tried)]
            self._offer(caller, agent, queue.options, now)

    def _offer(self, caller: Caller, agent: Agent, options: QueueOptions, now: float) -> None:
        offer = Assignment(caller.call_id, caller.queue, self._new_offer_id())
        self._matching.leave(caller)
        caller.ring(agent.agent_id, offer.offer_id)
        self._open_offers.add(offer.offer_id)
        self._events.append(
            AgentOffered(caller.call_id, caller.queue, agent.agent_id, offer.offer_id)
        )
        self._events += agent.offer(offer, now, options.ring_s)
        self._follow(agent, now)

    def _answer(self, caller: Caller, agent: Agent, now: float) -> None:
        self._open_offers.remove(agent.get_assignment().offer_id)
        caller.is_answered = True
        self._cancel_timers(caller)
        self._events.append(AgentAnswered(caller.call_id, caller.queue, agent.agent_id))
        self._events += agent.pick_up(now)
        self._follow(agent, now)

    def _miss(self, agent: Agent, why: OfferFailure, now: float) -> None:
        self._part(agent, why, now)
        self._events += agent.miss(now)
        self._follow(agent, now)

    def _part(self, agent: Agent, why: OfferFailure, now: float) -> None:
        """The caller's half of a failed offer; the agent's half depends on why it failed."""
        caller = self._callers[agent.get_assignment().call_id]
        self._fail_offer(caller, agent, why)
        caller.wait_again(agent.agent_id)
        if now >= caller.overflow_at:
            self._forget(caller, CallOverflowed(caller.call_id, caller.queue))
        else:
            self._matching.join(caller)

    def _fail_offer(self, caller: Caller, agent: Agent, why: OfferFailure) -> None:
        offer = agent.get_assignment()
        self._open_offers.remove(offer.offer_id)
        self._events.append(
            OfferFailed(caller.call_id, caller.queue, agent.agent_id, offer.offer_id, why)
        )

    def _end(self, caller: Caller, outcome: CallAbandoned | CallLost, now: float) -> None:
        """Wherever the caller is: a talk ends, or the visit ends with `outcome`."""
        if caller.agent_id is None:
            self._matching.leave(caller)
            self._forget(caller, outcome)
        elif caller.is_answered:
            self._end_talk(caller, self._agents[caller.agent_id], now)
        else:
            self._withdraw(caller, self._agents[caller.agent_id], outcome, now)

    def _withdraw(
        self, caller: Caller, agent: Agent, outcome: CallAbandoned | CallLost, now: float
    ) -> None:
        self._fail_offer(caller, agent, OfferFailure.WITHDRAWN)
        self._forget(caller, outcome)
        self._events += agent.withdraw(now)
        self._follow(agent, now)

    def _end_talk(self, caller: Caller, agent: Agent, now: float) -> None:
        wrap_up_s = self.options_of(caller.queue).wrap_up_s
        self._forget(caller, TalkEnded(caller.call_id, caller.queue, agent.agent_id))
        self._events += agent.end_talk(now, wrap_up_s)
        self._follow(agent, now)

    def _forget(self, caller: Caller, last: AcdEvent) -> None:
        del self._callers[caller.call_id]
        self._cancel_timers(caller)
        self._events.append(last)

    # ---- time

    def _on_timer(self, timer: Timer, now: float) -> None:
        match timer:
            case AgentTime(agent_id):
                self._end_agent_time(self._agents[agent_id], now)
            case MaxWait(call_id):
                self._end_wait(self._callers[call_id])
            case PositionDue(call_id):
                self._tell_position(self._callers[call_id], now)
            case _:
                assert_never(timer)

    def _end_agent_time(self, agent: Agent, now: float) -> None:
        if agent.state is AgentState.RINGING:
            self._miss(agent, OfferFailure.NO_ANSWER, now)
        else:
            self._events += agent.finish_wrap_up(now)
            self._follow(agent, now)

    def _end_wait(self, caller: Caller) -> None:
        if caller.is_waiting:
            self._matching.leave(caller)
            self._forget(caller, CallOverflowed(caller.call_id, caller.queue))

    def _tell_position(self, caller: Caller, now: float) -> None:
        """Now, if the caller waits, and again after the queue's interval."""
        queue = self._matching.get_queue(caller.queue)
        every_s = queue.options.announce_position_every_s
        if every_s is None:
            return
        self._timers.set(PositionDue(caller.call_id), now + every_s)
        if caller.is_waiting:
            position = queue.position(caller)
            self._events.append(PositionTold(caller.call_id, caller.queue, position))

    def _cancel_timers(self, caller: Caller) -> None:
        self._timers.cancel(MaxWait(caller.call_id))
        self._timers.cancel(PositionDue(caller.call_id))
