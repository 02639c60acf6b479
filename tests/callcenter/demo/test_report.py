"""What the demo says at its end, and when it says that it failed."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from callcenter.demo.call_log import Story
from callcenter.demo.report import Result, failures, fault, summary, sums, table, what_happened
from callcenter.demo.script import CallerPart, Turn
from foundation.ids import AgentId, CallId, RecordingId
from telephony.calls.events import Side

NAMES = {"eva": "Eva Li", "tom": "Tom"}
HEARD = {Side.CALLER: "hello my parcel has not come", Side.AGENT: "it comes tomorrow"}


def caller(language: str = "en", **changes: object) -> CallerPart:
    said = {
        "en": ("Hello, my parcel has not come.", "It comes tomorrow!"),
        "zh": ("您好，我的订单还没到。", "明天到。"),
    }[language]
    turns = (Turn(Side.CALLER, said[0], "v"), Turn(Side.AGENT, said[1], "v"))
    part = CallerPart(
        id="parcel", number="+1", arrives_s=1, language=language, temper="calm", keys="1",
        patience_s=60, queue="orders", turns=turns,
    )  # fmt: skip
    return replace(part, **changes)  # type: ignore[arg-type]  # names of fields


def talked() -> Story:
    return Story(
        CallId("c-1"), arrived_s=0.0, answered_s=0.1, queue="orders", queued_s=2.0,
        missed_by=[AgentId("tom")], agent_id=AgentId("eva"), picked_up_s=8.0, bridged_s=11.0,
        ended_s=25.0, ended_by="caller", recording_id=RecordingId("r-1"), recorded_s=14.0,
        is_complete=True, is_transcribed=True,
    )  # fmt: skip


def good() -> Result:
    return Result(caller=caller(), story=talked(), transcript=HEARD)


def gave_up() -> Result:
    story = Story(
        CallId("c-2"), 0.0, answered_s=0.1, queue="orders", queued_s=2.0, abandoned_s=8.0,
        outcome="abandoned", ended_s=8.0, ended_by="caller",
    )  # fmt: skip
    return Result(caller=caller(id="impatient", turns=()), story=story)


def refused() -> Result:
    story = Story(CallId("c-3"), 0.0, refused=480, ended_s=9.0, ended_by="centre")
    return Result(caller=caller(id="blocked", turns=(), blocked=True), story=story, heard_s=8.0)


def told(**changes: object) -> Result:
    """A good talk of which something is different."""
    story = talked()
    for name, value in changes.items():
        setattr(story, name, value)
    return replace(good(), story=story)


def test_a_demo_where_all_went_as_it_should_has_no_failures() -> None:
    assert failures([good(), gave_up(), refused()]) == []


@pytest.mark.parametrize(
    ("result", "sentence"),
    [
        (told(bridged_s=None, outcome="abandoned"), "was not answered by an agent (abandoned)"),
        (told(queue="support"), "came to the queue support instead of orders"),
        (told(is_complete=False), "was not recorded completely"),
        (told(recorded_s=None), "was not recorded completely"),
        (replace(good(), transcript=None), "was not transcribed"),
        (told(ended_s=None), "did not come to an end"),
        (replace(good(), story=None), "did not come to an end"),
        (replace(good(), problem="the phone broke"), "the phone broke"),
        (replace(refused(), heard_s=0.5), "heard only 0.5 s of the line fault"),
        (
            replace(refused(), story=talked()),
            "was answered although the number is blocked",
        ),
        (replace(gave_up(), story=talked()), "was not counted as abandoned"),
    ],
)
def test_what_went_wrong_is_said_in_a_sentence(result: Result, sentence: str) -> None:
    assert fault(result) == sentence
    assert f"{result.caller.id} {sentence}" in failures([good(), result])


def test_without_any_answered_call_the_demo_has_failed() -> None:
    assert failures([]) == ["no call was answered"]
    assert failures([gave_up(), refused()]) == ["no call was answered"]


def test_too_many_word_errors_fail_the_demo() -> None:
    wrong = replace(good(), transcript={**HEARD, Side.AGENT: "it comes comes tomorrow"})

    assert failures([wrong]) == ["word error rate en is 11.1 % (1/9), more than 10 %"]
    assert failures([wrong, good()]) == []


def test_chinese_is_counted_by_characters_on_both_sides() -> None:
    heard = {Side.CALLER: "您好我的订单没到", Side.AGENT: "明天到"}
    result = Result(caller=caller("zh"), story=talked(), transcript=heard)

    assert str(result.rate) == "8.3 % (1/12)"


def test_words_heard_on_a_silent_side_are_errors() -> None:
    silent = caller(turns=(Turn(Side.CALLER, "Hello", "v"),))
    heard = {Side.CALLER: "hello", Side.AGENT: "of course"}

    assert str(Result(caller=silent, story=talked(), transcript=heard).rate) == "200.0 % (2/1)"


def test_a_persons_own_words_are_not_judged() -> None:
    heard = {**HEARD, Side.AGENT: "whatever he said"}
    result = replace(good(), transcript=heard, by_script=False)

    assert str(result.rate) == "0.0 % (0/6)"
    assert fault(replace(gave_up(), story=talked(), by_script=False)) == "", "he was quick"


def test_the_summary_counts_and_averages_over_all_talks() -> None:
    zh = Result(caller=caller("zh"), story=talked(), transcript={Side.CALLER: "", Side.AGENT: ""})

    assert summary(sums([good(), zh, gave_up(), refused()])) == (
        "4 calls; of 2 who wanted to talk 2 were answered, 2 recorded completely, 2 transcribed; "
        "word error rate en 0.0 % (0/9), character error rate zh 100.0 % (12/12)"
    )


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (good(), "orders: waited 6.0 s, Tom did not pick up, talked to Eva Li"),
        (gave_up(), "orders: gave up, waited 6.0 s"),
        (refused(), "refused (480), heard 8.0 s of a line fault"),
        (
            told(agent_id=None, outcome="overflowed", missed_by=[]),
            "orders: overflowed, waited 6.0 s",
        ),
        (replace(good(), story=None), "did not arrive"),
    ],
)
def test_what_happened_is_told_in_words(result: Result, words: str) -> None:
    assert what_happened(result, NAMES) == words


def test_the_table_shows_both_sides_words_and_no_control_characters() -> None:
    chinese = {Side.CALLER: "您好我的订单还没到" * 5, Side.AGENT: "明天到"}
    zh = Result(caller=caller("zh"), story=talked(), transcript=chinese)
    console = Console(file=io.StringIO(), width=120)

    console.print(table([good(), zh, gave_up(), refused()], NAMES))

    text = console.file.getvalue()  # type: ignore[attr-defined]  # a StringIO
    assert "\x1b" not in text
    assert "caller: hello my parcel" in text
    assert "…" not in text, "Chinese has no spaces to break at, but nothing may be cut off"
    assert "0.0 % (0/9)" in text
