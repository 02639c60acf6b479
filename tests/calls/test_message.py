"""A caller who is in no talk: his message is recorded, and somebody is rung for him."""

import pytest

from foundation.ids import LegId, RecordingId
from telephony.calls.events import CallEnded, EndedBy, GuestLeft, TalkRecorded
from telephony.calls.options import CallOptions
from telephony.media import protocol as media
from telephony.sip import events as sip
from tests.support.fake_lines import Lines
from tests.support.guest_talk import CALLER, MUSIC, OFFER, OwnCall

MESSAGE = RecordingId("vm-sales-1")


@pytest.fixture
def lines() -> Lines:
    made = Lines(CallOptions(hold_music=(MUSIC,)))
    call_id = made.invite(CALLER)
    made.switchboard.answer(call_id)
    return made


def asked(lines: Lines, kind: type[media.Tap] | type[media.Untap]) -> list[object]:
    return [one for one in lines.media.asked if isinstance(one, kind)]


def begin(lines: Lines) -> None:
    [call_id] = lines.switchboard.call_ids()
    lines.switchboard.record_message(call_id, MESSAGE, "/tmp/1.wav", 4.0)


def test_caller_alone_is_recorded_until_he_is_silent(lines: Lines) -> None:
    begin(lines)
    assert asked(lines, media.Tap) == [
        media.Tap(
            rid=0, tap_id=MESSAGE, left=CALLER, right=CALLER, file="/tmp/1.wav", silence_s=4.0
        )
    ]


def test_message_is_ended_by_command_and_before_the_caller_is_released(lines: Lines) -> None:
    begin(lines)
    [call_id] = lines.switchboard.call_ids()
    lines.switchboard.end_message(call_id)
    lines.switchboard.end_message(call_id)
    assert len(asked(lines, media.Untap)) == 1
    begin(lines)
    lines.switchboard.on_sip(sip.Gone(CALLER, sip.GoneWhy.BYE))
    ends = [one for one in lines.media.asked if isinstance(one, media.Untap | media.Release)]
    assert [type(one).__name__ for one in ends] == ["Untap", "Untap", "Release"]


def test_message_of_a_call_that_is_gone_is_told_closed_and_empty(lines: Lines) -> None:
    [call_id] = lines.switchboard.call_ids()
    lines.switchboard.on_sip(sip.Gone(CALLER, sip.GoneWhy.BYE))
    lines.switchboard.record_message(call_id, MESSAGE, "/tmp/1.wav", 4.0)
    assert lines.told[-1] == TalkRecorded(MESSAGE, 0, complete=False)


# -- somebody is rung for a caller who has been answered ---------------------------------------


@pytest.fixture
def caller() -> OwnCall:
    made = OwnCall()
    made.board.answer(made.call_id)
    return made


def test_guest_who_does_not_come_leaves_the_caller_where_he_is(caller: OwnCall) -> None:
    guest = caller.dial()
    caller.board.on_sip(sip.Refused(guest, 486, ""))
    assert GuestLeft(caller.call_id, OFFER, 486) in caller.told
    assert "CallEnded" not in caller.names()
    assert caller.board.count() == 1
    again = caller.dial()
    caller.board.on_sip(sip.Answered(again, b"v=0 guest"))
    assert caller.hears(CALLER) == [again]


def test_guest_who_is_sent_away_while_he_rings_leaves_the_caller(caller: OwnCall) -> None:
    guest = caller.dial()
    caller.board.take_back(caller.call_id)
    assert ("hang_up", guest) in [(verb, leg) for verb, leg, _ in caller.sip.done]
    assert caller.names()[-1] == "GuestLeft"
    assert caller.board.count() == 1


def test_prompt_that_plays_is_cut_when_the_guest_picks_up(caller: OwnCall) -> None:
    caller.board.play(caller.call_id, ["moment.wav"])
    guest = caller.dial()
    caller.board.on_sip(sip.Answered(guest, b"v=0 guest"))
    assert caller.hears(CALLER) == [guest]


def test_guest_who_hangs_up_after_the_talk_ends_the_call(caller: OwnCall) -> None:
    guest = caller.dial()
    caller.board.on_sip(sip.Answered(guest, b"v=0 guest"))
    caller.board.on_sip(sip.Gone(LegId(guest), sip.GoneWhy.BYE))
    ends = [event for event in caller.told if isinstance(event, CallEnded)]
    assert ends == [CallEnded(caller.call_id, EndedBy.AGENT, "the guest hung up")]
