"""Rules of quality through the whole chain: a sample of the labelled calls in both languages, each
spoken once. `make bench BENCH=quality-en` speaks all of them four times."""

from pathlib import Path

import pytest

from callcenter.quality_measure import measure, speakings
from recordings.quality import labelled, packs
from recordings.transcribing.model_folders import model_folder
from recordings.transcribing.vosk_recogniser import VoskRecogniser

pytestmark = pytest.mark.e2e

SAMPLE = (slice(0, 30, 6), slice(32, 70, 6))
"Of the calls: some with forbidden phrases, some with other faults and with none."
LEAST = 0.95


@pytest.mark.parametrize("language", ["en", "zh"])
def test_sample_of_the_labelled_calls_is_judged_as_labelled(language: str, tmp_path: Path) -> None:
    recogniser = VoskRecogniser(model_folder(f"tiny-{language}", tmp_path))
    every = speakings(labelled.read(labelled.FOLDER / f"{language}.yaml"), rounds=1)
    spoken = [one for part in SAMPLE for one in every[part]]

    tally = measure(packs.shipped()[language], spoken, recogniser, tmp_path)

    figures = tally.figures(f"tiny-{language}", "today")
    whole = figures.overall()
    assert whole.said >= 20
    assert whole.recall is not None
    assert whole.precision is not None
    assert min(whole.recall, whole.precision) >= LEAST, tally.wrongs
    assert figures.word_error_rate <= 0.05
