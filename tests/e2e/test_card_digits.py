"""Pauses and card digits of a served centre, by tone: what the agent hears and what is kept.

Caller 1000 Hz, agent 1200 Hz; the caller's keys come as telephone events and as tones.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from ivr.events import CardKeyed
from recordings.archiving.flac import FlacAudio
from recordings.events import (
    CardEntryEnded,
    CardEntryStarted,
    CardOutcome,
    RecordingEnded,
    RecordingPaused,
    RecordingResumed,
    RecordingStarted,
)
from telephony.calls.events import CallBridged, CallEnded
from tests.support.centre import ROOT, Centre, served_with
from tests.support.desk_phone import DeskCall
from tests.support.media_phone import loudness
from tests.support.programs import find_free_port
from tests.support.rtpengine import DRIVERS
from tests.support.tones import tone

pytestmark = pytest.mark.e2e

CALLER_HZ, AGENT_HZ = 1000, 1200
CARD = "4111111111111111"
"The test number of all card schemes' books."
WINDOW = 1600
PRESENT = 250.0
KEYS = {"pause": "*9", "card": "*7"}


@dataclass
class Till:
    """Who charges: takes what is posted."""

    port: int = field(default_factory=find_free_port)
    bodies: list[dict[str, str]] = field(default_factory=list)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        async with server:
            yield

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        self.bodies.append(json.loads(await reader.readexactly(length)))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        await writer.drain()
        writer.close()


@pytest.fixture(scope="module")
def till() -> Till:
    return Till()


@pytest.fixture(scope="module", params=["own"])
def centre(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    shared: Path,
    till: Till,
) -> Iterator[Centre]:
    changes = {
        "recordings": {
            "archive": "flac",
            "keys": KEYS,
            "card": {"post_to": f"http://127.0.0.1:{till.port}/cards"},
        },
        "lookups": {"hosts": [f"127.0.0.1:{till.port}"]},
        "queues": {"orders": {"announce_agent": False}},
    }
    folder = tmp_path_factory.mktemp("centre")
    with served_with(request.param, folder, shared, changes) as centre:
        yield centre


either_driver = pytest.mark.parametrize("centre", DRIVERS, indirect=True)
"Whoever relays, nobody hears a card."


@dataclass
class Talk:
    before: int
    call_id: str
    caller: DeskCall
    agent: DeskCall

    async def hear(self, *, caller: int | None, agent: int | None) -> None:
        """Until each hears that tone, or nothing."""
        await Centre.until(lambda: _heard(self.caller) == caller, what=f"the caller hears {caller}")
        await Centre.until(lambda: _heard(self.agent) == agent, what=f"the agent hears {agent}")


def _heard(call: DeskCall) -> int | None:
    return _tone(np.frombuffer(call.heard, "<i2")[-WINDOW:])


def _tone(pcm: np.ndarray) -> int | None:
    """None: neither; -1: something else that is loud."""
    if not len(pcm) or float(np.abs(pcm.astype(float)).max()) < PRESENT:
        return None
    found = [hz for hz in (CALLER_HZ, AGENT_HZ) if loudness(pcm, hz) > PRESENT]
    return found[0] if len(found) == 1 else -1


@asynccontextmanager
async def talking(centre: Centre) -> AsyncIterator[Talk]:
    before = centre.mark()
    async with centre.phone() as phone, centre.agent(1) as desk:
        out = phone.dial("8000")
        await out.answered()
        out.press("1")
        incoming = await desk.rings()
        incoming.accept()
        bridged = await centre.told(CallBridged, before)
        out.play(tone(CALLER_HZ, 180))
        incoming.play(tone(AGENT_HZ, 180))
        talk = Talk(before, bridged.call_id, out, incoming)
        await talk.hear(caller=AGENT_HZ, agent=CALLER_HZ)
        yield talk
        out.hang_up()
        await centre.told(RecordingEnded, before)


def spoken_keys(digits: str) -> bytes:
    """As tones of 100 ms with 100 ms between."""
    low, high = (697, 770, 852, 941), (1209, 1336, 1477)
    rows = ("123", "456", "789", "*0#")
    pieces = []
    at_s = np.arange(800) / 8000
    for digit in digits:
        row = next(number for number, keys in enumerate(rows) if digit in keys)
        both = np.sin(2 * np.pi * low[row] * at_s) + np.sin(
            2 * np.pi * high[rows[row].index(digit)] * at_s
        )
        pieces += [(6000 * both).astype("<i2"), np.zeros(800, "<i2")]
    return b"".join(piece.tobytes() for piece in pieces)


async def kept(centre: Centre, web: httpx.AsyncClient, talk: Talk) -> tuple[str, np.ndarray]:
    """The archived recording's path, and its frames as the WAV that the API makes of it."""
    started = centre.facts(RecordingStarted, talk.before)[0]
    await centre.until(
        lambda: not centre.recording(started.file).exists(), 20, "the WAV is archived"
    )
    path = f"/api/v1/recordings/{started.recording_id}"
    answer = await web.get(f"{path}/audio")
    data_bytes = int.from_bytes(answer.content[40:44], "little")
    return path, np.frombuffer(answer.content[44 : 44 + data_bytes], "<i2").reshape(-1, 2)


def check_silent_in(frames: np.ndarray, marks: Sequence[dict[str, Any]]) -> None:
    """Nothing in the marks, both voices a moment before and after each."""
    for mark in marks:
        begun, over = round(mark["from_s"] * 8000), round(mark["to_s"] * 8000)
        assert not frames[begun + 400 : over - 400].any(), mark
        # While keys are pressed a phone sends no voice; after a card the caller comes back last.
        for around in (frames[begun - 6000 : begun - 4400], frames[over + 8000 : over + 9600]):
            assert (_tone(around[:, 0]), _tone(around[:, 1])) == (CALLER_HZ, AGENT_HZ), mark


@either_driver
async def test_paused_and_carded_stretches_are_silence_with_marks_and_nothing_has_the_digits(
    centre: Centre, till: Till
) -> None:
    till.bodies.clear()
    async with till.open(), centre.web() as web, talking(centre) as talk:
        await asyncio.sleep(0.8)  # both are heard for three quarters of a second before the pause
        pressed_in_the_menu = talk.agent.digits  # its end may have come after the bridge
        talk.agent.press("*9")
        await centre.told(RecordingPaused, talk.before)
        await asyncio.sleep(0.6)
        talk.agent.press("*9")
        await centre.told(RecordingResumed, talk.before)
        await asyncio.sleep(1.4)

        talk.agent.press("*7")
        await centre.told(CardEntryStarted, talk.before)
        await talk.hear(caller=AGENT_HZ, agent=None)
        shown = (await web.get("/api/v1/calls")).json()
        assert [call["recording"] for call in shown if call["id"] == talk.call_id] == ["card"]
        masked_s = talk.agent.heard_s
        # The first half as tones in the audio, the rest as telephone events.
        talk.caller.play_instead(spoken_keys(CARD[:8]) + tone(CALLER_HZ, 180))
        await asyncio.sleep(2.0)
        talk.caller.press(CARD[8:] + "#")
        ended = await centre.told(CardEntryEnded, talk.before)
        quiet = talk.agent.heard[2 * int(masked_s * 8000) :]
        assert float(np.abs(np.frombuffer(quiet, "<i2")[:-8000].astype(float)).max()) < PRESENT
        await talk.hear(caller=AGENT_HZ, agent=CALLER_HZ)
        await asyncio.sleep(1.8)
        assert talk.agent.digits == pressed_in_the_menu
        if "hide-keys" in centre.capabilities:
            assert talk.caller.digits == ""

    assert ended.outcome is CardOutcome.TAKEN
    assert [body["digits"] for body in till.bodies] == [CARD]
    async with centre.web() as web:
        path, frames = await kept(centre, web, talk)
        marks = (await web.get(f"{path}/marks")).json()
        assert [mark["kind"] for mark in marks] == ["pause", "card"]
        check_silent_in(frames, marks)
        flac = await web.get(f"{path}/audio?format=flac")
        with FlacAudio(BytesIO(flac.content), "flac") as audio:
            assert np.array_equal(audio.read(0, len(frames)), frames)
            told = [mark["kind"] for mark in json.loads(audio.comment)["marks"]]
            assert told == ["pause", "card"]
        assert len((await web.get(f"{path}/peaks")).json()["caller"]) == -(-len(frames) // 400)
    nobody_kept(centre, CARD)


def nobody_kept(centre: Centre, digits: str) -> None:
    """No file of the centre's has them, as text."""
    files = [file for file in (centre.folder / "data").rglob("*") if file.is_file()]
    assert any(file.name == "journal.db" for file in files)
    for part in (digits, digits[:8], digits[8:]):
        found = [str(file) for file in files if part.encode() in file.read_bytes()]
        assert found == []


@either_driver
async def test_core_and_media_killed_while_card_digits_are_keyed_give_nothing_away(
    centre: Centre,
) -> None:
    async with centre.web() as web, talking(centre) as talk:
        answer = await web.post(f"/api/v1/calls/{talk.call_id}/card")
        assert answer.status_code == 200, answer.text
        await talk.hear(caller=AGENT_HZ, agent=None)
        masked_s = talk.agent.heard_s
        talk.caller.press("4111")
        pid = centre.kill("core")
        await centre.replaced("core", pid)
        await centre.ready()
        pid = centre.kill("media-0")
        await centre.replaced("media-0", pid)
        await talk.hear(caller=AGENT_HZ, agent=None)
        await asyncio.sleep(0.5)
        quiet = np.frombuffer(talk.agent.heard[2 * int(masked_s * 8000) :], "<i2")
        assert float(np.abs(quiet.astype(float)).max()) < PRESENT
        talk.caller.press(CARD[4:] + "#")
        ended = await centre.told(CardEntryEnded, talk.before)
        await talk.hear(caller=AGENT_HZ, agent=CALLER_HZ)
        await asyncio.sleep(1.8)

    assert ended.outcome is CardOutcome.INTERRUPTED
    async with centre.web() as web:
        path, frames = await kept(centre, web, talk)
        (mark,) = (await web.get(f"{path}/marks")).json()
    assert mark["kind"] == "card"
    begun, over = round(mark["from_s"] * 8000), round(mark["to_s"] * 8000)
    # A continued file's time is known to half a second.
    assert not frames[begun + 400 : over - 6000].any()
    assert _tone(frames[-4000:-2400, 0]) == CALLER_HZ
    nobody_kept(centre, CARD)


CARD_FLOW = """\
languages: [en]
start: pay
variables: {token: text}
nodes:
  pay: {do: card, prompt: choices, tries: 1, next: paid, refused: lost, default: lost}
  paid: {do: hangup, reason: paid}
  lost: {do: hangup, reason: lost}
"""


async def test_card_that_is_keyed_in_a_flow_reaches_the_till_and_nothing_else(
    centre: Centre, till: Till
) -> None:
    file = centre.folder / "flows" / "spoken.yaml"
    await asyncio.to_thread(file.write_text, CARD_FLOW)
    reload = [sys.executable, "-m", "callcenter", "reload", str(centre.folder)]
    done = await asyncio.create_subprocess_exec(*reload, cwd=ROOT, stdout=subprocess.DEVNULL)
    assert await done.wait() == 0
    till.bodies.clear()
    before = centre.mark()
    async with till.open(), centre.phone() as phone:
        call = phone.dial("8001")
        await call.answered()
        call.press(CARD + "#")
        keyed = await centre.told(CardKeyed, before)
        ended = await centre.told(CallEnded, before)

    assert (keyed.outcome, ended.reason) == ("taken", "paid")
    assert [body["digits"] for body in till.bodies] == [CARD]
    nobody_kept(centre, CARD)
