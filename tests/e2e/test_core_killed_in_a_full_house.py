"""Twenty talk and twenty wait, and core is killed: the old calls are calls like all others.

Eighteen of the talks and of those who wait are the load generator's, which counts every frame of
voice; it has a queue for agents who hang up and one for callers who do. The others are phones with
keys: they hold, hand over and hang up what began before the kill.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from acd.events import AgentAnswered, AgentChanged, AgentOffered, CallLost, CallQueued, TalkTaken
from callcenter.events import CallSentOn
from foundation.ids import AgentId, CallId
from telephony.calls.events import CallArrived, CallBridged, CallEnded, CallHeld, CallResumed
from tests.e2e.test_core_killed_under_load import settled
from tests.support.centre import Centre, Tones, identity_gap, served
from tests.support.desk_phone import DeskCall, DeskPhone
from tests.support.load_generator import RTP_BASE, WAYS, hotline_load
from tests.support.tones import tone

pytestmark = [pytest.mark.e2e, pytest.mark.alone]

SHARE = 9
"Talks, and callers who wait, of each of the two generators."
BY_AGENT, BY_CALLER, BY_KEY = "orders", "brisk", "impatient"
KEYS = {BY_AGENT: "1", BY_CALLER: "2", BY_KEY: "3"}
AGENTS_OF = {BY_AGENT: range(1, 10), BY_CALLER: range(10, 19), BY_KEY: range(19, 21)}
HELPER = 21
"In no queue, so that nobody else is offered."
TALKING = WAITING = 20


def desk(queue: str) -> str:
    """The skill that keeps the queues' agents apart."""
    return f"{queue}_desk"


CHANGES = {
    "agents": [
        {
            "id": f"agent{n:04d}", "name": f"Agent {n}", "sip_password": f"pw{n:04d}",
            "number": str(1000 + n),
            "skills": {"orders": 5, **{desk(q): 5 for q in KEYS if n in AGENTS_OF[q]}},
        }
        for n in range(1, HELPER + 1)
    ],
    "queues": {
        queue: {
            "skills": {desk(queue): 1}, "announce_agent": False, "ring_s": 15, "max_wait_s": 600,
            "number": f"700{key}",
        }
        for queue, key in KEYS.items()
    },
}  # fmt: skip


@pytest.fixture
def centre(tmp_path: Path, shared: Path) -> Iterator[Centre]:
    with served(tmp_path / "centre", shared, CHANGES) as centre:
        yield centre


def generator(centre: Centre, queue: str, hangup: str, number: int) -> "asyncio.Task[Any]":
    options = (
        "--dtmf", KEYS[queue], "--agents", str(SHARE), "--agent-first", str(AGENTS_OF[queue][0]),
        "--calls", str(2 * SHARE), "--rate", "8", "--talk-ms", "20000", "--hangup", hangup,
        "--rtp-base", str(RTP_BASE + number * 160), "--rtp-max", "80",
        "--caller-fmt", f"caller{number}%04d",
    )  # fmt: skip
    return asyncio.create_task(hotline_load(centre, *options, within_s=120))


@dataclass
class Keys:
    """The two talks whose phones have keys, and the two callers who wait for these agents."""

    agents: dict[AgentId, DeskPhone]
    helper: DeskPhone
    callers: list[DeskCall]
    talks: list[tuple[AgentId, DeskCall]]
    "Agent and leg, in the callers' order."


@asynccontextmanager
async def phones_with_keys(centre: Centre) -> AsyncIterator[Keys]:
    before = centre.mark()
    async with AsyncExitStack() as stack:
        numbers = AGENTS_OF[BY_KEY]
        phones = [await stack.enter_async_context(centre.agent(n)) for n in numbers]
        agents = {AgentId(phone.options.user): phone for phone in phones}
        helper = await stack.enter_async_context(centre.agent(HELPER))
        callers, talks = [], []
        for n in range(4):
            phone = await stack.enter_async_context(centre.phone(f"1008{n}"))
            call = phone.dial("8000")
            await call.answered()
            call.press(KEYS[BY_KEY])
            call.play(tone(Tones.CALLER, 60))
            callers.append(call)
            await centre.until(
                lambda n=n: len(centre.facts(CallQueued, before, queue=BY_KEY)) == n + 1  # type: ignore[misc]  # early binding
            )
            if n < 2:
                await centre.until(
                    lambda n=n: len(centre.facts(AgentOffered, before, queue=BY_KEY)) == n + 1  # type: ignore[misc]  # early binding
                )
                offered = centre.facts(AgentOffered, before, queue=BY_KEY)[n]
                talks.append((offered.agent_id, await answered_by(agents[offered.agent_id])))
        yield Keys(agents, helper, callers, talks)


async def answered_by(phone: DeskPhone) -> DeskCall:
    call = await phone.rings()
    call.accept()
    call.play(tone(Tones.AGENT, 60))
    return call


async def shown(centre: Centre) -> dict[str, Any]:
    """What must be the same before and after: agents and their clocks, queues and their counts."""
    async with centre.web() as web:
        agents = (await web.get("/api/v1/agents")).json()
        queues = (await web.get("/api/v1/queues")).json()
    names = ("offered", "answered", "abandoned", "overflowed", "lost", "waiting")
    return {
        "agents": [(each["id"], each["state"], each["since"], each["call_id"]) for each in agents],
        "queues": {each["id"]: [each[name] for name in names] for each in queues},
    }


async def longest_waits(centre: Centre) -> dict[str, float]:
    async with centre.web() as web:
        queues = (await web.get("/api/v1/queues")).json()
    return {each["id"]: each["longest_wait_s"] for each in queues}


async def test_twenty_talks_and_twenty_who_wait_are_as_they_were(centre: Centre) -> None:
    before = centre.mark()
    async with phones_with_keys(centre) as keys:
        loads = [
            generator(centre, BY_AGENT, "agent", 0),
            generator(centre, BY_CALLER, "caller", 1),
        ]
        await centre.until(lambda: len(centre.facts(CallBridged, before)) == TALKING, 20)
        await centre.until(lambda: len(centre.facts(CallQueued, before)) == TALKING + WAITING, 20)
        at_kill, waits, began = await shown(centre), await longest_waits(centre), now()
        killed = centre.mark()
        await centre.replaced("core", centre.kill("core"))
        await centre.ready()
        after, waits_after = await shown(centre), await longest_waits(centre)
        passed_s = now() - began

        assert after == at_kill
        assert [each[1] for each in after["agents"]].count("talking") == TALKING
        assert centre.facts(AgentChanged, killed) == []
        for queue, wait_s in waits.items():
            assert waits_after[queue] == pytest.approx(wait_s + passed_s, abs=1.0)

        await hold_and_hand_over(centre, keys)
        await hang_up(centre, keys)
        results = await asyncio.gather(*loads)
        await settled(centre, before)
        await check_outcomes(centre, before)

    check_voice(results)
    check_places(centre, before)


def now() -> float:
    return asyncio.get_running_loop().time()


async def hold_and_hand_over(centre: Centre, keys: Keys) -> None:
    """The first talk: held and resumed by re-INVITE, sent on by REFER, ended by who has it then."""
    (agent_id, leg), caller, before = keys.talks[0], keys.callers[0], centre.mark()
    phone = keys.agents[agent_id]
    phone.hold(leg)
    await caller.hears(Tones.MUSIC, since_s=caller.heard_s)
    await centre.told(CallHeld, before)
    phone.resume(leg)
    await caller.hears(Tones.AGENT, since_s=caller.heard_s)
    await centre.told(CallResumed, before)
    transfer = phone.refer(leg, str(1000 + HELPER))
    helper = await answered_by(keys.helper)
    assert await transfer.over() == 200
    await helper.hears(Tones.CALLER)
    await asyncio.wait_for(leg.over(), 20)
    await centre.told(TalkTaken, before, agent_id=keys.helper.options.user)
    helper.hang_up()
    end = await asyncio.wait_for(caller.over(), 20)
    assert not end.by_us
    # The agent is free: who waits longest is next.
    again = await answered_by(phone)
    await again.hears(Tones.CALLER)
    again.hang_up()
    assert not (await asyncio.wait_for(keys.callers[2].over(), 20)).by_us


async def hang_up(centre: Centre, keys: Keys) -> None:
    """The second talk: ended by its caller. The last one goes back to the queue by its number."""
    (_, leg), caller = keys.talks[1], keys.callers[1]
    caller.hang_up()
    assert not (await asyncio.wait_for(leg.over(), 20)).by_us
    first = keys.talks[0][0]  # was freed before, so the last caller rings there
    last = await answered_by(keys.agents[first])
    await last.hears(Tones.CALLER)
    before = centre.mark()
    assert await keys.agents[first].refer(last, f"700{KEYS[BY_KEY]}").over() == 200
    await centre.told(CallSentOn, before, to=f"queue:{BY_KEY}")
    (again,) = [fact.call_id for fact in centre.facts(CallQueued, before)]
    offered = await centre.told(AgentOffered, before, call_id=again)
    taken = await answered_by(keys.agents[offered.agent_id])
    await taken.hears(Tones.CALLER)
    assert offered.queue == BY_KEY
    keys.callers[3].hang_up()
    assert not (await asyncio.wait_for(taken.over(), 20)).by_us


async def check_outcomes(centre: Centre, before: int) -> None:
    async with centre.web() as web:
        queues = (await web.get("/api/v1/queues")).json()
        states = [each["state"] for each in (await web.get("/api/v1/agents")).json()]
    assert [identity_gap(each) for each in queues] == [0, 0, 0]
    totals = {name: sum(each[name] for each in queues) for name in ("offered", "answered", "lost")}
    sent_back = 1
    visits = TALKING + WAITING + sent_back
    assert totals == {"offered": visits, "answered": visits, "lost": 0}
    assert "talking" not in states
    arrived = sorted(fact.call_id for fact in centre.facts(CallArrived, before))
    assert sorted(fact.call_id for fact in centre.facts(CallEnded, before)) == arrived
    assert len(arrived) == len(set(arrived)) == TALKING + WAITING
    assert centre.facts(CallLost, before) == []
    assert len(centre.facts(AgentAnswered, before)) == visits


def check_voice(results: list[dict[str, Any]]) -> None:
    for result in results:
        assert result["calls"]["ok"] == 2 * SHARE, result["outcomes"]
        assert sum(result["audio"].values()) == 0, result["audio"]
        if result["generator"]["socket_drops"] == 0:
            lost = {way: result["media"][way]["frames_lost"] for way in WAYS}
            assert lost == dict.fromkeys(WAYS, 0)


def check_places(centre: Centre, before: int) -> None:
    """Who came first was offered first, in each queue."""
    for queue in KEYS:
        came = _once([fact.call_id for fact in centre.facts(CallQueued, before, queue=queue)])
        offered = _once([fact.call_id for fact in centre.facts(AgentOffered, before, queue=queue)])
        assert offered == came


def _once(call_ids: list[CallId]) -> list[CallId]:
    return list(dict.fromkeys(call_ids))
