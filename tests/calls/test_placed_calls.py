"""Calls that the centre itself places: dialled first, then as any other."""

import pytest

from foundation.ids import AgentId, CallId, LegId, OfferId, PartyId, RecordingId
from telephony.calls.control import OutsideTarget
from telephony.calls.events import (
    CallAnswered,
    CallEnded,
    CallNotReached,
    CallPlaced,
    EndedBy,
    LegEnded,
)
from telephony.calls.kept import read_note
from telephony.media import protocol as media
from telephony.sip import events as sip
from tests.support.fake_lines import Lines

CALL, PARTY, EVA = CallId("c-back"), PartyId("p-9"), AgentId("eva")
TARGET = OutsideTarget(PARTY, OfferId("o-1"), number="013900000001", trunk="carrier", show="8000")
PLACED = CallPlaced(CALL, PARTY, "8000", "carrier")


def placed() -> tuple[Lines, LegId]:
    lines = Lines()
    lines.switchboard.place_call(CALL, TARGET, "8000", "+8613900000001")
    return lines, lines.sip.last_leg("dial_outside")


def without_figures(lines: Lines) -> list[object]:
    return [event for event in lines.told if not isinstance(event, LegEnded)]


def test_number_is_dialled_by_the_rules_trunk_and_the_call_is_told_once() -> None:
    lines, leg = placed()
    assert ("dial_outside", leg, ("013900000001", "carrier", "8000")) in lines.sip.done
    assert lines.told == [PLACED]
    note = read_note(lines.sip.noted[leg])
    assert note is not None
    assert (note.is_placed, note.party, note.trunk) == (True, PARTY, "carrier")


def test_who_picks_up_is_a_caller_like_any_other() -> None:
    lines, leg = placed()
    board = lines.switchboard
    board.on_sip(sip.Progressed(leg, 180, b""))
    board.on_sip(sip.Answered(leg, b"v=0 theirs"))
    assert lines.told[-1] == CallAnswered(CALL)
    assert board.find_caller_number(CALL) == "+8613900000001"
    board.play(CALL, ["one_moment.wav"])
    board.ring_agent(CALL, EVA, OfferId("o-1"), auto_answer=False)
    board.on_sip(sip.Answered(lines.sip.last_leg("dial"), b"v=0 agent"))
    board.record(CALL, RecordingId("r-1"), "/tmp/r-1.wav")
    board.bridge(CALL)
    assert lines.names()[-2:] == ["AgentPickedUp", "CallBridged"]
    board.hold(CALL)
    board.resume(CALL)
    board.on_sip(sip.Gone(leg, sip.GoneWhy.BYE))
    last = without_figures(lines)[-1]
    assert isinstance(last, CallEnded)
    assert last.by is EndedBy.CALLER
    assert board.is_empty


@pytest.mark.parametrize("status", [404, 408, 480, 486, 503, 603])
def test_who_does_not_answer_is_told_with_the_status(status: int) -> None:
    lines, leg = placed()
    lines.switchboard.on_sip(sip.Refused(leg, status, "no"))
    told = without_figures(lines)
    assert told[:2] == [PLACED, CallNotReached(CALL, status)]
    assert isinstance(told[2], CallEnded)
    assert len(told) == 3
    assert "hang_up" not in lines.sip.verbs()
    assert lines.switchboard.is_empty


def test_given_up_while_it_rings_the_number_is_cancelled() -> None:
    lines, leg = placed()
    lines.switchboard.hang_up(CALL, EndedBy.CENTRE, "rang for too long")
    assert lines.sip.done[-1] == ("hang_up", leg, "rang for too long")
    assert without_figures(lines) == [
        PLACED,
        CallNotReached(CALL, 0),
        CallEnded(CALL, EndedBy.CENTRE, "rang for too long"),
    ]
    lines.switchboard.on_sip(sip.Answered(leg, b"v=0 late"))
    assert CallAnswered(CALL) not in lines.told
    assert lines.switchboard.is_empty


def test_the_answer_to_our_cancel_is_told_no_second_time_while_media_is_slow() -> None:
    lines, leg = placed()
    lines.media.keeps = True
    lines.switchboard.hang_up(CALL, EndedBy.CENTRE, "rang for too long")
    lines.switchboard.on_sip(sip.Refused(leg, 487, "cancelled"))
    lines.media.let_go()
    told = without_figures(lines)
    assert [event for event in told if isinstance(event, CallNotReached)] == [
        CallNotReached(CALL, 0)
    ]
    assert lines.switchboard.is_empty


@pytest.mark.parametrize("request_of", [media.Offer, media.Answer])
def test_without_media_the_call_ends_as_a_fault_and_nobody_is_left_ringing(
    request_of: type,
) -> None:
    lines = Lines()
    lines.media.refuse[request_of] = 503
    lines.switchboard.place_call(CALL, TARGET, "8000", "+8613900000001")
    if request_of is media.Answer:
        leg = lines.sip.last_leg("dial_outside")
        lines.switchboard.on_sip(sip.Answered(leg, b"v=0 theirs"))
        assert lines.sip.done[-1] == ("hang_up", leg, "refused")
    else:
        assert "dial_outside" not in lines.sip.verbs()
    told = without_figures(lines)
    assert told == [PLACED, CallNotReached(CALL, 0), CallEnded(CALL, EndedBy.FAULT, "refused")]
    assert lines.switchboard.is_empty


def test_verbs_for_an_unanswered_caller_are_nothing() -> None:
    lines, leg = placed()
    board = lines.switchboard
    before = len(lines.sip.done)
    board.answer(CALL)
    board.answer_early(CALL)
    board.refuse(CALL, 486, "busy")
    assert len(lines.sip.done) == before
    board.on_sip(sip.Answered(leg, b"v=0 theirs"))
    board.on_sip(sip.Answered(leg, b"v=0 again"))
    assert lines.told.count(CallAnswered(CALL)) == 1
