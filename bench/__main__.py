"""`python -m bench [RUN ...]`; without a name: the hotline, the media plane, the parts.

Prints each run's table and writes it into docs/performance.md. Exit 1 when a target was missed.
"""

import argparse
import os
import signal
import subprocess
import sys

from rich.console import Console
from rich.table import Table

from bench import hotline, media, parts, programs, report, screens
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


SCENARIOS = {**hotline.SCENARIOS, **media.SCENARIOS, **screens.SCENARIOS}


def measured(name: str) -> report.Section:
    title, scenario = SCENARIOS[name]
    rows = scenario()
    return report.Section(name, title, f"make bench BENCH={name}", str(circumstances()), rows)


def measure(names: list[str]) -> int:
    missed = 0
    for name in names:
        for section in parts.sections() if name == "parts" else [measured(name)]:
            show(section)
            report.put(section)
            missed += sum(row.held is False for row in section.rows)
    return 1 if missed else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    known = [*SCENARIOS, "parts", "selftest"]
    parser.add_argument("run", nargs="*", help=", ".join(known))
    # An end from outside must end what was started too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    names = parser.parse_args().run or [*SCENARIOS, "parts"]
    if not set(names) <= set(known):
        parser.error(f"there is no run {' '.join(set(names) - set(known))}; there are {known}")
    try:
        return selftest() if "selftest" in names else measure(names)
    except (programs.NoCompiler, NotReady) as trouble:
        print(trouble, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
