"""A supervisor at a talk of a served centre, by tone: caller 500 Hz, agent 700, supervisor 900."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
import pytest

from callcenter.demo.softphone import PhoneOptions
from callcenter.events import ActionTaken
from foundation.ids import CallId, PhoneId
from recordings.events import RecordingEnded, RecordingStarted
from telephony.calls.events import (
    CallBridged,
    CallEnded,
    CallHeld,
    CallResumed,
    MonitorChanged,
    MonitorEnded,
    MonitorMode,
    MonitorStarted,
    Side,
)
from tests.support.centre import Centre, served_with
from tests.support.desk_phone import DeskCall, DeskPhone
from tests.support.media_phone import loudness
from tests.support.rtpengine import DRIVERS
from tests.support.tones import read_wav, tone

pytestmark = pytest.mark.e2e

TONES_HZ = {"caller": 500, "agent": 700, "boss": 900}
WINDOW = 3200
"Samples in 400 ms."
PRESENT, ABSENT = 1200.0, 250.0
"Amplitudes; a tone at -26 dBFS has 2322."
BOSS = PhoneId("boss01")
PHONES = [
    {"id": "boss01", "name": "Chen Jing", "sip_password": "pwboss01", "monitors": True},
    {"id": "boss02", "name": "Li Min", "sip_password": "pwboss02"},
]


@pytest.fixture(scope="module", params=DRIVERS)
def centre(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, shared: Path
) -> Iterator[Centre]:
    folder = tmp_path_factory.mktemp("centre")
    with served_with(request.param, folder, shared, {"phones": PHONES}) as centre:
        yield centre


@asynccontextmanager
async def supervisor(centre: Centre, user: str = "boss01") -> AsyncIterator[DeskPhone]:
    options = PhoneOptions(server=centre.sip, user=user, password=f"pw{user}")
    async with DeskPhone.opened(options) as phone:
        assert isinstance(phone, DeskPhone)
        await phone.register()
        yield phone


def tones_of(call: DeskCall, samples: int = WINDOW) -> set[str]:
    """Who is heard in the last so many samples, however faintly."""
    pcm = np.frombuffer(call.heard, "<i2")[-samples:]
    levels = {name: loudness(pcm, hz) for name, hz in TONES_HZ.items()}
    return {name for name, level in levels.items() if level > ABSENT}


@dataclass
class Floor:
    """A talk in which all sing for as long as a test may take."""

    centre: Centre
    before: int
    call_id: CallId
    calls: dict[str, DeskCall]
    web: httpx.AsyncClient
    agents_phone: DeskPhone

    async def ask(self, mode: MonitorMode, phone: str = "boss01") -> httpx.Response:
        path = f"/api/v1/calls/{self.call_id}/monitor"
        return await self.centre.until_ok(
            lambda: self.web.post(path, json={"mode": mode.value, "phone": phone})
        )

    async def join(self, boss: DeskPhone, mode: MonitorMode) -> DeskCall:
        """The supervisor's phone is rung and picked up."""
        await self.ask(mode)
        call = await boss.rings()
        call.accept()
        call.play(tone(TONES_HZ["boss"], 180))
        self.calls["boss"] = call
        await self.centre.told(MonitorStarted, self.before, mode=mode)
        return call

    async def change(self, mode: MonitorMode) -> None:
        before = self.centre.mark()
        await self.ask(mode)
        await self.centre.told(MonitorChanged, before, mode=mode)

    async def hears(self, name: str, *sources: str) -> None:
        """Until `name` hears exactly these."""
        wanted = set(sources)
        heard = self.calls[name]
        await self.centre.until(
            lambda: heard.heard_s > 0.5 and tones_of(heard) == wanted,
            what=f"{name} hears {wanted}",
        )

    def loudest(self, name: str, source: str, since_s: float) -> float:
        """How loud the source's tone was at its loudest 200 ms for `name`, since then."""
        pcm = np.frombuffer(self.calls[name].heard, "<i2")[int(since_s * 8000) :]
        pieces = [pcm[at : at + 1600] for at in range(0, len(pcm) - 1600, 1600)]
        assert pieces, f"{name} heard nothing at all"
        return max(loudness(piece, TONES_HZ[source]) for piece in pieces)


@asynccontextmanager
async def talking(centre: Centre) -> AsyncIterator[Floor]:
    before = centre.mark()
    async with AsyncExitStack() as stack:
        caller = await stack.enter_async_context(centre.phone())
        agent = await stack.enter_async_context(centre.agent(1))
        web = await stack.enter_async_context(centre.web())
        out = caller.dial("8000")
        await out.answered()
        out.press("1")
        incoming = await agent.rings()
        incoming.accept()
        bridged = await centre.told(CallBridged, before)
        out.play(tone(TONES_HZ["caller"], 180))
        incoming.play(tone(TONES_HZ["agent"], 180))
        calls = {"caller": out, "agent": incoming}
        floor = Floor(centre, before, bridged.call_id, calls, web, agent)
        await floor.hears("caller", "agent")
        await floor.hears("agent", "caller")
        yield floor
        out.hang_up()
        await centre.told(CallEnded, before)


async def test_supervisor_listens_unheard_then_whispers_then_barges_in(centre: Centre) -> None:
    async with supervisor(centre) as boss, talking(centre) as floor:
        joined_s = {name: call.heard_s for name, call in floor.calls.items()}
        boss_call = await floor.join(boss, MonitorMode.LISTEN)
        await floor.hears("boss", "caller", "agent")
        await asyncio.sleep(1.0)
        listened = {
            name: floor.loudest(name, "boss", joined_s[name]) for name in ("caller", "agent")
        }
        still = {name: tones_of(floor.calls[name]) for name in ("caller", "agent")}

        await floor.change(MonitorMode.WHISPER)
        await floor.hears("agent", "caller", "boss")
        await asyncio.sleep(1.0)
        whispered = floor.loudest("caller", "boss", joined_s["caller"])
        assert tones_of(floor.calls["caller"]) == {"agent"}

        await floor.change(MonitorMode.BARGE)
        await floor.hears("caller", "agent", "boss")
        await floor.hears("agent", "caller", "boss")
        await floor.hears("boss", "caller", "agent")

        boss_call.hang_up()
        await centre.told(MonitorEnded, floor.before)
        await floor.hears("caller", "agent")
        await floor.hears("agent", "caller")
        assert centre.facts(CallEnded, floor.before) == []

    await centre.told(RecordingEnded, floor.before)
    file = centre.facts(RecordingStarted, floor.before)[0].file
    assert max(listened.values()) < ABSENT, "a listener is heard"
    assert still == {"caller": {"agent"}, "agent": {"caller"}}
    assert whispered < ABSENT, "the caller hears a whisper"
    # Left is the caller: what he says is recorded, who barges in is not.
    left = np.frombuffer(read_wav(centre.recording(file)), "<i2")
    assert loudness(left[-8000:], TONES_HZ["caller"]) > PRESENT
    assert loudness(left, TONES_HZ["boss"]) < ABSENT


async def test_journal_has_the_story_and_who_asked_for_it(centre: Centre) -> None:
    async with supervisor(centre) as boss, talking(centre) as floor:
        await floor.join(boss, MonitorMode.LISTEN)
        await floor.change(MonitorMode.WHISPER)
        path = f"/api/v1/calls/{floor.call_id}/monitor"
        stopped = await floor.web.delete(path)
        await centre.told(MonitorEnded, floor.before)
        again = await floor.web.delete(path)

    assert stopped.status_code == 200
    assert (again.status_code, again.json()["error"]) == (
        404,
        f"No phone that you brought in is in the call {floor.call_id!r}.",
    )
    call_id = floor.call_id
    told = [record.event for record in centre.journal(floor.before)]
    kinds = (ActionTaken, MonitorStarted, MonitorChanged, MonitorEnded)
    assert [event for event in told if isinstance(event, kinds)] == [
        ActionTaken("sue", "monitor listen", call_id, "boss01"),
        MonitorStarted(call_id, BOSS, "sue", MonitorMode.LISTEN),
        ActionTaken("sue", "monitor whisper", call_id, "boss01"),
        MonitorChanged(call_id, BOSS, "sue", MonitorMode.WHISPER),
        ActionTaken("sue", "stop monitor", call_id, "boss01"),
        MonitorEnded(call_id, BOSS, "stopped by sue"),
    ]


async def test_hold_gives_music_to_the_caller_and_hides_who_barges_in(centre: Centre) -> None:
    async with supervisor(centre) as boss, talking(centre) as floor:
        await floor.join(boss, MonitorMode.BARGE)
        await floor.hears("caller", "agent", "boss")
        agents_call = floor.calls["agent"]
        floor.agents_phone.hold(agents_call)
        await centre.told(CallHeld, floor.before, side=Side.AGENT)
        # The centre's music is at the caller's own 500 Hz.
        await floor.hears("caller", "caller")
        await floor.hears("boss", "caller", "agent")
        floor.agents_phone.resume(agents_call)
        await centre.told(CallResumed, floor.before, side=Side.AGENT)
        await floor.hears("caller", "agent", "boss")
        await floor.hears("agent", "caller", "boss")


async def test_end_of_the_call_hangs_up_the_supervisors_phone(centre: Centre) -> None:
    async with supervisor(centre) as boss, talking(centre) as floor:
        listening = await floor.join(boss, MonitorMode.LISTEN)
        floor.calls["caller"].hang_up()
        end = await asyncio.wait_for(listening.over(), 20)
        ended = await centre.told(MonitorEnded, floor.before)

    assert not end.by_us
    assert ended.reason == "the talk is over"
    kinds = [type(record.event) for record in centre.journal(floor.before)]
    assert kinds.index(MonitorEnded) < kinds.index(CallEnded)


async def test_phone_that_refuses_leaves_the_talk_alone(centre: Centre) -> None:
    async with supervisor(centre) as boss, talking(centre) as floor:
        await floor.ask(MonitorMode.BARGE)
        (await boss.rings()).reject(486)
        ended = await centre.told(MonitorEnded, floor.before)
        await asyncio.sleep(0.5)
        await floor.hears("caller", "agent")

    assert ended.reason == "the phone answered 486"
    assert centre.facts(MonitorStarted, floor.before) == []


async def test_what_cannot_be_listened_to_is_refused_with_a_sentence(centre: Centre) -> None:
    async with supervisor(centre), talking(centre) as floor, centre.web("tom") as tom:
        path = f"/api/v1/calls/{floor.call_id}/monitor"
        listen = {"mode": "listen", "phone": "boss01"}
        answers = [
            await floor.web.post("/api/v1/calls/c-none/monitor", json=listen),
            await floor.web.post(path, json={**listen, "phone": "boss99"}),
            await floor.web.post(path, json={**listen, "phone": "boss02"}),
            await floor.web.post(path, json={**listen, "phone": "agent0001"}),
            await floor.web.post(path, json={**listen, "mode": "shout"}),
            await floor.web.post(path, json={"mode": "listen"}),
            await tom.post(path, json=listen),
        ]

    said = [(answer.status_code, answer.json()["error"]) for answer in answers]
    assert said[4][0] == 422
    assert said[:4] + said[5:] == [
        (404, "There is no call 'c-none' now."),
        (404, "There is no phone 'boss99'; see agents and phones."),
        (409, "The phone boss02 is not registered."),
        (409, "agent0001 is the phone that talks in this call."),
        (422, "Name the phone that is to be rung; you have none of your own."),
        (403, "A team lead may monitor the talks of the own team only."),
    ]
    [refused] = centre.facts(ActionTaken, floor.before)
    assert (refused.by, refused.action) == ("tom", "access refused")


async def test_a_supervisor_dials_himself_in_and_changes_by_keys(centre: Centre) -> None:
    async with supervisor(centre) as boss, talking(centre) as floor:
        call = boss.dial("*911001")
        await call.answered()
        call.play(tone(TONES_HZ["boss"], 180))
        floor.calls["boss"] = call
        await centre.told(MonitorStarted, floor.before, mode=MonitorMode.LISTEN)
        await floor.hears("boss", "caller", "agent")
        await floor.hears("caller", "agent")
        await floor.hears("agent", "caller")
        call.press("2")
        await floor.hears("agent", "caller", "boss")
        await floor.hears("caller", "agent")
        call.press("3")
        await floor.hears("caller", "agent", "boss")
        call.hang_up()
        await centre.told(MonitorEnded, floor.before)
        await floor.hears("caller", "agent")


async def test_a_phone_without_the_right_to_join_is_refused(centre: Centre) -> None:
    async with supervisor(centre, "boss02") as phone:
        end = await asyncio.wait_for(phone.dial("*911001").over(), 20)
    assert end.status == 403
