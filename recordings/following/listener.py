"""The listener: understands what callers say while a flow asks them, and what talks are about.

A process of its own: it may die and the flow goes on by keys. Not niced like the transcriber, for a
caller waits for it; talks are followed by niced threads (`following.following`). Core asks on one
socket (`following.listen_messages`); the media workers bring the audio on another (`ListenIn`);
what is said in talks goes out on a third.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import msgspec

from foundation import frames, unix
from foundation.errors import CallCentreError, RemoteError
from foundation.frames import FrameReader
from recordings.following import listen_messages as m
from recordings.following.endpoint import Endpoint, EndpointOptions, State, level_dbov
from recordings.following.following import Followers
from recordings.following.live_audio import AUDIO_WITHIN_S, LiveAudio, NoAudio
from recordings.following.word_readers import Readers
from recordings.recogniser import UNKNOWN, LiveListening, LiveRecogniser, NoModel, Word
from telephony.media.sound.g711 import SAMPLE_RATE_HZ

log = logging.getLogger(__name__)

MOST_GRAMMAR_PHRASES = 24
MOST_GRAMMAR_CHARACTERS = 16
"Of a phrase: yes, no, numbers. Longer ones are examples of what people say, not all of it."
MOST_UNSENT_BYTES = 1_000_000
BLOCK_SAMPLES = SAMPLE_RATE_HZ // 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerOptions:
    control: Path
    "Core's socket."
    live: Path
    "The media workers'."
    words: Path | None = None
    "Where the talks' words are read; None: no talk is followed."
    models: Mapping[str, Path] = field(default_factory=dict)
    "Model folder of each language."
    most: int = 16
    "Callers listened to at once."
    pause_s: float = 0.7


class Listener:
    """Any number of answers at once, up to a bound."""

    def __init__(self, options: ListenerOptions, load: Callable[[Path], LiveRecogniser]) -> None:
        self._options = options
        self._load = load
        self._models: dict[str, LiveRecogniser] = {}
        self._core: asyncio.StreamWriter | None = None
        self._asked: dict[str, tuple[asyncio.Task[None], asyncio.Future[LiveAudio]]] = {}
        self._endpoints: dict[str, Endpoint] = {}
        "Of those that are answers."
        self._followers = Followers(self._models, lambda told: self._readers.tell(told))
        self._readers = Readers(self._followers.told_so_far)
        self._followed: set[str] = set()
        "Those of `_asked` that are a side of a talk."

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
        if self._options.words is not None:
            words = unix.listen(self._options.words)
            await asyncio.start_unix_server(self._readers.serve, sock=words)
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
            case m.Follow(listen_id=listen_id) if listen_id not in self._asked:
                self._begin_following(message)
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
        if len(self._asked) - len(self._followed) >= self._options.most:
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
            audio: asyncio.Future[LiveAudio] = asyncio.get_running_loop().create_future()
            task = asyncio.create_task(self._hear(listen, audio), name=f"listen-{listen_id}")
            self._asked[listen_id] = task, audio
            self._tell(m.Listening(listen_id=listen_id))

    def _begin_following(self, follow: m.Follow) -> None:
        """Core says how many talks at once; their words go to whoever reads them, not to core."""
        listen_id = follow.listen_id
        problem = self._followers.why_not(follow)
        if problem:
            self._tell(m.Failed(listen_id=listen_id, sentence=problem))
            return
        audio: asyncio.Future[LiveAudio] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(self._follow_side(follow, audio), name=f"follow-{listen_id}")
        self._asked[listen_id] = task, audio
        self._followed.add(listen_id)
        self._tell(m.Listening(listen_id=listen_id))

    async def _follow_side(self, follow: m.Follow, audio: asyncio.Future[LiveAudio]) -> None:
        sentence = ""
        try:
            async with asyncio.timeout(AUDIO_WITHIN_S):
                source = await audio
            await self._followers.follow(follow, source)
        except (CallCentreError, TimeoutError) as error:
            sentence = str(error) or "no audio came"
        finally:
            self._let_go(follow.listen_id, audio)
        self._tell(m.Failed(listen_id=follow.listen_id, sentence=sentence))

    def _let_go(self, listen_id: str, audio: asyncio.Future[LiveAudio]) -> None:
        if audio.done() and not audio.cancelled():
            audio.result().close()
        # Stopped and asked again under the same id, the place is another's.
        if self._asked.get(listen_id, (None, None))[1] is audio:
            del self._asked[listen_id]
            self._endpoints.pop(listen_id, None)
            self._followed.discard(listen_id)

    def _drop(self, listen_id: str) -> None:
        self._followed.discard(listen_id)
        task, _audio = self._asked.pop(listen_id, (None, None))
        self._endpoints.pop(listen_id, None)
        if task is not None:
            task.cancel()

    def _drop_all(self) -> None:
        for listen_id in list(self._asked):
            self._drop(listen_id)

    # -- audio -----------------------------------------------------------------------------------

    async def _bring(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        audio = LiveAudio(reader, writer)
        try:
            listen_id = await audio.header()
        except NoAudio:
            audio.close()
            return
        _task, wanted = self._asked.get(listen_id, (None, None))
        if wanted is None or wanted.done():
            audio.close()
        else:
            wanted.set_result(audio)

    async def _hear(self, listen: m.Listen, audio: asyncio.Future[LiveAudio]) -> None:
        try:
            outcome = await self._outcome(listen, audio)
        except (CallCentreError, TimeoutError) as error:
            sentence = str(error) or "no audio came"
            outcome = m.Failed(listen_id=listen.listen_id, sentence=sentence)
        finally:
            self._let_go(listen.listen_id, audio)
        self._tell(outcome)

    async def _outcome(self, listen: m.Listen, audio: asyncio.Future[LiveAudio]) -> m.Outcome:
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
        self, listen_id: str, endpoint: Endpoint, source: LiveAudio, ears: Sequence[LiveListening]
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
