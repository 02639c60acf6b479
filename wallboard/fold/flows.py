"""Today's ways through the flows, and how their questions by voice ended: part of the board's fold.

Who is in a flow now is not here: the journal has a visit's path at its end, and core is asked.
"""

from collections import Counter

from ivr.events import FlowEnded, SpeechSettled
from ivr.pictures.paths import Place, WayCounts

OUTCOMES = ("understood", "confirmed", "key", "fell_back", "unavailable")
"Of questions by voice, as `SpeechSettled` tells them."


class FlowTallies:
    """Of visits that ended today."""

    def __init__(self) -> None:
        self.counts = WayCounts()
        self.speech: dict[Place, Counter[str]] = {}

    def ended(self, event: FlowEnded) -> None:
        self.counts.add(event.flow, event.path)

    def settled(self, event: SpeechSettled) -> None:
        self.speech.setdefault((event.flow, event.node), Counter())[event.outcome] += 1
