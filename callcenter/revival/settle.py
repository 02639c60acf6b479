"""After a crash: what the journal shows as unfinished, and the facts that finish it.

Core reads its journal at the start; whatever was open when the last core died is ended here, so
that every visit to a queue has its outcome, every call its end and no agent stays in a state that
nobody will ever end.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from acd.agent import is_on_leave
from acd.events import (
    AgentAnswered,
    AgentChanged,
    AgentState,
    CallAbandoned,
    CallLeftForCallback,
    CallLost,
    CallOverflowed,
    CallQueued,
    SurgeChanged,
    TalkEnded,
    TalkTaken,
)
from acd.inputs import AcdInput, Pause, Ready, SignIn
from foundation.ids import AgentId, CallId, OfferId, PhoneId, QueueId
from telephony.calls.events import (
    CallArrived,
    CallEnded,
    CallPlaced,
    EndedBy,
    GuestInvited,
    GuestLeft,
    MonitorEnded,
    MonitorStarted,
    TalkTransferred,
)

REASON = "the centre was restarted"
HISTORY = timedelta(days=2)
"What is read of the journal: no call and no shift is longer."


@dataclass
class OpenEnds:
    """What has begun and not ended."""

    calls: dict[CallId, None] = field(default_factory=dict)
    "In order of arrival."
    waiting: dict[CallId, QueueId] = field(default_factory=dict)
    talks: dict[CallId, tuple[QueueId, AgentId]] = field(default_factory=dict)
    guests: dict[CallId, OfferId] = field(default_factory=dict)
    monitors: dict[tuple[CallId, PhoneId], None] = field(default_factory=dict)
    agents: dict[AgentId, AgentChanged] = field(default_factory=dict)
    "How each was last."
    surging: dict[QueueId, None] = field(default_factory=dict)
    "Queues that have called in their backup agents."

    def take(self, event: object) -> None:
        match event:
            case CallArrived(call_id) | CallPlaced(call_id):
                self.calls[call_id] = None
            case CallEnded(call_id):
                self.calls.pop(call_id, None)
            case CallQueued(call_id, queue):
                self.waiting[call_id] = queue
            case AgentAnswered(call_id, queue, agent_id):
                self.waiting.pop(call_id, None)
                self.talks[call_id] = (queue, agent_id)
            case (
                CallAbandoned(call_id)
                | CallOverflowed(call_id)
                | CallLeftForCallback(call_id)
                | CallLost(call_id)
            ):
                self.waiting.pop(call_id, None)
            case AgentChanged(agent_id):
                self.agents[agent_id] = event
            case SurgeChanged(queue, is_on):
                self.surging.pop(queue, None)
                self.surging |= {queue: None} if is_on else {}
            case _:
                self._take_of_talk(event)

    def _take_of_talk(self, event: object) -> None:
        match event:
            case TalkTaken(call_id, queue, agent_id):
                self.talks[call_id] = (queue, agent_id)
            case TalkEnded(call_id):
                self.talks.pop(call_id, None)
            case GuestInvited(call_id, offer_id):
                self.guests[call_id] = offer_id
            case GuestLeft(call_id) | TalkTransferred(call_id):
                self.guests.pop(call_id, None)
            case MonitorStarted(call_id, phone):
                self.monitors[call_id, phone] = None
            case MonitorEnded(call_id, phone):
                self.monitors.pop((call_id, phone), None)
            case _:
                pass


def find_open_ends(events: Iterable[object]) -> OpenEnds:
    ends = OpenEnds()
    for event in events:
        ends.take(event)
    return ends


def end_monitors(ends: OpenEnds) -> list[object]:
    """Whoever listened has lost the leg with the core that knew it, also when the talk goes on."""
    return [MonitorEnded(call_id, phone, REASON) for call_id, phone in ends.monitors]


def settle(ends: OpenEnds) -> list[object]:
    """Facts that end what is open, in an order that folds take.

    Visits, rushes, supervisors, guests, talks, calls, agents.
    """
    facts: list[object] = []
    facts += [CallLost(call_id, queue) for call_id, queue in ends.waiting.items()]
    facts += [SurgeChanged(queue, is_on=False) for queue in ends.surging]
    facts += end_monitors(ends)
    facts += [GuestLeft(call_id, offer_id) for call_id, offer_id in ends.guests.items()]
    facts += [TalkEnded(call_id, queue, agent) for call_id, (queue, agent) in ends.talks.items()]
    facts += [CallEnded(call_id, EndedBy.FAULT, REASON) for call_id in ends.calls]
    facts += [gone_home(last) for last in ends.agents.values() if last.state is not AgentState.OFF]
    return facts


def gone_home(last: AgentChanged) -> AgentChanged:
    """Without a phone. With the pause's reason, as the floor tells it, whose phone comes back to a
    pause of the agent's own comes back to that."""
    left_for = last.reason if is_on_leave(last.state, last.reason) else ""
    return AgentChanged(last.agent_id, AgentState.OFF, left_for)


def seat(last: AgentChanged) -> list[AcdInput]:
    """What brings an agent back to how he was: the crash was ours, nobody should sign in again.

    Who rang, talked or wrapped up is free, since that call is over.
    """
    agent_id = last.agent_id
    match last.state:
        case AgentState.OFF:
            return []
        case AgentState.PAUSED:
            return [SignIn(agent_id), Pause(agent_id, last.reason)]
        case _:
            return [SignIn(agent_id), Ready(agent_id)]
