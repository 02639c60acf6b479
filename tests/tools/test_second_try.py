"""The stages of `make test` and the net under them: what is tried again, when the run fails."""

from collections.abc import Callable, Sequence

import pytest

from tools.failure_notes import Failure, Notes
from tools.second_try import ALL_PASSED, SOME_FAILED, Ended, Stage, run_stages, split

PASSED = Ended(ALL_PASSED, Notes(passed=1))
STAGES = (("unit",), ("calls",))
STEPS = tuple((stage,) for stage in STAGES)


def failed(*tests: str, may: bool = True, code: int = SOME_FAILED) -> Ended:
    return Ended(code, Notes(40, tuple(Failure(test, may, f"why {test}") for test in tests)))


class Runs:
    """Of pytest: how each ended, by its last argument; what is not named here passes."""

    def __init__(self, **ended: Ended) -> None:
        self._ended = ended
        self.asked: list[Sequence[str]] = []
        self.said = ""

    def __call__(self, stage: Stage) -> Ended:
        self.asked.append(tuple(stage))
        return self._ended.get(stage[-1], PASSED)

    def start(self, stage: Stage) -> Callable[[], Ended]:
        self.asked.append(("begin", *stage))

        def wait() -> Ended:
            return self(stage)

        return wait

    def code(self, steps: Sequence[Sequence[Stage]] = STEPS) -> int:
        return run_stages(steps, self, self.start, self._say)

    def _say(self, text: str) -> None:
        self.said += text


def test_a_run_in_which_all_pass_says_nothing() -> None:
    runs = Runs()
    assert runs.code() == 0
    assert runs.asked == [*STAGES]
    assert runs.said == ""


def test_what_failed_once_is_tried_by_itself_after_all_stages_and_named() -> None:
    runs = Runs(unit=failed("page"), calls=failed("a", "b"))
    assert runs.code() == 0
    assert runs.asked == [*STAGES, ("-n", "0", "page"), ("-n", "0", "a"), ("-n", "0", "b")]
    assert "PASSED ONLY AT THE SECOND TRY: 3" in runs.said
    for test in ("page", "a", "b"):
        assert f"{test}\n    why {test}" in runs.said


def test_what_fails_twice_fails_the_run_and_the_others_are_tried_all_the_same() -> None:
    runs = Runs(calls=failed("a", "b"), a=failed("a"))
    assert runs.code() == 1
    assert runs.asked[2:] == [("-n", "0", "a"), ("-n", "0", "b")]
    assert "FAILED TWICE: 1" in runs.said
    assert "PASSED ONLY AT THE SECOND TRY: 1" in runs.said


def test_four_that_fail_are_no_accident() -> None:
    runs = Runs(unit=failed("page"), calls=failed("a", "b", "c"))
    assert runs.code() == 1
    assert runs.asked == [*STAGES]
    assert "FAILED, AND NOT TRIED AGAIN: 4" in runs.said


def test_a_test_without_sockets_is_not_tried_again_and_nothing_is_after_it() -> None:
    runs = Runs(unit=failed("plain", may=False))
    assert runs.code() == 1
    assert runs.asked == [STAGES[0]]


def test_one_that_may_not_be_tried_again_spoils_it_for_those_that_may() -> None:
    both = (Failure("a", True, ""), Failure("file.py", False, ""))
    runs = Runs(unit=Ended(SOME_FAILED, Notes(3, both)))
    assert runs.code() == 1
    assert runs.asked == [STAGES[0]]


@pytest.mark.parametrize(("code", "told"), [(2, 2), (3, 3), (4, 4), (5, 5), (-9, 1)])
def test_a_run_that_came_to_no_end_fails_whatever_it_noted(code: int, told: int) -> None:
    runs = Runs(unit=failed("a", code=code))
    assert runs.code() == told
    assert runs.asked == [STAGES[0]]


def test_a_run_that_failed_without_saying_of_what_fails() -> None:
    runs = Runs(unit=Ended(SOME_FAILED, Notes(passed=3)))
    assert runs.code() == 1
    assert runs.asked == [STAGES[0]]


@pytest.mark.parametrize(
    "second",
    [Ended(ALL_PASSED, Notes(passed=0)), Ended(4, Notes()), Ended(5, Notes()), Ended(-11, Notes())],
    ids=["skipped", "unknown", "nothing_collected", "crashed"],
)
def test_a_second_try_that_is_no_pass_fails_the_run(second: Ended) -> None:
    runs = Runs(calls=failed("a"), a=second)
    assert runs.code() == 1
    assert "PASSED ONLY" not in runs.said


BESIDE = ((("unit",), ("calls",)), (("alone",),))


def test_a_stage_beside_another_is_begun_first_and_waited_for_before_the_next_step() -> None:
    runs = Runs()
    assert runs.code(BESIDE) == 0
    assert runs.asked == [("begin", "unit"), ("calls",), ("unit",), ("alone",)]


def test_a_stage_beside_another_fails_the_run_as_any() -> None:
    runs = Runs(unit=failed("plain", may=False))
    assert runs.code(BESIDE) == 1
    assert runs.asked == [("begin", "unit"), ("calls",), ("unit",)]


def test_a_stage_beside_one_that_cannot_be_saved_is_waited_for_all_the_same() -> None:
    runs = Runs(calls=failed("a", code=3))
    assert runs.code(BESIDE) == 3
    assert runs.asked == [("begin", "unit"), ("calls",), ("unit",)]


def test_stages_are_parted_by_two_dashes() -> None:
    words = ["-n", "2", "-m", "a or b", "--", "-n", "0", "tests"]
    assert list(split(words)) == [["-n", "2", "-m", "a or b"], ["-n", "0", "tests"]]
    assert list(split(["a", "beside", "b"], "beside")) == [["a"], ["b"]]
