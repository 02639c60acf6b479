"""A house without phones: real journey, floor and menus; commands to calls are written down."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from acd.events import AcdEvent
from acd.floor import Floor
from acd.inputs import AcdInput, Pause
from acd.options import AgentCard, AgentOptions, CallbackOptions, QueueOptions, Strategy
from acd.views import AgentView
from callcenter.conduct.destinations import NoNumbers, NumberRules
from callcenter.conduct.house import (
    AgentRule,
    Callers,
    HouseRules,
    LineRule,
    QueueRule,
    RecordingMode,
    RecordingRule,
)
from callcenter.conduct.journey import Journey
from callcenter.conduct.limits import Arrival, LimitRules, Limits, Refusal
from callcenter.conduct.menu_ports import MenuPorts
from callcenter.conduct.parts import Parts
from callcenter.conduct.regulars import Regulars
from callcenter.conductor import Conductor
from callcenter.events import HouseEvent
from foundation.ids import (
    AgentId,
    CallbackId,
    CallId,
    OfferId,
    PartyId,
    PhoneId,
    QueueId,
    RecordingId,
)
from ivr.effects import Effect
from ivr.flows.flow import Flow, parse
from ivr.inputs import Input
from ivr.service import Ivr
from ivr.visit.caller import Caller
from telephony.calls import events as calls
from telephony.calls.control import AgentTarget, CallControl, GuestTarget, OutsideTarget

FLOW = """
languages: [en]
start: choices
prompts:
  choices: {en: Press one.}
nodes:
  choices: {do: menu, prompt: choices, keys: {"1": orders}, default: orders}
  orders: {do: queue, queue: orders}
"""
ORDERS, REPAIRS = QueueId("orders"), QueueId("repairs")
EVA, TOM = AgentId("eva"), AgentId("tom")


@dataclass
class FakeControl:
    """`CallControl` that only remembers: (verb, call or offer, detail)."""

    done: list[tuple[str, str, object]] = field(default_factory=list)
    guests: dict[CallId, OfferId] = field(default_factory=dict)
    "The offer of the one who was rung last into each call."

    def place_call(self, call_id: CallId, target: OutsideTarget, line: str, number: str) -> None:
        self.done.append(("place_call", call_id, (target.number, number)))

    def answer(self, call_id: CallId) -> None:
        self.done.append(("answer", call_id, None))

    def answer_early(self, call_id: CallId) -> None:
        self.done.append(("answer_early", call_id, None))

    def refuse(self, call_id: CallId, status: int, rule: str) -> None:
        self.done.append(("refuse", call_id, status))

    def play(self, call_id: CallId, items: Sequence[str], *, loop: bool = False) -> None:
        self.done.append(("loop" if loop else "play", call_id, list(items)))

    def stop_playing(self, call_id: CallId) -> None:
        self.done.append(("stop_playing", call_id, None))

    def ring_agent(
        self, call_id: CallId, agent_id: AgentId, offer_id: OfferId, *, auto_answer: bool
    ) -> None:
        self.done.append(("ring", offer_id, agent_id))

    def stop_ringing(self, call_id: CallId, offer_id: OfferId, *, taken: bool = False) -> None:
        self.done.append(("stop_ringing", offer_id, None))

    def play_to_agent(self, call_id: CallId, items: Sequence[str]) -> None:
        self.done.append(("play_to_agent", call_id, list(items)))

    def bridge(self, call_id: CallId) -> None:
        self.done.append(("bridge", call_id, None))

    def echo(self, call_id: CallId) -> None:
        self.done.append(("echo", call_id, None))

    def record(self, call_id: CallId, recording_id: RecordingId, file: str) -> None:
        self.done.append(("record", call_id, file))

    def stop_recording(self, call_id: CallId) -> None:
        self.done.append(("stop_recording", call_id, None))

    def pause_recording(self, call_id: CallId, *, on: bool) -> None:
        self.done.append(("pause_recording", call_id, on))

    def take_card(self, call_id: CallId, *, on: bool) -> None:
        self.done.append(("take_card", call_id, on))

    def send_digits(self, call_id: CallId, digits: str) -> None:
        self.done.append(("send_digits", call_id, digits))

    def signal_agent(self, call_id: CallId, items: Sequence[str]) -> None:
        self.done.append(("signal_agent", call_id, list(items)))

    def hang_up(self, call_id: CallId, by: calls.EndedBy, reason: str) -> None:
        self.done.append(("hang_up", call_id, by))

    def record_message(
        self, call_id: CallId, recording_id: RecordingId, file: str, silence_s: float
    ) -> None:
        self.done.append(("record_message", call_id, file))

    def end_message(self, call_id: CallId) -> None:
        self.done.append(("end_message", call_id, None))

    def release_agent(self, call_id: CallId) -> None:
        self.done.append(("release_agent", call_id, None))

    def monitor(self, call_id: CallId, phone: PhoneId, mode: calls.MonitorMode, *, by: str) -> None:
        self.done.append(("monitor", call_id, (phone, mode)))

    def stop_monitor(self, call_id: CallId, phone: PhoneId, reason: str) -> None:
        self.done.append(("stop_monitor", call_id, phone))

    def hold(self, call_id: CallId) -> None:
        self.done.append(("hold", call_id, None))

    def resume(self, call_id: CallId) -> None:
        self.done.append(("resume", call_id, None))

    def consult(self, call_id: CallId, target: GuestTarget) -> None:
        self._invite("consult", call_id, target)

    def transfer(self, call_id: CallId, target: GuestTarget) -> None:
        self._invite("transfer", call_id, target)

    def dial_guest(self, call_id: CallId, target: GuestTarget) -> None:
        self._invite("dial_guest", call_id, target)

    def _invite(self, verb: str, call_id: CallId, target: GuestTarget) -> None:
        self.guests[call_id] = target.offer_id
        whom = target.agent_id if isinstance(target, AgentTarget) else target
        self.done.append((verb, call_id, whom))

    def refuse_consult(self, call_id: CallId, status: int) -> None:
        self.done.append(("refuse_consult", call_id, status))

    def refuse_transfer(self, call_id: CallId, status: int) -> None:
        self.done.append(("refuse_transfer", call_id, status))

    def release_for_transfer(self, call_id: CallId) -> None:
        self.done.append(("release_for_transfer", call_id, None))

    def complete_transfer(self, call_id: CallId) -> None:
        self.done.append(("complete_transfer", call_id, None))

    def conference(self, call_id: CallId) -> None:
        self.done.append(("conference", call_id, None))

    def take_back(self, call_id: CallId) -> None:
        self.done.append(("take_back", call_id, None))

    def verbs(self) -> list[str]:
        return [verb for verb, _, _ in self.done]


class _Prompts:
    def named(self, name: str, languages: Sequence[str]) -> list[str]:
        return [f"{name}.wav"]

    def position(self, position: int, languages: Sequence[str]) -> list[str]:
        return [f"position-{position}.wav"]

    def wait(
        self, expected_s: float | None, is_longer: bool, languages: Sequence[str]
    ) -> list[str]:
        if is_longer:
            return ["wait-longer.wav"]
        return [] if expected_s is None else [f"wait-{expected_s:.0f}.wav"]

    def agent_number(self, number: str, languages: Sequence[str]) -> list[str]:
        return [f"agent-{number}.wav"]


class _Recorder:
    def __init__(self) -> None:
        self.started: list[tuple[CallId, AgentId, QueueId]] = []
        self.ended: list[tuple[RecordingId, bool]] = []

    def start(
        self, call_id: CallId, agent_id: AgentId, queue: QueueId, languages: tuple[str, str]
    ) -> tuple[RecordingId, str]:
        self.started.append((call_id, agent_id, queue))
        return RecordingId(f"r-{call_id}"), f"/recordings/{call_id}.wav"

    def end(self, recording_id: RecordingId, frames: int, complete: bool) -> None:
        self.ended.append((recording_id, complete))


class House:
    """Everything above the switchboard; `now` is moved by `wait`."""

    def __init__(
        self,
        *,
        announce_agent: bool = True,
        blocked: Sequence[str] = (),
        limits: LimitRules | None = None,
        numbers: NumberRules | None = None,
        overflow_to: QueueId | None = None,
        flows: Mapping[str, Flow] | None = None,
        menus: MenuPorts | None = None,
        survey: str = "",
        sticky_s: float = 0.0,
        sticky_within_s: float = 0.0,
        vips: dict[str, str] | None = None,
        line: LineRule | None = None,
        queue_recording: RecordingMode = RecordingMode.ALWAYS,
        recording: RecordingRule | None = None,
        strategy: Strategy = Strategy.LONGEST_IDLE,
    ) -> None:
        self.now = 0.0
        self.control = FakeControl()
        self.recorder = _Recorder()
        self.events: list[HouseEvent] = []
        self.numbers: dict[CallId, str] = {}
        self.over: set[CallId] = set()
        "Calls that have ended and are not told so yet."
        self.own_phones: dict[CallId, tuple[AgentId, str]] = {}
        "Calls of agents' own phones, with what they dialled."
        self.rings: dict[CallId, tuple[OfferId, float]] = {}
        self.erased: set[PartyId] = set()
        self.alarms: dict[tuple[CallId, str], tuple[float, Callable[[], None]]] = {}
        self.offers = 0
        self.conductor = Conductor(self.events.append)
        options = QueueOptions(
            ring_s=15.0,
            wrap_up_s=20.0,
            max_wait_s=600.0,
            sticky_s=sticky_s,
            callbacks=CallbackOptions(),
            strategy=strategy,
        )
        cards = [AgentCard(agent_id=agent, name=agent, number=agent) for agent in (EVA, TOM)]
        queues = {ORDERS: options, REPAIRS: replace(options, skills={"repairs": 1})}
        self.floor = Floor(queues, cards, AgentOptions(auto_ready=True), self._new_id)
        self._limits = Limits(limits or LimitRules())
        self._ivr = Ivr(flows or {"main": parse(FLOW, "flows/main.yaml", "main")[0]})
        rule = QueueRule(
            music="music",
            announce_agent=announce_agent,
            languages=("en",),
            survey=survey,
            sticky_within_s=sticky_within_s,
            recording=queue_recording,
        )
        rules = HouseRules(
            lines={"8000": line or LineRule(flow="main", languages=("en",))},
            queues={
                ORDERS: replace(rule, overflow_to=overflow_to),
                REPAIRS: replace(rule, number="7002"),
            },
            agents={
                EVA: AgentRule(number="1001", auto_answer=False),
                TOM: AgentRule(number="1002", auto_answer=True),
            },
            blocked=blocked,
            vips=vips or {},
            recording=recording or RecordingRule(),
        )
        control = self._control()  # which makes the callers, where it is a real one
        self.regulars = Regulars(rules, self._callers(), lambda: self.now)
        self.journey = Journey(
            rules,
            Parts(
                control=control,
                ivr=self,
                floor=self,
                prompts=_Prompts(),
                recorder=self.recorder,
                callers=self._callers(),
                limits=self,
                ring_times=_RingTimes(self),
                alarms=_Alarms(self),
                numbers=numbers or NoNumbers(),
                menus=menus or MenuPorts(),
                regulars=self.regulars,
            ),
            self.conductor.tell,
        )
        self.conductor.listen(self.regulars.on_event)
        self.conductor.listen(self.journey.on_event)

    def _control(self) -> CallControl:
        return self.control

    def _callers(self) -> Callers:
        return self

    # the floor and the menus, with this house's time

    def feed(self, given: AcdInput) -> None:
        self._tell_all(self.floor.feed(given, self.now))

    def is_current(self, offer_id: OfferId) -> bool:
        return self.floor.is_current(offer_id)

    def agent(self, agent_id: AgentId) -> AgentView:
        return self.floor.agent(agent_id)

    def why_unavailable(self, agent_id: AgentId) -> str:
        return self.floor.why_unavailable(agent_id)

    def check_callback(self, party_id: PartyId, queue: QueueId, in_s: float = 0.0) -> None:
        self.floor.check_callback(party_id, queue, in_s)

    def has_callback(self, callback_id: CallbackId) -> bool:
        return self.floor.has_callback(callback_id)

    # who calls

    def has_call(self, call_id: CallId) -> bool:
        return call_id not in self.over

    def find_caller_number(self, call_id: CallId) -> str | None:
        return self.numbers.get(call_id)

    def find_calling_agent(self, call_id: CallId) -> AgentId | None:
        own = self.own_phones.get(call_id)
        return None if own is None else own[0]

    def find_dialled(self, call_id: CallId) -> str:
        return self.own_phones[call_id][1]

    def party_of(self, number: str) -> PartyId:
        return PartyId(f"p-{number}")

    def find_number(self, party_id: PartyId) -> str | None:
        return None if party_id in self.erased else party_id.removeprefix("p-")

    def start(self, call_id: CallId, flow: str, languages: tuple[str, ...], caller: Caller) -> None:
        self._do(call_id, self._ivr.start(call_id, flow, self.now, languages, caller))

    def answer(self, call_id: CallId, given: Input) -> None:
        self._do(call_id, self._ivr.feed(call_id, given, self.now))

    def digit(self, call_id: CallId, digit: str) -> None:
        self._do(call_id, self._ivr.digit(call_id, digit, self.now))

    def prompt_ended(self, call_id: CallId) -> None:
        self._do(call_id, self._ivr.prompt_ended(call_id, self.now))

    def caller_left(self, call_id: CallId) -> None:
        self._do(call_id, self._ivr.caller_left(call_id, self.now))

    def leads_to(self, queue: QueueId) -> bool:
        return self._ivr.leads_to(queue)

    # the limits

    def admit(self, arrival: Arrival) -> Refusal | None:
        return self._limits.admit(arrival, self.now)

    def take_in(self, arrival: Arrival) -> None:
        self._limits.take_in(arrival, self.now, is_answered=True)

    def answered(self, call_id: CallId) -> None:
        self._limits.answered(call_id, self.now)

    def ended(self, call_id: CallId) -> None:
        self._limits.ended(call_id)

    # what a test does

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self._tell_all(self.floor.tick(self.now))
        for call_id, effects in self._ivr.tick(self.now):
            self._do(call_id, effects)
        for over in self._limits.tick(self.now):
            self.journey.time_up(over)
        for key, (at_s, ring) in list(self.alarms.items()):
            if at_s <= self.now and self.alarms.pop(key, None) is not None:
                ring()
        for rung, (offer_id, until) in list(self.rings.items()):
            if until <= self.now:
                del self.rings[rung]
                self.journey.ring_time_over(rung, offer_id)

    def tell(self, event: HouseEvent) -> None:
        self.conductor.tell(event)

    def phone(self, agent_id: AgentId) -> None:
        self.tell(calls.PhoneChanged(agent_id, registered=True, busy=False))

    def pause(self, agent_id: AgentId) -> None:
        self.feed(Pause(agent_id, "meal"))

    def arrive(self, name: str = "c-1", number: str = "+8613900000001") -> CallId:
        call_id = CallId(name)
        self.numbers[call_id] = number
        self.tell(calls.CallArrived(call_id, PartyId("p-1"), "8000"))
        return call_id

    def queue(self, name: str = "c-1") -> CallId:
        """A caller who has pressed 1."""
        call_id = self.arrive(name)
        self.tell(calls.CallAnswered(call_id))
        self.tell(calls.DigitPressed(call_id, calls.Side.CALLER, "1"))
        return call_id

    def call_from(self, agent_id: AgentId, dialled: str, name: str = "c-own") -> CallId:
        """An agent's own phone calls."""
        call_id = CallId(name)
        self.numbers[call_id] = agent_id
        self.own_phones[call_id] = (agent_id, dialled)
        self.tell(calls.PhoneChanged(agent_id, registered=True, busy=True))
        self.tell(calls.CallArrived(call_id, PartyId("p-own"), ""))
        return call_id

    def kinds(self) -> list[str]:
        return [type(event).__name__ for event in self.events]

    def _new_id(self) -> OfferId:
        self.offers += 1
        return OfferId(f"o-{self.offers}")

    def _tell_all(self, events: list[AcdEvent]) -> None:
        for event in events:
            self.tell(event)

    def _do(self, call_id: CallId, effects: list[Effect]) -> None:
        for effect in effects:
            self.journey.do_ivr(call_id, effect)


class _RingTimes:
    """By the house's time."""

    def __init__(self, house: House) -> None:
        self._house = house

    def set(self, call_id: CallId, offer_id: OfferId, ring_s: float) -> None:
        self._house.rings[call_id] = (offer_id, self._house.now + ring_s)

    def cancel(self, call_id: CallId) -> None:
        self._house.rings.pop(call_id, None)


class _Alarms:
    """By the house's time."""

    def __init__(self, house: House) -> None:
        self._house = house

    def now(self) -> float:
        return self._house.now

    def set(self, call_id: CallId, what: str, at_s: float, ring: Callable[[], None]) -> None:
        self._house.alarms[call_id, what] = (at_s, ring)

    def cancel(self, call_id: CallId, what: str = "") -> None:
        for key in [
            key for key in self._house.alarms if key[0] == call_id and what in ("", key[1])
        ]:
            del self._house.alarms[key]
