"""`callcenter prompts make`, with the real voices."""

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from callcenter.commands.prompts import app

pytestmark = pytest.mark.e2e

FLOW = {
    "languages": ["en"],
    "start": "price",
    "nodes": {
        "price": {"do": "say", "say": {"en": "It costs {12.5:money}."}, "next": "end"},
        "end": {"do": "hangup"},
    },
}


def write(folder: Path, **speech: object) -> None:
    settings = {
        "speech": speech,
        "lines": [{"number": "8000", "flow": "main"}],
        "queues": {},
    }
    (folder / "flows").mkdir(exist_ok=True)
    (folder / "callcenter.yaml").write_text(yaml.safe_dump(settings))
    (folder / "flows" / "main.yaml").write_text(yaml.safe_dump(FLOW))


def test_prompts_are_made_once_with_the_words_of_amounts_among_them(tmp_path: Path) -> None:
    write(tmp_path, currency="USD")
    result = CliRunner().invoke(app, ["make", str(tmp_path)])
    assert result.exit_code == 0, result.output
    cache = tmp_path / "data" / "cache" / "prompts"
    made = {file.name: file.stat().st_mtime_ns for file in cache.glob("*.wav")}
    assert len(made) > 150

    assert CliRunner().invoke(app, ["make", str(tmp_path)]).exit_code == 0
    assert {file.name: file.stat().st_mtime_ns for file in cache.glob("*.wav")} == made


def test_voice_that_is_missing_is_told(tmp_path: Path) -> None:
    write(tmp_path, voices={"en": "piper:voices/amy.onnx", "zh": "cmn-latn-pinyin"})
    result = CliRunner().invoke(app, ["make", str(tmp_path)])
    assert result.exit_code == 1
    assert f"there is no file {tmp_path}/voices/amy.onnx" in result.output.replace("\n", "")
