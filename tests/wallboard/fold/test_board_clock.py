"""Durations survive a wall clock that is set."""

from datetime import UTC, datetime

import pytest

from wallboard.fold.board_clock import JournalClock


class Machine:
    """Two clocks to turn by hand."""

    def __init__(self) -> None:
        self.mono_s = 50.0
        self.wall_s = 1_000_000.0
        self.clock = JournalClock(
            lambda: self.mono_s, lambda: datetime.fromtimestamp(self.wall_s, UTC)
        )

    def pass_time(self, seconds: float) -> None:
        self.mono_s += seconds
        self.wall_s += seconds


@pytest.fixture
def machine() -> Machine:
    return Machine()


def test_before_the_first_live_record_the_wall_clock_stands_in(machine: Machine) -> None:
    assert machine.clock.now_s() == 1_000_000.0


def test_journals_clock_goes_on_when_the_wall_clock_is_set(machine: Machine) -> None:
    machine.clock.heard(1_000_000.0)
    machine.wall_s += 3600
    machine.pass_time(10)

    assert machine.clock.now_s() == 1_000_010.0
    assert machine.clock.utc() == datetime.fromtimestamp(1_003_610.0, UTC)


def test_record_that_was_late_does_not_set_the_clock_back(machine: Machine) -> None:
    machine.clock.heard(1_000_000.0)
    machine.pass_time(10)
    machine.clock.heard(1_000_009.0)

    assert machine.clock.now_s() == 1_000_010.0
