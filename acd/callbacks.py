"""Callbacks: who is to be called back stands in the queue as a visit without a call.

             the turn has come                    PartyReached
    WAITING ───────────────────▶ DUE ──────────────────────────────▶ a visit with a call, whose
       ▲    agent is reserved     │                                  agent's phone rings now
       │                          │ PartyUnreached, ring_s is over
       │    rest is over          ▼
       └─────────────────────  RESTING ──▶ CallbackGivenUp: no try is left, EXPIRED, CANCELLED
                                  ▲
    asked for a later time ───────┘

Rule 1: the place is that of the original entry, through waiting, resting and all tries. Of two who
        are equally old, who waits on the telephone goes first; nothing else sets them apart.
Rule 2: nobody is dialled without an agent who is reserved for him, so there are never more calls
        out than agents. The agent is RINGING with the callback's id and cannot be offered else.
Rule 3: an agent whose party was not reached is free again as if nothing had been: no pause, and
        idle for as long as before.
        His phone does not ring, so he may have dialled meanwhile: then he is not offered the call.
Rule 4: a party has one callback in a queue, and a callback one try at a time. Between two tries
        are `retry_after_s`, also when it was an agent's or our fault; that costs no try.
Rule 5: who was reached is never dialled again. Whatever happens then happens to a call.
Rule 6: who waits at home counts for the positions and expectations of who waits behind, and not
        for `max_waiting`, which is about telephone lines.
Rule 7: a promise is told again once a day, and when it is moved to another queue, with what is left
        of it: who starts from the journal's last two days knows all of them, however far ahead
        they are.
"""

from collections import Counter
from dataclasses import dataclass, replace

from acd.agent import Agent, Assignment
from acd.caller import Caller
from acd.events import (
    CallbackDue,
    CallbackFailure,
    CallbackGivenUp,
    CallbackQueued,
    CallbackReached,
    CallbackUnreached,
)
from acd.ground import Ground
from acd.inputs import (
    CancelCallback,
    Enqueue,
    LeaveForCallback,
    MoveCallback,
    PartyReached,
    PartyUnreached,
    QueueCallback,
)
from acd.options import CallbackOptions
from acd.timers import CallbackExpired, PromiseAged, RelaxDue, RestOver
from acd.visits import Visits
from foundation.errors import Conflict, IllegalTransition, NotFound, RemoteError
from foundation.ids import CallbackId, CallId, OfferId, PartyId, QueueId

NO_TRY = frozenset({CallbackFailure.AGENT_LEFT, CallbackFailure.FAULT})
"Failures that the party has no part in."
TOLD_AGAIN_S = 86_400.0
SPREAD = 360
"Promises are told again up to so many minutes earlier."
DIALLED_S = 600.0


@dataclass(slots=True)
class Callback:
    callback_id: CallbackId
    party_id: PartyId
    caller: Caller
    "The place, the wishes; its `call_id` is the callback's id."
    tries: int
    expires_at: float
    rest_until: float = 0.0
    is_waiting: bool = False
    "In a lineup."

    @property
    def queue(self) -> QueueId:
        return self.caller.queue

    @property
    def is_due(self) -> bool:
        return self.caller.agent_id is not None


class Callbacks:
    """All callbacks of one floor."""

    def __init__(self, ground: Ground, visits: Visits) -> None:
        self._ground = ground
        self._visits = visits
        self._callbacks: dict[CallId, Callback] = {}
        self._of_party: dict[tuple[PartyId, QueueId], Callback] = {}
        self._pending: Counter[QueueId] = Counter()
        self._count = 0

    def find(self, call_id: CallId) -> Callback | None:
        return self._callbacks.get(call_id)

    def find_of(self, agent: Agent) -> Callback | None:
        """For whom the agent is reserved."""
        return None if agent.assignment is None else self.find(agent.assignment.call_id)

    def pending(self, queue: QueueId) -> int:
        return self._pending[queue]

    # ---- asked for and cancelled

    def queue(self, given: QueueCallback, now: float) -> None:
        """Raises as `QueueCallback` says."""
        self._check_new(given)
        if given.is_promised:
            self._check_unpromised(given.party_id, given.queue)
        else:
            self._check_room(given.party_id, given.queue)
        enqueue = Enqueue(
            CallId(given.callback_id),
            given.queue,
            given.priority,
            tier=given.tier,
            requires=given.requires,
        )
        self._add(given, enqueue, now)

    def _check_new(self, given: QueueCallback | LeaveForCallback) -> None:
        if CallId(given.callback_id) in self._callbacks:
            raise IllegalTransition(given.callback_id, "on the floor", given)

    def leave_call(self, given: LeaveForCallback, now: float) -> None:
        """Raises as `LeaveForCallback` says."""
        caller = self._visits.waiting_one(given.call_id)
        # All that may be refused comes first: who has left the line has nothing but the promise.
        self._check_new(given)
        self._check_room(given.party_id, caller.queue)
        had = caller.given
        self._visits.leave_for_callback(caller, given.callback_id)
        asked = QueueCallback(
            given.callback_id,
            given.party_id,
            had.queue,
            had.priority,
            had.tier,
            had.requires,
            waited_s=now - caller.entered_at + had.waited_s,
        )
        self.queue(asked, now)

    def cancel(self, given: CancelCallback, now: float) -> None:
        callback = self.find(CallId(given.callback_id))
        if callback is None:
            raise NotFound(f"There is no callback {given.callback_id!r} any more.")
        agent = self._take_agent(callback)
        self._give_up(callback, CallbackFailure.CANCELLED)
        self._free(agent, now)

    def movable(self, queue: QueueId, target: QueueId) -> list[CallbackId]:
        """Those that `move` takes, in the order of the promises. Who is being dialled stays, and
        who is to be called back from both queues."""
        return [
            callback.callback_id
            for callback in self._callbacks.values()
            if callback.queue == queue
            and not callback.is_due
            and (callback.party_id, target) not in self._of_party
        ]

    def move(self, given: MoveCallback, now: float) -> None:
        """Raises as `MoveCallback` says. What was promised once is kept beyond `max_pending`, too,
        and for as long as it was promised."""
        callback = self.find(CallId(given.callback_id))
        if callback is None:
            raise NotFound(f"There is no callback {given.callback_id!r} any more.")
        self._visits.check_open(given.queue)
        if callback.is_due:
            raise Conflict(f"The party of {given.callback_id!r} is being dialled.")
        self._check_unpromised(callback.party_id, given.queue)
        was_waiting = callback.is_waiting
        if was_waiting:
            self._leave(callback)
        self._change_queue(callback, given.queue)
        self._promise(callback, now)
        if was_waiting:
            self._join(callback, now)

    def _change_queue(self, callback: Callback, queue: QueueId) -> None:
        caller = callback.caller
        del self._of_party[callback.party_id, callback.queue]
        self._pending[callback.queue] -= 1
        callback.caller = self._visits.entrance.make_caller(
            replace(caller.given, queue=queue), caller.entered_at, is_callback=True
        )
        self._callbacks[caller.call_id] = self._of_party[callback.party_id, queue] = callback
        self._pending[queue] += 1
        expires_at = caller.entered_at + self._options(queue).give_up_after_s
        callback.expires_at = max(callback.expires_at, expires_at)
        self._ground.timers.set(CallbackExpired(callback.callback_id), callback.expires_at)

    def check(self, party_id: PartyId, queue: QueueId, in_s: float = 0.0) -> None:
        """Raises `Conflict` or `NotFound` when the party cannot be promised it, `RemoteError` when
        `in_s` is too far ahead. What was promised once is kept under other options, too."""
        options = self._check_room(party_id, queue)
        if in_s > options.furthest_s:
            days, most = in_s / 86_400, options.furthest_s / 86_400
            raise RemoteError(
                f"{queue!r} calls back within {most:g} days; {days:.1f} days are too far ahead."
            )

    def _check_room(self, party_id: PartyId, queue: QueueId) -> CallbackOptions:
        options = self._ground.options_of(queue).callbacks
        if options is None:
            raise Conflict(f"Nobody is called back from the queue {queue!r}.")
        self._check_unpromised(party_id, queue)
        if self._pending[queue] >= options.max_pending:
            raise Conflict(f"{options.max_pending} are to be called back from {queue!r} already.")
        return options

    def _check_unpromised(self, party_id: PartyId, queue: QueueId) -> None:
        known = self._of_party.get((party_id, queue))
        if known is not None:
            raise Conflict(
                f"That number is to be called back from {queue!r} already: {known.callback_id}."
            )

    def _add(self, given: QueueCallback, enqueue: Enqueue, now: float) -> None:
        entered_at = now - given.waited_s
        caller = self._visits.entrance.make_caller(enqueue, entered_at, is_callback=True)
        expires_at = entered_at + self._options(given.queue).give_up_after_s
        if given.give_up_in_s is not None:
            expires_at = now + given.give_up_in_s
        rest_s = max(0.0, given.rest_s, -given.waited_s)
        callback = Callback(
            given.callback_id, given.party_id, caller, given.tries, expires_at, now + rest_s
        )
        self._callbacks[caller.call_id] = self._of_party[given.party_id, given.queue] = callback
        self._pending[given.queue] += 1
        self._promise(callback, now)
        self._ground.timers.set(CallbackExpired(given.callback_id), expires_at)
        if rest_s > 0:
            self._ground.timers.set(RestOver(given.callback_id), callback.rest_until)
        else:
            self._join(callback, now)

    def _promise(self, callback: Callback, now: float) -> None:
        given = callback.caller.given
        self._ground.events.append(
            CallbackQueued(
                callback.callback_id,
                callback.party_id,
                given.queue,
                given.priority,
                given.tier,
                str(given.requires),
                now - callback.caller.entered_at,
                max(0.0, callback.rest_until - now),
                callback.tries,
                callback.expires_at - now,
            )
        )
        # Not all in one instant, though all may have been told in one, at a start.
        self._count += 1
        spread_s = self._count % SPREAD * 60.0
        aged = PromiseAged(callback.callback_id)
        self._ground.timers.set(aged, now + TOLD_AGAIN_S - spread_s)

    def tell_again(self, callback_id: CallbackId, now: float) -> None:
        callback = self._callbacks[CallId(callback_id)]
        if callback.is_due:
            # Of who is being dialled the promise would say that he is not.
            self._ground.timers.set(PromiseAged(callback_id), now + DIALLED_S)
        else:
            self._promise(callback, now)

    def _options(self, queue: QueueId) -> CallbackOptions:
        """Who was promised it is called back, also when the queue takes no more."""
        return self._ground.options_of(queue).callbacks or CallbackOptions()

    # ---- the turn

    def end_rest(self, callback_id: CallbackId, now: float) -> None:
        self._join(self._callbacks[CallId(callback_id)], now)

    def expire(self, callback_id: CallbackId) -> None:
        callback = self._callbacks[CallId(callback_id)]
        if not callback.is_due:
            self._give_up(callback, CallbackFailure.EXPIRED)

    def relax(self, callback: Callback, now: float) -> None:
        """Less will do by now."""
        was_waiting = callback.is_waiting
        if was_waiting:
            self._leave(callback)
        callback.caller.relax(now)
        if was_waiting:
            self._join(callback, now)

    def call(self, callback: Callback, agent: Agent, offer_id: OfferId, now: float) -> None:
        """The turn has come: bind agent and callback to each other."""
        caller, ground = callback.caller, self._ground
        self._leave(callback)
        ground.note_offer(agent)
        caller.ring(agent.agent_id, offer_id)
        ground.events.append(
            CallbackDue(
                callback.callback_id, callback.party_id, caller.queue, agent.agent_id, offer_id
            )
        )
        ring_s = self._options(caller.queue).ring_s
        ground.events += agent.offer(
            Assignment(caller.call_id, caller.queue, offer_id), now, ring_s
        )
        ground.follow(agent, now)

    # ---- how a try comes out

    def reached(self, given: PartyReached, offer_id: OfferId, now: float) -> None:
        """`offer_id`: for the agent's phone, which rings now. News that the callback is over
        already come too late; whoever dialled has been told so."""
        callback = self.find(CallId(given.callback_id))
        if callback is None:
            return
        if self._visits.find(given.call_id) is not None:
            raise IllegalTransition(given.call_id, "on the floor", given)
        caller, ground = callback.caller, self._ground
        agent = self._take_agent(callback)
        self._forget(callback)
        ground.events.append(CallbackReached(callback.callback_id, caller.queue, given.call_id))
        had = caller.given
        visit = self._visits.call_back(
            Enqueue(
                given.call_id,
                had.queue,
                had.priority,
                tier=had.tier,
                requires=had.requires,
                waited_s=now - caller.entered_at,
            ),
            now,
        )
        visit.expected_s = None  # A wait at home says nothing about those that are announced.
        if agent is not None and (agent.busy or not agent.registered):
            self._free(agent, now)
        elif agent is not None:
            # Not followed: nobody else may have him in between.
            ground.events += agent.withdraw(now)
            options = ground.options_of(caller.queue)
            self._visits.offer(visit, agent, offer_id, options, now)

    def unreached(self, given: PartyUnreached, now: float) -> None:
        callback = self.find(CallId(given.callback_id))
        if callback is not None and callback.caller.offer_id == given.offer_id:
            self.fail(callback, given.why, now, given.rule)

    def fail(self, callback: Callback, why: CallbackFailure, now: float, rule: str = "") -> None:
        """The try is over, and the agent is free."""
        agent = self._ground.agents[callback.caller.get_agent_id()]
        self.part(callback, why, now, rule)
        self._free(agent, now)

    def part(self, callback: Callback, why: CallbackFailure, now: float, rule: str = "") -> None:
        """The callback's half of it; the agent's half depends on why it failed."""
        caller, options = callback.caller, self._options(callback.queue)
        agent_id, offer_id = caller.get_agent_id(), caller.offer_id
        assert offer_id is not None
        callback.tries += why not in NO_TRY
        caller.part()
        self._ground.events.append(
            CallbackUnreached(
                callback.callback_id, callback.queue, agent_id, offer_id, why, callback.tries
            )
        )
        if why is CallbackFailure.NOT_ALLOWED or callback.tries >= options.tries:
            self._give_up(callback, why, rule)
        elif now >= callback.expires_at:
            self._give_up(callback, CallbackFailure.EXPIRED)
        else:
            callback.rest_until = now + options.retry_after_s
            self._ground.timers.set(RestOver(callback.callback_id), callback.rest_until)

    def _take_agent(self, callback: Callback) -> Agent | None:
        """The reserved one, who is not bound to the callback any more."""
        agent_id = callback.caller.agent_id
        callback.caller.part()
        return None if agent_id is None else self._ground.agents[agent_id]

    def _free(self, agent: Agent | None, now: float) -> None:
        if agent is not None:
            self._ground.events += agent.withdraw(now)
            self._ground.follow(agent, now)

    def _give_up(self, callback: Callback, why: CallbackFailure, rule: str = "") -> None:
        self._forget(callback)
        self._ground.events.append(CallbackGivenUp(callback.callback_id, callback.queue, why, rule))

    def _forget(self, callback: Callback) -> None:
        if callback.is_waiting:
            self._leave(callback)
        del self._callbacks[callback.caller.call_id]
        del self._of_party[callback.party_id, callback.queue]
        self._pending[callback.queue] -= 1
        timers = self._ground.timers
        timers.cancel(RestOver(callback.callback_id))
        timers.cancel(CallbackExpired(callback.callback_id))
        timers.cancel(PromiseAged(callback.callback_id))

    # ---- the lineups

    def step_out(self, queue: QueueId) -> list[Callback]:
        """Of the lineups of a queue that is about to change."""
        waiting = [c for c in self._callbacks.values() if c.is_waiting and c.queue == queue]
        for callback in waiting:
            self._leave(callback)
        return waiting

    def step_in(self, callbacks: list[Callback], now: float) -> None:
        """What will do is as the queue's new options say."""
        for callback in callbacks:
            caller = callback.caller
            options = self._ground.options_of(caller.queue)
            wishes = self._visits.entrance.wishes(caller.given, options)
            caller.change_wishes(wishes, now)
            self._join(callback, now)

    def _join(self, callback: Callback, now: float) -> None:
        caller = callback.caller
        caller.relax(now)
        callback.is_waiting = True
        self._ground.callbacks_waiting[caller.queue] += 1
        self._ground.matching.join(caller, now)
        self._visits.waits.watch_surge(caller.queue)
        if caller.relax_at is not None:
            self._ground.timers.set(RelaxDue(caller.call_id), caller.relax_at)

    def _leave(self, callback: Callback) -> None:
        callback.is_waiting = False
        self._ground.callbacks_waiting[callback.queue] -= 1
        self._ground.matching.leave(callback.caller)
        self._visits.waits.watch_surge(callback.queue)
        self._ground.timers.cancel(RelaxDue(callback.caller.call_id))
