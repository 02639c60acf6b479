"""A simulated day as a file: `callcenter simulate` and `callcenter staff` read it.

    day: {begin: "08:00", interval_min: 30}
    queues:
      orders: {skills: {orders: 1}, wrap_up_s: 20, service_level: {percent: 80, within_s: 15}}
    calls:
      - queue: orders
        per_interval: [12, 20, 31, 28]
        talk: {mean_s: 240, shape: lognormal, sd_s: 180}
        patience: {mean_s: 120}
    roster:
      - {count: 8, skills: {orders: 5}, from: "08:00", to: "10:00", pauses: ["09:00-09:15"]}

Without `queues` and `roster` those of the centre are used, whose agents are then there all day.
"""

import re
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import AfterValidator, Field, ValidationError, model_validator

from acd.options import AgentCard, QueueOptions
from acd.simulation.scenario import Demand, Duration, Scenario, Shape, Shift
from callcenter.configuration.settings import Settings
from callcenter.rules.floor import agent_cards, queue_option, queue_options
from callcenter.sections.queues import Queue
from callcenter.sections.values import Name, Part, Skills
from foundation import yaml_lines
from foundation.errors import ConfigurationError
from foundation.ids import AgentId, QueueId

DAY_S = 86_400.0
MAX_AGENTS = 5_000
MAX_CALLS = 1_000_000
"In one simulated day."

FileModel = TypeVar("FileModel", bound=Part)


def _time_of_day(text: str) -> str:
    match = re.fullmatch(r"([0-9]{1,2}):([0-5][0-9])", text)
    if match is None or int(match[1]) > 48:
        raise ValueError(
            "write hours and minutes, for example 08:30 (24:00 and later: the next day)"
        )
    return text


def _span(text: str) -> str:
    begin, dash, end = text.partition("-")
    if not dash or seconds(_time_of_day(begin)) >= seconds(_time_of_day(end)):
        raise ValueError("write from-to, for example 12:00-12:45")
    return text


TimeOfDay = Annotated[str, AfterValidator(_time_of_day)]
Span = Annotated[str, AfterValidator(_span)]


def seconds(time_of_day: str) -> float:
    hours, _, minutes = time_of_day.partition(":")
    return int(hours) * 3600.0 + int(minutes) * 60.0


class Times(Part):
    """How long something takes."""

    mean_s: Annotated[float, Field(ge=0)] = 0.0
    shape: Shape = Shape.EXPONENTIAL
    sd_s: Annotated[float, Field(ge=0)] = 0.0
    samples_s: tuple[Annotated[float, Field(ge=0)], ...] = ()

    @model_validator(mode="after")
    def _has_a_mean(self) -> "Times":
        if self.shape is Shape.MEASURED and not self.samples_s:
            raise ValueError("shape measured needs samples_s")
        if self.shape is not Shape.MEASURED and self.mean_s <= 0:
            raise ValueError("needs mean_s, in seconds")
        return self

    def duration(self) -> Duration:
        return Duration(
            mean_s=self.mean_s, shape=self.shape, sd_s=self.sd_s, samples_s=self.samples_s
        )


class Day(Part):
    begin: TimeOfDay = "00:00"
    interval_min: Annotated[float, Field(gt=0, le=1440)] = 30.0


class Calls(Part):
    queue: Name
    per_interval: Annotated[tuple[Annotated[float, Field(ge=0)], ...], Field(min_length=1)]
    "Expected calls in each interval, from the day's begin."
    talk: Times
    patience: Times | None = None
    "Left out: nobody hangs up."
    priority: int = 0


class Crew(Part):
    """Agents who are alike and work at the same time."""

    count: Annotated[int, Field(ge=1, le=MAX_AGENTS)] = 1
    skills: Annotated[Skills, Field(default_factory=dict)]
    from_: Annotated[TimeOfDay, Field(alias="from")]
    to: TimeOfDay
    pauses: tuple[Span, ...] = ()

    @model_validator(mode="after")
    def _ends_later(self) -> "Crew":
        if seconds(self.to) <= seconds(self.from_):
            raise ValueError(f"the shift ends at {self.to}, which is not after {self.from_}")
        return self


class ScenarioFile(Part):
    day: Day = Day()
    queues: Annotated[dict[Name, Queue], Field(default_factory=dict)]
    calls: Annotated[tuple[Calls, ...], Field(min_length=1)]
    roster: tuple[Crew, ...] = ()
    pick_up: Times | None = None
    "How long a phone rings; left out: it is picked up at once."

    @model_validator(mode="after")
    def _is_not_too_large(self) -> "ScenarioFile":
        calls = sum(sum(each.per_interval) for each in self.calls)
        if calls > MAX_CALLS:
            raise ValueError(f"a day of {calls:.0f} calls is more than {MAX_CALLS} can be played")
        return self


def load_scenario(file: Path, settings: Settings | None = None) -> Scenario:
    """ConfigurationError with all problems, each with its line. `settings`: the centre whose
    queues and agents stand in for those that the file does not name."""
    found, document = _read(file, ScenarioFile)
    queues = _queues(found, settings)
    problems = [
        document.complaint(
            ("calls", number, "queue"),
            f"unknown queue {calls.queue!r}; {yaml_lines.nearest(calls.queue, map(str, queues))}",
        )
        for number, calls in enumerate(found.calls)
        if QueueId(calls.queue) not in queues
    ]
    shifts = tuple(_shifts(found, settings))
    if not shifts:
        problems.append(document.complaint((), "nobody works: give a roster, or a centre's agents"))
    if problems:
        raise ConfigurationError(problems)
    pick_up = found.pick_up.duration() if found.pick_up else Duration(shape=Shape.FIXED)
    return Scenario(
        queues=queues,
        demands=tuple(_demand(calls) for calls in found.calls),
        shifts=shifts,
        interval_s=found.day.interval_min * 60,
        pick_up=pick_up,
    )


def begin_of_day(file: Path) -> float:
    """Seconds after midnight at which the scenario begins, for whoever shows its times."""
    return seconds(_read(file, ScenarioFile)[0].day.begin)


def _read(file: Path, model: type[FileModel]) -> tuple[FileModel, yaml_lines.Document]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError([f"{file}: cannot be read: {error}"]) from None
    document = yaml_lines.read(text, file.name)
    if document.doubles:
        raise ConfigurationError(list(document.doubles))
    try:
        return model.model_validate(document.value), document
    except ValidationError as error:
        raise ConfigurationError(yaml_lines.complaints(document, error, model)) from None


def _queues(found: ScenarioFile, settings: Settings | None) -> dict[QueueId, QueueOptions]:
    queues = queue_options(settings) if settings else {}
    return queues | {QueueId(name): queue_option(queue) for name, queue in found.queues.items()}


def _demand(calls: Calls) -> Demand:
    return Demand(
        queue=QueueId(calls.queue),
        calls=calls.per_interval,
        handle=calls.talk.duration(),
        patience=calls.patience.duration() if calls.patience else None,
        priority=calls.priority,
    )


def _shifts(found: ScenarioFile, settings: Settings | None) -> list[Shift]:
    begin = seconds(found.day.begin)
    if not found.roster and settings is not None:
        longest = max(len(calls.per_interval) for calls in found.calls)
        end_s = longest * found.day.interval_min * 60
        return [Shift(card=card, begin_s=0.0, end_s=end_s) for card in agent_cards(settings)]
    shifts: list[Shift] = []
    for crew in found.roster:
        for _ in range(crew.count):
            agent_id = AgentId(f"agent{len(shifts) + 1:04}")
            shifts.append(_shift(crew, agent_id, begin))
    return shifts


def _shift(crew: Crew, agent_id: AgentId, begin: float) -> Shift:
    """Who works before the day's begin starts with it."""
    spans = [span.split("-") for span in crew.pauses]
    return Shift(
        card=AgentCard(agent_id=agent_id, name=agent_id, skills=crew.skills),
        begin_s=max(0.0, seconds(crew.from_) - begin),
        end_s=max(0.0, seconds(crew.to) - begin),
        pauses=tuple((seconds(a) - begin, seconds(b) - begin) for a, b in spans),
    )
