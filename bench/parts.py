"""What the parts cost by themselves: each part's own bench, its output kept as it was printed.

python -m bench parts        or one of them by its name: python -m bench journal
"""

import subprocess
import sys

from bench.machine import circumstances
from bench.report import Section

PARTS = {
    "SIP: parsing, and calls through the stack": ("bench.sip_parse",),
    "SIP: registrations with digest": ("bench.sip_registrar",),
    "Media: the worker alone, 100 calls recorded": ("bench.media_relay", "--seconds", "20"),
    "A line at another PBX: its process, 60 calls": ("bench.line_carry",),
    "Journal: events per CPU-second": ("bench.journal",),
    "Wallboard: folding and rendering": ("bench.wallboard_fold",),
    "Archive: CPU-seconds per hour of a talk, and room": ("bench.archive",),
    "A start after few records and after a million": ("bench.start_up",),
    "Transcription: CPU-seconds per minute of a call": ("bench.transcribe", "--minutes", "5"),
}


NAMES = {command[0].removeprefix("bench."): title for title, command in PARTS.items()}
"How a part is asked for by itself."


def section(name: str) -> Section:
    """Of one of `NAMES`."""
    title = NAMES[name]
    command = PARTS[title]
    told = subprocess.run(
        [sys.executable, "-m", *command], capture_output=True, text=True, check=False
    )
    output = told.stdout.strip() if told.returncode == 0 else f"failed:\n{told.stderr[-1000:]}"
    words = "python -m " + " ".join(command)
    return Section(name, title, words, str(circumstances()), (), ("```", output, "```"))
