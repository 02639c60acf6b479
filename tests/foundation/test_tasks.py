"""Every task has an owner, a name and an end."""

import asyncio

import pytest

from foundation.errors import NotFound
from foundation.tasks import Crashed, OnFailure, Tasks, contain, contain_async, to_the_end
from tests.support.virtual_time import run_virtual


def test_contained_code_that_throws_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    def divide(by: int) -> float:
        return 1 / by

    assert contain("dividing", divide, 2)
    assert not contain("dividing", divide, 0)
    assert "dividing failed" in caplog.text


def test_contained_awaiting_passes_planned_errors_and_names_the_others() -> None:
    async def main() -> None:
        async def planned() -> None:
            raise NotFound("no such call")

        async def bug() -> None:
            raise KeyError("x")

        with pytest.raises(NotFound):
            await contain_async("asking", planned())
        with pytest.raises(Crashed, match="asking failed: KeyError"):
            await contain_async("asking", bug())

    run_virtual(main())


@pytest.mark.parametrize(("takes_s", "noted"), [(1.5, ["done", "noted"]), (3.0, ["done"])])
def test_what_is_done_outside_is_noted_before_its_task_ends_but_not_for_ever(
    takes_s: float, noted: list[str]
) -> None:
    async def main() -> tuple[list[str], float, bool]:
        loop, said = asyncio.get_running_loop(), list[str]()

        async def do_and_note() -> None:
            said.append("done")
            await asyncio.sleep(takes_s)
            said.append("noted")

        task = asyncio.create_task(to_the_end(do_and_note(), within_s=2.0))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        return said, loop.time(), task.cancelled()

    assert run_virtual(main()) == (noted, min(takes_s, 2.0), True)


@pytest.mark.parametrize(
    ("takes_s", "said"), [(1.5, "failed at the end"), (3.0, "was cut off: it took more than 2 s")]
)
def test_what_does_not_come_to_its_end_is_in_the_log(
    takes_s: float, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async def write() -> None:
            await asyncio.sleep(takes_s)
            raise OSError("the disk is full")

        task = asyncio.create_task(to_the_end(write(), within_s=2.0))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])

    run_virtual(main())

    [record] = caplog.records
    assert record.getMessage().endswith(f"write {said}")
    assert ("the disk is full" in caplog.text) is (takes_s < 2.0)


def test_what_is_not_cancelled_gives_what_it_came_to() -> None:
    async def seven() -> int:
        return 7

    assert run_virtual(to_the_end(seven())) == 7


def test_a_failed_task_ends_the_role_and_is_reported() -> None:
    async def forever() -> None:
        await asyncio.sleep(1e9)

    async def main() -> tuple[BaseException, list[str], list[str]]:
        said: list[str] = []
        tasks = Tasks(said.append)

        async def fail() -> None:
            await asyncio.sleep(5)
            raise OSError("no more")

        tasks.start("listening", fail)
        tasks.start("for ever", forever)
        error = await tasks.wait_failed()
        await asyncio.sleep(0)
        left = tasks.names
        await tasks.close()
        assert tasks.names == []
        return error, said, left

    error, said, left = run_virtual(main())

    assert isinstance(error, OSError)
    assert said == ["The task listening failed: OSError('no more')"]
    assert left == ["for ever"]


def test_a_task_to_be_restarted_is_restarted_with_growing_pauses() -> None:
    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        started_at: list[float] = []

        async def fail_four_times() -> None:
            started_at.append(loop.time())
            if len(started_at) < 5:
                raise OSError("again")

        tasks = Tasks()
        await tasks.start("trying", fail_four_times, OnFailure.RESTART)
        return started_at

    assert run_virtual(main()) == [0.0, 0.0, 0.5, 1.5, 3.5]


def test_a_task_that_ran_for_long_is_restarted_at_once() -> None:
    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        started_at: list[float] = []

        async def fail_each_hour() -> None:
            started_at.append(loop.time())
            if len(started_at) < 4:
                await asyncio.sleep(3600)
                raise OSError("again")

        await Tasks().start("trying", fail_each_hour, OnFailure.RESTART)
        return started_at

    assert run_virtual(main()) == [0.0, 3600.0, 7200.0, 10800.0]
