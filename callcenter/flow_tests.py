"""The dialogues of a centre: every `flows/*.test.yaml`, read and run."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from callcenter.configuration.settings import TESTS, Settings
from foundation.errors import ConfigurationError
from ivr.flows.flow import Flow
from ivr.trials import dialogue_tests
from ivr.trials.dialogue_tests import Failure, House


@dataclass(frozen=True, slots=True)
class Outcome:
    file: str
    test: str
    failure: Failure | None


def house_of(settings: Settings) -> House:
    return House(settings.flows, settings.hours, _zone(settings))


def _zone(settings: Settings) -> ZoneInfo:
    return ZoneInfo(settings.timezone)


def failures_with(settings: Settings, flows: Mapping[str, Flow]) -> dict[str, str]:
    """By file and test, of flows other than the settings'; what went wrong, in a sentence.

    Test files with problems of their own say nothing of the flows.
    """
    try:
        outcomes = list(run_all(settings, house=House(flows, settings.hours, _zone(settings))))
    except ConfigurationError:
        return {}
    return {
        f"{one.file}: {one.test}": f"{one.failure.where}: {one.test}: {one.failure.sentence}"
        for one in outcomes
        if one.failure is not None
    }


def run_all(settings: Settings, only: str = "", house: House | None = None) -> Iterable[Outcome]:
    """`only`: of one flow. A ConfigurationError has the problems of all test files at once."""
    house = house or house_of(settings)
    parsed, problems = [], []
    for file in sorted((settings.folder / "flows").glob(f"*{TESTS}")):
        flow = file.name.removesuffix(TESTS)
        try:
            tests, document = dialogue_tests.parse(_text(file), f"flows/{file.name}", flow, house)
        except ConfigurationError as error:
            problems += error.problems
            continue
        if only in ("", tests.flow):
            parsed.append((tests, document))
    if problems:
        raise ConfigurationError(problems)
    for tests, document in parsed:
        outcomes = dialogue_tests.run(tests, document, house)
        for name, failure in zip(tests.tests, outcomes, strict=True):
            yield Outcome(document.file, name, failure)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError([f"{file}: cannot be read: {error}"]) from None
