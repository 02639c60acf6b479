"""What the recording of a talk has of it, and what nobody is to hear."""

from telephony.calls.events import DigitPressed, Side
from telephony.media import protocol as media
from telephony.media.protocol import Hidden
from telephony.sip import events as sip
from tests.support.guest_talk import CALLER, TAP, GuestTalk


def hidden(talk: GuestTalk) -> list[tuple[str, Hidden]]:
    return [(each.leg, each.what) for each in talk.media.asked if isinstance(each, media.Hide)]


def beside(talk: GuestTalk) -> list[list[str]]:
    return [each.beside for each in talk.media.asked if isinstance(each, media.Tap)]


def digits(talk: GuestTalk) -> list[tuple[Side, str, bool]]:
    return [
        (event.side, event.digit, event.is_held)
        for event in talk.news
        if isinstance(event, DigitPressed)
    ]


def press(talk: GuestTalk, leg: str, digit: str, at_s: float = 100.0) -> None:
    talk.board.on_media_event(media.DigitHeard(seq=1, leg=leg, digit=digit, at_s=at_s))


def sent(talk: GuestTalk) -> list[tuple[str, str]]:
    asked = talk.media.asked
    return [(each.leg, each.digits) for each in asked if isinstance(each, media.SendDigits)]


# -- the recording -------------------------------------------------------------------------------


def test_guest_is_heard_in_the_recording_for_as_long_as_the_conference_lasts() -> None:
    talk = GuestTalk()
    guest = talk.consulting()
    assert beside(talk) == [[]]

    talk.board.conference(talk.call_id)
    assert beside(talk) == [[], [guest]]
    talk.board.take_back(talk.call_id)

    assert beside(talk) == [[], [guest], []]


def test_recording_that_was_ended_is_not_begun_again_by_a_conference() -> None:
    talk = GuestTalk()
    talk.board.stop_recording(talk.call_id)
    talk.consulting()
    talk.board.conference(talk.call_id)

    assert beside(talk) == [[]]
    assert len(talk.media.of(media.Untap)) == 1


def test_recording_is_paused_and_goes_on() -> None:
    talk = GuestTalk()
    talk.board.pause_recording(talk.call_id, on=True)
    talk.board.pause_recording(talk.call_id, on=False)

    assert talk.media.of(media.PauseTap) == [
        media.PauseTap(rid=0, tap_id=TAP, on=True),
        media.PauseTap(rid=0, tap_id=TAP, on=False),
    ]


def test_recording_that_cannot_be_paused_is_ended() -> None:
    talk = GuestTalk(refuse={media.PauseTap: 481})

    talk.board.pause_recording(talk.call_id, on=True)

    assert talk.media.of(media.Untap) == [media.Untap(rid=0, tap_id=TAP)]


def test_talk_that_is_not_recorded_is_not_paused() -> None:
    talk = GuestTalk()
    talk.board.stop_recording(talk.call_id)
    talk.board.pause_recording(talk.call_id, on=True)

    assert talk.media.of(media.PauseTap) == []


# -- card digits ---------------------------------------------------------------------------------


def test_caller_is_hidden_while_a_card_is_taken_and_his_digits_are_told() -> None:
    talk = GuestTalk()
    talk.board.take_card(talk.call_id, on=True)
    press(talk, CALLER, "4")
    talk.board.take_card(talk.call_id, on=False)

    assert hidden(talk) == [(CALLER, Hidden.ALL), (CALLER, Hidden.NOTHING)]
    assert digits(talk) == [(Side.CALLER, "4", False)]


def test_digits_by_sip_info_do_not_go_on_to_the_agent_either() -> None:
    talk = GuestTalk()
    talk.board.take_card(talk.call_id, on=True)
    talk.board.on_sip(sip.InfoDigit(CALLER, "4"))

    assert digits(talk) == [(Side.CALLER, "4", False)]
    assert sent(talk) == []
    talk.board.take_card(talk.call_id, on=False)
    talk.board.on_sip(sip.InfoDigit(CALLER, "5"))
    assert sent(talk) == [(talk.agent, "5")]


def test_end_of_the_talk_lets_the_caller_be_heard_again() -> None:
    talk = GuestTalk()
    talk.board.take_card(talk.call_id, on=True)
    guest = talk.transferring()
    talk.pick_up(guest)

    assert hidden(talk) == [(CALLER, Hidden.ALL), (CALLER, Hidden.NOTHING)]


# -- the agent's keys ----------------------------------------------------------------------------


def test_agent_s_keys_are_held_back_in_a_talk_where_they_may_be_commands() -> None:
    talk = GuestTalk(agent_keys=True)
    press(talk, talk.agent, "*")

    assert hidden(talk) == [(talk.agent, Hidden.KEYS)]
    assert digits(talk) == [(Side.AGENT, "*", True)]
    talk.board.send_digits(talk.call_id, "*")
    assert sent(talk) == [(CALLER, "*")]


def test_keys_by_sip_info_are_held_back_too() -> None:
    talk = GuestTalk(agent_keys=True)
    talk.board.on_sip(sip.InfoDigit(talk.agent, "9"))

    assert digits(talk) == [(Side.AGENT, "9", True)]
    assert sent(talk) == []


def test_media_that_cannot_hold_keys_back_has_passed_them_on() -> None:
    talk = GuestTalk(agent_keys=True, refuse={media.Hide: 488})
    press(talk, talk.agent, "*")

    assert digits(talk) == [(Side.AGENT, "*", False)]


def test_without_commands_keys_pass_as_they_come() -> None:
    talk = GuestTalk()
    press(talk, talk.agent, "*")

    assert hidden(talk) == []
    assert digits(talk) == [(Side.AGENT, "*", False)]


def test_guest_s_keys_are_no_commands_until_the_talk_is_his() -> None:
    talk = GuestTalk(agent_keys=True)
    guest = talk.consulting()
    press(talk, guest, "1", 101.0)
    assert digits(talk) == []

    talk.board.complete_transfer(talk.call_id)
    press(talk, guest, "2", 102.0)

    assert digits(talk) == [(Side.AGENT, "2", True)]
    assert hidden(talk)[-1] == (guest, Hidden.KEYS)


def test_guest_from_outside_has_no_commands() -> None:
    talk = GuestTalk(agent_keys=True)
    guest = talk.consulting(outside=True)
    talk.board.complete_transfer(talk.call_id)
    press(talk, guest, "2", 102.0)

    assert digits(talk) == [(Side.AGENT, "2", False)]


def test_signal_is_for_the_agent_alone() -> None:
    talk = GuestTalk()
    talk.board.signal_agent(talk.call_id, ["tone:600:120"])

    plays = [each for each in talk.media.asked if isinstance(each, media.Play)]
    assert [(each.leg, each.items) for each in plays[-1:]] == [(talk.agent, ["tone:600:120"])]
