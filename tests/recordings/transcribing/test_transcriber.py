"""The transcriber: leases, listens to each side in its own language, brings words or the fault."""

from itertools import count
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest

from foundation.errors import Unavailable
from recordings.archiving.archive import FolderShelf, Shelf
from recordings.archiving.flac import FlacFile
from recordings.messages import (
    CarryOn,
    HeardPart,
    HeardSide,
    HeardVoice,
    HeardWord,
    KeepWork,
    LeaseWork,
    Noted,
    NoWork,
    Reply,
    Request,
    Work,
    WorkDone,
    WorkFailed,
    WorkGone,
)
from recordings.transcribing.transcriber import Transcriber, TranscriberOptions
from tests.support.recording_fakes import ScriptedCore, SpellingModels
from tests.support.telephone_speech import write_wav

RATE = 8000
QUIET = HeardVoice(duration_s=200 / RATE, level_dbfs=-90.0, stretches=[])
"200 samples of next to nothing."
WORK = Work(recording_id="r-1", file="day/r-1.wav", languages=("en", "zh"))


class Desk:
    """A transcriber with everything round it made of fakes."""

    def __init__(
        self,
        folder: Path,
        core: ScriptedCore,
        models: SpellingModels,
        shelf: Shelf | None = None,
    ) -> None:
        self.slept: list[float] = []
        options = TranscriberOptions(
            worker="w1",
            recordings=folder,
            shelf=shelf,
            models={"en": Path("english"), "zh": Path("chinese")},
            piece_s=0.01,
        )
        self.transcriber = Transcriber(
            options, core, models, sleep=self.sleep, cpu_s=count(10.0, 0.5).__next__
        )

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    frames = np.zeros((200, 2), np.int16)
    frames[40:80, 0] = 7
    frames[120:160, 1] = 8
    (tmp_path / "day").mkdir()
    write_wav(tmp_path / "day/r-1.wav", frames, RATE)
    return tmp_path


def willing(message: Request) -> Reply:
    match message:
        case LeaseWork():
            return WORK
        case KeepWork():
            return CarryOn()
        case _:
            return Noted()


async def test_each_side_is_heard_alone_in_its_own_language(folder: Path) -> None:
    core = ScriptedCore(willing)

    wait_s = await Desk(folder, core, SpellingModels()).transcriber.work_once()

    assert wait_s == 0.0
    assert core.asked[0] == LeaseWork(worker="w1")
    assert core.asked[-1] == WorkDone(
        worker="w1",
        recording_id="r-1",
        sides=[
            HeardSide(
                side="caller",
                language="en",
                words=[HeardWord("english7", 40 / RATE, 41 / RATE, 1.0)],
                voice=QUIET,
                parts=[HeardPart("english7", "english7")],
            ),
            HeardSide(
                side="agent",
                language="zh",
                words=[HeardWord("chinese8", 120 / RATE, 121 / RATE, 1.0)],
                voice=QUIET,
                parts=[HeardPart("chinese8", "chinese8")],
            ),
        ],
        indexed=True,
        audio_s=0.05,
        cpu_s=0.5,
    )


@pytest.mark.parametrize(
    ("confidence", "spoken"),
    [
        ({"english": 0.9, "chinese": 0.5}, "en"),
        ({"english": 0.5, "chinese": 0.9}, "zh"),
        ({"english": 0.9, "chinese": 0.9}, "en"),
    ],
)
async def test_of_two_possible_languages_the_better_understood_is_kept(
    folder: Path, confidence: dict[str, float], spoken: str
) -> None:
    work = Work(recording_id="r-1", file="day/r-1.wav", languages=("en|zh", "zh"))
    core = ScriptedCore(lambda m: work if isinstance(m, LeaseWork) else willing(m))

    await Desk(folder, core, SpellingModels(confidence=confidence)).transcriber.work_once()

    done = core.asked[-1]
    assert isinstance(done, WorkDone)
    assert [side.language for side in done.sides] == [spoken, "zh"]
    assert len(done.sides[0].words) == 1


async def test_the_lease_is_renewed_after_every_piece_of_audio(folder: Path) -> None:
    core, models = ScriptedCore(willing), SpellingModels()

    await Desk(folder, core, models).transcriber.work_once()

    assert [r.pieces for r in models.loaded] == [[160, 160, 80], [160, 160, 80]]
    kept = [each for each in core.asked if isinstance(each, KeepWork)]
    assert [each.done for each in kept] == [0.2, 0.4, 0.5, 0.7, 0.9, 1.0]


async def test_models_are_loaded_once(folder: Path) -> None:
    models = SpellingModels()
    desk = Desk(folder, ScriptedCore(willing), models)

    await desk.transcriber.work_once()
    await desk.transcriber.work_once()

    assert [r.name for r in models.loaded] == ["english", "chinese"]


async def test_it_rests_for_as_long_as_media_needs_the_processor(folder: Path) -> None:
    pauses = [2.0, 2.0, 0.0]

    def busy(message: Request) -> Reply:
        if isinstance(message, KeepWork) and pauses:
            return CarryOn(pause_s=pauses.pop(0))
        return willing(message)

    core = ScriptedCore(busy)
    desk = Desk(folder, core, SpellingModels())
    await desk.transcriber.work_once()

    assert desk.slept == [2.0, 2.0]
    assert isinstance(core.asked[-1], WorkDone)


async def test_work_that_was_given_to_another_is_dropped(folder: Path) -> None:
    core = ScriptedCore(lambda m: WorkGone() if isinstance(m, KeepWork) else willing(m))

    assert await Desk(folder, core, SpellingModels()).transcriber.work_once() == 0.0
    assert isinstance(core.asked[-1], KeepWork)


async def test_without_work_it_waits_as_told(folder: Path) -> None:
    core = ScriptedCore(lambda _: NoWork(ask_again_s=2.5))

    assert await Desk(folder, core, SpellingModels()).transcriber.work_once() == 2.5


async def test_a_broken_model_is_reported_as_a_sentence(folder: Path) -> None:
    core = ScriptedCore(willing)

    await Desk(folder, core, SpellingModels(broken=frozenset({"chinese"}))).transcriber.work_once()

    assert core.asked[-1] == WorkFailed(
        worker="w1",
        recording_id="r-1",
        sentence="the speech model chinese cannot be used: it is broken",
    )


@pytest.mark.parametrize(
    ("work", "sentence"),
    [
        (Work(recording_id="r-1", file="no.wav", languages=("en", "zh")), "no.wav does not exist"),
        (Work(recording_id="r-1", file="day/r-1.wav", languages=("en", "fr")), "only for: en, zh"),
    ],
)
async def test_what_cannot_be_transcribed_is_reported(
    folder: Path, work: Work, sentence: str
) -> None:
    core = ScriptedCore(lambda m: work if isinstance(m, LeaseWork) else willing(m))

    await Desk(folder, core, SpellingModels()).transcriber.work_once()

    failed = core.asked[-1]
    assert isinstance(failed, WorkFailed)
    assert sentence in failed.sentence


async def test_a_core_that_is_away_is_asked_again_and_loses_nothing(folder: Path) -> None:
    core = ScriptedCore(willing, away=3)
    desk = Desk(folder, core, SpellingModels())

    await desk.transcriber.work_once()

    assert desk.slept == [1.0, 1.0, 1.0]
    assert isinstance(core.asked[-1], WorkDone)


async def test_audio_that_is_archived_while_it_is_heard_costs_nothing(folder: Path) -> None:
    def archives(message: Request) -> Reply:
        if isinstance(message, KeepWork):
            (folder / "day/r-1.wav").unlink(missing_ok=True)
        return willing(message)

    core = ScriptedCore(archives)
    await Desk(folder, core, SpellingModels()).transcriber.work_once()

    [done] = [each for each in core.asked if isinstance(each, WorkDone)]
    assert [side.side for side in done.sides] == ["caller", "agent"]


async def test_store_that_is_away_is_waited_for_and_costs_no_attempt(folder: Path) -> None:
    class Away(FolderShelf):
        tries = 0

        def open(self, key: str) -> BinaryIO:
            self.tries += 1
            if self.tries < 3:
                raise Unavailable("the bucket does not answer")
            return super().open(key)

    flac = FlacFile(folder / "day/r-1.flac", RATE, 2, "")
    flac.write(np.zeros((200, 2), np.int16))
    flac.close()

    def archived(message: Request) -> Reply:
        if isinstance(message, LeaseWork):
            return Work(
                recording_id="r-1",
                file="day/gone.wav",
                languages=("en", "zh"),
                archive_key="day/r-1.flac",
            )
        return willing(message)

    core = ScriptedCore(archived)
    desk = Desk(folder, core, SpellingModels(), Away(folder))
    await desk.transcriber.work_once()

    assert desk.slept == [5.0, 5.0]
    assert isinstance(core.asked[-1], WorkDone)
