"""How many calls took each way of a flow: a fold over the ends of flows in the journal."""

import asyncio
from collections import Counter
from datetime import datetime
from pathlib import Path

from callcenter.codec import CODEC
from foundation.journal import JournalReader
from ivr.events import FlowEnded
from ivr.pictures.drawing import Counts
from ivr.pictures.paths import ways


class PathCounts:
    """Of one flow, wherever callers came through it."""

    def __init__(self, flow: str) -> None:
        self._flow = flow
        self.edges: Counter[tuple[str, str]] = Counter()

    def on_event(self, event: object) -> None:
        if isinstance(event, FlowEnded):
            found = ways(event.flow, event.path)
            self.edges.update((begin, end) for flow, begin, end in found if flow == self._flow)


def counts_of(journal: Path, flow: str, since: datetime | None = None) -> Counts:
    """Empty where there is no journal yet."""
    if not journal.exists():
        return {}
    return asyncio.run(_counted(JournalReader(journal, CODEC), flow, since))


async def _counted(reader: JournalReader, flow: str, since: datetime | None) -> Counts:
    counts = PathCounts(flow)
    async for record in reader.read() if since is None else reader.read_since(since):
        counts.on_event(record.event)
    return counts.edges
