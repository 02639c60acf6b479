"""The ladder of a whole call at a served centre: caller, menu, agent, goodbye.

With `WRITE_LADDER=1` in the environment it becomes docs/ladder.md.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from acd.events import AgentOffered
from telephony.calls.events import CallBridged, CallEnded
from tests.support.centre import Centre, served
from tools.ladder import Message, ladder, read_pcap, write_pcap

pytestmark = pytest.mark.e2e

PAGE = Path(__file__).parent.parent.parent / "docs" / "ladder.md"
HEAD = """\
# The ladder of one call

A caller dials 8000, presses 1 in the menu, is queued and talks to an agent, who hangs up; as both
phones saw it. Written by `WRITE_LADDER=1 python -m pytest -n0 tests/e2e/test_ladder.py` from a call
of a served centre. `python -m tools.ladder call.pcap` draws any capture of yours.

```mermaid
"""


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[Centre]:
    with served(tmp_path_factory.mktemp("ladder"), shared) as centre:
        yield centre


async def test_a_call_is_a_ladder_from_invite_to_bye(centre: Centre, tmp_path: Path) -> None:
    seen: list[Message] = []
    async with centre.agent(1) as agent, centre.phone() as caller:
        agent.trace_into(seen)
        caller.trace_into(seen)
        call = caller.dial("8000")
        await call.answered()
        call.press("1")
        incoming = await agent.rings()
        await centre.told(AgentOffered, 0)
        incoming.accept()
        await centre.told(CallBridged, 0)
        incoming.hang_up()
        await call.over()
        await centre.told(CallEnded, 0)
        names = {
            f"127.0.0.1:{caller.address.port}": "caller",
            f"127.0.0.1:{centre.ports.sip}": "centre",
            f"127.0.0.1:{agent.address.port}": "agent",
        }
    file = tmp_path / "call.pcap"
    file.write_bytes(write_pcap(seen))
    drawn = ladder(read_pcap(file.read_bytes()), names)

    steps = [line.strip().partition(" (+")[0] for line in drawn.splitlines()[4:]]
    assert steps[0] == "P0->>P1: INVITE 8000 · SDP"
    for step in (
        "P1-->>P0: 200 OK · INVITE · SDP", "P0->>P1: ACK 8000", "P1->>P2: INVITE agent0001 · SDP",
        "P2-->>P1: 180 Ringing · INVITE", "P2-->>P1: 200 OK · INVITE · SDP",
        "P1->>P2: ACK agent0001", "P2->>P1: BYE", "P1->>P0: BYE 10086", "P0-->>P1: 200 OK · BYE",
    ):  # fmt: skip
        assert any(each.startswith(step) for each in steps), (step, steps)
    if os.environ.get("WRITE_LADDER") == "1":
        PAGE.write_text(f"{HEAD}{drawn}```\n")
