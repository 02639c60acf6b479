"""What the tests of whole centres share, and the centre's own logs when such a test fails."""

from collections.abc import Generator
from pathlib import Path

import pytest

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
    if report.failed:
        for centre in RUNNING:
            report.sections.append((f"logs of {centre.folder}", centre.log_tails()))
    return report
