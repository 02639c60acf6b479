"""Supervisors at a talk: who hears whom, what is told, and that nothing of it harms the talk."""

import json

import pytest

from foundation.ids import AgentId, LegId, OfferId, PhoneId
from telephony.calls.events import (
    CallEnded,
    EndedBy,
    MonitorChanged,
    MonitorEnded,
    MonitorMode,
    MonitorStarted,
    PhoneChanged,
)
from telephony.calls.monitor import Monitor
from telephony.calls.switchboard import Joining
from telephony.media import protocol as media
from telephony.sip import events as sip
from tests.support.listened_talk import CALLER, ListenedTalk

LISTEN, WHISPER, BARGE = MonitorMode.LISTEN, MonitorMode.WHISPER, MonitorMode.BARGE
BOSS = PhoneId("boss")


@pytest.fixture
def talk() -> ListenedTalk:
    return ListenedTalk()


def ended(talk: ListenedTalk) -> list[str]:
    return [event.reason for event in talk.news if isinstance(event, MonitorEnded)]


# -- who hears whom ------------------------------------------------------------------------------


def test_listener_hears_both_and_is_heard_by_nobody(talk: ListenedTalk) -> None:
    boss = talk.listen(LISTEN)
    assert talk.hearing == {boss: [CALLER, talk.agent]}
    assert talk.news == [MonitorStarted(talk.call_id, BOSS, "sue", LISTEN)]


def test_whisper_is_heard_by_the_agent_alone(talk: ListenedTalk) -> None:
    boss = talk.listen(WHISPER)
    assert talk.hearing == {boss: [CALLER, talk.agent], talk.agent: [CALLER, boss]}


def test_barging_supervisor_is_heard_by_both(talk: ListenedTalk) -> None:
    boss = talk.listen(BARGE)
    assert talk.hearing == {
        boss: [CALLER, talk.agent],
        talk.agent: [CALLER, boss],
        CALLER: [talk.agent, boss],
    }


def test_nobody_hears_a_supervisor_whose_phone_still_rings(talk: ListenedTalk) -> None:
    boss = talk.ring(BARGE)
    assert talk.hearing == {}
    assert talk.news == []
    assert talk.asked(boss) == ["Offer"]


def test_supervisors_phone_is_asked_to_pick_up_by_itself(talk: ListenedTalk) -> None:
    boss = talk.ring(LISTEN)
    assert talk.sip.headers[talk.agent] == {}, "this agent's phone is not"
    assert talk.sip.headers[boss]["Call-Info"] == "<sip:auto-answer>;answer-after=0"
    assert json.loads(talk.sip.noted[boss]) == {"call": talk.call_id, "side": "supervisor"}


def test_mode_is_changed_while_all_talk_and_back(talk: ListenedTalk) -> None:
    boss = talk.listen(LISTEN)
    talk.change(BARGE)
    assert talk.hearing[CALLER] == [talk.agent, boss]
    talk.change(WHISPER)
    assert CALLER not in talk.hearing
    talk.change(LISTEN)
    assert talk.hearing == {boss: [CALLER, talk.agent]}
    changes = [event.mode for event in talk.news if isinstance(event, MonitorChanged)]
    assert changes == [BARGE, WHISPER, LISTEN]
    assert talk.sip.verbs().count("dial") == 2, "the agent and one supervisor"


def test_mode_that_is_the_same_changes_nothing(talk: ListenedTalk) -> None:
    talk.listen(WHISPER)
    asked = len(talk.media.asked)
    talk.change(WHISPER)
    assert len(talk.media.asked) == asked
    assert talk.names() == ["MonitorStarted"]


def test_phone_that_rings_starts_in_the_last_mode_it_was_asked_for(talk: ListenedTalk) -> None:
    boss = talk.ring(LISTEN)
    talk.change(WHISPER)
    talk.board.on_sip(sip.Answered(boss, b"v=0"))
    assert talk.news == [MonitorStarted(talk.call_id, BOSS, "sue", WHISPER)]
    assert talk.hearing[talk.agent] == [CALLER, boss]


def test_supervisors_hear_those_of_them_who_are_heard(talk: ListenedTalk) -> None:
    boss = talk.listen(LISTEN)
    chief = talk.listen(WHISPER, "chief")
    assert talk.hearing[boss] == [CALLER, talk.agent, chief]
    assert talk.hearing[chief] == [CALLER, talk.agent]
    talk.change(BARGE)
    assert talk.hearing[talk.agent] == [CALLER, boss, chief]
    assert talk.hearing[CALLER] == [talk.agent, boss]


def test_nobody_hears_the_music_of_a_supervisor_who_holds(talk: ListenedTalk) -> None:
    boss = talk.listen(BARGE)
    talk.media.direction = "sendonly"
    talk.board.on_sip(sip.Reoffered(boss, b"v=0 hold"))
    assert talk.hearing == {boss: [CALLER, talk.agent]}
    talk.media.direction = "sendrecv"
    talk.board.on_sip(sip.Reoffered(boss, b"v=0 resume"))
    assert talk.hearing[CALLER] == [talk.agent, boss]
    assert [verb for verb, leg, _ in talk.sip.done if leg == boss] == ["dial", "accept", "accept"]


def test_reinvite_without_sdp_is_answered_with_our_offer(talk: ListenedTalk) -> None:
    boss = talk.listen(LISTEN)
    talk.board.on_sip(sip.Reoffered(boss, b""))
    talk.media.direction = "inactive"
    talk.board.on_sip(sip.Confirmed(boss, b"v=0 the answer"))
    assert talk.media.of(media.Hold) == [media.Hold(rid=0, leg=boss, on=True)]


def test_recording_is_of_caller_and_agent_whoever_barges_in(talk: ListenedTalk) -> None:
    talk.listen(BARGE)
    [tap] = talk.media.of(media.Tap)
    assert isinstance(tap, media.Tap)
    assert (tap.left, tap.right) == (CALLER, talk.agent)
    assert talk.media.of(media.Untap) == []


def test_hold_works_under_a_supervisor(talk: ListenedTalk) -> None:
    boss = talk.listen(BARGE)
    talk.media.direction = "sendonly"
    talk.board.on_sip(sip.Reoffered(talk.agent, b"v=0 hold"))
    assert talk.names()[-1] == "CallHeld"
    [music] = talk.media.of(media.Play)
    assert isinstance(music, media.Play)
    assert (music.leg, music.items) == (CALLER, ["music.wav"])
    assert talk.hearing[boss] == [CALLER, talk.agent]


# -- endings -------------------------------------------------------------------------------------


def test_supervisor_who_hangs_up_leaves_the_talk_as_it_was(talk: ListenedTalk) -> None:
    boss = talk.listen(BARGE)
    talk.board.on_sip(sip.Gone(boss, sip.GoneWhy.BYE))
    assert talk.hearing == {}
    assert ended(talk) == ["the supervisor hung up"]
    assert "hang_up" not in talk.sip.verbs()
    assert boss not in talk.media.sessions
    assert talk.board.find_talk(talk.call_id) == "eva"


def test_ears_are_taken_off_before_the_supervisors_session_goes(talk: ListenedTalk) -> None:
    boss = talk.listen(BARGE)
    before = len(talk.media.asked)
    talk.board.stop_monitor(talk.call_id, BOSS, "enough")
    last = talk.media.asked[before:]
    assert [type(request).__name__ for request in last] == ["Hear", "Hear", "Release"]
    assert ("hang_up", boss, "enough") in talk.sip.done
    assert ended(talk) == ["enough"]


def test_phone_that_rings_is_withdrawn(talk: ListenedTalk) -> None:
    boss = talk.ring(LISTEN)
    talk.board.stop_monitor(talk.call_id, BOSS, "enough")
    assert ("hang_up", boss, "enough") in talk.sip.done
    assert talk.names()[0] == "MonitorEnded"


def test_phone_that_refuses_is_told_with_its_answer(talk: ListenedTalk) -> None:
    boss = talk.ring(LISTEN)
    talk.board.on_sip(sip.Refused(boss, 486, "Busy Here"))
    assert ended(talk) == ["the phone answered 486"]
    assert talk.board.monitors() == []


@pytest.mark.parametrize("who", ["caller", "agent", "centre"])
def test_end_of_the_talk_ends_its_supervisors_and_is_told_after_theirs(
    talk: ListenedTalk, who: str
) -> None:
    boss = talk.listen(BARGE)
    if who == "caller":
        talk.board.on_sip(sip.Gone(CALLER, sip.GoneWhy.BYE))
    elif who == "agent":
        talk.board.on_sip(sip.Gone(talk.agent, sip.GoneWhy.BYE))
    else:
        talk.board.hang_up(talk.call_id, EndedBy.CENTRE, "test")
    assert ended(talk) == ["the talk is over"]
    assert ("hang_up", boss, "the talk is over") in talk.sip.done
    end = {"agent": "AgentHungUp"}.get(who, "CallEnded")
    assert talk.names().index("MonitorEnded") < talk.names().index(end)
    assert talk.hearing == {}
    assert boss not in talk.media.sessions


def test_caller_without_the_agent_hears_nothing_of_the_talk_that_was(talk: ListenedTalk) -> None:
    """The next agent's bridge must not be covered by what the last one's supervisor left."""
    talk.listen(BARGE)
    talk.board.on_sip(sip.Gone(talk.agent, sip.GoneWhy.BYE))
    hears = [r for r in talk.media.asked if isinstance(r, media.Hear) and r.leg == CALLER]
    assert [len(hear.sources) for hear in hears] == [2, 0]

    talk.board.ring_agent(talk.call_id, AgentId("tom"), OfferId("o-2"), auto_answer=False)
    tom = talk.sip.last_leg("dial")
    talk.board.on_sip(sip.Answered(tom, b"v=0"))
    talk.board.bridge(talk.call_id)
    boss = talk.listen(WHISPER)
    assert talk.hearing == {boss: [CALLER, tom], tom: [CALLER, boss]}


def test_next_talk_is_the_one_listened_to_though_media_is_slow_to_end_the_last(
    talk: ListenedTalk,
) -> None:
    talk.listen(WHISPER)
    talk.media.keeps = True
    talk.board.on_sip(sip.Gone(talk.agent, sip.GoneWhy.BYE))
    talk.media.keeps = False
    talk.board.ring_agent(talk.call_id, AgentId("tom"), OfferId("o-2"), auto_answer=False)
    tom = talk.sip.last_leg("dial")
    talk.board.on_sip(sip.Answered(tom, b"v=0"))
    talk.board.bridge(talk.call_id)

    boss = talk.listen(LISTEN)
    assert talk.hearing == {boss: [CALLER, tom]}
    talk.media.let_go()
    assert talk.board.monitors() == [Monitor(talk.call_id, BOSS, "sue", LISTEN)]


# -- faults --------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", [media.Offer, media.Answer, media.Hear])
def test_what_media_refuses_costs_the_supervisor_the_place_and_nobody_else(
    talk: ListenedTalk, verb: type
) -> None:
    talk.media.refuse[verb] = 503
    talk.listen(BARGE)
    assert ended(talk) == ["refused"]
    assert talk.board.monitors() == []
    assert talk.board.find_talk(talk.call_id) == "eva"
    assert "CallEnded" not in talk.names()


def test_supervisor_whose_audio_is_lost_is_hung_up(talk: ListenedTalk) -> None:
    boss = talk.listen(LISTEN)
    talk.board.on_media_event(media.MediaLost(seq=1, leg=boss))
    assert ended(talk) == ["no audio came any more"]
    assert ("hang_up", boss, "no audio came any more") in talk.sip.done
    assert talk.board.has_call(talk.call_id)


def test_fault_of_ours_ends_the_supervisors_and_not_the_talk(
    talk: ListenedTalk, caplog: pytest.LogCaptureFixture
) -> None:
    boss = talk.listen(BARGE)
    leg = talk.board._supervision._by_leg[boss].legs[boss]
    leg.on_reoffered = None  # type: ignore[method-assign,assignment]  # a bug, on purpose
    talk.board.on_sip(sip.Reoffered(boss, b"v=0"))
    assert ended(talk) == ["fault: internal error"]
    assert talk.hearing == {}
    assert talk.board.find_talk(talk.call_id) == "eva"
    assert "a monitor of" in caplog.text


def test_keys_of_a_supervisor_reach_nobody_and_most_mean_nothing(talk: ListenedTalk) -> None:
    boss = talk.listen(BARGE)
    talk.board.on_sip(sip.InfoDigit(boss, "7"))
    talk.board.on_media_event(media.DigitHeard(seq=1, leg=boss, digit="#", at_s=talk.lines.now))
    assert talk.names() == ["MonitorStarted"]
    assert talk.media.of(media.SendDigits) == []


def test_dialog_of_a_supervisor_is_kept_with_its_session(talk: ListenedTalk) -> None:
    boss = talk.listen(LISTEN)
    talk.board.on_sip(sip.DialogKept(boss, b"dialog"))
    assert talk.media.of(media.Keep) == [media.Keep(rid=0, leg=boss, record=b"dialog")]


# -- limits --------------------------------------------------------------------------------------


def test_nobody_listens_where_nobody_talks(talk: ListenedTalk) -> None:
    talk.board.on_sip(sip.Gone(talk.agent, sip.GoneWhy.BYE))
    dialled = talk.sip.verbs().count("dial")
    talk.change(LISTEN)
    assert talk.sip.verbs().count("dial") == dialled
    assert talk.board.find_talk(talk.call_id) is None


def test_there_is_room_for_three(talk: ListenedTalk) -> None:
    for phone in ("a", "b", "c", "d"):
        talk.listen(LISTEN, phone)
    assert [each.phone for each in talk.board.monitors()] == ["a", "b", "c"]


def test_phone_is_at_one_talk_at_a_time(talk: ListenedTalk) -> None:
    talk.listen(LISTEN)
    other = talk.bridge_another("l-2", "tom")
    talk.board.monitor(other, BOSS, LISTEN, by="sue")
    assert talk.board.monitors() == [Monitor(talk.call_id, BOSS, "sue", LISTEN)]


def test_agents_phone_is_busy_while_it_listens(talk: ListenedTalk) -> None:
    tom = talk.listen(LISTEN, "tom")
    talk.board.on_sip(sip.Gone(tom, sip.GoneWhy.BYE))
    changes = [event.busy for event in talk.told if isinstance(event, PhoneChanged)]
    assert changes == [True, False]


def test_nothing_is_kept_of_supervisors_who_have_gone(talk: ListenedTalk) -> None:
    talk.listen(LISTEN)
    talk.ring(BARGE, "chief")
    talk.board.on_sip(sip.Gone(CALLER, sip.GoneWhy.BYE))
    assert talk.board._supervision._by_call == {}
    assert talk.board._supervision._by_leg == {}
    assert any(isinstance(event, CallEnded) for event in talk.news)
    assert not talk.media.sessions


def test_reply_that_comes_after_the_supervisor_has_gone_wakes_nothing(talk: ListenedTalk) -> None:
    talk.media.keeps = True
    talk.board.monitor(talk.call_id, BOSS, LISTEN, by="sue")
    [offer] = [r for r in talk.media.asked if isinstance(r, media.Offer)][2:]
    talk.board.stop_monitor(talk.call_id, BOSS, "enough")
    talk.media.let_go()
    assert LegId(offer.leg) not in talk.media.sessions
    assert talk.sip.verbs().count("dial") == 1
    assert talk.names() == ["MonitorEnded"]


# -- a supervisor's own phone dials itself in ------------------------------------------------------


def joined(talk: ListenedTalk, mode: MonitorMode = LISTEN, sdp: bytes = b"v=0 boss") -> LegId:
    leg = LegId("l-boss")
    talk.lines.joining = Joining(talk.call_id, mode)
    talk.lines.invite(leg, agent_aor="boss", body=sdp)
    return leg


def test_phone_that_dials_itself_in_listens(talk: ListenedTalk) -> None:
    boss = joined(talk)
    assert talk.hearing == {boss: [CALLER, talk.agent]}
    assert talk.news == [MonitorStarted(talk.call_id, BOSS, BOSS, LISTEN)]
    assert ("accept", boss, b"v=0 ours") in talk.sip.done
    assert json.loads(talk.sip.noted[boss]) == {"call": talk.call_id, "side": "supervisor"}
    assert talk.board.count() == 1, "it is no call of its own"


def test_without_an_offer_it_is_heard_when_its_answer_has_come(talk: ListenedTalk) -> None:
    boss = joined(talk, BARGE, b"")
    assert talk.news == []
    talk.board.on_sip(sip.Confirmed(boss, b"v=0 boss"))
    assert talk.news == [MonitorStarted(talk.call_id, BOSS, BOSS, BARGE)]
    assert talk.hearing[CALLER] == [talk.agent, boss]


@pytest.mark.parametrize("by_info", [False, True])
def test_keys_change_the_mode(talk: ListenedTalk, by_info: bool) -> None:
    boss = joined(talk)
    for digit in "379":
        talk.board.on_sip(sip.InfoDigit(boss, digit)) if by_info else talk.board.on_media_event(
            media.DigitHeard(seq=1, leg=boss, digit=digit, at_s=1.0)
        )
    assert [type(event).__name__ for event in talk.news] == ["MonitorStarted", "MonitorChanged"]
    assert talk.hearing[CALLER] == [talk.agent, boss]


def test_it_leaves_by_bye_and_when_the_talk_ends(talk: ListenedTalk) -> None:
    boss = joined(talk, WHISPER)
    talk.board.on_sip(sip.Gone(boss, sip.GoneWhy.BYE))
    assert ended(talk) == ["the supervisor hung up"]
    assert talk.agent not in talk.hearing
    boss = joined(talk)
    talk.board.hang_up(talk.call_id, EndedBy.FAULT, "test")
    assert ("hang_up", boss, "the talk is over") in talk.sip.done
    talk.board.on_sip(sip.Gone(CALLER, sip.GoneWhy.BYE))
    assert talk.media.sessions == set()


def test_the_third_phone_too_many_is_busy(talk: ListenedTalk) -> None:
    for phone in ("a", "b", "c"):
        talk.sip.registered.add(phone)
        talk.listen(LISTEN, phone)
    boss = joined(talk)
    assert ("reject", boss, 486) in talk.sip.done
    assert BOSS not in [each.phone for each in talk.board.monitors()]


def test_cancel_before_media_is_ready_leaves_nothing(talk: ListenedTalk) -> None:
    talk.media.keeps = True
    boss = joined(talk)
    talk.board.on_sip(sip.Cancelled(boss))
    talk.media.let_go()
    assert ended(talk) == ["the supervisor hung up"]
    assert boss not in talk.media.sessions
    assert talk.board.monitors() == []
