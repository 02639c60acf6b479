"""YAML with lines: any text gives a document or a ConfigurationError, nothing else."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from foundation.errors import ConfigurationError
from foundation.yaml_lines import complaints, dotted, nearest, read


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    number: int = 0
    secret: SecretStr = SecretStr("")


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    items: list[Inner] = []
    named: dict[str, Inner | None] = {}


def told(text: str) -> list[str]:
    document = read(text, "x.yaml")
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate(document.value)
    return complaints(document, caught.value, Outer)


def test_each_complaint_has_its_line_in_lists_and_mappings() -> None:
    text = "items:\n  - number: 1\n  - number: x\n    nubmer: 2\nnamed:\n  a:\n    number: y\n"
    assert [one.split(" ")[0] for one in told(text)] == ["x.yaml:3:", "x.yaml:4:", "x.yaml:7:"]


def test_secret_is_not_repeated_and_long_values_are_cut() -> None:
    assert told("items: [{secret: 77}]") == [
        "x.yaml:1: items[0].secret: input should be a valid string"
    ]
    assert "…" in told(f"items: [{{number: {'z' * 500}}}]")[0]
    assert len(told(f"items: [{{number: {'z' * 500}}}]")[0]) < 200


def test_path_is_written_as_people_write_it() -> None:
    assert dotted(("agents", 0, "number")) == "agents[0].number"
    assert dotted(()) == ""


def test_nearest_name_or_all_of_them() -> None:
    assert nearest("qeue", ["queue", "menu"]) == "did you mean 'queue'?"
    assert nearest("zzz", ["queue", "menu"]) == "known: menu, queue"
    assert nearest("zzz", []) == "nothing is known here"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: [1", "x.yaml:1: not YAML"),
        ("a: 1\nb: *nobody", "x.yaml:2: not YAML"),
        ("a: !!python/object:os.system 1", "x.yaml:1: not YAML"),
        ("a: &x\n  b: *x", "x.yaml:1: an alias names what it is a part of"),
        ("[" * 5000, "x.yaml:1: "),
        ("a: 2026-99-99", "x.yaml:1: not YAML"),
    ],
)
def test_text_that_cannot_be_read_is_told_with_its_line(text: str, sentence: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(text, "x.yaml")
    assert caught.value.problems[0].startswith(sentence)


def test_alias_of_something_else_is_fine() -> None:
    assert read("a: &x {n: 1}\nb: *x", "x.yaml").value == {"a": {"n": 1}, "b": {"n": 1}}


@given(st.text(alphabet="ab:-[]{}\n \"'&*!?|>#%@,0é", max_size=60))
def test_any_text_gives_a_document_or_one_kind_of_error(text: str) -> None:
    with suppress(ConfigurationError):
        assert read(text, "x.yaml").line(("a", 0, "b")) >= 1
