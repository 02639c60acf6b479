"""A visit through what is said to a caller, and through what branches without him."""

from datetime import date, datetime
from decimal import Decimal

from ivr.effects import Effect, HangUp, PlayPrompts, SetLanguage, StopPrompts
from ivr.events import MenuChosen
from ivr.inputs import Digit, PromptEnded
from ivr.speech.spoken import Kind, Prompt, Spoken, Value
from ivr.visit.caller import Caller
from tests.support.flow_visit import CALL, QUEUED, SHANGHAI, SORRY, play, started


def test_sentence_with_values_is_made_for_the_caller() -> None:
    visit, effects = started(
        "  a: {do: say, say: 'You call from {caller.number:digits} at {called_at}.', next: end}"
    )
    assert isinstance(effects[0], PlayPrompts)
    said = effects[0].items[0]
    assert isinstance(said, Spoken)
    assert said.pieces["en"][1] == Value(Kind.DIGITS, "8613900000001")
    assert said.text("en") == "You call from 8613900000001 at 09:30:00."
    assert visit.feed(PromptEnded(), 3.0) == QUEUED


def test_fixed_text_is_a_prompt_that_is_made_ahead() -> None:
    visit, effects = started("  a: {do: say, say: Hello., next: end}")
    assert effects == [play("main--a--say")]
    assert visit._flow.prompts["main--a--say"] == {"en": "Hello."}


def test_wav_is_played() -> None:
    _, effects = started("  a: {do: play, wav: jingle, next: end}")
    assert effects == [play("jingle")]


def test_branch_takes_the_first_condition_that_is_true() -> None:
    _, effects = started(
        "  a: {do: branch, when: [{if: \"caller.tier == 'silver'\", next: sorry},"
        " {if: hour() < 10, next: end}], default: sorry}"
    )
    assert effects == QUEUED


def test_branch_without_a_true_condition_takes_the_default() -> None:
    _, effects = started("  a: {do: branch, when: [{if: 1 / 0 > 1, next: end}], default: sorry}")
    assert effects == SORRY


def test_set_keeps_the_type_of_the_variable() -> None:
    visit, effects = started(
        "  a: {do: set, next: end,"
        " set: {n: n + 2, late: n > 5, name: \"'x' + name\", due: today()}}",
        head="variables: {n: {type: number, default: 4}, late: bool, name: text, due: date}",
    )
    assert effects == QUEUED
    assert visit.variables == {
        "n": Decimal(6),
        "late": True,
        "name": "x",
        "due": date(2026, 10, 12),
    }


def hours_from(at: str, **more: str) -> list[Effect]:
    caller = Caller(called_at=datetime.fromisoformat(at).replace(tzinfo=SHANGHAI), **more)
    return started(
        "  a: {do: hours, open: o, closed: c, break: b, holiday: h}\n"
        + "\n".join(f"  {x}: {{do: hangup, reason: {x}}}" for x in "ocbh"),
        head="hours: office",
        caller=caller,
    )[1]


def test_hours_lead_four_ways() -> None:
    assert hours_from("2026-10-12T10:00")[-1] == HangUp("o")
    assert hours_from("2026-10-12T12:30")[-1] == HangUp("b")
    assert hours_from("2026-10-12T20:00")[-1] == HangUp("c")
    assert hours_from("2026-10-13T10:00")[-1] == HangUp("h")


def test_hours_of_the_line_go_before_those_of_the_flow() -> None:
    assert hours_from("2026-10-12T20:00", hours="unknown, so always open")[-1] == HangUp("o")


def test_hours_are_of_the_moment_not_of_the_call() -> None:
    visit, _ = started(
        "  a: {do: say, prompt: long, next: b}\n"
        "  b: {do: hours, hours: office, open: end, closed: sorry}",
        head="limit_s: 7200",
        caller=Caller(called_at=datetime(2026, 10, 12, 11, 59, tzinfo=SHANGHAI)),
    )
    assert visit.feed(PromptEnded(), 61.0) == SORRY


def test_chosen_language_is_spoken_from_there_on() -> None:
    visit, effects = started(
        "  a: {do: menu, prompt: choose, keys: {'1': zh}, default: end}\n"
        "  zh: {do: language, language: zh, next: b}\n"
        "  b: {do: say, prompt: hello, next: end}",
        head="languages: [en, zh]",
    )
    assert effects == [PlayPrompts((Prompt("choose"),), ("en", "zh"))]
    assert visit.feed(Digit("1"), 1.0) == [
        StopPrompts(),
        MenuChosen(CALL, "main", "a", "1"),
        SetLanguage("zh"),
        PlayPrompts((Prompt("hello"),), ("zh",)),
    ]


def test_key_ahead_passes_what_takes_no_time() -> None:
    nodes = (
        "  a: {do: say, prompt: hello, next: b}\n"
        "  b: {do: set, set: {n: n + 1}, next: c}\n"
        "  c: {do: branch, when: [{if: n == 1, next: d}], default: end}\n"
        "  d: {do: say, prompt: more, next: e}\n"
        "  e: {do: menu, prompt: choose, keys: {'1': sorry}, default: end}"
    )
    visit, _ = started(nodes, head="variables: {n: number}")
    assert visit.feed(Digit("1"), 1.0) == [
        StopPrompts(),
        MenuChosen(CALL, "main", "e", "1"),
        *SORRY,
    ]
    assert visit.variables == {"n": Decimal(1)}


def test_key_on_the_way_to_a_queue_changes_nothing() -> None:
    visit, _ = started(
        "  a: {do: say, prompt: hello, next: b}\n  b: {do: set, set: {n: n + 1}, next: end}",
        head="variables: {n: number}",
    )
    assert visit.feed(Digit("1"), 1.0) == []
    assert visit.variables == {"n": Decimal(0)}
    assert visit.feed(PromptEnded(), 2.0) == QUEUED
