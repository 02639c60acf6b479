"""`kill -9` of core while many talk and many wait: nobody notices.

The load generator counts every frame of voice from speaker to listener, across the kills.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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
)
from foundation.record import Record
from recordings.events import RecordingEnded, RecordingStarted
from telephony.calls.events import CallArrived, CallEnded
from tests.support.centre import Centre, served
from tests.support.load_generator import RTP_BASE, WAYS, hotline_load

pytestmark = [pytest.mark.e2e, pytest.mark.alone]

QUIET = {"announce_agent": False}
"The generator takes no prompt for an agent's voice, but would count it as silence."
KILLS = 3


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[Centre]:
    with served(tmp_path_factory.mktemp("centre"), shared, {"queues": {"orders": QUIET}}) as centre:
        yield centre


def load_options(agents: int, calls: int) -> tuple[str, ...]:
    return (
        "--agents", str(agents), "--calls", str(calls), "--rtp-base", str(RTP_BASE), "--rate", "8",
    )  # fmt: skip


@pytest.mark.matrix
async def test_core_may_die_at_any_moment(centre: Centre) -> None:
    before = centre.mark()
    options = (*load_options(4, 24), "--talk-ms", "2500", "--answer-ms", "300")
    loading = asyncio.create_task(hotline_load(centre, *options, within_s=120))
    for _ in range(KILLS):
        await asyncio.sleep(random.uniform(0.5, 1.5))
        pid = centre.kill("core")
        await centre.replaced("core", pid)
        await centre.ready()
    result = await loading
    await settled(centre, before)

    assert_nobody_noticed(centre, before, result, 24)


async def settled(centre: Centre, before: int) -> None:
    """Every call has its end, every recording is closed."""
    pairs = ((CallArrived, CallEnded), (RecordingStarted, RecordingEnded))
    for begun, ended in pairs:
        await centre.until(
            lambda begun=begun, ended=ended: (  # type: ignore[misc]  # early binding
                len(centre.facts(begun, before)) == len(centre.facts(ended, before))
            ),
            what=f"{ended.__name__} of each {begun.__name__}",
        )


def assert_nobody_noticed(centre: Centre, before: int, result: dict[str, Any], calls: int) -> None:
    assert result["calls"]["ok"] == calls, result["outcomes"]
    if result["generator"]["socket_drops"] == 0:
        lost = {way: result["media"][way]["frames_lost"] for way in WAYS}
        assert lost == dict.fromkeys(WAYS, 0)
    journal = centre.journal(before)
    check_each_thing_once(journal)
    assert centre.facts(CallLost, before) == []
    assert all(fact.complete for fact in centre.facts(RecordingEnded, before))
    assert len(centre.facts(RecordingEnded, before)) == calls


OUTCOMES = (AgentAnswered, CallAbandoned, CallOverflowed, CallLost)


def check_each_thing_once(journal: list[Record[object]]) -> None:
    events = [record.event for record in journal]
    counts = Counter(type(event) for event in events)
    assert counts[CallQueued] == sum(counts[kind] for kind in OUTCOMES)
    assert counts[AgentAnswered] == counts[TalkEnded]
    assert counts[AgentOffered] == counts[AgentAnswered] + counts[OfferFailed]
    ended = Counter(event.call_id for event in events if isinstance(event, CallEnded))
    assert set(ended.values()) == {1}
