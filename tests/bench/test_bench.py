"""What the bench writes: a configuration that the centre takes, a document that keeps its rest."""

from pathlib import Path

import pytest

from bench import centre, hotline, memory, report
from bench.report import Row, Section
from callcenter.configuration import settings

SECTION = Section(
    "steady", "Steady", "make bench", "today, here", [Row("calls", "100", "all", True)]
)


def test_centre_of_the_bench_has_no_problem(tmp_path: Path) -> None:
    centre.write(tmp_path / "centre", centre.Ports(sip=5062, http=8082), agents=3)

    found = settings.load(tmp_path / "centre")

    assert [agent.id for agent in found.agents] == ["agent0001", "agent0002", "agent0003"]
    assert found.auto_ready
    assert not found.recordings.transcribe
    assert not found.queues["orders"].announce_agent


def test_new_section_goes_to_the_end() -> None:
    document = report.replaced("# Performance\n", SECTION)

    assert document.startswith("# Performance\n\n<!-- measured: steady -->\n## Steady")
    assert "| calls | 100 | all ✓ |" in document


def test_section_measured_again_replaces_only_itself() -> None:
    before = report.replaced("# Performance\n\nWritten by hand.\n", SECTION) + "\nThe end.\n"
    later = Section("steady", "Steady", "make bench", "later", [Row("calls", "99", "all", False)])

    document = report.replaced(before, later)

    assert "Written by hand." in document
    assert "The end." in document
    assert "| calls | 99 | all ✗ **missed** |" in document
    assert "today, here" not in document
    assert document.count("<!-- measured: steady -->") == 1


def test_too_few_samples_do_not_hold_a_target() -> None:
    times = {"n": 999, "p50": 1.0, "p99": 2.0, "max": 3.0}

    row = hotline.timing({"ms": {"register": times}}, "register", "register", most_ms=10.0)

    assert row.held is False


def test_growth_is_told_per_second() -> None:
    grown = [(float(at), 1_000_000 + 250 * at + (100 if at % 2 else -100)) for at in range(100)]

    assert memory.slope(grown) == pytest.approx(250, rel=0.01)
    assert memory.slope([(0.0, 5)]) == 0.0
    assert memory.slope([(1.0, 7), (2.0, 7)]) == 0.0


def test_centre_of_the_bench_takes_either_loop(tmp_path: Path) -> None:
    centre.write(tmp_path / "centre", centre.Ports(sip=5062, http=8082), agents=1, loop="c")

    assert settings.load(tmp_path / "centre").media.loop == "c"


def test_what_a_call_costs_is_told_for_each_process() -> None:
    used_ms = {"core": 4500.0, "media": 1200.0, "others": 0.0}
    assert hotline.split(used_ms, 1000) == "core 4.5, media 1.2, others 0.0"
