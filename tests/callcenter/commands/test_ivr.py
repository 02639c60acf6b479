"""`callcenter ivr …` on the starter centre and on broken ones."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from callcenter.commands.init import write_starter
from callcenter.commands.ivr import app
from callcenter.configuration.settings import load
from ivr.flows import flow
from ivr.trials import schema

DOCS = Path(__file__).parent.parent.parent.parent / "docs"


@pytest.fixture
def centre(tmp_path: Path) -> Path:
    write_starter(tmp_path / "centre")
    return tmp_path / "centre"


def run(*words: str, given: str = "") -> Result:
    return CliRunner().invoke(app, list(words), input=given)


def test_dialogues_of_the_starter_pass(centre: Path) -> None:
    result = run("test", "--dir", str(centre))
    assert result.exit_code == 0, result.output
    assert "23 dialogues, 0 failed" in result.output
    assert "flows/matters.test.yaml: a complaint goes first" in result.output


def test_dialogue_that_fails_is_told_and_the_exit_says_so(centre: Path) -> None:
    file = centre / "flows" / "main.test.yaml"
    file.write_text(file.read_text().replace("{queue: support}", "{queue: orders}"))
    result = run("test", "main", "--dir", str(centre))
    assert result.exit_code == 1
    assert "FAILED  flows/main.test.yaml:13: key 2" in result.output
    assert "expects queue 'orders', got 'support'" in result.output
    assert "5 dialogues, 1 failed" in result.output


def test_broken_dialogues_are_told_all_at_once(centre: Path) -> None:
    (centre / "flows" / "main.test.yaml").write_text("tests: {a: {steps: [{presss: 1}]}}")
    (centre / "flows" / "echo.test.yaml").write_text("tests: {}")
    result = run("test", "--dir", str(centre))
    assert result.exit_code == 1
    assert "did you mean 'press'?" in result.output
    assert "flows/echo.test.yaml:1" in result.output


def test_flow_without_dialogues_has_not_passed(centre: Path) -> None:
    assert run("test", "echo", "--dir", str(centre)).exit_code == 1


def test_flow_is_tried_in_the_terminal(centre: Path) -> None:
    typed = "3\n1\nsay where is my parcel\n123456#\n" + '{"status": "new", "due": "2026-10-14"}\n\n'
    result = run("try", "main", "--dir", str(centre), "--at", "2026-10-12T10:00", given=typed)
    assert result.exit_code == 0, result.output
    assert "hears   greeting “Welcome to our hotline." in result.output
    assert "find_order asks GET http://127.0.0.1:8090/orders/123456" in result.output
    assert "waits in the queue orders" in result.output


def test_trial_ends_by_quit_and_at_the_end_of_what_is_typed(centre: Path) -> None:
    assert run("try", "main", "--dir", str(centre), given="quit\n").exit_code == 0
    assert run("try", "main", "--dir", str(centre), given="wait 1\nnonsense\n").exit_code == 0


@pytest.mark.parametrize("form", ["mermaid", "svg"])
def test_flow_is_drawn_with_counts_where_nobody_has_called_yet(centre: Path, form: str) -> None:
    result = run("draw", "matters", "--dir", str(centre), "--as", form, "--counts")
    assert result.exit_code == 0, result.output
    assert "complaint" in result.output
    assert "(0)" in result.output


@pytest.mark.parametrize("verb", ["draw", "try"])
def test_unknown_flow_is_told_with_the_nearest(centre: Path, verb: str) -> None:
    result = run(verb, "mian", "--dir", str(centre))
    assert result.exit_code == 1
    assert "did you mean 'main'?" in result.output


def test_schema_is_printed() -> None:
    assert run("schema").output == schema.text(schema.flow_schema())
    assert run("schema", "tests").output == schema.text(schema.dialogue_schema())


def test_flow_on_the_page_is_a_flow() -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", (DOCS / "flows.md").read_text("utf-8"), re.DOTALL)
    assert flow.parse(blocks[0], "docs/flows.md", "main")[0].queues() == {"orders"}


def test_every_kind_of_node_is_on_the_page() -> None:
    text = (DOCS / "flows.md").read_text("utf-8")
    kinds = [
        one["properties"]["do"]["const"]
        for one in schema.flow_schema()["$defs"].values()
        if "do" in one.get("properties", {})
    ]
    assert [kind for kind in kinds if f"| `{kind}` |" not in text] == []


def test_starter_is_served_without_a_warning(centre: Path) -> None:
    assert load(centre).warnings == ()
