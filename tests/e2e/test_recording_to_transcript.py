"""From a talk's file to its words in the database: service, lease, transcriber, Vosk together."""

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest

from foundation.ids import AgentId, CallId, QueueId
from ivr.speech.synthesis import Utterance
from recordings.events import RecordingEvent, TranscriptReady
from recordings.messages import Reply, Request
from recordings.options import RecordingOptions
from recordings.service import RecordingService
from recordings.store import RecordingStore
from recordings.transcribing.model_folders import model_folder
from recordings.transcribing.transcriber import Transcriber, TranscriberOptions
from recordings.transcribing.vosk_recogniser import VoskRecogniser
from telephony.calls.events import Side
from tests.support.database import fresh_sessions, sqlite_file
from tests.support.telephone_speech import say, talk, write_wav

pytestmark = pytest.mark.e2e

CALLER = "Hello, my parcel has not arrived yet."
AGENT = "您好，请问您的订单号码是多少？"


class InProcess:
    """Core at hand, without the socket between."""

    def __init__(self, service: RecordingService) -> None:
        self._service = service

    async def ask(self, message: Request) -> Reply:
        return await self._service.answer(message)


def write_bilingual_talk(path: str) -> int:
    """An English caller and a Chinese agent; returns the frames."""
    caller, agent = say([Utterance(CALLER, "en-us+f2"), Utterance(AGENT, "cmn-latn-pinyin+m1")])
    frames = talk([(Side.CALLER, caller), (Side.AGENT, agent)])
    write_wav(Path(path), frames)
    return len(frames)


async def test_a_talk_in_two_languages_becomes_two_transcripts(tmp_path: Path) -> None:
    events: list[RecordingEvent] = []
    options = RecordingOptions(path=tmp_path / "recordings")
    async with fresh_sessions(sqlite_file(tmp_path)) as sessions:
        store = RecordingStore(sessions)
        service = RecordingService(options, store, events.append, lambda: False)
        await service.open()
        running = asyncio.create_task(service.run())
        recording_id, path = service.start(
            CallId("c-1"), AgentId("agent0001"), QueueId("orders"), ("en|zh", "en|zh")
        )
        frames = await asyncio.to_thread(write_bilingual_talk, path)
        service.end(recording_id, complete=True, frames=frames)
        await service.finish_chores()

        transcriber = Transcriber(
            TranscriberOptions(
                worker="w1",
                recordings=options.path,
                models={name: model_folder(f"tiny-{name}", tmp_path) for name in ("en", "zh")},
            ),
            InProcess(service),
            VoskRecogniser,
        )
        assert await transcriber.work_once() == 0.0
        caller, agent = await store.transcript(recording_id)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    assert (caller.language, agent.language) == ("en", "zh")
    assert caller.text == "hello my parcel has not arrived yet"
    assert agent.text == "您好请问您的订单号码是多少"
    assert events[-1] == TranscriptReady(recording_id, len(caller.words) + len(agent.words))
