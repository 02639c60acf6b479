"""Dialogues on paper: what passes, what fails and how it is told."""

from contextlib import suppress
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.errors import ConfigurationError
from ivr.flows.flow import parse as parse_flow
from ivr.trials.dialogue import Dialogue
from ivr.trials.dialogue_tests import Failure, House, parse, run

FLOW = """\
languages: [en, zh]
start: hello
variables: {order: digits, n: number, due: date, ok: bool}
prompts:
  hello: {en: Welcome to us., zh: 欢迎。}
  choices: {en: Press one., zh: 请按1。}
nodes:
  hello: {do: say, prompt: hello, next: choices}
  choices: {do: menu, prompt: choices, keys: {1: enter, 2: ask, 3: send, 4: mail}, default: bye}
  enter: {do: digits, prompt: choices, into: order, min: 3, next: look, default: bye}
  look:
    do: lookup
    url: http://x.example/{order}
    into: {n: n, due: due, ok: ok}
    next: orders
    failed: bye
    missing: gone
  orders: {do: queue, queue: orders, priority: P1, requires: english}
  ask: {do: ask, prompt: choices, keys: {9: bye}, default: bye,
        choices: {buy: {words: {en: [buy], zh: [买]}, next: orders}}}
  send: {do: transfer, to: agent0001, failed: bye}
  mail: {do: voicemail, box: us, next: bye}
  bye: {do: hangup, reason: bye}
  gone: {do: hangup, reason: gone}
"""
HOUSE = House(
    {"main": parse_flow(FLOW, "flows/main.yaml", "main")[0]}, {}, ZoneInfo("Asia/Shanghai")
)


def outcome(steps: str, more: str = "") -> Failure | None:
    text = f"tests:\n  one:\n{more}    steps:\n{steps}"
    tests, document = parse(text, "flows/main.test.yaml", "main", HOUSE)
    return next(iter(run(tests, document, HOUSE)))


@pytest.mark.parametrize(
    ("steps", "more"),
    [
        ("      - hears: hello\n      - hears: Press one\n      - hears: 请按1\n", ""),
        ("      - waits: 30\n      - expects: {hangup: bye}\n", ""),
        (
            '      - press: 1\n      - press: "123#"\n'
            "      - expects: {queue: orders, priority: P1, requires: english,"
            " variables: {order: '123', n: 1.50, due: '2026-10-14', ok: true}}\n",
            "    lookups: {look: {answer: {n: 1.5, due: 2026-10-14, ok: true}}}\n",
        ),
        (
            '      - press: 1\n      - press: "123#"\n      - expects: {hangup: gone}\n',
            "    lookups: {look: missing}\n",
        ),
        (
            '      - press: 1\n      - press: "123#"\n      - waits: 4\n'
            "      - expects: {hangup: bye}\n",
            "    lookups: {look: hangs}\n",
        ),
        ("      - press: 2\n      - says: I want to buy\n      - expects: {queue: orders}\n", ""),
        (
            "      - press: 2\n      - says: {text: 买, confidence: 0.5}\n"
            "      - hears: ask_you_said\n      - press: 1\n      - expects: {queue: orders}\n",
            "    languages: [zh]\n",
        ),
        (
            "      - press: 2\n      - hears: choices\n      - waits: 1\n      - silent: true\n"
            "      - hears: not_understood\n",
            "",
        ),
        ("      - press: 3\n      - expects: {transfer: agent0001}\n", ""),
        ("      - press: 3\n      - expects: {hangup: bye}\n", "    transfers: fail\n"),
        (
            "      - press: 4\n      - waits: 1\n      - silent: true\n"
            "      - expects: {voicemail: us, hangup: bye}\n",
            "",
        ),
        ("      - hangs_up: true\n      - expects: {node: hello}\n", ""),
    ],
)
def test_dialogue_that_is_as_it_should_be_passes(steps: str, more: str) -> None:
    assert outcome(steps, more) is None


@pytest.mark.parametrize(
    ("steps", "line", "sentence"),
    [
        ("      - hears: godbye\n", 4, "never hears 'godbye'"),
        ("      - waits: 30\n      - expects: {queue: orders}\n", 5, "expects queue 'orders'"),
        ("      - expects: {variables: {ordr: '1'}}\n", 4, "no variable is called 'ordr'"),
        ("      - expects: {variables: {order: '1'}}\n", 4, "expects order = '1', got ''"),
        ("      - says: hello\n", 4, "nobody listens"),
        ("      - expects: {language: zh}\n", 4, "expects language 'zh', got None"),
    ],
)
def test_failure_names_the_line_and_tells_the_dialogue(
    steps: str, line: int, sentence: str
) -> None:
    failure = outcome(steps)
    assert failure is not None
    assert failure.where == f"flows/main.test.yaml:{line}"
    assert sentence in failure.sentence
    told = str(failure)
    assert "hears   hello “Welcome to us.”" in told
    assert "(is at main/" in told


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "flows/main.test.yaml:1: "),
        ("tests: {}", "tests"),
        ("flow: nome\ntests: {a: {steps: [{press: 1}]}}", "no flow 'nome'; known: main"),
        ("tests: {a: {steps: [{presses: 1}]}}", "did you mean 'press'?"),
        ("tests: {a: {steps: [{press: 12}]}}", "press"),
        ("tests: {a: {steps: [{waits: -1}]}}", "waits"),
        ("tests: {a: {lookups: {x: broken}, steps: [{press: 1}]}}", "lookups"),
        ("tests: {a: {caller: {called_at: noon}, steps: [{press: 1}]}}", "called_at"),
    ],
)
def test_file_that_is_no_dialogue_is_a_problem(text: str, problem: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse(text, "flows/main.test.yaml", "main", HOUSE)
    assert problem in "\n".join(caught.value.problems)


@given(st.text(max_size=100))
def test_fuzz_any_text_is_a_dialogue_or_a_problem(text: str) -> None:
    with suppress(ConfigurationError):
        parse(text, "flows/main.test.yaml", "main", HOUSE)


@given(
    st.lists(
        st.one_of(
            st.sampled_from(list("0123456789#*")),
            st.just("say buy"),
            st.just("hear"),
            st.just("silent"),
            st.just("end"),
            st.floats(0.5, 60),
        ),
        max_size=30,
    )
)
def test_any_conversation_comes_to_an_end_by_waiting(doings: list[str | float]) -> None:
    dialogue = Dialogue(HOUSE.flows["main"], HOUSE.flows)
    for doing in doings:
        match doing:
            case float():
                dialogue.wait(doing)
            case "hear":
                dialogue.hear()
            case "silent":
                dialogue.be_silent()
            case "end":
                dialogue.stop_speaking()
            case "say buy":
                dialogue.say("buy")
            case str():
                dialogue.press(doing)
    dialogue.wait(1900)
    assert dialogue.is_over


CARDS = """\
start: pay
variables: {token: text}
nodes:
  pay: {do: card, say: Your card., into: {token: token}, tries: 1, next: paid, refused: nay,
        default: nay}
  paid: {do: hangup, reason: paid}
  nay: {do: hangup, reason: nay}
"""
CARD_TESTS = """\
tests:
  a card:
    lookups: {pay: {answer: {token: tok-7}}}
    steps:
      - press: "4111111111111111#"
      - expects: {card: taken, hangup: paid, variables: {token: tok-7}}
  refused:
    steps:
      - press: "4111111111111111#"
      - expects: {card: refused, hangup: nay}
  wrong:
    steps:
      - press: "4111111111111112#"
      - expects: {card: taken}
"""


def test_cards_in_dialogues_are_answered_like_lookups_and_their_keys_are_not_shown() -> None:
    flow = parse_flow(CARDS, "flows/cards.yaml", "cards")[0]
    house = House({"cards": flow}, {}, ZoneInfo("Asia/Shanghai"))
    tests, document = parse(CARD_TESTS, "flows/cards.test.yaml", "cards", house)

    taken, refused, failure = run(tests, document, house)

    assert (taken, refused) == (None, None)
    assert failure is not None
    assert failure.sentence == "expects card 'taken', got 'wrong'"
    assert failure.log.count("presses a key of a card") == 17
    assert not any(digit in line for line in failure.log for digit in "4123" if "press" in line)
