"""Supervisors at a talk that gets a guest: the caller hears nobody whom he must not hear."""

import pytest

from foundation.ids import AgentId, LegId, OfferId
from telephony.calls.control import AgentTarget
from telephony.calls.events import MonitorEnded, MonitorMode
from telephony.media import protocol as media
from telephony.sip import events as sip
from tests.support.ears import Ears, ears
from tests.support.listened_talk import CALLER, ListenedTalk

LISTEN, WHISPER, BARGE = MonitorMode.LISTEN, MonitorMode.WHISPER, MonitorMode.BARGE
TO_TOM = AgentTarget(AgentId("tom"), OfferId("o-guest"))


@pytest.fixture
def talk() -> ListenedTalk:
    return ListenedTalk()


def consult(talk: ListenedTalk) -> LegId:
    talk.board.consult(talk.call_id, TO_TOM)
    guest = talk.sip.last_leg("dial")
    talk.board.on_sip(sip.Answered(guest, b"v=0 guest"))
    return guest


def heard(talk: ListenedTalk) -> Ears:
    return ears(talk.media.asked)


@pytest.mark.parametrize("mode", MonitorMode)
def test_caller_hears_neither_guest_nor_supervisor_in_a_consultation(
    talk: ListenedTalk, mode: MonitorMode
) -> None:
    talk.listen(mode)
    consult(talk)
    assert heard(talk).of(CALLER) == ["music.wav"]
    assert heard(talk).reachable(CALLER) == []


def test_barge_that_begins_in_a_consultation_is_not_for_the_caller(talk: ListenedTalk) -> None:
    guest = consult(talk)
    boss = talk.listen(BARGE)
    assert heard(talk).reachable(CALLER) == []
    assert heard(talk).of(talk.agent) == sorted([guest, boss])
    talk.board.take_back(talk.call_id)
    assert heard(talk).of(CALLER) == sorted([talk.agent, boss])


def test_agent_hears_guest_and_whisper_and_the_guest_no_supervisor(talk: ListenedTalk) -> None:
    boss = talk.listen(WHISPER)
    guest = consult(talk)
    assert heard(talk).of(talk.agent) == sorted([guest, boss])
    assert heard(talk).of(guest) == [talk.agent]
    assert heard(talk).of(boss) == sorted([CALLER, talk.agent])


def test_all_hear_as_before_when_the_guest_is_gone(talk: ListenedTalk) -> None:
    boss = talk.listen(BARGE)
    guest = consult(talk)
    talk.board.on_sip(sip.Gone(guest, sip.GoneWhy.BYE))
    assert heard(talk).of(CALLER) == sorted([talk.agent, boss])
    assert heard(talk).of(talk.agent) == sorted([CALLER, boss])


def test_supervisor_beside_a_conference(talk: ListenedTalk) -> None:
    boss = talk.listen(WHISPER)
    guest = consult(talk)
    talk.board.conference(talk.call_id)
    assert heard(talk).of(talk.agent) == sorted([CALLER, guest, boss])
    assert heard(talk).of(CALLER) == sorted([talk.agent, guest])
    talk.change(BARGE)
    assert heard(talk).of(CALLER) == sorted([talk.agent, guest, boss])
    talk.change(LISTEN)
    assert heard(talk).of(CALLER) == sorted([talk.agent, guest])
    assert heard(talk).of(talk.agent) == sorted([CALLER, guest])


def test_supervisor_s_place_ends_with_the_transfer(talk: ListenedTalk) -> None:
    boss = talk.listen(BARGE)
    guest = consult(talk)
    talk.board.complete_transfer(talk.call_id)
    names = talk.names()
    assert names.index("MonitorEnded") < names.index("TalkTransferred")
    assert boss not in talk.media.sessions
    assert heard(talk).of(CALLER) == [guest]
    again = talk.listen(LISTEN)
    assert heard(talk).of(again) == sorted([CALLER, guest])


def test_supervisor_follows_the_agent_to_another_phone(talk: ListenedTalk) -> None:
    boss = talk.listen(WHISPER)
    source = sip.HostPort("127.0.0.1", 5062)
    identity = sip.CallerIdentity("eva", "", "sip:eva@h")
    other = LegId("l-other")
    talk.board.on_sip(
        sip.IncomingCall(
            other, "8000", identity, b"v=0", source, "sip-other", "eva", replaces=talk.agent
        )
    )
    assert not any(isinstance(event, MonitorEnded) for event in talk.news)
    assert heard(talk).of(other) == sorted([CALLER, boss])
    assert heard(talk).of(boss) == sorted([CALLER, other])


def test_nothing_of_a_supervisor_is_left_in_a_mixer(talk: ListenedTalk) -> None:
    talk.listen(BARGE)
    consult(talk)
    talk.board.complete_transfer(talk.call_id)
    talk.board.on_sip(sip.Gone(CALLER, sip.GoneWhy.BYE))
    assert not talk.media.sessions
    last = {h.leg: h.sources for h in talk.media.of(media.Hear) if isinstance(h, media.Hear)}
    assert last[CALLER] == []
