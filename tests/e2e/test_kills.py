"""`kill -9` of each role while the house is full: somebody talks, rings, waits and listens.

What each kill may cost is written in docs/architecture.md.
"""

import asyncio
import os
import signal
import socket
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from acd.events import AgentChanged, CallLost, CallQueued
from foundation.ids import RecordingId
from ivr.speech.synthesis import Utterance
from recordings import wav
from recordings.events import RecordingEnded, RecordingStarted, TranscriptFailed, TranscriptReady
from telephony.calls.events import (
    CallAnswered,
    CallArrived,
    CallBridged,
    CallEnded,
    EndedBy,
    Side,
)
from tests.support.centre import Centre, Tones, identity_gap, served_with
from tests.support.desk_phone import DeskCall, DeskPhone
from tests.support.rtpengine import DRIVERS
from tests.support.telephone_speech import say, talk, write_wav
from tests.support.tones import seconds_of_tone, tone

pytestmark = pytest.mark.e2e

AT_ONCE_S = 15.0
"Bound for what takes a moment on a busy machine."


PATIENT = "8002"
"The line of who stays in the menu until he presses a key."

either_driver = pytest.mark.parametrize("centre", DRIVERS, indirect=True)
"Whose calls go on must not depend on who relays them."


@pytest.fixture(scope="module", params=["own"])
def centre(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, shared: Path
) -> Iterator[Centre]:
    # Whom we ring picks up when core is back, however long that takes.
    changes = {
        "recordings": {"transcribe": True},
        "queues": {"orders": {"ring_s": 90}},
        "lines": [{"number": "8000", "flow": "main"}, {"number": PATIENT, "flow": "patient"}],
    }
    folder = tmp_path_factory.mktemp("centre")
    with served_with(request.param, folder, shared, changes) as centre:
        yield centre


@dataclass
class FullHouse:
    """Four callers, each at another place."""

    before: int
    first: DeskPhone
    "Agent 1's."
    talker: DeskCall
    agent: DeskCall
    ringing: DeskCall
    rung: DeskCall
    waiting: DeskCall
    listening: DeskCall

    @property
    def callers(self) -> list[DeskCall]:
        return [self.talker, self.ringing, self.waiting, self.listening]


@asynccontextmanager
async def full_house(centre: Centre) -> AsyncIterator[FullHouse]:
    """Agent 1 talks, agent 2's phone rings, nobody is left for the third; the fourth has dialled
    just now and hears the greeting. Everybody says his tone."""
    before = centre.mark()
    async with AsyncExitStack() as stack:
        phones = [await stack.enter_async_context(centre.phone(f"1008{n}")) for n in range(4)]
        first = await stack.enter_async_context(centre.agent(1))
        talker = await queued(phones[0])
        agent = await first.rings()
        agent.accept()
        await centre.told(CallBridged, before)
        talker.play(tone(Tones.CALLER, 180))
        agent.play(tone(Tones.AGENT, 180))
        second = await stack.enter_async_context(centre.agent(2))
        ringing = await queued(phones[1])
        rung = await second.rings()
        waiting = await queued(phones[2])
        await waiting.hears(Tones.MUSIC)
        listening = phones[3].dial(PATIENT)
        await listening.answered()
        await listening.hears(Tones.GREETING, 0.2)
        await talker.hears(Tones.AGENT)
        await on_disk(centre, before)
        yield FullHouse(before, first, talker, agent, ringing, rung, waiting, listening)
        for call in (talker, ringing, waiting, listening):
            call.hang_up()
        for arrived in centre.facts(CallArrived, before):
            await centre.told(CallEnded, before, call_id=arrived.call_id)
        for begun in centre.facts(RecordingStarted, before):
            await centre.told(RecordingEnded, before, recording_id=begun.recording_id)


async def on_disk(centre: Centre, before: int) -> None:
    """A second of the talk: what is younger than a block and what is held back dies with its
    worker, so that a house which was quickly full had nothing to lose yet."""
    begun = await centre.told(RecordingStarted, before)
    file = centre.recording(begun.file)
    await centre.until(
        lambda: file.exists() and wav.inspect(file).duration_s >= 1.0, what="a second on disk"
    )


async def queued(phone: DeskPhone) -> DeskCall:
    """A caller on the way to an agent."""
    call = phone.dial("8000")
    await call.answered()
    call.press("1")
    return call


async def talk_goes_on(house: FullHouse) -> None:
    """Both hear each other from now on."""
    await asyncio.gather(
        house.talker.hears(Tones.AGENT, since_s=house.talker.heard_s, within_s=AT_ONCE_S),
        house.agent.hears(Tones.CALLER, since_s=house.agent.heard_s, within_s=AT_ONCE_S),
    )


async def everybody_goes_on(centre: Centre, house: FullHouse) -> None:
    """The talk, the phone that rings and is answered, the one who waits, the one in the menu."""
    await talk_goes_on(house)
    assert [call.end for call in house.callers] == [None] * 4
    house.rung.accept()
    await centre.told(CallBridged, house.before, agent_id="agent0002")
    house.rung.play(tone(Tones.AGENT, 180))
    await house.ringing.hears(Tones.AGENT, within_s=AT_ONCE_S)
    # Cut by the kill or not, the greeting leads on to the menu, and its key into a queue.
    await house.listening.hears(Tones.CHOICES, within_s=AT_ONCE_S)
    house.listening.press("1")
    await house.listening.hears(Tones.MUSIC, within_s=AT_ONCE_S)
    await house.waiting.hears(Tones.MUSIC, since_s=house.waiting.heard_s, within_s=AT_ONCE_S)


async def figures(centre: Centre) -> dict[str, Any]:
    """Of the API and of a screen."""
    async with centre.board() as screen, centre.web() as web:
        await screen.shows(lambda shown: bool(shown["core_up"]))
        queues = (await web.get("/api/v1/queues")).json()
        return {"queues": queues, "totals": screen.shown["totals"]}


COUNTS = ("offered", "answered", "abandoned", "short_abandoned", "overflowed", "lost")


def counts(all_figures: dict[str, Any]) -> list[Any]:
    return [
        {name: each[name] for name in COUNTS}
        for each in (all_figures["totals"], *all_figures["queues"])
    ]


async def test_killed_web_costs_nothing(centre: Centre) -> None:
    async with full_house(centre) as house:
        before = await figures(centre)
        pid = centre.kill("web")
        await talk_goes_on(house)
        await centre.replaced("web", pid)
        await centre.ready()
        after = await figures(centre)
        await everybody_goes_on(centre, house)

    assert counts(after)[0]["answered"] == counts(before)[0]["answered"]
    assert identity_gap(after["totals"]) == 0
    assert centre.facts(CallLost, house.before) == []


@either_driver
async def test_killed_media_worker_is_back_on_the_same_ports(centre: Centre) -> None:
    async with full_house(centre) as house:
        pid = centre.kill("media-0")
        await centre.replaced("media-0", pid)
        await everybody_goes_on(centre, house)
        recording = centre.facts(RecordingStarted, house.before)[0]
    ended = await centre.told(RecordingEnded, house.before, recording_id=recording.recording_id)

    # Nothing was renegotiated: the phones send to where they always sent, and are heard.
    assert centre.facts(CallLost, house.before) == []
    assert {fact.by for fact in centre.facts(CallEnded, house.before)} == {EndedBy.CALLER}
    assert not ended.complete
    check_continued(centre.recording(recording.file), ended.duration_s)


def check_continued(file: Path, duration_s: float) -> None:
    """One file, both sides on their time line before and after the gap."""
    assert wav.inspect(file).duration_s == pytest.approx(duration_s, abs=0.05)
    for side, freq_hz in ((Side.CALLER, Tones.CALLER), (Side.AGENT, Tones.AGENT)):
        pcm, _ = wav.read_side(file, side)
        third = len(pcm) // 6 * 2
        ends = pcm[:third], pcm[-third:]
        assert [seconds_of_tone(end, freq_hz) > 0.2 for end in ends] == [True, True]


@either_driver
async def test_killed_core_costs_no_call_no_place_and_no_word(centre: Centre) -> None:
    async with full_house(centre) as house, centre.board() as screen:
        await screen.shows(lambda s: s["totals"]["waiting"] == 2)
        before = await figures(centre)
        agents = await agents_on_board(centre)
        pid = centre.kill("core")
        await talk_goes_on(house)  # there is no core yet
        await centre.replaced("core", pid)
        await centre.ready()
        after = await figures(centre)
        assert await agents_on_board(centre) == agents
        house.first.hold(house.agent)
        await house.talker.hears(Tones.MUSIC, since_s=house.talker.heard_s, within_s=AT_ONCE_S)
        house.first.resume(house.agent)
        await everybody_goes_on(centre, house)
        recording = centre.facts(RecordingStarted, house.before)[0]
    ended = await centre.told(RecordingEnded, house.before, recording_id=recording.recording_id)

    assert counts(after) == counts(before)
    assert (after["totals"]["waiting"], after["totals"]["talking"]) == (2, 1)
    assert [identity_gap(each) for each in (after["totals"], *after["queues"])] == [0] * 4
    await check_told_once(centre, house)
    assert ended.complete
    assert wav.inspect(centre.recording(recording.file)).duration_s == pytest.approx(
        ended.duration_s, abs=0.05
    )


@either_driver
async def test_new_core_rebuilds_what_it_took_over_when_media_dies_too(centre: Centre) -> None:
    async with full_house(centre) as house:
        for role in ("core", "media-0"):
            pid = centre.kill(role)
            await centre.replaced(role, pid)
            await centre.ready()
        await everybody_goes_on(centre, house)
        recording = centre.facts(RecordingStarted, house.before)[0]
    ended = await centre.told(RecordingEnded, house.before, recording_id=recording.recording_id)

    await check_told_once(centre, house)
    check_continued(centre.recording(recording.file), ended.duration_s)


async def agents_on_board(centre: Centre) -> list[tuple[str, str, float]]:
    """State and the second since when: a restart is no change."""
    async with centre.web() as web:
        shown = (await web.get("/api/v1/agents")).json()
    return [(agent["id"], agent["state"], agent["since"]) for agent in shown]


async def check_told_once(centre: Centre, house: FullHouse) -> None:
    """Nothing that was told before the kill is told again, and nothing is lost."""
    arrived = [fact.call_id for fact in centre.facts(CallArrived, house.before)]
    assert len(arrived) == 4
    assert [fact.call_id for fact in centre.facts(CallAnswered, house.before)] == arrived
    assert [fact.call_id for fact in centre.facts(CallQueued, house.before)] == arrived
    assert sorted(f.call_id for f in centre.facts(CallEnded, house.before)) == sorted(arrived)
    assert {fact.by for fact in centre.facts(CallEnded, house.before)} == {EndedBy.CALLER}
    assert centre.facts(CallLost, house.before) == []


async def test_agents_are_as_they_were_after_core_was_killed(centre: Centre) -> None:
    async with centre.agent(3), centre.agent(4), centre.web() as web:
        meal = {"state": "paused", "reason": "meal"}
        (await web.post("/api/v1/agents/agent0004/state", json=meal)).raise_for_status()
        before = centre.mark()
        pid = centre.kill("core")
        await centre.replaced("core", pid)
        await centre.ready()
        agents = {agent["id"]: agent for agent in (await web.get("/api/v1/agents")).json()}
        assert centre.facts(AgentChanged, before) == []

    assert agents["agent0003"]["state"] == "ready"
    assert (agents["agent0004"]["state"], agents["agent0004"]["reason"]) == ("paused", "meal")


async def test_killed_transcriber_s_work_is_done_by_its_successor(centre: Centre) -> None:
    before = centre.mark()
    pid = centre.pid("transcriber")
    # It must not begin before there is enough to be killed at.
    os.kill(pid, signal.SIGSTOP)
    async with centre.phone() as caller, centre.agent(1) as agent:
        call = await queued(caller)
        (await agent.rings()).accept()
        await centre.told(CallBridged, before)
        call.hang_up()
        await centre.told(RecordingEnded, before)
    begun = centre.facts(RecordingStarted, before)[0]
    sentence = await asyncio.to_thread(say, [Utterance("I want to cancel my order.", "en-us+f2")])
    write_wav(centre.recording(begun.file), talk([(side, sentence[0]) for side in Side] * 30))

    os.kill(pid, signal.SIGCONT)
    await centre.until(lambda: attempts(centre, begun.recording_id) == 1)
    assert centre.kill("transcriber") == pid
    ready = await centre.told(TranscriptReady, before, within_s=90, recording_id=begun.recording_id)

    (failed,) = centre.facts(TranscriptFailed, before, recording_id=begun.recording_id)
    assert (failed.sentence, failed.final) == ("transcriber was killed at it", False)
    assert attempts(centre, begun.recording_id) == 2
    assert ready.words >= 60 * 5


def attempts(centre: Centre, recording_id: RecordingId) -> int:
    """How often it has been given to a transcriber."""
    file = centre.folder / "data" / "callcenter.db"
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        question = "SELECT attempts FROM recording WHERE recording_id = ?"
        return int(database.execute(question, [recording_id]).fetchone()[0])


async def test_killed_parent_is_followed_by_one_that_adopts_all(centre: Centre) -> None:
    async with full_house(centre) as house:
        pids = {name: file.pid for name, file in centre.run_files().items()}
        centre.parent.kill()
        centre.parent.wait()
        await talk_goes_on(house)
        assert answers_options(centre)
        centre.serve()
        await everybody_goes_on(centre, house)
        await centre.until(lambda: "adopted" in (centre.folder / "serve.log").read_text())
        assert {name: file.pid for name, file in centre.run_files().items()} == pids

    assert {fact.by for fact in centre.facts(CallEnded, house.before)} == {EndedBy.CALLER}


def answers_options(centre: Centre) -> bool:
    """Somebody reads the SIP port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.settimeout(AT_ONCE_S)
        probe.connect(("127.0.0.1", centre.ports.sip))
        local = f"127.0.0.1:{probe.getsockname()[1]}"
        probe.send(
            f"OPTIONS sip:8000@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {local};branch=z9hG4bKo\r\n"
            f"From: <sip:probe@{local}>;tag=1\r\nTo: <sip:8000@127.0.0.1>\r\nCall-ID: options\r\n"
            "CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n".encode()
        )
        return probe.recv(2048).startswith(b"SIP/2.0 200")


async def test_orderly_stop_says_goodbye_to_everybody_and_leaves_nothing(centre: Centre) -> None:
    async with full_house(centre) as house:
        await asyncio.to_thread(centre.stop)
        ends = await asyncio.gather(
            *(asyncio.wait_for(call.over(), AT_ONCE_S) for call in (*house.callers, house.agent))
        )

    assert [end.by_us for end in ends] == [False] * 5
    assert centre.left_over() == []
    assert [*centre.folder.glob("data/run/*.json")] == []
    ended = centre.facts(RecordingEnded, house.before)
    assert [fact.complete for fact in ended] == [True]
