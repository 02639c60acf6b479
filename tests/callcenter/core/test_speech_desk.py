"""Core's side of listening; listener and media are lists."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from callcenter.core.speech_desk import OnReply, SpeechDesk
from foundation.ids import CallId, LegId
from ivr.effects import AskSpeech
from ivr.inputs import SpeechBegan, SpeechFailed, SpeechHeard, SpeechSilent
from recordings.following import listen_messages as m
from telephony.media import protocol as media

CALL = CallId("c-1")
ASKED = AskSpeech(7, ("en", "zh"), {"en": ("yes",)}, 5.0, 12.0)
ID = "c-1.7"


class House:
    """Everything round the desk."""

    def __init__(self) -> None:
        self.has_listener = True
        self.sent: list[m.FromCore] = []
        self.asked: list[tuple[media.Request, OnReply]] = []
        self.answers: list[tuple[CallId, object]] = []
        self.waiting: list[Callable[[], None]] = []
        self.desk = SpeechDesk(
            "/run/live.sock",
            self.send,
            lambda request, on_reply: self.asked.append((request, on_reply)),
            lambda call_id: LegId("l-1") if call_id == CALL else None,
            self.waiting.append,
        )

    def send(self, message: m.FromCore) -> bool:
        if self.has_listener:
            self.sent.append(message)
        return self.has_listener

    def start(self, call_id: CallId = CALL, asked: AskSpeech = ASKED) -> None:
        self.desk.start(call_id, asked, lambda *answer: self.answers.append(answer))

    def settle(self) -> list[tuple[CallId, object]]:
        """What is told later is told now."""
        while self.waiting:
            self.waiting.pop(0)()
        return self.answers


@pytest.fixture
def house() -> House:
    return House()


def test_question_goes_to_the_listener_then_the_audio_is_sent_to_it(house: House) -> None:
    house.start()
    [listen] = house.sent
    assert isinstance(listen, m.Listen)
    assert (listen.listen_id, listen.languages, listen.wait_s) == (ID, ("en", "zh"), 5.0)
    assert house.asked == []

    house.desk.on_message(m.Listening(listen_id=ID))
    [(request, _)] = house.asked
    assert request == media.ListenIn(rid=0, leg="l-1", listen_id=ID, socket="/run/live.sock")


def test_words_silence_and_failure_are_answered_with_the_questions_id(house: House) -> None:
    heard = m.Heard(listen_id=ID, language="en", text="yes", confidence=0.9)
    outcomes: list[tuple[m.Outcome, object]] = [
        (heard, SpeechHeard(7, "yes", 0.9)),
        (m.Silent(listen_id=ID), SpeechSilent(7)),
        (m.Failed(listen_id=ID, sentence="no model"), SpeechFailed(7)),
    ]
    for outcome, expected in outcomes:
        house.answers.clear()
        house.start()
        house.desk.on_message(m.Partly(listen_id=ID, text="ye"))
        house.desk.on_message(outcome)
        assert house.answers == [], "never from within"
        assert house.settle() == [(CALL, expected)]
        assert len(house.desk) == 0


def test_without_a_listener_or_a_caller_the_question_fails(house: House) -> None:
    house.has_listener = False
    house.start()
    house.has_listener = True
    house.start(CallId("gone"))
    assert house.settle() == [(CALL, SpeechFailed(7)), (CallId("gone"), SpeechFailed(7))]


def test_media_that_cannot_be_listened_in_on_fails_the_question(house: House) -> None:
    house.start()
    house.desk.on_message(m.Listening(listen_id=ID))
    _, on_reply = house.asked[0]
    on_reply(media.Failed(rid=1, status=488, sentence="behind rtpengine nobody can listen in"))
    assert house.settle() == [(CALL, SpeechFailed(7))]
    assert house.sent[-1] == m.StopListening(listen_id=ID)


def test_listener_that_dies_fails_all_questions(house: House) -> None:
    house.start()
    house.desk.listener_lost()
    house.desk.listener_lost()
    assert house.settle() == [(CALL, SpeechFailed(7))]


def test_stopped_question_is_never_answered(house: House) -> None:
    house.start()
    house.desk.on_message(m.Listening(listen_id=ID))
    house.desk.stop(CALL)
    assert house.sent[-1] == m.StopListening(listen_id=ID)
    house.desk.on_message(m.Silent(listen_id=ID))
    house.asked[0][1](media.Failed(rid=1, status=503, sentence="late"))
    house.desk.listener_lost()
    assert house.settle() == []


def test_new_question_of_a_call_ends_the_one_before(house: House) -> None:
    house.start()
    house.start(asked=AskSpeech(8, ("en",), {}, 5.0, 12.0))
    assert [type(message) for message in house.sent] == [m.Listen, m.StopListening, m.Listen]
    assert len(house.desk) == 1


def test_question_may_be_spoken_over(house: House) -> None:
    house.start(asked=replace(ASKED, over_prompt=True))
    [listen] = house.sent
    assert isinstance(listen, m.Listen)
    assert listen.over_prompt
    house.desk.on_message(m.Began(listen_id=ID))
    assert house.settle() == [(CALL, SpeechBegan(7))]
    house.desk.question_over(CALL)
    assert house.sent[1:] == [m.PromptOver(listen_id=ID)]
    house.desk.stop(CALL)
    house.desk.question_over(CALL)
    assert len(house.sent) == 3
