"""Talks of a served centre that go from one to the next, by tone: who hears whom at each step.

Caller 1000 Hz, first agent 1200, second agent 1400; music is at 500.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
import pytest

from acd.events import AgentChanged, AgentState, CallQueued, TalkEnded, TalkTaken
from callcenter.events import ActionTaken, CallSentOn, HandoverRefused, Wish
from foundation.ids import AgentId, CallId, QueueId
from recordings.events import RecordingEnded, RecordingStarted
from telephony.calls.events import (
    CallBridged,
    CallEnded,
    CallHeld,
    CallRefused,
    CallResumed,
    ConferenceStarted,
    GuestJoined,
    GuestLeft,
    TalkTransferred,
)
from tests.support.centre import Centre, served
from tests.support.desk_phone import DeskCall, DeskPhone
from tests.support.media_phone import loudness
from tests.support.tones import tone

pytestmark = pytest.mark.e2e

TONES_HZ = {"caller": 1000, "first": 1200, "second": 1400, "music": 500}
WINDOW = 3200
"Samples in 400 ms."
PRESENT = 250.0
"Amplitude; a tone at -26 dBFS has 2322."
FIRST, SECOND = AgentId("agent0001"), AgentId("agent0002")
ORDERS = QueueId("orders")
QUEUES = {"orders": {"number": "7001", "announce_agent": False, "wrap_up_s": 1}}


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[Centre]:
    with served(tmp_path_factory.mktemp("centre"), shared, {"queues": QUEUES}) as centre:
        yield centre


def heard_by(call: DeskCall) -> set[str]:
    """Who is heard in the last moment, however faintly."""
    pcm = np.frombuffer(call.heard, "<i2")[-WINDOW:]
    return {name for name, hz in TONES_HZ.items() if loudness(pcm, hz) > PRESENT}


def heard_in(file: Path, channel: int) -> set[str]:
    """Whose voice is in one side of a recording: 0 the caller's, 1 the agent's."""
    pcm = np.frombuffer(file.read_bytes()[44:], "<i2")[channel::2]
    pieces = [pcm[at : at + WINDOW] for at in range(0, len(pcm) - WINDOW, WINDOW)]
    return {
        name
        for name, hz in TONES_HZ.items()
        if any(loudness(piece, hz) > PRESENT for piece in pieces)
    }


@dataclass
class Talk:
    """A caller and the first agent talk; the second agent is ready. All sing on for a minute."""

    centre: Centre
    before: int
    call_id: CallId
    web: httpx.AsyncClient
    first: DeskPhone
    second: DeskPhone
    calls: dict[str, DeskCall]

    async def post(self, verb: str, to: str | None = None) -> httpx.Response:
        body = None if to is None else {"to": to}
        path = f"/api/v1/calls/{self.call_id}/{verb}"
        return await self.web.post(path, json=body)

    async def do(self, verb: str, to: str | None = None) -> None:
        answer = await self.post(verb, to)
        assert answer.status_code == 200, answer.text

    async def second_picks_up(self) -> DeskCall:
        call = await self.second.rings()
        call.accept()
        call.play(tone(TONES_HZ["second"], 180))
        self.calls["second"] = call
        return call

    async def hears(self, name: str, *sources: str) -> None:
        """Until `name` hears exactly these."""
        call, wanted = self.calls[name], set(sources)
        await self.centre.until(lambda: heard_by(call) == wanted, what=f"{name} hears {wanted}")

    async def all_hear(self, **who: str) -> None:
        for name, sources in who.items():
            await self.hears(name, *sources.split())

    async def consult(self) -> None:
        await self.do("consult", "agent0002")
        await self.second_picks_up()
        await self.centre.told(GuestJoined, self.before)
        await self.all_hear(caller="music", first="second", second="first")


@asynccontextmanager
async def talking(centre: Centre) -> AsyncIterator[Talk]:
    before = centre.mark()
    async with AsyncExitStack() as stack:
        caller = await stack.enter_async_context(centre.phone())
        first = await stack.enter_async_context(centre.agent(1))
        web = await stack.enter_async_context(centre.web())
        out = caller.dial("8000")
        await out.answered()
        out.press("1")
        incoming = await first.rings()
        incoming.accept()
        bridged = await centre.told(CallBridged, before)
        second = await stack.enter_async_context(centre.agent(2))
        out.play(tone(TONES_HZ["caller"], 180))
        incoming.play(tone(TONES_HZ["first"], 180))
        calls = {"caller": out, "first": incoming}
        talk = Talk(centre, before, bridged.call_id, web, first, second, calls)
        await talk.all_hear(caller="first", first="caller")
        yield talk
        out.hang_up()
        await centre.told(CallEnded, before, call_id=bridged.call_id)
        await centre.until(lambda: settled(centre, before), what="all recordings are closed")


def settled(centre: Centre, before: int) -> bool:
    started = {event.recording_id for event in centre.facts(RecordingStarted, before)}
    return started == {event.recording_id for event in centre.facts(RecordingEnded, before)}


# -- by command ----------------------------------------------------------------------------------


async def test_consultation_then_the_caller_is_handed_over(centre: Centre) -> None:
    async with talking(centre) as talk:
        await talk.consult()
        await talk.do("complete")
        await centre.told(TalkTaken, talk.before, agent_id=SECOND)
        await talk.all_hear(caller="second", second="caller")
        await asyncio.wait_for(talk.calls["first"].over(), 20)
        await centre.told(AgentChanged, talk.before, agent_id=FIRST, state=AgentState.WRAP_UP)
        await asyncio.sleep(0.5)
        talk.calls["second"].hang_up()
        await asyncio.wait_for(talk.calls["caller"].over(), 20)

    assert [(e.agent_id, e.queue) for e in centre.facts(TalkEnded, talk.before)] == [
        (FIRST, ORDERS),
        (SECOND, ORDERS),
    ]
    first, second = centre.facts(RecordingStarted, talk.before)
    assert (first.agent_id, second.agent_id) == (FIRST, SECOND)
    assert heard_in(centre.recording(first.file), 0) == {"caller"}
    assert "second" not in heard_in(centre.recording(first.file), 1)
    assert heard_in(centre.recording(second.file), 0) == {"caller"}
    assert heard_in(centre.recording(second.file), 1) == {"second"}
    actions = [(e.action, e.detail) for e in centre.facts(ActionTaken, talk.before)]
    assert actions == [("consult", "agent0002"), ("complete", "")]


async def test_conference_in_which_each_hears_the_two_others(centre: Centre) -> None:
    async with talking(centre) as talk:
        await talk.consult()
        await talk.do("conference")
        await centre.told(ConferenceStarted, talk.before)
        await talk.all_hear(caller="first second", first="caller second", second="caller first")
        shown = (await talk.web.get("/api/v1/agents")).json()
        assert {a["id"]: a["manner"] for a in shown}["agent0001"] == "conference"
        await asyncio.sleep(0.5)  # long enough to be found in the recording
        talk.calls["first"].hang_up()
        await centre.told(TalkTaken, talk.before, agent_id=SECOND)
        await talk.all_hear(caller="second", second="caller")

    recording = centre.facts(RecordingStarted, talk.before)[0]
    assert heard_in(centre.recording(recording.file), 0) == {"caller"}
    assert heard_in(centre.recording(recording.file), 1) == {"first", "second"}


async def test_guest_is_sent_away_and_the_talk_goes_on(centre: Centre) -> None:
    async with talking(centre) as talk:
        await talk.consult()
        await talk.do("take-back")
        await asyncio.wait_for(talk.calls["second"].over(), 20)
        await talk.all_hear(caller="first", first="caller")
        await centre.until(
            lambda: (
                centre.facts(AgentChanged, talk.before, agent_id=SECOND)[-1].state
                is AgentState.READY
            )
        )
        refused = await talk.post("take-back")

    assert (refused.status_code, refused.json()["error"]) == (
        409,
        f"There is no guest in the call {talk.call_id!r} now.",
    )
    assert centre.facts(TalkTransferred, talk.before) == []


async def test_hold_gives_the_caller_music_until_the_agent_comes_back(centre: Centre) -> None:
    async with talking(centre) as talk:
        await talk.do("hold")
        await centre.told(CallHeld, talk.before)
        await talk.all_hear(caller="music", first="")
        again = await talk.post("hold")
        await talk.do("resume")
        await centre.told(CallResumed, talk.before)
        await talk.all_hear(caller="first", first="caller")

    assert (again.status_code, again.json()["error"]) == (409, "The caller is on hold already.")


async def test_what_cannot_be_is_refused_with_a_sentence(centre: Centre) -> None:
    async with talking(centre) as talk, centre.web("tom") as tom:
        answers = [
            await talk.post("transfer", "agent0001"),
            await talk.post("transfer", "nobody"),
            await talk.post("transfer", "+8613912345678"),
            await talk.post("conference"),
            await tom.post(f"/api/v1/calls/{talk.call_id}/hold"),
            await talk.web.post("/api/v1/calls/c-none/hold"),
        ]
        await talk.all_hear(caller="first", first="caller")

    assert [answer.status_code for answer in answers] == [409, 404, 403, 409, 403, 404]
    assert "outbound: no rule" in answers[2].json()["error"]
    done = [(each.action, each.detail) for each in centre.facts(ActionTaken, talk.before)]
    assert {action for action, _ in done} == {"access refused"}
    assert all("This number may not be dialled" in detail or "own" in detail for _, detail in done)


# -- by the phone's own key ----------------------------------------------------------------------


async def test_blind_transfer_to_a_free_agent(centre: Centre) -> None:
    async with talking(centre) as talk:
        transfer = talk.first.refer(talk.calls["first"], "1002")
        ringing = await talk.second.rings()
        await talk.hears("caller", "music")
        ringing.accept()
        ringing.play(tone(TONES_HZ["second"], 180))
        talk.calls["second"] = ringing
        assert await transfer.over() == 200
        await talk.all_hear(caller="second", second="caller")
        await centre.told(TalkTaken, talk.before, agent_id=SECOND)


async def test_blind_transfer_to_one_who_refuses_gives_the_agent_the_caller_back(
    centre: Centre,
) -> None:
    async with talking(centre) as talk:
        transfer = talk.first.refer(talk.calls["first"], "1002")
        (await talk.second.rings()).reject(486)
        assert await transfer.over() == 486
        await talk.all_hear(caller="first", first="caller")
        await centre.told(GuestLeft, talk.before, status=486)
        await centre.told(AgentChanged, talk.before, agent_id=SECOND, reason="rona")

    assert centre.facts(TalkTaken, talk.before) == []


async def test_caller_whose_agent_did_not_wait_comes_back_to_the_queue(centre: Centre) -> None:
    async with talking(centre) as talk:
        talk.first.refer(talk.calls["first"], "1002")
        ringing = await talk.second.rings()
        talk.calls["first"].hang_up()
        await centre.told(TalkEnded, talk.before, agent_id=FIRST)
        ringing.reject(486)
        queued = await centre.told(CallQueued, talk.before, front=True)
        assert (queued.call_id, queued.queue) == (talk.call_id, ORDERS)
        # Eva's wrap-up is over after a second; the call is hers again.
        again = await talk.first.rings()
        again.accept()
        again.play(tone(TONES_HZ["first"], 180))
        talk.calls["first"] = again
        await talk.all_hear(caller="first", first="caller")


async def test_transfer_to_a_busy_agent_or_nobody_is_refused(centre: Centre) -> None:
    async with talking(centre) as talk:
        statuses = [
            await talk.first.refer(talk.calls["first"], target).over()
            for target in ("1003", "nobody", "13912345678")
        ]
        await talk.all_hear(caller="first", first="caller")

    assert statuses == [486, 404, 403]
    assert [e.wish for e in centre.facts(HandoverRefused, talk.before)] == [Wish.TRANSFER] * 3


async def test_transfer_to_a_queue_by_its_number(centre: Centre) -> None:
    async with talking(centre) as talk:
        assert await talk.first.refer(talk.calls["first"], "7001").over() == 200
        await centre.told(CallSentOn, talk.before, to="queue:orders")
        await centre.told(CallQueued, talk.before, front=True)
        await asyncio.wait_for(talk.calls["first"].over(), 20)
        await talk.second_picks_up()
        await talk.all_hear(caller="second", second="caller")


async def test_attended_transfer_by_the_phones_second_line(centre: Centre) -> None:
    async with talking(centre) as talk:
        first = talk.calls["first"]
        second_line = talk.first.dial("1002")
        talk.calls["second line"] = second_line
        await talk.second_picks_up()
        await second_line.answered()
        second_line.play(tone(TONES_HZ["first"], 180))
        await talk.all_hear(**{"caller": "music", "second line": "second", "second": "first"})
        assert await talk.first.refer(first, "1002", second_line).over() == 200
        await centre.told(TalkTaken, talk.before, agent_id=SECOND)
        await talk.all_hear(caller="second", second="caller")
        await asyncio.wait_for(second_line.over(), 20)


# -- agents' own calls ---------------------------------------------------------------------------


async def test_agent_calls_a_colleague_by_the_short_number(centre: Centre) -> None:
    async with centre.agent(1) as first, centre.agent(2) as second:
        before = centre.mark()
        out = first.dial("1002")
        incoming = await second.rings()
        incoming.accept()
        await out.answered()
        out.play(tone(TONES_HZ["first"], 180))
        incoming.play(tone(TONES_HZ["second"], 180))
        await centre.until(lambda: heard_by(out) == {"second"} and heard_by(incoming) == {"first"})
        out.hang_up()
        await centre.told(CallEnded, before)
        statuses = []
        for dialled in ("1003", "nobody", "13912345678"):
            end = await asyncio.wait_for(first.dial(dialled).over(), 20)
            statuses.append(end.status)
        await centre.until(lambda: len(centre.facts(CallRefused, before)) == 3)

    assert statuses == [480, 404, 403]
    assert centre.facts(RecordingStarted, before) == []


# -- a killed core -------------------------------------------------------------------------------


async def test_consultation_survives_a_killed_core_and_is_completed_after_it(
    centre: Centre,
) -> None:
    async with talking(centre) as talk:
        await talk.consult()
        pid = centre.kill("core")
        await centre.replaced("core", pid)
        await centre.ready()
        await talk.all_hear(caller="music", first="second", second="first")
        await talk.do("complete")
        await centre.told(TalkTaken, talk.before, agent_id=SECOND)
        await talk.all_hear(caller="second", second="caller")
        pid = centre.kill("core")
        await centre.replaced("core", pid)
        await centre.ready()
        await talk.all_hear(caller="second", second="caller")
        talk.calls["second"].hang_up()
        await asyncio.wait_for(talk.calls["caller"].over(), 20)

    ended = [event.agent_id for event in centre.facts(TalkEnded, talk.before)]
    assert ended == [FIRST, SECOND]
