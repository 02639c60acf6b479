"""How long recordings are kept, and what is an alarm, taken up while calls go on."""

from pathlib import Path

from callcenter.alarm_settings import AlarmSection, rules_of
from callcenter.asks import ReadAlarmRules
from callcenter.events import HouseEvent
from callcenter.part_reload import AlarmReload, RetentionReload
from callcenter.settings import Settings, load
from foundation.ids import QueueId
from tests.support.centres import write_centre
from wallboard.alarm_rules import DEFAULT_RULES, FigureRule
from wallboard.events import DirectoryChanged

ORDERS, GONE = QueueId("orders"), QueueId("gone")


def centre(folder: Path, recordings: str = "", queue: str = "", alarms: str = "") -> Settings:
    text = (
        f"recordings: {{transcribe: false{recordings}}}\n"
        f"queues: {{orders: {{{queue}}}, returns: {{}}}}\nalarms: {{{alarms}}}\n"
    )
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


def test_who_outside_is_told_waits_for_a_start(tmp_path: Path) -> None:
    alarms = AlarmReload(centre(tmp_path), lambda event: None)

    webhook = 'webhook: {url: "https://desk.example/", secret: "sixteen-letters-or-more"}'
    alarms.apply(centre(tmp_path, alarms=webhook))

    assert not alarms.sections
