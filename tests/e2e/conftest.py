"""What the tests of whole centres share, and the centre's own logs when such a test fails."""

from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tests.support import interop_table
from tests.support.centre import RUNNING
from tests.support.page_check import CHROMIUM, FLAGS


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prompts and users that all centres of the session use."""
    return tmp_path_factory.mktemp("shared")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """One for all pages: starting it takes longer than most of them."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


OTHER_WAYS = frozenset({"line", "rtpengine", "c"})
"Ways on which the same calls are made again: a line at another PBX, other media."
SAMPLE = frozenset(
    {
        "test_caller_is_led_to_an_agent_both_talk_and_are_recorded",
        "test_two_legs_with_different_laws_hear_each_other",
        "test_a_prompt_is_heard_instead_of_the_other_leg_and_then_the_other_leg_again",
        "test_a_digit_is_told_once_and_goes_on_with_the_other_legs_payload_type",
        "test_a_tap_has_the_caller_left_and_the_agent_right",
        "test_a_killed_worker_is_rebuilt_on_the_same_ports_and_ssrcs",
        "test_the_worker_says_which_loop_it_has",
        "test_the_caller_cannot_hear_a_listener_nor_a_whisper",
    }
)
"What every run asks of the other ways; `make matrix` asks all of it."


LONGEST_FIRST = (
    "test_demo.py",
    "test_kills.py",
    "test_flows.py",
    "test_browser_phone.py",
    "test_whole_call.py",
    "test_lines.py",
    "test_triage.py",
    "test_quality_labelled.py",
    "test_floor_live.py",
    "test_transfers.py",
    "test_card_digits.py",
    "test_callbacks.py",
    "test_interop_baresip.py",
    "test_synthesis.py",
    "test_media_worker.py",
    "test_alarms_told.py",
    "test_words_of_a_talk.py",
    "test_media_rtpengine.py",
    "test_interop_transports.py",
    "test_early_legs.py",
    "test_monitor.py",
    "test_leg_media.py",
    "test_interop_sipp.py",
    "test_s3_centre.py",
    "test_full_disk.py",
)
"Of several files at once none is begun when the others are at their end."


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Before `-m` and `-k` take any away."""
    if config.args_source is pytest.Config.ArgsSource.TESTPATHS:
        _all_tests.update(item.name for item in items)
    here = Path(__file__).parent
    items.sort(key=_place)
    for item in items:
        if not item.path.is_relative_to(here):
            continue
        ways = OTHER_WAYS & set(_ways_of(item))
        if ways and getattr(item, "originalname", "") not in SAMPLE:
            item.add_marker(pytest.mark.matrix)
        if "rtpengine" in ways:
            # It asks for no real time, and what is measured of its sound is strict.
            item.add_marker(pytest.mark.alone)


def _place(item: pytest.Item) -> int:
    """Before the others, when it is one of the longest."""
    name = item.path.name
    return LONGEST_FIRST.index(name) if name in LONGEST_FIRST else len(LONGEST_FIRST)


def _ways_of(item: pytest.Item) -> Iterator[str]:
    called = getattr(item, "callspec", None)
    if called is not None:
        yield from (value for value in called.params.values() if isinstance(value, str))


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
        interop_table.write(_rows, _all_tests or None)


_rows: list[interop_table.Row] = []
_all_tests: set[str] = set()


def _note_interop(item: pytest.Item, report: pytest.TestReport) -> None:
    program, shown = interop_table.program_of(item), interop_table.shown_by(item)
    ran = report.when == "call" or (report.when == "setup" and report.failed)
    if program and ran and not report.skipped:
        _rows.append(interop_table.row_of(program, item.name, shown, report.passed))
