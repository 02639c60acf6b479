"""`kill -9` at any instant of a busy centre: of core mostly, of the media worker, of the parent.

The number of instants is `KILLS` (`make kills`: 200), the seed `KILL_SEED`; both are printed.
"""

import asyncio
import os
import random
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from acd.events import (
    AgentAnswered,
    AgentOffered,
    CallAbandoned,
    CallLost,
    CallOverflowed,
    CallQueued,
    OfferFailed,
    TalkEnded,
    TalkTaken,
)
from recordings.events import RecordingEnded, RecordingStarted
from telephony.calls.events import (
    CallArrived,
    CallEnded,
    EndedBy,
    GuestInvited,
    GuestLeft,
    TalkTransferred,
)
from tests.support.busy_people import QUEUE_NUMBER, BusyPeople
from tests.support.centre import Centre, identity_gap, served

pytestmark = [pytest.mark.e2e, pytest.mark.matrix]

KILLS = int(os.environ.get("KILLS", "15"))
SEED = int(os.environ.get("KILL_SEED") or random.randrange(2**32))
ROUND = ("core", "core", "core", "media-0")
"In any order, then the parent: its successor forgets how often a child has died in a row."
REBUILDING = "rebuilding the media sessions"
BACK_WITHIN_S = 2.0
REBUILT_WITHIN_S = 0.3
QUIET = {"number": QUEUE_NUMBER, "announce_agent": False}
OUTCOMES = (AgentAnswered, CallAbandoned, CallOverflowed, CallLost)
BUG = re.compile(r"Traceback|Error\b|the rest goes on|a fault |IllegalTransition")


@pytest.fixture
def centre(tmp_path: Path, shared: Path) -> Iterator[Centre]:
    with served(tmp_path / "centre", shared, {"queues": {"orders": QUIET}}) as centre:
        yield centre


def whom_to_kill(chance: random.Random) -> Iterator[str]:
    while True:
        yield from chance.sample(ROUND, len(ROUND))
        yield "parent"


async def kill(centre: Centre, role: str) -> None:
    match role:
        case "parent":
            await kill_parent(centre)
        case "core":
            await centre.replaced("core", centre.kill("core"))
        case _:
            await kill_media(centre)


async def kill_parent(centre: Centre) -> None:
    log = centre.folder / "serve.log"
    adopted = log.read_text().count("adopted")
    centre.parent.kill()
    await asyncio.to_thread(centre.parent.wait)
    centre.serve()
    await centre.until(lambda: log.read_text().count("adopted") > adopted)


async def kill_media(centre: Centre) -> None:
    """Only one of the two that know the talks may be dead at a time: each is rebuilt from the
    other."""
    await centre.ready()
    rebuilt = centre.said("core").count(REBUILDING)
    await centre.replaced("media-0", centre.kill("media-0"))
    with suppress(AssertionError):  # there may be nothing to rebuild
        await centre.until(lambda: centre.said("core").count(REBUILDING) > rebuilt, BACK_WITHIN_S)
    await asyncio.sleep(REBUILT_WITHIN_S)


async def test_no_instant_is_a_bad_one_to_die(centre: Centre) -> None:
    print(f"KILLS={KILLS} KILL_SEED={SEED}")  # noqa: T201  # to do it again
    chance = random.Random(SEED)
    before, victims = centre.mark(), whom_to_kill(chance)
    async with BusyPeople.at_work(centre, chance, callers=5, agents=4) as people:
        await centre.told(AgentAnswered, before)
        for _ in range(KILLS):
            await asyncio.sleep(chance.uniform(0.0, 1.0))
            await kill(centre, next(victims))
            if chance.random() < 0.8:  # else the next one dies while the first comes back
                await centre.ready()
        await centre.ready()
        await people.go_home()
        print(dict(people.deeds))  # noqa: T201  # what it was worth
        await centre.until(lambda: not people.off_hook, 20, f"{people.off_hook} hung up")
        await centre.until(lambda: all_has_ended(centre, before), 20, "all has ended")
        await check_nothing_is_left(centre)

    assert people.wrong == [], "\n".join(people.wrong)
    check_each_thing_once([record.event for record in centre.journal(before)])
    assert bugs(centre) == []


def all_has_ended(centre: Centre, before: int) -> bool:
    pairs = ((CallArrived, CallEnded), (RecordingStarted, RecordingEnded))
    return all(
        len(centre.facts(begun, before)) == len(centre.facts(ended, before))
        for begun, ended in pairs
    )


async def check_nothing_is_left(centre: Centre) -> None:
    async with centre.web() as web, centre.board() as screen:
        await screen.shows(lambda shown: bool(shown["core_up"]))
        assert [identity_gap(each) for each in (await web.get("/api/v1/queues")).json()] == [0] * 3
        totals = screen.shown["totals"]
        assert (identity_gap(totals), totals["talking"], totals["waiting"]) == (0, 0, 0)
        states = {each["state"] for each in (await web.get("/api/v1/agents")).json()}
        assert not {"talking", "ringing"} & states


def check_each_thing_once(events: list[object]) -> None:
    counts = Counter(type(event) for event in events)
    arrived = Counter(event.call_id for event in events if isinstance(event, CallArrived))
    ended = Counter(event.call_id for event in events if isinstance(event, CallEnded))
    assert arrived == ended
    assert set(arrived.values()) == {1}
    assert counts[CallQueued] == sum(counts[kind] for kind in OUTCOMES)
    assert counts[AgentAnswered] + counts[TalkTaken] == counts[TalkEnded]
    assert counts[AgentOffered] == counts[AgentAnswered] + counts[OfferFailed]
    assert counts[GuestInvited] == counts[GuestLeft] + counts[TalkTransferred]
    assert counts[CallLost] == 0
    ends = [event for event in events if isinstance(event, CallEnded)]
    assert [end for end in ends if end.by not in (EndedBy.CALLER, EndedBy.AGENT)] == []


def bugs(centre: Centre) -> list[str]:
    return [
        line
        for role in ("core", "media-0", "web")
        for line in centre.said(role).splitlines()
        if BUG.search(line)
    ]
