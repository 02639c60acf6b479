"""What the tests of whole centres share, and the centre's own logs when such a test fails."""

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.support import interop_table
from tests.support.centre import RUNNING


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prompts and users that all centres of the session use."""
    return tmp_path_factory.mktemp("shared")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if interop_table.is_wanted():
        _note_interop(item, report)
    if report.failed:
        for centre in RUNNING:
            report.sections.append((f"logs of {centre.folder}", centre.log_tails()))
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    if interop_table.is_wanted() and _rows:
        interop_table.write(_rows)


_rows: list[interop_table.Row] = []


def _note_interop(item: pytest.Item, report: pytest.TestReport) -> None:
    program = getattr(getattr(item, "module", None), "PROGRAM", None)
    if program is not None and report.when == "call" and not report.skipped:
        _rows.append(interop_table.row_of(program, item.name, report.passed))
