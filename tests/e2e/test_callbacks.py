"""Callbacks of a served centre: asked for by the API, dialled through a provider, heard by tone."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from acd.events import (
    AgentAnswered,
    AgentChanged,
    AgentState,
    CallbackDue,
    CallbackFailure,
    CallbackGivenUp,
    CallbackQueued,
    CallbackReached,
    CallbackUnreached,
    CallQueued,
    TalkEnded,
)
from foundation.ids import AgentId, CallbackId
from telephony.calls.events import CallBridged, CallEnded, CallNotReached, CallPlaced, EndedBy
from telephony.sip.events import Cancelled, Gone, GoneWhy, IncomingCall
from tests.support.centre import Centre, served
from tests.support.media_phone import Phone, loudness
from tests.support.sip_phone import SipPhone
from tests.support.tones import tone

pytestmark = pytest.mark.e2e

NUMBER = "+8613800138000"
CALLBACKS = {"tries": 2, "retry_after_s": 1, "ring_s": 3}
PARTY_HZ, AGENT_HZ = 1000, 1200
FIRST = AgentId("agent0001")


@dataclass
class House:
    centre: Centre
    provider: SipPhone
    web: httpx.AsyncClient

    async def ask(self, number: str = NUMBER, **more: str) -> httpx.Response:
        body = {"number": number, "queue": "orders", **more}
        return await self.web.post("/api/v1/callbacks", json=body)

    async def asked(self, **more: str) -> CallbackId:
        answer = await self.ask(**more)
        assert answer.status_code == 201, answer.text
        return CallbackId(answer.json()["id"])

    async def listed(self) -> list[tuple[str, str, int]]:
        lines = (await self.web.get("/api/v1/callbacks")).json()
        return [(line["id"], line["state"], line["tries"]) for line in lines]

    async def shows(self, *lines: tuple[str, str, int]) -> None:
        """Until these are listed, and no others."""
        async with asyncio.timeout(30):
            while await self.listed() != [*lines]:  # noqa: ASYNC110  # another process
                await asyncio.sleep(0.05)

    def calls_to_the_provider(self) -> int:
        """That were not taken out."""
        return sum(isinstance(event, IncomingCall) for event in self.provider.events)


@asynccontextmanager
async def house(tmp_path: Path, shared: Path) -> AsyncIterator[House]:
    async with SipPhone.started() as provider:
        changes = {
            "trunks": [
                {
                    "name": "carrier",
                    "host": f"127.0.0.1:{provider.address.port}",
                    "addresses": ["127.0.0.1"],
                }
            ],
            "outbound": [
                {"match": "+8690*", "deny": True},
                {"match": "+86*", "trunk": "carrier", "allow": ["callback"]},
            ],
            "queues": {"orders": {"callbacks": CALLBACKS, "announce_agent": False}},
        }
        serving = served(tmp_path, shared, changes)
        # In a thread, so that the provider answers meanwhile.
        centre = await asyncio.to_thread(serving.__enter__)
        try:
            async with centre.web() as web:
                yield House(centre, provider, web)
        finally:
            await asyncio.to_thread(serving.__exit__, None, None, None)


def port_of(sdp: bytes) -> int:
    found = re.search(rb"m=audio (\d+)", sdp)
    assert found is not None
    return int(found[1])


async def test_the_turn_comes_after_the_older_caller_and_both_talk(
    tmp_path: Path, shared: Path
) -> None:
    async with house(tmp_path, shared) as at:
        centre, provider = at.centre, at.provider
        async with centre.phone() as phone:
            older = phone.dial("8000")
            await older.answered()
            older.press("1")
            queued = await centre.told(CallQueued, 0)
            callback_id = await at.asked()
            assert (await at.ask()).status_code == 409
            assert (await at.ask("0138-0013-8000")).status_code == 409, "the same number"
            assert (await at.ask("+86900001")).status_code == 403
            assert (await at.ask("+4930123456")).status_code == 403
            await at.shows((callback_id, "pending", 0))

            async with centre.agent(1) as agent:
                for_older = await agent.rings()
                for_older.accept()
                await centre.told(CallBridged, 0, call_id=queued.call_id)
                assert at.calls_to_the_provider() == 0
                older.hang_up()
                call = await provider.next(IncomingCall)
                assert call.to_user == NUMBER
                due = await centre.told(CallbackDue, 0)
                assert due.agent_id == FIRST
                assert centre.facts(AgentChanged)[-1].state is AgentState.RINGING
                await at.shows((callback_id, "due", 0))

                party = Phone()
                await party.open()
                provider.do(provider.stack.progress(call.leg, 180, b"", provider.now))
                provider.do(provider.stack.accept(call.leg, party.sdp().encode(), provider.now))
                for_party = await agent.rings()
                reached = await centre.told(CallbackReached, 0, callback_id=callback_id)
                for_party.accept()
                await centre.told(CallBridged, 0, call_id=reached.call_id)
                for_party.play(tone(AGENT_HZ, 180))
                speaking = asyncio.create_task(party.speak(port_of(call.body), PARTY_HZ, 9_000))
                await for_party.hears(PARTY_HZ)
                await centre.until(
                    lambda: loudness(party.pcm()[-3200:], AGENT_HZ) > 250, what="the party hears"
                )

                killed = centre.mark()
                await centre.replaced("core", centre.kill("core"))
                await centre.ready()
                heard_s = len(for_party.heard) / 16000
                await for_party.hears(PARTY_HZ, since_s=heard_s)
                for_party.hang_up()
                ended = await centre.told(CallEnded, 0, call_id=reached.call_id)
                assert ended.by is EndedBy.AGENT
                await centre.told(TalkEnded, killed, call_id=reached.call_id)
                gone = await provider.next(Gone)
                assert gone.why is GoneWhy.BYE
                speaking.cancel()
                party.close()
                answered = [event.call_id for event in centre.facts(AgentAnswered)]
                assert answered == [queued.call_id, reached.call_id]
                await asyncio.sleep(2)
                assert at.calls_to_the_provider() == 0, "who was reached is never dialled again"
                await at.shows()


async def test_two_tries_then_no_more_and_a_promise_outlives_the_core(
    tmp_path: Path, shared: Path
) -> None:
    async with house(tmp_path, shared) as at:
        centre, provider = at.centre, at.provider
        async with centre.agent(1):
            callback_id = await at.asked()
            for tries in (1, 2):
                call = await provider.next(IncomingCall)
                provider.do(provider.stack.progress(call.leg, 180, b"", provider.now))
                assert at.calls_to_the_provider() == 0
                assert (await provider.next(Cancelled)).leg == call.leg
                unreached = await centre.told(CallbackUnreached, 0, tries=tries)
                assert unreached.why is CallbackFailure.NO_ANSWER
            given_up = await centre.told(CallbackGivenUp, 0)
            assert (given_up.callback_id, given_up.why) == (callback_id, CallbackFailure.NO_ANSWER)
            placed = centre.facts(CallPlaced)
            assert len(placed) == 2
            await centre.until(lambda: len(centre.facts(CallNotReached)) == 2, what="both told")
            states = [fact.state for fact in centre.facts(AgentChanged, agent_id=FIRST)]
            assert AgentState.PAUSED not in states[states.index(AgentState.READY) :], "no RONA"

            # Refused, then forgotten by nobody.
            second = await at.asked()
            call = await provider.next(IncomingCall)
            provider.do(provider.stack.reject(call.leg, 486, provider.now))
            busy = await centre.told(CallbackUnreached, 0, callback_id=second)
            assert busy.why is CallbackFailure.BUSY
            killed = centre.mark()
            await centre.replaced("core", centre.kill("core"))
            await centre.ready()
            again = await centre.told(CallbackQueued, killed, callback_id=second)
            assert again.tries == 1
            assert len(centre.facts(CallbackQueued, killed, callback_id=second)) == 1
            removed = await at.web.delete(f"/api/v1/callbacks/{second}")
            assert removed.status_code == 200, removed.text
            await at.shows()
            assert (await at.web.delete(f"/api/v1/callbacks/{second}")).status_code == 404
