"""What a run of pytest leaves for `tools.second_try`: how many tests passed, and which failed.

    python -m pytest -p tools.failure_notes --failure-notes FILE …

Only reports say it, wherever the test ran; a worker that dies, or a file that cannot be imported,
leaves a note that asks for no second try.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import pytest

MARKS = frozenset({"e2e", "interop", "browser"})
"Of tests with sockets and processes, which a busy machine can disturb. No other is tried again."
PROPERTY = "may_be_tried_again"
LINE_LENGTH = 160


class Failure(NamedTuple):
    """A test that failed, or a file that could not be read."""

    test: str
    may_be_tried_again: bool
    why: str
    "The error's first line."


@dataclass(frozen=True, slots=True)
class Notes:
    """Of one run; empty when it had no end in order."""

    passed: int = 0
    failed: tuple[Failure, ...] = ()


def read_notes(file: Path) -> Notes:
    """Of a file that a run was to write; it need not be there."""
    if not file.exists():
        return Notes()
    said = json.loads(file.read_text(encoding="utf-8"))
    return Notes(said["passed"], tuple(Failure(*fields) for fields in said["failed"]))


class NoteTaker:
    """Listens to the reports."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._passed = 0
        self._failed: dict[str, Failure] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._note(report, may=(PROPERTY, True) in map(tuple, report.user_properties))
        elif report.passed and report.when == "call":
            self._passed += 1

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._note(report, may=False)

    def _note(self, report: pytest.TestReport | pytest.CollectReport, *, may: bool) -> None:
        """A test that failed twice, at its end as well, is one failure."""
        failure = Failure(report.nodeid, may, _why(report.longreprtext))
        self._failed.setdefault(report.nodeid, failure)

    def pytest_sessionfinish(self) -> None:
        notes = Notes(self._passed, tuple(self._failed.values()))
        self._file.write_text(json.dumps(asdict(notes)), encoding="utf-8")


def _why(said: str) -> str:
    """pytest begins the error's own lines with an E; a dead worker has none."""
    lines = said.strip().splitlines() or [""]
    errors = [line.removeprefix("E").strip() for line in lines if line.startswith("E ")]
    return [*errors, lines[-1]][0][:LINE_LENGTH]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--failure-notes", type=Path, help="where to note the tests that fail")


def pytest_configure(config: pytest.Config) -> None:
    file = config.getoption("--failure-notes")
    if file is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(NoteTaker(file))


def pytest_runtest_setup(item: pytest.Item) -> None:
    if any(mark.name in MARKS for mark in item.iter_markers()):
        item.user_properties.append((PROPERTY, True))
