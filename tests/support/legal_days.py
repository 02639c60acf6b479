"""Random legal stretches of a call centre's journal, for property tests: hypothesis draws, a small
model of the floor says what may happen next."""

from dataclasses import dataclass, field

from hypothesis import strategies as st

from acd.events import (
    AgentAnswered,
    AgentChanged,
    AgentState,
    CallAbandoned,
    CallbackQueued,
    CallLeftForCallback,
    CallLost,
    CallOverflowed,
    CallQueued,
    TalkEnded,
    TalkTaken,
)
from foundation.ids import AgentId, CallbackId, CallId, PartyId, QueueId
from telephony.calls.events import CallArrived, CallBridged, CallEnded, EndedBy
from tests.support.fake_core import record
from wallboard.fold.board import BoardEvent, BoardRecord

QUEUES = [QueueId("orders"), QueueId("repairs")]
AGENTS = [AgentId("ann"), AgentId("bob"), AgentId("eve")]
CHOICES = {
    "pause": AgentState.PAUSED,
    "be ready": AgentState.READY,
    "go home": AgentState.OFF,
}
"What an agent who has no call does."


@dataclass
class _Floor:
    """Who is where; enough to draw a legal next step."""

    arrived: list[CallId] = field(default_factory=list)
    waiting: dict[CallId, QueueId] = field(default_factory=dict)
    talking: dict[CallId, tuple[QueueId, AgentId]] = field(default_factory=dict)
    handed: dict[CallId, QueueId] = field(default_factory=dict)
    "Callers whose agent has gone, and who wait for a guest."
    wrapping: list[AgentId] = field(default_factory=list)
    calls: int = 0

    def free_agents(self) -> list[AgentId]:
        busy = [agent for _, agent in self.talking.values()] + self.wrapping
        return [agent for agent in AGENTS if agent not in busy]

    def steps(self) -> list[str]:
        steps = ["arrive"]
        steps += ["queue"] * bool(self.arrived)
        steps += ["abandon", "overflow", "requeue", "lose", "leave"] * bool(self.waiting)
        steps += ["answer"] * bool(self.waiting and self.free_agents())
        steps += ["end talk", "end talk without wrap-up", "restart"] * bool(self.talking)
        steps += ["send to queue", "hand over"] * bool(self.talking)
        steps += ["transfer"] * bool(self.talking and self.free_agents())
        steps += ["fail to hand over"] * bool(self.handed)
        steps += ["take over"] * bool(self.handed and self.free_agents())
        steps += ["end wrap-up"] * bool(self.wrapping)
        steps += ["pause", "be ready", "go home"] * bool(self.free_agents())
        return steps


@st.composite
def legal_days(draw: st.DrawFn, start_s: float, most_steps: int = 60) -> list[BoardRecord]:
    """Records from `start_s` on; steps are up to twenty minutes apart, so days may turn."""
    floor, at_s = _Floor(), start_s
    records: list[BoardRecord] = []
    for _ in range(draw(st.integers(1, most_steps))):
        at_s += draw(st.floats(0, 1200, allow_subnormal=False))
        for event in _step(draw, floor, draw(st.sampled_from(floor.steps()))):
            records.append(record(len(records) + 1, at_s, event))
    return records


def _step(draw: st.DrawFn, floor: _Floor, step: str) -> list[BoardEvent]:
    match step:
        case "arrive":
            floor.calls += 1
            call_id = CallId(f"c-{floor.calls}")
            floor.arrived.append(call_id)
            return [CallArrived(call_id, PartyId("p-1"), "8000")]
        case "queue":
            call_id = floor.arrived.pop(draw(st.integers(0, len(floor.arrived) - 1)))
            floor.waiting[call_id] = draw(st.sampled_from(QUEUES))
            return [CallQueued(call_id, floor.waiting[call_id])]
        case "end wrap-up":
            return [AgentChanged(floor.wrapping.pop(0), AgentState.READY)]
        case "pause" | "be ready" | "go home":
            agent = draw(st.sampled_from(floor.free_agents()))
            return [AgentChanged(agent, CHOICES[step], "meal" if step == "pause" else "")]
        case "restart":
            return _restart(floor)
        case "transfer" | "send to queue" | "hand over":
            return _leave_talk(draw, floor, step)
        case "take over" | "fail to hand over":
            return _after_handing(draw, floor, step)
        case "answer" | "abandon" | "overflow" | "requeue" | "lose" | "leave":
            return _outcome(draw, floor, step)
        case _:
            return _talk_ended(draw, floor, step)


def _outcome(draw: st.DrawFn, floor: _Floor, step: str) -> list[BoardEvent]:
    call_id = draw(st.sampled_from(sorted(floor.waiting)))
    queue = floor.waiting.pop(call_id)
    by_caller = CallEnded(call_id, EndedBy.CALLER, "BYE")
    match step:
        case "abandon":
            # Both orders are seen: the call's end is told by another part than the visit's.
            facts: list[BoardEvent] = [by_caller, CallAbandoned(call_id, queue)]
            return facts if draw(st.booleans()) else facts[::-1]
        case "overflow":
            return [CallOverflowed(call_id, queue), CallEnded(call_id, EndedBy.CENTRE, "too long")]
        case "requeue":
            floor.waiting[call_id] = draw(st.sampled_from(QUEUES))
            return [CallOverflowed(call_id, queue), CallQueued(call_id, floor.waiting[call_id])]
        case "leave":
            promise = CallbackId(f"b-{call_id}")
            return [
                CallLeftForCallback(call_id, queue, promise),
                CallbackQueued(promise, PartyId("p-1"), queue),
                by_caller,
            ]
        case "lose":
            return [CallLost(call_id, queue), CallEnded(call_id, EndedBy.FAULT, "fault")]
        case _:
            agent = draw(st.sampled_from(floor.free_agents()))
            floor.talking[call_id] = (queue, agent)
            return [
                AgentChanged(agent, AgentState.RINGING, "", call_id),
                AgentAnswered(call_id, queue, agent),
                AgentChanged(agent, AgentState.TALKING, "", call_id),
                # Not when somebody hangs up during the announcement.
                *[CallBridged(call_id, agent)] * draw(st.booleans()),
            ]


def _talk_ended(draw: st.DrawFn, floor: _Floor, step: str) -> list[BoardEvent]:
    call_id = draw(st.sampled_from(sorted(floor.talking)))
    queue, agent = floor.talking.pop(call_id)
    wraps_up = step == "end talk"
    if wraps_up:
        floor.wrapping.append(agent)
    after = AgentState.WRAP_UP if wraps_up else AgentState.READY
    return [
        TalkEnded(call_id, queue, agent),
        AgentChanged(agent, after),
        CallEnded(call_id, EndedBy.CALLER, "BYE"),
    ]


def _leave_talk(draw: st.DrawFn, floor: _Floor, step: str) -> list[BoardEvent]:
    """The agent's part ends and the call does not."""
    call_id = draw(st.sampled_from(sorted(floor.talking)))
    queue, agent = floor.talking[call_id]
    taken = _take(draw, floor, call_id, queue) if step == "transfer" else []
    ended: list[BoardEvent] = [
        TalkEnded(call_id, queue, agent),
        AgentChanged(agent, AgentState.WRAP_UP, "", call_id),
    ]
    floor.wrapping.append(agent)
    match step:
        case "transfer":
            return [*taken[:-1], *ended, taken[-1]]
        case "send to queue":
            del floor.talking[call_id]
            floor.waiting[call_id] = draw(st.sampled_from(QUEUES))
            return [*ended, CallQueued(call_id, floor.waiting[call_id], 0, True)]
        case _:
            del floor.talking[call_id]
            floor.handed[call_id] = queue
            return ended


def _after_handing(draw: st.DrawFn, floor: _Floor, step: str) -> list[BoardEvent]:
    call_id = draw(st.sampled_from(sorted(floor.handed)))
    queue = floor.handed.pop(call_id)
    if step == "take over":
        return _take(draw, floor, call_id, queue)
    if draw(st.booleans()):
        return [CallEnded(call_id, EndedBy.CALLER, "BYE")]
    floor.waiting[call_id] = queue
    return [CallQueued(call_id, queue, 0, True)]


def _take(draw: st.DrawFn, floor: _Floor, call_id: CallId, queue: QueueId) -> list[BoardEvent]:
    guest = draw(st.sampled_from(floor.free_agents()))
    floor.talking[call_id] = (queue, guest)
    return [
        AgentChanged(guest, AgentState.RINGING, "", call_id),
        AgentChanged(guest, AgentState.TALKING, "", call_id),
        TalkTaken(call_id, queue, guest),
    ]


def _restart(floor: _Floor) -> list[BoardEvent]:
    """What a new core journals for whatever the old one left open."""
    facts: list[BoardEvent] = [CallLost(call, queue) for call, queue in floor.waiting.items()]
    facts += [TalkEnded(call, queue, agent) for call, (queue, agent) in floor.talking.items()]
    open_calls = [*floor.arrived, *floor.waiting, *floor.talking, *floor.handed]
    facts += [CallEnded(call, EndedBy.FAULT, "the centre was restarted") for call in open_calls]
    facts += [AgentChanged(agent, AgentState.OFF) for agent in AGENTS]
    floor.arrived, floor.waiting, floor.talking, floor.wrapping = [], {}, {}, []
    floor.handed = {}
    return facts
