"""The alarm machine, what its rules see, and who is told of it when."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from acd.events import AgentAway, AgentChanged, AgentState, CallQueued
from acd.views import FloorNow, PhoneTrouble
from foundation.errors import NotFound
from foundation.ids import AgentId, AlarmId, CallId, QueueId, RecordingId
from ivr.events import MenuChosen
from recordings.events import (
    DeletedFor,
    RecordingDeleted,
    RecordingEnded,
    ShelfMended,
    ShelfTroubled,
    TranscriptReady,
)
from telephony.lines.events import LineLost, LineRegistered
from telephony.sip.events import TrunkDown, TrunkUp
from tests.support.fake_core import MONDAY_NOON_S, FakeCore, record
from wallboard.alarms.alarm_desk import AlarmDesk
from wallboard.alarms.alarm_plan import AlarmPlan, AlarmsOfCore
from wallboard.alarms.alarm_post import AlarmPost, MailOptions, Way, letter_of
from wallboard.alarms.alarm_rules import (
    DEFAULT_RULES,
    AlarmRule,
    AwayRule,
    FigureRule,
    LineRule,
    Rules,
    RushRule,
)
from wallboard.alarms.alarm_words import alarm_words
from wallboard.alarms.alarms import Alarms, Clear, Raise, Sighting, Sightings
from wallboard.alarms.outbox import GIVE_UP_S, LONGEST_RETRY_S, Delivery, Outbox
from wallboard.alarms.sightings import sightings
from wallboard.commands import RaiseAlarm
from wallboard.directory import AgentCard, Directory, QueueCard
from wallboard.events import (
    AlarmAcknowledged,
    AlarmCleared,
    AlarmKind,
    AlarmRaised,
    AlarmSent,
    Edge,
    Level,
)
from wallboard.figures.readings import Readings
from wallboard.figures.scope import HOUSE, Kind, Scope
from wallboard.fold.alarm_log import MOST, AlarmLog, Key
from wallboard.fold.board import Board, BoardEvent
from wallboard.host import Host
from wallboard.service import BoardService, FollowOptions

ORDERS, ANN = QueueId("orders"), AgentId("ann")
DIRECTORY = Directory(
    {ANN: AgentCard("Li Na", "day")}, {ORDERS: QueueCard("Orders")}, transcribes=True
)
KEY = ("long_wait", "queue:orders")
A1 = AlarmId("al-1")
WAIT = FigureRule(
    figure="longest_wait_s",
    of=Scope(Kind.QUEUE, "*"),
    limit=60.0,
    clear=30.0,
    for_s=5.0,
    clear_s=10.0,
)


def seen(value: float, rule: FigureRule = WAIT) -> Sightings:
    return {
        KEY: Sighting(
            is_beyond=rule.is_beyond(value),
            is_well=rule.is_well(value),
            for_s=rule.for_s,
            clear_s=rule.clear_s,
            kind=AlarmKind.FIGURE,
            level=rule.level,
            value=value,
        )
    }


class Watch:
    """An alarm machine whose alarms are raised and over as it says."""

    def __init__(self) -> None:
        self.alarms = Alarms()
        self.raised: dict[Key, AlarmId] = {}

    def look(self, value: float, now_s: float) -> str:
        effects = self.alarms.look(seen(value), self.raised, now_s)
        for effect in effects:
            if isinstance(effect, Raise):
                self.raised[effect.key] = A1
            else:
                self.raised = {key: each for key, each in self.raised.items() if each != A1}
        return ", ".join(type(effect).__name__ for effect in effects)


def test_alarm_is_raised_when_the_limit_was_passed_for_long_enough() -> None:
    watch = Watch()

    assert [watch.look(61, now_s) for now_s in (0.0, 4.9, 5.0, 6.0)] == ["", "", "Raise", ""]


def test_moment_within_the_limit_begins_the_time_anew() -> None:
    watch = Watch()
    told = [watch.look(value, now_s) for value, now_s in ((61, 0), (60, 4), (61, 5), (61, 9.9))]

    assert told == ["", "", "", ""]
    assert watch.look(61, 10) == "Raise"


def test_between_the_two_limits_an_alarm_stays_and_none_is_raised() -> None:
    watch = Watch()
    watch.look(61, 0)
    watch.look(61, 5)

    assert [watch.look(31, 6), watch.look(31, 600)] == ["", ""]
    assert watch.raised
    assert Watch().look(59, 600) == ""


def test_alarm_is_over_when_all_was_well_for_long_enough() -> None:
    watch = Watch()
    watch.look(61, 0)
    watch.look(61, 5)

    assert [watch.look(v, t) for v, t in ((30, 6), (31, 10), (30, 11), (30, 20.9))] == [""] * 4
    assert watch.look(30, 21) == "Clear"
    assert not watch.raised


def test_flapping_figure_raises_one_alarm() -> None:
    watch = Watch()
    told = [watch.look(61 if second % 8 < 6 else 29, float(second)) for second in range(400)]

    assert [each for each in told if each] == ["Raise"]


def test_alarm_of_something_that_is_gone_is_over() -> None:
    assert Alarms().look({}, {KEY: A1}, 0.0) == [Clear(A1, None)]


def test_alarm_that_an_earlier_process_raised_is_not_raised_again() -> None:
    assert [Alarms().look(seen(61), {KEY: A1}, now_s) for now_s in (0.0, 60.0)] == [[], []]


# -- what rules see --------------------------------------------------------------------------------


class Floor:
    def __init__(self) -> None:
        self.board = Board(directory=DIRECTORY)

    def at(self, offset_s: float, *events: BoardEvent) -> None:
        for event in events:
            self.board.fold(record(self.board.seq + 1, MONDAY_NOON_S + offset_s, event))

    def see(self, rules: Rules, offset_s: float, host: Host | None = None) -> Sightings:
        readings = Readings(self.board, MONDAY_NOON_S + offset_s, host or Host())
        return sightings(self.board, readings, rules)


def test_queue_is_beyond_its_limit_without_an_event() -> None:
    floor = Floor()
    floor.at(0, CallQueued(CallId("c-1"), ORDERS))

    assert not floor.see({"long_wait": WAIT}, 60)[KEY].is_beyond
    late = floor.see({"long_wait": WAIT}, 61)[KEY]
    assert (late.is_beyond, late.value, late.figure) == (True, 61, "longest_wait_s")


def test_queue_that_nobody_calls_is_well() -> None:
    assert Floor().see({"long_wait": WAIT}, 0)[KEY].is_well


def test_share_says_nothing_before_enough_callers_came() -> None:
    rule = FigureRule(
        figure="service_level", is_above=False, limit=0.7, clear=0.75, at_least=3, of=HOUSE
    )
    floor = Floor()
    floor.at(0, CallQueued(CallId("c-1"), ORDERS), CallQueued(CallId("c-2"), ORDERS))
    early = floor.see({"low": rule}, 60)["low", "house"]
    floor.at(60, CallQueued(CallId("c-3"), ORDERS))

    assert (early.is_beyond, early.is_well) == (False, True)
    assert floor.see({"low": rule}, 60)["low", "house"].is_beyond


def test_team_and_disk_have_figures_too() -> None:
    rules = {
        "ready": FigureRule(
            figure="agents_ready", of=Scope(Kind.TEAM, "*"), is_above=False, limit=1, clear=1
        ),
        "disk": DEFAULT_RULES["disk"],
    }
    floor = Floor()
    found = floor.see(rules, 0, Host(disk_free_gb=4.9))

    assert found["ready", "team:day"].is_beyond
    assert found["disk", "house"].is_beyond
    assert not floor.see(rules, 0)["disk", "house"].is_beyond, "an unknown disk is no alarm"


def test_transcripts_are_late_by_the_oldest_recording_without_one() -> None:
    floor = Floor()
    rules = {"lag": DEFAULT_RULES["transcript_lag"]}
    floor.at(0, RecordingEnded(RecordingId("r-1"), 60.0, complete=True))
    floor.at(1000, RecordingEnded(RecordingId("r-2"), 60.0, complete=True))
    floor.at(1000, RecordingEnded(RecordingId("r-3"), 0.0, complete=False))
    assert floor.see(rules, 3601)["lag", "house"].is_beyond

    floor.at(3601, TranscriptReady(RecordingId("r-1"), 7))
    assert floor.see(rules, 3601)["lag", "house"].value == 2601
    floor.at(3601, TranscriptReady(RecordingId("r-2"), 7))
    assert floor.see(rules, 9000)["lag", "house"].value == 0, "an empty one is not written down"


def test_transcript_of_a_deleted_recording_is_not_late() -> None:
    floor = Floor()
    rules = {"lag": DEFAULT_RULES["transcript_lag"]}
    floor.at(0, RecordingEnded(RecordingId("r-1"), 60.0, complete=True))
    why = DeletedFor.ERASURE
    floor.at(10, RecordingDeleted(RecordingId("r-1"), CallId("c-1"), why, "sue", "x.json"))

    assert floor.see(rules, 9000)["lag", "house"].value == 0


def test_agent_is_over_the_limit_until_the_state_changes() -> None:
    floor, rules = Floor(), {"away": AwayRule()}
    floor.at(0, AgentChanged(ANN, AgentState.PAUSED, "meal"))
    floor.at(1800, AgentAway(ANN, "meal", 1800.0))
    away = floor.see(rules, 1860)["away", "agent:ann"]
    floor.at(1900, AgentChanged(ANN, AgentState.READY))

    assert (away.is_beyond, away.value, away.detail) == (True, 1860, "meal")
    assert floor.see(rules, 1900) == {}


def test_trunk_and_line_are_down_until_they_are_up() -> None:
    floor, rules = Floor(), {"line_down": LineRule()}
    floor.at(0, TrunkDown("home", "does not answer OPTIONS"), LineLost("8002", "403"))
    found = floor.see(rules, 1)
    floor.at(2, TrunkUp("home", "answers OPTIONS"), LineRegistered("8002", "pbx.example"))

    assert set(found) == {("line_down", "trunk home"), ("line_down", "line 8002")}
    assert floor.see(rules, 2) == {}


def _calls(floor: Floor, first: int, times: list[float], key: str = "3") -> None:
    for number, offset_s in enumerate(times, first):
        floor.at(offset_s, MenuChosen(CallId(f"c-{number}"), "main", "menu", key))


def test_many_callers_with_one_matter_in_a_short_time_are_a_rush() -> None:
    floor = Floor()
    rules = {"rush": RushRule(watch=("choice:main/menu/3",), least=10, factor=3.0)}
    _calls(floor, 0, [float(each) for each in range(0, 450, 50)])
    before = floor.see(rules, 450)["rush", "choice:main/menu/3"]
    _calls(floor, 9, [460.0])
    rush = floor.see(rules, 461)["rush", "choice:main/menu/3"]

    assert (before.is_beyond, before.value) == (False, 9)
    assert (rush.is_beyond, rush.value) == (True, 10)
    assert floor.see(rules, 461 + 660)["rush", "choice:main/menu/3"].is_well


def test_matter_that_always_brings_many_callers_is_no_rush() -> None:
    floor = Floor()
    rules = {"rush": RushRule(watch=("queue:*",), least=10, factor=3.0)}
    for number in range(4 * 60):  # one a minute: ten in ten minutes, as always
        floor.at(60.0 * number, CallQueued(CallId(f"c-{number}"), ORDERS))
    usual = floor.see(rules, 4 * 3600)["rush", "queue:orders"]
    for number in range(30):
        floor.at(4 * 3600.0 + number, CallQueued(CallId(f"d-{number}"), ORDERS))

    assert not usual.is_beyond
    assert usual.limit is not None
    assert 28 <= usual.limit <= 32, "three times the usual ten"
    assert floor.see(rules, 4 * 3600 + 30)["rush", "queue:orders"].is_beyond


def test_matters_that_nobody_chose_for_hours_take_no_room() -> None:
    floor = Floor()
    for number in range(2000):
        floor.at(float(number), MenuChosen(CallId("c-1"), "main", f"node{number}", "1"))

    assert len(floor.board.rushes.matters(["*"])) == 500


# -- words -----------------------------------------------------------------------------------------


def raised(
    kind: AlarmKind = AlarmKind.FIGURE, subject: str = "queue:orders", rule: str = "long_wait"
) -> AlarmRaised:
    return AlarmRaised(
        A1, rule, kind, Level.ALARM, subject, "longest_wait_s", 61.0, 60.0, detail="meal"
    )


def test_alarm_is_a_sentence_in_both_languages() -> None:
    log = AlarmLog()
    log.raised(raised(), 0.0)
    words = alarm_words(log.open[A1], DIRECTORY)

    assert words.en == "Orders: Longest wait 61 s (limit 60 s)"
    assert words.zh == "Orders：最长等待 61 s（限值 60 s）"


def test_agent_has_no_name_where_names_are_hidden() -> None:
    log = AlarmLog()
    log.raised(raised(AlarmKind.AWAY, "agent:ann"), 0.0)

    assert alarm_words(log.open[A1], DIRECTORY).en == "Li Na has been away for 1 min (meal)"
    hidden = alarm_words(log.open[A1], DIRECTORY, hides_names=True)
    assert hidden.en == "An agent has been away for 1 min (meal)"


# -- who is told -----------------------------------------------------------------------------------

RULES: Rules = {"long_wait": WAIT}


def open_log() -> AlarmLog:
    log = AlarmLog()
    log.raised(raised(), 100.0)
    return log


def test_each_edge_is_told_once_and_the_raising_first() -> None:
    log, outbox = open_log(), Outbox("mail", RULES)
    log.cleared(AlarmCleared(A1), 200.0)
    first = outbox.due(log, 200.0)
    assert first is not None
    log.sent(AlarmSent(A1, Edge.RAISED, "mail", 1), 201.0)
    second = outbox.due(log, 201.0)
    log.sent(AlarmSent(A1, Edge.CLEARED, "mail", 1), 202.0)

    assert (first.edge, first.delivery_id) == (Edge.RAISED, "al-1:raised")
    assert second is not None
    assert second.edge is Edge.CLEARED
    assert outbox.due(log, 202.0) is None


def test_process_that_is_started_again_tells_nothing_twice() -> None:
    log = open_log()
    log.sent(AlarmSent(A1, Edge.RAISED, "mail", 1), 101.0)

    assert Outbox("mail", RULES).due(log, 102.0) is None
    assert Outbox("webhook", RULES).due(log, 102.0) is not None, "that way knows nothing yet"


def test_failure_is_tried_again_later_and_later_and_given_up_after_an_hour() -> None:
    log, outbox = open_log(), Outbox("mail", RULES)
    now_s, waits, tries = 100.0, list[float](), None
    while tries is None:
        delivery = outbox.due(log, now_s)
        assert delivery is not None
        tries = outbox.failed(delivery, now_s, is_final=False)
        begin_s = now_s
        while tries is None and outbox.due(log, now_s) is None:
            now_s += 1
        waits.append(now_s - begin_s)

    assert waits[:5] == [2, 4, 8, 16, 32]
    assert max(waits) == LONGEST_RETRY_S
    assert GIVE_UP_S < now_s - 100 < GIVE_UP_S + 2 * LONGEST_RETRY_S


def test_refusal_for_good_is_given_up_at_once() -> None:
    log, outbox = open_log(), Outbox("webhook", RULES)
    delivery = outbox.due(log, 100.0)
    assert delivery is not None

    assert outbox.failed(delivery, 100.0, is_final=True) == 1


def test_rule_that_tells_nobody_is_not_sent() -> None:
    log = open_log()
    rules: Rules = {"long_wait": FigureRule(figure="longest_wait_s", limit=1, clear=1, send=())}

    assert Outbox("mail", rules).due(log, 100.0) is None


def test_log_keeps_the_open_ones_and_the_last_that_are_over() -> None:
    log = AlarmLog()
    for number in range(200):
        alarm = AlarmId(f"al-{number}")
        log.raised(
            AlarmRaised(alarm, "r", AlarmKind.RUSH, Level.ALARM, f"queue:q{number}"), float(number)
        )
        if number != 5:
            log.cleared(AlarmCleared(alarm, 0.0), number + 0.5)
    log.acknowledged(AlarmAcknowledged(AlarmId("al-5"), "sue"), 300.0)

    assert list(log.open) == [AlarmId("al-5")]
    assert log.open[AlarmId("al-5")].acknowledged_by == "sue"
    assert len(log.listed) == 50
    assert log.open_keys() == {("r", "queue:q5"): AlarmId("al-5")}


def test_alarms_survive_midnight() -> None:
    floor = Floor()
    floor.at(0, raised())
    floor.board.turn_to(floor.board.day.end + timedelta(seconds=1))

    assert A1 in floor.board.alarms.open


def test_letter_of_a_sentence_with_line_ends_can_be_sent() -> None:
    log = AlarmLog()
    log.raised(
        AlarmRaised(
            A1, "long_wait", AlarmKind.LINE, Level.ALARM, "trunk home", detail="503\r\nBcc: x@y"
        ),
        100.0,
    )
    delivery = Outbox("mail", RULES).due(log, 100.0)
    assert delivery is not None
    options = MailOptions(
        host="mail", port=25, sender="a@house.example", to=("b@house.example",), centre="house"
    )
    letter = letter_of(delivery, DIRECTORY, options)

    assert letter["Subject"] == "[house] ALARM · 告警: Trunk home is down: 503 Bcc: x@y"
    assert letter["Bcc"] is None
    assert letter["Message-ID"] == "<al-1.raised@house.example>"


async def test_desk_looks_by_the_rules_that_are_there_now() -> None:
    core = FakeCore()
    service = BoardService(Board(), core)
    service.core_up = True
    rules: dict[str, AlarmRule] = {}
    desk = AlarmDesk(service, rules, None)

    await desk.look()
    rules["calm"] = FigureRule(figure="waiting", is_above=False, limit=1, clear=1)
    await desk.look()

    assert [each.rule for each in core.asked if isinstance(each, RaiseAlarm)] == ["calm"]


async def test_desk_asks_for_the_phones_before_it_counts_who_is_ready() -> None:
    core = FakeCore()
    board = Board()
    agent = AgentId("ann")
    board.fold(record(1, MONDAY_NOON_S, AgentChanged(agent, AgentState.READY)))
    phones = {agent: PhoneTrouble.AWAY}

    async def read_floor() -> FloorNow:
        return FloorNow(phones=phones)

    service = BoardService(board, core, read_floor=read_floor)
    service.core_up = True
    few = FigureRule(figure="agents_ready", is_above=False, limit=1, clear=1)
    desk = AlarmDesk(service, {"few": few}, None)

    await desk.look()
    assert [each.value for each in core.asked if isinstance(each, RaiseAlarm)] == [0]


class Told:
    """A way that keeps what it is given."""

    def __init__(self) -> None:
        self.deliveries: list[str] = []

    async def send(self, delivery: Delivery, directory: Directory) -> None:
        self.deliveries.append(delivery.delivery_id)


async def test_alarm_goes_by_the_way_that_is_there_now() -> None:
    core, board = FakeCore(), Board()
    board.fold(record(1, MONDAY_NOON_S, raised()))
    service = BoardService(board, core)
    service.core_up = True
    ways: dict[str, Way] = {}
    post = AlarmPost(service, Outbox("webhook", RULES), ways)

    assert not await post.send_one(), "nobody is to be told"
    ways["webhook"] = told = Told()
    assert await post.send_one()
    assert told.deliveries == ["al-1:raised"]


class Slow:
    """A way on which one delivery is under way for as long as we like."""

    def __init__(self) -> None:
        self.asked, self.taken = asyncio.Event(), asyncio.Event()

    async def send(self, delivery: Delivery, directory: Directory) -> None:
        self.asked.set()
        await self.taken.wait()


@pytest.mark.parametrize("is_taken", [True, False])
async def test_what_is_under_way_when_the_process_ends_is_noted_if_it_is_taken_in_time(
    is_taken: bool,
) -> None:
    core, board, way = FakeCore(), Board(), Slow()
    board.fold(record(1, MONDAY_NOON_S, raised()))
    service = BoardService(board, core, FollowOptions(caught_up_within_s=0.0))
    service.core_up = True
    post = AlarmPost(
        service, Outbox("webhook", RULES), {"webhook": way}, last_s=5.0 if is_taken else 0.0
    )

    work = asyncio.create_task(post.run())
    await way.asked.wait()
    work.cancel()
    if is_taken:
        way.taken.set()
    with pytest.raises(asyncio.CancelledError):
        await work

    assert [type(command).__name__ for command in core.asked] == ["NoteAlarmSent"] * is_taken


async def test_alarms_of_core_are_taken_up_and_those_of_an_older_core_let_be(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rules: dict[str, AlarmRule] = {}
    ways: dict[str, Way] = {"mail": Told()}
    answers: list[AlarmPlan | NotFound] = []

    async def read() -> AlarmPlan:
        answer = answers.pop(0)
        if isinstance(answer, NotFound):
            raise answer
        return answer

    alarms = AlarmsOfCore(read, rules, ways)
    unknown = NotFound("core knows no request ReadAlarmRules")
    hook = Told()
    answers += [unknown, unknown, AlarmPlan(RULES), AlarmPlan(RULES, {"webhook": hook})]

    await alarms.take()
    await alarms.take()
    assert [record.getMessage() for record in caplog.records] == [
        "the alarms stay as callcenter.yaml has them: core knows no request ReadAlarmRules"
    ]
    assert (rules, [*ways]) == ({}, ["mail"])
    await alarms.take()
    assert (rules, [*ways]) == (RULES, ["mail"])
    await alarms.take()
    assert ways == {"webhook": hook}


def test_recordings_that_do_not_reach_their_store_are_an_alarm_until_they_do() -> None:
    rules = {"store": DEFAULT_RULES["recordings_store"]}
    board = Board()
    for number, (at_s, event) in enumerate(
        [(0, ShelfTroubled("it is away", 2, 2_000_000)), (100, ShelfTroubled("it is full", 9, 9))],
        1,
    ):
        board.fold(record(number, MONDAY_NOON_S + at_s, event))

    def seen(offset_s: float) -> Sighting:
        now_s = MONDAY_NOON_S + offset_s
        return sightings(board, Readings(board, now_s), rules)["store", "house"]

    assert [notice.text for notice in board.notices][-1] == "2 files, 2.0 MB"
    assert not seen(240).is_beyond
    assert seen(241).is_beyond
    board.fold(record(3, MONDAY_NOON_S + 300, ShelfMended()))
    assert seen(301).is_well


def many(log: AlarmLog, count: int, first_s: float) -> None:
    """One alarm after the other, each over after half a second."""
    for number in range(count):
        alarm_id, at_s = AlarmId(f"al-{first_s:.0f}-{number}"), first_s + number
        log.raised(replace(raised(), alarm_id=alarm_id), at_s)
        log.cleared(AlarmCleared(alarm_id), at_s + 0.5)


def test_alarms_of_an_hour_without_a_mail_server_are_all_told_when_it_is_back() -> None:
    log, outbox = AlarmLog(), Outbox("mail", RULES)
    many(log, 80, 0.0)
    now_s, told = 3000.0, []

    while (delivery := outbox.due(log, now_s)) is not None:
        outbox.took(delivery)
        log.sent(AlarmSent(delivery.line.alarm_id, delivery.edge, "mail", 1), now_s)
        told.append(delivery.delivery_id)

    assert len(told) == 160
    assert told[:2] == ["al-0-0:raised", "al-0-0:cleared"]
    assert [line.alarm_id for line in log.listed][:2] == ["al-0-79", "al-0-78"]
    assert len(log.listed) == 50


def test_alarms_that_are_no_news_any_more_are_forgotten_but_for_the_last() -> None:
    log = AlarmLog()
    many(log, 80, 0.0)
    many(log, 10, 8000.0)
    assert len(log.over) == 50
    many(log, MOST + 10, 9000.0)
    assert len(log.over) == MOST
