"""What is said in a talk of a served centre: shown while it is said, written down, found again."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from foundation.ids import CallId
from ivr.speech.synthesis import Utterance, synthesise_all
from recordings.events import TranscriptReady
from telephony.calls.events import CallBridged, CallEnded
from tests.support.centre import PATIENCE_S, Centre, served_with
from tests.support.rtpengine import DRIVERS
from tests.support.tones import tone

pytestmark = pytest.mark.e2e

CALLER, AGENT = "my parcel has not arrived yet", "what is your order number"
CHANGES = {
    "recordings": {"transcribe": True, "models": {"en": "tiny-en"}},
    "queues": {
        "orders": {"live_transcript": True, "announce_agent": False, "transcribe_priority": 5},
        "brisk": {"announce_agent": False},
    },
}


@pytest.fixture(scope="module")
def speech() -> list[bytes]:
    return synthesise_all([Utterance(CALLER, "en-us+f2"), Utterance(AGENT, "en-us+m3")])


@pytest.fixture(scope="module", params=DRIVERS)
def centre(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, shared: Path
) -> Iterator[Centre]:
    """On our own media plane, and behind rtpengine."""
    folder = tmp_path_factory.mktemp(request.param) / "centre"
    with served_with(request.param, folder, shared, CHANGES) as centre:
        yield centre


class Reader:
    """A screen that follows one talk."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self.said: dict[str, list[str]] = {"caller": [], "agent": []}
        self.partial: list[str] = []
        self.is_over = False

    async def until(self, is_so: Callable[["Reader"], bool], within_s: float = PATIENCE_S) -> None:
        async with asyncio.timeout(within_s):
            while not is_so(self):
                self._take(json.loads(await self._connection.recv()))

    def _take(self, message: dict[str, Any]) -> None:
        self.is_over = message["type"] == "over"
        for part in message.get("parts", ()):
            self.said[part["side"]].append(part["text"])
        self.partial += [text for text in message.get("saying", {}).values() if text]


@asynccontextmanager
async def reading(centre: Centre, call_id: CallId, who: str = "sue") -> AsyncIterator[Reader]:
    async with centre.web(who) as client:
        cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    address = f"ws://127.0.0.1:{centre.ports.http}/ws/calls/{call_id}/transcript"
    async with connect(address, additional_headers={"Cookie": cookie}) as connection:
        yield Reader(connection)


async def test_talk_is_shown_while_it_goes_on_then_written_down_and_found_by_its_words(
    centre: Centre, speech: list[bytes]
) -> None:
    before = centre.mark()
    async with centre.phone() as caller, centre.agent(1) as agent, centre.web() as web:
        call = caller.dial("8000")
        await call.answered()
        call.press("1")
        incoming = await agent.rings()
        incoming.accept()
        call_id = (await centre.told(CallBridged, before)).call_id
        await centre.until_ok(lambda: web.get(f"/api/v1/calls/{call_id}"))
        with pytest.raises(InvalidStatus, match="403"):
            async with reading(centre, call_id, "tom"):
                pass

        async with reading(centre, call_id) as reader:
            call.play(speech[0])
            await reader.until(lambda r: r.said["caller"] == ["My parcel has not arrived yet."])
            assert any("parcel" in text for text in reader.partial), "before it was final"
            incoming.play(speech[1])
            await reader.until(lambda r: r.said["agent"] == ["What is your order number?"])

            pid = centre.kill("listener")
            incoming.play(tone(1200, 2))
            await call.hears(1200)
            await centre.replaced("listener", pid)
            await centre.until(lambda: centre.said("core").count("the listener is there") == 2)
            await reader.until(lambda r: True)
            call.play(speech[0])
            await reader.until(lambda r: len(r.said["caller"]) == 2, within_s=15)

            call.hang_up()
            await centre.told(CallEnded, before, call_id=call_id)
            await reader.until(lambda r: r.is_over)

        ready = await centre.told(TranscriptReady, before, within_s=40)
        found = (await web.get('/api/v1/search?q="has not arrived"&side=caller')).json()
        assert found["total"] == 1
        hit = found["items"][0]["hits"][0]
        assert found["items"][0]["recording"]["id"] == ready.recording_id
        assert (hit["before"], hit["match"]) == ("my parcel", "has not arrived")
        assert hit["play_url"].startswith(f"/recordings/{ready.recording_id}?t=")
        progress = (await web.get("/api/v1/transcription")).json()
        assert (progress["waiting"], progress["lag_s"], progress["done"]) == (0, 0, 1)
        assert progress["speed"] > 1
        metrics = (await web.get("/metrics")).text
        assert "callcenter_transcription_lag_seconds 0.0" in metrics


async def test_queue_that_does_not_show_its_talks_is_not_followed(
    centre: Centre, speech: list[bytes]
) -> None:
    before = centre.mark()
    async with centre.phone() as caller, centre.agent(1) as agent:
        call = caller.dial("8000")
        await call.answered()
        call.press("2")
        incoming = await agent.rings()
        incoming.accept()
        call_id = (await centre.told(CallBridged, before)).call_id
        async with reading(centre, call_id) as reader:
            call.play(speech[0])
            await centre.until(lambda: incoming.heard_s > 2.5)
            call.hang_up()
            await reader.until(lambda r: r.is_over)
        assert (reader.said, reader.partial) == ({"caller": [], "agent": []}, [])
