"""Queues that name what is not there, go round in circles, or can't be served."""

from pathlib import Path

import pytest

from acd.events import Priority
from acd.options import Selection, Strategy
from callcenter.configuration.settings import load
from callcenter.rules.floor import agent_cards, agent_options, queue_options
from foundation.errors import ConfigurationError
from foundation.ids import QueueId
from tests.support.centres import write_centre

GOOD = """
agents:
  - {id: a1, name: A, number: "1001", sip_password: long-enough-1, skills: {orders: 5}}
  - {id: a2, name: B, number: "1002", sip_password: long-enough-2, skills: {orders: 2},
     backup: true, allocation: {orders: 60}}
order: {p0_s: 100, tiers: {gold: 7}, longest_s: 50}
selection: service_objective
queues:
  orders:
    skills: {orders: 2}
    requires: orders>=2 or english
    relax: [{after_s: 30, requires: orders}]
    strategy: most_idle
    sticky_s: 20
    max_waiting: 5
    overflow_to: other
    surge: {join_waiting: 4, leave_waiting: 1}
  other: {strategy: percent_allocation}
"""


def centre(folder: Path, text: str) -> Path:
    written = write_centre(folder)
    file = written / "callcenter.yaml"
    head = "timezone: UTC\nrecordings: {transcribe: false}\n"
    file.write_text(head + text, encoding="utf-8")
    for flow in (written / "flows").glob("*.yaml"):
        flow.unlink()
    return written


def test_what_the_file_says_reaches_the_floor(tmp_path: Path) -> None:
    settings = load(centre(tmp_path, GOOD))
    orders = queue_options(settings)[QueueId("orders")]
    assert orders.strategy is Strategy.MOST_IDLE
    assert orders.requirement.suits({"orders": 2})
    assert not orders.requirement.suits({"english": 1})
    assert orders.relax[0].requirement.suits({"orders": 1})
    assert (orders.sticky_s, orders.max_waiting) == (20, 5)
    assert orders.surge is not None
    options = agent_options(settings)
    assert options.selection is Selection.SERVICE_OBJECTIVE
    assert options.order.head_start_s(Priority.P2, "gold") == 50, "at most longest_s"
    assert [card.backup for card in agent_cards(settings)] == [False, True]
    assert agent_cards(settings)[1].allocation == {"orders": 60}


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("orders>=2 or english", "orders>=2 or", "'orders>=2 or' ends where a skill should be"),
        ("most_idle", "most_idel", "callcenter.yaml"),
        ("overflow_to: other", "overflow_to: othre", "no queue is called 'othre'; did you mean"),
        ("overflow_to: other", "overflow_to: orders", "in a circle by way of 'orders'"),
        ("other: {", "other: {overflow_to: orders, ", "in a circle by way of"),
        ("leave_waiting: 1", "leave_waiting: 4", "leave_waiting must be below join_waiting"),
        ("allocation: {orders", "allocation: {ordres", "no queue is called 'ordres'"),
        (
            "[{after_s: 30, requires: orders}]",
            "[{after_s: 30, requires: orders}, {after_s: 9, requires: orders}]",
            "each step must come later than the one before",
        ),
    ],
)
def test_what_cannot_work_is_refused_with_the_place(
    tmp_path: Path, old: str, new: str, sentence: str
) -> None:
    assert old in GOOD
    with pytest.raises(ConfigurationError) as refused:
        load(centre(tmp_path, GOOD.replace(old, new)))
    assert sentence in str(refused.value)


def test_what_is_probably_not_meant_is_said(tmp_path: Path) -> None:
    text = GOOD.replace("skills: {orders: 5}", "skills: {repairs: 5}").replace(
        "    surge: {join_waiting: 4, leave_waiting: 1}\n", ""
    )
    warnings = "\n".join(load(centre(tmp_path, text)).warnings)
    assert "only backup agents suit, and no surge ever calls them in" in warnings
    assert "no agent has an allocation for this queue" in warnings
