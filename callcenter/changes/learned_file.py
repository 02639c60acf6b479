"""What was learnt from callers, into the file that people read and version: `rules/speech.yaml`."""

from callcenter.configuration.settings import Settings
from foundation.db import make_engine, make_sessions
from foundation.files import write_whole
from ivr.store import HeardStore
from ivr.understanding import corrections
from ivr.understanding.corrections import Corrections
from ivr.understanding.heard import learnt


async def learned(settings: Settings) -> Corrections:
    """By the database, without what the file has. Raises Unavailable."""
    engine = make_engine(settings.database_url)
    try:
        corrected = await HeardStore(make_sessions(engine)).corrected()
    finally:
        await engine.dispose()
    known = in_file(settings)
    new: Corrections = {}
    for flow, nodes in learnt(corrected, settings.flows).items():
        for node, phrases in nodes.items():
            had = known.get(flow, {}).get(node, {})
            for phrase, choice in phrases.items():
                if had.get(phrase) != choice:
                    new.setdefault(flow, {}).setdefault(node, {})[phrase] = choice
    return new


def in_file(settings: Settings) -> Corrections:
    file = settings.corrections_file
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    return corrections.parse(text, str(file)).corrections


def write(settings: Settings, new: Corrections) -> None:
    """Beside what the file has; whole or not at all."""
    known = in_file(settings)
    for flow, nodes in new.items():
        for node, phrases in nodes.items():
            known.setdefault(flow, {}).setdefault(node, {}).update(phrases)
    file = settings.corrections_file
    write_whole(file, corrections.dump(known).encode())
