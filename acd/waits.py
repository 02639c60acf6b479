"""The waiting part of visits: the lineups, the timers, who is chosen for whom, what is told of it.

What ends a wait, an offer or an outcome, is in `acd.visits`.
"""

from acd.caller import Caller, Wish
from acd.events import PositionTold, SurgeChanged
from acd.expected_wait import spoken_s
from acd.ground import Ground
from acd.timers import ClaimOver, MaxWait, PositionDue, RelaxDue
from foundation.ids import AgentId, QueueId


class Waits:
    """Of all callers of one floor who are on the telephone."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    # ---- lineups

    def join(self, caller: Caller, now: float) -> None:
        self._ground.matching.join(caller, now)
        self.watch_surge(caller.queue)
        if caller.expected_s is None:
            waiting = self._ground.matching.waiting(caller.queue)
            caller.expected_s = self._ground.expected_s(caller.queue, waiting)

    def leave(self, caller: Caller) -> None:
        self._ground.matching.leave(caller)
        self.watch_surge(caller.queue)

    def is_surging(self, queue: QueueId) -> bool:
        return self._ground.matching.is_surging(queue)

    def restore_surge(self, queue: QueueId) -> None:
        """An earlier process had called in the backup agents; the queue may have none by now."""
        options = self._ground.matching.options.get(queue)
        if options is not None and options.surge is not None:
            self._ground.matching.set_surge(queue, is_on=True)

    def watch_surge(self, queue: QueueId) -> None:
        surge, is_on = self._ground.options_of(queue).surge, self.is_surging(queue)
        if surge is None:
            wants = False  # also when it was taken from the queue in the midst of a rush
        else:
            least = surge.leave_waiting + 1 if is_on else surge.join_waiting
            wants = self._ground.matching.waiting(queue) >= least
        if wants is not is_on:
            self._ground.matching.set_surge(queue, is_on=wants)
            self._ground.events.append(SurgeChanged(queue, wants))

    def relax(self, caller: Caller, now: float) -> None:
        """Less will do by now; of who rings, from the next wait on."""
        if caller.is_waiting:
            self.leave(caller)
            caller.relax(now)
            self.join(caller, now)
        else:
            caller.relax(now)
        self._set_relaxing(caller)

    def change_wishes(self, caller: Caller, wishes: tuple[Wish, ...], now: float) -> None:
        """Of one who is in no lineup; the steps that are still to come have their own times."""
        caller.change_wishes(wishes, now)
        self._set_relaxing(caller)

    # ---- timers

    def set_timers(self, caller: Caller) -> None:
        self._ground.timers.set(MaxWait(caller.call_id), caller.overflow_at)
        self._set_relaxing(caller)

    def _set_relaxing(self, caller: Caller) -> None:
        if caller.relax_at is not None:
            caller.has_rarer_timers = True
            self._ground.timers.set(RelaxDue(caller.call_id), caller.relax_at)

    def cancel_timers(self, caller: Caller) -> None:
        self._ground.timers.cancel(MaxWait(caller.call_id))
        if caller.has_rarer_timers:
            self._ground.timers.cancel(PositionDue(caller.call_id))
            self._ground.timers.cancel(RelaxDue(caller.call_id))

    # ---- for one agent

    def claim(self, caller: Caller, agent_id: AgentId, until: float, now: float) -> None:
        """Who waits is for this agent alone from now on, at the same place (`acd.claims`)."""
        self.leave(caller)
        self.bind_claim(caller, agent_id, until)
        self.join(caller, now)

    def unclaim(self, caller: Caller, now: float) -> None:
        """Who waits is anybody's again."""
        self.leave(caller)
        self.drop_claim(caller)
        self.join(caller, now)

    def bind_claim(self, caller: Caller, agent_id: AgentId, until: float) -> None:
        caller.claim(agent_id)
        self._ground.claims[agent_id] = caller
        self._ground.timers.set(ClaimOver(caller.call_id), until)

    def drop_claim(self, caller: Caller) -> None:
        """Of one who is in no lineup; nothing without a claim."""
        if caller.claimed_by is not None:
            del self._ground.claims[caller.claimed_by]
            self._ground.timers.cancel(ClaimOver(caller.call_id))
            caller.unclaim()

    # ---- what is told of the wait

    def tell_position(self, caller: Caller, now: float) -> None:
        """Now, if the caller waits, and again after the queue's interval."""
        if self.tell_position_later(caller, now) and caller.is_waiting:
            self._ground.events.append(self._position_told(caller))

    def tell_position_later(self, caller: Caller, now: float) -> bool:
        """After the queue's interval; False where it has none."""
        every_s = self._ground.options_of(caller.queue).announce_position_every_s
        if every_s is None:
            if caller.has_rarer_timers:
                self._ground.timers.cancel(PositionDue(caller.call_id))
            return False
        self.tell_position_at(caller, now + every_s)
        return True

    def tell_position_at(self, caller: Caller, at: float) -> None:
        caller.has_rarer_timers = True
        self._ground.timers.set(PositionDue(caller.call_id), at)

    def _position_told(self, caller: Caller) -> PositionTold:
        position = self._ground.matching.position(caller)
        expected_s = self._ground.expected_s(caller.queue, position)
        said_s = None if expected_s is None else spoken_s(expected_s, caller.told_s)
        is_longer = expected_s is not None and said_s is None
        if said_s is not None:
            caller.told_s = said_s
        return PositionTold(caller.call_id, caller.queue, position, said_s, is_longer)
