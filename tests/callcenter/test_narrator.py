"""Each call's story in the log, and its times once at the end."""

import logging

import pytest

from acd.events import AgentOffered, CallQueued, TalkTaken
from callcenter.events import CallSentOn, HandoverRefused, Wish
from callcenter.narrator import Narrator
from foundation.ids import AgentId, CallId, OfferId, PartyId, QueueId
from telephony.calls.events import (
    CallArrived,
    CallEnded,
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
