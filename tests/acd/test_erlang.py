"""Erlang C and A against published and independently computed rows (docs/figures.md)."""

from math import inf

import pytest

from acd.erlang import Traffic, erlang_b, forecast, least_agents

# calls/h, handling s, agents, T s: P(wait), ASA s, service level, occupancy
ERLANG_C = [
    (200, 180, 14, 20, 0.1741319, 7.83594, 0.88835, 0.714286),
    (200, 180, 11, 20, 0.6821182, 122.78, 0.3896, 0.909),
    (200, 180, 12, 20, 0.4494, 40.44, 0.6402, 0.833),
    (200, 180, 13, 20, 0.2853, 17.12, 0.7956, 0.769),
    (200, 180, 15, 20, 0.1020, 3.67, 0.9415, 0.667),
    (720, 240, 55, 15, 0.2387, 8.18, 0.8459, 0.873),
    (250, 330, 28, 30, 0.2272, 14.75, 0.8569, 0.818),
    (2880, 60, 50, 20, 0.6945, 20.83, 0.6435, 0.960),
    (10, 270, 2, 20, 0.2045, 44.18, 0.8135, 0.375),
]
# calls/h, handling s, patience s, agents: P(wait), P(abandon), mean wait s, occupancy
ERLANG_A = [
    (2880, 60, 120, 50, 0.4678, 0.0309, 3.71, 0.930),
    (200, 180, 120, 10, 0.4969, 0.1375, 16.50, 0.863),
    (200, 180, 120, 11, 0.3828, 0.0942, 11.30, 0.824),
    (200, 180, 120, 12, 0.2798, 0.0616, 7.39, 0.782),
    (200, 180, 120, 13, 0.1937, 0.0384, 4.61, 0.740),
    (720, 240, 120, 48, 0.4371, 0.0673, 8.08, 0.933),
    (720, 240, 120, 55, 0.1501, 0.0170, 2.04, 0.858),
    (250, 330, 180, 25, 0.3127, 0.0564, 10.15, 0.865),
]


@pytest.mark.parametrize("row", ERLANG_C)
def test_erlang_c_gives_the_published_rows(row: tuple[float, ...]) -> None:
    calls, handle_s, agents, within_s, wait, asa_s, level, occupancy = row
    found = forecast(Traffic(calls_per_hour=calls, handle_s=handle_s), int(agents), within_s)
    assert found.wait_share == pytest.approx(wait, abs=5e-5)
    assert found.asa_s == pytest.approx(asa_s, abs=5e-3)
    assert found.service_level == pytest.approx(level, abs=5e-5)
    assert found.occupancy == pytest.approx(occupancy, abs=6e-4)


@pytest.mark.parametrize("row", ERLANG_A)
def test_erlang_a_gives_the_exact_birth_and_death_rows(row: tuple[float, ...]) -> None:
    calls, handle_s, patience_s, agents, wait, abandon, asa_s, occupancy = row
    traffic = Traffic(calls_per_hour=calls, handle_s=handle_s, patience_s=patience_s)
    found = forecast(traffic, int(agents), 20)
    assert found.wait_share == pytest.approx(wait, abs=5e-5)
    assert found.abandon_share == pytest.approx(abandon, abs=5e-5)
    assert found.asa_s == pytest.approx(asa_s, abs=5e-3)
    assert found.occupancy == pytest.approx(occupancy, abs=6e-4)


@pytest.mark.parametrize(
    ("calls", "handle_s", "agents"),
    [
        (60, 180, (5, 6, 7)),
        (100, 240, (10, 11, 12)),
        (200, 180, (14, 15, 16)),
        (500, 240, (39, 42, 43)),
        (720, 240, (54, 57, 59)),
        (1000, 300, (91, 95, 97)),
    ],
)
def test_the_fewest_agents_for_the_usual_targets(
    calls: float, handle_s: float, agents: tuple[int, ...]
) -> None:
    traffic = Traffic(calls_per_hour=calls, handle_s=handle_s)
    targets = ((0.8, 20), (0.9, 10), (0.95, 15))
    assert tuple(least_agents(traffic, *target).agents for target in targets) == agents


def test_the_least_is_the_least() -> None:
    traffic = Traffic(calls_per_hour=250, handle_s=330)
    assert least_agents(traffic, 0.8, 30).agents == 28
    assert forecast(traffic, 27, 30).service_level < 0.8


def test_endless_patience_is_the_limit_of_erlang_a() -> None:
    patient = forecast(Traffic(calls_per_hour=200, handle_s=180, patience_s=1e7), 14, 20)
    endless = forecast(Traffic(calls_per_hour=200, handle_s=180), 14, 20)
    assert patient.service_level == pytest.approx(endless.service_level, abs=1e-4)
    assert patient.wait_share == pytest.approx(endless.wait_share, abs=1e-4)


def test_too_few_agents_have_a_queue_without_end_unless_callers_give_up() -> None:
    assert forecast(Traffic(calls_per_hour=200, handle_s=180), 10, 20).asa_s == inf
    overrun = forecast(Traffic(calls_per_hour=400, handle_s=180, patience_s=60), 10, 20)
    assert overrun.abandon_share == pytest.approx(0.5, abs=0.01)
    assert overrun.occupancy == pytest.approx(1.0, abs=0.02)


def test_nobody_and_nothing() -> None:
    assert forecast(Traffic(calls_per_hour=0, handle_s=60), 3, 20).service_level == 1
    assert forecast(Traffic(calls_per_hour=9, handle_s=60), 0, 20).service_level == 0
    assert forecast(Traffic(calls_per_hour=9, handle_s=60, patience_s=30), 0, 20).abandon_share == 1
    assert erlang_b(5.0, 0) == 1.0


@pytest.mark.parametrize(
    "wrong",
    [
        {"calls_per_hour": -1, "handle_s": 60},
        {"calls_per_hour": 1, "handle_s": 0},
        {"calls_per_hour": 1, "handle_s": 60, "patience_s": 0},
    ],
)
def test_impossible_traffic_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"must"):
        Traffic(**wrong)
