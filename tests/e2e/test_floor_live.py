"""The floor changed by hand while callers wait: skills, order, queue, configuration."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from acd.events import (
    AgentAnswered,
    AgentChanged,
    AgentOffered,
    AgentState,
    CallOverflowed,
    CallQueued,
    OfferFailed,
    OfferFailure,
    OverflowCause,
)
from callcenter.demo.softphone import PhoneOptions
from callcenter.events import ActionTaken
from foundation.ids import CallId
from telephony.calls.events import CallBridged, CallEnded
from tests.support.centre import Centre, Tones, served
from tests.support.desk_phone import DeskCall, DeskPhone
from tests.support.tones import tone
from wallboard.events import DirectoryChanged

pytestmark = pytest.mark.e2e

RINGS_ALL = {"strategy": "ring_all", "ring_s": 30.0, "announce_agent": False}
SPECIAL = {
    "queues": {
        "impatient": {"skills": {"special": 1}, "max_wait_s": 60.0},
        "brisk": RINGS_ALL,
    }
}
"Key 3 leads to a queue one of whose skills nobody has, key 2 to one that rings all."


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[Centre]:
    with served(tmp_path_factory.mktemp("centre"), shared, SPECIAL) as centre:
        yield centre


async def wait_in_queue(centre: Centre, caller: DeskPhone, key: str) -> CallId:
    before = centre.mark()
    call = caller.dial("8000")
    await call.answered()
    call.press(key)
    return (await centre.told(CallQueued, before)).call_id


async def test_agent_who_learns_the_skill_is_offered_who_waits_and_knows_it_after_a_kill(
    centre: Centre,
) -> None:
    async with centre.phone() as caller, centre.agent(1) as agent, centre.web() as web:
        before = centre.mark()
        first = await wait_in_queue(centre, caller, "3")
        assert centre.facts(AgentOffered, before) == []
        answer = await web.put("/api/v1/agents/agent0001/skills", json={"orders": 5, "special": 4})
        (await agent.rings()).accept()
        await centre.told(CallBridged, before, call_id=first)
        await centre.until_ok(lambda: web.post(f"/api/v1/calls/{first}/hangup"))
        await centre.told(CallEnded, before, call_id=first)
        pid = centre.kill("core")
        await centre.replaced("core", pid)
        await centre.ready()
        second = await wait_in_queue(centre, caller, "3")
        (await agent.rings()).accept()
        await centre.told(AgentAnswered, before, call_id=second, agent_id="agent0001")
        await centre.until_ok(lambda: web.post(f"/api/v1/calls/{second}/hangup"))

    assert answer.status_code == 200, answer.text
    audit = centre.facts(ActionTaken, before, action="agent changed")
    assert [(one.by, one.target) for one in audit] == [("sue", "agent0001")]


async def test_promoted_caller_is_served_first(centre: Centre) -> None:
    async with centre.phone() as one, centre.phone() as other, centre.web() as web:
        before = centre.mark()
        early = await wait_in_queue(centre, one, "1")
        late = await wait_in_queue(centre, other, "1")
        answer = await web.post(f"/api/v1/calls/{late}/priority", json={"priority": "P0"})
        async with centre.agent(2) as agent:
            (await agent.rings()).accept()
            answered = await centre.told(AgentAnswered, before)
        for call_id in (early, late):
            await web.post(f"/api/v1/calls/{call_id}/hangup")
        await centre.told(CallEnded, before, call_id=early)

    assert answer.json() == {"call_id": late, "priority": "P0", "tier": ""}
    assert answered.call_id == late


async def test_moved_caller_is_answered_in_the_other_queue(centre: Centre) -> None:
    async with centre.phone() as caller, centre.agent(3) as agent, centre.web() as web:
        before = centre.mark()
        call_id = await wait_in_queue(centre, caller, "3")
        answer = await web.post(f"/api/v1/calls/{call_id}/move", json={"queue": "orders"})
        (await agent.rings()).accept()
        answered = await centre.told(AgentAnswered, before)
        await centre.told(CallBridged, before)
        await centre.until_ok(lambda: web.post(f"/api/v1/calls/{call_id}/hangup"))
        await centre.told(CallEnded, before)

    assert answer.status_code == 200, answer.text
    assert (answered.queue, answered.agent_id) == ("orders", "agent0003")
    [left] = centre.facts(CallOverflowed, before)
    assert (left.cause, left.to) == (OverflowCause.MOVED, "orders")


async def test_three_phones_ring_and_the_others_stop_when_one_answers_after_a_kill_of_core(
    centre: Centre,
) -> None:
    async with (
        centre.agent(1) as one,
        centre.agent(2) as two,
        centre.agent(3) as three,
        centre.phone() as caller,
    ):
        before = centre.mark()
        call_id = await wait_in_queue(centre, caller, "2")
        [call] = caller.calls.values()
        assert isinstance(call, DeskCall)
        ringing = await asyncio.gather(*(phone.rings() for phone in (one, two, three)))
        pid = centre.kill("core")
        await centre.replaced("core", pid)
        await centre.ready()
        chosen = ringing[1]
        chosen.accept()
        ends = await asyncio.gather(ringing[0].over(), ringing[2].over())
        await centre.told(CallBridged, before, call_id=call_id)
        chosen.play(tone(Tones.AGENT, 1.0))
        await call.hears(Tones.AGENT)
        chosen.hang_up()
        await centre.told(CallEnded, before, call_id=call_id)

    assert [end.by_us for end in ends] == [False, False]
    assert [end.status for end in ends] == [487, 487]
    assert len(centre.facts(AgentOffered, before)) == 3
    failed = centre.facts(OfferFailed, before)
    assert sorted((one.agent_id, one.why) for one in failed) == [
        ("agent0001", OfferFailure.TAKEN),
        ("agent0003", OfferFailure.TAKEN),
    ]
    [answered] = centre.facts(AgentAnswered, before)
    assert answered.agent_id == "agent0002"
    paused = centre.facts(AgentChanged, before, state=AgentState.PAUSED)
    assert paused == [], "who was beaten is ready for the next"


async def command(centre: Centre, *words: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "callcenter", *words, "--dir", str(centre.folder)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode or 0, output.decode()


async def test_agent_who_is_added_takes_calls_after_a_kill_and_is_removed_when_they_are_over(
    centre: Centre,
) -> None:
    before = centre.mark()
    new = ("newcomer", "Newcomer", "1077", "--skill", "special=9", "--skill", "orders=1")
    added = await command(centre, "agent", "add", *new)
    assert added[0] == 0, added[1]
    pid = centre.kill("core")
    await centre.replaced("core", pid)
    await centre.ready()
    options = PhoneOptions(
        server=centre.sip, user="newcomer", password=added[1].split()[-1], local_ip="127.0.0.1"
    )
    async with DeskPhone.opened(options) as phone, centre.phone() as caller, centre.web() as web:
        assert isinstance(phone, DeskPhone)
        await phone.register()
        call_id = await wait_in_queue(centre, caller, "3")
        (await phone.rings()).accept()
        await centre.told(AgentAnswered, before, call_id=call_id, agent_id="newcomer")
        refused = await web.delete("/api/v1/agents/newcomer")
        await centre.until_ok(lambda: web.post(f"/api/v1/calls/{call_id}/hangup"))
        await centre.told(CallEnded, before, call_id=call_id)
        removed = await command(centre, "agent", "remove", "newcomer")
        again = await web.post(
            "/api/v1/agents", json={"id": "newcomer", "name": "Other", "number": "1078"}
        )
        agents = (await web.get("/api/v1/agents")).json()

    assert refused.status_code == 409
    assert removed[0] == 0, removed[1]
    assert again.status_code == 409
    assert "newcomer" not in [one["id"] for one in agents]
    audit = [one.action for one in centre.facts(ActionTaken, before)]
    assert audit[0] == "agent added"
    assert audit[-1] == "agent removed"


async def test_caller_is_given_to_an_agent_from_a_queue_that_came_and_goes_while_core_is_killed(
    centre: Centre,
) -> None:
    before = centre.mark()
    async with centre.phone() as caller, centre.agent(3) as agent, centre.web() as web:
        new = {"id": "night", "name": "Night", "skills": {"special": 9}}
        added = await web.post("/api/v1/queues", json=new)
        call_id = await wait_in_queue(centre, caller, "3")
        await centre.until_ok(
            lambda: web.post(f"/api/v1/calls/{call_id}/move", json={"queue": "night"})
        )
        refused = await web.delete("/api/v1/queues/night")
        leaving = await web.delete("/api/v1/queues/night?when_empty=true")
        pid = centre.kill("core")
        await centre.replaced("core", pid)
        await centre.ready()
        wish = {"agent": "agent0003"}
        await centre.until_ok(lambda: web.post(f"/api/v1/calls/{call_id}/take", json=wish))
        (await agent.rings()).accept()
        await centre.told(AgentAnswered, before, call_id=call_id, agent_id="agent0003")
        await centre.until_ok(lambda: web.post(f"/api/v1/calls/{call_id}/hangup"))
        await centre.told(CallEnded, before, call_id=call_id)
        done, wrapping_up = {"state": "ready"}, centre.mark()
        await centre.until_ok(lambda: web.post("/api/v1/agents/agent0003/state", json=done))
        await centre.told(DirectoryChanged, wrapping_up)
        back = await web.post("/api/v1/queues", json={"id": "night"})
        removed = await web.delete("/api/v1/queues/night")

    assert added.status_code == 201, added.text
    assert (refused.status_code, refused.json()["error"].count("1 waiting")) == (409, 1)
    assert leaving.json() == {"id": "night", "left": "1 waiting"}
    assert back.status_code == 201, back.text
    assert removed.json() == {"id": "night", "left": ""}
    audit = [one.action for one in centre.facts(ActionTaken, before)]
    wanted = ["queue added", "move", "queue removed", "taken"]
    assert audit[: len(wanted)] == wanted


async def reload(centre: Centre) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "callcenter", "reload", str(centre.folder)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 30)
    return process.returncode or 0, output.decode()


async def test_reload_is_refused_whole_or_taken_up_for_who_waits(centre: Centre) -> None:
    file = centre.folder / "callcenter.yaml"
    good = yaml.safe_load(file.read_text())
    async with centre.phone() as caller, centre.agent(4) as agent, centre.web() as web:
        before = centre.mark()
        call_id = await wait_in_queue(centre, caller, "3")
        good["agents"][3] |= {"name": "Dora", "skills": {"orders": 1, "special": 1}}
        file.write_text(yaml.safe_dump({**good, "auto_redy": True}))
        refused = await reload(centre)
        file.write_text(yaml.safe_dump(good))
        taken = await reload(centre)
        (await agent.rings()).accept()
        await centre.told(AgentAnswered, before, call_id=call_id, agent_id="agent0004")
        agents = (await web.get("/api/v1/agents")).json()
        await centre.until_ok(lambda: web.post(f"/api/v1/calls/{call_id}/hangup"))

    assert refused[0] == 1
    assert "auto_redy" in refused[1]
    assert taken == (0, "The agent agent0004 is changed.\n")
    assert [one["name"] for one in agents if one["id"] == "agent0004"] == ["Dora"]
