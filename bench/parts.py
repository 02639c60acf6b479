"""What the parts cost by themselves: each part's own bench, its output kept as it was printed.

python -m bench parts
"""

import subprocess
import sys

from bench.machine import circumstances
from bench.report import Section

PARTS = {
    "SIP: parsing, and calls through the stack": ("bench.sip_parse",),
    "SIP: registrations with digest": ("bench.sip_registrar",),
    "ACD: assignments per CPU-second": ("bench.acd_dispatch",),
    "ACD: a simulated day": ("bench.acd_simulation",),
    "Media: the worker alone, 100 calls recorded": ("bench.media_relay", "--seconds", "20"),
    "A line at another PBX: its process, 60 calls": ("bench.line_carry",),
    "Journal: events per CPU-second": ("bench.journal",),
    "Wallboard: folding and rendering": ("bench.wallboard_fold",),
    "Archive: CPU-seconds per hour of a talk, and room": ("bench.archive",),
    "Transcription: CPU-seconds per minute of a call": ("bench.transcribe", "--minutes", "5"),
}


def sections() -> list[Section]:
    """One section for each part, in the order above."""
    return [_section(title, command) for title, command in PARTS.items()]


def _section(title: str, command: tuple[str, ...]) -> Section:
    told = subprocess.run(
        [sys.executable, "-m", *command], capture_output=True, text=True, check=False
    )
    output = told.stdout.strip() if told.returncode == 0 else f"failed:\n{told.stderr[-1000:]}"
    name = command[0].removeprefix("bench.")
    words = "python -m " + " ".join(command)
    return Section(name, title, words, str(circumstances()), (), ("```", output, "```"))
