"""Many calls, each with a visit of its own."""

import pytest

from foundation.ids import CallId, QueueId
from ivr.events import FlowEnded, FlowStarted, MenuChosen
from ivr.flows.flow import parse
from ivr.service import Ivr
from ivr.speech.spoken import Prompt
from ivr.visit.engine import EnterQueue, PlayPrompts, StopPrompts

TEXT = """\
start: choices
nodes:
  choices: {do: menu, prompt: choices, keys: {1: orders}, default: orders, tries: 1}
  orders: {do: queue, queue: orders}
"""
ONE, TWO = CallId("c-1"), CallId("c-2")


@pytest.fixture
def ivr() -> Ivr:
    return Ivr({"main": parse(TEXT, "flows/main.yaml", "main")[0]})


def test_calls_do_not_touch_each_other(ivr: Ivr) -> None:
    assert ivr.start(ONE, "main", 0.0) == [
        FlowStarted(ONE, "main"),
        PlayPrompts((Prompt("choices"),), ("en",)),
    ]
    ivr.start(TWO, "main", 1.0)
    assert ivr.digit(ONE, "1", 2.0) == [
        StopPrompts(),
        MenuChosen(ONE, "main", "choices", "1"),
        FlowEnded(ONE, "main", "orders"),
        EnterQueue(QueueId("orders")),
    ]
    assert ONE not in ivr
    assert TWO in ivr


def test_tick_tells_what_is_due_in_each_call(ivr: Ivr) -> None:
    ivr.start(ONE, "main", 0.0)
    ivr.start(TWO, "main", 0.0)
    ivr.prompt_ended(ONE, 3.0)
    assert ivr.deadline == 8.0
    due = ivr.tick(8.0)
    assert [call_id for call_id, _ in due] == [ONE]
    assert due[0][1][-1] == EnterQueue(QueueId("orders"))
    assert ivr.deadline == 180.0


def test_call_that_is_not_in_a_menu_is_silently_nothing(ivr: Ivr) -> None:
    assert ivr.digit(ONE, "1", 0.0) == []
    assert ivr.prompt_ended(ONE, 0.0) == []
    assert ivr.caller_left(ONE, 0.0) == []
    assert ivr.tick(100.0) == []
    assert ivr.deadline is None


def test_caller_who_leaves_is_forgotten(ivr: Ivr) -> None:
    ivr.start(ONE, "main", 0.0)
    assert ivr.caller_left(ONE, 1.0) == [FlowEnded(ONE, "main", "choices")]
    assert ONE not in ivr


def test_who_is_in_a_flow_may_come_to_its_queues_though_the_flow_was_changed(ivr: Ivr) -> None:
    orders, help_ = QueueId("orders"), QueueId("help")
    assert not ivr.leads_to(orders)
    ivr.start(ONE, "main", 0.0)
    changed = TEXT.replace("queue: orders}", "queue: help}")
    ivr.replace({"main": parse(changed, "flows/main.yaml", "main")[0]}, {})

    assert ivr.leads_to(orders)
    assert not ivr.leads_to(help_)
    ivr.caller_left(ONE, 1.0)
    assert not ivr.leads_to(orders)


def test_queues_of_flows_that_a_flow_calls_are_led_to() -> None:
    outer = (
        "start: other\nnodes:\n  other: {do: call, flow: inner, next: bye}\n  bye: {do: hangup}\n"
    )
    flows = {
        "main": parse(outer, "flows/main.yaml", "main")[0],
        "inner": parse(TEXT, "flows/inner.yaml", "inner")[0],
    }
    ivr = Ivr(flows)
    ivr.start(ONE, "main", 0.0)
    assert ivr.leads_to(QueueId("orders"))
