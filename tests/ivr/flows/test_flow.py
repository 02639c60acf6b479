"""A flow file gives a flow, or all its problems with their lines."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.errors import ConfigurationError
from foundation.ids import QueueId
from ivr.flows.flow import Menu, parse

GOOD = """\
languages: [en, zh]
start: greeting
prompts:
  greeting: {en: Welcome., zh: 欢迎致电。}
  choices: {en: For orders press 1., zh: 订单请按1。}
nodes:
  greeting: {do: say, prompt: greeting, next: choices}
  choices:
    do: menu
    prompt: choices
    keys: {1: orders}
    default: orders
  orders: {do: queue, queue: orders}
"""


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        parse(text, "flows/main.yaml", "main")
    return caught.value.problems


def test_flow_is_read_with_its_prompts_and_queues() -> None:
    flow, _ = parse(GOOD, "flows/main.yaml", "main")
    choices = flow.nodes["choices"]
    assert isinstance(choices, Menu)
    assert choices.keys == {"1": "orders"}
    assert flow.prompts["greeting"]["zh"] == "欢迎致电。"
    assert flow.prompt_names() == {"greeting", "choices"}
    assert flow.queues() == {QueueId("orders")}


def test_all_problems_of_a_flow_come_at_once_with_the_nearest_names() -> None:
    text = (
        GOOD.replace("do: say", "do: sya")
        .replace("keys: {1: orders}", "keys: {12: orders}")
        .replace("default: orders", "defualt: orders")
        .replace("languages", "langages")
    )
    assert problems(text) == [
        "flows/main.yaml:1: langages: unknown key 'langages'; did you mean 'languages'?",
        "flows/main.yaml:7: nodes.greeting: 'sya' is not known; did you mean 'say'?",
        "flows/main.yaml:8: nodes.choices.default: is missing",
        "flows/main.yaml:11: nodes.choices.keys.12: '12': string should match pattern '^[0-9*#]$'",
        "flows/main.yaml:12: nodes.choices.defualt: unknown key 'defualt'; did you mean 'default'?",
    ]


def test_targets_that_do_not_exist_are_named() -> None:
    text = (
        GOOD.replace("start: greeting", "start: greting")
        .replace("{1: orders}", "{1: order}")
        .replace("next: choices", "next: choises")
    )
    assert problems(text) == [
        "flows/main.yaml:2: start: no node is called 'greting'; did you mean 'greeting'?",
        "flows/main.yaml:7: nodes.greeting.next: no node is called 'choises'; "
        "did you mean 'choices'?",
        "flows/main.yaml:11: nodes.choices.keys.1: no node is called 'order'; "
        "did you mean 'orders'?",
    ]


def test_flow_that_keeps_a_silent_caller_for_ever_is_refused() -> None:
    text = GOOD.replace("default: orders", "default: greeting")
    assert problems(text) == [
        "flows/main.yaml:7: nodes.greeting: a caller who presses nothing would never get out "
        "of here",
        "flows/main.yaml:8: nodes.choices: a caller who presses nothing would never get out "
        "of here",
    ]


def test_node_given_twice_is_a_problem() -> None:
    text = GOOD + "  orders: {do: queue, queue: support}\n"
    assert problems(text) == [
        "flows/main.yaml:14: nodes.orders: is given twice; only the last would count"
    ]


def test_node_without_a_kind_is_a_problem() -> None:
    assert problems("start: a\nnodes:\n  a: {prompt: x}\n") == [
        "flows/main.yaml:3: nodes.a: needs the key 'do'"
    ]


@pytest.mark.parametrize(
    "text", ["", "[]", "nodes: {}", "start: a", "nodes: [", "\x00", "a: !!x 1"]
)
def test_text_that_is_no_flow_is_a_problem_not_a_crash(text: str) -> None:
    assert all(one.startswith("flows/main.yaml:1: ") for one in problems(text))


@given(st.integers(0, len(GOOD)), st.integers(0, 12), st.text("a:{}[]\n -1é\"'", max_size=6))
def test_damaged_flow_is_a_flow_or_a_list_of_problems(at: int, cut: int, put: str) -> None:
    with suppress(ConfigurationError):
        flow, _ = parse(GOOD[:at] + put + GOOD[at + cut :], "flows/main.yaml", "main")
        assert flow.start in flow.nodes
