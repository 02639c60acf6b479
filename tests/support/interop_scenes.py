"""What agent 1's phone goes through at a centre, whatever program it is; the caller's is ours."""

import asyncio
from collections.abc import Awaitable, Callable

from acd.events import AgentChanged, AgentState, TalkTaken
from telephony.calls.events import CallBridged, CallEnded, CallHeld, CallResumed, EndedBy, Side
from tests.support.centre import Centre, Tones
from tests.support.desk_phone import DeskCall, DeskPhone
from tests.support.tones import tone

Deed = Callable[[], Awaitable[object]]
"Of the phone's user, or what the phone shows."


async def is_ready(centre: Centre, before: int, agent_id: str = "agent0001") -> None:
    await centre.told(AgentChanged, before, agent_id=agent_id, state=AgentState.READY)


async def reaches(
    caller: DeskPhone, centre: Centre, before: int, agent_id: str = "agent0001"
) -> DeskCall:
    """Call the line and press 1, once the agent is ready; the two are bridged."""
    await is_ready(centre, before, agent_id)
    call = caller.dial("8000")
    await call.answered()
    call.press("1")
    await centre.told(CallBridged, before, agent_id=agent_id)
    return call


async def holds(
    centre: Centre, before: int, call: DeskCall, *, hold: Deed, resume: Deed, hang_up: Deed
) -> None:
    """The caller hears the agent, music, the agent again, and the end."""
    await call.hears(Tones.AGENT)
    await hold()
    await centre.told(CallHeld, before, side=Side.AGENT)
    held_at_s = call.heard_s
    await call.hears(Tones.MUSIC, 0.6, since_s=held_at_s)
    await resume()
    await centre.told(CallResumed, before, side=Side.AGENT)
    back_at_s = call.heard_s
    await call.hears(Tones.AGENT, 0.6, since_s=back_at_s)
    await hang_up()
    assert not (await asyncio.wait_for(call.over(), 20)).by_us
    assert (await centre.told(CallEnded, before)).by is EndedBy.AGENT


async def transfers(
    centre: Centre, before: int, call: DeskCall, *, transfer: Deed, ended: Deed
) -> None:
    """Agent 2 is rung, hears the caller and has the talk; the first phone's call is over."""
    async with centre.agent(2) as colleague:
        call.play(tone(Tones.CALLER, 180))
        await transfer()
        taken = await colleague.rings()
        taken.accept()
        await taken.hears(Tones.CALLER, 0.6)
        await ended()
        await centre.told(TalkTaken, before, agent_id="agent0002")
        call.hang_up()
        assert not (await asyncio.wait_for(taken.over(), 20)).by_us
