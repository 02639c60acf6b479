"""The demo's minute: agents at their phones, callers coming in, each talk turn by turn.

    entry ──▶ caller dials, presses keys, waits ──▶ CallBridged ──▶ turns, one after the other
                                                       ▲
              agent's phone rings ──▶ agent picks up ──┘

Cues come from the centre's journal (`watch`) and from the phones; people only wait for time where
people do: before they pick up, press a key, speak, or lose patience.
"""

import asyncio
from collections.abc import Coroutine, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass

from callcenter.demo.call_log import Story
from callcenter.demo.centre import HOST, Centre
from callcenter.demo.handset import Handset
from callcenter.demo.phones import Phone, opened
from callcenter.demo.script import (
    COURTESY,
    TURN_GAP_S,
    AgentPart,
    CallerPart,
    Entry,
    Play,
)
from callcenter.demo.speech import Clips
from callcenter.demo.watch import Watch
from foundation.errors import CallCentreError
from foundation.ids import AgentId
from telephony.calls.events import Side
from telephony.sip.events import HostPort

LINE = "8000"
ARRIVES_WITHIN_S = 5.0
LISTENS_S = 1.5
"How long callers listen before they press a key."
LISTENS_AGAIN_S = 3.0
"After a wrong key: until the centre has said so."
ENDS_WITHIN_S = 3.0
STRANGER_WAITS_S = 8.0


@dataclass(slots=True)
class Attempt:
    """One caller's call."""

    caller: CallerPart
    story: Story | None = None
    "Until the call has arrived there is none."
    heard_s: float = 0.0
    "By the caller, if the phone tells."
    problem: str = ""
    "Why the play did not go on, as a sentence."
    is_through: bool = False
    "False while it goes on, and for ever when the play was stopped meanwhile."


class Stage:
    def __init__(self, centre: Centre, play: Play, clips: Clips, watch: Watch) -> None:
        self.attempts: list[Attempt] = []
        self._centre = centre
        self._play = play
        self._clips = clips
        self._watch = watch
        self._server = HostPort(HOST, centre.sip_port)
        self._callers = {caller.number: caller for caller in play.callers}
        self._picked_up: dict[str, Handset] = {}
        "The agents' ends of calls, by the caller's number."
        self._dialling = asyncio.Lock()
        "One at a time, so that the next call to arrive is the one just dialled."

    async def perform(self, entries: Iterable[Entry]) -> None:
        """Returns when all callers are through; to be cancelled at any time."""
        loop = asyncio.get_running_loop()
        async with (
            AsyncExitStack() as phones,
            asyncio.TaskGroup() as at_work,
            asyncio.TaskGroup() as callers,
        ):
            for agent in self._play.agents:
                await self._sit_down(agent, phones, at_work)
            curtain = loop.time()
            for entry in entries:
                await asyncio.sleep(max(0.0, curtain + entry.at_s - loop.time()))
                attempt = Attempt(entry.caller)
                self.attempts.append(attempt)
                callers.create_task(self._call(attempt), name=f"caller-{entry.caller.id}")

    # -- agents ----------------------------------------------------------------------------------

    async def _sit_down(
        self, agent: AgentPart, phones: AsyncExitStack, at_work: asyncio.TaskGroup
    ) -> None:
        password = self._centre.sip_passwords[agent.id]
        phone = await phones.enter_async_context(
            opened(agent.phone, self._server, agent.id, password)
        )

        def ring(handset: Handset) -> None:
            answering = self._answer(agent, handset)
            try:
                at_work.create_task(answering, name=f"agent-{agent.id}")
            except RuntimeError:
                # The group is shutting down: the play was stopped while this phone was rung.
                answering.close()

        await phone.register(ring)

    async def _answer(self, agent: AgentPart, handset: Handset) -> None:
        caller = self._callers.get(handset.peer)
        if agent.picks_up_after_s == "never" or (caller is not None and not caller.turns):
            return  # rings until the centre takes the call elsewhere, or the caller gives up
        await asyncio.sleep(agent.picks_up_after_s)
        self._picked_up[handset.peer] = handset
        await handset.accept()
        if caller is None:
            await self._receive_stranger(AgentId(agent.id), handset)

    async def _receive_stranger(self, agent_id: AgentId, handset: Handset) -> None:
        """Somebody with a phone of his own calls: no dialogue is written for that."""
        hears_us = self._watch.until(lambda: self._watch.log.talks(agent_id))
        await _first_of(hears_us, handset.over())
        for turn in COURTESY:
            await handset.say(self._clips[turn])
        await _first_of(asyncio.sleep(STRANGER_WAITS_S), handset.over())
        await handset.hang_up()

    # -- callers ---------------------------------------------------------------------------------

    async def _call(self, attempt: Attempt) -> None:
        caller = attempt.caller
        try:
            async with opened(caller.phone, self._server, caller.number) as phone:
                handset = await self._dial(phone, attempt)
                await self._go_through(attempt, handset)
        except CallCentreError as error:
            attempt.problem = str(error)
        except TimeoutError:
            attempt.problem = "did not arrive at the centre, or did not end"
        attempt.is_through = True

    async def _dial(self, phone: Phone, attempt: Attempt) -> Handset:
        async with self._dialling, asyncio.timeout(ARRIVES_WITHIN_S):
            known = len(self._watch.log.stories)
            handset = await phone.dial(LINE)
            attempt.story = await self._watch.next_arrival(known)
        return handset

    async def _go_through(self, attempt: Attempt, handset: Handset) -> None:
        try:
            await handset.settled()
            if not handset.is_over:
                await self._press(attempt.caller, handset)
                await self._wait_and_talk(attempt, handset)
            await asyncio.wait_for(handset.over(), ENDS_WITHIN_S)
        finally:
            attempt.heard_s = handset.heard_s
            await handset.hang_up()

    async def _press(self, caller: CallerPart, handset: Handset) -> None:
        for number, key in enumerate(caller.keys):
            await asyncio.sleep(LISTENS_AGAIN_S if number else LISTENS_S)
            await handset.press(key)

    async def _wait_and_talk(self, attempt: Attempt, handset: Handset) -> None:
        story, caller = attempt.story, attempt.caller
        assert story is not None
        await self._watch.until(lambda: story.queued_s is not None or story.is_over)
        try:
            async with asyncio.timeout(caller.patience_s):
                await self._watch.until(lambda: story.picked_up_s is not None or story.is_over)
        except TimeoutError:
            await handset.hang_up()
            return
        await self._watch.until(lambda: story.bridged_s is not None or story.is_over)
        agents_end = self._picked_up.pop(caller.number, None)
        await self._converse(caller, {Side.CALLER: handset, Side.AGENT: agents_end})

    async def _converse(self, caller: CallerPart, hands: dict[Side, Handset | None]) -> None:
        """Without an agent of ours (a person's phone took the call) there is time for his turns."""
        for turn in caller.turns:
            await asyncio.sleep(TURN_GAP_S)
            clip, hand = self._clips[turn], hands[turn.side]
            if hand is not None:
                await hand.say(clip)
            else:
                await asyncio.sleep(clip.seconds)
        await asyncio.sleep(TURN_GAP_S)
        last = hands[caller.hangs_up] or hands[Side.CALLER]
        assert last is not None
        await last.hang_up()


async def _first_of(*waits: Coroutine[None, None, object]) -> None:
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
