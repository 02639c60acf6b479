"""What the parts cost by themselves: each part's own bench, its output kept as it was printed.

python -m bench parts        or one of them by its name: python -m bench journal
"""

import subprocess
import sys

from bench.machine import circumstances
from bench.report import Section

_RELAY = ("bench.media_relay", "--seconds", "20")

PARTS = {
    "sip_parse": ("SIP: parsing, and calls through the stack", ("bench.sip_parse",)),
    "sip_registrar": ("SIP: registrations with digest", ("bench.sip_registrar",)),
    "media_relay": ("Media: the worker alone, 100 calls recorded", _RELAY),
    "media_relay_c": (
        "Media: the worker with its C loop alone, 100 calls recorded",
        (*_RELAY, "--loop", "c"),
    ),
    "media_rtpengine": (
        "Media: rtpengine and its driver, 100 calls recorded",
        (*_RELAY, "--driver", "rtpengine"),
    ),
    "line_carry": ("A line at another PBX: its process, 60 calls", ("bench.line_carry",)),
    "journal": ("Journal: events per CPU-second", ("bench.journal",)),
    "wallboard_fold": ("Wallboard: folding and rendering", ("bench.wallboard_fold",)),
    "archive": ("Archive: CPU-seconds per hour of a talk, and room", ("bench.archive",)),
    "start_up": ("A start after few records and after a million", ("bench.start_up",)),
    "transcribe": (
        "Transcription: CPU-seconds per minute of a call",
        ("bench.transcribe", "--minutes", "5"),
    ),
}
"How a part is asked for by itself: its title, its module and how that is called."


def section(name: str) -> Section:
    """Of one of `PARTS`."""
    title, command = PARTS[name]
    told = subprocess.run(
        [sys.executable, "-m", *command], capture_output=True, text=True, check=False
    )
    output = told.stdout.strip() if told.returncode == 0 else f"failed:\n{told.stderr[-1000:]}"
    words = "python -m " + " ".join(command)
    return Section(name, title, words, str(circumstances()), (), ("```", output, "```"))
