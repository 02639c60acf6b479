"""Vosk with the small models: what it makes of no speech, and of folders that are no models."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from recordings.recogniser import NoModel
from recordings.transcribing.model_folders import builtin_models, model_folder
from recordings.transcribing.vosk_recogniser import VoskRecogniser, model_rate

NOWHERE = Path("/nowhere")


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A model to break."""
    return Path(shutil.copytree(model_folder("tiny-en", NOWHERE), tmp_path / "model"))


def test_our_models_are_found_by_name_and_others_beside_the_configuration() -> None:
    assert builtin_models() == ["tiny-en", "tiny-zh"]
    assert model_folder("tiny-zh", NOWHERE).is_dir()
    assert model_folder("big", NOWHERE) == NOWHERE / "big"
    assert model_folder("/opt/big", NOWHERE) == Path("/opt/big")


@pytest.mark.parametrize("name", ["tiny-en", "tiny-zh"])
@pytest.mark.parametrize("rate", [8000, 16000])
def test_silence_and_noise_are_no_words(name: str, rate: int) -> None:
    recogniser = VoskRecogniser(model_folder(name, NOWHERE))
    noise = np.random.default_rng(1).normal(0, 300, rate).astype(np.int16)

    assert recogniser.rate == 8000
    assert recogniser.transcribe(bytes(2 * rate), rate) == []
    assert recogniser.transcribe(noise.tobytes(), rate) == []
    assert recogniser.transcribe(b"", rate) == []


@pytest.mark.parametrize(
    ("conf", "rate"),
    [
        ("--use-energy=false\n--sample-frequency=16000\n", 16000),
        ("--sample-frequency=8000", 8000),
        ("--num-ceps=40\n", 16000),
    ],
)
def test_the_models_rate_is_read_from_its_configuration(
    tmp_path: Path, conf: str, rate: int
) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf/mfcc.conf").write_text(conf)

    assert model_rate(tmp_path) == rate


@pytest.mark.parametrize(
    "lost", ["am/final.mdl", "conf/mfcc.conf", "conf/model.conf", "graph/Gr.fst", "graph/HCLr.fst"]
)
@pytest.mark.parametrize("is_empty", [True, False])
def test_a_half_written_model_is_named_with_what_it_lacks(
    broken: Path, lost: str, is_empty: bool
) -> None:
    (broken / lost).unlink()
    if is_empty:
        (broken / lost).touch()

    with pytest.raises(NoModel, match=f"missing or empty: {lost}"):
        VoskRecogniser(broken)


def test_a_model_without_any_graph_lacks_the_whole_one(broken: Path) -> None:
    shutil.rmtree(broken / "graph")

    with pytest.raises(NoModel, match=r"missing or empty: graph/HCLG\.fst"):
        VoskRecogniser(broken)


def test_a_folder_that_is_not_there_is_no_model() -> None:
    with pytest.raises(NoModel, match="/nowhere cannot be used: there is no such folder"):
        VoskRecogniser(NOWHERE)


def test_files_that_vosk_cannot_read_are_no_model(broken: Path) -> None:
    (broken / "am/final.mdl").write_bytes(b"not a model at all")

    with pytest.raises(NoModel, match="cannot be loaded"):
        VoskRecogniser(broken)
