"""Scenario files: what they mean, what is refused, and what a centre's own days teach."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from acd import events as acd
from acd.simulation.day import play
from acd.simulation.figures import total
from callcenter.configuration.settings import load
from callcenter.records.learnt_scenario import MAX_SAMPLES, Learning
from callcenter.scenario_file import begin_of_day, load_scenario
from foundation.errors import ConfigurationError
from foundation.ids import AgentId, CallId, QueueId
from foundation.record import Record
from tests.support.centres import run_command, write_centre

DAY = """
day: {begin: "08:00", interval_min: 30}
queues:
  orders: {skills: {orders: 1}, wrap_up_s: 20, service_level: {percent: 80, within_s: 15}}
calls:
  - {queue: orders, per_interval: [12, 20, 30], talk: {mean_s: 200}, patience: {mean_s: 90}}
roster:
  - {count: 6, skills: {orders: 5}, from: "08:00", to: "10:00", pauses: ["09:00-09:15"]}
"""
ORDERS = QueueId("orders")


@pytest.fixture
def day(tmp_path: Path) -> Path:
    file = tmp_path / "day.yaml"
    file.write_text(DAY, encoding="utf-8")
    return file


def test_a_scenario_file_is_a_day_from_its_begin(day: Path) -> None:
    scenario = load_scenario(day)
    (demand,) = scenario.demands
    assert (demand.queue, demand.calls, demand.handle.mean) == (ORDERS, (12, 20, 30), 200)
    assert len(scenario.shifts) == 6
    first = scenario.shifts[0]
    assert (first.begin_s, first.end_s, first.pauses) == (0, 7200, ((3600, 4500),))
    assert begin_of_day(day) == 8 * 3600


def test_a_centre_lends_its_queues_and_agents(tmp_path: Path) -> None:
    folder = tmp_path / "centre"
    folder.mkdir()
    centre = write_centre(folder)
    settings = load(centre)
    queue, agents = next(iter(settings.queues)), len(settings.agents)
    file = tmp_path / "day.yaml"
    text = f"calls: [{{queue: {queue}, per_interval: [3, 4], talk: {{mean_s: 100}}}}]\n"
    file.write_text(text, encoding="utf-8")
    scenario = load_scenario(file, settings)
    assert {shift.card.agent_id for shift in scenario.shifts} == {a.id for a in settings.agents}
    assert all(shift.end_s == 3600 for shift in scenario.shifts)
    assert len(scenario.shifts) == agents
    assert total(play(scenario, 1).cells[QueueId(queue)]).offered > 0


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("queue: orders,", "queue: odrers,", "day.yaml:6: calls[0].queue: unknown queue 'odrers'"),
        ("interval_min", "intervall_min", "did you mean 'interval_min'?"),
        ('to: "10:00"', 'to: "07:00"', "the shift ends at 07:00, which is not after 08:00"),
        ("mean_s: 200", "mean_s: -1", "greater than or equal to 0"),
        ("talk: {mean_s: 200}", "talk: {shape: fixed}", "needs mean_s"),
        ("talk: {mean_s: 200}", "talk: {shape: measured}", "needs samples_s"),
        ("[12, 20, 30]", "[12, 2e9]", "is more than 1000000 can be played"),
        ('"09:00-09:15"', '"09:15-09:00"', "write from-to"),
        ('begin: "08:00"', 'begin: "8 am"', "write hours and minutes"),
        ("count: 6", "count: 600000", "less than or equal to 5000"),
        ("roster:\n  - {", "roster: []\nx: [{", "day.yaml"),
    ],
)
def test_a_wrong_file_is_refused_with_the_place(
    day: Path, old: str, new: str, sentence: str
) -> None:
    assert old in DAY
    day.write_text(DAY.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigurationError) as refused:
        load_scenario(day)
    assert sentence in str(refused.value)


def test_nobody_at_work_is_no_scenario(day: Path) -> None:
    day.write_text(DAY[: DAY.index("roster")], encoding="utf-8")
    with pytest.raises(ConfigurationError, match="nobody works"):
        load_scenario(day)


def test_simulate_prints_the_day_and_draws_it(day: Path, tmp_path: Path) -> None:
    picture = tmp_path / "day.svg"
    result = run_command("simulate", day, "--days", "2", "--svg", picture)
    assert result.exit_code == 0, result.stderr
    assert "08:30" in result.stdout
    svg = picture.read_text(encoding="utf-8")
    assert svg.startswith("<svg")
    assert svg.count('class="answered"') == 4  # three intervals and the legend


def test_two_rosters_are_compared_with_the_same_callers(day: Path, tmp_path: Path) -> None:
    other = tmp_path / "few.yaml"
    other.write_text(DAY.replace("count: 6", "count: 2"), encoding="utf-8")
    result = run_command("simulate", day, "--against", other, "--days", "2")
    assert result.exit_code == 0, result.stderr
    assert "few: agents busy" in " ".join(result.stdout.split())


def test_staff_names_the_seats_of_each_interval(day: Path) -> None:
    result = run_command("staff", day, "--target", "80/15", "--days", "3")
    assert result.exit_code == 0, result.stderr
    assert "80% within 15 s" in result.stdout
    assert "Erlang A" in result.stdout


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--target", "eighty"), "--target eighty: write percent/seconds, for example 80/15"),
        (("--target", "120/15"), "share must be from 0 to below 1, not 1.2"),
        (("--queue", "sales"), "there is no queue 'sales'; the scenario has orders"),
    ],
)
def test_staff_says_what_it_cannot_plan(day: Path, words: tuple[str, ...], sentence: str) -> None:
    result = run_command("staff", day, *words)
    assert result.exit_code == 1
    assert sentence in result.stderr


class Story:
    """Records of one day in Shanghai, told by second."""

    def __init__(self) -> None:
        self.learning = Learning(ZoneInfo("Asia/Shanghai"), 30, 2)
        self._seq = 0

    def tell(self, at_s: float, event: object) -> None:
        self._seq += 1
        utc = datetime(2026, 6, 1, 1, 0, tzinfo=UTC) + timedelta(seconds=at_s)
        self.learning.take(Record(self._seq, 5000.0 + at_s, utc, event))

    def call(self, number: int, at_s: float, wait_s: float, talk_s: float | None) -> None:
        call_id, agent = CallId(f"c-{number}"), AgentId("eva")
        self.tell(at_s, acd.CallQueued(call_id, ORDERS))
        if talk_s is None:
            self.tell(at_s + wait_s, acd.CallAbandoned(call_id, ORDERS))
        else:
            self.tell(at_s + wait_s, acd.AgentAnswered(call_id, ORDERS, agent))
            self.tell(at_s + wait_s + talk_s, acd.TalkEnded(call_id, ORDERS, agent))


def test_worked_days_teach_arrivals_talks_and_patience() -> None:
    story = Story()
    story.call(1, 10, 20, 100)
    story.call(2, 1790, 40, 200)
    story.call(3, 1805, 60, None)
    (calls,) = yaml.safe_load(story.learning.scenario())["calls"]
    # 01:00 UTC is 09:00 in Shanghai: interval 18; two days were read.
    assert {n: each for n, each in enumerate(calls["per_interval"]) if each} == {18: 1.0, 19: 0.5}
    assert calls["talk"] == {"shape": "measured", "samples_s": [100.0, 200.0]}
    assert calls["patience"] == {"mean_s": 120.0}, "all waits over those who gave up"


def test_a_long_month_keeps_an_even_sample_of_its_talks(tmp_path: Path) -> None:
    story = Story()
    for number in range(3 * MAX_SAMPLES):
        story.call(number, number * 10.0, 1, float(number))
    (calls,) = yaml.safe_load(story.learning.scenario())["calls"]
    samples = calls["talk"]["samples_s"]
    assert len(samples) == MAX_SAMPLES
    assert sum(samples) / MAX_SAMPLES == pytest.approx(1.5 * MAX_SAMPLES, rel=0.1)
    file = tmp_path / "learnt.yaml"
    file.write_text(story.learning.scenario() + "queues: {orders: {}}\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="nobody works"):
        load_scenario(file)


def test_scenario_command_says_when_there_is_nothing_to_learn(tmp_path: Path) -> None:
    centre = write_centre(tmp_path)
    result = run_command("scenario", centre, "--from", "2026-06-01", "--interval-min", "7")
    assert (result.exit_code, result.stderr) == (1, "--interval-min 7: must divide a day\n")
