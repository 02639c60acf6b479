"""README.md names every command there is, and none that there is not."""

import re
from pathlib import Path

from callcenter.__main__ import COMMANDS, GROUPS

README = Path(__file__).parents[2] / "README.md"


def test_each_command_is_in_the_readme_and_no_other() -> None:
    text = README.read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `callcenter ")]
    blocks = re.findall(r"^    \.venv/bin/(callcenter \w+)", text, re.MULTILINE)
    quoted = [quote for row in rows for quote in re.findall(r"`([^`]+)`", row)]
    named = {quote.removeprefix("callcenter ").split()[0] for quote in [*quoted, *blocks]}
    assert named == {*COMMANDS, *GROUPS}
