"""The machines that core runs on its event loop: the floor, the callers' menus, the limits.

Each driver reads the loop's clock, keeps one timer and hands effects on; see foundation.machine.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence

from acd.events import AcdEvent
from acd.floor import Floor
from acd.inputs import AcdInput
from acd.kept import KeptAgent, KeptCaller, KeptGuest
from acd.views import AgentView
from callcenter.conduct.limits import Arrival, Limits, Refusal, TimeUp
from foundation.ids import AgentId, CallbackId, CallId, OfferId, PartyId, QueueId
from foundation.machine import Driver
from ivr.caller import Caller
from ivr.effects import Effect
from ivr.flow import Flow
from ivr.flows_now import FlowsNow, flows_now
from ivr.hours import Hours
from ivr.inputs import Input
from ivr.service import Ivr


class FloorDriver(Driver[AcdInput, AcdEvent]):
    """The ACD's floor; its events go to the conductor."""

    def __init__(self, floor: Floor, tell: Callable[[AcdEvent], None]) -> None:
        super().__init__(floor, tell)
        self.floor = floor

    def restore(
        self,
        agents: Iterable[KeptAgent],
        callers: Iterable[KeptCaller],
        guests: Iterable[KeptGuest] = (),
        surging: Iterable[QueueId] = (),
        talks: Mapping[QueueId, Sequence[float]] | None = None,
    ) -> None:
        """Before anything is fed: what an earlier process left."""
        now = asyncio.get_running_loop().time()
        self.floor.restore(agents, callers, now, guests, surging, talks)
        self.rearm()

    def agent(self, agent_id: AgentId) -> AgentView:
        return self.floor.agent(agent_id)

    def why_unavailable(self, agent_id: AgentId) -> str:
        return self.floor.why_unavailable(agent_id)

    def is_current(self, offer_id: OfferId) -> bool:
        return self.floor.is_current(offer_id)

    def check_callback(self, party_id: PartyId, queue: QueueId, in_s: float = 0.0) -> None:
        self.floor.check_callback(party_id, queue, in_s)

    def has_callback(self, callback_id: CallbackId) -> bool:
        return self.floor.has_callback(callback_id)


class IvrDriver:
    """All callers in menus; effects go to the journey, with the call they are for."""

    def __init__(self, ivr: Ivr, do: Callable[[CallId, Effect], None]) -> None:
        self._ivr = ivr
        self._do = do
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def start(
        self,
        call_id: CallId,
        flow: str,
        languages: tuple[str, ...],
        caller: Caller | None = None,
    ) -> None:
        effects = self._ivr.start(call_id, flow, self._loop.time(), languages, caller)
        self._perform(call_id, effects)

    def now(self) -> FlowsNow:
        """The flows, and where callers are in them."""
        return flows_now(self._ivr.shapes(), self._ivr.present())

    def leads_to(self, queue: QueueId) -> bool:
        return self._ivr.leads_to(queue)

    def replace(self, flows: Mapping[str, Flow], hours: Mapping[str, Hours]) -> None:
        """For callers who come from now on."""
        self._ivr.replace(flows, hours)

    def answer(self, call_id: CallId, given: Input) -> None:
        """Of what the flow has asked of the house."""
        self._perform(call_id, self._ivr.feed(call_id, given, self._loop.time()))

    def digit(self, call_id: CallId, digit: str) -> None:
        self._perform(call_id, self._ivr.digit(call_id, digit, self._loop.time()))

    def prompt_ended(self, call_id: CallId) -> None:
        self._perform(call_id, self._ivr.prompt_ended(call_id, self._loop.time()))

    def caller_left(self, call_id: CallId) -> None:
        self._perform(call_id, self._ivr.caller_left(call_id, self._loop.time()))

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _perform(self, call_id: CallId, effects: list[Effect]) -> None:
        for effect in effects:
            self._do(call_id, effect)
        self._rearm()

    def _on_timer(self) -> None:
        # The loop may wake us a clock tick early; the deadline has come all the same.
        now = max(self._ivr.deadline or 0.0, self._loop.time())
        for call_id, effects in self._ivr.tick(now):
            for effect in effects:
                self._do(call_id, effect)
        self._rearm()

    def _rearm(self) -> None:
        self.close()
        if self._ivr.deadline is not None:
            self._timer = self._loop.call_at(self._ivr.deadline, self._on_timer)


class LimitsDriver:
    """The limits of all calls; calls whose time is up go to the journey."""

    def __init__(self, limits: Limits, end: Callable[[TimeUp], None]) -> None:
        self._limits = limits
        self._end = end
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def admit(self, arrival: Arrival) -> Refusal | None:
        refusal = self._limits.admit(arrival, self._loop.time())
        self._rearm()
        return refusal

    def take_in(self, arrival: Arrival) -> None:
        """An answered call of a core that is gone; its time begins anew."""
        self._limits.take_in(arrival, self._loop.time(), is_answered=True)
        self._rearm()

    def answered(self, call_id: CallId) -> None:
        self._limits.answered(call_id, self._loop.time())
        self._rearm()

    def ended(self, call_id: CallId) -> None:
        self._limits.ended(call_id)
        self._rearm()

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _on_timer(self) -> None:
        self._timer = None
        # The loop may wake us a clock tick early; the deadline has come all the same.
        now = max(self._limits.deadline or 0.0, self._loop.time())
        for over in self._limits.tick(now):
            self._end(over)
        self._rearm()

    def _rearm(self) -> None:
        deadline = self._limits.deadline
        if self._timer is not None and self._timer.when() == deadline:
            return
        self.close()
        if deadline is not None:
            self._timer = self._loop.call_at(deadline, self._on_timer)


class RingTimesDriver:
    """Who rings outside the queues; one at each call. What is over goes to the journey."""

    def __init__(self, end: Callable[[CallId, OfferId], None]) -> None:
        self._end = end
        self._loop = asyncio.get_running_loop()
        self._timers: dict[CallId, asyncio.TimerHandle] = {}

    def set(self, call_id: CallId, offer_id: OfferId, ring_s: float) -> None:
        self.cancel(call_id)
        self._timers[call_id] = self._loop.call_later(ring_s, self._over, call_id, offer_id)

    def cancel(self, call_id: CallId) -> None:
        timer = self._timers.pop(call_id, None)
        if timer is not None:
            timer.cancel()

    def _over(self, call_id: CallId, offer_id: OfferId) -> None:
        del self._timers[call_id]
        self._end(call_id, offer_id)


class AlarmsDriver:
    """Timers of calls, by name; what they ring for guards itself."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._timers: dict[tuple[CallId, str], asyncio.TimerHandle] = {}

    def now(self) -> float:
        return self._loop.time()

    def set(self, call_id: CallId, what: str, at_s: float, ring: Callable[[], None]) -> None:
        self.cancel(call_id, what)
        self._timers[call_id, what] = self._loop.call_at(at_s, self._over, call_id, what, ring)

    def cancel(self, call_id: CallId, what: str = "") -> None:
        for key in [key for key in self._timers if key[0] == call_id and what in ("", key[1])]:
            self._timers.pop(key).cancel()

    def _over(self, call_id: CallId, what: str, ring: Callable[[], None]) -> None:
        self._timers.pop((call_id, what), None)
        ring()
