"""Seats for a service level: the formula's, made good by played days."""

import pytest

from acd.options import QueueOptions
from acd.simulation.scenario import Demand, Duration
from acd.staffing import Target, plan, roster
from foundation.ids import QueueId

Q = QueueId("orders")
DEMAND = Demand(
    queue=Q,
    calls=(0.0, 10.0, 40.0, 25.0),
    handle=Duration(mean_s=220),
    patience=Duration(mean_s=120),
)
OPTIONS = QueueOptions(wrap_up_s=20, skills={"orders": 1})
TARGET = Target(share=0.8, within_s=15, shrinkage=0.3)


def test_each_interval_reaches_the_target_in_the_played_days() -> None:
    seats = plan(DEMAND, OPTIONS, TARGET, seeds=range(5))
    assert [each.begin_s for each in seats] == [0.0, 1800.0, 3600.0, 5400.0]
    assert all(each.played is None or each.played >= 0.8 for each in seats)
    assert all(each.agents >= each.formula.agents for each in seats)


def test_an_interval_without_calls_needs_nobody() -> None:
    first = plan(DEMAND, OPTIONS, TARGET, seeds=range(2))[0]
    assert (first.agents, first.rostered, first.played) == (0, 0, None)


def test_shrinkage_is_paid_for_by_more_people() -> None:
    for each in plan(DEMAND, OPTIONS, TARGET, seeds=range(2)):
        assert each.rostered * 0.7 >= each.agents
        assert (each.rostered - 1) * 0.7 < each.agents or each.agents == 0


def test_the_roster_has_as_many_people_in_each_interval_as_it_should() -> None:
    needed = [2, 0, 3, 1]
    shifts = list(roster(needed, 600.0, OPTIONS))
    for number, people in enumerate(needed):
        at = number * 600.0 + 1
        assert sum(each.begin_s <= at < each.end_s for each in shifts) == people
    assert all(each.card.skills == {"orders": 1} for each in shifts)


@pytest.mark.parametrize("wrong", [{"share": 1.0}, {"shrinkage": 1.0}, {"within_s": -1.0}])
def test_impossible_targets_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must"):
        Target(**wrong)
