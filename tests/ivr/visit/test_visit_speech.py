"""A visit through what a caller says, second by second."""

from dataclasses import replace

import pytest

from ivr.effects import AskSpeech, PlayPrompts, QuestionOver, StopPrompts, StopSpeech
from ivr.events import SpeechSettled
from ivr.inputs import Digit, PromptEnded, SpeechBegan, SpeechFailed, SpeechHeard, SpeechSilent
from ivr.speech.spoken import Prompt
from ivr.visit.engine import State, Visit
from tests.support.flow_visit import CALL, QUEUED, SORRY, play, started

ASK = (
    "  a: {do: ask, prompt: what, sure: 0.8, maybe: 0.4, wait_s: 5, limit_s: 10, tries: 2,"
    " keys: {'1': end}, into: said, default: sorry,"
    " choices: {orders: {words: {en: [order, buy]}, next: end},"
    " help: {words: {en: [broken]}, next: b}}}\n"
    "  b: {do: hangup, reason: help}"
)
SAID = "variables: {said: text}"
BACK = (Prompt("ask_you_said"), Prompt("main--a--choices--orders--called"), Prompt("ask_right"))


def listening(nodes: str = ASK, head: str = SAID) -> Visit:
    visit, effects = started(nodes, head=head)
    assert effects == [play("what")]
    visit.feed(PromptEnded(), 2.0)
    assert visit.state is State.HEARING
    return visit


def settled(outcome: str, choice: str, confidence: float, tries: int = 1) -> SpeechSettled:
    return SpeechSettled(CALL, "main", "a", outcome, choice, confidence, tries)


def test_caller_is_listened_to_after_the_words() -> None:
    visit, _ = started(ASK, head=SAID)
    assert visit.feed(PromptEnded(), 2.0) == [
        AskSpeech(1, ("en",), {"en": ("order", "buy", "broken")}, 5.0, 10.0)
    ]
    assert visit.deadline == 22.0


# A question that may be spoken over.

OVER = ASK.replace("{do: ask,", "{do: ask, barge_in: true,")
ASKED_OVER = AskSpeech(1, ("en",), {"en": ("order", "buy", "broken")}, 5.0, 10.0, over_prompt=True)


def asked_over() -> Visit:
    visit, effects = started(OVER, head=SAID)
    assert effects == [play("what"), ASKED_OVER]
    return visit


def test_who_speaks_over_the_question_cuts_it_and_is_heard() -> None:
    visit = asked_over()
    assert visit.feed(SpeechBegan(7), 1.0) == [], "another question's"
    assert visit.feed(SpeechBegan(1), 1.0) == [StopPrompts(), QuestionOver(1)]
    assert visit.deadline == 1.0 + 5.0 + 10.0 + 5.0
    assert visit.feed(SpeechBegan(1), 1.1) == [], "told twice"
    assert visit.feed(SpeechHeard(1, "order", 0.9), 2.5)[0] == settled("understood", "orders", 0.9)


def test_question_that_was_heard_to_its_end_is_answered_as_usual() -> None:
    visit = asked_over()
    assert visit.feed(PromptEnded(), 6.0) == [QuestionOver(1)]
    assert visit.state is State.HEARING
    again = visit.feed(SpeechSilent(1), 11.0)
    assert again[-1] == replace(ASKED_OVER, ask_id=2)


def test_key_ends_the_question_and_the_listening() -> None:
    assert asked_over().feed(Digit("1"), 1.0)[:2] == [StopPrompts(), StopSpeech(1)]


def test_words_that_come_before_we_hear_that_they_began_are_taken() -> None:
    assert asked_over().feed(SpeechHeard(1, "order", 0.9), 2.5) == [
        StopPrompts(),
        settled("understood", "orders", 0.9),
        *QUEUED,
    ]


def test_listener_that_fails_during_the_question_is_asked_once_more_after_it() -> None:
    visit = asked_over()
    assert visit.feed(SpeechFailed(1), 0.5) == []
    assert visit.feed(PromptEnded(), 6.0) == [replace(ASKED_OVER, ask_id=2, over_prompt=False)]


@pytest.mark.parametrize(
    ("words", "more", "is_over"),
    [
        ("How can we help?", "", False),
        ("How can we help?", "barge_in: true,", True),
        ("Please tell us in a few words what it is that we can do for you today.", "", True),
        ("Please tell us in a few words what it is that we can do.", "barge_in: false,", False),
        ("{said}, please tell us in a few words what it is that we can do for you.", "", True),
    ],
)
def test_long_questions_may_be_spoken_over_unless_the_flow_says_so(
    words: str, more: str, is_over: bool
) -> None:
    node = ASK.replace("prompt: what,", f'say: {{en: "{words}"}}, {more}')
    _, effects = started(node, head=SAID)
    assert isinstance(effects[-1], AskSpeech) is is_over


def test_clear_words_are_taken_at_once() -> None:
    visit = listening()
    assert visit.feed(SpeechHeard(1, "I want to order", 0.9), 4.0) == [
        settled("understood", "orders", 0.9),
        *QUEUED,
    ]
    assert visit.variables == {"said": "I want to order"}


def test_doubtful_words_are_asked_back_and_confirmed_by_voice_or_key() -> None:
    for confirm in ("voice", "key"):
        visit = listening()
        assert visit.feed(SpeechHeard(1, "order", 0.5), 4.0) == [PlayPrompts(BACK, ("en",))]
        if confirm == "key":
            assert visit.feed(Digit("1"), 5.0) == [
                StopPrompts(),
                settled("confirmed", "orders", 0.5),
                *QUEUED,
            ]
        else:
            asked = visit.feed(PromptEnded(), 6.0)
            assert isinstance(asked[0], AskSpeech)
            assert "yes" in asked[0].phrases["en"]
            assert visit.feed(SpeechHeard(2, "yes", 0.3), 7.0)[0] == settled(
                "confirmed", "orders", 0.5
            )


def test_what_was_wrong_is_asked_once_more_then_falls_back() -> None:
    visit = listening()
    visit.feed(SpeechHeard(1, "order", 0.5), 4.0)
    visit.feed(PromptEnded(), 6.0)
    assert visit.feed(SpeechHeard(2, "no", 0.9), 7.0) == [play("not_understood", "what")]
    visit.feed(PromptEnded(), 9.0)
    assert visit.feed(SpeechHeard(3, "mumble", 0.9), 10.0) == [
        settled("fell_back", "", 0.9, 2),
        *SORRY,
    ]


def test_choice_that_was_refused_is_not_offered_again() -> None:
    visit = listening()
    assert visit.feed(SpeechHeard(1, "order", 0.5), 4.0) == [PlayPrompts(BACK, ("en",))]
    visit.feed(Digit("2"), 5.0)
    visit.feed(PromptEnded(), 9.0)
    assert visit.feed(SpeechHeard(2, "order", 0.9), 10.0)[0] == settled("fell_back", "", 0.9, 2)


def test_choice_that_was_neither_confirmed_nor_refused_may_be_offered_again() -> None:
    visit = listening()
    visit.feed(SpeechHeard(1, "order", 0.5), 4.0)
    visit.feed(PromptEnded(), 6.0)
    visit.feed(SpeechHeard(2, "mumble", 0.9), 7.0)
    visit.feed(PromptEnded(), 9.0)
    assert visit.feed(SpeechHeard(3, "order", 0.9), 10.0)[0] == settled(
        "understood", "orders", 0.9, 2
    )


def test_silence_and_a_listener_that_hangs_fall_back_after_all_tries() -> None:
    visit = listening()
    assert visit.feed(SpeechSilent(1), 8.0) == [play("not_understood", "what")]
    visit.feed(PromptEnded(), 10.0)
    assert visit.tick(30.0) == [StopSpeech(2), settled("fell_back", "", 0.0, 2), *SORRY]


def test_without_a_listener_the_caller_goes_on_at_once() -> None:
    assert listening().feed(SpeechFailed(1), 2.1) == [settled("unavailable", "", 0.0), *SORRY]


def test_key_goes_before_words() -> None:
    assert listening().feed(Digit("1"), 3.0) == [StopSpeech(1), settled("key", "", 1.0), *QUEUED]


def test_words_of_an_earlier_question_are_nothing() -> None:
    assert listening().feed(SpeechHeard(0, "order", 1.0), 3.0) == []


def test_free_text_goes_into_its_variable() -> None:
    visit = listening(
        "  a: {do: ask, prompt: what, into: said, next: end, default: sorry}", head=SAID
    )
    assert visit.feed(SpeechHeard(1, "my phone is broken", 0.6), 4.0)[-2:] == QUEUED
    assert visit.variables == {"said": "my phone is broken"}
