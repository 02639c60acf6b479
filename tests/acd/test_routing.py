"""Who suits, and who is asked first: each strategy by itself, and the trade's published vectors."""

from collections import Counter
from random import Random

import pytest

from acd.agent import Agent
from acd.events import AgentState
from acd.options import AgentCard, QueueOptions, Relaxation, Strategy
from acd.pool import Pool
from acd.requirement import least_levels, parse_requirement
from acd.routing import RANKINGS, STEADY, Candidate, level_of
from acd.worktime import WorkTime
from foundation.errors import ConfigurationError
from foundation.ids import AgentId, QueueId
from tests.support.floors import BEN, EVA, ORDERS, ZOE, card

A, B, C = AgentId("a"), AgentId("b"), AgentId("c")
BILLING = QueueId("billing")


def idle(skilled: AgentCard, since: float) -> Agent:
    agent = Agent(skilled)
    agent.idle_since = since
    return agent


def worked(busy_s: float, whole_s: float, queue: QueueId = ORDERS) -> WorkTime:
    """Of a shift that began at 0 and has lasted `whole_s`."""
    work = WorkTime()
    work.enter(AgentState.READY, None, 0.0)
    work.enter(AgentState.TALKING, queue, whole_s - busy_s)
    work.enter(AgentState.READY, None, whole_s)
    return work


def candidate(
    agent: Agent, level: int = 0, work: WorkTime | None = None, turn: int = 0, chance: float = 0.0
) -> Candidate:
    return Candidate(agent, work or WorkTime(), ORDERS, level, turn, chance)


def in_order(strategy: Strategy, *candidates: Candidate, now: float = 100.0) -> list[AgentId]:
    pool = Pool(strategy)
    for each in candidates:
        pool.add(each, now)
    order = []
    while len(pool):
        order.append(pool.best(frozenset(), now).agent.agent_id)
        pool.remove(order[-1])
    return order


def test_every_strategy_is_a_function() -> None:
    assert set(RANKINGS) == set(Strategy)
    assert set(Strategy) > STEADY


# -- Avaya Business Advocate (2006): there level 1 is the best, ours rise: n stands for 11 - n -----


def test_the_published_occupancies() -> None:
    a = candidate(idle(card(A), 0), level=10, work=worked(90, 100))
    b = candidate(idle(card(B), 0), level=10, work=worked(95, 100))
    c = candidate(idle(card(C), 0), level=9, work=worked(64, 100))
    assert in_order(Strategy.LEAST_OCCUPIED, a, b, c)[0] == C
    assert in_order(Strategy.BEST_SKILL_LEAST_OCCUPIED, a, b, c)[0] == A


def test_the_published_idle_times() -> None:
    a = candidate(idle(card(A), 95), level=10)
    b = candidate(idle(card(B), 90), level=10)
    c = candidate(idle(card(C), 70), level=9)
    assert in_order(Strategy.MOST_IDLE, a, b, c)[0] == C
    assert in_order(Strategy.LONGEST_IDLE, a, b, c)[0] == B
    c_better = candidate(idle(card(C), 70), level=8)
    assert in_order(Strategy.LONGEST_IDLE, a, c_better)[0] == A


def test_the_published_allocations() -> None:
    def allocated(agent_id: AgentId, adjusted: float, target: float) -> Candidate:
        work = WorkTime()
        work.enter(AgentState.TALKING, ORDERS, 0.0)
        work.enter(AgentState.TALKING, BILLING, adjusted)
        work.enter(AgentState.READY, None, 100.0)
        skilled = AgentCard(agent_id=agent_id, name="", allocation={ORDERS: target})
        return candidate(idle(skilled, 0), work=work)

    a, b, c = allocated(A, 35, 25), allocated(B, 49, 50), allocated(C, 78, 75)
    assert in_order(Strategy.PERCENT_ALLOCATION, a, b, c)[0] == B


# -- each by itself ------------------------------------------------------------------------------


def test_the_best_suited_come_before_the_longer_idle() -> None:
    order = in_order(
        Strategy.LONGEST_IDLE,
        candidate(idle(card(EVA), 0.0), level=1),
        candidate(idle(card(BEN), 20.0), level=5),
        candidate(idle(card(ZOE), 10.0), level=5),
    )

    assert order == [ZOE, BEN, EVA]


def test_the_levels_of_all_needed_skills_count_once_and_no_others() -> None:
    need = parse_requirement("orders>=1 and (english or orders>=3) and not repairs>=10")

    assert level_of(card(EVA, orders=3, english=3, repairs=9), need) == 6
    assert level_of(card(BEN, orders=2, english=5), need) == 7
    assert level_of(card(BEN, orders=9), least_levels({})) == 0


def test_occupancy_is_compared_at_the_moment_of_the_choice() -> None:
    """Eva was busier, but has been free for longer since."""
    eva, ben = WorkTime(), WorkTime()
    eva.enter(AgentState.TALKING, ORDERS, 0.0)
    eva.enter(AgentState.READY, None, 50.0)
    ben.enter(AgentState.READY, None, 70.0)
    ben.enter(AgentState.TALKING, ORDERS, 80.0)
    ben.enter(AgentState.READY, None, 90.0)
    pool = Pool(Strategy.LEAST_OCCUPIED)
    for agent_id, work in ((EVA, eva), (BEN, ben)):
        pool.add(candidate(idle(card(agent_id), 90.0), work=work), 90.0)

    assert pool.best(frozenset(), 95.0).agent.agent_id == BEN  # 50/95 against 10/25
    assert pool.best(frozenset(), 2_000.0).agent.agent_id == BEN
    assert eva.occupancy(100.0) == 0.5
    assert ben.occupancy(90.0) == 0.5


def test_fewest_calls_are_counted_since_the_sign_in() -> None:
    busy, fresh = worked(10, 20), worked(10, 20)
    busy.enter(AgentState.TALKING, ORDERS, 30.0)
    busy.enter(AgentState.READY, None, 40.0)
    order = in_order(
        Strategy.FEWEST_CALLS,
        candidate(idle(card(EVA), 0.0), work=busy),
        candidate(idle(card(BEN), 9.0), work=fresh),
    )
    assert order == [BEN, EVA]
    assert (busy.calls, fresh.calls) == (2, 1)
    busy.enter(AgentState.OFF, None, 50.0)
    busy.enter(AgentState.PAUSED, None, 60.0)
    assert busy.calls == 0


def test_round_robin_asks_whose_last_offer_is_longest_ago() -> None:
    works = [WorkTime(), WorkTime(), WorkTime()]
    works[0].last_offer, works[1].last_offer = 7, 3
    order = in_order(
        Strategy.ROUND_ROBIN,
        *(
            candidate(idle(card(agent_id), 0.0), work=work, turn=turn)
            for turn, (agent_id, work) in enumerate(zip((EVA, BEN, ZOE), works, strict=True))
        ),
    )
    assert order == [ZOE, BEN, EVA]


def test_top_down_is_the_order_of_the_configuration() -> None:
    order = in_order(
        Strategy.TOP_DOWN,
        candidate(idle(card(ZOE), 0.0), level=9, turn=2),
        candidate(idle(card(EVA), 50.0), turn=0),
        candidate(idle(card(BEN), 5.0), turn=1),
    )
    assert order == [EVA, BEN, ZOE]


def test_lots_are_drawn_in_proportion_to_the_level() -> None:
    random, first = Random(1), Counter[AgentId]()
    for _ in range(4_000):
        order = in_order(
            Strategy.RANDOM_WEIGHTED,
            candidate(idle(card(EVA), 0.0), level=1, chance=random.random()),
            candidate(idle(card(BEN), 0.0), level=3, turn=1, chance=random.random()),
        )
        first[order[0]] += 1
    assert first[BEN] / 4_000 == pytest.approx(0.75, abs=0.02)


@pytest.mark.parametrize("strategy", [Strategy.LONGEST_IDLE, Strategy.LEAST_OCCUPIED])
def test_who_was_tried_is_asked_after_all_others(strategy: Strategy) -> None:
    pool = Pool(strategy)
    for agent_id, since in ((EVA, 1.0), (BEN, 2.0), (ZOE, 3.0)):
        pool.add(candidate(idle(card(agent_id), since)), 9.0)

    def best(*tried: AgentId) -> AgentId:
        return pool.best(frozenset(tried), 9.0).agent.agent_id

    assert best(EVA) == BEN
    assert best(EVA, BEN) == ZOE
    assert best(EVA, BEN, ZOE) == EVA


def test_an_agent_who_has_gone_is_in_the_pool_no_more() -> None:
    pool = Pool(Strategy.MOST_IDLE)
    pool.add(candidate(idle(card(EVA), 1.0)), 1.0)
    pool.remove(EVA)
    pool.remove(EVA)
    assert len(pool) == 0


# -- options -------------------------------------------------------------------------------------


def test_skills_and_expression_are_both_needed() -> None:
    options = QueueOptions(skills={"orders": 3}, requires=parse_requirement("english or chinese"))
    assert options.requirement.suits({"orders": 3, "chinese": 1})
    assert not options.requirement.suits({"orders": 2, "chinese": 1})
    assert not options.requirement.suits({"orders": 3})


def test_options_that_would_stop_the_floor_are_all_refused_at_once() -> None:
    with pytest.raises(ConfigurationError) as refused:
        QueueOptions(ring_s=0.0, max_wait_s=-1.0, wrap_up_s=-0.1, announce_position_every_s=0.0)

    assert [problem.split()[0] for problem in refused.value.problems] == [
        "ring_s",
        "max_wait_s",
        "announce_position_every_s",
        "wrap_up_s",
    ]


@pytest.mark.parametrize("times", [(0.0,), (60.0, 30.0), (60.0, 60.0)])
def test_relaxations_go_forward_in_time(times: tuple[float, ...]) -> None:
    with pytest.raises(ConfigurationError, match="relax must name later and later times"):
        QueueOptions(relax=tuple(Relaxation(at, least_levels({})) for at in times))
