"""Each check, with a machine that is fit and one that is not."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from callcenter.commands.doctor import table
from callcenter.doctor import health
from callcenter.doctor.health import Finding, Verdict
from tests.support.set_clock import SetClock


@pytest.mark.parametrize(
    ("version", "verdict"),
    [
        ((3, 10), Verdict.FAIL),
        ((3, 11), Verdict.OK),
        ((3, 13), Verdict.OK),
        ((3, 14), Verdict.FAIL),
    ],
)
def test_python_must_be_one_that_was_tried(version: tuple[int, int], verdict: Verdict) -> None:
    assert health.python_version(version).verdict is verdict


def test_clocks_that_walk_together_are_fine() -> None:
    clock = SetClock()

    assert health.clock(clock, wait=lambda: clock.pass_s(0.2)).verdict is Verdict.OK


def test_a_wall_clock_that_jumps_is_told() -> None:
    clock = SetClock()

    def jump() -> None:
        clock.mono_s += 2.0

    finding = health.clock(clock, wait=jump)

    assert finding.verdict is Verdict.WARN
    assert "moved by -2.000 s" in finding.says


def test_a_clock_that_was_never_set_fails() -> None:
    clock = SetClock()
    clock.utc = datetime(1970, 1, 1, tzinfo=UTC)

    assert health.clock(clock, wait=lambda: None).verdict is Verdict.FAIL


def test_a_model_folder_needs_an_acoustic_model(tmp_path: Path) -> None:
    assert health.speech_model("en", tmp_path / "none").verdict is Verdict.FAIL
    assert "holds no Vosk model" in health.speech_model("en", tmp_path).says
    (tmp_path / "am").mkdir()
    (tmp_path / "am/final.mdl").touch()
    assert health.speech_model("en", tmp_path).verdict is Verdict.OK


def test_the_disk_is_measured_even_when_the_folder_is_not_made_yet(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "recordings"

    assert "GB free" in health.disk_space(folder).says
    assert "fsync" in health.disk_speed(folder).says
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("limit", "verdict"), [(1024, Verdict.WARN), (1456, Verdict.OK), (-1, Verdict.OK)]
)
def test_each_leg_needs_two_descriptors(limit: int, verdict: Verdict) -> None:
    finding = health.descriptors(legs=600, limit=limit)

    assert finding.verdict is verdict
    assert verdict is Verdict.OK or "ulimit -n 1456" in finding.next_step


async def test_a_database_that_can_be_reached_is_fine(tmp_path: Path) -> None:
    finding = await health.database("sqlite:///data/house.db", tmp_path)

    assert finding.verdict is Verdict.OK


async def test_a_database_that_cannot_be_opened_fails_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "house.db").mkdir()
    finding = await health.database("sqlite:///house.db", tmp_path)

    assert finding.verdict is Verdict.FAIL
    assert "\n" not in finding.says


def test_real_time_priority_is_only_tried() -> None:
    before = os.sched_getscheduler(0)
    finding = health.realtime()

    assert finding.verdict in (Verdict.OK, Verdict.WARN)
    assert os.sched_getscheduler(0) == before


def test_opus_that_is_asked_for_needs_its_library() -> None:
    assert health.opus("libopus 1.3.1") == Finding("Opus", Verdict.OK, "libopus 1.3.1")
    assert "libopus0" in health.opus("").next_step


def test_the_table_has_a_row_for_each_finding() -> None:
    findings = [Finding("a", Verdict.OK, "fine"), Finding("b", Verdict.FAIL, "broken", "mend it")]

    assert table(findings).row_count == 2


@pytest.mark.parametrize(
    ("wanted", "compiler", "verdict", "says"),
    [
        ("python", None, Verdict.OK, "python"),
        ("c", "/usr/bin/cc", Verdict.OK, "c, compiled by /usr/bin/cc"),
        ("auto", None, Verdict.OK, "python, as there is no C compiler"),
        ("c", None, Verdict.WARN, "python, as there is no C compiler"),
    ],
)
def test_a_wished_c_loop_needs_a_compiler(
    wanted: str, compiler: str | None, verdict: Verdict, says: str
) -> None:
    finding = health.media_loop(wanted, compiler)

    assert (finding.verdict, finding.says) == (verdict, says)
