"""Each call's story in the log, and its times once at the end."""

import logging

import pytest

from acd.events import (
    AgentOffered,
    CallbackDue,
    CallbackFailure,
    CallbackGivenUp,
    CallbackQueued,
    CallbackReached,
    CallbackUnreached,
    CallOverflowed,
    CallPromoted,
    CallQueued,
    OverflowCause,
    Priority,
    TalkTaken,
)
from callcenter.conduct.narrator import Narrator
from callcenter.events import CallSentOn, HandoverRefused, Wish
from foundation.ids import AgentId, CallbackId, CallId, OfferId, PartyId, QueueId
from telephony.calls.events import (
    CallArrived,
    CallEnded,
    CallNotReached,
    CallPlaced,
    EndedBy,
    GuestInvited,
    GuestLeft,
    GuestWay,
)

CALL = CallId("c-1")


def test_story_begins_with_the_call_and_ends_with_its_times(
    caplog: pytest.LogCaptureFixture,
) -> None:
    times = iter([10.0, 10.25, 10.5, 12.0])
    narrator = Narrator(lambda: next(times))
    with caplog.at_level(logging.INFO):
        narrator.on_event(CallArrived(CALL, PartyId("p-1"), "8000"))
        narrator.on_event(CallQueued(CALL, QueueId("orders")))
        narrator.on_event(AgentOffered(CALL, QueueId("orders"), AgentId("eva"), OfferId("o-1")))
        narrator.on_event(CallEnded(CALL, EndedBy.CALLER, "bye"))
    assert caplog.messages == [
        "[c-1] - CallArrived on 8000",
        "[c-1] - CallQueued in orders",
        "[c-1] - AgentOffered eva",
        "[c-1] ended by caller: bye; CallQueued 250, AgentOffered 500, end 2000 ms",
    ]


def test_handovers_are_told_with_their_rule_and_without_numbers(
    caplog: pytest.LogCaptureFixture,
) -> None:
    narrator, offer, tom = Narrator(lambda: 0.0), OfferId("g-1"), AgentId("tom")
    with caplog.at_level(logging.INFO):
        for event in (
            HandoverRefused(CALL, AgentId("eva"), Wish.TRANSFER, 403, "outbound: premium"),
            GuestInvited(CALL, offer, GuestWay.TRANSFER, None, PartyId("p-secret"), "north"),
            GuestLeft(CALL, offer, 486),
            GuestInvited(CALL, offer, GuestWay.CONSULT, tom),
            TalkTaken(CALL, QueueId("orders"), tom),
            CallSentOn(CALL, tom, "line:8000"),
        ):
            narrator.on_event(event)
    assert [message.removeprefix("[c-1] - ") for message in caplog.messages] == [
        "HandoverRefused eva, transfer, 403: outbound: premium",
        "GuestInvited transfer: outside by north",
        "GuestLeft 486",
        "GuestInvited consult: tom",
        "TalkTaken tom",
        "CallSentOn tom to line:8000",
    ]


def test_party_is_never_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        Narrator(lambda: 0.0).on_event(CallArrived(CALL, PartyId("p-secret"), "8000"))
    assert "p-secret" not in caplog.text


def test_callers_who_are_put_forward_or_moved_are_told(caplog: pytest.LogCaptureFixture) -> None:
    narrator, orders, moved = Narrator(lambda: 0.0), QueueId("orders"), OverflowCause.MOVED
    with caplog.at_level(logging.INFO):
        narrator.on_event(CallPromoted(CALL, orders, Priority.P1, "gold"))
        narrator.on_event(CallPromoted(CALL, orders, Priority.P3))
        narrator.on_event(CallOverflowed(CALL, orders, moved, QueueId("help"), 9.0))
    assert caplog.messages == [
        "[c-1] - CallPromoted P1 gold",
        "[c-1] - CallPromoted P3",
        "[c-1] - CallOverflowed moved to help",
    ]


def test_a_callbacks_story_is_told_by_its_id(caplog: pytest.LogCaptureFixture) -> None:
    promise, party, orders = CallbackId("b-1"), PartyId("p-1"), QueueId("orders")
    eva, offer, busy = AgentId("eva"), OfferId("o-1"), CallbackFailure.BUSY
    narrator = Narrator(lambda: 0.0)
    with caplog.at_level(logging.INFO):
        narrator.on_event(CallbackQueued(promise, party, orders))
        narrator.on_event(CallbackDue(promise, party, orders, eva, offer))
        narrator.on_event(CallPlaced(CALL, party, "", "carrier"))
        narrator.on_event(CallNotReached(CALL, 486))
        narrator.on_event(CallbackUnreached(promise, orders, eva, offer, busy, 1))
        narrator.on_event(CallbackReached(promise, orders, CALL))
        narrator.on_event(
            CallbackGivenUp(promise, orders, CallbackFailure.NOT_ALLOWED, "outbound: premium")
        )
    assert caplog.messages == [
        "[b-1] - CallbackQueued in orders",
        "[b-1] - CallbackDue eva",
        "[c-1] - CallPlaced by carrier",
        "[c-1] - CallNotReached 486",
        "[b-1] - CallbackUnreached busy, tries: 1",
        "[b-1] - CallbackReached by c-1",
        "[b-1] - CallbackGivenUp not_allowed outbound: premium",
    ]
