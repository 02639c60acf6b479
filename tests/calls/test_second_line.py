"""The phone's own ways of consulting: a second line, and another phone that takes the talk over."""

import pytest

from foundation.ids import LegId
from telephony.calls.events import (
    AgentHungUp,
    CallArrived,
    ConsultAsked,
    EndedBy,
    GuestLeft,
    TalkTransferred,
    TransferAsked,
)
from telephony.calls.kept import Note, read_note
from telephony.media import protocol as media
from telephony.sip import events as sip
from tests.support.guest_talk import (
    CALLER,
    EVA,
    MUSIC,
    OFFER,
    OUTSIDE,
    SECOND,
    TAP,
    TO_TOM,
    TOM,
    GuestTalk,
    incoming,
)


@pytest.fixture
def talk() -> GuestTalk:
    return GuestTalk()


@pytest.fixture
def asked(talk: GuestTalk) -> GuestTalk:
    """As a desk phone does it: the first line is put on hold, then the second one dials."""
    talk.holds(talk.agent, on=True)
    talk.second_line("tom")
    return talk


def test_second_line_of_the_talking_agent_asks_to_consult(talk: GuestTalk) -> None:
    talk.second_line("tom")
    assert talk.news == [ConsultAsked(talk.call_id, EVA, "tom")]
    [offer] = [o for o in talk.media.of(media.Offer) if isinstance(o, media.Offer)][2:]
    assert (offer.leg, offer.call) == (SECOND, talk.call_id), "on the same worker"
    note = read_note(talk.sip.noted[SECOND])
    assert note is not None
    assert (note.agent, note.is_second) == (EVA, True)


def test_guest_and_second_line_ring_answer_and_talk_together(asked: GuestTalk) -> None:
    guest = asked.ringing()
    assert asked.verbs(SECOND) == ["progress"]
    assert ("progress", SECOND, (180, b"")) in asked.said
    asked.pick_up(guest)
    assert asked.verbs(SECOND) == ["progress", "accept"]
    assert asked.hears(SECOND) == [guest]
    assert asked.hears(guest) == [SECOND]
    assert asked.hears(CALLER) == [MUSIC]
    assert asked.hears(asked.agent) == []


def test_early_media_reaches_the_second_line_by_183(asked: GuestTalk) -> None:
    asked.board.consult(asked.call_id, OUTSIDE)
    guest = asked.sip.last_leg("dial_outside")
    asked.board.on_sip(sip.Progressed(guest, 183, b"v=0 early"))
    assert ("progress", SECOND, (183, b"v=0 ours")) in asked.said
    assert asked.hears(SECOND) == [guest]


def test_refused_consultation_is_the_second_line_s_answer(asked: GuestTalk) -> None:
    asked.board.refuse_consult(asked.call_id, 404)
    assert ("reject", SECOND, 404) in asked.said
    assert asked.names() == ["CallHeld", "ConsultAsked"]
    assert SECOND not in asked.media.sessions
    asked.board.refuse_consult(asked.call_id, 404)
    assert asked.verbs(SECOND) == ["reject"]


def test_guest_s_refusal_is_the_second_line_s_answer(asked: GuestTalk) -> None:
    guest = asked.ringing()
    asked.board.on_sip(sip.Refused(guest, 486, "Busy Here"))
    assert ("reject", SECOND, 486) in asked.said
    assert asked.news[-1] == GuestLeft(asked.call_id, OFFER, 486)
    assert asked.hears(CALLER) == [MUSIC], "the phone holds its first line still"
    asked.holds(asked.agent, on=False)
    assert asked.hears(CALLER) == [asked.agent]


def test_second_line_that_gives_up_sends_the_ringing_guest_away(asked: GuestTalk) -> None:
    guest = asked.ringing()
    asked.board.on_sip(sip.Cancelled(SECOND))
    assert asked.news[-1] == GuestLeft(asked.call_id, OFFER, 0)
    assert asked.verbs(guest)[-1] == "hang_up"
    assert asked.board.has_call(asked.call_id)


def test_second_line_that_hangs_up_sends_the_guest_away(asked: GuestTalk) -> None:
    guest = asked.consulting()
    asked.hang_up(SECOND)
    assert asked.news[-1] == GuestLeft(asked.call_id, OFFER, 0)
    assert asked.verbs(guest)[-1] == "hang_up"
    assert "hang_up" not in asked.verbs(SECOND)
    assert asked.board.has_call(asked.call_id)


def test_first_line_that_hangs_up_completes_the_transfer(asked: GuestTalk) -> None:
    guest = asked.consulting()
    asked.hang_up(asked.agent)
    assert asked.news[-1] == TalkTransferred(asked.call_id, OFFER)
    assert asked.hears(CALLER) == [guest]
    assert asked.verbs(SECOND)[-1] == "hang_up"


def test_first_line_that_hangs_up_on_a_ringing_guest_ends_the_second(asked: GuestTalk) -> None:
    guest = asked.ringing()
    asked.hang_up(asked.agent)
    assert asked.news[-1] == AgentHungUp(asked.call_id, EVA, EndedBy.AGENT)
    assert ("reject", SECOND, 480) in asked.said
    asked.pick_up(guest)
    assert asked.names()[-1] == "TalkTransferred"


def test_attended_transfer_of_a_desk_phone(asked: GuestTalk) -> None:
    """Hold, second line, talk with the guest, REFER with Replaces: how such phones do it."""
    guest = asked.consulting()
    asked.refer(asked.agent, "tom", replaces=SECOND)
    assert asked.news[-1] == TransferAsked(asked.call_id, EVA, "")
    asked.board.complete_transfer(asked.call_id)
    assert asked.verbs(asked.agent)[-3:] == ["accept_refer", "notify_refer", "hang_up"]
    assert asked.verbs(SECOND)[-1] == "hang_up"
    assert asked.names()[-2:] == ["CallResumed", "TalkTransferred"]
    assert asked.hears(CALLER) == [guest]
    assert asked.hears(guest) == [CALLER]


def test_refer_may_come_by_the_second_line_too(asked: GuestTalk) -> None:
    asked.consulting()
    asked.refer(SECOND, "caller", replaces=asked.agent)
    asked.board.complete_transfer(asked.call_id)
    assert asked.verbs(SECOND)[-3:] == ["accept_refer", "notify_refer", "hang_up"]


def test_transfer_of_a_desk_phone_before_the_guest_has_picked_up(asked: GuestTalk) -> None:
    guest = asked.ringing()
    asked.refer(asked.agent, "tom", replaces=SECOND)
    asked.board.complete_transfer(asked.call_id)
    assert asked.verbs(asked.agent)[-3:] == ["accept_refer", "notify_refer", "hang_up"]
    assert asked.verbs(SECOND)[-1] == "reject"
    assert asked.hears(CALLER) == [MUSIC]
    asked.pick_up(guest)
    assert asked.hears(CALLER) == [guest]


def test_agent_may_go_to_and_fro_between_the_lines(asked: GuestTalk) -> None:
    guest = asked.consulting()
    asked.holds(SECOND, on=True)
    asked.holds(asked.agent, on=False)
    assert asked.hears(CALLER) == [asked.agent]
    assert asked.hears(guest) == [MUSIC]
    asked.holds(asked.agent, on=True)
    asked.holds(SECOND, on=False)
    assert asked.hears(CALLER) == [MUSIC]
    assert asked.hears(guest) == [SECOND]
    assert asked.ears.reachable(CALLER) == []


def test_caller_hears_music_though_the_phone_holds_nothing(talk: GuestTalk) -> None:
    talk.second_line("tom")
    guest = talk.consulting()
    assert talk.hears(CALLER) == [MUSIC]
    assert talk.ears.reachable(CALLER) == []
    assert talk.hears(guest) == [SECOND]


def test_conference_is_with_the_line_that_speaks(asked: GuestTalk) -> None:
    guest = asked.consulting()
    asked.board.conference(asked.call_id)
    assert asked.hears(CALLER) == sorted([SECOND, guest])
    assert asked.hears(SECOND) == sorted([CALLER, guest])


def test_transfer_instead_of_a_consultation_refuses_the_second_line(asked: GuestTalk) -> None:
    asked.board.transfer(asked.call_id, TO_TOM)
    assert asked.verbs(SECOND) == ["reject"]
    assert asked.names()[-1] == "GuestInvited"


def test_second_line_without_media_is_refused(talk: GuestTalk) -> None:
    talk.media.refuse[media.Offer] = 488
    talk.second_line("tom")
    assert talk.verbs(SECOND) == ["reject"]
    assert talk.news == []


def test_caller_who_hangs_up_ends_both_lines(asked: GuestTalk) -> None:
    asked.consulting()
    asked.hang_up(CALLER)
    assert asked.verbs(SECOND)[-1] == "hang_up"
    assert asked.verbs(asked.agent)[-1] == "hang_up"


def test_lost_media_of_the_second_line_ends_the_consultation(asked: GuestTalk) -> None:
    asked.consulting()
    asked.board.on_media_event(media.MediaLost(seq=1, leg=SECOND))
    assert asked.names()[-1] == "GuestLeft"
    assert asked.verbs(SECOND)[-1] == "hang_up"


def test_third_line_is_busy(asked: GuestTalk) -> None:
    asked.board.on_sip(incoming(LegId("l-third"), "anna", EVA))
    assert asked.said[-1] == ("reject", "l-third", 486)


def test_line_of_ours_that_an_agent_dials_meanwhile_is_a_call_as_before(talk: GuestTalk) -> None:
    talk.second_line("8001")
    assert talk.names() == ["CallArrived"]


def test_agent_who_does_not_talk_has_dialled_and_not_consulted(talk: GuestTalk) -> None:
    talk.second_line("0131", aor=TOM)
    [arrived] = talk.news
    assert isinstance(arrived, CallArrived)
    assert arrived.line == "", "the journal holds no number"
    assert talk.board.find_dialled(arrived.call_id) == "0131"
    assert talk.board.find_calling_agent(arrived.call_id) == TOM


# -- another phone of the agent's ----------------------------------------------------------------


def test_talk_moves_to_the_agent_s_other_phone(talk: GuestTalk) -> None:
    other = talk.other_phone(talk.agent)
    assert talk.verbs(other) == ["accept"]
    assert talk.verbs(talk.agent) == ["hang_up"]
    assert talk.hears(CALLER) == [other]
    assert talk.hears(other) == [CALLER]
    assert talk.news == [], "nothing else has changed"
    talk.hang_up(other)
    assert talk.news == [AgentHungUp(talk.call_id, EVA, EndedBy.AGENT)]


def test_recording_goes_on_with_the_other_phone(talk: GuestTalk) -> None:
    other = talk.other_phone(talk.agent)
    assert talk.media.of(media.Untap) == []
    [_, moved] = talk.media.of(media.Tap)
    assert moved == media.Tap(rid=0, tap_id=TAP, left=CALLER, right=other, file="/tmp/r-1.wav")
    order = [type(r).__name__ for r in talk.media.asked]
    assert order.index("Release") > len(order) - 1 - order[::-1].index("Tap")


def test_refer_of_the_phone_that_the_talk_moves_away_from_comes_to_nothing(
    talk: GuestTalk,
) -> None:
    talk.media.keeps = True
    talk.other_phone(talk.agent)
    talk.refer(talk.agent, "tom")
    talk.media.let_go()
    assert talk.verbs(talk.agent) == ["refuse_refer", "hang_up"]


def test_note_of_the_other_phone_is_that_of_an_agent_s_leg(talk: GuestTalk) -> None:
    other = talk.other_phone(talk.agent)
    note = read_note(talk.sip.noted[other])
    assert isinstance(note, Note)
    assert (note.agent, note.offer, note.is_second) == (EVA, "o-eva", False)


@pytest.mark.parametrize("aor", [TOM, ""])
def test_nobody_else_may_take_a_talk_over(talk: GuestTalk, aor: str) -> None:
    other = talk.other_phone(talk.agent, aor=aor)
    assert talk.said == [("reject", other, 403)]
    assert talk.hears(CALLER) == [talk.agent]


def test_caller_s_leg_may_not_be_replaced(talk: GuestTalk) -> None:
    other = talk.other_phone(CALLER)
    assert talk.said == [("reject", other, 403)]


def test_talk_with_a_guest_does_not_move(talk: GuestTalk) -> None:
    talk.consulting()
    other = talk.other_phone(talk.agent)
    assert talk.said[-1] == ("reject", other, 403)


def test_other_phone_that_media_refuses_leaves_the_talk_where_it_was(talk: GuestTalk) -> None:
    talk.media.refuse[media.Offer] = 488
    other = talk.other_phone(talk.agent)
    assert talk.said == [("reject", other, 488)]
    assert talk.hears(CALLER) == [talk.agent]


@pytest.mark.parametrize("end", ["cancel", "agent", "guest"])
def test_move_that_comes_too_late_is_refused(talk: GuestTalk, end: str) -> None:
    talk.media.keeps = True
    other = talk.other_phone(talk.agent)
    if end == "cancel":
        talk.board.on_sip(sip.Cancelled(other))
    elif end == "agent":
        talk.hang_up(talk.agent)
    else:
        talk.board.consult(talk.call_id, TO_TOM)
    talk.media.let_go()
    assert talk.verbs(other) == ([] if end == "cancel" else ["reject"])
    assert other not in talk.media.sessions
