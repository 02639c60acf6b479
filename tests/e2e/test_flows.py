"""Callers in flows of a served centre: by keys, by tone, by what the journal says of them.

Each test puts its own flow behind the line 8001 and has the running centre take it up.
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest

from acd.events import CallQueued
from desk.events import TaskOpened
from ivr.events import (
    CallbackAsked,
    CallerSent,
    DigitsEntered,
    FlowEnded,
    FlowStarted,
    LookupEnded,
    MenuChosen,
    SpeechSettled,
    SurveyAnswered,
    VoicemailLeft,
    VoicemailStarted,
)
from telephony.calls.events import CallBridged, CallEnded, EndedBy, GuestJoined
from tests.support.centre import ROOT, Centre, Screen, served
from tests.support.desk_phone import DeskCall
from tests.support.media_phone import loudness
from tests.support.programs import find_free_port
from tests.support.tones import tone

pytestmark = pytest.mark.e2e

CRM = find_free_port()
CHANGES = {
    "timezone": "Asia/Shanghai",
    "hours": {"always": {"mon-sun": ["00:00-24:00"]}},
    "lookups": {"hosts": [f"127.0.0.1:{CRM}"]},
    "vip": {"gold": ["+8613900000001"]},
    "order": {"tiers": {"gold": 60}},
    "queues": {"orders": {"announce_agent": False, "survey": "survey"}},
}
SURVEY = """\
start: ask
nodes:
  ask: {do: survey, questions: [attitude, clarity], thanks: {en: Thanks.}, next: end}
  end: {do: hangup, reason: survey}
"""
ENDS = "  end: {do: queue, queue: orders}\n  bye: {do: hangup, reason: bye}\n"


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[Centre]:
    folder = tmp_path_factory.mktemp("centre")
    with served(folder, shared, CHANGES, flows={"survey": SURVEY}) as centre:
        yield centre


def reload(centre: Centre) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "callcenter", "reload", str(centre.folder)],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


async def put(centre: Centre, nodes: str, head: str = "") -> None:
    """By core's signal; what `callcenter reload` does more than that has its own tests."""
    text = f"start: a\n{head}\nnodes:\n{ENDS}{nodes}"
    file = centre.folder / "flows" / "spoken.yaml"
    await asyncio.to_thread(file.write_text, text)
    before = taken_up(centre)
    os.kill(centre.pid("core"), signal.SIGHUP)
    await centre.until(lambda: taken_up(centre) > before, what="the flow is taken up")


def taken_up(centre: Centre) -> int:
    return centre.said("core").count("flows taken up")


@asynccontextmanager
async def calling(
    centre: Centre, number: str = "13900000001"
) -> AsyncIterator[tuple[DeskCall, int]]:
    before = centre.mark()
    async with centre.phone(number) as phone:
        call = phone.dial("8001")
        await call.answered()
        yield call, before
        call.hang_up()
        await centre.told(CallEnded, before)


async def press(call: DeskCall, keys: str) -> None:
    for key in keys:
        call.press(key)
        await asyncio.sleep(0.3)


@asynccontextmanager
async def order_system(answer: bytes) -> AsyncIterator[list[str]]:
    """Says the same to everybody."""
    asked: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode())
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(answer)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", CRM)
    try:
        yield asked
    finally:
        server.close()
        await server.wait_closed()


async def test_number_is_keyed_looked_up_and_the_sentence_made_for_the_caller(
    centre: Centre,
) -> None:
    await put(
        centre,
        "  a: {do: digits, prompt: greeting, into: order, min: 4, max: 8, next: b, default: bye}\n"
        f"  b: {{do: lookup, url: 'http://127.0.0.1:{CRM}/orders/{{order}}', next: c,"
        " query: {who: caller.tier}, into: {price: price}, failed: bye}\n"
        "  c: {do: branch, when: [{if: price > 10, next: d}], default: bye}\n"
        "  d: {do: say, say: 'Your order {order:digits} costs {price:money}.', next: end}\n",
        "variables: {order: digits, price: number}",
    )
    async with order_system(b'{"price": 12.5}') as asked, calling(centre) as (call, before):
        await press(call, "1234#")
        await centre.told(DigitsEntered, before, accepted=True)
        found = await centre.told(LookupEnded, before)
        assert found.outcome == "found"
        assert asked == ["/orders/1234?who=gold"]
        queued = await centre.told(CallQueued, before)
        assert queued.tier == "gold"
        [ended] = centre.facts(FlowEnded, before)
        assert ended.path == ("a", "b", "c", "d", "end")
    heard = np.frombuffer(call.heard, "<i2").astype(np.float64)
    assert float(np.abs(heard).mean()) > 20, "the sentence was spoken"


async def test_order_system_that_is_away_costs_a_moment(centre: Centre) -> None:
    await put(
        centre,
        f"  a: {{do: lookup, url: 'http://127.0.0.1:{CRM}/x', timeout_s: 2, next: bye,"
        " failed: end}\n",
    )
    async with calling(centre) as (_, before):
        assert (await centre.told(LookupEnded, before)).outcome in ("failed", "timed_out")
        await centre.told(CallQueued, before)


async def test_message_is_recorded_and_ends_when_the_caller_is_silent(centre: Centre) -> None:
    await put(
        centre,
        "  a: {do: voicemail, box: sales, greeting: choices, silence_s: 2, next: bye,"
        " thanks: greeting}\n",
    )
    async with calling(centre) as (call, before):
        await call.hears(880, 0.1)
        call.play(tone(1000, 2.0))
        left = await centre.told(VoicemailLeft, before)
        ended = await centre.told(CallEnded, before)
        assert ended.by is EndedBy.CENTRE
    assert left.box == "sales"
    assert 3.0 < left.seconds < 8.0
    [file] = (centre.folder / "data" / "recordings").glob(f"*/{left.voicemail_id}.wav")
    pcm = np.frombuffer(await asyncio.to_thread(file.read_bytes), "<i2")[22:]
    assert loudness(pcm[::2], 1000) > 250


async def test_message_of_who_hangs_up_is_kept(centre: Centre) -> None:
    await put(centre, "  a: {do: voicemail, greeting: choices, silence_s: 60, next: bye}\n")
    async with calling(centre) as (call, before):
        await call.hears(880, 0.1)
        call.play(tone(1000, 5.0))
        await asyncio.sleep(2.0)
    left = await centre.told(VoicemailLeft, before)
    assert left.box == "spoken"
    assert left.seconds > 1.0


async def hear_emergency(centre: Centre) -> None:
    before = centre.mark()
    async with centre.phone("13900000001") as phone:
        call = phone.dial("8001")
        await call.answered()
        reason = "emergency announcement"
        ended = await centre.told(CallEnded, before, reason=reason)
        heard = np.frombuffer(call.heard, "<i2").astype(np.float64)
    assert ended.by is EndedBy.CENTRE
    assert float(np.abs(heard).mean()) > 20, "the words were spoken"
    assert centre.facts(FlowStarted, before) == []


async def declare_emergency(web: httpx.AsyncClient, board: Screen) -> None:
    words = {"en": "There is a fire in the building.", "zh": "大楼发生火灾。"}
    answer = await web.post("/api/v1/emergency", json={"text": words, "then": "hang_up"})
    assert (answer.status_code, answer.json()["lacks"]) == (200, [])
    await board.shows(lambda state: state["emergency"] == words)


async def end_emergency(web: httpx.AsyncClient, board: Screen) -> None:
    assert (await web.request("DELETE", "/api/v1/emergency")).status_code == 200
    await board.shows(lambda state: state["emergency"] is None)


async def test_emergency_announcement_and_a_message_outlive_the_core(centre: Centre) -> None:
    """The announcement comes before any flow. The message's recording goes on in media; the next
    core closes it and opens the task. One core dies for both: a new one takes its time."""
    await put(
        centre, "  a: {do: voicemail, box: orders, greeting: choices, silence_s: 60, next: bye}\n"
    )
    async with centre.web() as web, centre.board() as board:
        async with calling(centre) as (call, before):
            await centre.told(VoicemailStarted, before)
            call.play(tone(1000, 5.0))
            await declare_emergency(web, board)
            await hear_emergency(centre)
            await centre.replaced("core", centre.kill("core"))
        task = await centre.told(TaskOpened, before)
        assert (task.kind, task.queue, task.line) == ("voicemail", "orders", "8001")
        await centre.until_ok(lambda: web.get(f"/api/v1/tasks/{task.task_id}"))
        audio = await web.get(f"/api/v1/tasks/{task.task_id}/audio")
        assert audio.status_code == 200
        await hear_emergency(centre)
        await end_emergency(web, board)
    async with calling(centre) as (_, before):
        await centre.told(FlowStarted, before)


async def test_caller_is_sent_to_an_agents_phone(centre: Centre) -> None:
    await put(centre, "  a: {do: transfer, to: '1001', prompt: choices, failed: end}\n")
    async with centre.agent(1) as agent, calling(centre) as (call, before):
        incoming = await agent.rings()
        incoming.accept()
        await centre.told(GuestJoined, before)
        call.play(tone(1000, 180))
        incoming.play(tone(1200, 180))
        await incoming.hears(1000, 0.5)
        await call.hears(1200, 0.5)
        assert (await centre.told(CallerSent, before)).outcome == "done"
        incoming.hang_up()
        await centre.told(CallEnded, before)


async def test_agents_phone_that_refuses_leaves_the_caller_in_the_flow(centre: Centre) -> None:
    await put(centre, "  a: {do: transfer, to: '1001', failed: end}\n")
    async with centre.agent(1) as agent, calling(centre) as (_, before):
        incoming = await agent.rings()
        incoming.reject(486)
        assert (await centre.told(CallerSent, before)).outcome == "failed"
        await centre.told(CallQueued, before)


async def test_without_a_speech_model_callers_fall_back_to_keys(centre: Centre) -> None:
    await put(
        centre,
        "  a: {do: ask, prompt: greeting, default: b,"
        " choices: {x: {words: {en: [order]}, next: end}}}\n"
        "  b: {do: menu, prompt: choices, keys: {1: c}, default: bye}\n"
        "  c: {do: callback, queue: orders, offer: choices, thanks: greeting, next: bye,"
        " declined: end}\n",
    )
    async with calling(centre) as (call, before):
        settled = await centre.told(SpeechSettled, before)
        assert settled.outcome in ("unavailable", "fell_back")
        await press(call, "1")
        await centre.told(MenuChosen, before)
        await press(call, "1")
        await asyncio.sleep(1.0)
        await press(call, "1")
        asked = await centre.told(CallbackAsked, before)
        assert asked.queue == "orders"


async def test_survey_follows_the_talk(centre: Centre) -> None:
    await put(centre, "  a: {do: say, prompt: greeting, next: end}\n")
    async with centre.agent(1) as agent, calling(centre) as (call, before):
        incoming = await agent.rings()
        incoming.accept()
        await centre.told(CallBridged, before)
        incoming.hang_up()
        await centre.told(FlowStarted, before, flow="survey")
        await press(call, "5")
        await centre.told(SurveyAnswered, before, question="attitude")
        await press(call, "4")
        await centre.told(CallEnded, before)
    answers = {one.question: one.score for one in centre.facts(SurveyAnswered, before)}
    assert answers == {"attitude": 5, "clarity": 4}
    assert {one.agent_id for one in centre.facts(SurveyAnswered, before)} == {"agent0001"}


async def test_flow_with_an_error_is_refused_and_the_old_one_goes_on(centre: Centre) -> None:
    await put(centre, "  a: {do: say, prompt: greeting, next: end}\n")
    file = centre.folder / "flows" / "spoken.yaml"
    good = await asyncio.to_thread(file.read_text)
    await asyncio.to_thread(file.write_text, good.replace("next: end", "next: nowhere"))
    done = await asyncio.to_thread(reload, centre)
    assert done.returncode == 1
    assert "flows/spoken.yaml:6: nodes.a.next: no node is called 'nowhere'" in done.stderr
    await asyncio.to_thread(file.write_text, good)
    async with calling(centre) as (_, before):
        await centre.told(CallQueued, before)


@pytest.mark.parametrize("way", ["command", "signal"])
async def test_changed_flow_is_taken_up(centre: Centre, way: str) -> None:
    await put(centre, "  a: {do: say, prompt: greeting, next: end}\n")
    if way == "signal":
        await put(centre, "  a: {do: say, prompt: greeting, next: bye}\n")
    else:
        file = centre.folder / "flows" / "spoken.yaml"
        text = await asyncio.to_thread(file.read_text)
        await asyncio.to_thread(
            file.write_text, text.replace("greeting, next: end", "greeting, next: bye")
        )
        done = await asyncio.to_thread(reload, centre)
        assert done.returncode == 0, done.stderr
    async with calling(centre) as (_, since):
        await centre.told(CallEnded, since, reason="bye")


async def test_talk_that_a_flow_has_begun_outlives_core(centre: Centre) -> None:
    await put(centre, "  a: {do: transfer, to: '1001', prompt: choices, failed: end}\n")
    async with centre.agent(1) as agent, calling(centre) as (call, before):
        incoming = await agent.rings()
        incoming.accept()
        await centre.told(CallerSent, before)
        call.play(tone(1000, 180))
        incoming.play(tone(1200, 180))
        await incoming.hears(1000, 0.5)
        await centre.replaced("core", centre.kill("core"))
        await centre.ready()
        at_s = call.heard_s
        await call.hears(1200, 1.0, since_s=at_s)
        assert call.heard_tone_s(300, at_s) == 0, "no menu begins anew"
        incoming.hang_up()
        await centre.told(CallEnded, before)
