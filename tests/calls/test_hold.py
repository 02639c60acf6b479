"""Hold by the verb: music for the caller, silence for the agent, told once."""

import pytest

from telephony.calls.events import CallHeld, CallResumed, GuestInvited, Side
from telephony.media import protocol as media
from telephony.sip import events as sip
from tests.support.fake_lines import Lines
from tests.support.guest_talk import CALLER, MUSIC, SILENCE, TO_TOM, GuestTalk


@pytest.fixture
def talk() -> GuestTalk:
    return GuestTalk()


def test_caller_on_hold_hears_music_and_the_agent_silence(talk: GuestTalk) -> None:
    talk.board.hold(talk.call_id)
    assert talk.hears(CALLER) == [MUSIC]
    assert talk.hears(talk.agent) == [SILENCE]
    assert talk.news == [CallHeld(talk.call_id, Side.AGENT)]


def test_resume_gives_both_back_to_each_other(talk: GuestTalk) -> None:
    talk.board.hold(talk.call_id)
    talk.board.resume(talk.call_id)
    assert talk.hears(CALLER) == [talk.agent]
    assert talk.hears(talk.agent) == [CALLER]
    assert talk.news[1:] == [CallResumed(talk.call_id, Side.AGENT)]


def test_second_hold_and_second_resume_are_nothing(talk: GuestTalk) -> None:
    for _ in range(2):
        talk.board.hold(talk.call_id)
    for _ in range(2):
        talk.board.resume(talk.call_id)
    assert talk.names() == ["CallHeld", "CallResumed"]


def test_hold_where_nobody_talks_is_nothing() -> None:
    lines = Lines()
    call_id = lines.invite()
    lines.switchboard.answer(call_id)
    before = len(lines.told)
    lines.switchboard.hold(call_id)
    assert lines.told[before:] == []
    assert lines.media.of(media.Play) == []


def test_side_is_told_held_while_either_verb_or_phone_holds(talk: GuestTalk) -> None:
    talk.board.hold(talk.call_id)
    talk.holds(talk.agent, on=True)
    talk.board.resume(talk.call_id)
    assert talk.names() == ["CallHeld"]
    assert talk.hears(CALLER) == [MUSIC]
    talk.holds(talk.agent, on=False)
    assert talk.names() == ["CallHeld", "CallResumed"]
    assert talk.hears(CALLER) == [talk.agent]


def test_hold_ends_with_the_talk_and_the_next_agent_is_heard(talk: GuestTalk) -> None:
    talk.board.hold(talk.call_id)
    talk.hang_up(talk.agent)
    assert talk.names() == ["CallHeld", "AgentHungUp"]
    assert talk.hears(CALLER) == []


def test_guest_ends_the_hold_before_he_is_told(talk: GuestTalk) -> None:
    talk.board.hold(talk.call_id)
    talk.board.consult(talk.call_id, TO_TOM)
    assert talk.names() == ["CallHeld", "CallResumed", "GuestInvited"]
    assert isinstance(talk.news[-1], GuestInvited)
    assert talk.hears(CALLER) == [MUSIC]
    talk.board.take_back(talk.call_id)
    assert talk.hears(CALLER) == [talk.agent]


def test_hold_by_the_caller_s_phone_is_told_beside_it(talk: GuestTalk) -> None:
    talk.board.hold(talk.call_id)
    talk.holds(CALLER, on=True)
    talk.board.on_sip(sip.Gone(CALLER, sip.GoneWhy.BYE))
    assert talk.news[:2] == [
        CallHeld(talk.call_id, Side.AGENT),
        CallHeld(talk.call_id, Side.CALLER),
    ]


def test_music_that_cannot_be_played_is_silence_and_not_the_agent(talk: GuestTalk) -> None:
    talk.media.refuse[media.Play] = 500
    talk.board.hold(talk.call_id)
    plays = [p.items for p in talk.media.of(media.Play) if isinstance(p, media.Play)]
    assert plays == [[MUSIC], [SILENCE], [SILENCE], [SILENCE]]
