"""The agents' side of the floor: what they choose, what their phones do, offers that they miss.

The machine of one agent is `acd.agent`; here is what its steps mean to the call that he has. Who
has what ringing, a caller, a guest's talk or a callback, is asked of those three.
"""

from typing import assert_never

from acd.agent import UNREACHABLE, Agent, Step
from acd.callbacks import Callbacks
from acd.events import AgentState, CallbackFailure, OfferFailure
from acd.ground import Ground
from acd.guests import Guests
from acd.inputs import (
    AgentInput,
    CodeWrapUp,
    ExtendWrapUp,
    FinishWrapUp,
    Pause,
    PhoneChanged,
    Ready,
    SignIn,
    SignOut,
)
from acd.kept import KeptAgent
from acd.shifts import Shifts
from acd.timers import AgentTime
from acd.visits import Visits

PICK_UP_UNHEARD_S = 5.0
"""A phone that rang while nobody listened has this long at least: it may have been picked up, and
repeats its answer every 4 s (RFC 3261 T2)."""


class Staff:
    """All agents of one floor."""

    def __init__(
        self, ground: Ground, visits: Visits, guests: Guests, callbacks: Callbacks, shifts: Shifts
    ) -> None:
        self._ground = ground
        self._visits = visits
        self._guests = guests
        self._callbacks = callbacks
        self._shifts = shifts

    def feed(self, given: AgentInput, now: float) -> None:
        agent = self._ground.get_agent(given.agent_id)
        match given:
            case SignIn():
                self._sign_in(agent, now, given.paused_for)
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

    def _sign_in(self, agent: Agent, now: float, paused_for: str = "") -> None:
        was_off, pause = agent.state is AgentState.OFF, paused_for or agent.left_for
        self._ground.events += agent.choose(Step.SIGN_IN, now)
        if not was_off:
            return
        is_auto = self._ground.options.auto_ready and agent.registered
        if paused_for or (is_auto and pause):
            self._ground.events += agent.choose(Step.PAUSE, now, pause)
        elif is_auto:
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
        elif came and agent.state is AgentState.PAUSED and agent.reason == UNREACHABLE:
            self._ground.events += agent.choose(Step.MAKE_READY, now)
        elif not given.registered and agent.state is AgentState.RINGING:
            callback = self._callbacks.find_of(agent)
            if callback is not None:
                self._callbacks.fail(callback, CallbackFailure.AGENT_LEFT, now)
            else:
                self.miss(agent, OfferFailure.UNREACHABLE, now)

    # ---- what rings

    def miss(self, agent: Agent, why: OfferFailure, now: float) -> None:
        self._part(agent, why, now)
        self._ground.events += agent.miss(now, why)
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

    def end_time(self, agent: Agent, now: float) -> None:
        """Of his ringing, or of his wrap-up."""
        callback = self._callbacks.find_of(agent)
        if callback is not None:
            self._callbacks.fail(callback, CallbackFailure.NO_ANSWER, now)
        elif agent.state is AgentState.RINGING:
            self.miss(agent, OfferFailure.NO_ANSWER, now)
        else:
            self._shifts.end_wrap_up(agent, now)

    # ---- a floor before this one

    def restore(self, kept: KeptAgent, now: float) -> None:
        agent = self._ground.get_agent(kept.agent_id)
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
        if kept.is_overdue:
            self._shifts.restore_overdue(agent)
        agent.registered, agent.busy = kept.registered, kept.busy
        self._ground.matching.follow(agent, now)
        if agent.deadline is not None:
            self._ground.timers.set(AgentTime(agent.agent_id), agent.deadline)
        if self._ground.on_followed is not None:
            self._ground.on_followed(agent)

    def _kept_deadline(self, kept: KeptAgent, now: float) -> float | None:
        if kept.assignment is None:
            return None
        options = self._ground.options_of(kept.assignment.queue)
        match kept.state:
            case AgentState.RINGING:
                return max(kept.since + options.ring_s, now + PICK_UP_UNHEARD_S)
            case AgentState.WRAP_UP:
                return kept.since + (kept.wrap_up_s or options.wrap_up_s)
            case _:
                return None
