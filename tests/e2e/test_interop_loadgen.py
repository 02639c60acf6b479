"""The load generator as callers and agents: nobody is lost, deaf or crossed."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from acd.events import AgentAnswered
from bench.programs import NoCompiler, compiled
from recordings.events import RecordingEnded
from telephony.calls.events import CallEnded
from tests.support.centre import Centre, identity_gap, served
from tests.support.programs import find_free_port

pytestmark = [pytest.mark.e2e, pytest.mark.interop]

PROGRAM = "hotline_load"
CALLS, AGENTS = 20, 8
QUIET = {"announce_agent": False}
"It takes no prompt for an agent's voice, but would count it as silence."


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[Centre]:
    changes = {"queues": {"orders": QUIET}}
    with served(tmp_path_factory.mktemp("centre"), shared, changes) as centre:
        yield centre


async def hotline_load(centre: Centre, *options: str) -> dict[str, Any]:
    try:
        program = await asyncio.to_thread(compiled, "hotline_load")
    except NoCompiler as error:
        pytest.skip(str(error))
    ports = ("--caller-port", str(find_free_port()), "--agent-port", str(find_free_port()))
    process = await asyncio.create_subprocess_exec(
        program, "--server", f"127.0.0.1:{centre.sip.port}", "--hotline", "8000", "--register",
        "--agents", str(AGENTS), "--dtmf", "1", *ports, *options,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        told, _ = await asyncio.wait_for(process.communicate(), 60)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    result: dict[str, Any] = json.loads(told)
    return result


async def test_more_callers_than_agents_are_all_served_and_all_heard(centre: Centre) -> None:
    before = centre.mark()
    result = await hotline_load(
        centre, "--calls", str(CALLS), "--rate", "8", "--talk-ms", "1500", "--rtp-base",
        str(centre.ports.media[0] - 8000),
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


WAYS = ("agent_to_caller", "caller_to_agent")
