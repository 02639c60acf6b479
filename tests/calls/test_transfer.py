"""Blind transfer, by command and by the phone's own REFER, and what the phone is told."""

import pytest

from foundation.ids import LegId, OfferId
from telephony.calls.events import (
    AgentHungUp,
    EndedBy,
    GuestInvited,
    GuestLeft,
    GuestWay,
    MonitorMode,
    TransferAsked,
)
from telephony.media import protocol as media
from telephony.sip import events as sip
from tests.support.guest_talk import (
    CALLER,
    EVA,
    MUSIC,
    OFFER,
    RING_BACK,
    TAP,
    TO_TOM,
    TOM,
    GuestTalk,
)
from tests.support.listened_talk import ListenedTalk


@pytest.fixture
def talk() -> GuestTalk:
    return GuestTalk()


def refers(talk: GuestTalk) -> list[tuple[str, object]]:
    return [(verb, detail) for verb, _, detail in talk.said if "refer" in verb]


# -- by command ----------------------------------------------------------------------------------


def test_guest_gets_the_caller_when_he_picks_up(talk: GuestTalk) -> None:
    guest = talk.transferring()
    assert talk.news == [GuestInvited(talk.call_id, OFFER, GuestWay.TRANSFER, agent_id=TOM)]
    assert talk.hears(CALLER) == [MUSIC]
    assert talk.hears(talk.agent) == [RING_BACK]
    talk.pick_up(guest)
    assert talk.names()[1:] == ["GuestJoined", "TalkTransferred"]
    assert talk.hears(CALLER) == [guest]
    assert talk.hears(guest) == [CALLER]
    assert talk.verbs(talk.agent) == ["hang_up"]
    assert talk.media.of(media.Untap) == [media.Untap(rid=0, tap_id=TAP)]


def test_agent_who_waits_gets_the_caller_back(talk: GuestTalk) -> None:
    guest = talk.transferring()
    talk.board.on_sip(sip.Refused(guest, 486, "Busy Here"))
    assert talk.news[-1] == GuestLeft(talk.call_id, OFFER, 486)
    assert talk.hears(CALLER) == [talk.agent]
    assert talk.media.of(media.Untap) == []


def test_agent_who_does_not_wait_is_told_and_the_call_goes_on(talk: GuestTalk) -> None:
    guest = talk.transferring()
    talk.hang_up(talk.agent)
    assert talk.news[-1] == AgentHungUp(talk.call_id, EVA, EndedBy.AGENT)
    assert talk.hears(CALLER) == [MUSIC]
    talk.pick_up(guest)
    assert talk.names()[-1] == "TalkTransferred"
    assert talk.hears(CALLER) == [guest]


def test_caller_whose_agent_is_gone_is_alone_when_the_guest_refuses(talk: GuestTalk) -> None:
    guest = talk.transferring()
    talk.hang_up(talk.agent)
    talk.board.on_sip(sip.Refused(guest, 480, ""))
    assert talk.names()[-2:] == ["AgentHungUp", "GuestLeft"]
    assert talk.hears(CALLER) == []
    assert talk.board.has_call(talk.call_id)
    talk.board.play(talk.call_id, ["sorry.wav"])
    assert talk.hears(CALLER) == ["sorry.wav"]


def test_prompt_for_the_caller_is_cut_when_the_guest_has_the_talk(talk: GuestTalk) -> None:
    guest = talk.transferring()
    talk.board.play(talk.call_id, ["one-moment.wav"])
    talk.pick_up(guest)
    assert talk.hears(CALLER) == [guest]


def test_caller_who_goes_elsewhere_in_the_house_stays_alone(talk: GuestTalk) -> None:
    talk.board.release_for_transfer(talk.call_id)
    assert talk.names() == [], "no word of the agent"
    assert talk.verbs(talk.agent) == ["hang_up"]
    assert talk.hears(CALLER) == []
    assert talk.media.of(media.Untap) == [media.Untap(rid=0, tap_id=TAP)]
    talk.board.ring_agent(talk.call_id, TOM, OFFER, auto_answer=False)
    assert talk.said[-1][0] == "dial"


def test_guest_does_not_go_along_with_the_caller(talk: GuestTalk) -> None:
    guest = talk.consulting()
    talk.board.release_for_transfer(talk.call_id)
    assert talk.names()[-1] == "GuestLeft"
    assert talk.verbs(guest)[-1] == "hang_up"


# -- by REFER ------------------------------------------------------------------------------------


def test_phone_that_refers_is_told_how_it_goes(talk: GuestTalk) -> None:
    talk.refer(talk.agent, "tom")
    assert talk.news == [TransferAsked(talk.call_id, EVA, "tom")]
    assert refers(talk) == []
    guest = talk.transferring()
    assert refers(talk) == [("accept_refer", None), ("notify_refer", 180)]
    talk.pick_up(guest)
    assert refers(talk)[2:] == [("notify_refer", 200)]
    assert talk.verbs(talk.agent)[-2:] == ["notify_refer", "hang_up"]


def test_phone_that_refers_is_told_of_the_failure_and_has_the_caller_back(
    talk: GuestTalk,
) -> None:
    talk.refer(talk.agent, "tom")
    guest = talk.transferring()
    talk.board.on_sip(sip.Refused(guest, 603, "Decline"))
    assert refers(talk)[-1] == ("notify_refer", 603)
    assert talk.hears(CALLER) == [talk.agent]
    assert "hang_up" not in talk.verbs(talk.agent)


def test_refused_transfer_is_the_refer_s_answer(talk: GuestTalk) -> None:
    talk.refer(talk.agent, "nobody")
    talk.board.refuse_transfer(talk.call_id, 404)
    assert refers(talk) == [("refuse_refer", 404)]
    talk.board.refuse_transfer(talk.call_id, 404)
    assert len(refers(talk)) == 1


def test_refer_to_a_queue_succeeds_and_ends_the_agent_s_leg(talk: GuestTalk) -> None:
    talk.refer(talk.agent, "8001")
    talk.board.release_for_transfer(talk.call_id)
    assert talk.verbs(talk.agent) == ["accept_refer", "notify_refer", "hang_up"]
    assert refers(talk)[-1] == ("notify_refer", 200)


def test_refer_with_replaces_means_the_guest_who_is_there(talk: GuestTalk) -> None:
    guest = talk.consulting()
    talk.refer(talk.agent, "tom", replaces=guest)
    assert talk.news[-1] == TransferAsked(talk.call_id, EVA, "")
    talk.board.complete_transfer(talk.call_id)
    assert talk.verbs(talk.agent) == ["accept_refer", "notify_refer", "hang_up"]
    assert talk.hears(CALLER) == [guest]


def test_phone_that_hangs_up_while_it_waits_gets_no_more_words(talk: GuestTalk) -> None:
    talk.refer(talk.agent, "tom")
    guest = talk.transferring()
    talk.hang_up(talk.agent)
    talk.pick_up(guest)
    assert refers(talk) == [("accept_refer", None), ("notify_refer", 180)]


@pytest.mark.parametrize("accepted", [False, True])
def test_caller_who_hangs_up_is_the_refer_s_last_word(talk: GuestTalk, accepted: bool) -> None:
    talk.refer(talk.agent, "tom")
    if accepted:
        talk.transferring()
    talk.hang_up(CALLER)
    assert refers(talk)[-1] == ("notify_refer" if accepted else "refuse_refer", 487)
    assert talk.verbs(talk.agent)[-1] == "hang_up"


@pytest.mark.parametrize("how", ["released", "lost", "withdrawn"])
def test_phone_that_we_hang_up_on_has_its_last_word_before(talk: GuestTalk, how: str) -> None:
    talk.refer(talk.agent, "tom")
    if how == "released":
        talk.board.release_agent(talk.call_id)
    elif how == "lost":
        talk.board.on_media_event(media.MediaLost(seq=1, leg=talk.agent))
    else:
        talk.board.stop_ringing(talk.call_id, OfferId("o-eva"))
    assert talk.verbs(talk.agent) == ["refuse_refer", "hang_up"]


def test_transfer_that_comes_to_nothing_at_once_refuses_the_refer(talk: GuestTalk) -> None:
    talk.refer(talk.agent, "tom")
    talk.board.consult(talk.call_id, TO_TOM)
    talk.board.transfer(talk.call_id, TO_TOM)
    assert refers(talk) == [("refuse_refer", 491)]


@pytest.mark.parametrize(
    ("target", "replaces", "status"),
    [("", None, 400), ("tom", "l-of-another-call", 403), ("tom", CALLER, 403)],
)
def test_refer_that_cannot_be_done_is_refused_here(
    talk: GuestTalk, target: str, replaces: str | None, status: int
) -> None:
    talk.refer(talk.agent, target, replaces=None if replaces is None else LegId(replaces))
    assert refers(talk) == [("refuse_refer", status)]
    assert talk.news == []


def test_replaces_that_names_no_dialog_of_ours_is_refused(talk: GuestTalk) -> None:
    talk.board.on_sip(sip.Referred(talk.agent, "tom", "h", None, is_replaces_unknown=True))
    assert refers(talk) == [("refuse_refer", 481)]


def test_refer_to_a_third_while_a_guest_is_there_is_refused(talk: GuestTalk) -> None:
    talk.consulting()
    talk.refer(talk.agent, "somebody else")
    assert refers(talk) == [("refuse_refer", 491)]


def test_second_refer_waits_for_nobody(talk: GuestTalk) -> None:
    talk.refer(talk.agent, "tom")
    talk.refer(talk.agent, "tom")
    assert refers(talk) == [("refuse_refer", 491)]


def test_caller_may_not_transfer(talk: GuestTalk) -> None:
    talk.refer(CALLER, "01012345678")
    assert refers(talk) == [("refuse_refer", 403)]
    assert talk.news == []


@pytest.mark.parametrize("outside", [False, True])
def test_guest_may_transfer_when_the_talk_is_his_and_he_is_of_the_house(
    talk: GuestTalk, outside: bool
) -> None:
    guest = talk.consulting(outside=outside)
    talk.refer(guest, "eva")
    assert refers(talk) == [("refuse_refer", 403)]
    talk.board.complete_transfer(talk.call_id)
    talk.refer(guest, "eva")
    if outside:
        assert refers(talk) == [("refuse_refer", 403)] * 2
    else:
        assert talk.news[-1] == TransferAsked(talk.call_id, TOM, "eva")


def test_refer_on_a_leg_of_nobody_is_refused(talk: GuestTalk) -> None:
    talk.refer(LegId("l-nobody"), "tom")
    assert refers(talk) == [("refuse_refer", 481)]


def test_supervisor_may_not_transfer() -> None:
    talk = ListenedTalk()
    boss = talk.listen(MonitorMode.BARGE)
    talk.board.on_sip(sip.Referred(boss, "tom", "h"))
    assert talk.sip.done[-1] == ("refuse_refer", boss, 403)
