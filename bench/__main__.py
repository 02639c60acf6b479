"""`python -m bench [RUN ...]`; without a name: the hotline, the media plane, the parts.

Prints each run's table and writes it into docs/performance.md. Exit 1 when a target was missed.
"""

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Callable

from rich.console import Console
from rich.table import Table

from bench import (
    acd_dispatch,
    acd_simulation,
    hotline,
    media,
    parts,
    programs,
    quality,
    report,
    screens,
    triage,
)
from bench.centre import NotReady
from bench.machine import circumstances


def show(section: report.Section) -> None:
    table = Table("figure", "measured", "target", title=section.title)
    for row in section.rows:
        table.add_row(*row.cells())
    console = Console()
    console.print(table if section.rows else f"[bold]{section.title}[/bold]")
    for line in section.notes:
        console.print(line, markup=False, highlight=False)


def selftest() -> int:
    """The load generator against a server that misbehaves on request."""
    script = programs.HERE / "loadgen" / "selftest.py"
    environment = {**os.environ, "HOTLINE_LOAD": str(programs.compiled("hotline_load"))}
    return subprocess.run([sys.executable, script], env=environment, check=False).returncode


SCENARIOS: dict[str, tuple[str, Callable[..., list[report.Row]]]] = {
    **hotline.SCENARIOS,
    **media.SCENARIOS,
    **quality.SCENARIOS,
    **screens.SCENARIOS,
    **acd_dispatch.SCENARIOS,
    **acd_simulation.SCENARIOS,
    **triage.SCENARIOS,
}


def measured(name: str, calls: int | None) -> report.Section:
    """`calls`: another number than the scenario's own."""
    if name in parts.PARTS:
        return parts.section(name)
    title, scenario = SCENARIOS[name]
    rows = scenario() if calls is None else scenario(calls)
    words = (
        f"make bench BENCH={name}" if calls is None else f"python -m bench {name} --calls {calls}"
    )
    return report.Section(name, title, words, str(circumstances()), rows)


def every_run(names: list[str]) -> list[str]:
    return [run for name in names for run in (parts.PARTS if name == "parts" else [name])]


def measure(names: list[str], calls: int | None) -> int:
    missed = 0
    for name in every_run(names):
        section = measured(name, calls)
        show(section)
        report.put(section)
        missed += sum(row.held is False for row in section.rows)
    return 1 if missed else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    known = [*SCENARIOS, "parts", *parts.PARTS, "selftest"]
    parser.add_argument("run", nargs="*", help=", ".join(known))
    # An end from outside must end what was started too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    parser.add_argument("--calls", type=int, help="another number than the run's own")
    asked = parser.parse_args()
    names = asked.run or [*SCENARIOS, "parts"]
    if not set(names) <= set(known):
        parser.error(f"there is no run {' '.join(set(names) - set(known))}; there are {known}")
    try:
        return selftest() if "selftest" in names else measure(names, asked.calls)
    except (programs.NoCompiler, NotReady) as trouble:
        print(trouble, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
