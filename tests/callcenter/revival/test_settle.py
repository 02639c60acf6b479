"""Whatever a crash left open is ended exactly once."""

import pytest

from acd.events import (
    AgentAnswered,
    AgentChanged,
    AgentState,
    CallAbandoned,
    CallLost,
    CallQueued,
    SurgeChanged,
    TalkEnded,
    TalkTaken,
)
from acd.floor import Floor
from acd.inputs import PhoneChanged
from acd.options import AgentCard, AgentOptions
from callcenter.revival.settle import REASON, end_monitors, find_open_ends, seat, settle
from foundation.ids import AgentId, CallId, OfferId, PartyId, PhoneId, QueueId
from telephony.calls.events import (
    CallArrived,
    CallEnded,
    EndedBy,
    GuestInvited,
    GuestLeft,
    GuestWay,
    MonitorEnded,
    MonitorMode,
    MonitorStarted,
    TalkTransferred,
)

ORDERS = QueueId("orders")
EVA = AgentId("eva")
WAITS, TALKS, ENDED = CallId("c-waits"), CallId("c-talks"), CallId("c-ended")

STORY: list[object] = [
    AgentChanged(EVA, AgentState.READY),
    *[CallArrived(call_id, PartyId("p-1"), "8000") for call_id in (WAITS, TALKS, ENDED)],
    *[CallQueued(call_id, ORDERS) for call_id in (WAITS, TALKS, ENDED)],
    AgentAnswered(TALKS, ORDERS, EVA),
    AgentChanged(EVA, AgentState.TALKING, call_id=TALKS),
    MonitorStarted(TALKS, PhoneId("boss"), "sue", MonitorMode.LISTEN),
    MonitorStarted(TALKS, PhoneId("chief"), "sue", MonitorMode.LISTEN),
    MonitorEnded(TALKS, PhoneId("chief"), "stopped by sue"),
    CallAbandoned(ENDED, ORDERS),
    CallEnded(ENDED, EndedBy.CALLER, "bye"),
]


def test_crash_ends_waiting_talking_and_agents_once_each() -> None:
    assert settle(find_open_ends(STORY)) == [
        CallLost(WAITS, ORDERS),
        MonitorEnded(TALKS, PhoneId("boss"), REASON),
        TalkEnded(TALKS, ORDERS, EVA),
        CallEnded(WAITS, EndedBy.FAULT, REASON),
        CallEnded(TALKS, EndedBy.FAULT, REASON),
        AgentChanged(EVA, AgentState.OFF),
    ]


def test_rush_is_over_with_the_machine_and_backup_agents_are_let_go() -> None:
    rush, over = SurgeChanged(ORDERS, is_on=True), SurgeChanged(ORDERS, is_on=False)
    assert settle(find_open_ends([rush])) == [over]
    assert settle(find_open_ends([rush, over])) == []


def test_settled_journal_has_no_open_ends() -> None:
    facts = settle(find_open_ends(STORY))
    assert settle(find_open_ends([*STORY, *facts])) == []


def test_talk_that_was_handed_over_is_ended_for_who_has_it_and_guests_have_left() -> None:
    tom, consulted, asked = AgentId("tom"), OfferId("g-1"), OfferId("g-2")
    story = [
        *STORY,
        GuestInvited(TALKS, consulted, GuestWay.CONSULT, tom),
        TalkTransferred(TALKS, consulted),
        TalkEnded(TALKS, ORDERS, EVA),
        TalkTaken(TALKS, ORDERS, tom),
        GuestInvited(TALKS, asked, GuestWay.TRANSFER, EVA),
    ]
    facts = settle(find_open_ends(story))
    assert TalkEnded(TALKS, ORDERS, tom) in facts
    assert TalkEnded(TALKS, ORDERS, EVA) not in facts
    assert GuestLeft(TALKS, asked) in facts
    assert settle(find_open_ends([*story, *facts])) == []


@pytest.mark.parametrize("auto_ready", [True, False])
@pytest.mark.parametrize(
    ("was", "reason", "is_", "is_for"),
    [
        (AgentState.OFF, "", None, ""),
        (AgentState.READY, "", AgentState.READY, ""),
        (AgentState.RINGING, "", AgentState.READY, ""),
        (AgentState.TALKING, "", AgentState.READY, ""),
        (AgentState.WRAP_UP, "", AgentState.READY, ""),
        (AgentState.PAUSED, "meal", AgentState.PAUSED, "meal"),
        (AgentState.PAUSED, "rona", AgentState.PAUSED, "rona"),
    ],
)
def test_agent_is_back_as_before_and_free_of_the_call_that_is_over(
    was: AgentState, reason: str, is_: AgentState | None, is_for: str, auto_ready: bool
) -> None:
    card = AgentCard(agent_id=EVA, name="Eva", skills={})
    floor = Floor({}, [card], AgentOptions(auto_ready=auto_ready))
    floor.feed(PhoneChanged(EVA, registered=True, busy=False), 0.0)
    first = floor.state_of(EVA)
    ends = find_open_ends([AgentChanged(EVA, AgentState.READY), AgentChanged(EVA, was, reason)])

    for given in seat(ends.agents[EVA]):
        floor.feed(given, 0.0)

    assert floor.state_of(EVA) is (is_ or first)
    assert floor.agents()[0].reason == is_for


def test_listening_ends_with_the_core_also_when_the_talk_goes_on() -> None:
    ends = find_open_ends(STORY)
    assert end_monitors(ends) == [MonitorEnded(TALKS, PhoneId("boss"), REASON)]
    assert end_monitors(find_open_ends([*STORY, *end_monitors(ends)])) == []
