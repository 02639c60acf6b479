"""core is killed while a phone rings and a caller is not yet answered: both go on.

Nothing of this has a dialog yet: the INVITE that waits for its answer is what outlives core.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from acd.events import AgentAnswered, AgentOffered, OfferFailed
from recordings.events import RecordingEnded
from telephony.calls.events import CallArrived, CallEnded, CallRefused
from tests.support.centre import BLOCKED, Centre, Ports, Tones, write_centre
from tests.support.tones import tone, write_wav

pytestmark = pytest.mark.e2e

NOT_AVAILABLE = 480


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    """A blocked caller hears what is wrong for so long that core can be killed meanwhile."""
    folder, shared = tmp_path / "centre", tmp_path / "shared"
    shared.mkdir()
    ports = Ports.find()
    write_centre(folder, ports, shared, {})
    write_wav(folder / "prompts" / "line_fault.wav", tone(Tones.LINE_FAULT, 5.0))
    centre = Centre(folder, ports)
    centre.serve()
    try:
        centre.wait_ready()
        yield centre
    finally:
        centre.close()


async def test_killed_core_leaves_a_phone_ringing_that_can_be_answered_and_a_caller_to_refuse(
    centre: Centre,
) -> None:
    async with (
        centre.phone() as caller,
        centre.phone(BLOCKED) as blocked,
        centre.agent(1) as agent,
        asyncio.timeout(120),
    ):
        before = centre.mark()
        talking = caller.dial("8000")
        await talking.answered()
        talking.press("1")
        ringing = await agent.rings()
        early = blocked.dial("8000")
        await early.hears(Tones.LINE_FAULT)

        pid = centre.kill("core")
        # Before there is a core again: the phone repeats its answer until somebody takes it.
        ringing.accept()
        talking.play(tone(Tones.CALLER, 180))
        await centre.replaced("core", pid)
        await ringing.hears(Tones.CALLER)
        refused = await early.over()
        talking.hang_up()
        await ringing.over()
        await centre.told(RecordingEnded, before, complete=True)

    assert (refused.by_us, refused.status) == (False, NOT_AVAILABLE)
    assert len(centre.facts(AgentOffered, before)) == len(centre.facts(AgentAnswered, before)) == 1
    assert centre.facts(OfferFailed, before) == []
    assert [fact.status for fact in centre.facts(CallRefused, before)] == [NOT_AVAILABLE]
    assert len(centre.facts(CallArrived, before)) == len(centre.facts(CallEnded, before)) == 2
