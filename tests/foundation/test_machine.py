"""The one driver of all machines, in virtual time."""

import asyncio

import pytest

from foundation.errors import StuckMachine
from foundation.machine import Driver
from tests.support.virtual_time import VirtualTimeLoop, run_virtual


class Bell:
    """Rings `after` seconds after each input; `stuck` forgets to clear its deadline."""

    def __init__(self, *, stuck: bool = False) -> None:
        self.deadline: float | None = None
        self._stuck = stuck

    def feed(self, given: float, now: float) -> list[str]:
        self.deadline = now + given
        return [f"set at {now}"]

    def tick(self, now: float) -> list[str]:
        if not self._stuck:
            self.deadline = None
        return [f"rang at {now}"]


def test_effects_are_performed_and_the_deadline_is_kept() -> None:
    async def main() -> list[str]:
        done: list[str] = []
        driver = Driver(Bell(), done.append)
        driver.feed(5.0)
        await asyncio.sleep(60)
        return done

    assert run_virtual(main()) == ["set at 0.0", "rang at 5.0"]


def test_a_new_deadline_replaces_the_old_one() -> None:
    async def main() -> list[str]:
        done: list[str] = []
        driver = Driver(Bell(), done.append)
        driver.feed(5.0)
        await asyncio.sleep(4)
        driver.feed(5.0)
        await asyncio.sleep(60)
        return done

    assert run_virtual(main()) == ["set at 0.0", "set at 4.0", "rang at 9.0"]


def test_a_closed_driver_does_not_tick() -> None:
    async def main() -> list[str]:
        done: list[str] = []
        driver = Driver(Bell(), done.append)
        driver.feed(5.0)
        driver.close()
        await asyncio.sleep(60)
        return done

    assert run_virtual(main()) == ["set at 0.0"]


def test_a_machine_that_forgets_its_deadline_is_stopped() -> None:
    loop = VirtualTimeLoop()

    async def main() -> list[str]:
        done: list[str] = []
        Driver(Bell(stuck=True), done.append).feed(5.0)
        await asyncio.sleep(60)
        return done

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        done = runner.run(main())

    assert done == ["set at 0.0", "rang at 5.0"]
    assert "StuckMachine" in loop.lost_errors[0]
    assert issubclass(StuckMachine, Exception)


def test_an_input_given_by_an_effect_is_taken_after_the_effects_before_it() -> None:
    async def main() -> list[str]:
        done: list[str] = []
        driver: Driver[str, str]

        def perform(effect: str) -> None:
            done.append(effect)
            if effect == "first of a":
                driver.feed("b")

        driver = Driver(Echo(), perform)
        driver.feed("a")
        return done

    assert run_virtual(main()) == ["first of a", "second of a", "first of b", "second of b"]


def test_a_driver_closed_by_an_effect_takes_nothing_more() -> None:
    async def main() -> list[str]:
        done: list[str] = []
        driver: Driver[float, str]

        def perform(effect: str) -> None:
            done.append(effect)
            driver.feed(1.0)
            driver.close()

        driver = Driver(Bell(), perform)
        driver.feed(5.0)
        driver.feed(5.0)
        await asyncio.sleep(60)
        return done

    assert run_virtual(main()) == ["set at 0.0"]


def test_an_input_that_the_machine_refuses_does_not_stop_its_clock() -> None:
    async def main() -> list[str]:
        done: list[str] = []
        driver = Driver(Bell(), done.append)
        driver.feed(5.0)
        with pytest.raises(TypeError):
            driver.feed("soon")  # type: ignore[arg-type]  # the fault that is tested
        await asyncio.sleep(60)
        return done

    assert run_virtual(main()) == ["set at 0.0", "rang at 5.0"]


class Echo:
    """Two effects for each input, no time."""

    deadline: float | None = None

    def feed(self, given: str, now: float) -> list[str]:
        return [f"first of {given}", f"second of {given}"]

    def tick(self, now: float) -> list[str]:
        raise AssertionError("no deadline was set")


def test_an_hour_in_virtual_time_costs_nothing_and_deadlocks_are_named() -> None:
    async def hour() -> float:
        await asyncio.sleep(3600)
        return asyncio.get_running_loop().time()

    async def for_ever() -> None:
        await asyncio.Event().wait()

    assert run_virtual(hour()) == 3600
    with pytest.raises(RuntimeError, match="deadlock"):
        run_virtual(for_ever())


def test_a_forgotten_tasks_error_fails_the_test() -> None:
    async def main() -> None:
        async def fail() -> None:
            raise ValueError("nobody looks")

        task = asyncio.create_task(fail())
        await asyncio.sleep(1)
        del task

    with pytest.raises(AssertionError, match="nobody looks"):
        run_virtual(main())
