"""`callcenter speech`: try words, put them right, count."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from callcenter.commands.speech import app
from callcenter.records.speech_figures import SpeechFigures
from foundation.ids import CallId
from ivr.events import SpeechSettled
from tests.callcenter.configuration.test_settings import asking_centre

SAID = "take it away"


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.output


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return asking_centre(tmp_path)


def test_words_are_tried_on_a_node(folder: Path) -> None:
    code, told = run("try", "main", "what", "a refund please", "--dir", str(folder))
    assert code == 0
    assert "refund, 1.00 sure: taken" in told
    code, told = run("try", "main", "what", SAID, "--dir", str(folder))
    assert "not understood" in told


def test_what_was_learnt_is_understood_the_next_time(folder: Path) -> None:
    code, told = run("learn", "main", "what", SAID, "refund", "--dir", str(folder))
    assert code == 0, told
    code, told = run("try", "main", "what", f"please {SAID}", "--dir", str(folder))
    assert "refund, 1.00 sure: taken" in told
    run("learn", "main", "what", "away with it", "refund", "--dir", str(folder))
    assert (folder / "rules" / "speech.yaml").read_text().count("refund") == 2


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("try", "mian", "what", "x"), "there is no flows/mian.yaml; did you mean 'main'?"),
        (("try", "main", "end", "x"), "the flow has no `ask` node 'end'; it has: what"),
        (("learn", "main", "what", "x", "refnd"), "there is no choice 'refnd'"),
    ],
)
def test_names_that_are_none_are_told(
    folder: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    code, told = run(*arguments, "--dir", str(folder))
    assert code == 1
    assert sentence in told
    assert not (folder / "rules").exists()


def test_outcomes_are_counted_by_node() -> None:
    figures = SpeechFigures()
    for outcome in ("understood", "understood", "fell_back"):
        figures.on_event(SpeechSettled(CallId("c"), "main", "what", outcome, "", 0.5, 1))
    figures.on_event("another event")
    assert figures.nodes == {("main", "what"): {"understood": 2, "fell_back": 1}}


def test_centre_that_was_never_served_has_no_figures(folder: Path) -> None:
    code, told = run("figures", str(folder))
    assert code == 0
    assert "understood" in told
