"""Who suits, and who is asked first."""

import pytest

from acd.agent import Agent
from acd.options import AgentCard, QueueOptions, Strategy
from acd.routing import RANKINGS, Pool, longest_idle, suits
from foundation.errors import ConfigurationError
from foundation.ids import AgentId
from tests.support.floors import BEN, EVA, ZOE, card


def idle(skilled: AgentCard, since: float) -> Agent:
    agent = Agent(skilled)
    agent.idle_since = since
    return agent


@pytest.mark.parametrize(
    ("required", "is_suited"),
    [
        ({}, True),
        ({"orders": 3}, True),
        ({"orders": 4}, False),
        ({"orders": 3, "english": 1}, True),
        ({"orders": 3, "chinese": 1}, False),
    ],
)
def test_an_agent_suits_with_every_required_skill_at_its_level(
    required: dict[str, int], is_suited: bool
) -> None:
    assert suits(card(EVA, orders=3, english=1), required) is is_suited


def in_order(required: dict[str, int], *agents: Agent) -> list[AgentId]:
    pool = Pool()
    for agent in agents:
        pool.add(agent.agent_id, longest_idle(agent, required))
    order = []
    while len(pool):
        order.append(pool.best(frozenset()))
        pool.remove(order[-1])
    return order


def test_the_best_suited_come_before_the_longer_idle() -> None:
    order = in_order(
        {"orders": 1},
        idle(card(EVA, orders=1), since=0.0),
        idle(card(BEN, orders=5), since=20.0),
        idle(card(ZOE, orders=5), since=10.0),
    )

    assert order == [ZOE, BEN, EVA]


def test_the_levels_of_all_required_skills_count_and_no_others() -> None:
    order = in_order(
        {"orders": 1, "english": 1},
        idle(card(EVA, orders=3, english=3, repairs=9), since=0.0),
        idle(card(BEN, orders=2, english=5), since=9.0),
    )

    assert order == [BEN, EVA]


def test_without_required_skills_only_the_idle_time_counts() -> None:
    order = in_order({}, idle(card(EVA, orders=9), since=5.0), idle(card(BEN), since=4.0))

    assert order == [BEN, EVA]


def test_who_was_tried_is_asked_after_all_others() -> None:
    pool = Pool()
    for agent_id, since in ((EVA, 1.0), (BEN, 2.0), (ZOE, 3.0)):
        pool.add(agent_id, (0.0, since))

    assert pool.best({EVA}) == BEN
    assert pool.best({EVA, BEN}) == ZOE
    assert pool.best({EVA, BEN, ZOE}) == EVA


def test_each_strategy_has_its_function() -> None:
    assert set(RANKINGS) == set(Strategy)


def test_options_that_would_stop_the_floor_are_all_refused_at_once() -> None:
    with pytest.raises(ConfigurationError) as refused:
        QueueOptions(ring_s=0.0, max_wait_s=-1.0, wrap_up_s=-0.1, announce_position_every_s=0.0)

    assert [problem.split()[0] for problem in refused.value.problems] == [
        "ring_s",
        "max_wait_s",
        "announce_position_every_s",
        "wrap_up_s",
    ]
