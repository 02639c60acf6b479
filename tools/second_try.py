"""Runs the stages of `make test`: python -m tools.second_try STAGE [-- STAGE | beside STAGE]…

Each stage is pytest's arguments. One that is written before `beside` has what the one after it
leaves of the cores: end-to-end tests mostly wait.

A test with sockets or processes that failed is tried once more at the end, by itself and with
nothing beside it: what fails then is broken, what passes is named loudly. It is a net under the run
and no excuse for the test: of more than three that need it the run fails, and so it does of a test
without sockets, which is never tried again.
"""

import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count, pairwise
from pathlib import Path
from typing import NamedTuple

from tools.failure_notes import Failure, Notes, read_notes

AT_MOST = 3
"More than so many are no accident."
GIVING_WAY = ("nice", "-n", "10")
"A tenth of a core that another wants, too: the lowest would stand still on a machine with others."
ALL_PASSED, SOME_FAILED = 0, 1
"Of pytest's exit codes; of the others no second try makes anything better."


class Ended(NamedTuple):
    """How a run of pytest ended."""

    code: int
    notes: Notes = Notes()


Stage = Sequence[str]
"Pytest's arguments."
Run = Callable[[Stage], Ended]
Start = Callable[[Stage], Callable[[], Ended]]
"Of what is left of the cores; gives what waits for its end."
Say = Callable[[str], None]


def run_stages(steps: Iterable[Sequence[Stage]], run: Run, start: Start, say: Say) -> int:
    """The exit code of it all. The first step with a stage that cannot be saved ends it."""
    failed: list[Failure] = []
    for *beside, stage in steps:
        ends = [start(each) for each in beside]
        for ended in (run(stage), *(wait() for wait in ends)):
            failed += ended.notes.failed
            if ended.code != ALL_PASSED and (not _may_be_saved(ended) or len(failed) > AT_MOST):
                say(_list(f"FAILED, AND NOT TRIED AGAIN: {len(failed)}", failed))
                return _failure(ended.code)
    return _try_again(failed, run, say)


def _may_be_saved(ended: Ended) -> bool:
    failed = ended.notes.failed
    return (
        ended.code == SOME_FAILED
        and bool(failed)
        and all(failure.may_be_tried_again for failure in failed)
    )


def _try_again(failed: Sequence[Failure], run: Run, say: Say) -> int:
    """Each in a process of its own; all of them, though the first may fail."""
    passed = [failure for failure in failed if _passes(failure.test, run)]
    broken = [failure for failure in failed if failure not in passed]
    if broken:
        say(_list(f"FAILED TWICE: {len(broken)}", broken))
    if passed:
        say(_list(f"PASSED ONLY AT THE SECOND TRY: {len(passed)}", passed))
        say("Each is a fault to be found, in the test or in what it tests: see CONTRIBUTING.md.\n")
    return SOME_FAILED if broken else ALL_PASSED


def _passes(test: str, run: Run) -> bool:
    """Not when it is skipped, which ends with 0 as well."""
    ended = run(("-n", "0", test))
    return ended.code == ALL_PASSED and ended.notes.passed == 1


def _list(headline: str, failed: Iterable[Failure]) -> str:
    lines = [f"{failure.test}\n    {failure.why}" for failure in failed]
    return "\n".join([f"\n{'!' * 20} {headline} {'!' * 20}", *lines])


def _failure(code: int) -> int:
    """A signal's number is negative and would become some other code; 0 is no failure."""
    return code if code > 0 else SOME_FAILED


class Pytest:
    """In processes of their own; `folder` keeps their notes and what one beside another says."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count()

    def run(self, stage: Stage) -> Ended:
        notes = self._folder / f"{next(self._numbers)}.json"
        return Ended(subprocess.call(_command(stage, notes)), read_notes(notes))

    def start(self, stage: Stage) -> Callable[[], Ended]:
        notes = self._folder / f"{next(self._numbers)}.json"
        said = notes.with_suffix(".txt")
        with said.open("wb") as output:
            process = subprocess.Popen(
                [*GIVING_WAY, *_command(stage, notes)], stdout=output, stderr=output
            )

        def wait() -> Ended:
            code = process.wait()
            _say(said.read_text(encoding="utf-8", errors="replace"))
            return Ended(code, read_notes(notes))

        return wait


def _command(stage: Stage, notes: Path) -> list[str]:
    noting = ("-p", "tools.failure_notes", "--failure-notes", str(notes))
    return [sys.executable, "-m", "pytest", *noting, *stage]


def split(words: Sequence[str], at: str = "--") -> Iterator[Sequence[str]]:
    edges = [-1, *(n for n, word in enumerate(words) if word == at), len(words)]
    for begin, end in pairwise(edges):
        yield words[begin + 1 : end]


def main(words: Sequence[str]) -> int:
    # Ctrl-C is pytest's, which ends what it started; a handler, unlike SIG_IGN, is not inherited.
    signal.signal(signal.SIGINT, lambda number, frame: None)
    with tempfile.TemporaryDirectory() as folder:
        pytest = Pytest(Path(folder))
        steps = (list(split(step, "beside")) for step in split(words))
        return run_stages(steps, pytest.run, pytest.start, _say)


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
