"""The transcriber: asks core for a finished recording, listens to each side, brings the words back.

It runs in a process of its own with the lowest claim on the processor: a transcript may be late, a
voice may not. Between pieces of audio it renews its lease, and rests when core says that the media
workers need the machine. It keeps nothing: killed at any moment, its job goes to whoever asks next.
"""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from foundation import clock
from foundation.errors import CallCentreError, Unavailable
from recordings import wav
from recordings.archiving.archive import Audio, FolderShelf, Shelf, open_audio, read_side
from recordings.messages import (
    EITHER,
    CarryOn,
    Core,
    HeardPart,
    HeardSide,
    HeardVoice,
    HeardWord,
    KeepWork,
    LeaseWork,
    NoWork,
    Reply,
    Request,
    Work,
    WorkDone,
    WorkFailed,
)
from recordings.quality import voice
from recordings.quality.talk import Voice
from recordings.recogniser import NoModel, Recogniser, Word
from recordings.terms import IndexPart, index_parts
from telephony.calls.events import Side

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriberOptions:
    """One transcriber process."""

    worker: str
    "Names who has a lease; the same after a restart."

    run: str = ""
    "Names this run of the process: leases of an earlier one are given back."

    recordings: Path
    "The folder that all recordings' files are relative to."

    shelf: Shelf | None = None
    "Where archived audio is; None: in the same folder."

    models: Mapping[str, Path] = field(default_factory=dict)
    "Model folder of each language."

    niceness: int = 10
    "Added to the process's own."

    piece_s: float = 20.0
    "Audio between two renewals of the lease."

    core_away_s: float = 1.0
    "Wait before asking again when core does not answer."

    away_s: float = 5.0
    "Wait before opening the audio again when its store does not answer."

    away_tries: int = 120
    "So often; then the attempt has failed."


class _LostWork(Exception):
    """Core gave the recording to somebody else; nobody waits for our words."""


@dataclass(slots=True)
class _Work:
    """A recording under way."""

    given: Work
    listenings: int
    "One for each side and model."
    began_cpu_s: float
    listened_s: float = 0.0
    "Of one channel with one model."
    length_s: float = 0.0

    @property
    def done(self) -> float:
        whole_s = self.length_s * self.listenings
        return min(1.0, self.listened_s / whole_s) if whole_s else 0.0


class Transcriber:
    """Transcribes one recording after the other."""

    def __init__(
        self,
        options: TranscriberOptions,
        core: Core,
        load: Callable[[Path], Recogniser],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        cpu_s: Callable[[], float] = clock.cpu_s,
        index: Callable[[Sequence[Word]], Sequence[IndexPart]] = index_parts,
    ) -> None:
        self._cpu_s = cpu_s
        self._index = index
        self._options = options
        self._core = core
        self._load = load
        self._sleep = sleep
        self._loaded: dict[str, Recogniser] = {}

    async def run(self) -> NoReturn:
        while True:
            await self._sleep(await self.work_once())

    async def work_once(self) -> float:
        """Does one recording if there is one; returns how many seconds to wait before the next."""
        reply = await self._ask(LeaseWork(worker=self._options.worker, run=self._options.run))
        match reply:
            case Work():
                await self._transcribe(reply)
                return 0.0
            case NoWork(ask_again_s=wait_s):
                return wait_s
            case _:
                raise TypeError(f"core answered LeaseWork with {reply!r}")

    async def _transcribe(self, given: Work) -> None:
        listenings = sum(len(languages.split(EITHER)) for languages in given.languages)
        work = _Work(given, listenings, self._cpu_s())
        try:
            # Open until the end: a WAV may go to the archive in between.
            with await self._open(work) as audio:
                sides = [
                    await self._hear_side(work, audio, side, languages)
                    for side, languages in zip(Side, given.languages, strict=True)
                ]
        except _LostWork:
            log.info("%s was given to another transcriber", given.recording_id)
        except (CallCentreError, OSError) as error:
            log.warning("%s cannot be transcribed: %s", given.recording_id, error)
            await self._ask(self._failure(given, str(error)))
        else:
            log.info("> transcript of %s", given.recording_id)
            await self._ask(self._success(work, sides))

    def _success(self, work: _Work, sides: list[HeardSide]) -> WorkDone:
        return WorkDone(
            worker=self._options.worker,
            recording_id=work.given.recording_id,
            sides=sides,
            indexed=True,
            audio_s=work.listened_s,
            cpu_s=self._cpu_s() - work.began_cpu_s,
        )

    async def _hear_side(self, work: _Work, audio: Audio, side: Side, languages: str) -> HeardSide:
        """Each side by itself: two people at once are too much for any model."""
        pcm, rate = await asyncio.to_thread(read_side, audio, side)
        measured = await asyncio.to_thread(voice.measure, pcm, rate)
        work.length_s = len(pcm) / wav.SAMPLE_BYTES / rate
        heard = {
            language: await self._listen(work, pcm, rate, language)
            for language in languages.split(EITHER)
        }
        language = max(heard, key=lambda one: surely_heard_s(heard[one]))
        words = heard[language]
        parts = await asyncio.to_thread(self._index, words)
        return HeardSide(
            side=side.value,
            language=language,
            words=[HeardWord(w.text, w.start_s, w.end_s, w.confidence) for w in words],
            voice=_on_the_wire(measured),
            parts=[HeardPart(part.words, part.letters) for part in parts],
        )

    async def _open(self, work: _Work) -> Audio:
        """A store that is away is waited for: attempts are for what is wrong with a talk."""
        for _ in range(self._options.away_tries):
            try:
                return await asyncio.to_thread(self._audio_of, work.given)
            except Unavailable as error:
                log.info("%s waits: %s", work.given.recording_id, error)
                await self._sleep(self._options.away_s)
                await self._keep(work)
        return await asyncio.to_thread(self._audio_of, work.given)

    def _audio_of(self, given: Work) -> Audio:
        shelf = self._options.shelf or FolderShelf(self._options.recordings)
        return open_audio(self._options.recordings / given.file, shelf, given.archive_key)

    async def _listen(self, work: _Work, pcm: bytes, rate: int, language: str) -> list[Word]:
        recogniser = await self._recogniser(language)
        listening = await asyncio.to_thread(recogniser.listen, rate)
        piece_bytes = wav.SAMPLE_BYTES * int(rate * self._options.piece_s)
        for at in range(0, len(pcm), piece_bytes):
            piece = pcm[at : at + piece_bytes]
            await asyncio.to_thread(listening.feed, piece)
            work.listened_s += len(piece) / wav.SAMPLE_BYTES / rate
            await self._keep(work)
        return await asyncio.to_thread(listening.finish)

    async def _keep(self, work: _Work) -> None:
        """Renews the lease, and rests for as long as core has no processor to spare."""
        message = KeepWork(
            worker=self._options.worker,
            recording_id=work.given.recording_id,
            done=round(work.done, 3),
        )
        while isinstance(reply := await self._ask(message), CarryOn):
            if not reply.pause_s:
                return
            await self._sleep(reply.pause_s)
        raise _LostWork

    async def _recogniser(self, language: str) -> Recogniser:
        """Models are loaded when first needed, and kept."""
        if language not in self._loaded:
            folder = self._options.models.get(language)
            if folder is None:
                known = ", ".join(sorted(self._options.models)) or "none"
                raise NoModel(f"no speech model is configured for {language!r}, only for: {known}")
            self._loaded[language] = await asyncio.to_thread(self._load, folder)
        return self._loaded[language]

    def _failure(self, work: Work, sentence: str) -> WorkFailed:
        return WorkFailed(
            worker=self._options.worker, recording_id=work.recording_id, sentence=sentence
        )

    async def _ask(self, message: Request) -> Reply:
        """A core that is away comes back; what is to be told must not be lost meanwhile."""
        while True:
            try:
                return await self._core.ask(message)
            except Unavailable as error:
                log.info("core is away: %s", error)
                await self._sleep(self._options.core_away_s)


def _on_the_wire(voice: Voice) -> HeardVoice:
    return HeardVoice(
        duration_s=voice.duration_s,
        level_dbfs=voice.level_dbfs,
        stretches=[(s.start_s, s.end_s, s.pitch_hz, s.level_dbfs) for s in voice.stretches],
    )


def surely_heard_s(words: Sequence[Word]) -> float:
    """Speech that the model understood, in seconds, each word weighted by its confidence.

    A model that hears a foreign language makes few words of it, short ones and doubtful: of the
    demo's talks our small ones understand at least 2.8 times as much in the right language.
    """
    return sum(word.confidence * (word.end_s - word.start_s) for word in words)


async def run_transcriber(
    options: TranscriberOptions, core: Core, load: Callable[[Path], Recogniser]
) -> NoReturn:
    """The body of the transcriber process; `load` is `vosk_recogniser.VoskRecogniser` there."""
    os.nice(options.niceness)
    await Transcriber(options, core, load).run()
