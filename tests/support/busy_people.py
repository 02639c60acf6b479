"""Callers and agents of a served centre who do all that people do, at random times.

Callers give up in the menu, in the queue or in the talk. Agents refuse, hold, hand over by their
phone's key or by command, consult, and hang up. Everybody has a voice, and says so when the other
side of a talk is not heard.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import httpx

from callcenter.demo.phone_call import CallState
from tests.support.centre import Centre, Tones
from tests.support.desk_phone import DeskCall, DeskPhone
from tests.support.tones import tone

QUEUE_NUMBER = "7001"
HEARD_WITHIN_S = 8.0
"core and a media worker may both be killed meanwhile."
ENDS_WITHIN_S = 20.0
"A hang-up waits for the next core, and is repeated as SIP does."
VOICES = (Tones.CALLER, Tones.AGENT, Tones.MUSIC)
LONGEST_S = 40
"Of what anybody says."


class BusyPeople:
    """Made by `at_work`."""

    def __init__(self, centre: Centre, chance: random.Random, web: httpx.AsyncClient) -> None:
        self.centre = centre
        self.chance = chance
        self.deeds: Counter[str] = Counter()
        self.wrong: list[str] = []
        "Sentences; nothing when all was as it should be."
        self.phones: list[DeskPhone] = []
        "Agents'."
        self._web = web
        self._is_closing = False
        self._callers: list[asyncio.Task[None]] = []
        self._agents: list[asyncio.Task[None]] = []

    @classmethod
    @asynccontextmanager
    async def at_work(
        cls, centre: Centre, chance: random.Random, callers: int, agents: int
    ) -> AsyncIterator["BusyPeople"]:
        async with AsyncExitStack() as stack:
            people = cls(centre, chance, await stack.enter_async_context(centre.web()))
            for n in range(1, agents + 1):
                phone = await stack.enter_async_context(centre.agent(n))
                people.phones.append(phone)
                people._agents.append(_task(people._serves(phone), phone.options.user))
            people._agents.append(_task(people._looks_after_agents(), "supervisor"))
            for n in range(callers):
                phone = await stack.enter_async_context(centre.phone(f"1008{n}"))
                people._callers.append(_task(people._calls(phone), phone.options.user))
            try:
                yield people
            finally:
                for task in (*people._callers, *people._agents):
                    task.cancel()
                await asyncio.wait((*people._callers, *people._agents))

    async def go_home(self) -> None:
        """Callers end the call they have, agents the one that is left to them."""
        self._is_closing = True
        await asyncio.wait(self._callers, timeout=90)
        for task in (*self._callers, *self._agents):
            if task.done() and not task.cancelled() and task.exception() is not None:
                self.wrong.append(f"{task.get_name()}: {task.exception()!r}")
            elif task in self._callers and not task.done():
                self.wrong.append(f"{task.get_name()} does not come to an end")

    @property
    def off_hook(self) -> list[str]:
        """Agents whose phone believes that it is in a call."""
        return [
            phone.options.user
            for phone in self.phones
            if any(call.end is None for call in phone.calls.values())
        ]

    # -- callers ---------------------------------------------------------------------------------

    async def _calls(self, phone: DeskPhone) -> None:
        while not self._is_closing:
            await asyncio.sleep(self.chance.uniform(0.0, 0.8))
            self.deeds["dial"] += 1
            call = phone.dial("8000")
            call.play(tone(Tones.CALLER, LONGEST_S))
            pressing = asyncio.create_task(_press_when_answered(call))
            try:
                await asyncio.wait_for(call.over(), self.chance.triangular(0.2, 14.0, 6.0))
            except TimeoutError:
                self.deeds["caller hangs up"] += 1
                call.hang_up()
                await self._is_over(call, f"the call of {phone.options.user}")
            pressing.cancel()
            if call.end is not None and call.end.status:
                self.deeds[f"refused with {call.end.status}"] += not call.end.by_us

    # -- agents ----------------------------------------------------------------------------------

    async def _serves(self, phone: DeskPhone) -> None:
        while True:
            call = await phone.rings(600)
            await asyncio.sleep(self.chance.uniform(0.0, 0.6))
            if call.state is not CallState.RINGING:
                continue
            if self.chance.random() < 0.08:
                self.deeds["refuse"] += 1
                call.reject()
                continue
            self.deeds["accept"] += 1
            call.accept()
            call.play(tone(Tones.AGENT, LONGEST_S))
            await asyncio.sleep(self.chance.uniform(0.0, 1.5))
            await self._does_something(phone, call)
            if call.end is None:
                self.deeds["agent hangs up"] += 1
                call.hang_up()
                await self._is_over(call, f"{phone.options.user}'s talk")

    async def _does_something(self, phone: DeskPhone, call: DeskCall) -> None:
        deeds = (
            self._listens, self._listens, self._lets_the_caller_end, self._holds,
            self._sends_on, self._sends_on, self._consults, self._consults,
        )  # fmt: skip
        await self.chance.choice(deeds)(phone, call)

    async def _listens(self, phone: DeskPhone, call: DeskCall) -> None:
        """Somebody is heard, or the talk is over."""
        self.deeds["listen"] += 1
        since_s = call.heard_s
        until = asyncio.get_running_loop().time() + HEARD_WITHIN_S
        while call.end is None and not any(
            call.heard_tone_s(freq_hz, since_s) > 0.2 for freq_hz in VOICES
        ):
            await asyncio.sleep(0.1)
            if asyncio.get_running_loop().time() > until:
                self.wrong.append(f"{phone.options.user} hears nobody for {HEARD_WITHIN_S} s")
                return

    async def _lets_the_caller_end(self, phone: DeskPhone, call: DeskCall) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(call.over(), 10)

    async def _holds(self, phone: DeskPhone, call: DeskCall) -> None:
        self.deeds["hold"] += 1
        phone.hold(call)
        await asyncio.sleep(self.chance.uniform(0.2, 1.0))
        if call.end is None:
            phone.resume(call)
            await self._listens(phone, call)

    async def _sends_on(self, phone: DeskPhone, call: DeskCall) -> None:
        """By the phone's transfer key."""
        if call.end is not None:
            return
        self.deeds["refer"] += 1
        transfer = phone.refer(call, self.chance.choice((QUEUE_NUMBER, self._colleague(phone))))
        with suppress(TimeoutError):
            status = await transfer.over(self.chance.uniform(0.2, 5.0))
            self.deeds[f"refer ended with {status}"] += 1

    async def _consults(self, phone: DeskPhone, call: DeskCall) -> None:
        """By command; whether there is a guest and who has the call is for the centre to say."""
        call_id = await self._call_of(phone)
        if call_id is None or not await self._do(call_id, "consult", self._colleague(phone)):
            return
        await asyncio.sleep(self.chance.uniform(0.1, 3.0))
        await self._do(call_id, self.chance.choice(("complete", "take-back", "conference")))
        await asyncio.sleep(self.chance.uniform(0.1, 1.0))

    def _colleague(self, phone: DeskPhone) -> str:
        return self.chance.choice([each.options.user for each in self.phones if each is not phone])

    async def _call_of(self, phone: DeskPhone) -> str | None:
        with suppress(httpx.HTTPError):
            answer = await self._web.get("/api/v1/agents")
            if answer.status_code == 200:
                calls = {each["id"]: each["call_id"] for each in answer.json()}
                return calls.get(phone.options.user)
        return None

    async def _do(self, call_id: str, verb: str, to: str | None = None) -> bool:
        with suppress(httpx.HTTPError):
            body = None if to is None else {"to": to}
            answer = await self._web.post(f"/api/v1/calls/{call_id}/{verb}", json=body)
            self.deeds[f"{verb} {answer.status_code}"] += 1
            return answer.status_code == 200
        return False

    async def _looks_after_agents(self) -> None:
        """Who did not pick up is sent back to work."""
        while True:
            await asyncio.sleep(0.5)
            with suppress(httpx.HTTPError):
                answer = await self._web.get("/api/v1/agents")
                for agent in answer.json() if answer.status_code == 200 else []:
                    if agent["state"] == "paused":
                        path = f"/api/v1/agents/{agent['id']}/state"
                        await self._web.post(path, json={"state": "ready"})

    async def _is_over(self, call: DeskCall, what: str) -> None:
        try:
            await asyncio.wait_for(call.over(), ENDS_WITHIN_S)
        except TimeoutError:
            self.wrong.append(f"{what} does not end")


async def _press_when_answered(call: DeskCall) -> None:
    await call.answered()
    call.press("1")


def _task(work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
    return asyncio.create_task(work, name=name)
