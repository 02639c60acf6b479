"""How long recordings are kept, and what is an alarm, taken up while calls go on."""

from json import dumps
from pathlib import Path

import pytest
from msgspec import json

from callcenter.asks import ReadAlarmRules
from callcenter.changes.part_reload import AlarmReload
from callcenter.changes.retention import FILE, RetentionReload
from callcenter.configuration.alarm_settings import AlarmSection, rules_of
from callcenter.configuration.settings import Settings, load
from callcenter.events import HouseEvent
from callcenter.roles.web import read_alarms
from foundation.ids import QueueId
from tests.support.centres import write_centre
from wallboard.alarms.alarm_rules import DEFAULT_RULES, FigureRule
from wallboard.events import DirectoryChanged

ORDERS, GONE = QueueId("orders"), QueueId("gone")


def centre(folder: Path, recordings: str = "", queue: str = "", alarms: str = "") -> Settings:
    text = (
        f"recordings: {{transcribe: false{recordings}}}\n"
        f"queues: {{orders: {{{queue}}}, returns: {{}}}}\nalarms: {{{alarms}}}\n"
    )
    return load(write_centre(folder, text))


def of_queues(folder: Path, queues: dict[str, dict[str, int]]) -> Settings:
    text = f"recordings: {{transcribe: false, keep_days: 90}}\nqueues: {dumps(queues)}\n"
    return load(write_centre(folder, text))


def test_days_of_house_and_queue_are_those_of_the_latest_reload(tmp_path: Path) -> None:
    served = [centre(tmp_path)]
    retention = RetentionReload(served[0], lambda: served[0])
    assert (retention.days(ORDERS), retention.days(GONE)) == (None, None)

    served[0] = centre(tmp_path, ", keep_days: 90", "keep_recordings_days: 7")
    applied = retention.apply(served[0])

    assert applied.changed == ["Recordings are kept for 90 days, where a queue says nothing else."]
    assert (retention.days(ORDERS), retention.days(GONE)) == (7, 90)
    assert retention.sections == ("recordings",)

    retention.apply(centre(tmp_path, ", keep_days: 90, encrypt: false"))
    assert not retention.sections, "the rest of the section waits for a start"


@pytest.mark.parametrize("how", ["reload", "restart"])
async def test_recordings_of_a_queue_that_is_no_more_are_kept_as_long_as_it_had_said(
    tmp_path: Path, how: str
) -> None:
    long_ago = {"orders": {"keep_recordings_days": 7}, "returns": {"keep_recordings_days": 900}}
    served = [of_queues(tmp_path, {**long_ago, "other": {}})]
    retention = RetentionReload(served[0], lambda: served[0])
    await retention.remember()
    served[0] = of_queues(tmp_path, {**long_ago, "orders": {"keep_recordings_days": 14}})
    await retention.prepare(served[0])

    if how == "restart":
        await retention.remember()  # once a day
        served[0] = of_queues(tmp_path, {"last": {}})
        retention = RetentionReload(served[0], lambda: served[0])
        await retention.remember()
    else:
        last = of_queues(tmp_path, {"last": {}})
        await retention.prepare(last)
        served[0] = last
        retention.apply(last)

    kept = [retention.days(QueueId(each)) for each in ("orders", "returns", "other", "last", "")]
    assert kept == [14, 900, 90, 90, 90]


async def test_queue_that_gave_its_own_time_up_has_the_house_s_when_it_is_gone(
    tmp_path: Path,
) -> None:
    served = [of_queues(tmp_path, {"orders": {"keep_recordings_days": 7}})]
    retention = RetentionReload(served[0], lambda: served[0])
    await retention.remember()
    served[0] = of_queues(tmp_path, {"orders": {}})
    await retention.remember()
    served[0] = of_queues(tmp_path, {"last": {}})
    assert retention.days(ORDERS) == 90


async def test_retention_that_cannot_be_written_is_known_as_long_as_core_lives(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    served = [of_queues(tmp_path, {"orders": {"keep_recordings_days": 7}})]
    retention = RetentionReload(served[0], lambda: served[0])
    (served[0].data_path / FILE).mkdir(parents=True)
    await retention.remember()
    served[0] = of_queues(tmp_path, {"last": {}})

    assert retention.days(ORDERS) == 7
    assert FILE in caplog.text


async def test_nothing_of_a_gone_queue_is_deleted_while_its_retention_cannot_be_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    served = of_queues(tmp_path, {"last": {}})
    file = served.data_path / FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b'{"orders": 9')
    retention = RetentionReload(served, lambda: served)
    await retention.remember()

    kept = [retention.days(QueueId(each)) for each in ("orders", "last", "")]
    assert kept == [None, 90, 90]
    assert file.read_bytes() == b'{"orders": 9', "somebody may mend it"
    assert str(file) in caplog.text

    file.write_bytes(b'{"orders": 900}')
    await retention.remember()
    assert retention.days(ORDERS) == 900


async def test_wish_that_the_disk_did_not_take_is_written_with_the_next(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    served = [of_queues(tmp_path, {"orders": {"keep_recordings_days": 7}, "last": {}})]
    retention = RetentionReload(served[0], lambda: served[0])
    file = served[0].data_path / FILE
    in_the_way = file.with_suffix(".new") / "full"
    in_the_way.mkdir(parents=True)

    await retention.remember()
    assert not file.exists()
    assert "is not written down" in caplog.text
    assert retention.days(ORDERS) == 7

    in_the_way.rmdir()
    in_the_way.parent.rmdir()
    await retention.remember()
    served[0] = of_queues(tmp_path, {"last": {}})
    assert RetentionReload(served[0], lambda: served[0]).days(ORDERS) == 7


async def test_rules_of_alarms_are_told_and_read_by_who_looks_for_them(tmp_path: Path) -> None:
    told: list[HouseEvent] = []
    alarms = AlarmReload(centre(tmp_path), told.append)
    assert alarms.apply(centre(tmp_path)).changed == []

    few = "few: {figure: agents_ready, of: house, below: 2}"
    applied = alarms.apply(centre(tmp_path, alarms=f"rules: {{disk: off, {few}}}"))

    assert applied.changed == [
        "The alarm rule disk is changed.",
        "The alarm rule few is changed.",
    ]
    assert told == [DirectoryChanged()]
    assert alarms.sections == ("alarms",)
    read = rules_of(AlarmSection.model_validate_json(await alarms.read(ReadAlarmRules())))
    assert read.keys() == {*DEFAULT_RULES, "few"} - {"disk"}
    assert isinstance(read["few"], FigureRule)
    assert read["long_wait"] == DEFAULT_RULES["long_wait"]


class Line:
    """To a core that serves these alarms; `without_ways`: as cores did before."""

    def __init__(self, alarms: AlarmReload, *, without_ways: bool = False) -> None:
        self._alarms = alarms
        self._without_ways = without_ways

    async def request(self, asked: ReadAlarmRules) -> str:
        told = json.decode(await self._alarms.read(asked))
        kept = ("rules",) if self._without_ways else ("rules", "webhook", "mail")
        return json.encode({name: told[name] for name in kept if name in told}).decode()


async def test_who_outside_is_told_is_taken_up_with_its_secrets(tmp_path: Path) -> None:
    told: list[HouseEvent] = []
    alarms = AlarmReload(centre(tmp_path), told.append)

    ways = (
        'webhook: {url: "https://desk.example/", secret: "sixteen-letters-or-more"}, '
        "mail: {server: 'mail.example', user: bell, password: hidden, sender: a@b, to: [c@d]}"
    )
    applied = alarms.apply(centre(tmp_path, alarms=ways))

    assert applied.changed == ["The alarms' webhook is changed.", "The alarms' mail is changed."]
    assert told == [DirectoryChanged()]
    assert alarms.sections == ("alarms",)
    assert alarms.apply(centre(tmp_path, alarms=ways)).changed == []
    served = AlarmSection.model_validate_json(await alarms.read(ReadAlarmRules()))
    assert served.webhook is not None
    assert served.webhook.secret.get_secret_value() == "sixteen-letters-or-more"
    assert served.mail is not None
    assert (served.mail.password.get_secret_value(), served.mail.to) == ("hidden", ("c@d",))

    plan = await read_alarms(Line(alarms), "house")  # type: ignore[arg-type]  # asked of nothing else
    assert plan.ways is not None
    assert [*plan.ways] == ["webhook", "mail"]
    alarms.apply(centre(tmp_path))
    plan = await read_alarms(Line(alarms), "house")  # type: ignore[arg-type]
    assert plan.ways == {}


async def test_core_that_tells_the_rules_alone_leaves_who_is_told_as_it_was(
    tmp_path: Path,
) -> None:
    alarms = AlarmReload(centre(tmp_path, alarms="rules: {disk: off}"), lambda event: None)
    plan = await read_alarms(Line(alarms, without_ways=True), "house")  # type: ignore[arg-type]
    assert "disk" not in plan.rules
    assert plan.ways is None
