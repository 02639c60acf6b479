"""`callcenter quality`: the rules with their figures, a trial on stored talks, problems by name;
and the centre's own packs as the settings take them."""

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from callcenter.commands.quality import app
from callcenter.configuration.settings import load
from callcenter.web.quality_book import QualityBook
from foundation import clock
from foundation.db import make_engine, make_sessions
from foundation.errors import ConfigurationError
from recordings.quality.packs import shipped
from recordings.quality.store import QualityStore
from recordings.recording import TranscriptState
from recordings.store import Ended, RecordingStore
from tests.support.database import put_schema
from tests.support.quality_store_behaviour import ONE, SAID, verdict
from tests.support.recording_fakes import recording

OWN = "language: zh\nforbidden:\n  - {phrase: 没办法, severity: 3}\n  - {phrase: 不解释}\n"


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner(env={"COLUMNS": "200"}).invoke(app, list(arguments))
    return result.exit_code, result.output


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "callcenter.yaml").write_text("{}", encoding="utf-8")
    return tmp_path


def write_pack(folder: Path, text: str, name: str = "zh") -> None:
    file = folder / "rules" / "quality" / f"{name}.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


async def keep_a_talk(folder: Path) -> None:
    """Of this moment, in which the agent says 没办法."""
    engine = make_engine(load(folder).database_url)
    put_schema(load(folder).database_url)
    sessions = make_sessions(engine)
    recordings = RecordingStore(sessions)
    await recordings.add(recording(started=clock.utc_now()))
    await recordings.end(Ended(ONE, 60.0, True, TranscriptState.QUEUED))
    await recordings.save_transcript(ONE, [SAID])
    await QualityStore(sessions).add(ONE, clock.utc_now(), verdict(92.0, "没办法"))
    await engine.dispose()


def test_shipped_packs_are_in_force_unless_told_otherwise(folder: Path) -> None:
    assert load(folder).quality_packs == shipped()


def test_centres_own_pack_wins_over_the_shipped_one_of_its_name(folder: Path) -> None:
    write_pack(folder, OWN)

    assert [rule.name for rule in load(folder).quality_packs["zh"].forbidden] == [
        "没办法",
        "不解释",
    ]


def test_problems_of_all_packs_are_told_with_file_and_line(folder: Path) -> None:
    write_pack(folder, "language: zh\nforbidden:\n  - {phrase: 没办法, severty: 3}\n")
    write_pack(folder, "language: zh\n", "en")

    with pytest.raises(ConfigurationError) as refused:
        load(folder)

    assert refused.value.problems == [
        "en.yaml is in 'zh' and named for 'en'",
        "rules/quality/zh.yaml:3: forbidden[0].severty: unknown key 'severty';"
        " did you mean 'severity'?",
    ]


def test_pack_that_is_nowhere_is_told(folder: Path) -> None:
    (folder / "callcenter.yaml").write_text("quality: {packs: {zh: strict}}", encoding="utf-8")

    with pytest.raises(ConfigurationError, match=r"no rules/quality/strict\.yaml; known: en, zh"):
        load(folder)


def test_web_takes_up_a_changed_pack_and_passes_over_a_spoilt_one(folder: Path) -> None:
    write_pack(folder, OWN)
    book = QualityBook(load(folder), clock.utc_now)
    assert len(book.packs()["zh"].forbidden) == 2

    write_pack(folder, OWN + "  - {phrase: 没法查}\n")
    assert len(book.packs()["zh"].forbidden) == 3
    write_pack(folder, "language: [")
    assert len(book.packs()["zh"].forbidden) == 3


def test_trial_lists_rules_and_calls_and_keeps_nothing(folder: Path) -> None:
    asyncio.run(keep_a_talk(folder))
    write_pack(folder, OWN, "strict")

    code, told = run("try", "strict", "--days", "7", "--dir", str(folder))

    assert code == 0, told
    assert "1 of 1 talks of the last 7 days are hit." in told
    assert "The mean score would be 75.0; today it is 92.0." in told
    assert "没办法 5 s" in told


def test_trial_of_a_file_anywhere(folder: Path, tmp_path: Path) -> None:
    asyncio.run(keep_a_talk(folder))
    file = tmp_path / "new.yaml"
    file.write_text("language: zh\nforbidden: [{phrase: 不解释}]", encoding="utf-8")

    code, told = run("try", str(file), "--dir", str(folder))

    assert code == 0
    assert "0 of 1 talks of the last 7 days are hit." in told


@pytest.mark.parametrize(
    ("pack", "sentence"),
    [
        ("strickt", "there is no pack 'strickt'; known: en, zh"),
        ("none.yaml", "none.yaml: cannot be read"),
    ],
)
def test_pack_of_a_trial_that_cannot_be_had_is_told(folder: Path, pack: str, sentence: str) -> None:
    code, told = run("try", pack, "--dir", str(folder))

    assert code == 1
    assert sentence in told


def test_rules_are_listed_with_their_figures(folder: Path) -> None:
    code, told = run("rules", "--dir", str(folder))

    assert code == 0
    assert "没办法" in told
    assert "there is nothing i can do" in told


def test_shipped_schema_is_what_the_command_prints() -> None:
    code, told = run("schema")

    assert code == 0
    file = Path(__file__).parents[3] / "docs" / "schema" / "quality.json"
    assert json.loads(told) == json.loads(file.read_text(encoding="utf-8"))
