"""The load generator as callers and agents: nobody is lost, deaf or crossed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from acd.events import AgentAnswered
from recordings.events import RecordingEnded
from telephony.calls.events import CallEnded
from tests.support.centre import Centre, identity_gap, served
from tests.support.load_generator import RTP_BASE, WAYS, hotline_load

pytestmark = [pytest.mark.e2e, pytest.mark.interop, pytest.mark.alone]

PROGRAM = "hotline_load"
CALLS, AGENTS = 20, 8
QUIET = {"announce_agent": False}
"It takes no prompt for an agent's voice, but would count it as silence."


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[Centre]:
    changes = {"queues": {"orders": QUIET}}
    with served(tmp_path_factory.mktemp("centre"), shared, changes) as centre:
        yield centre


async def test_more_callers_than_agents_are_all_served_and_all_heard(centre: Centre) -> None:
    before = centre.mark()
    result = await hotline_load(
        centre, "--agents", str(AGENTS), "--calls", str(CALLS), "--rate", "8",
        "--talk-ms", "1500", "--rtp-base", str(RTP_BASE),
    )  # fmt: skip
    await centre.until(lambda: len(centre.facts(CallEnded, before)) == CALLS)
    await centre.until(lambda: len(centre.facts(RecordingEnded, before)) == CALLS)
    async with centre.board() as screen:
        totals = screen.shown["totals"]

    assert result["calls"]["ok"] == CALLS, result["outcomes"]
    assert sum(result["audio"].values()) == 0, result["audio"]
    if result["generator"]["socket_drops"] == 0:
        lost = {way: result["media"][way]["frames_lost"] for way in WAYS}
        assert lost == dict.fromkeys(WAYS, 0)
    assert len(centre.facts(AgentAnswered, before)) == CALLS
    assert all(fact.complete for fact in centre.facts(RecordingEnded, before))
    assert identity_gap(totals) == 0
