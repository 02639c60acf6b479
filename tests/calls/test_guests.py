"""Consultation, take-back, conference and transfer: who hears whom, what is told."""

import pytest

from foundation.ids import LegId, OfferId, PhoneId, RecordingId
from telephony.calls.control import AgentTarget
from telephony.calls.events import (
    AgentHungUp,
    AgentRefused,
    CallEnded,
    CallHeld,
    CallResumed,
    ConferenceStarted,
    EndedBy,
    GuestInvited,
    GuestJoined,
    GuestLeft,
    GuestWay,
    Side,
    TalkRecorded,
    TalkTransferred,
)
from telephony.media import protocol as media
from telephony.sip import events as sip
from tests.support.fake_lines import Lines
from tests.support.guest_talk import (
    CALLER,
    EVA,
    MUSIC,
    OFFER,
    OUTSIDE,
    RING_BACK,
    TAP,
    TO_TOM,
    TOM,
    GuestTalk,
)


@pytest.fixture
def talk() -> GuestTalk:
    return GuestTalk()


def taps(talk: GuestTalk) -> list[tuple[str, str]]:
    return [
        (tap.tap_id, tap.right) for tap in talk.media.of(media.Tap) if isinstance(tap, media.Tap)
    ]


def releases(talk: GuestTalk, leg: str) -> int:
    return talk.media.of(media.Release).count(media.Release(rid=0, leg=leg))


# -- consultation --------------------------------------------------------------------------------


def test_caller_hears_music_and_the_agent_a_ring_back_tone_while_the_guest_rings(
    talk: GuestTalk,
) -> None:
    guest = talk.ringing()
    assert talk.hears(CALLER) == [MUSIC]
    assert talk.hears(talk.agent) == [RING_BACK]
    assert talk.hears(guest) == []
    assert ("dial", guest, TOM) in talk.said
    assert talk.news == [GuestInvited(talk.call_id, OFFER, GuestWay.CONSULT, agent_id=TOM)]


def test_ring_back_is_one_second_on_and_four_off(talk: GuestTalk) -> None:
    talk.ringing()
    tones = [play.items for play in talk.media.of(media.Play) if isinstance(play, media.Play)]
    assert ["tone:450:1000", "silence:4000"] in tones


def test_agent_and_guest_talk_while_the_caller_hears_music_and_nobody(talk: GuestTalk) -> None:
    guest = talk.consulting()
    assert talk.hears(talk.agent) == [guest]
    assert talk.hears(guest) == [talk.agent]
    assert talk.hears(CALLER) == [MUSIC]
    assert talk.ears.reachable(CALLER) == []
    assert talk.news[-1] == GuestJoined(talk.call_id, OFFER)


def test_consultation_is_no_end_of_the_recording(talk: GuestTalk) -> None:
    talk.consulting()
    talk.board.conference(talk.call_id)
    assert talk.media.of(media.Untap) == []


def test_guest_who_refuses_brings_caller_and_agent_together_again(talk: GuestTalk) -> None:
    guest = talk.ringing()
    talk.board.on_sip(sip.Refused(guest, 486, "Busy Here"))
    assert talk.news[-1] == GuestLeft(talk.call_id, OFFER, 486)
    assert talk.hears(CALLER) == [talk.agent]
    assert talk.hears(talk.agent) == [CALLER]
    assert releases(talk, guest) == 1


def test_guest_without_media_is_one_who_left(talk: GuestTalk) -> None:
    talk.media.refuse[media.Offer] = 503
    talk.board.consult(talk.call_id, TO_TOM)
    assert talk.names() == ["GuestInvited", "GuestLeft"]
    assert talk.news[-1] == GuestLeft(talk.call_id, OFFER, 503)
    assert talk.hears(CALLER) == [talk.agent]


def test_guest_who_hangs_up_leaves_the_two_together(talk: GuestTalk) -> None:
    guest = talk.consulting()
    talk.hang_up(guest)
    assert talk.news[-1] == GuestLeft(talk.call_id, OFFER, 0)
    assert talk.hears(CALLER) == [talk.agent]
    assert "hang_up" not in talk.verbs(guest)


@pytest.mark.parametrize("picks_up", [False, True])
def test_take_back_sends_the_guest_away(talk: GuestTalk, picks_up: bool) -> None:
    guest = talk.consulting() if picks_up else talk.ringing()
    talk.board.take_back(talk.call_id)
    assert talk.news[-1] == GuestLeft(talk.call_id, OFFER, 0)
    assert talk.verbs(guest) == ["dial", "hang_up"]
    assert talk.hears(CALLER) == [talk.agent]
    assert talk.hears(talk.agent) == [CALLER]


def test_withdrawn_offer_of_a_guest_is_told_as_his_leaving(talk: GuestTalk) -> None:
    talk.ringing()
    talk.board.stop_ringing(talk.call_id, OFFER)
    assert talk.news[-1] == GuestLeft(talk.call_id, OFFER, 0)
    assert talk.board.find_talk(talk.call_id) == PhoneId(EVA)


def test_second_guest_is_refused_at_once(talk: GuestTalk) -> None:
    talk.consulting()
    another = AgentTarget(TOM, OfferId("o-another"))
    talk.board.consult(talk.call_id, another)
    talk.board.transfer(talk.call_id, another)
    assert talk.news[-2:] == [GuestLeft(talk.call_id, OfferId("o-another"), 491)] * 2


def test_guest_where_nobody_talks_is_refused_at_once() -> None:
    lines = Lines()
    call_id = lines.invite()
    lines.switchboard.answer(call_id)
    lines.switchboard.consult(call_id, TO_TOM)
    assert lines.told[-1] == GuestLeft(call_id, OFFER, 491)
    assert "dial" not in lines.sip.verbs()


def test_agent_is_not_offered_a_call_that_has_a_guest(talk: GuestTalk) -> None:
    guest = talk.transferring()
    talk.hang_up(talk.agent)
    talk.board.ring_agent(talk.call_id, EVA, OfferId("o-2"), auto_answer=False)
    assert talk.news[-1] == AgentRefused(talk.call_id, EVA, OfferId("o-2"), 491)
    assert talk.hears(guest) == []


# -- a guest from outside ------------------------------------------------------------------------


def test_number_outside_is_dialled_by_its_trunk_and_stays_out_of_the_journal(
    talk: GuestTalk,
) -> None:
    guest = talk.ringing(outside=True)
    assert ("dial_outside", guest, ("01012345678", "carrier", "8000")) in talk.said
    [invited] = talk.news
    assert invited == GuestInvited(
        talk.call_id, OFFER, GuestWay.CONSULT, party_id=OUTSIDE.party_id, trunk="carrier"
    )
    assert b"01012345678" not in talk.sip.noted[guest]


def test_early_media_of_a_guest_outside_takes_the_place_of_the_tone(talk: GuestTalk) -> None:
    guest = talk.ringing(outside=True)
    talk.board.on_sip(sip.Progressed(guest, 183, b"v=0 early"))
    assert talk.hears(talk.agent) == [guest]
    assert talk.hears(CALLER) == [MUSIC]
    talk.pick_up(guest)
    answers = [a.sdp for a in talk.media.of(media.Answer) if isinstance(a, media.Answer)]
    assert answers[-2:] == ["v=0 early", "v=0 guest"]
    assert talk.hears(guest) == [talk.agent]


def test_early_media_of_a_guest_outside_may_move_and_be_an_announcement(talk: GuestTalk) -> None:
    """By UPDATE before the 200; one that only sends is heard, and holds nobody."""
    guest = talk.ringing(outside=True)
    talk.board.on_sip(sip.Progressed(guest, 183, b"v=0 early"))
    talk.media.direction = "sendonly"
    talk.board.on_sip(sip.Reoffered(guest, b"v=0 moved"))

    [offered] = [o for o in talk.media.of(media.Offer) if isinstance(o, media.Offer) and o.sdp][-1:]
    assert (offered.leg, offered.sdp) == (guest, "v=0 moved")
    assert talk.said[-1] == ("accept", guest, b"v=0 ours")
    holds = [each for each in talk.media.of(media.Hold) if isinstance(each, media.Hold)]
    assert guest not in [each.leg for each in holds]
    assert talk.hears(talk.agent) == [guest]

    talk.media.direction = "sendrecv"
    talk.board.on_sip(sip.Answered(guest, b"v=0 moved"))
    assert talk.news[-1] == GuestJoined(talk.call_id, OFFER)
    assert talk.hears(guest) == [talk.agent]


def test_a_move_of_early_media_that_media_refuses_leaves_it_where_it_is(talk: GuestTalk) -> None:
    guest = talk.ringing(outside=True)
    talk.board.on_sip(sip.Progressed(guest, 183, b"v=0 early"))
    talk.media.refuse[media.Offer] = 488
    talk.board.on_sip(sip.Reoffered(guest, b"v=0 moved"))
    assert talk.said[-1] == ("reject", guest, 488)
    assert talk.hears(talk.agent) == [guest]


def test_early_media_that_media_refuses_leaves_the_tone(talk: GuestTalk) -> None:
    guest = talk.ringing(outside=True)
    talk.media.refuse[media.Answer] = 488
    talk.board.on_sip(sip.Progressed(guest, 183, b"v=0 early"))
    assert talk.hears(talk.agent) == [RING_BACK]
    assert talk.names() == ["GuestInvited"]


def test_answer_without_sdp_is_that_of_the_183(talk: GuestTalk) -> None:
    guest = talk.ringing(outside=True)
    talk.board.on_sip(sip.Progressed(guest, 183, b"v=0 early"))
    talk.board.on_sip(sip.Answered(guest, b""))
    assert talk.news[-1] == GuestJoined(talk.call_id, OFFER)


def test_early_sdp_of_our_own_phones_is_not_passed(talk: GuestTalk) -> None:
    guest = talk.ringing()
    talk.board.on_sip(sip.Progressed(guest, 183, b"v=0 early"))
    assert talk.hears(talk.agent) == [RING_BACK]


# -- conference ----------------------------------------------------------------------------------


def test_each_of_three_hears_the_two_others(talk: GuestTalk) -> None:
    guest = talk.consulting()
    talk.board.conference(talk.call_id)
    assert talk.hears(CALLER) == sorted([talk.agent, guest])
    assert talk.hears(talk.agent) == sorted([CALLER, guest])
    assert talk.hears(guest) == sorted([CALLER, talk.agent])
    assert talk.ears.connected[CALLER] == talk.agent, "underneath"
    assert talk.news[-1] == ConferenceStarted(talk.call_id, OFFER)


def test_conference_needs_a_guest_who_has_picked_up(talk: GuestTalk) -> None:
    talk.board.conference(talk.call_id)
    talk.ringing()
    talk.board.conference(talk.call_id)
    assert talk.names() == ["GuestInvited"]


def test_nobody_hears_the_music_of_one_who_holds_in_a_conference(talk: GuestTalk) -> None:
    guest = talk.consulting()
    talk.board.conference(talk.call_id)
    talk.holds(guest, on=True)
    assert talk.hears(CALLER) == [talk.agent]
    talk.holds(talk.agent, on=True)
    assert talk.hears(CALLER) == [MUSIC]
    assert talk.hears(guest) == [CALLER]
    talk.holds(guest, on=False)
    assert talk.hears(CALLER) == [guest]


def test_guest_who_leaves_a_conference_leaves_the_two_as_before(talk: GuestTalk) -> None:
    guest = talk.consulting()
    talk.board.conference(talk.call_id)
    talk.hang_up(guest)
    assert talk.news[-1] == GuestLeft(talk.call_id, OFFER, 0)
    assert talk.hears(CALLER) == [talk.agent]
    assert talk.hears(talk.agent) == [CALLER]
    assert not any(talk.ears.mixed.values())


def test_agent_who_leaves_a_conference_leaves_caller_and_guest_together(talk: GuestTalk) -> None:
    guest = talk.consulting()
    talk.board.conference(talk.call_id)
    talk.hang_up(talk.agent)
    assert talk.news[-1] == TalkTransferred(talk.call_id, OFFER)
    assert "AgentHungUp" not in talk.names()
    assert talk.hears(CALLER) == [guest]
    assert talk.hears(guest) == [CALLER]


def test_conference_that_media_cannot_mix_sends_the_guest_away(talk: GuestTalk) -> None:
    guest = talk.consulting()
    talk.media.refuse[media.Hear] = 503
    talk.board.conference(talk.call_id)
    assert talk.names()[-2:] == ["ConferenceStarted", "GuestLeft"]
    assert talk.verbs(guest)[-1] == "hang_up"
    assert talk.board.find_talk(talk.call_id) == PhoneId(EVA)


# -- the transfer at the end of a consultation ---------------------------------------------------


def test_completed_transfer_connects_caller_and_guest_and_ends_the_agent_s_leg(
    talk: GuestTalk,
) -> None:
    guest = talk.consulting()
    talk.board.complete_transfer(talk.call_id)
    assert talk.names() == ["GuestInvited", "GuestJoined", "TalkTransferred"]
    assert talk.hears(CALLER) == [guest]
    assert talk.hears(guest) == [CALLER]
    assert talk.verbs(talk.agent) == ["hang_up"]
    assert releases(talk, talk.agent) == 1
    assert talk.board.find_talk(talk.call_id) == PhoneId(TOM)


def test_recording_ends_with_the_transfer_and_another_begins(talk: GuestTalk) -> None:
    guest = talk.consulting()
    talk.board.complete_transfer(talk.call_id)
    assert talk.media.of(media.Untap) == [media.Untap(rid=0, tap_id=TAP)]
    talk.board.record(talk.call_id, RecordingId("r-2"), "/tmp/r-2.wav")
    assert taps(talk) == [(TAP, talk.agent), ("r-2", guest)]
    talk.board.on_media_event(media.TapEnded(seq=1, tap_id=TAP, frames=80, complete=True))
    assert talk.news[-1] == TalkRecorded(TAP, 80, complete=True)


def test_guest_who_still_rings_gets_the_caller_when_he_picks_up(talk: GuestTalk) -> None:
    guest = talk.ringing()
    talk.board.complete_transfer(talk.call_id)
    assert talk.names() == ["GuestInvited"], "no word of the agent, who has handed over"
    assert talk.hears(CALLER) == [MUSIC]
    talk.pick_up(guest)
    assert talk.names()[1:] == ["GuestJoined", "TalkTransferred"]
    assert talk.hears(CALLER) == [guest]


def test_agent_who_hangs_up_on_a_guest_that_has_joined_hands_over(talk: GuestTalk) -> None:
    """Decided so: many desk phones complete a transfer in this way, and no caller is lost."""
    guest = talk.consulting()
    talk.hang_up(talk.agent)
    assert talk.names()[-1] == "TalkTransferred"
    assert talk.hears(CALLER) == [guest]


def test_agent_who_hangs_up_on_a_guest_that_rings_leaves_the_caller_to_him(
    talk: GuestTalk,
) -> None:
    guest = talk.ringing()
    talk.hang_up(talk.agent)
    assert talk.news[-1] == AgentHungUp(talk.call_id, EVA, EndedBy.AGENT)
    assert talk.hears(CALLER) == [MUSIC]
    talk.pick_up(guest)
    assert talk.names()[-2:] == ["GuestJoined", "TalkTransferred"]


def test_hold_of_the_agent_s_phone_ends_with_the_agent_s_part(talk: GuestTalk) -> None:
    talk.holds(talk.agent, on=True)
    guest = talk.consulting()
    talk.board.complete_transfer(talk.call_id)
    held = [event for event in talk.news if isinstance(event, CallHeld | CallResumed)]
    assert held == [CallHeld(talk.call_id, Side.AGENT), CallResumed(talk.call_id, Side.AGENT)]
    assert talk.names()[-1] == "TalkTransferred"
    assert talk.hears(CALLER) == [guest]


def test_guest_who_has_the_talk_is_as_good_as_an_agent(talk: GuestTalk) -> None:
    guest = talk.consulting()
    talk.board.complete_transfer(talk.call_id)
    talk.board.hold(talk.call_id)
    assert talk.hears(CALLER) == [MUSIC]
    talk.board.resume(talk.call_id)
    back = AgentTarget(EVA, OfferId("o-back"))
    talk.board.consult(talk.call_id, back)
    eva = talk.pick_up(talk.rings())
    assert talk.hears(guest) == [eva]
    talk.board.complete_transfer(talk.call_id)
    assert talk.news[-1] == TalkTransferred(talk.call_id, OfferId("o-back"))
    assert talk.verbs(guest)[-1] == "hang_up"
    assert talk.board.find_talk(talk.call_id) == PhoneId(EVA)


def test_guest_of_ours_who_has_the_talk_hangs_up_as_an_agent_does(talk: GuestTalk) -> None:
    guest = talk.consulting()
    talk.board.complete_transfer(talk.call_id)
    talk.hang_up(guest)
    assert talk.news[-1] == AgentHungUp(talk.call_id, TOM, EndedBy.AGENT)
    assert talk.board.has_call(talk.call_id)


def test_talk_that_one_from_outside_ends_is_the_call_s_end(talk: GuestTalk) -> None:
    guest = talk.consulting(outside=True)
    talk.board.complete_transfer(talk.call_id)
    assert talk.board.find_talk(talk.call_id) is None, "nobody of ours to be listened to"
    talk.hang_up(guest)
    assert talk.names()[-1] == "CallEnded"
    assert talk.news[-1] == CallEnded(talk.call_id, EndedBy.AGENT, "the guest hung up")
    assert talk.verbs(CALLER) == ["hang_up"]


@pytest.mark.parametrize("ask", ["consult", "transfer"])
def test_nobody_is_asked_into_a_talk_that_one_from_outside_has(talk: GuestTalk, ask: str) -> None:
    guest = talk.consulting(outside=True)
    talk.board.complete_transfer(talk.call_id)
    getattr(talk.board, ask)(talk.call_id, TO_TOM)
    assert talk.news[-1] == GuestLeft(talk.call_id, TO_TOM.offer_id, 491)
    talk.hang_up(guest)
    assert talk.names()[-1] == "CallEnded", "and not a caller of whom nobody knows that he is alone"


# -- endings -------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", ["rings", "joined", "conference", "transfer"])
def test_caller_who_hangs_up_takes_all_along(talk: GuestTalk, stage: str) -> None:
    guest = talk.transferring() if stage == "transfer" else talk.ringing()
    if stage in ("joined", "conference"):
        talk.pick_up(guest)
    if stage == "conference":
        talk.board.conference(talk.call_id)
    talk.hang_up(CALLER)
    assert talk.names()[-2:] == ["GuestLeft", "CallEnded"]
    for leg in (talk.agent, guest):
        assert talk.verbs(leg)[-1] == "hang_up"
        assert releases(talk, leg) == 1
    assert talk.board.is_empty or talk.board.count() == 0


def test_release_of_the_agent_in_a_consultation_hands_over(talk: GuestTalk) -> None:
    guest = talk.consulting()
    talk.board.release_agent(talk.call_id)
    assert talk.names()[-1] == "TalkTransferred"
    assert talk.hears(CALLER) == [guest]


@pytest.mark.parametrize("who", ["guest", "agent"])
def test_lost_media_in_a_consultation_costs_only_who_lost_it(talk: GuestTalk, who: str) -> None:
    guest = talk.consulting()
    leg = guest if who == "guest" else talk.agent
    talk.board.on_media_event(media.MediaLost(seq=1, leg=leg))
    assert talk.names()[-1] == ("GuestLeft" if who == "guest" else "TalkTransferred")
    assert talk.verbs(leg)[-1] == "hang_up"
    assert talk.board.has_call(talk.call_id)


def test_guest_s_answer_that_media_refuses_is_hung_up_on(talk: GuestTalk) -> None:
    guest = talk.ringing()
    talk.media.refuse[media.Answer] = 488
    talk.pick_up(guest)
    assert talk.news[-1] == GuestLeft(talk.call_id, OFFER, 488)
    assert talk.verbs(guest)[-1] == "hang_up"


def test_guest_who_cannot_be_connected_is_sent_away(talk: GuestTalk) -> None:
    guest = talk.ringing()
    talk.media.refuse[media.Connect] = 481
    talk.media.keeps = True
    talk.pick_up(guest)
    talk.media.keeps = False
    for reply in list(talk.media.kept):
        reply()
    talk.media.refuse.clear()
    talk.media.let_go()
    assert "GuestLeft" in talk.names()


def test_digit_by_info_goes_to_whom_the_agent_speaks_with(talk: GuestTalk) -> None:
    guest = talk.consulting()
    talk.board.on_sip(sip.InfoDigit(talk.agent, "5"))
    assert talk.media.of(media.SendDigits) == [media.SendDigits(rid=0, leg=guest, digits="5")]


def test_reinvite_of_a_guest_is_answered_here(talk: GuestTalk) -> None:
    guest = talk.consulting()
    talk.holds(guest, on=True)
    assert talk.hears(talk.agent) == [MUSIC]
    assert talk.verbs(guest)[-1] == "accept"
    assert "CallHeld" not in talk.names(), "the caller is not held by a guest"


def test_record_of_a_guest_s_dialog_is_kept_with_his_session(talk: GuestTalk) -> None:
    guest = talk.ringing()
    talk.board.on_sip(sip.DialogKept(LegId(guest), b"record"))
    assert talk.media.asked[-1] == media.Keep(rid=0, leg=guest, record=b"record")
