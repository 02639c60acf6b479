"""A visit to a flow: what a caller hears and where he comes to, second by second."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.errors import IllegalTransition
from foundation.ids import CallId, QueueId
from ivr.events import FlowEnded, FlowStarted, MenuChosen
from ivr.flows.flow import Flow, parse
from ivr.speech.spoken import Prompt
from ivr.visit.engine import (
    CallerLeft,
    Digit,
    Echo,
    Effect,
    EnterQueue,
    HangUp,
    Input,
    PlayPrompts,
    PromptEnded,
    Start,
    State,
    StopPrompts,
    Visit,
)

CALL = CallId("c-1")
BOTH = ("en", "zh")
MAIN = """\
languages: [en, zh]
start: greeting
nodes:
  greeting: {do: say, prompt: greeting, next: recorded}
  recorded: {do: say, prompt: recorded, next: choices}
  choices:
    do: menu
    prompt: choices
    keys: {1: orders, "2": support, 9: bye, 0: greeting, "*": echo}
    default: orders
    wait_s: 5
    tries: 3
    wrong_key: wrong
    no_key: nothing
  orders: {do: queue, queue: orders}
  support: {do: queue, queue: support}
  bye: {do: hangup, prompt: goodbye, reason: caller said no}
  echo: {do: echo, limit_s: 60}
"""


def flow(text: str = MAIN) -> Flow:
    return parse(text, "flows/main.yaml", "main")[0]


@pytest.fixture
def visit() -> Visit:
    return Visit(CALL, flow())


def play(*names: str) -> PlayPrompts:
    return PlayPrompts(tuple(Prompt(name) for name in names), BOTH)


def asked(visit: Visit) -> Visit:
    """Up to the menu's prompt having been heard, at second 10."""
    visit.feed(Start(), 0.0)
    visit.feed(PromptEnded(), 5.0)
    visit.feed(PromptEnded(), 6.0)
    visit.feed(PromptEnded(), 10.0)
    assert visit.state is State.LISTENING
    return visit


def test_caller_hears_greeting_then_menu_then_is_waited_for(visit: Visit) -> None:
    assert visit.feed(Start(), 0.0) == [FlowStarted(CALL, "main"), play("greeting")]
    assert visit.feed(PromptEnded(), 5.0) == [play("recorded")]
    assert visit.feed(PromptEnded(), 6.0) == [play("choices")]
    assert visit.feed(PromptEnded(), 10.0) == []
    assert visit.deadline == 15.0


def test_key_leads_to_its_queue_and_ends_the_flow(visit: Visit) -> None:
    assert asked(visit).feed(Digit("2"), 12.0) == [
        MenuChosen(CALL, "main", "choices", "2"),
        FlowEnded(CALL, "main", "support"),
        EnterQueue(QueueId("support")),
    ]
    assert visit.deadline is None


@pytest.mark.parametrize("prompts_heard", [0, 1, 2])
def test_key_during_any_prompt_before_the_menu_is_taken_at_once(
    visit: Visit, prompts_heard: int
) -> None:
    visit.feed(Start(), 0.0)
    for at in range(prompts_heard):
        visit.feed(PromptEnded(), float(at))
    assert visit.feed(Digit("1"), 3.0) == [
        StopPrompts(),
        MenuChosen(CALL, "main", "choices", "1"),
        FlowEnded(CALL, "main", "orders"),
        EnterQueue(QueueId("orders")),
    ]


def test_wrong_key_is_told_and_the_menu_repeated(visit: Visit) -> None:
    assert asked(visit).feed(Digit("7"), 12.0) == [play("wrong", "choices")]
    assert visit.state is State.ASKING


def test_wrong_key_during_the_greeting_counts_for_the_menu(visit: Visit) -> None:
    visit.feed(Start(), 0.0)
    assert visit.feed(Digit("7"), 1.0) == [StopPrompts(), play("wrong", "choices")]


def test_no_key_in_all_tries_leads_to_the_default_queue(visit: Visit) -> None:
    asked(visit)
    for now in (15.0, 35.0):
        assert visit.tick(now) == [play("nothing", "choices")]
        visit.feed(PromptEnded(), now + 15.0)
    assert visit.tick(54.9) == []
    assert visit.tick(55.0) == [
        MenuChosen(CALL, "main", "choices", ""),
        FlowEnded(CALL, "main", "orders"),
        EnterQueue(QueueId("orders")),
    ]


def test_third_wrong_key_leads_to_the_default_queue_and_says_which_it_was(visit: Visit) -> None:
    asked(visit)
    visit.feed(Digit("7"), 11.0)
    visit.feed(Digit("8"), 12.0)
    assert visit.feed(Digit("6"), 13.0) == [
        StopPrompts(),
        MenuChosen(CALL, "main", "choices", "6"),
        FlowEnded(CALL, "main", "orders"),
        EnterQueue(QueueId("orders")),
    ]


def test_key_back_to_the_greeting_gives_all_tries_again(visit: Visit) -> None:
    asked(visit)
    visit.feed(Digit("7"), 11.0)
    assert visit.feed(Digit("0"), 12.0)[-1] == play("greeting")
    visit.feed(Digit("7"), 13.0)
    assert visit.feed(Digit("7"), 14.0) == [StopPrompts(), play("wrong", "choices")]


def test_goodbye_is_heard_before_the_hang_up_and_keys_do_not_matter(visit: Visit) -> None:
    assert asked(visit).feed(Digit("9"), 12.0)[-1] == play("goodbye")
    assert visit.feed(Digit("1"), 12.5) == []
    assert visit.feed(PromptEnded(), 14.0) == [
        FlowEnded(CALL, "main", "bye"),
        HangUp("caller said no"),
    ]


def test_echo_ends_after_its_limit(visit: Visit) -> None:
    assert asked(visit).feed(Digit("*"), 12.0)[-1] == Echo()
    assert visit.feed(Digit("1"), 13.0) == []
    assert visit.tick(71.9) == []
    assert visit.tick(72.0) == [FlowEnded(CALL, "main", "echo"), HangUp("echo over")]


def test_lost_end_of_a_prompt_does_not_hold_the_caller(visit: Visit) -> None:
    visit.feed(Start(), 0.0)
    assert visit.tick(179.0) == []
    assert visit.tick(180.0) == [StopPrompts(), play("recorded")]


def test_caller_who_leaves_in_the_menu_ends_the_flow_there(visit: Visit) -> None:
    assert asked(visit).feed(CallerLeft(), 12.0) == [FlowEnded(CALL, "main", "choices")]
    assert visit.feed(CallerLeft(), 12.0) == []
    assert visit.feed(Digit("1"), 12.0) == []


def test_caller_who_leaves_before_the_start_leaves_no_trace(visit: Visit) -> None:
    assert visit.feed(CallerLeft(), 0.0) == []
    assert visit.state is State.ENDED


def test_visit_starts_once_and_hears_nothing_before(visit: Visit) -> None:
    with pytest.raises(IllegalTransition):
        visit.feed(Digit("1"), 0.0)
    visit.feed(Start(), 0.0)
    with pytest.raises(IllegalTransition):
        visit.feed(Start(), 1.0)


def test_line_with_a_language_plays_that_only() -> None:
    visit = Visit(CALL, flow(), ("zh",))
    assert visit.feed(Start(), 0.0)[1] == PlayPrompts((Prompt("greeting"),), ("zh",))


def test_flow_that_starts_with_a_queue_goes_there_at_once() -> None:
    visit = Visit(CALL, flow("start: q\nnodes: {q: {do: queue, queue: orders}}"))
    assert visit.feed(Start(), 0.0)[-1] == EnterQueue(QueueId("orders"))


def test_key_before_a_queue_without_a_menu_changes_nothing() -> None:
    text = "start: s\nnodes: {s: {do: say, prompt: s, next: q}, q: {do: queue, queue: orders}}"
    visit = Visit(CALL, flow(text))
    visit.feed(Start(), 0.0)
    assert visit.feed(Digit("1"), 0.5) == []
    assert visit.state is State.SAYING


steps = st.lists(
    st.one_of(
        st.builds(Digit, st.sampled_from("0123456789*#")),
        st.just(PromptEnded()),
        st.floats(min_value=0, max_value=200, allow_nan=False),
    ),
    max_size=40,
)
OUTCOMES = (EnterQueue, HangUp)


@given(steps)
def test_any_inputs_leave_the_visit_ended_once_or_waiting_with_a_deadline(
    given_steps: list[Input | float],
) -> None:
    visit = Visit(CALL, flow())
    now = 0.0
    effects: list[Effect] = visit.feed(Start(), now)
    for step in given_steps:
        if isinstance(step, float):
            now += step
            effects += visit.tick(now)
        else:
            effects += visit.feed(step, now)
        assert (visit.deadline is None) == (visit.state is State.ENDED)
        assert visit.deadline is None or visit.deadline > now
    for _ in range(20):  # a caller who does nothing any more always comes out
        if visit.deadline is not None:
            effects += visit.tick(visit.deadline)
    assert visit.state is State.ENDED
    assert sum(isinstance(effect, OUTCOMES) for effect in effects) == 1
    assert sum(isinstance(effect, FlowEnded) for effect in effects) == 1


def test_echo_and_goodbye_may_come_with_or_without_words() -> None:
    echo = Visit(CALL, flow("start: e\nnodes: {e: {do: echo, prompt: e, limit_s: 9}}"))
    assert echo.feed(Start(), 0.0)[1] == PlayPrompts((Prompt("e"),), ("en",))
    assert echo.feed(PromptEnded(), 4.0) == [Echo()]
    assert echo.deadline == 13.0

    bye = Visit(CALL, flow("start: b\nnodes: {b: {do: hangup}}"))
    assert bye.feed(Start(), 0.0)[1:] == [FlowEnded(CALL, "main", "b"), HangUp("flow")]


def test_menu_whose_prompt_never_ends_listens_all_the_same(visit: Visit) -> None:
    visit.feed(Start(), 0.0)
    visit.feed(PromptEnded(), 1.0)
    visit.feed(PromptEnded(), 2.0)
    assert visit.tick(182.0) == [StopPrompts()]
    assert visit.state is State.LISTENING
    assert visit.deadline == 187.0


def test_visit_tells_where_the_caller_is(visit: Visit) -> None:
    asked(visit)
    assert visit.node == "choices"
    assert repr(visit) == "<Visit c-1 main/choices listening>"
