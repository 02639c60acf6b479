"""Whatever a crash left open is ended exactly once."""

from acd.events import (
    AgentAnswered,
    AgentChanged,
    AgentState,
    CallAbandoned,
    CallLost,
    CallQueued,
    TalkEnded,
)
from callcenter.settle import REASON, find_open_ends, settle
from foundation.ids import AgentId, CallId, PartyId, QueueId
from telephony.calls.events import CallArrived, CallEnded, EndedBy

ORDERS = QueueId("orders")
EVA = AgentId("eva")
WAITS, TALKS, ENDED = CallId("c-waits"), CallId("c-talks"), CallId("c-ended")

STORY: list[object] = [
    AgentChanged(EVA, AgentState.READY),
    *[CallArrived(call_id, PartyId("p-1"), "8000") for call_id in (WAITS, TALKS, ENDED)],
    *[CallQueued(call_id, ORDERS) for call_id in (WAITS, TALKS, ENDED)],
    AgentAnswered(TALKS, ORDERS, EVA),
    AgentChanged(EVA, AgentState.TALKING, call_id=TALKS),
    CallAbandoned(ENDED, ORDERS),
    CallEnded(ENDED, EndedBy.CALLER, "bye"),
]


def test_crash_ends_waiting_talking_and_agents_once_each() -> None:
    assert settle(find_open_ends(STORY)) == [
        CallLost(WAITS, ORDERS),
        TalkEnded(TALKS, ORDERS, EVA),
        CallEnded(WAITS, EndedBy.FAULT, REASON),
        CallEnded(TALKS, EndedBy.FAULT, REASON),
        AgentChanged(EVA, AgentState.OFF),
    ]


def test_settled_journal_has_no_open_ends() -> None:
    facts = settle(find_open_ends(STORY))
    assert settle(find_open_ends([*STORY, *facts])) == []
