"""Spoken requests through a whole centre: how many end where they should.

python -m bench.triage [--set trial]

Each request of `triage.yaml` is spoken by espeak-ng in a voice that the speech models were not
trained with, and played by a softphone of ours into a served centre: G.711, media worker, listener,
the flow's intents, asking back, and `bench.triage_caller`, who then tells the truth. What the flow
has settled on is read from the journal. What it would have come to at the first answer, had callers
said yes to anything, is told beside it. `python -m bench triage` writes the figures of `requests`
into docs/performance.md.
"""

import argparse
import asyncio
import sqlite3
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import yaml

from bench.centre import Centre, Flows, running
from bench.report import Row
from bench.triage_caller import TRIES, Caller, Talk, labels_of
from bench.triage_outcome import LANGUAGES, Outcome, Request, report, rows_of
from callcenter.codec import CODEC
from foundation.journal.file import JournalFile
from foundation.journal.rows import to_record
from ivr.events import SpeechSettled
from ivr.speech.house_words import HOUSE_WORDS
from ivr.speech.synthesis import Utterance, synthesise_all
from telephony.calls.events import CallArrived

FILE = Path(__file__).with_name("triage.yaml")
AT_ONCE = 4
QUESTION = {"en": "How can we help?", "zh": "请讲。"}
ASKING_BACK = ("ask_you_said", "ask_right", "not_understood")
SPEEDS = (140, 150, 165)
"Words a minute, in turn."
ON_DISK_WITHIN_S = 1.0
"The journal is written every 50 ms."
CALLERS = 10_001


def read(file: Path = FILE) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return document


def requests_of(document: Mapping[str, Any], name: str) -> list[Request]:
    return [
        Request(
            language,
            wanted,
            text,
            document["voices"][language][number % len(document["voices"][language])],
            SPEEDS[number % len(SPEEDS)],
        )
        for language in LANGUAGES
        for number, (wanted, text) in enumerate(document[name][language])
    ]


def flow(
    document: Mapping[str, Any],
    languages: Sequence[str],
    question: Mapping[str, str] = QUESTION,
) -> dict[str, object]:
    """One question, each choice a hang-up of its own."""
    examples = document["examples"]
    choices = {
        name: {"words": {one: words[one] for one in languages}, "next": f"is-{name}"}
        for name, words in examples.items()
    }
    ends = {f"is-{name}": {"do": "hangup", "reason": name} for name in [*examples, "nothing"]}
    return {
        "languages": list(languages),
        "start": "what",
        # Both languages in each flow: a prompt of one name has the same words in all of them.
        "prompts": {"question": question, **{name: HOUSE_WORDS[name] for name in ASKING_BACK}},
        "nodes": {
            "what": {
                "do": "ask", "prompt": "question", "choices": choices, "tries": TRIES, "wait_s": 5,
                "limit_s": 8, "default": "is-nothing",
            },
            **ends,
        },
    }  # fmt: skip


def flows(document: Mapping[str, Any]) -> Flows:
    """A line for each language, and one where either may be spoken."""
    return {
        **{f"only-{language}": flow(document, [language]) for language in LANGUAGES},
        "both": flow(document, LANGUAGES),
    }


async def ask_all(
    centre: Centre, requests: Sequence[Request], speech: Sequence[bytes], line: str = ""
) -> list[Outcome]:
    """A few at once. `line`: dialled by all; not given: each language's own."""
    turn = asyncio.Semaphore(AT_ONCE)
    examples = read()["examples"]
    labels = {one: labels_of(centre, examples, one) for one in {each.language for each in requests}}

    async def ask(number: int, request: Request, pcm: bytes) -> Talk:
        dialled = line or str(8000 + LANGUAGES.index(request.language))
        caller = Caller(_caller(number), request.wanted, pcm, labels[request.language])
        async with turn:
            return await caller.dial(centre.ports.sip, dialled)

    talks = await asyncio.gather(
        *(ask(number, *one) for number, one in enumerate(zip(requests, speech, strict=True)))
    )
    await asyncio.sleep(ON_DISK_WITHIN_S)
    facts = _settled(centre.folder)
    return [
        _outcome(request, facts.get(_caller(number)), talks[number])
        for number, request in enumerate(requests)
    ]


def _caller(number: int) -> str:
    return f"{CALLERS + number}"


def _settled(folder: Path) -> dict[str, SpeechSettled]:
    """By the caller's number, which the journal does not know: it knows parties."""
    with closing(sqlite3.connect(folder / "data" / "callcenter.db")) as database:
        numbers = dict(database.execute("SELECT party_id, number FROM party"))
    calls: dict[str, str] = {}
    found: dict[str, SpeechSettled] = {}
    with closing(JournalFile(folder / "data" / "journal.db", read_only=True)) as file:
        for row in file.after(0, 100_000):
            event = to_record(row, CODEC).event
            if isinstance(event, CallArrived):
                calls[event.call_id] = numbers[event.party_id]
            elif isinstance(event, SpeechSettled):
                found[calls[event.call_id]] = event
    return found


def _outcome(request: Request, fact: SpeechSettled | None, talk: Talk) -> Outcome:
    if fact is None:
        return Outcome(request, "", "lost", 0.0, talk.took_s, "")
    at_first = talk.offered[0] if talk.offered else fact.choice
    return Outcome(request, fact.choice, fact.outcome, fact.confidence, talk.took_s, at_first)


def told(requests: Sequence[Request], document: Mapping[str, Any], line: str) -> list[Outcome]:
    """What becomes of them in a centre of their own."""
    speech = synthesise_all([Utterance(one.text, one.voice, one.speed) for one in requests])
    with running(agents=1, flows=flows(document)) as centre:
        return asyncio.run(ask_all(centre, requests, speech, line))


def scenario() -> list[Row]:
    document = read()
    return list(rows_of(told(requests_of(document, "requests"), document, "")))


SCENARIOS: dict[str, tuple[str, Callable[[], list[Row]]]] = {
    "triage": ("Spoken requests through a whole centre", scenario)
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.triage", description=__doc__)
    parser.add_argument(
        "--set", default="requests", choices=["requests", "second", "third", "trial"]
    )
    parser.add_argument("--line", default="", help="8002: either language may be spoken")
    wanted = parser.parse_args()
    document = read()
    outcomes = told(requests_of(document, wanted.set), document, wanted.line)
    for line in report(outcomes):
        print(line)
    return 0 if all(row.held is not False for row in rows_of(outcomes)) else 1


if __name__ == "__main__":
    sys.exit(main())
