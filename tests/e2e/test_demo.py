"""The demo as a user starts it: it shows its calls, tells what it found, and leaves nothing."""

import os
import re
import signal
import subprocess
import sys
from itertools import takewhile
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parent.parent.parent
PATIENCE_S = 200.0
"More than the ends of its own waits together, for it is to say itself what it waited for in vain."


def start(folder: Path, *options: str) -> "subprocess.Popen[str]":
    """`folder` is where it puts its temporary things."""
    return subprocess.Popen(
        [sys.executable, "-m", "callcenter", "demo", *options],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def output_of(demo: "subprocess.Popen[str]") -> str:
    try:
        return demo.communicate(timeout=PATIENCE_S)[0]
    except subprocess.TimeoutExpired:
        demo.send_signal(signal.SIGINT)
        pytest.fail(f"it goes on and on:\n{demo.communicate(timeout=60)[0]}")


def processes_of(folder: Path) -> list[str]:
    """Command lines of all processes that were told of this folder."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in words:
            found.append(words)
    return found


def test_a_short_demo_answers_records_and_transcribes_its_calls(tmp_path: Path) -> None:
    demo = start(tmp_path, "--seconds", "30")
    output = output_of(demo)

    assert demo.returncode == 0, output
    assert "\x1b" not in output
    first = output.splitlines()[0]
    assert re.fullmatch(r"Wallboard +http://127\.0\.0\.1:\d+/wallboard", first), first
    assert "sign in as supervisor" in output
    assert "caller: hello my parcel has" in output
    assert "您好我的订单" in output
    assert "Zhao" in output, "one agent does not pick up"
    assert "refused (480)" in output
    summary = (
        r"of (\d+) who wanted to talk (\d+) were answered, (\d+) recorded .*?(\d+) transcribed"
    )
    counts = re.search(summary, output, re.DOTALL)
    assert counts is not None, output
    assert int(counts[1]) >= 2
    assert len(set(counts.groups())) == 1
    assert list(tmp_path.iterdir()) == []
    assert processes_of(tmp_path) == []


def test_ctrl_c_ends_a_demo_cleanly_wherever_it_is(tmp_path: Path) -> None:
    with start(tmp_path) as demo:
        assert demo.stdout is not None
        lines = list(takewhile(lambda line: "waits in" not in line, demo.stdout))
        demo.send_signal(signal.SIGINT)
        output = "".join([*lines, demo.stdout.read()])

    assert demo.returncode == 1
    assert "Traceback" not in output
    assert "no call was answered" in output
    assert processes_of(tmp_path) == []


def test_a_folder_that_is_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")

    demo = start(tmp_path, "--seconds", "30", "--dir", str(tmp_path))
    output = output_of(demo)

    assert demo.returncode == 1
    assert "not an empty folder" in output
    assert [file.name for file in tmp_path.iterdir()] == ["precious"]
