"""Boards: their formulas, tiles and curves, and who is named on them."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from acd.events import (
    AgentAnswered,
    AgentAway,
    AgentChanged,
    AgentState,
    CallAbandoned,
    CallLeftForCallback,
    CallOverflowed,
    CallQueued,
)
from acd.views import FloorNow, PhoneTrouble
from foundation.ids import AgentId, AlarmId, CallbackId, CallId, QueueId
from tests.support.fake_core import MONDAY_NOON_S, record
from wallboard.directory import AgentCard, Directory, QueueCard, ServiceTarget
from wallboard.events import AlarmKind, AlarmRaised, Level
from wallboard.figures.boards import NORMS, Compare, Plan, Tile
from wallboard.figures.curve import Past, past_curve
from wallboard.figures.formulas import FORMULAS, basis_of
from wallboard.figures.grades import grade
from wallboard.figures.scope import Kind, Scope
from wallboard.fold.board import Board, BoardEvent
from wallboard.fold.day import Day as BoardDay
from wallboard.fold.tally import Counts, Tally
from wallboard.screens.document import Document, render
from wallboard.words import Words

ORDERS, REPAIRS = QueueId("orders"), QueueId("repairs")
ANN, BOB = AgentId("ann"), AgentId("bob")
DIRECTORY = Directory(
    {ANN: AgentCard("Li Na", "day"), BOB: AgentCard("Wang Wei", "night")},
    {
        ORDERS: QueueCard("Orders", ServiceTarget(share=0.8, within_s=20.0)),
        REPAIRS: QueueCard("Repairs", ServiceTarget(share=0.9, within_s=15.0)),
    },
)


class Day:
    def __init__(self) -> None:
        self.board = Board(UTC, DIRECTORY)
        self._calls = 0

    def at(self, offset_s: float, *events: BoardEvent) -> None:
        for event in events:
            self.board.fold(record(self.board.seq + 1, MONDAY_NOON_S + offset_s, event))

    def caller(self, queue: QueueId, entered_s: float) -> CallId:
        self._calls += 1
        call_id = CallId(f"c-{self._calls}")
        self.at(entered_s, CallQueued(call_id, queue))
        return call_id

    def answered(self, queue: QueueId, entered_s: float, wait_s: float) -> None:
        call_id = self.caller(queue, entered_s)
        self.at(entered_s + wait_s, AgentAnswered(call_id, queue, ANN))

    def abandoned(self, queue: QueueId, entered_s: float, wait_s: float) -> None:
        call_id = self.caller(queue, entered_s)
        self.at(entered_s + wait_s, CallAbandoned(call_id, queue))

    def shown(
        self,
        plan: Plan,
        offset_s: float = 1000.0,
        *,
        hides_names: bool = False,
        phones: Mapping[AgentId, PhoneTrouble] | None = None,
    ) -> Document:
        return render(
            self.board,
            MONDAY_NOON_S + offset_s,
            core_up=True,
            plan=plan,
            hides_names=hides_names,
            floor=FloorNow(phones=phones or {}),
        )


@pytest.fixture
def day() -> Day:
    """Orders: 10 callers. Four answered in time, two late, a short and a long abandon, one sent
    on, one who is called back; then one who waits since a second."""
    day = Day()
    for _ in range(4):
        day.answered(ORDERS, 0, 10)
    for _ in range(2):
        day.answered(ORDERS, 0, 40)
    day.abandoned(ORDERS, 0, 3)
    day.abandoned(ORDERS, 0, 50)
    day.at(60, CallOverflowed(day.caller(ORDERS, 0), ORDERS))
    day.at(70, CallLeftForCallback(day.caller(ORDERS, 0), ORDERS, CallbackId("b-1")))
    day.caller(ORDERS, 999)
    return day


@pytest.mark.parametrize(
    ("figure", "formula", "value"),
    [
        ("service_level", "standard", 4 / 8),
        ("service_level", "with_short", 4 / 9),
        ("service_level", "without_overflow", 4 / 7),
        ("service_level", "without_abandons", 4 / 7),
        ("service_level", "answered_only", 4 / 6),
        ("service_level", "with_abandons", 5 / 8),
        ("answer_rate", "standard", 6 / 8),
        ("answer_rate", "with_short", 6 / 9),
        ("answer_rate", "without_overflow", 6 / 7),
        ("answer_rate", "raw", 6 / 11),
        ("abandon_rate", "standard", 1 / 8),
        ("abandon_rate", "with_short", 2 / 9),
        ("abandon_rate", "raw", 2 / 11),
    ],
)
def test_each_formula_says_what_its_text_says(
    day: Day, figure: str, formula: str, value: float
) -> None:
    basis = basis_of(day.board.queues[ORDERS], MONDAY_NOON_S + 1000)

    assert FORMULAS[figure][formula].value(basis) == pytest.approx(value)


def test_every_formula_is_tried_above() -> None:
    tried = test_each_formula_says_what_its_text_says.pytestmark[0].args[1]  # type: ignore[attr-defined]

    assert {case[:2] for case in tried} == {
        (figure, name) for figure, names in FORMULAS.items() for name in names
    }


def test_formula_of_a_board_holds_for_tiles_tables_totals_and_curve(day: Day) -> None:
    plan = Plan(
        tiles=(Tile(figure="service_level"), Tile(figure="service_level", formula="with_abandons")),
        formulas={"service_level": "answered_only"},
    )
    shown = day.shown(plan)

    assert shown["tiles"]["t0"]["value"] == 0.667
    assert shown["tiles"]["t1"]["value"] == 0.625
    assert shown["queues"]["orders"]["service_level"] == 0.667
    assert shown["totals"]["service_level"] == 0.667
    assert shown["intervals"][0]["service_level"] == 0.667
    assert shown["board"]["tiles"]["t0"]["formula"]["en"] == "answered ≤ T / answered"
    assert shown["board"]["formulas"]["service_level"]["zh"] == "T 内接起 / 接起"


def test_board_of_one_queue_knows_nothing_of_the_others(day: Day) -> None:
    day.answered(REPAIRS, 100, 5)
    plan = Plan(queues=("repairs",), teams=("night",), tiles=(Tile(figure="answered"),))
    shown = day.shown(plan)

    assert list(shown["queues"]) == ["repairs"]
    assert shown["totals"]["offered"] == 1
    assert shown["tiles"]["t0"]["value"] == 1
    assert [point["offered"] for point in shown["intervals"]] == [1]
    assert list(shown["agents"]) == ["bob"]
    assert list(shown["teams"]) == ["night"]


def test_several_queues_are_added_up_by_their_counts(day: Day) -> None:
    for _ in range(8):
        day.answered(REPAIRS, 100, 5)
    plan = Plan(queues=("orders", "repairs"), tiles=(Tile(figure="service_level"),))
    shown = day.shown(plan)

    assert shown["tiles"]["t0"]["value"] == pytest.approx((4 + 8) / (8 + 8))
    assert shown["board"]["tiles"]["t0"]["target"] == 0.8, "the least that is promised"
    assert shown["board"]["tiles"]["t0"]["within_s"] is None, "two queues, two times"


def test_tile_of_a_queue_or_a_team_is_of_nothing_else(day: Day) -> None:
    day.at(1000, AgentChanged(BOB, AgentState.READY))
    tiles = (
        Tile(figure="waiting", of=Scope(Kind.QUEUE, "orders"), beside=("longest_wait_s",)),
        Tile(figure="agents_ready", of=Scope(Kind.TEAM, "night"), title=Words("Night", "夜班")),
        Tile(figure="agents_ready", of=Scope(Kind.TEAM, "day")),
    )
    shown = day.shown(Plan(tiles=tiles))

    assert shown["tiles"]["t0"]["value"] == 1
    assert shown["tiles"]["t0"]["beside"] == [1]
    assert shown["board"]["tiles"]["t0"]["of"] == "Orders"
    assert shown["tiles"]["t1"]["value"] == 1
    assert shown["board"]["tiles"]["t1"]["title"] == {"en": "Night", "zh": "夜班"}
    assert shown["tiles"]["t2"]["value"] == 0


def test_who_is_ready_and_cannot_be_rung_is_not_counted_as_ready(day: Day) -> None:
    day.at(1000, AgentChanged(ANN, AgentState.READY), AgentChanged(BOB, AgentState.READY))
    tiles = (
        Tile(figure="agents_ready", beside=("agents_unreachable", "agents_signed_in")),
        Tile(figure="agents_unreachable", of=Scope(Kind.TEAM, "night")),
    )
    shown = day.shown(Plan(tiles=tiles), phones={BOB: PhoneTrouble.AWAY})

    assert (shown["tiles"]["t0"]["value"], shown["tiles"]["t0"]["beside"]) == (1, [1, 2])
    assert shown["tiles"]["t1"]["value"] == 1
    assert shown["teams"]["night"]["states"]["ready"] == 1
    assert [shown["teams"][team]["unreachable"] for team in ("day", "night")] == [0, 1]
    assert day.shown(Plan(tiles=tiles))["tiles"]["t0"]["value"] == 2, "the phone is back"


def test_who_is_paused_is_not_told_as_unreachable(day: Day) -> None:
    day.at(1000, AgentChanged(BOB, AgentState.PAUSED, "meal"))
    plan = Plan(tiles=(Tile(figure="agents_unreachable"),))
    assert day.shown(plan, phones={BOB: PhoneTrouble.AWAY})["tiles"]["t0"]["value"] == 0


def test_targets_and_norms_stand_on_their_tiles(day: Day) -> None:
    plan = Plan(
        tiles=(Tile(figure="service_level"), Tile(figure="answer_rate", target=0.95)),
        norms=(NORMS["nena15"], NORMS["gbt33358"]),
    )
    shown = day.shown(plan)

    level, rate = shown["board"]["tiles"]["t0"], shown["board"]["tiles"]["t1"]
    assert [norm["value"] for norm in level["norms"]] == [0.9]
    assert [norm["value"] for norm in rate["norms"]] == [0.95]
    assert (rate["target"], shown["tiles"]["t1"]["grade"]) == (0.95, "alarm")


@pytest.mark.parametrize(
    ("figure", "value", "target", "found"),
    [
        ("service_level", 0.8, 0.8, "good"),
        ("service_level", 0.75, 0.8, "warn"),
        ("service_level", 0.69, 0.8, "alarm"),
        ("abandon_rate", 0.05, 0.05, "good"),
        ("abandon_rate", 0.1, 0.05, "warn"),
        ("abandon_rate", 0.2, 0.05, "alarm"),
        ("longest_wait_s", 15, 15, ""),
        ("longest_wait_s", 45, 15, "warn"),
        ("longest_wait_s", 46, 15, "alarm"),
        ("agents_ready", 1, 4, "alarm"),
        ("offered", 1, 4, ""),
        ("service_level", None, 0.8, ""),
    ],
)
def test_grade_tells_how_good_a_figure_is(
    figure: str, value: float | None, target: float, found: str
) -> None:
    assert grade(figure, value, target) == found


# -- the curve -------------------------------------------------------------------------------------


def test_yesterday_stands_behind_today(day: Day) -> None:
    day.board.turn_to(day.board.day.end)
    day.answered(ORDERS, 86_400 + 60, 5)
    past = day.shown(Plan(), 86_400 + 100)["past"]
    only = day.shown(Plan(queues=("repairs",)), 86_400 + 100)["past"]

    assert past["day"] == "2026-06-22"
    assert past["intervals"] == [{"at_s": MONDAY_NOON_S + 86_400, "offered": 11}]
    assert only is None, "nobody called that queue yesterday"


@pytest.mark.parametrize(
    ("today", "number", "shown"),
    [
        # Clocks went forward on 29 March and back on 25 October, at night.
        (date(2026, 3, 30), 18, "10:00"),
        (date(2026, 3, 30), 2, "01:00"),
        (date(2026, 3, 29), 20, "10:00"),
        (date(2026, 10, 26), 22, "10:00"),
        (date(2026, 10, 25), 20, "10:00"),
        (date(2026, 10, 24), 20, "10:00"),
    ],
)
def test_yesterdays_calls_stand_at_the_same_time_by_the_clock_on_the_wall(
    today: date, number: int, shown: str
) -> None:
    zone = ZoneInfo("Europe/Berlin")
    day = BoardDay.of(datetime.combine(today, time(12), zone), zone)
    tally = Tally(today, yesterday={number: Counts(offered=7)})

    past = past_curve(tally, Plan(), day, zone, None)

    assert past is not None
    [point] = past["intervals"]
    at = datetime.fromtimestamp(point["at_s"], zone)
    assert (at.date(), f"{at:%H:%M}", point["offered"]) == (today, shown, 7)


def test_hour_that_came_twice_yesterday_stands_once_with_all_its_calls() -> None:
    zone, today = ZoneInfo("Europe/Berlin"), date(2026, 10, 26)
    day = BoardDay.of(datetime.combine(today, time(12), zone), zone)
    twice = {4: Counts(offered=1), 6: Counts(offered=2)}

    past = past_curve(Tally(today, yesterday=twice), Plan(), day, zone, None)

    assert past is not None
    assert past["intervals"] == [{"at_s": day.start_s + 7200.0, "offered": 3}]


def test_day_before_yesterday_is_not_yesterday(day: Day) -> None:
    day.board.turn_to(day.board.day.end + timedelta(days=1))

    assert day.shown(Plan(), 2 * 86_400)["past"] is None


def test_last_week_goes_before_yesterday_if_the_journal_has_it(day: Day) -> None:
    day.board.turn_to(day.board.day.end)
    week = Past(day.board.day.date - timedelta(days=7), {24: Counts(offered=5)}, {})
    board, now_s = day.board, MONDAY_NOON_S + 86_400

    def past(plan: Plan, known: Past) -> dict[str, Any]:
        found: dict[str, Any] = render(board, now_s, core_up=True, plan=plan, past=known)["past"]
        return found

    assert past(Plan(), week)["day"] == "2026-06-16"
    assert past(Plan(), week)["intervals"][0]["offered"] == 5
    assert past(Plan(compare=Compare.YESTERDAY), week)["day"] == "2026-06-22"
    assert past(Plan(), Past(week.day))["day"] == "2026-06-22"
    assert past(Plan(compare=Compare.NONE), week) is None


# -- names -----------------------------------------------------------------------------------------


def test_nobody_is_named_where_names_are_hidden(day: Day) -> None:
    talk = CallId("c-77")
    day.at(
        900,
        AgentChanged(ANN, AgentState.TALKING, "", talk),
        AgentChanged(BOB, AgentState.PAUSED, "meal"),
        AgentAway(BOB, "meal", 1800.0),
        AlarmRaised(AlarmId("al-1"), "r", AlarmKind.AWAY, Level.ALARM, "agent:bob", value=1800.0),
    )
    shown = day.shown(Plan(), hides_names=True)
    text = str(shown)

    assert [agent["state"] for agent in shown["agents"].values()] == ["talking", "paused"]
    assert shown["agents"]["002"]["is_away"]
    for secret in ("Li Na", "Wang Wei", "'ann", "bob", str(talk)):
        assert secret not in text
    assert "Li Na" in str(day.shown(Plan()))


def test_board_shows_the_alarms_of_its_rules_only(day: Day) -> None:
    for number, rule in enumerate(("long_wait", "disk")):
        day.at(
            900,
            AlarmRaised(AlarmId(f"al-{number}"), rule, AlarmKind.FIGURE, Level.ALARM, "house"),
        )

    assert [each["rule"] for each in day.shown(Plan())["alarms"].values()] == ["long_wait", "disk"]
    only = day.shown(Plan(alarms=("disk",)))["alarms"]
    assert [each["rule"] for each in only.values()] == ["disk"]
