"""The simulator plays the real floor, and agrees with queueing theory where theory speaks."""

from math import sqrt
from random import Random
from statistics import mean, stdev

import pytest

from acd.erlang import Traffic, forecast
from acd.options import AgentCard, QueueOptions, ServiceLevel
from acd.simulation.day import play
from acd.simulation.figures import AgentTime, total, total_time
from acd.simulation.scenario import Demand, Duration, Scenario, Shape, Shift, arrivals
from foundation.errors import ConfigurationError
from foundation.ids import AgentId, QueueId
from tests.support.effort import IS_EVERYDAY

Q = QueueId("orders")
HOURS = 12 if IS_EVERYDAY else 24
"Of a played day."


def one_queue(
    calls_per_hour: float, handle_s: float, agents: int, within_s: float, patience_s: float | None
) -> Scenario:
    """Steady traffic; the agents stay on until the last caller is served."""
    options = QueueOptions(
        wrap_up_s=0,
        max_wait_s=1e6,
        service_level=ServiceLevel(within_s=within_s),
    )
    return Scenario(
        queues={Q: options},
        demands=(
            Demand(
                queue=Q,
                calls=(calls_per_hour,) * HOURS,
                handle=Duration(mean_s=handle_s),
                patience=None if patience_s is None else Duration(mean_s=patience_s),
            ),
        ),
        shifts=tuple(shift(n, 0.0, HOURS * 3600.0 + 36_000) for n in range(agents)),
        interval_s=3600.0,
    )


def shift(number: int, begin_s: float, end_s: float, **skills: int) -> Shift:
    agent_id = AgentId(f"agent{number:03}")
    return Shift(
        card=AgentCard(agent_id=agent_id, name="", skills=skills), begin_s=begin_s, end_s=end_s
    )


@pytest.mark.parametrize(
    ("calls", "handle_s", "agents", "within_s", "patience_s"),
    [
        (200, 180, 14, 20, None),
        (200, 180, 15, 20, None),
        (200, 180, 12, 20, 120),
        (250, 330, 25, 30, 180),
    ],
)
def test_played_days_agree_with_erlang_within_their_confidence(
    calls: float, handle_s: float, agents: int, within_s: float, patience_s: float | None
) -> None:
    scenario = one_queue(calls, handle_s, agents, within_s, patience_s)
    days = [total(play(scenario, seed).cells[Q]) for seed in range(5)]
    traffic = Traffic(calls_per_hour=calls, handle_s=handle_s, patience_s=patience_s)
    theory = forecast(traffic, agents, within_s)
    for told, played in (
        (theory.wait_share, [day.wait_share or 0.0 for day in days]),
        (theory.service_level, [day.in_time_share or 0.0 for day in days]),
        (theory.asa_s, [day.mean_wait_s or 0.0 for day in days]),
        (theory.abandon_share, [day.abandon_share or 0.0 for day in days]),
    ):
        # Student's t for five days at 99.9 %; the seeds are fixed, so this cannot flicker.
        margin = 8.61 * stdev(played) / sqrt(len(played))
        assert mean(played) == pytest.approx(told, abs=margin + 1e-9)


def test_the_share_that_gives_up_is_the_mean_wait_over_the_patience() -> None:
    days = [play(one_queue(200, 180, 11, 20, 120), seed).cells[Q] for seed in range(5)]
    whole = total(cell for cells in days for cell in cells)
    assert whole.mean_wait_s is not None
    assert whole.abandon_share == pytest.approx(whole.mean_wait_s / 120, rel=0.08)


def test_every_caller_has_one_outcome() -> None:
    day = total(play(one_queue(400, 180, 12, 20, 60), 3).cells[Q])
    assert day.offered == day.answered + day.abandoned + day.overflowed > 375 * HOURS


def test_the_same_seed_gives_the_same_day_and_another_one_another() -> None:
    scenario = one_queue(60, 180, 4, 20, 120)
    assert play(scenario, 1).cells == play(scenario, 1).cells
    assert play(scenario, 1).cells != play(scenario, 2).cells


def test_two_rosters_meet_the_same_callers() -> None:
    few = total(play(one_queue(60, 180, 3, 20, 120), 7).cells[Q])
    many = total(play(one_queue(60, 180, 9, 20, 120), 7).cells[Q])
    assert few.offered == many.offered
    assert many.abandoned < few.abandoned


def test_a_skill_keeps_callers_waiting_though_others_are_free() -> None:
    queues = {Q: QueueOptions(skills={"orders": 1}, wrap_up_s=0, max_wait_s=300)}
    calls = Demand(queue=Q, calls=(5.0,), handle=Duration(mean_s=60))
    scenario = Scenario(queues=queues, demands=(calls,), shifts=(shift(1, 0, 9000, tech=9),))
    day = total(play(scenario, 1).cells[Q])
    assert day.answered == 0
    assert day.overflowed == day.offered > 0
    assert day.longest_wait_s == pytest.approx(300)


def test_pauses_and_the_end_of_the_shift_wait_for_the_talk() -> None:
    calls = Demand(queue=Q, calls=(4.0, 0.0, 0.0), handle=Duration(mean_s=100, shape=Shape.FIXED))
    card = AgentCard(agent_id=AgentId("agent001"), name="")
    worker = Shift(card=card, begin_s=0.0, end_s=5400.0, pauses=((1800.0, 3600.0),))
    scenario = Scenario(queues={Q: QueueOptions(wrap_up_s=20)}, demands=(calls,), shifts=(worker,))
    played = play(scenario, 1)
    answered = total(played.cells[Q]).answered
    whole = total_time(played.times)
    assert whole.busy_s == pytest.approx(120 * answered)
    assert whole.busy_s + whole.free_s + whole.paused_s == pytest.approx(5400, abs=120)
    assert played.times[1].paused_s == pytest.approx(1800, abs=120)


def test_a_phone_that_rings_costs_the_caller_and_the_agent_time() -> None:
    calls = Demand(queue=Q, calls=(20.0,), handle=Duration(mean_s=10, shape=Shape.FIXED))
    slow = Duration(mean_s=8, shape=Shape.FIXED)
    scenario = Scenario(
        queues={Q: QueueOptions(wrap_up_s=0)},
        demands=(calls,),
        shifts=tuple(shift(n, 0, 9000) for n in range(9)),
        pick_up=slow,
    )
    day = total(play(scenario, 1).cells[Q])
    assert day.asa_s == pytest.approx(8)
    assert day.wait_share == 1.0


def test_arrivals_have_the_expected_number_and_lie_in_their_interval() -> None:
    demand = Demand(queue=Q, calls=(0.0, 30.0, 0.0), handle=Duration(mean_s=1))
    days = [arrivals(demand, 600.0, Random(seed)) for seed in range(200)]
    assert mean(len(day) for day in days) == pytest.approx(30, abs=1.5)
    assert all(600 <= at < 1200 for day in days for at in day)
    assert all(day == sorted(day) for day in days)


@pytest.mark.parametrize(
    "duration",
    [
        Duration(mean_s=240, shape=Shape.LOGNORMAL, sd_s=180),
        Duration(mean_s=240, shape=Shape.FIXED),
        Duration(mean_s=240),
        Duration(shape=Shape.MEASURED, samples_s=(120.0, 360.0)),
    ],
)
def test_durations_have_their_mean(duration: Duration) -> None:
    random = Random(1)
    drawn = [duration.draw(random) for _ in range(20_000)]
    assert mean(drawn) == pytest.approx(240, rel=0.03)
    assert duration.mean == 240


def test_impossible_scenarios_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="nobody knows the queue 'sales'"):
        Scenario(
            queues={Q: QueueOptions()},
            demands=(Demand(queue=QueueId("sales"), calls=(1.0,), handle=Duration(mean_s=1)),),
            shifts=(),
        )
    with pytest.raises(ConfigurationError, match="samples_s"):
        Duration(shape=Shape.MEASURED)
    with pytest.raises(ConfigurationError, match="cannot be negative"):
        Duration(mean_s=-1)


def test_a_queue_nobody_called_has_no_figures() -> None:
    cell = total([])
    assert cell.service_level is None
    assert cell.asa_s is None
    assert AgentTime().occupancy is None
