"""What screens are told of a talk that is followed: all once, then what is new."""

from pathlib import Path

from foundation.ids import CallId
from recordings.following.live_words import Began, Over, Said, Saying, Told
from wallboard.screens.live_words import LiveWords, TalkScreen, message_of

CALL = CallId("c-1")


def words(*told: Told) -> LiveWords:
    kept = LiveWords(Path("unused"))
    for each in told:
        kept.take(each)
    return kept


def said(side: str, text: str, at_s: float) -> Said:
    return Said(call_id=CALL, side=side, text=text, language="en", at_s=at_s, end_s=at_s + 0.5)


def began(side: str, at_s: float = 100.0) -> Began:
    return Began(call_id=CALL, side=side, at_s=at_s)


def test_parts_are_numbered_and_timed_from_where_the_talk_was_first_followed() -> None:
    kept = words(began("caller"), began("agent", 101.0), said("caller", "Hello.", 102.5))

    assert message_of(kept.find(CALL), after=0) == {
        "live": True,
        "parts": [{"number": 1, "side": "caller", "text": "Hello.", "start_s": 2.5, "end_s": 3.0}],
        "saying": {},
    }
    assert message_of(kept.find(CALL), after=1)["parts"] == []


def test_what_may_change_takes_the_place_of_what_was_there_until_it_is_final() -> None:
    kept = words(began("agent"))
    for text in ("one", "one mom"):
        kept.take(Saying(call_id=CALL, side="agent", text=text))
    assert message_of(kept.find(CALL), 0)["saying"] == {"agent": "one mom"}

    kept.take(said("agent", "One moment.", 101.0))

    assert message_of(kept.find(CALL), 0)["saying"] == {}


def test_talk_is_live_while_one_side_is_followed_and_its_words_stay_until_it_is_over() -> None:
    kept = words(began("caller"), began("agent"), said("caller", "Hello.", 101.0))
    kept.take(Over(call_id=CALL, side="agent"))
    assert message_of(kept.find(CALL), 0)["live"]
    kept.take(Over(call_id=CALL, side="caller"))

    assert not message_of(kept.find(CALL), 0)["live"]
    assert len(message_of(kept.find(CALL), 0)["parts"]) == 1
    kept.keep_only(lambda call_id: call_id != CALL)
    assert kept.find(CALL) is None
    assert message_of(None, 0) == {"live": False, "parts": [], "saying": {}}


def test_screen_is_sent_all_once_and_then_what_is_new() -> None:
    kept = words(began("caller"), said("caller", "Hello.", 101.0))
    screen = TalkScreen(kept, CALL)
    first = screen.news()
    assert first is not None
    assert (first["all"], [part["text"] for part in first["parts"]]) == (True, ["Hello."])
    assert screen.news() is None

    kept.take(said("caller", "Anybody there?", 103.0))
    second = screen.news()
    assert second is not None
    assert (second["all"], [part["number"] for part in second["parts"]]) == (False, [2])


def test_words_told_anew_while_a_screen_is_still_sent_the_old_ones_are_all_sent_again() -> None:
    kept = words(began("caller"), said("caller", "Hello.", 101.0))
    screen = TalkScreen(kept, CALL)
    assert screen.news() is not None
    kept.begin_anew()
    kept.take(said("caller", "Hello again.", 101.0))

    again = screen.news()
    assert again is not None
    assert (again["all"], [part["text"] for part in again["parts"]]) == (True, ["Hello again."])
