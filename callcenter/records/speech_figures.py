"""How the questions of flows ended: a fold over `SpeechSettled` in the journal."""

import asyncio
from collections import Counter
from pathlib import Path

from callcenter.codec import CODEC
from foundation.journal import JournalReader
from ivr.events import SpeechSettled


class SpeechFigures:
    """Outcomes by flow and node."""

    def __init__(self) -> None:
        self.nodes: dict[tuple[str, str], Counter[str]] = {}

    def on_event(self, event: object) -> None:
        if isinstance(event, SpeechSettled):
            self.nodes.setdefault((event.flow, event.node), Counter())[event.outcome] += 1


def figures_of(journal: Path) -> dict[tuple[str, str], Counter[str]]:
    """Empty where there is no journal yet."""
    if not journal.exists():
        return {}
    return asyncio.run(_folded(JournalReader(journal, CODEC)))


async def _folded(reader: JournalReader) -> dict[tuple[str, str], Counter[str]]:
    figures = SpeechFigures()
    async for record in reader.read():
        figures.on_event(record.event)
    return figures.nodes
