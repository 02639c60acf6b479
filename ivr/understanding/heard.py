"""What callers said at questions by voice, and what people say was meant: to learn from.

SpeechSettled, the words ─▶ Heard ─▶ table ─▶ corrected by people ─▶ learnt ─▶ the flows
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from foundation.ids import CallId, PartyId
from ivr.flows.flow import Flow
from ivr.language.nodes import Ask
from ivr.understanding.corrections import Corrections

UNSURE = ("confirmed", "key", "fell_back")
"Outcomes of `SpeechSettled` that are worth a look."


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One answer; the words are in no journal and in no log."""

    heard_id: str
    at: datetime
    call_id: CallId
    party_id: PartyId
    flow: str
    node: str
    text: str
    "As recognised."
    confidence: float
    "Of the recogniser."
    outcome: str
    choice: str
    "Where the caller went; '' to none."
    intent: str = ""
    "What was meant, as somebody has said; '' nobody has."
    corrected_by: str = ""
    corrected_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardFilter:
    """None means any."""

    flow: str | None = None
    node: str | None = None
    is_corrected: bool | None = None
    outcomes: tuple[str, ...] | None = None


def learnt(corrected: Iterable[Heard], flows: Mapping[str, Flow]) -> Corrections:
    """By flow, node and phrase the choice that most have named, the latest where they differ.

    What the flows no longer have is left out.
    """
    votes: dict[tuple[str, str, str], list[Heard]] = {}
    for one in corrected:
        node = flows[one.flow].nodes.get(one.node) if one.flow in flows else None
        if isinstance(node, Ask) and one.intent in node.choices:
            votes.setdefault((one.flow, one.node, one.text), []).append(one)
    found: Corrections = {}
    for (flow, node_name, text), named in votes.items():
        found.setdefault(flow, {}).setdefault(node_name, {})[text] = _most_named(named)
    return found


def _most_named(named: list[Heard]) -> str:
    counts = Counter(one.intent for one in named)
    latest = {one.intent: one.corrected_at for one in named}
    return max(counts, key=lambda intent: (counts[intent], str(latest[intent])))
