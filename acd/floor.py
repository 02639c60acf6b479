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
        on, since it lives on its own dialog. The agent is paused so, until the phone registers
        anew or he says that he is ready; a registration that is merely refreshed wakes nobody.
        With `auto_ready`, who has no phone is OFF; after a talk and its wrap-up, if there is one.
        A phone that comes back brings its agent to where he was: READY, or in the pause that he
        had chosen. Who is READY without a phone is offered nothing, and nobody waits for him.
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
Rule 11: somebody may choose the agent of a caller who waits (`acd.claims`): that goes before all
         matches, and nobody else has the caller until it is over.

Refused with `NotFound`: an agent or queue that does not exist. With `Conflict`: `Ready` or `Pause`
of who is not signed in, `Reserve` of who is not available, `RemoveQueue` of one that is in use.
With `IllegalTransition` (our bug): a call that is queued twice, or reached while it is here.

The callers' side is in `acd.visits`, the agents' in `acd.staff`, guests in `acd.guests`; this file
hears what happens, and says who is asked about it. What it answers itself is in `acd.questions`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import assert_never

from acd.callbacks import Callbacks
from acd.claims import Claims
from acd.events import (
    AcdEvent,
    CallAbandoned,
    CallLost,
)
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
    GiveBack,
    GuestInput,
    HouseInput,
    LeaveForCallback,
    Lose,
    Move,
    MoveCallback,
    PartyReached,
    PartyUnreached,
    Pause,
    PhoneChanged,
    Promote,
    QueueCallback,
    Ready,
    RemoveAgent,
    RemoveQueue,
    Reserve,
    SignIn,
    SignOut,
    TakeCaller,
    TakeTalk,
    WaitInput,
)
from acd.kept import KeptAgent, KeptCaller, KeptGuest
from acd.options import AgentCard, AgentOptions, QueueOptions
from acd.questions import Questions
from acd.shifts import Shifts
from acd.staff import Staff
from acd.timers import (
    AgentTime,
    AwayDue,
    CallbackExpired,
    ClaimOver,
    MaxWait,
    PositionDue,
    PromiseAged,
    RelaxDue,
    RestOver,
    Timer,
)
from acd.visits import Outcome, Visits
from foundation.errors import Conflict
from foundation.ids import CallId, OfferId, QueueId, new_offer_id


class Floor(Questions):
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
        ground = Ground(queues, agents, options or AgentOptions(), chance)
        visits, shifts = Visits(ground), Shifts(ground)
        callbacks, claims = Callbacks(ground, visits), Claims(ground, visits)
        super().__init__(ground, visits, callbacks, shifts, claims)
        self._new_offer_id = new_offer_id
        self._guests = Guests(ground, visits)
        self._staff = Staff(ground, visits, self._guests, callbacks, shifts)

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
                self._staff.feed(given, now)
            case Reserve() | Dismiss() | TakeTalk():
                self._feed_guest(given, now)
            case ChangeAgent() | RemoveAgent() | ChangeQueue() | RemoveQueue():
                self._feed_house(given, now)
            case Promote() | Move() | TakeCaller() | GiveBack():
                self._feed_wait(given, now)
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
        surging: Iterable[QueueId] = (),
        talks: Mapping[QueueId, Sequence[float]] | None = None,
    ) -> None:
        """Go on where the floor of a process that died stood; before anything else is fed.

        Nothing is told and nothing is offered yet: the next input does that. Callers are in the
        order in which they came; `surging`: where backup agents are called in; `talks`: how long
        the latest of each queue took, in seconds.
        """
        self._ground.learn_from(talks or {})
        for queue in surging:
            self._visits.waits.restore_surge(queue)
        for kept in agents:
            self._staff.restore(kept, now)
        for caller in callers:
            self._visits.restore(caller, now)
        for guest in guests:
            self._guests.restore(guest)

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
            case RemoveQueue(queue):
                self._remove_queue(queue)
            case _:
                assert_never(given)

    def _remove_queue(self, queue: QueueId) -> None:
        present = self.presence(queue)
        if not present.is_empty:
            raise Conflict(f"the queue {queue} is in use: {present}")
        self._ground.remove_queue(queue)

    def _feed_wait(self, given: WaitInput, now: float) -> None:
        match given:
            case Promote():
                self._visits.promote(given, now)
            case Move():
                self._visits.move(given, now)
            case TakeCaller():
                self._claims.take(given, now)
            case GiveBack():
                self._claims.give_back(given, now)
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
            case MoveCallback():
                self._callbacks.move(given, now)
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
            self._staff.miss(self._ground.agents[given.agent_id], given.why, now)

    def _dispatch(self, now: float) -> None:
        if self._ground.claims:
            self._claims.serve(self._new_offer_id, now)
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

    # ---- time

    def _on_timer(self, timer: Timer, now: float) -> None:
        match timer:
            case AgentTime(agent_id):
                self._staff.end_time(self._ground.agents[agent_id], now)
            case AwayDue(agent_id):
                self._shifts.end_pause(self._ground.agents[agent_id], now)
            case ClaimOver(call_id):
                self._claims.end(call_id, now)
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
