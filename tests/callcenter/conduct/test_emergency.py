"""What every caller hears first while an emergency announcement is on."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from callcenter.asks import EndEmergency, ReadEmergency, SwitchEmergency
from callcenter.changes.emergency_desk import FILE, EmergencyDesk
from callcenter.codec import CODEC
from callcenter.conduct.emergency import Announcement, Then
from callcenter.configuration.settings import Settings, load
from callcenter.events import ActionTaken
from foundation.errors import Conflict, NotFound, RemoteError, Unavailable
from foundation.ids import CallId, OfferId, QueueId
from foundation.journal import Journal
from ivr.events import EmergencySwitched
from ivr.speech.emergency import prompt_name
from ivr.speech.words import Words
from telephony.calls import events as calls
from tests.support.eventually import eventually
from tests.support.fake_house import EVA, REPAIRS, House

NOON = datetime(2026, 10, 12, 12, tzinfo=UTC)
FIRE = {"en": "There is a fire.", "zh": "发生火灾。"}
FILE_OF_FIRE = f"{prompt_name(FIRE)}.wav"


def announcement(
    then: Then = Then.CONTINUE,
    queue: str = "",
    lines: tuple[str, ...] = (),
    until: datetime | None = None,
    *,
    to_waiting: bool = False,
) -> Announcement:
    return Announcement(
        text=FIRE,
        then=then,
        queue=queue,
        lines=lines,
        until=until,
        to_waiting=to_waiting,
        since=NOON,
        by="sue",
    )


def answered(house: House) -> CallId:
    call_id = house.arrive()
    house.tell(calls.CallAnswered(call_id))
    return call_id


def plays(house: House) -> list[object]:
    return [what for verb, _, what in house.control.done if verb == "play"]


def test_new_caller_hears_it_before_the_flow() -> None:
    house = House()
    house.journey.emergency.current = announcement()
    call_id = answered(house)
    assert plays(house) == [[FILE_OF_FIRE]]
    assert "FlowStarted" not in house.kinds()
    house.tell(calls.DigitPressed(call_id, calls.Side.CALLER, "1"))
    house.tell(calls.PromptEnded(call_id))
    assert house.kinds()[-1] == "FlowStarted"
    house.tell(calls.DigitPressed(call_id, calls.Side.CALLER, "1"))
    assert "CallQueued" in house.kinds()


def test_call_may_end_with_it() -> None:
    house = House()
    house.journey.emergency.current = announcement(Then.HANG_UP)
    call_id = answered(house)
    house.tell(calls.PromptEnded(call_id))
    assert house.control.done[-1] == ("hang_up", call_id, calls.EndedBy.CENTRE)


def test_or_lead_straight_to_a_queue() -> None:
    house = House()
    house.journey.emergency.current = announcement(Then.QUEUE, REPAIRS)
    call_id = answered(house)
    house.tell(calls.PromptEnded(call_id))
    assert house.journey.find(call_id).queue == QueueId(REPAIRS)  # type: ignore[union-attr]


def test_who_calls_another_line_does_not_hear_it() -> None:
    house = House()
    house.journey.emergency.current = announcement(lines=("8111",))
    answered(house)
    assert "FlowStarted" in house.kinds()


def test_its_time_ends_it_even_if_nobody_switches_it_off() -> None:
    house = House()
    house.journey.emergency.current = announcement(until=NOON)
    answered(house)
    assert "FlowStarted" in house.kinds()


def test_switched_off_during_its_words_the_caller_goes_on_as_usual() -> None:
    house = House()
    house.journey.emergency.current = announcement(Then.HANG_UP)
    call_id = answered(house)
    house.journey.emergency.current = None
    house.tell(calls.PromptEnded(call_id))
    assert house.kinds()[-1] == "FlowStarted"


def test_who_waits_hears_it_between_the_music() -> None:
    house = House()
    call_id = house.queue()
    house.journey.emergency.current = announcement(to_waiting=True)
    house.journey.announce()
    assert plays(house)[-1] == [FILE_OF_FIRE]
    house.tell(calls.PromptEnded(call_id))
    assert house.control.done[-1] == ("loop", call_id, ["music.wav"])


def test_who_talks_or_is_told_of_it_not_at_all_is_left_alone() -> None:
    house = House(announce_agent=False)
    house.phone(EVA)
    call_id = house.queue()
    house.tell(calls.AgentPickedUp(call_id, EVA, _offer(house)))
    before = plays(house)
    house.journey.emergency.current = announcement(to_waiting=True)
    house.journey.announce()
    assert plays(house) == before


def _offer(house: House) -> OfferId:
    return next(OfferId(offer) for verb, offer, _ in house.control.done if verb == "ring")


# -- switching -------------------------------------------------------------------------------------

YAML = """
lines: [{number: "8000", flow: main}]
emergency:
  storm: {text: {en: There is a storm.}, then: hang_up, to_waiting: true}
"""
FLOW = """
languages: [en, zh]
start: bye
prompts: {bye: {en: Bye., zh: 再见。}}
nodes: {bye: {do: hangup, prompt: bye}}
"""


class FakePrompts:
    def __init__(self) -> None:
        self.made: dict[str, Words] = {}
        self.problems: list[str] = []

    def has(self, name: str) -> bool:
        return name == "recorded"

    async def add_words(self, name: str, words: Words) -> list[str]:
        self.made[name] = words
        return self.problems


class Office:
    def __init__(self, settings: Settings, journal: Journal) -> None:
        self.now = NOON
        self.house = House()
        self.prompts = FakePrompts()
        self.told: list[object] = []
        self.settings = settings
        self.journal = journal
        self.desk = self.new_core()

    def new_core(self) -> EmergencyDesk:
        self.house = House()
        self.desk = EmergencyDesk(
            self.settings,
            self.house.journey,
            self.prompts,
            self.journal,
            self._tell,
            lambda: self.now,
            try_again_s=0.01,
        )
        return self.desk

    def _tell(self, event: object) -> None:
        self.told.append(event)
        self.journal.publish(event)

    @property
    def current(self) -> Announcement | None:
        return self.house.journey.emergency.current


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "main.yaml").write_text(FLOW, encoding="utf-8")
    (tmp_path / "callcenter.yaml").write_text(YAML, encoding="utf-8")
    journal = await Journal.open(tmp_path / "journal.db", CODEC)
    office = Office(load(tmp_path), journal)
    yield office
    office.desk.close()
    await journal.close()


async def test_one_action_switches_a_prepared_one_on_and_is_audited(office: Office) -> None:
    status = await office.desk.switch(SwitchEmergency(by="sue", name="storm"))
    assert status.current == office.current
    assert status.lacks == ["zh"], "the line's callers hear Chinese, too"
    assert office.current is not None
    assert (office.current.then, office.current.to_waiting) == (Then.HANG_UP, True)
    assert office.prompts.made == {office.current.prompt_name: {"en": "There is a storm."}}
    assert [type(event).__name__ for event in office.told] == [
        "ActionTaken",
        "EmergencySwitched",
        "DirectoryChanged",
    ]
    assert office.told[0] == ActionTaken("sue", "emergency on", "storm")


async def test_it_outlives_the_core(office: Office) -> None:
    await office.desk.switch(SwitchEmergency(by="sue", text=FIRE, then=Then.HANG_UP))
    on = office.current
    office.prompts.made.clear()
    await office.new_core().restore()
    assert office.current == on
    assert office.prompts.made == {prompt_name(FIRE): FIRE}, "made before the first caller"


async def test_switched_off_it_does_not_come_back(office: Office) -> None:
    await office.desk.switch(SwitchEmergency(by="sue", text=FIRE))
    await office.desk.end(EndEmergency("tom"))
    assert office.current is None
    assert EmergencySwitched(is_on=False, by="tom") in office.told
    await office.new_core().restore()
    assert office.current is None
    with pytest.raises(Conflict, match="is on"):
        await office.desk.end(EndEmergency("tom"))


async def test_its_time_switches_it_off(office: Office) -> None:
    until = NOON + timedelta(milliseconds=20)
    await office.desk.switch(SwitchEmergency(by="sue", text=FIRE, until=until))
    office.now = until
    await eventually(lambda: office.current is None)
    assert office.told[-2] == EmergencySwitched(is_on=False, by="clock")


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        (SwitchEmergency(by="sue"), RemoteError),
        (SwitchEmergency(by="sue", name="strom"), NotFound),
        (SwitchEmergency(by="sue", prompt="nowhere"), NotFound),
        (SwitchEmergency(by="sue", text=FIRE, lines=["9999"]), NotFound),
        (SwitchEmergency(by="sue", text=FIRE, then=Then.QUEUE), RemoteError),
        (SwitchEmergency(by="sue", text=FIRE, then=Then.QUEUE, queue="none"), NotFound),
        (SwitchEmergency(by="sue", text=FIRE, until=NOON), RemoteError),
    ],
)
async def test_what_cannot_be_is_refused_and_changes_nothing(
    office: Office, wanted: SwitchEmergency, error: type[Exception]
) -> None:
    await office.desk.switch(SwitchEmergency(by="sue", prompt="recorded"))
    on, told = office.current, list(office.told)
    with pytest.raises(error):
        await office.desk.switch(wanted)
    assert (office.current, office.told) == (on, told)
    assert (await office.desk.show(ReadEmergency())).current == on


async def test_words_that_nobody_can_speak_are_refused(office: Office) -> None:
    office.prompts.problems = ["en: no voice", "zh: no voice"]
    with pytest.raises(Unavailable, match="no voice"):
        await office.desk.switch(SwitchEmergency(by="sue", text=FIRE))
    assert office.current is None


async def test_spoilt_file_is_told_and_switches_nothing_on(office: Office) -> None:
    file = office.settings.data_path / FILE
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(b"{")
    await office.desk.restore()
    assert office.current is None


# -- a disk that takes nothing ---------------------------------------------------------------------


def _spoil(office: Office) -> Path:
    """What cannot be deleted stands for a disk that is read-only or gone."""
    data = office.settings.data_path
    data.rename(data.with_name("whole"))
    (data.with_name("spoilt") / FILE).mkdir(parents=True)
    data.symlink_to("spoilt")
    return data / FILE


def _mend(office: Office) -> None:
    """At one blow: a try that finds nothing in between would be taken for done."""
    data = office.settings.data_path
    mended = data.with_name("mended")
    mended.symlink_to("whole")
    mended.rename(data)


async def test_end_is_heard_at_once_though_the_disk_does_not_take_it(office: Office) -> None:
    await office.desk.switch(SwitchEmergency(by="sue", text=FIRE, then=Then.HANG_UP))
    _spoil(office)

    with pytest.raises(Unavailable, match=r"off, but .*emergency.json cannot be deleted"):
        await office.desk.end(EndEmergency("tom"))

    assert office.current is None
    assert EmergencySwitched(is_on=False, by="tom") in office.told
    assert ActionTaken("tom", "emergency off", "") in office.told


async def test_its_time_is_over_on_every_screen_though_the_disk_does_not_take_it(
    office: Office,
) -> None:
    until = NOON + timedelta(milliseconds=20)
    await office.desk.switch(SwitchEmergency(by="sue", text=FIRE, until=until))
    file = _spoil(office)
    office.now = until
    await eventually(lambda: EmergencySwitched(is_on=False, by="clock") in office.told)
    assert office.current is None

    _mend(office)
    await eventually(lambda: not file.exists())
    assert office.told.count(EmergencySwitched(is_on=False, by="clock")) == 1


async def test_announcement_after_one_whose_file_was_left_is_kept(office: Office) -> None:
    await office.desk.switch(SwitchEmergency(by="sue", text=FIRE))
    file = _spoil(office)
    with pytest.raises(Unavailable):
        await office.desk.end(EndEmergency("tom"))
    file.rmdir()
    await office.desk.switch(SwitchEmergency(by="sue", prompt="recorded"))
    on = office.current
    await office.desk.restore()
    assert file.exists()
    await office.new_core().restore()
    assert office.current == on
