"""Small centres on disk, and the command line run on them."""

from pathlib import Path

from typer.testing import CliRunner, Result

from callcenter.__main__ import command_line

CENTRE = """\
timezone: Asia/Shanghai
recordings: {transcribe: false}
agents:
  - {id: eva, name: Eva Berg, sip_password: pw-of-eva, number: "1001", team: day}
  - {id: tom, name: Tom Ma, sip_password: pw-of-tom, number: "1002", team: day}
queues:
  orders: {}
pause_reasons: [meal, training]
"""


def write_centre(folder: Path, text: str = CENTRE) -> Path:
    (folder / "callcenter.yaml").write_text(text, encoding="utf-8")
    return folder


def run_command(*words: str | Path, typed: str = "") -> Result:
    """`callcenter WORDS…`; an exception that is no exit fails the test."""
    arguments = [str(word) for word in words]
    app = command_line(arguments)
    return CliRunner().invoke(app, arguments, input=typed, catch_exceptions=False)
