"""docs/interop.md: what other people's programs did with ours, written by the tests themselves.

A test module names its program in `PROGRAM`; with `WRITE_INTEROP=1` in the environment each of its
tests becomes a row. Rows of programs that are not here stay as they were.
"""

import importlib.metadata
import os
import re
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

FILE = Path(__file__).parent.parent.parent / "docs" / "interop.md"
HEAD = """\
# Interoperability

What other programs did with a served centre (`callcenter serve`), and when.
Written by `WRITE_INTEROP=1 python -m pytest -n0 -m interop`; do not edit.

| program | version | scenario | result | date |
|---|---|---|---|---|
"""
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
    result: str
    date: str

    def __str__(self) -> str:
        cells = (self.program, self.version, self.scenario, self.result, self.date)
        return f"| {' | '.join(cells)} |"

    @classmethod
    def parse(cls, line: str) -> "Row":
        return cls(*(cell.strip() for cell in line.strip().strip("|").split(" | ")))


def is_wanted() -> bool:
    return os.environ.get("WRITE_INTEROP") == "1"


def row_of(program: str, test: str, passed: bool) -> Row:
    """`test`: its name; underscores are blanks, the parameters stay in brackets."""
    name, bracket, parameters = test.removeprefix("test_").partition("[")
    scenario = name.replace("_s_", "'s ").replace("_", " ")
    if bracket:
        scenario += f" ({parameters.rstrip(']').replace('-', ' ')})"
    today = datetime.now(UTC).date().isoformat()
    return Row(program, version_of(program), scenario, "passed" if passed else "FAILED", today)


def version_of(program: str) -> str:
    if program == "pyVoIP":
        return importlib.metadata.version("pyVoIP")
    words = VERSION_OF[program]
    if words is None:
        return "this repository's"
    told = subprocess.run(words, capture_output=True, text=True, timeout=10, check=False)
    found = re.search(r"(?:v|version: |kamailio )(\d+\.\d+(?:\.\d+)?)", told.stdout + told.stderr)
    return found[1] if found else "unknown"


def merge(old: str, rows: list[Row]) -> str:
    """The new table: rows of tests that ran replace those of the same scenario."""
    kept = [Row.parse(line) for line in old.splitlines() if line.startswith("| ")][1:]
    ran = {(row.program, row.scenario) for row in rows}
    table = [row for row in kept if (row.program, row.scenario) not in ran] + rows
    table.sort(key=lambda row: (row.program.lower(), row.scenario))
    return HEAD + "".join(f"{row}\n" for row in table)


def write(rows: list[Row]) -> None:
    FILE.write_text(merge(FILE.read_text() if FILE.exists() else "", rows))
