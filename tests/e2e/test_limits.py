"""Which calls a served centre refuses, and what it does about phones that vanish."""

import asyncio
import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from acd.events import AgentAnswered, AgentChanged, AgentState, CallLost, TalkEnded
from callcenter.demo.phone_call import CallFailed
from recordings.events import RecordingEnded
from telephony.calls.events import (
    CallArrived,
    CallBridged,
    CallEnded,
    CallRefused,
    EndedBy,
    LegEnded,
)
from tests.support.centre import Centre, Tones, served
from tests.support.desk_phone import DeskCall, DeskPhone
from tests.support.tones import tone

pytestmark = pytest.mark.e2e

LOST_AFTER_S = 2.0
TRUNK, STRANGER = "127.0.0.2", "127.0.0.3"
CHANGES = {
    "media": {"limits": {"lost_after_s": LOST_AFTER_S}},
    "lines": [
        {"number": "8000", "flow": "main"},
        {"number": "9001", "flow": "echo", "channels": 1},
        {"number": "9002", "flow": "echo", "max_call_s": 1},
        {"number": "9196", "flow": "echo"},
    ],
    "trunks": [
        {"name": "here", "addresses": ["127.0.0.1"]},
        {"name": "other", "addresses": [f"{TRUNK}/32"], "channels": 1, "numbers": ["9196"]},
    ],
    "limits": {"calls_per_caller": 2, "calls_per_caller_per_minute": 3},
}


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[Centre]:
    with served(tmp_path_factory.mktemp("limits"), shared, CHANGES) as centre:
        yield centre


async def taken_in(phone: DeskPhone, number: str) -> DeskCall:
    call = phone.dial(number)
    await asyncio.wait_for(call.answered(), 20)
    return call


async def refused(centre: Centre, phone: DeskPhone, number: str, status: int) -> str:
    """The rule that refused it, as the journal has it."""
    before = centre.mark()
    with pytest.raises(CallFailed, match=str(status)):
        await taken_in(phone, number)
    fact = await centre.told(CallRefused, before)
    await centre.told(CallEnded, before, call_id=fact.call_id, by=EndedBy.CENTRE)
    assert fact.status == status
    assert f"[{fact.call_id}] - CallRefused {status}: {fact.rule}" in centre.said("core")
    return fact.rule


async def test_busy_line_is_refused_with_486_until_it_is_free(centre: Centre) -> None:
    before = centre.mark()
    async with centre.phone("20001") as one, centre.phone("20002") as two:
        call = await taken_in(one, "9001")
        assert await refused(centre, two, "9001", 486) == "line channels: 9001 has 1"
        call.hang_up()
        await centre.told(CallEnded, before, by=EndedBy.CALLER)
        await taken_in(two, "9001")


async def test_caller_has_so_many_calls_at_once_and_in_a_minute(centre: Centre) -> None:
    async with centre.phone("20003") as caller:
        calls = [await taken_in(caller, "9196") for _ in range(2)]
        assert await refused(centre, caller, "9196", 486) == "calls per caller"
        for call in calls:
            before = centre.mark()
            call.hang_up()
            await centre.told(CallEnded, before, by=EndedBy.CALLER)
        await taken_in(caller, "9196")
        assert await refused(centre, caller, "9196", 486) == "calls per caller per minute"


async def test_trunk_calls_its_own_lines_on_its_own_channels(centre: Centre) -> None:
    before = centre.mark()
    async with (
        centre.phone("20004", local_ip=TRUNK) as one,
        centre.phone("20005", local_ip=TRUNK) as two,
    ):
        await taken_in(one, "9196")
        assert await refused(centre, two, "9196", 503) == "trunk channels: other has 1"
        assert await refused(centre, two, "8000", 403) == "trunk number: other may not call 8000"
    assert {fact.trunk for fact in centre.facts(CallArrived, before)} == {"other"}


async def test_stranger_is_refused_and_a_phone_of_ours_is_not(centre: Centre) -> None:
    async with centre.phone("20006", local_ip=STRANGER) as stranger:
        assert await refused(centre, stranger, "9196", 403) == "unknown trunk"
    async with centre.agent(1, local_ip=STRANGER) as agent, centre.phone("20012") as caller:
        await taken_in(agent, "9196")
        await taken_in(caller, "9196")
    async with centre.web() as client:
        metrics = (await client.get("/metrics")).text
    assert 'callcenter_calls_refused_total{rule="unknown trunk"}' in metrics
    assert 'callcenter_trunk_calls_total{trunk="here"}' in metrics


async def test_call_that_lasts_too_long_is_hung_up_and_says_why(centre: Centre) -> None:
    before = centre.mark()
    async with centre.phone("20007") as caller:
        call = await taken_in(caller, "9002")
        end = await asyncio.wait_for(call.over(), 20)
        ended = await centre.told(CallEnded, before)
    assert not end.by_us
    assert (ended.by, ended.reason) == (EndedBy.CENTRE, "maximum call length")


async def bridged(centre: Centre, caller: DeskPhone, agent: DeskPhone) -> tuple[DeskCall, DeskCall]:
    before = centre.mark()
    out = await taken_in(caller, "8000")
    out.press("1")
    incoming = await agent.rings()
    incoming.accept()
    await centre.told(CallBridged, before)
    return out, incoming


async def check_cleared_up(centre: Centre, before: int, agent_id: str = "agent0001") -> None:
    """The agent is free, both legs have ended and the recording is whole."""
    await centre.told(TalkEnded, before, agent_id=agent_id)
    recorded = await centre.told(RecordingEnded, before)
    assert recorded.complete
    assert recorded.duration_s > 1.0
    await centre.until(lambda: len(centre.facts(LegEnded, before)) == 2)
    assert len(centre.facts(AgentAnswered, before)) == 1
    assert centre.facts(CallLost, before) == []
    last = centre.facts(AgentChanged, before, agent_id=agent_id)[-1]
    assert last.state is AgentState.READY


async def test_caller_who_vanishes_in_a_talk_frees_the_agent(centre: Centre) -> None:
    before = centre.mark()
    async with centre.agent(1) as agent, centre.phone("20008") as caller:
        _, incoming = await bridged(centre, caller, agent)
        await incoming.play(tone(Tones.AGENT, 1.0))
        caller.vanish()
        assert not (await asyncio.wait_for(incoming.over(), 20)).by_us
        ended = await centre.told(CallEnded, before)
        await check_cleared_up(centre, before)
    assert (ended.by, ended.reason) == (EndedBy.FAULT, "no audio came any more")


async def test_agent_who_vanishes_in_a_talk_is_free_and_the_callers_call_closed(
    centre: Centre,
) -> None:
    before = centre.mark()
    async with centre.agent(2) as agent, centre.phone("20009") as caller:
        out, _ = await bridged(centre, caller, agent)
        await out.play(tone(Tones.CALLER, 1.0))
        agent.vanish()
        assert not (await asyncio.wait_for(out.over(), 20)).by_us
        ended = await centre.told(CallEnded, before)
        await check_cleared_up(centre, before, "agent0002")
    # The phone is registered until its time runs out; the tests that follow can do without it.
    async with centre.web() as client:
        sent = await client.post("/api/v1/agents/agent0002/state", json={"state": "off"})
        assert sent.status_code == 200
    assert (ended.by, ended.reason) == (
        EndedBy.FAULT,
        "the agent's phone: no audio came any more",
    )


async def test_each_call_of_the_day_has_one_record_with_what_became_of_it(centre: Centre) -> None:
    async with centre.phone("20010", local_ip=STRANGER) as stranger:
        await refused(centre, stranger, "8000", 403)
    before = centre.mark()
    async with centre.agent(1) as agent, centre.phone("20011") as caller:
        out, incoming = await bridged(centre, caller, agent)
        await asyncio.gather(
            out.play(tone(Tones.CALLER, 1.2)), incoming.play(tone(Tones.AGENT, 1.2))
        )
        out.hang_up()
        await centre.told(RecordingEnded, before)
        await centre.until(lambda: len(centre.facts(LegEnded, before)) == 2)
    async with centre.web() as client:
        answer = await client.get("/api/v1/records.csv")
    assert answer.status_code == 200
    rows = {row["call_id"]: row for row in csv.DictReader(io.StringIO(answer.text))}
    arrived = centre.facts(CallArrived)
    assert len(arrived) == len(rows) == len(answer.text.splitlines()) - 1
    for refusal in centre.facts(CallRefused):
        row = rows[refusal.call_id]
        assert (row["outcome"], row["refused_rule"]) == ("refused", refusal.rule)
        assert row["refused_status"] == str(refusal.status)
    for bridge in centre.facts(CallBridged):
        row = rows[bridge.call_id]
        assert (row["outcome"], row["agent"], row["queue"]) == (
            "answered",
            bridge.agent_id,
            "orders",
        )
        assert float(row["talk_s"]) > 1
        assert int(row["caller_packets_received"]) > 50
        assert int(row["agent_packets_received"]) > 50
        assert row["recordings"].startswith("r-")
    strangers = [row for row in rows.values() if row["refused_rule"] == "unknown trunk"]
    assert {row["caller"] for row in strangers} == {"anonymous"}
    assert "20011" in {row["caller"] for row in rows.values()}
