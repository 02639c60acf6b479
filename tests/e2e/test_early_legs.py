"""core is killed while a phone rings and a caller is not yet answered: both are told the end."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from callcenter.demo.phone_call import CallEnd
from tests.support.centre import BLOCKED, Centre, Ports, Tones, write_centre
from tests.support.tones import tone, write_wav

pytestmark = pytest.mark.e2e

CANCELLED = 487
FINAL = 500


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    """A blocked caller hears what is wrong for so long that core can be killed meanwhile."""
    folder, shared = tmp_path / "centre", tmp_path / "shared"
    shared.mkdir()
    ports = Ports.find()
    write_centre(folder, ports, shared, {})
    write_wav(folder / "prompts" / "line_fault.wav", tone(Tones.LINE_FAULT, 20.0))
    centre = Centre(folder, ports)
    centre.serve()
    try:
        centre.wait_ready()
        yield centre
    finally:
        centre.close()


async def test_a_killed_core_leaves_no_phone_ringing_and_no_caller_without_an_answer(
    centre: Centre,
) -> None:
    async with (
        centre.phone() as caller,
        centre.phone(BLOCKED) as blocked,
        centre.agent(1) as agent,
        asyncio.timeout(60),
    ):
        talking = caller.dial("8000")
        await talking.answered()
        talking.press("1")
        ringing = await agent.rings()
        early = blocked.dial("8000")
        await early.hears(Tones.LINE_FAULT)

        pid = centre.kill("core")
        ended = await asyncio.gather(ringing.over(), early.over(), talking.over())
        await centre.replaced("core", pid)

        assert ended[0].status == CANCELLED
        assert (ended[1].by_us, ended[1].status) == (False, FINAL)
        assert ended[2] == CallEnd(by_us=False, status=0, reason=ended[2].reason)
