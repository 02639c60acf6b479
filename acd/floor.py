"""The floor: all queues and agents as one pure machine. It decides who talks to whom.

    CallQueued ─▶ waiting ─▶ AgentOffered ─▶ AgentAnswered ─▶ TalkEnded
                     ▲             │
                     └─ OfferFailed ┘

`feed(input, now)` and `tick(now)` return what happened; whoever conducts the calls makes phones
ring and stop after that. `now` is seconds of one monotonic clock and never runs backwards.

Rule 1: an offer is one step. Agent and caller are bound to each other in `acd.visits._bind`, and
        nowhere else; so there are never two calls for one agent.
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
Rule 8: a talk moves from agent to agent without ending: who is asked into it is a guest
        (`acd.guests`) until `TakeTalk` gives him the caller. The visit keeps its outcome.
Rule 9: who is to be called back waits among the others by the original entry (`acd.callbacks`);
        an agent is reserved before anybody is dialled.
Rule 10: in a queue that rings all, whoever is free and has nobody who waits for him rings for the
         caller beside those who ring already. The first `Accept` has the caller; the others are
         as free, and as long idle, as before. The caller waits again when the last one has failed;
         those who failed are paused, so that no phone is rung again before its agent says so.

Refused with `NotFound`: an agent or queue that does not exist. With `Conflict`: `Ready` or `Pause`
of who is not signed in, `Reserve` of who is not available. With `IllegalTransition` (our bug): a
call that is queued twice.

The callers' side is in `acd.visits`, guests in `acd.guests`; this file hears what happens, and says
who is asked about it.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import assert_never

from acd.agent import Agent, Step
from acd.callbacks import Callbacks
from acd.events import (
    AcdEvent,
    AgentState,
    CallAbandoned,
    CallbackFailure,
    CallLost,
    OfferFailure,
)
from acd.expected_wait import Accuracy
from acd.ground import Ground
from acd.guests import Guests
from acd.inputs import (
    Accept,
    AcdInput,
    AgentInput,
    AgentLeft,
    CallbackInput,
    CallerLeft,
    CancelCallback,
    ChangeAgent,
    ChangeQueue,
    CodeWrapUp,
    Decline,
    Dismiss,
    Enqueue,
    ExtendWrapUp,
    FinishWrapUp,
    GuestInput,
    HouseInput,
    LeaveForCallback,
    Lose,
    Move,
    PartyReached,
    PartyUnreached,
    Pause,
    PhoneChanged,
    Promote,
    QueueCallback,
    Ready,
    RemoveAgent,
    Reserve,
    SignIn,
    SignOut,
    TakeTalk,
    WaitInput,
)
from acd.kept import KeptAgent, KeptCaller, KeptGuest
from acd.options import AgentCard, AgentOptions, QueueOptions
from acd.shifts import Shifts
from acd.timers import (
    AgentTime,
    AwayDue,
    CallbackExpired,
    MaxWait,
    PositionDue,
    PromiseAged,
    RelaxDue,
    RestOver,
    Timer,
)
from acd.views import AgentView, CallerView, agent_view, caller_view
from acd.visits import Outcome, Visits
from foundation.ids import AgentId, CallbackId, CallId, OfferId, PartyId, QueueId, new_offer_id

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
        chance: Callable[[], float] = lambda: 0.0,
    ) -> None:
        """`chance`: random numbers from 0 to below 1, for strategies by lot."""
        self._new_offer_id = new_offer_id
        self._ground = Ground(queues, agents, options or AgentOptions(), chance)
        self._visits = Visits(self._ground)
        self._guests = Guests(self._ground, self._visits)
        self._callbacks = Callbacks(self._ground, self._visits)
        self._shifts = Shifts(self._ground)

    @property
    def deadline(self) -> float | None:
        return self._ground.timers.next_at

    def feed(self, given: AcdInput, now: float) -> list[AcdEvent]:
        events = self._ground.events = []
        match given:
            # First what comes most.
            case Accept():
                self._accept(given, now)
                self._dispatch(now)
            case AgentLeft():
                self._visits.leave_talk(given, now)
                self._dispatch(now)
            case Enqueue():
                self._visits.enqueue(given, now)
                self._guests.end_of_call(given.call_id, now)
                self._dispatch(now)
                self._visits.tell_position(given.call_id, now)
            case CallerLeft() | Decline() | Lose():
                self._feed_call(given, now)
                self._dispatch(now)
            case PartyReached():
                self._feed_callback(given, now)
                self._dispatch(now)
                self._visits.tell_position(given.call_id, now)
            case _:
                self._feed_rarer(given, now)
                self._dispatch(now)
        return events

    def _feed_rarer(
        self,
        given: AgentInput | GuestInput | CallbackInput | HouseInput | WaitInput,
        now: float,
    ) -> None:
        match given:
            case (
                SignIn()
                | SignOut()
                | Ready()
                | Pause()
                | FinishWrapUp()
                | ExtendWrapUp()
                | CodeWrapUp()
                | PhoneChanged()
            ):
                self._feed_agent(given, now)
            case Reserve() | Dismiss() | TakeTalk():
                self._feed_guest(given, now)
            case ChangeAgent() | RemoveAgent() | ChangeQueue():
                self._feed_house(given, now)
            case Promote():
                self._visits.promote(given, now)
            case Move():
                self._visits.move(given, now)
            case _:
                self._feed_callback(given, now)

    def tick(self, now: float) -> list[AcdEvent]:
        """Settle what is due, instant by instant: who was free first gets the first call."""
        events = self._ground.events = []
        while (instant := self.deadline) is not None and instant <= now:
            while timer := self._ground.timers.maybe_pop(instant):
                self._on_timer(timer, now)
            self._dispatch(now)
        return events

    # ---- a floor before this one

    def restore(
        self,
        agents: Iterable[KeptAgent],
        callers: Iterable[KeptCaller],
        now: float,
        guests: Iterable[KeptGuest] = (),
    ) -> None:
        """Go on where the floor of a process that died stood; before anything else is fed.

        Nothing is told and nothing is offered yet: the next input does that. Callers are in the
        order in which they came.
        """
        for kept in agents:
            self._restore_agent(self._ground.get_agent(kept.agent_id), kept, now)
        for caller in callers:
            self._visits.restore(caller, now)
        for guest in guests:
            self._guests.restore(guest)

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
        agent.wrap_up_code = kept.wrap_up_code
        agent.registered, agent.busy = kept.registered, kept.busy
        self._ground.matching.follow(agent, now)
        if agent.deadline is not None:
            self._ground.timers.set(AgentTime(agent.agent_id), agent.deadline)
        if self._ground.on_followed is not None:
            self._ground.on_followed(agent)

    def _kept_deadline(self, kept: KeptAgent, now: float) -> float | None:
        if kept.assignment is None:
            return None
        options = self.options_of(kept.assignment.queue)
        match kept.state:
            case AgentState.RINGING:
                return max(kept.since + options.ring_s, now + PICK_UP_UNHEARD_S)
            case AgentState.WRAP_UP:
                return kept.since + (kept.wrap_up_s or options.wrap_up_s)
            case _:
                return None

    # ---- questions

    def agents(self) -> list[AgentView]:
        return [agent_view(agent) for agent in self._ground.agents.values()]

    def agent(self, agent_id: AgentId) -> AgentView:
        return agent_view(self._ground.get_agent(agent_id))

    def state_of(self, agent_id: AgentId) -> AgentState:
        return self._ground.get_agent(agent_id).state

    def why_unavailable(self, agent_id: AgentId) -> str:
        """'' for who may be offered a call or reserved now; else why not."""
        return self._ground.get_agent(agent_id).why_unavailable

    def card_of(self, agent_id: AgentId) -> AgentCard:
        return self._ground.get_agent(agent_id).card

    def queues(self) -> list[QueueId]:
        return self._ground.matching.queues()

    def options_of(self, queue: QueueId) -> QueueOptions:
        return self._ground.options_of(queue)

    def waiting(self, queue: QueueId) -> list[CallerView]:
        """Who waits, in order of service; callers whose agent's phone rings are among them."""
        self._ground.options_of(queue)
        return [caller_view(caller) for caller in self._visits.unanswered(queue)]

    def position(self, call_id: CallId) -> int | None:
        """1 is next; None for who does not wait (rings, talks, or is not on the floor).

        Callers of the same queue count, without those at whose agent it rings already.
        """
        caller = self._visits.find(call_id)
        if caller is None or not caller.is_waiting:
            return None
        return self._ground.matching.position(caller)

    def check_callback(self, party_id: PartyId, queue: QueueId, in_s: float = 0.0) -> None:
        """Raises `Conflict` or `NotFound` where `QueueCallback` would, `RemoteError` for a wish
        that is further ahead than the queue allows."""
        self._callbacks.check(party_id, queue, in_s)

    def has_callback(self, callback_id: CallbackId) -> bool:
        return self._callbacks.find(CallId(callback_id)) is not None

    def expectation_error(self, queue: QueueId) -> Accuracy | None:
        """How far the expected waits were off; None before anybody was answered."""
        self._ground.options_of(queue)
        return self._ground.expected_wait(queue).accuracy()

    def is_surging(self, queue: QueueId) -> bool:
        """Whether the queue has called in its backup agents."""
        return self._visits.is_surging(queue)

    def check(
        self, given: Promote | Move | ExtendWrapUp | CodeWrapUp | FinishWrapUp | Ready | Pause
    ) -> None:
        """Raises what `feed` would refuse this with, and changes nothing."""
        match given:
            case Promote():
                self._visits.waiting_one(given.call_id)
            case Move():
                self._visits.waiting_one(given.call_id)
                self._visits.check_open(given.queue)
            case ExtendWrapUp():
                self._shifts.extended_to(self._ground.get_agent(given.agent_id), given)
            case CodeWrapUp():
                self._shifts.coded_call(self._ground.get_agent(given.agent_id), given)
            case FinishWrapUp() | Ready() | Pause():
                self._shifts.check_code(self._ground.get_agent(given.agent_id))
            case _:
                assert_never(given)

    def is_current(self, offer_id: OfferId) -> bool:
        """Whether the offer is still open: its agent's phone rings and may pick up."""
        return offer_id in self._ground.open_offers

    # ---- agents and their phones

    def _feed_agent(self, given: AgentInput, now: float) -> None:
        agent = self._ground.get_agent(given.agent_id)
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
                self._shifts.finish_wrap_up(agent, now)
            case ExtendWrapUp():
                self._shifts.extend(agent, given)
            case CodeWrapUp():
                self._shifts.code(agent, given, now)
            case PhoneChanged():
                self._change_phone(agent, given, now)
            case _:
                assert_never(given)
        self._ground.follow(agent, now)

    def _sign_in(self, agent: Agent, now: float) -> None:
        was_off = agent.state is AgentState.OFF
        self._ground.events += agent.choose(Step.SIGN_IN, now)
        if was_off and self._ground.options.auto_ready and agent.registered:
            self._ground.events += agent.choose(Step.MAKE_READY, now)

    def _choose(self, agent: Agent, step: Step, now: float, reason: str = "") -> None:
        if step is not Step.SIGN_OUT:
            self._shifts.check_code(agent)
        if agent.state is AgentState.RINGING and step is not Step.MAKE_READY:
            self._part(agent, OfferFailure.WITHDRAWN, now)
        self._ground.events += agent.choose(step, now, reason)

    def _change_phone(self, agent: Agent, given: PhoneChanged, now: float) -> None:
        came = given.registered and not agent.registered
        agent.registered, agent.busy = given.registered, given.busy
        if came and self._ground.options.auto_ready and agent.state is AgentState.OFF:
            self._sign_in(agent, now)
        elif not given.registered and agent.state is AgentState.RINGING:
            callback = self._callbacks.find_of(agent)
            if callback is not None:
                self._callbacks.fail(callback, CallbackFailure.AGENT_LEFT, now)
            else:
                self._miss(agent, OfferFailure.UNREACHABLE, now)

    # ---- calls

    def _feed_call(self, given: CallerLeft | Decline | Lose, now: float) -> None:
        match given:
            case CallerLeft(call_id) | Lose(call_id):
                self._end_call(given, now)
                self._guests.end_of_call(call_id, now)
            case Decline():
                self._decline(given, now)
            case _:
                assert_never(given)

    def _feed_house(self, given: HouseInput, now: float) -> None:
        match given:
            case ChangeAgent(card):
                self._ground.change_agent(card)
            case RemoveAgent(agent_id):
                self._ground.remove_agent(agent_id)
            case ChangeQueue():
                waiting = self._callbacks.step_out(given.queue)
                self._visits.change_queue(given, now)
                self._callbacks.step_in(waiting, now)
            case _:
                assert_never(given)

    def _feed_guest(self, given: GuestInput, now: float) -> None:
        match given:
            case Reserve():
                self._guests.reserve(given, now)
            case Dismiss():
                self._guests.dismiss(given, now)
            case TakeTalk():
                self._guests.take_talk(given, now)
            case _:
                assert_never(given)

    def _feed_callback(self, given: CallbackInput, now: float) -> None:
        match given:
            case QueueCallback():
                self._callbacks.queue(given, now)
            case LeaveForCallback():
                self._callbacks.leave_call(given, now)
            case PartyReached():
                self._callbacks.reached(given, self._new_offer_id(), now)
            case PartyUnreached():
                self._callbacks.unreached(given, now)
            case CancelCallback():
                self._callbacks.cancel(given, now)
            case _:
                assert_never(given)

    def _end_call(self, given: CallerLeft | Lose, now: float) -> None:
        caller = self._visits.find(given.call_id)
        if caller is None:
            return
        is_lost = isinstance(given, Lose)
        outcome: Outcome = (
            CallLost(caller.call_id, caller.queue)
            if is_lost
            else CallAbandoned(caller.call_id, caller.queue)
        )
        self._visits.end(caller, outcome, now)

    def _accept(self, given: Accept, now: float) -> None:
        caller = self._visits.find_offered(given)
        if caller is not None:
            self._visits.answer(caller, self._ground.agents[given.agent_id], now)
        elif (guest := self._guests.find_open(given)) is not None:
            self._guests.join(guest, now)

    def _decline(self, given: Decline, now: float) -> None:
        if self._visits.find_offered(given) or self._guests.find_open(given):
            self._miss(self._ground.agents[given.agent_id], given.why, now)

    def _dispatch(self, now: float) -> None:
        matching = self._ground.matching
        while (lineup := matching.next_served(now)) is not None:
            caller, agent = lineup.head, matching.choose_agent(lineup, now)
            offer_id, callback = self._new_offer_id(), self._callbacks.find(caller.call_id)
            if callback is None:
                self._visits.offer(caller, agent, offer_id, lineup.options, now)
            else:
                self._callbacks.call(callback, agent, offer_id, now)
        if self._visits.rung_by_all:
            self._visits.offer_more(self._new_offer_id, now)

    def _miss(self, agent: Agent, why: OfferFailure, now: float) -> None:
        self._part(agent, why, now)
        self._ground.events += agent.miss(now)
        self._ground.follow(agent, now)

    def _part(self, agent: Agent, why: OfferFailure, now: float) -> None:
        """The other half of what rang at the agent's is over."""
        callback = self._callbacks.find_of(agent)
        if callback is not None:
            self._callbacks.part(callback, CallbackFailure.AGENT_LEFT, now)
        elif self._guests.is_guest(agent):
            self._guests.part(agent, why)
        else:
            self._visits.part(agent, why, now)

    # ---- time

    def _on_timer(self, timer: Timer, now: float) -> None:
        match timer:
            case AgentTime(agent_id):
                self._end_agent_time(self._ground.agents[agent_id], now)
            case AwayDue(agent_id):
                self._shifts.end_pause(self._ground.agents[agent_id], now)
            case MaxWait(call_id):
                self._visits.end_wait(call_id)
            case RelaxDue(call_id):
                self._relax(call_id, now)
            case RestOver(callback_id):
                self._callbacks.end_rest(callback_id, now)
            case CallbackExpired(callback_id):
                self._callbacks.expire(callback_id)
            case PromiseAged(callback_id):
                self._callbacks.tell_again(callback_id, now)
            case PositionDue(call_id):
                self._visits.tell_position(call_id, now)
            case _:
                assert_never(timer)

    def _relax(self, call_id: CallId, now: float) -> None:
        callback = self._callbacks.find(call_id)
        if callback is None:
            self._visits.relax(call_id, now)
        else:
            self._callbacks.relax(callback, now)

    def _end_agent_time(self, agent: Agent, now: float) -> None:
        callback = self._callbacks.find_of(agent)
        if callback is not None:
            self._callbacks.fail(callback, CallbackFailure.NO_ANSWER, now)
        elif agent.state is AgentState.RINGING:
            self._miss(agent, OfferFailure.NO_ANSWER, now)
        else:
            self._shifts.end_wrap_up(agent, now)
