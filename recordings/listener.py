"""The listener: understands what callers say while a flow asks them.

A process of its own: it may die and the flow goes on by keys. Not niced like the transcriber, for a
caller waits for it. Core asks on one socket (`recordings.listen_messages`); the media workers bring
the audio on another (`ListenIn`).
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import msgspec
import numpy as np

from foundation import frames, unix
from foundation.errors import CallCentreError, RemoteError
from foundation.frames import FrameReader, FrameTooLong
from recordings import listen_messages as m
from recordings.endpoint import Endpoint, EndpointOptions, State, level_dbov
from recordings.recogniser import UNKNOWN, LiveListening, LiveRecogniser, NoModel, Word
from telephony.media import protocol as media
from telephony.media.g711 import SAMPLE_RATE_HZ, Law, decode

log = logging.getLogger(__name__)

AUDIO_WITHIN_S = 2.0
"Blocks come each 100 ms; a worker that sends none for so long has died."
MOST_GRAMMAR_PHRASES = 24
MOST_GRAMMAR_CHARACTERS = 16
"Of a phrase: yes, no, numbers. Longer ones are examples of what people say, not all of it."
MOST_UNSENT_BYTES = 1_000_000
BLOCK_SAMPLES = SAMPLE_RATE_HZ // 10
MOST_LOST_SAMPLES = SAMPLE_RATE_HZ * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerOptions:
    control: Path
    "Core's socket."
    live: Path
    "The media workers'."
    models: Mapping[str, Path] = field(default_factory=dict)
    "Model folder of each language."
    most: int = 16
    "Callers listened to at once."
    pause_s: float = 0.7


class _NoAudio(RemoteError):
    """The media worker brings nothing, or no more."""


class _Audio:
    """One worker's connection: blocks as 16-bit samples."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._frames = FrameReader()
        self._decoder = msgspec.msgpack.Decoder(media.LiveMessage)
        self._waiting: list[media.LiveMessage] = []

    async def header(self) -> str:
        await self._read()
        first = self._waiting.pop(0)
        if not isinstance(first, media.LiveHeader):
            raise _NoAudio(f"audio began with {type(first).__name__}")
        return first.listen_id

    async def samples(self) -> np.ndarray:
        """All that has come, some at least."""
        if not self._waiting:
            await self._read()
        blocks = [block for block in self._waiting if isinstance(block, media.LiveBlock)]
        self._waiting.clear()
        return np.concatenate([np.zeros(0, np.int16), *map(_decoded, blocks)])

    async def _read(self) -> None:
        try:
            async with asyncio.timeout(AUDIO_WITHIN_S):
                while not self._waiting:
                    data = await self._reader.read(65536)
                    if not data:
                        raise _NoAudio("the audio has ended")
                    self._waiting += map(self._decoder.decode, self._frames.feed(data))
        except TimeoutError:
            raise _NoAudio("no audio comes") from None
        except (OSError, FrameTooLong, msgspec.MsgspecError) as error:
            raise _NoAudio(f"the audio broke: {error}") from None

    def close(self) -> None:
        self._writer.close()


def _decoded(block: media.LiveBlock) -> np.ndarray:
    """What was dropped on the way is silence."""
    lost = np.zeros(min(max(block.lost, 0), MOST_LOST_SAMPLES), np.int16)
    return np.concatenate([lost, decode(block.codes, Law(block.law))])


class Listener:
    """Any number of answers at once, up to a bound."""

    def __init__(self, options: ListenerOptions, load: Callable[[Path], LiveRecogniser]) -> None:
        self._options = options
        self._load = load
        self._models: dict[str, LiveRecogniser] = {}
        self._core: asyncio.StreamWriter | None = None
        self._asked: dict[str, tuple[asyncio.Task[None], asyncio.Future[_Audio]]] = {}
        self._endpoints: dict[str, Endpoint] = {}

    async def run(self) -> NoReturn:
        """Until it is cancelled; models are loaded before core may ask."""
        for language, folder in self._options.models.items():
            try:
                self._models[language] = await asyncio.to_thread(self._load, folder)
            except NoModel as error:
                log.error("%s", error)
        live = await asyncio.start_unix_server(self._bring, sock=unix.listen(self._options.live))
        control = await asyncio.start_unix_server(
            self._serve, sock=unix.listen(self._options.control)
        )
        async with live, control:
            await asyncio.gather(live.serve_forever(), control.serve_forever())
        raise AssertionError("the servers run until they are cancelled")

    # -- core ------------------------------------------------------------------------------------

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The last core that came is the one; what another asked for is nobody's answer now."""
        self._drop_all()
        self._core = writer
        frame_reader, decoder = FrameReader(), msgspec.msgpack.Decoder[m.FromCore](m.FromCore)
        try:
            while data := await reader.read(65536):
                for frame in frame_reader.feed(data):
                    self._take(decoder.decode(frame))
        except (OSError, RemoteError, msgspec.MsgspecError) as error:
            log.warning("the connection to core broke: %s", error)
        finally:
            writer.close()
            if self._core is writer:
                self._core = None
                self._drop_all()

    def _take(self, message: m.FromCore) -> None:
        match message:
            case m.Listen(listen_id=listen_id) if listen_id not in self._asked:
                self._begin(message)
            case m.PromptOver(listen_id=listen_id) if listen_id in self._endpoints:
                self._endpoints[listen_id].prompt_over()
            case m.StopListening(listen_id=listen_id):
                self._drop(listen_id)

    def _tell(self, message: m.FromListener) -> None:
        """A core that does not read is cut off; its questions are nobody's then."""
        if self._core is None:
            return
        if self._core.transport.get_write_buffer_size() > MOST_UNSENT_BYTES:
            self._core.transport.abort()
        else:
            self._core.write(frames.pack(msgspec.msgpack.encode(message)))

    def _begin(self, listen: m.Listen) -> None:
        listen_id = listen.listen_id
        missing = [one for one in listen.languages if one not in self._models]
        if len(self._asked) >= self._options.most:
            sentence = f"{self._options.most} callers are listened to already"
            self._tell(m.Failed(listen_id=listen_id, sentence=sentence))
        elif len(missing) == len(listen.languages):
            sentence = f"there is no speech model for {', '.join(missing) or 'no language'}"
            self._tell(m.Failed(listen_id=listen_id, sentence=sentence))
        else:
            self._endpoints[listen_id] = Endpoint(
                EndpointOptions(
                    wait_s=listen.wait_s,
                    limit_s=listen.limit_s,
                    pause_s=self._options.pause_s,
                    over_prompt=listen.over_prompt,
                )
            )
            audio: asyncio.Future[_Audio] = asyncio.get_running_loop().create_future()
            task = asyncio.create_task(self._hear(listen, audio), name=f"listen-{listen_id}")
            self._asked[listen_id] = task, audio
            self._tell(m.Listening(listen_id=listen_id))

    def _drop(self, listen_id: str) -> None:
        task, _audio = self._asked.pop(listen_id, (None, None))
        self._endpoints.pop(listen_id, None)
        if task is not None:
            task.cancel()

    def _drop_all(self) -> None:
        for listen_id in list(self._asked):
            self._drop(listen_id)

    # -- audio -----------------------------------------------------------------------------------

    async def _bring(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        audio = _Audio(reader, writer)
        try:
            listen_id = await audio.header()
        except _NoAudio:
            audio.close()
            return
        _task, wanted = self._asked.get(listen_id, (None, None))
        if wanted is None or wanted.done():
            audio.close()
        else:
            wanted.set_result(audio)

    async def _hear(self, listen: m.Listen, audio: asyncio.Future[_Audio]) -> None:
        try:
            outcome = await self._outcome(listen, audio)
        except (CallCentreError, TimeoutError) as error:
            sentence = str(error) or "no audio came"
            outcome = m.Failed(listen_id=listen.listen_id, sentence=sentence)
        finally:
            if audio.done() and not audio.cancelled():
                audio.result().close()
            # Stopped and asked again under the same id, the place is another's.
            if self._asked.get(listen.listen_id, (None, None))[1] is audio:
                del self._asked[listen.listen_id]
                del self._endpoints[listen.listen_id]
        self._tell(outcome)

    async def _outcome(self, listen: m.Listen, audio: asyncio.Future[_Audio]) -> m.Outcome:
        endpoint = self._endpoints[listen.listen_id]
        ears = {
            language: self._models[language].listen_live(
                SAMPLE_RATE_HZ, _grammar(listen.phrases.get(language, ()))
            )
            for language in listen.languages
            if language in self._models
        }
        async with asyncio.timeout(AUDIO_WITHIN_S):
            source = await audio
        state = await self._follow(listen.listen_id, endpoint, source, [*ears.values()])
        if state is State.SILENT:
            return m.Silent(listen_id=listen.listen_id)
        said = {language: await asyncio.to_thread(ear.finish) for language, ear in ears.items()}
        language = max(said, key=lambda one: surely_heard_s(said[one]))
        return _heard(listen.listen_id, language, said[language])

    async def _follow(
        self, listen_id: str, endpoint: Endpoint, source: _Audio, ears: Sequence[LiveListening]
    ) -> State:
        """Until the answer is over or does not come."""
        told, has_begun = "", False
        while endpoint.state in (State.WAITING, State.SPEAKING):
            pcm = await source.samples()
            texts = [await asyncio.to_thread(ear.feed, pcm.tobytes()) for ear in ears]
            text = max(texts, key=len)
            for at in range(0, len(pcm), BLOCK_SAMPLES):
                block = pcm[at : at + BLOCK_SAMPLES]
                length_s = len(block) / SAMPLE_RATE_HZ
                endpoint.feed(level_dbov(block), length_s, has_words=bool(text))
            if endpoint.state is State.SPEAKING and not has_begun:
                has_begun = True
                self._tell(m.Began(listen_id=listen_id))
            if text != told:
                self._tell(m.Partly(listen_id=listen_id, text=text))
                told = text
        return endpoint.state


def surely_heard_s(words: Sequence[Word]) -> float:
    """Speech that was understood, in seconds, each word weighted by its confidence."""
    return sum(
        word.confidence * (word.end_s - word.start_s) for word in words if word.text != UNKNOWN
    )


def _heard(listen_id: str, language: str, said: Sequence[Word]) -> m.Heard:
    spoken_s = sum(word.end_s - word.start_s for word in said)
    known = [word for word in said if word.text != UNKNOWN]
    return m.Heard(
        listen_id=listen_id,
        language=language,
        text=" ".join(word.text for word in known),
        confidence=round(surely_heard_s(said) / spoken_s, 3) if spoken_s > 0 else 0.0,
        words=tuple(
            m.SpokenWord(word.text, word.start_s, word.end_s, word.confidence) for word in known
        ),
    )


def _grammar(phrases: Sequence[str]) -> Sequence[str]:
    """Those of a short list of short answers; anything may be said otherwise."""
    is_short = len(phrases) <= MOST_GRAMMAR_PHRASES and all(
        len(phrase) <= MOST_GRAMMAR_CHARACTERS for phrase in phrases
    )
    return phrases if is_short else ()


async def run_listener(options: ListenerOptions, load: Callable[[Path], LiveRecogniser]) -> None:
    """The body of the listener process, until it is cancelled."""
    with suppress(asyncio.CancelledError):
        await Listener(options, load).run()
