"""The listener and its sockets: core asks, a worker brings audio, the models understand."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest

from callcenter.core.listener_line import ListenerLine
from foundation import frames
from ivr.speech.synthesis import Utterance, synthesise_all
from recordings.following import listen_messages as m
from recordings.following.listener import Listener, ListenerOptions
from recordings.transcribing.model_folders import model_folder
from recordings.transcribing.vosk_recogniser import VoskRecogniser
from telephony.media import protocol as media
from telephony.media.sound.g711 import SILENCE, Law, encode

pytestmark = pytest.mark.e2e

BLOCK = 800
ENGLISH, CHINESE = "i want to cancel my order", "我要取消订单"


@pytest.fixture(scope="module")
def speech() -> dict[str, bytes]:
    """As G.711 codes."""
    utterances = [
        Utterance(ENGLISH, "en-us+f5"),
        Utterance(CHINESE, "cmn-latn-pinyin+m7"),
        Utterance("no", "en-us+f5"),
    ]
    laws = {"en": Law.PCMU, "zh": Law.PCMA, "no": Law.PCMU}
    return {
        name: encode(np.frombuffer(pcm, "<i2").astype(np.int16), law)
        for (name, law), pcm in zip(laws.items(), synthesise_all(utterances), strict=True)
    }


class Bench:
    """A listener, and core's line to it."""

    def __init__(self, folder: Path) -> None:
        ours = Path("unused")
        self.options = ListenerOptions(
            control=folder / "control.sock",
            live=folder / "live.sock",
            models={language: model_folder(f"tiny-{language}", ours) for language in ("en", "zh")},
            most=2,
        )
        self.heard: asyncio.Queue[m.FromListener] = asyncio.Queue()
        self.line = ListenerLine(self.options.control, self.heard.put_nowait, lambda: None)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        self._tasks = [
            asyncio.create_task(Listener(self.options, VoskRecogniser).run()),
            asyncio.create_task(self.line.run()),
        ]
        async with asyncio.timeout(30):
            while not self.line.is_up:  # noqa: ASYNC110  # another task connects
                await asyncio.sleep(0.02)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def ask(self, listen_id: str, languages: tuple[str, ...], **more: object) -> None:
        listen = {"listen_id": listen_id, "languages": languages, "wait_s": 1.0, "limit_s": 8.0}
        assert self.line.send(m.Listen(**{**listen, **more}))  # type: ignore[arg-type]

    async def next(self, kind: type[m.FromListener]) -> m.FromListener:
        """The next message that is not a partial one, or of the kind asked for."""
        async with asyncio.timeout(30):
            while True:
                message = await self.heard.get()
                if isinstance(message, kind):
                    return message
                assert isinstance(message, m.Partly), message

    async def bring(self, listen_id: str, law: Law, codes: Sequence[bytes]) -> asyncio.StreamWriter:
        """All at once: the listener's time is the audio's."""
        _reader, writer = await asyncio.open_unix_connection(self.options.live)
        writer.write(_packed(media.LiveHeader(listen_id=listen_id)))
        line = b"".join(codes)
        for at in range(0, len(line), BLOCK):
            block = media.LiveBlock(law=law.value, codes=line[at : at + BLOCK])
            writer.write(_packed(block))
        await writer.drain()
        return writer


def _packed(message: media.LiveMessage) -> bytes:
    return frames.pack(msgspec.msgpack.encode(message))


def pause(seconds: float, law: Law) -> bytes:
    return SILENCE[law] * int(seconds * 8000)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    bench = Bench(tmp_path)
    await bench.start()
    yield bench
    await bench.stop()


@pytest.mark.parametrize(
    ("language", "law", "words"),
    [("en", Law.PCMU, ENGLISH), ("zh", Law.PCMA, "我要 取消 订单")],
)
async def test_answer_is_understood_in_whichever_language_it_comes(
    bench: Bench, speech: dict[str, bytes], language: str, law: Law, words: str
) -> None:
    bench.ask("a", ("en", "zh"))
    await bench.next(m.Listening)
    sent = [pause(0.5, law), speech[language], pause(1.5, law)]
    writer = await bench.bring("a", law, sent)
    partly = await bench.next(m.Partly)
    assert isinstance(partly, m.Partly)
    heard = await bench.next(m.Heard)
    assert isinstance(heard, m.Heard)
    assert (heard.language, heard.text) == (language, words)
    assert heard.confidence > 0.8
    assert [word.text for word in heard.words] == words.split()
    assert 0.3 < heard.words[0].start_s < 1.0
    writer.close()


async def test_who_says_nothing_is_silent(bench: Bench) -> None:
    bench.ask("a", ("en",))
    await bench.next(m.Listening)
    writer = await bench.bring("a", Law.PCMU, [pause(1.3, Law.PCMU)])
    assert await bench.next(m.Silent) == m.Silent(listen_id="a")
    writer.close()


@pytest.mark.parametrize(("said", "text"), [("no", "no"), ("en", "")])
async def test_short_answers_are_a_grammar(
    bench: Bench, speech: dict[str, bytes], said: str, text: str
) -> None:
    """Words that are none of them come to nothing."""
    bench.ask("a", ("en",), phrases={"en": ("yes", "no")})
    await bench.next(m.Listening)
    sent = [pause(0.4, Law.PCMU), speech[said], pause(1.5, Law.PCMU)]
    writer = await bench.bring("a", Law.PCMU, sent)
    heard = await bench.next(m.Heard)
    assert isinstance(heard, m.Heard)
    assert heard.text == text
    assert text or heard.confidence < 0.4
    writer.close()


async def test_language_without_a_model_and_a_full_house_are_refused(bench: Bench) -> None:
    bench.ask("a", ("fr",))
    failed = await bench.next(m.Failed)
    assert isinstance(failed, m.Failed)
    assert "no speech model for fr" in failed.sentence
    bench.ask("b", ("en",))
    bench.ask("c", ("en",))
    bench.ask("d", ("en",))
    assert [await bench.next(m.Listening) for _ in "bc"] == [
        m.Listening(listen_id="b"),
        m.Listening(listen_id="c"),
    ]
    full = await bench.next(m.Failed)
    assert isinstance(full, m.Failed)
    assert (full.listen_id, full.sentence) == ("d", "2 callers are listened to already")


async def test_audio_that_never_comes_or_breaks_off_is_told(bench: Bench) -> None:
    bench.ask("a", ("en",), wait_s=5.0)
    await bench.next(m.Listening)
    failed = await bench.next(m.Failed)
    assert failed.listen_id == "a"

    bench.ask("b", ("en",), wait_s=5.0)
    await bench.next(m.Listening)
    writer = await bench.bring("b", Law.PCMU, [pause(0.3, Law.PCMU)])
    writer.close()
    broken = await bench.next(m.Failed)
    assert isinstance(broken, m.Failed)
    assert broken.sentence == "the audio has ended"


async def test_stopped_question_gives_its_place_and_its_audio_back(bench: Bench) -> None:
    bench.ask("a", ("en",), wait_s=5.0)
    await bench.next(m.Listening)
    reader, writer = await asyncio.open_unix_connection(bench.options.live)
    writer.write(_packed(media.LiveHeader(listen_id="a")))
    writer.write(_packed(media.LiveBlock(law="PCMU", codes=pause(0.1, Law.PCMU))))
    await asyncio.sleep(0.2)
    bench.line.send(m.StopListening(listen_id="a"))
    assert await asyncio.wait_for(reader.read(1), 20) == b"", "the listener closes the connection"
    writer.close()
    bench.ask("a", ("en",))
    assert await bench.next(m.Listening) == m.Listening(listen_id="a")


async def test_stranger_on_the_audio_socket_is_sent_away(bench: Bench) -> None:
    reader, writer = await asyncio.open_unix_connection(bench.options.live)
    writer.write(_packed(media.LiveHeader(listen_id="nobody")))
    assert await asyncio.wait_for(reader.read(1), 20) == b""
    writer.close()
