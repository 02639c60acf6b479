"""Writes measured sections into docs/performance.md; everything else in it is left alone.

A section stands between `<!-- measured: NAME -->` and `<!-- /measured -->`; a new one is put at the
end of the file.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PERFORMANCE = Path(__file__).parent.parent / "docs" / "performance.md"
END = "<!-- /measured -->"
HEAD = """# Performance

Measured, not estimated; each table says where, when and by which command. CPU is user and system
time of all processes of the centre together. Trust ratios before digits: machines differ.
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: what it is, what came out, what it should hold (empty: no target)."""

    what: str
    value: str
    target: str = ""
    held: bool | None = None

    def cells(self) -> tuple[str, str, str]:
        mark = {True: " ✓", False: " ✗ **missed**", None: ""}[self.held]
        return self.what, self.value, f"{self.target}{mark}"


@dataclass(frozen=True, slots=True)
class Section:
    name: str
    title: str
    command: str
    circumstances: str
    rows: Sequence[Row]
    notes: Sequence[str] = ()

    def text(self) -> str:
        lines = [f"## {self.title}", "", f"`{self.command}` · {self.circumstances}"]
        if self.rows:
            lines += ["", "| figure | measured | target |", "|---|---|---|"]
            lines += [f"| {' | '.join(row.cells())} |" for row in self.rows]
        lines += ["", *self.notes] if self.notes else []
        return "\n".join(lines) + "\n"


def put(section: Section, file: Path = PERFORMANCE) -> None:
    """Replace the section of this name, or append it."""
    before = file.read_text(encoding="utf-8") if file.exists() else HEAD
    file.parent.mkdir(exist_ok=True)
    file.write_text(replaced(before, section), encoding="utf-8")


def replaced(document: str, section: Section) -> str:
    begin = f"<!-- measured: {section.name} -->"
    block = f"{begin}\n{section.text()}{END}"
    found = re.search(re.escape(begin) + r".*?" + re.escape(END), document, re.S)
    if found:
        return document[: found.start()] + block + document[found.end() :]
    return f"{document.rstrip()}\n\n{block}\n"
