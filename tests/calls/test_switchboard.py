"""A call between fake SIP and fake media: which facts are told, which verbs are spoken."""

import pytest

from foundation.ids import AgentId, CallId, LegId, OfferId, RecordingId
from telephony.calls.events import (
    AgentHungUp,
    AgentRefused,
    CallEnded,
    CallHeld,
    CallRefused,
    CallResumed,
    DigitPressed,
    EndedBy,
    PhoneChanged,
    Side,
    TalkRecorded,
)
from telephony.media import protocol as media
from telephony.sip import events as sip
from tests.support.fake_lines import Lines

EVA = AgentId("eva")
OFFER = OfferId("o-1")
CALLER = LegId("l-1")


@pytest.fixture
def lines() -> Lines:
    return Lines()


@pytest.fixture
def talk(lines: Lines) -> tuple[Lines, CallId, LegId]:
    """Caller and agent bridged and recorded."""
    call_id = lines.invite()
    board = lines.switchboard
    board.answer(call_id)
    board.ring_agent(call_id, EVA, OFFER, auto_answer=False)
    agent_leg = lines.sip.last_leg("dial")
    board.on_sip(sip.Answered(agent_leg, b"v=0 agent"))
    board.record(call_id, RecordingId("r-1"), "/tmp/r-1.wav")
    board.bridge(call_id)
    return lines, call_id, agent_leg


def last(lines: Lines, kind: type) -> object:
    return next(event for event in reversed(lines.told) if isinstance(event, kind))


def test_caller_is_told_only_when_two_legs_of_media_are_reserved(lines: Lines) -> None:
    lines.media.keeps = True
    lines.invite()
    assert lines.told == []
    lines.media.let_go()
    assert lines.names() == ["CallArrived"]
    offer = lines.media.asked[0]
    assert isinstance(offer, media.Offer)
    assert offer.reserve


def test_caller_gets_503_when_media_has_no_room(lines: Lines) -> None:
    lines.media.refuse[media.Offer] = 503
    lines.invite()
    assert lines.names() == ["CallArrived", "CallRefused", "CallEnded"]
    assert last(lines, CallRefused).status == 503  # type: ignore[attr-defined]
    assert ("reject", "l-1", 503) in lines.sip.done
    assert lines.switchboard.count() == 0


def test_cancel_before_media_is_ready_still_tells_arrival_and_end_once(lines: Lines) -> None:
    lines.media.keeps = True
    lines.invite()
    lines.switchboard.on_sip(sip.Cancelled(CALLER))
    lines.media.let_go()
    assert lines.names() == ["CallArrived", "CallEnded", "LegEnded"]
    assert last(lines, CallEnded).by is EndedBy.CALLER  # type: ignore[attr-defined]


def test_record_of_a_caller_is_kept_as_soon_as_media_was_asked_for_a_session(lines: Lines) -> None:
    lines.media.keeps = True
    lines.sip.on_note = lambda leg: lines.switchboard.on_sip(sip.DialogKept(leg, b"early"))
    lines.invite()
    assert [type(request) for request in lines.media.asked] == [media.Offer, media.Keep]
    assert lines.media.of(media.Keep) == [media.Keep(rid=0, leg=CALLER, record=b"early")]


def test_whole_call_tells_its_story_in_order(talk: tuple[Lines, CallId, LegId]) -> None:
    lines, _, _ = talk
    lines.switchboard.on_sip(sip.Gone(CALLER, sip.GoneWhy.BYE))
    assert lines.names() == [
        "CallArrived",
        "CallAnswered",
        "AgentPickedUp",
        "CallBridged",
        "CallEnded",
        "LegEnded",
        "LegEnded",
    ]
    assert lines.sip.verbs() == ["accept", "dial", "hang_up"]
    assert len(lines.media.of(media.Release)) == 2
    assert len(lines.media.of(media.Untap)) == 1


def test_agent_is_offered_the_callers_law_first(talk: tuple[Lines, CallId, LegId]) -> None:
    lines, _, agent_leg = talk
    offers = [r for r in lines.media.asked if isinstance(r, media.Offer) and r.leg == agent_leg]
    assert [offer.prefer for offer in offers] == ["PCMA"]


def test_agents_bye_leaves_the_caller_up(talk: tuple[Lines, CallId, LegId]) -> None:
    lines, call_id, agent_leg = talk
    lines.switchboard.on_sip(sip.Gone(agent_leg, sip.GoneWhy.BYE))
    assert last(lines, AgentHungUp) == AgentHungUp(call_id, EVA, EndedBy.AGENT)
    assert lines.switchboard.has_call(call_id)


def test_refused_offer_frees_the_place_for_the_next_agent(lines: Lines) -> None:
    call_id = lines.invite()
    lines.switchboard.answer(call_id)
    lines.switchboard.ring_agent(call_id, EVA, OFFER, auto_answer=False)
    lines.switchboard.on_sip(sip.Refused(lines.sip.last_leg("dial"), 486, "Busy Here"))
    assert last(lines, AgentRefused) == AgentRefused(call_id, EVA, OFFER, 486)
    lines.switchboard.ring_agent(call_id, AgentId("tom"), OfferId("o-2"), auto_answer=False)
    assert [detail for verb, _, detail in lines.sip.done if verb == "dial"] == ["eva", "tom"]


def test_withdrawn_offer_tells_nothing_more_of_the_agent(lines: Lines) -> None:
    call_id = lines.invite()
    lines.switchboard.answer(call_id)
    lines.switchboard.ring_agent(call_id, EVA, OFFER, auto_answer=False)
    agent_leg = lines.sip.last_leg("dial")
    lines.switchboard.stop_ringing(call_id, OFFER)
    before = list(lines.told)
    lines.switchboard.on_sip(sip.Answered(agent_leg, b"v=0"))
    lines.switchboard.on_sip(sip.Gone(agent_leg, sip.GoneWhy.OURS))
    assert [type(e).__name__ for e in lines.told[len(before) :]] == []
    assert ("hang_up", agent_leg, "the offer was withdrawn") in lines.sip.done


def test_caller_who_leaves_while_the_phone_rings_takes_the_agents_leg_along(lines: Lines) -> None:
    call_id = lines.invite()
    lines.switchboard.answer(call_id)
    lines.switchboard.ring_agent(call_id, EVA, OFFER, auto_answer=False)
    agent_leg = lines.sip.last_leg("dial")
    lines.switchboard.on_sip(sip.Gone(CALLER, sip.GoneWhy.BYE))
    assert lines.sip.last_leg("hang_up") == agent_leg
    assert lines.names()[2:] == ["CallEnded", "LegEnded", "LegEnded"]
    assert lines.switchboard.count() == 0


@pytest.mark.parametrize("direction", ["sendonly", "inactive"])
def test_agents_hold_is_answered_here_with_music_for_the_caller(
    talk: tuple[Lines, CallId, LegId], direction: str
) -> None:
    lines, _, agent_leg = talk
    lines.media.direction = direction
    lines.switchboard.on_sip(sip.Reoffered(agent_leg, b"v=0 hold"))
    plays = lines.media.of(media.Play)
    assert [(p.leg, p.items, p.loop) for p in plays if isinstance(p, media.Play)] == [
        (CALLER, ["music.wav"], True)
    ]
    assert lines.names()[-1] == "CallHeld"
    lines.media.direction = "sendrecv"
    lines.switchboard.on_sip(sip.Reoffered(agent_leg, b"v=0 back"))
    assert lines.names()[-1] == "CallResumed"
    assert lines.sip.verbs().count("accept") == 3
    assert "dial" not in lines.sip.verbs()[2:]


def test_offerless_reinvite_learns_the_hold_from_the_ack(
    talk: tuple[Lines, CallId, LegId],
) -> None:
    lines, _, agent_leg = talk
    lines.switchboard.on_sip(sip.Reoffered(agent_leg, b""))
    lines.media.direction = "inactive"
    lines.switchboard.on_sip(sip.Confirmed(agent_leg, b"v=0 hold"))
    assert lines.names()[-1] == "CallHeld"


def test_key_by_rtp_and_by_info_is_one_key(lines: Lines) -> None:
    call_id = lines.invite()
    lines.switchboard.answer(call_id)
    lines.switchboard.on_media_event(media.DigitHeard(seq=1, leg="l-1", digit="1", at_s=100.0))
    lines.now = 100.15
    lines.switchboard.on_sip(sip.InfoDigit(CALLER, "1"))
    lines.now = 101.0
    lines.switchboard.on_sip(sip.InfoDigit(CALLER, "1"))
    pressed = [event for event in lines.told if isinstance(event, DigitPressed)]
    assert pressed == [DigitPressed(call_id, Side.CALLER, "1")] * 2


def test_info_digit_reaches_the_other_leg_as_rtp(talk: tuple[Lines, CallId, LegId]) -> None:
    lines, _, agent_leg = talk
    lines.switchboard.on_sip(sip.InfoDigit(CALLER, "5"))
    sent = [r for r in lines.media.asked if isinstance(r, media.SendDigits)]
    assert [(s.leg, s.digits) for s in sent] == [(agent_leg, "5")]


def test_caller_without_audio_is_hung_up_as_a_fault(talk: tuple[Lines, CallId, LegId]) -> None:
    lines, _, _ = talk
    lines.switchboard.on_media_event(media.MediaLost(seq=1, leg="l-1"))
    assert last(lines, CallEnded).by is EndedBy.FAULT  # type: ignore[attr-defined]
    assert lines.sip.verbs().count("hang_up") == 2


def test_end_of_a_stopped_prompt_is_not_told(lines: Lines) -> None:
    call_id = lines.invite()
    lines.switchboard.answer(call_id)
    lines.switchboard.play(call_id, ["a.wav"])
    first = lines.media.asked[-1]
    assert isinstance(first, media.Play)
    lines.switchboard.play(call_id, ["b.wav"])
    lines.switchboard.on_media_event(media.PlayEnded(seq=1, leg="l-1", play_id=first.play_id))
    assert "PromptEnded" not in lines.names()
    second = lines.media.asked[-1]
    assert isinstance(second, media.Play)
    lines.switchboard.on_media_event(media.PlayEnded(seq=2, leg="l-1", play_id=second.play_id))
    assert lines.names().count("PromptEnded") == 1


def test_agents_own_call_makes_the_phone_busy_until_it_ends(lines: Lines) -> None:
    lines.sip.registered.add("eva")
    call_id = lines.invite(agent_aor="eva")
    assert last(lines, PhoneChanged) == PhoneChanged(EVA, registered=True, busy=True)
    lines.switchboard.refuse(call_id, 486, "test")
    assert last(lines, PhoneChanged) == PhoneChanged(EVA, registered=True, busy=False)


def test_command_for_a_call_that_is_over_is_nothing(talk: tuple[Lines, CallId, LegId]) -> None:
    lines, call_id, _ = talk
    lines.switchboard.on_sip(sip.Gone(CALLER, sip.GoneWhy.BYE))
    told, done = list(lines.told), list(lines.sip.done)
    board = lines.switchboard
    board.answer(call_id)
    board.play(call_id, ["x.wav"])
    board.bridge(call_id)
    board.hang_up(call_id, EndedBy.CENTRE, "late")
    board.release_agent(call_id)
    assert (lines.told, lines.sip.done) == (told, done)


def test_both_sides_hold_and_resume_each_for_itself(talk: tuple[Lines, CallId, LegId]) -> None:
    lines, call_id, agent_leg = talk
    board = lines.switchboard
    for direction, leg in [
        ("sendonly", CALLER),
        ("inactive", agent_leg),
        ("sendrecv", CALLER),
        ("sendrecv", agent_leg),
    ]:
        lines.media.direction = direction
        board.on_sip(sip.Reoffered(leg, b"v=0"))
    held = [event for event in lines.told if isinstance(event, CallHeld | CallResumed)]
    assert held == [
        CallHeld(call_id, Side.CALLER),
        CallHeld(call_id, Side.AGENT),
        CallResumed(call_id, Side.CALLER),
        CallResumed(call_id, Side.AGENT),
    ]
    assert [p.leg for p in lines.media.of(media.Play) if isinstance(p, media.Play)] == [
        agent_leg,
        CALLER,
    ]


@pytest.fixture
def updating(lines: Lines) -> tuple[Lines, CallId]:
    """A caller who is not answered has sent an UPDATE, and media is busy with it."""
    call_id = lines.invite()
    lines.switchboard.answer_early(call_id)
    lines.media.keeps = True
    lines.switchboard.on_sip(sip.Reoffered(CALLER, b"v=0 moved"))
    lines.sip.done.clear()
    return lines, call_id


def test_an_early_update_is_answered_before_the_invite(updating: tuple[Lines, CallId]) -> None:
    """SIP takes the first answer for the one that was asked for last (RFC 3311 5.2)."""
    lines, call_id = updating
    lines.switchboard.answer(call_id)
    assert lines.sip.done == []
    lines.media.let_go()
    assert lines.sip.verbs() == ["accept", "accept"]
    assert lines.names()[-1] == "CallAnswered"


def test_a_refused_early_update_does_not_keep_the_invite_from_its_200(
    updating: tuple[Lines, CallId],
) -> None:
    lines, call_id = updating
    lines.switchboard.answer(call_id)
    lines.media.refuse[media.Offer] = 488
    lines.media.let_go()
    assert lines.sip.verbs() == ["reject", "accept"]


def test_a_caller_who_is_refused_during_an_early_update_gets_both_answers(
    updating: tuple[Lines, CallId],
) -> None:
    lines, call_id = updating
    lines.switchboard.refuse(call_id, 486, "busy")
    lines.media.let_go()
    assert lines.sip.done == [("reject", CALLER, 487), ("reject", CALLER, 486)]


def test_hold_before_the_bridge_becomes_music_at_the_bridge(lines: Lines) -> None:
    call_id = lines.invite()
    board = lines.switchboard
    board.answer(call_id)
    lines.media.direction = "sendonly"
    board.on_sip(sip.Reoffered(CALLER, b"v=0 hold"))
    assert "CallHeld" not in lines.names()
    lines.media.direction = "sendrecv"
    board.ring_agent(call_id, EVA, OFFER, auto_answer=False)
    board.on_sip(sip.Answered(lines.sip.last_leg("dial"), b"v=0 agent"))
    board.bridge(call_id)
    assert lines.names()[-2:] == ["CallBridged", "CallHeld"]


def test_music_ends_when_the_agent_who_held_is_gone(talk: tuple[Lines, CallId, LegId]) -> None:
    lines, _, agent_leg = talk
    lines.media.direction = "inactive"
    lines.switchboard.on_sip(sip.Reoffered(agent_leg, b"v=0 hold"))
    lines.switchboard.on_sip(sip.Gone(agent_leg, sip.GoneWhy.BYE))
    assert media.Stop(rid=0, leg=CALLER) in lines.media.asked


def test_reinvite_that_media_refuses_leaves_the_call_as_it_was(
    talk: tuple[Lines, CallId, LegId],
) -> None:
    lines, call_id, agent_leg = talk
    lines.media.refuse[media.Offer] = 488
    lines.switchboard.on_sip(sip.Reoffered(agent_leg, b"v=0 video only"))
    assert lines.sip.done[-1] == ("reject", agent_leg, 488)
    assert lines.switchboard.has_call(call_id)


def test_agents_codec_that_media_refuses_is_a_refused_offer_and_a_bye(lines: Lines) -> None:
    call_id = lines.invite()
    lines.switchboard.answer(call_id)
    lines.switchboard.ring_agent(call_id, EVA, OFFER, auto_answer=False)
    lines.media.refuse[media.Answer] = 488
    agent_leg = lines.sip.last_leg("dial")
    lines.switchboard.on_sip(sip.Answered(agent_leg, b"v=0 G.729"))
    assert last(lines, AgentRefused) == AgentRefused(call_id, EVA, OFFER, 488)
    assert lines.sip.last_leg("hang_up") == agent_leg


def test_agents_bye_between_200_and_media_is_a_refused_offer(lines: Lines) -> None:
    call_id = lines.invite()
    lines.switchboard.answer(call_id)
    lines.switchboard.ring_agent(call_id, EVA, OFFER, auto_answer=False)
    agent_leg = lines.sip.last_leg("dial")
    lines.media.keeps = True
    lines.switchboard.on_sip(sip.Answered(agent_leg, b"v=0"))
    lines.switchboard.on_sip(sip.Gone(agent_leg, sip.GoneWhy.BYE))
    lines.media.let_go()
    assert last(lines, AgentRefused) == AgentRefused(call_id, EVA, OFFER, 487)
    assert "AgentPickedUp" not in lines.names()


def test_connect_of_an_agent_who_is_gone_does_not_bridge_the_next(lines: Lines) -> None:
    call_id = lines.invite()
    board = lines.switchboard
    board.answer(call_id)
    board.ring_agent(call_id, EVA, OFFER, auto_answer=False)
    agent_leg = lines.sip.last_leg("dial")
    board.on_sip(sip.Answered(agent_leg, b"v=0"))
    lines.media.keeps = True
    board.bridge(call_id)
    board.on_sip(sip.Gone(agent_leg, sip.GoneWhy.BYE))
    board.ring_agent(call_id, AgentId("tom"), OfferId("o-2"), auto_answer=False)
    lines.media.let_go()
    assert "CallBridged" not in lines.names()


def test_caller_of_an_offerless_invite_whose_ack_has_no_sdp_is_hung_up(lines: Lines) -> None:
    call_id = lines.invite(body=b"")
    lines.switchboard.answer(call_id)
    lines.switchboard.on_sip(sip.Confirmed(CALLER, b""))
    assert last(lines, CallEnded) == CallEnded(call_id, EndedBy.FAULT, "the ACK has no SDP")
    assert ("hang_up", CALLER, "the ACK has no SDP") in lines.sip.done


def test_early_media_of_an_offerless_invite_needs_a_caller_who_acknowledges_it(
    lines: Lines,
) -> None:
    lines.switchboard.answer_early(lines.invite(body=b""))
    assert lines.sip.done[-1] == ("progress", CALLER, (183, b""))
    other = Lines()
    other.switchboard.answer_early(other.invite(body=b"", reliable=True))
    assert other.sip.done[-1] == ("progress", CALLER, (183, b"v=0 ours"))


def test_the_answer_in_a_prack_is_the_callers_sdp(lines: Lines) -> None:
    call_id = lines.invite(body=b"", reliable=True)
    lines.switchboard.answer_early(call_id)
    lines.switchboard.on_sip(sip.EarlyAnswered(CALLER, b"v=0 theirs"))
    (answer,) = lines.media.of(media.Answer)
    assert isinstance(answer, media.Answer)
    assert answer.sdp == "v=0 theirs"
    lines.switchboard.answer(call_id)
    lines.switchboard.on_sip(sip.Confirmed(CALLER, b""))
    assert "CallEnded" not in lines.names(), "the ACK of such a call has no SDP"


def test_hanging_up_on_an_unanswered_caller_is_a_final_answer(lines: Lines) -> None:
    call_id = lines.invite()
    lines.switchboard.hang_up(call_id, EndedBy.FAULT, "internal error")
    assert lines.sip.done == [("reject", CALLER, 500)]
    assert lines.names()[:3] == ["CallArrived", "CallRefused", "CallEnded"]


def test_recording_that_cannot_begin_is_told_closed_and_empty(lines: Lines) -> None:
    call_id = lines.invite()
    board = lines.switchboard
    board.answer(call_id)
    board.record(call_id, RecordingId("r-1"), "/tmp/r-1.wav")
    assert last(lines, TalkRecorded) == TalkRecorded("r-1", 0, complete=False)
    board.hang_up(call_id, EndedBy.CENTRE, "test")
    board.record(call_id, RecordingId("r-2"), "/tmp/r-2.wav")
    assert last(lines, TalkRecorded) == TalkRecorded("r-2", 0, complete=False)


def test_a_call_that_rings_again_is_recorded_again(talk: tuple[Lines, CallId, LegId]) -> None:
    lines, call_id, agent_leg = talk
    board = lines.switchboard
    board.on_sip(sip.Gone(agent_leg, sip.GoneWhy.BYE))
    board.ring_agent(call_id, AgentId("tom"), OfferId("o-2"), auto_answer=False)
    board.on_sip(sip.Answered(lines.sip.last_leg("dial"), b"v=0"))
    board.record(call_id, RecordingId("r-2"), "/tmp/r-2.wav")
    taps = [tap.tap_id for tap in lines.media.of(media.Tap) if isinstance(tap, media.Tap)]
    assert taps == ["r-1", "r-2"]
    assert media.Untap(rid=0, tap_id="r-1") in lines.media.asked


def test_prompt_that_media_cannot_play_ends_at_once(lines: Lines) -> None:
    call_id = lines.invite()
    lines.switchboard.answer(call_id)
    lines.media.refuse[media.Play] = 500
    lines.switchboard.play(call_id, ["missing.wav"])
    assert lines.names()[-1] == "PromptEnded"


def test_fault_in_one_call_ends_that_call_and_no_other(lines: Lines) -> None:
    lines.invite("l-1")
    lines.invite("l-2")
    first, second = lines.switchboard.call_ids()

    def burst(leg: LegId, body: bytes) -> None:
        raise RuntimeError("a fault of ours")

    lines.sip.accept = burst  # type: ignore[method-assign]  # the fault, put in by hand
    lines.switchboard.answer(first)
    assert last(lines, CallEnded) == CallEnded(first, EndedBy.FAULT, "internal error")
    assert lines.switchboard.call_ids() == [second]


def test_calls_without_an_agent_are_listed_first(talk: tuple[Lines, CallId, LegId]) -> None:
    lines, talking, _ = talk
    lines.invite("l-2")
    [waiting] = [call for call in lines.switchboard.call_ids() if call != talking]
    assert lines.switchboard.call_ids() == [waiting, talking]
