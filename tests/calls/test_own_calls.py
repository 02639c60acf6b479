"""Calls that an agent's own phone makes: to an extension, or to a number outside."""

import pytest

from telephony.calls.events import (
    CallEnded,
    CallRefused,
    EndedBy,
    GuestInvited,
    GuestLeft,
    GuestWay,
)
from telephony.calls.kept import read_note
from telephony.media import protocol as media
from telephony.sip import events as sip
from tests.support.guest_talk import CALLER, MUSIC, OFFER, OUTSIDE, RING_BACK, TOM, OwnCall


@pytest.fixture
def call() -> OwnCall:
    return OwnCall()


def test_phone_rings_back_and_is_answered_when_the_guest_picks_up(call: OwnCall) -> None:
    guest = call.dial()
    assert call.told[-1] == GuestInvited(call.call_id, OFFER, GuestWay.DIAL, agent_id=TOM)
    call.board.on_sip(sip.Progressed(guest, 180, b""))
    call.board.on_sip(sip.Progressed(guest, 180, b""))
    assert call.sip.done[-1] == ("progress", CALLER, (180, b""))
    assert call.sip.verbs().count("progress") == 1
    call.board.on_sip(sip.Answered(guest, b"v=0 guest"))
    assert ("accept", CALLER, b"v=0 ours") in call.sip.done
    assert call.names() == ["GuestInvited", "CallAnswered", "GuestJoined"]
    assert call.hears(CALLER) == [guest]
    assert call.hears(guest) == [CALLER]


def test_early_media_of_the_number_outside_is_passed_by_183(call: OwnCall) -> None:
    guest = call.dial(OUTSIDE)
    call.board.on_sip(sip.Progressed(guest, 183, b"v=0 early"))
    assert call.sip.done[-1] == ("progress", CALLER, (183, b"v=0 ours"))
    assert call.hears(CALLER) == [guest]


def test_a_number_outside_may_ring_for_longer_than_a_talk_may_be_silent(call: OwnCall) -> None:
    """Neither the phone that waits nor a network that announces nothing sends anything then."""
    guest = call.dial(OUTSIDE)
    call.board.on_sip(sip.Progressed(guest, 183, b"v=0 early"))
    for leg in (CALLER, guest):
        call.board.on_media_event(media.MediaLost(seq=1, leg=leg, is_silent=True))
    assert call.names() == ["GuestInvited"]
    call.board.on_sip(sip.Answered(guest, b"v=0 guest"))
    assert call.names()[-1] == "GuestJoined"
    holds = [each for each in call.media.of(media.Hold) if isinstance(each, media.Hold)]
    assert [(each.leg, each.on) for each in holds] == [(CALLER, False)], "it counts anew"

    call.board.on_media_event(media.MediaLost(seq=1, leg=CALLER, is_silent=True))
    assert call.names()[-1] == "CallEnded"


def test_a_session_that_is_gone_ends_a_call_that_only_rings(call: OwnCall) -> None:
    call.dial(OUTSIDE)
    call.board.on_media_event(media.MediaLost(seq=0, leg=CALLER))
    assert call.names()[-1] == "CallEnded"


def test_phone_that_was_answered_already_hears_a_ring_back_tone(call: OwnCall) -> None:
    call.board.answer(call.call_id)
    guest = call.dial()
    assert call.hears(CALLER) == [RING_BACK]
    call.board.on_sip(sip.Answered(guest, b"v=0 guest"))
    assert call.hears(CALLER) == [guest]
    assert call.sip.verbs().count("accept") == 1


@pytest.mark.parametrize(("status", "passed_on"), [(486, 486), (302, 480), (503, 503)])
def test_phone_gets_the_guest_s_refusal(call: OwnCall, status: int, passed_on: int) -> None:
    guest = call.dial()
    call.board.on_sip(sip.Refused(guest, status, ""))
    assert call.names() == ["GuestInvited", "GuestLeft", "CallRefused", "CallEnded"]
    [left] = [event for event in call.told if isinstance(event, GuestLeft)]
    assert left.status == status
    [refused] = [event for event in call.told if isinstance(event, CallRefused)]
    assert refused.status == passed_on
    assert ("reject", CALLER, passed_on) in call.sip.done
    assert call.board.count() == 0


def test_guest_who_hangs_up_ends_the_call(call: OwnCall) -> None:
    guest = call.dial()
    call.board.on_sip(sip.Answered(guest, b"v=0 guest"))
    call.board.on_sip(sip.Gone(guest, sip.GoneWhy.BYE))
    assert call.names()[-2:] == ["GuestLeft", "CallEnded"]
    ends = [event for event in call.told if isinstance(event, CallEnded)]
    assert ends == [CallEnded(call.call_id, EndedBy.AGENT, "the guest hung up")]
    assert call.sip.done[-1][:2] == ("hang_up", CALLER)


def test_phone_that_gives_up_cancels_the_guest(call: OwnCall) -> None:
    guest = call.dial()
    call.board.on_sip(sip.Cancelled(CALLER))
    assert call.names() == ["GuestInvited", "GuestLeft", "CallEnded"]
    assert call.sip.done[-1][:2] == ("hang_up", guest)


def test_who_is_held_hears_music(call: OwnCall) -> None:
    guest = call.dial()
    call.board.on_sip(sip.Answered(guest, b"v=0 guest"))
    call.media.direction = "sendonly"
    call.board.on_sip(sip.Reoffered(guest, b"v=0 hold"))
    assert call.hears(CALLER) == [MUSIC]


def test_taken_back_guest_ends_the_call(call: OwnCall) -> None:
    call.dial()
    call.board.take_back(call.call_id)
    assert call.names() == ["GuestInvited", "GuestLeft", "CallRefused", "CallEnded"]


def test_second_guest_and_verbs_of_a_talk_are_nothing_here(call: OwnCall) -> None:
    guest = call.dial()
    call.board.on_sip(sip.Answered(guest, b"v=0 guest"))
    before = len(call.told)
    call.board.hold(call.call_id)
    call.board.complete_transfer(call.call_id)
    call.board.conference(call.call_id)
    call.board.echo(call.call_id)
    assert call.told[before:] == []
    call.board.consult(call.call_id, OUTSIDE)
    assert call.told[before:] == [GuestLeft(call.call_id, OFFER, 491)]
    assert call.hears(CALLER) == [guest]


def test_guest_who_cannot_be_connected_ends_the_call(call: OwnCall) -> None:
    guest = call.dial()
    call.media.refuse[media.Connect] = 481
    call.board.on_sip(sip.Answered(guest, b"v=0 guest"))
    assert call.names()[-2:] == ["GuestLeft", "CallEnded"]


def test_note_of_a_guest_says_what_he_was_rung_for(call: OwnCall) -> None:
    note = read_note(call.sip.noted[call.dial(OUTSIDE)])
    assert note is not None
    assert (note.way, note.party, note.trunk, note.offer) == (
        GuestWay.DIAL,
        OUTSIDE.party_id,
        "carrier",
        OFFER,
    )


def test_phone_that_has_dialled_may_not_transfer(call: OwnCall) -> None:
    guest = call.dial()
    call.board.on_sip(sip.Answered(guest, b"v=0 guest"))
    call.board.on_sip(sip.Referred(CALLER, "anna", "h"))
    assert call.sip.done[-1] == ("refuse_refer", CALLER, 403)
