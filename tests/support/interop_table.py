"""docs/interop.md: what other people's programs did with ours, written by the tests themselves.

A test module names its program in `PROGRAM`; with `WRITE_INTEROP=1` in the environment each of its
tests becomes a row. What a test is the proof of it tells by `@shows("hold")`, and the grid above
the rows is a fold of that. Rows of programs that are not here stay as they were; a row whose test
there is no more goes when pytest was given no path, so that it saw all tests.
"""

import importlib.metadata
import os
import re
import subprocess
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

FILE = Path(__file__).parent.parent.parent / "docs" / "interop.md"
HEAD = """\
# Interoperability

What other programs did with a served centre (`callcenter serve`), and when.
Written by `WRITE_INTEROP=1 python -m pytest -n0 -m interop`; do not edit.

"""
LEGEND = """\
**yes**: a test of the table below shows it. **no**: the program itself can't, as said above.
*calls in*: it calls the line. *is rung*: the centre calls it as an agent's phone.
*consults*: attended transfer. *keys*: as RTP events (RFC 4733). *INFO*: keys by SIP INFO.

"""
ROWS_HEAD = """\
| program | version | scenario | shows | result | date |
|---|---|---|---|---|---|
"""
ABILITIES = (
    "registers", "calls in", "is rung", "holds", "transfers", "consults", "keys", "INFO",
    "TCP", "TLS", "SRTP", "Opus",
)  # fmt: skip
"The columns of the grid."
CANNOT = {
    "SIPp": {
        "consults": "a scenario knows one call",
        "TLS": "Debian's is built without",
        "SRTP": "3.6 has none",
        "Opus": "it has no codecs",
    },
    "baresip": {"consults": "1.0 has no key for it", "INFO": "1.0 takes it and sends none"},
    "pyVoIP": {
        **dict.fromkeys(
            ("holds", "transfers", "consults"), "1.6 knows no re-INVITE and no REFER of its own"
        ),
        "INFO": "1.6 sends none",
        **dict.fromkeys(("TCP", "TLS"), "1.6 speaks UDP only"),
        **dict.fromkeys(("SRTP", "Opus"), "1.6 has G.711 in plain RTP only"),
    },
    "Kamailio": {"Opus": "audio passes it by"},
}
"What a program lacks, which no test of ours can change."
VERSION_OF = {
    "SIPp": ("sipp", "-v"),
    "baresip": ("baresip", "-h"),
    "linphonec": ("linphonec", "--version"),
    "Kamailio": ("kamailio", "-v"),
    "hotline_load": None,
    "pyVoIP": None,
}
"How to ask; None: see `version_of`."


@dataclass(frozen=True, slots=True)
class Row:
    program: str
    version: str
    scenario: str
    shows: tuple[str, ...]
    result: str
    date: str

    def __str__(self) -> str:
        shows = ", ".join(self.shows) or "–"
        cells = (self.program, self.version, self.scenario, shows, self.result, self.date)
        return f"| {' | '.join(cells)} |"

    @classmethod
    def parse(cls, line: str) -> "Row":
        cells = (cell.strip() for cell in line.strip().strip("|").split(" | "))
        program, version, scenario, shows, result, date = cells
        shown = () if shows == "–" else tuple(shows.split(", "))
        return cls(program, version, scenario, shown, result, date)


def shows(*abilities: str, by: str = "") -> pytest.MarkDecorator:
    """What a test is the proof of; by: the program, where it is not the module's `PROGRAM`."""
    unknown = set(abilities) - set(ABILITIES)
    assert not unknown, f"{unknown} is no column of docs/interop.md"
    return pytest.mark.shows(*abilities, by=by)


def is_wanted() -> bool:
    return os.environ.get("WRITE_INTEROP") == "1"


def program_of(item: pytest.Item) -> str:
    """Whose row the test writes; "": none."""
    named = (str(mark.kwargs["by"]) for mark in item.iter_markers("shows") if mark.kwargs["by"])
    return next(named, str(getattr(getattr(item, "module", None), "PROGRAM", "")))


def shown_by(item: pytest.Item) -> tuple[str, ...]:
    shown = {ability for mark in item.iter_markers("shows") for ability in mark.args}
    return tuple(ability for ability in ABILITIES if ability in shown)


def row_of(program: str, test: str, shown: tuple[str, ...], passed: bool) -> Row:
    today = datetime.now(UTC).date().isoformat()
    result = "passed" if passed else "FAILED"
    return Row(program, version_of(program), scenario_of(test), shown, result, today)


def scenario_of(test: str) -> str:
    """`test`: its name; underscores are blanks, the parameters stay in brackets."""
    name, bracket, parameters = test.removeprefix("test_").partition("[")
    scenario = name.replace("_s_", "'s ").replace("_", " ")
    return f"{scenario} ({parameters.rstrip(']').replace('-', ' ')})" if bracket else scenario


def version_of(program: str) -> str:
    if program == "pyVoIP":
        return importlib.metadata.version("pyVoIP")
    words = VERSION_OF[program]
    if words is None:
        return "this repository's"
    told = subprocess.run(words, capture_output=True, text=True, timeout=10, check=False)
    found = re.search(r"(?:v|version: |kamailio )(\d+\.\d+(?:\.\d+)?)", told.stdout + told.stderr)
    return found[1] if found else "unknown"


def merge(old: str, rows: list[Row], tests: Collection[str] | None = None) -> str:
    """The new page: rows of tests that ran replace those of the same scenario.

    tests: the names of all there are; None: not known, no row is dropped.
    """
    table = old.partition(ROWS_HEAD)[2]
    kept = [Row.parse(line) for line in table.splitlines() if line.startswith("| ")]
    if tests is not None:
        scenarios = set(map(scenario_of, tests))
        kept = [row for row in kept if row.scenario in scenarios]
    ran = {(row.program, row.scenario) for row in rows}
    merged = [row for row in kept if (row.program, row.scenario) not in ran] + rows
    merged.sort(key=lambda row: (row.program.lower(), row.scenario))
    return HEAD + grid(merged) + LEGEND + ROWS_HEAD + "".join(f"{row}\n" for row in merged)


def grid(rows: list[Row]) -> str:
    """Program by ability, and why the cells that say "no" do."""
    programs = sorted({row.program for row in rows if row.shows}, key=str.lower)
    lines = [_line("", *ABILITIES), "|---" * (len(ABILITIES) + 1) + "|"]
    lines += [_line(name, *(_cell(name, what, rows) for what in ABILITIES)) for name in programs]
    reasons = [_reasons(name) for name in programs if name in CANNOT]
    return "\n".join([*lines, "", *reasons, ""]) + "\n"


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(program: str, ability: str, rows: list[Row]) -> str:
    results = {row.result for row in rows if row.program == program and ability in row.shows}
    if results:
        return "yes" if results == {"passed"} else "FAILED"
    return "no" if ability in CANNOT.get(program, {}) else "not tried"


def _reasons(program: str) -> str:
    lacks = CANNOT[program]
    by_reason = [
        (", ".join(ability for ability in lacks if lacks[ability] == reason), reason)
        for reason in dict.fromkeys(lacks.values())
    ]
    why = "; ".join(f"{abilities}: {reason}" for abilities, reason in by_reason)
    return f"* {program}: {why}."


def write(rows: list[Row], tests: Collection[str] | None) -> None:
    FILE.write_text(merge(FILE.read_text() if FILE.exists() else "", rows, tests))
