"""Corrections: what callers said and what they meant."""

import pytest

from foundation.errors import ConfigurationError
from ivr.flows.flow import Flow
from ivr.flows.flow import parse as parse_flow
from ivr.language.nodes import Ask
from ivr.understanding.corrections import applied, dump, parse, problems_of
from ivr.understanding.intents import guess

FLOW = """
languages: [en, zh]
start: what
prompts:
  what: {en: "What?", zh: 请讲。}
nodes:
  what:
    do: ask
    prompt: what
    choices:
      refund: {words: {en: [refund], zh: [退款]}, next: end}
      track: {words: {en: [parcel], zh: [快递]}, next: end}
    default: end
  end: {do: hangup}
"""


@pytest.fixture
def flow() -> Flow:
    return parse_flow(FLOW, "flows/main.yaml", "main")[0]


def examples(flow: Flow) -> dict[str, tuple[str, ...]]:
    node = flow.nodes["what"]
    assert isinstance(node, Ask)
    return {
        name: tuple(phrase for phrases in one.phrases.values() for phrase in phrases)
        for name, one in node.choices.items()
    }


def test_correction_is_one_more_example_of_its_choice(flow: Flow) -> None:
    written = parse("main: {what: {take it away: refund, 包裹: track}}", "rules/speech.yaml")
    learnt = examples(applied(flow, written.corrections))
    best = guess("please take it away", 1.0, learnt)
    assert best is not None
    assert (best.choice, best.confidence) == ("refund", 1.0)
    best = guess("我的 包裹 呢", 1.0, learnt)
    assert best is not None
    assert best.choice == "track"


def test_correction_takes_an_example_from_another_choice(flow: Flow) -> None:
    learnt = examples(applied(flow, {"main": {"what": {"parcel": "refund"}}}))
    assert "parcel" not in learnt["track"]
    assert "parcel" in learnt["refund"]


def test_flow_without_corrections_is_the_same_flow(flow: Flow) -> None:
    assert applied(flow, {"other": {}}) is flow


def test_names_that_are_none_are_told_with_their_paths(flow: Flow) -> None:
    corrections = {"main": {"what": {"x": "refnd"}, "end": {"x": "refund"}}, "mian": {}}
    assert dict(problems_of(corrections, {"main": flow})) == {
        ("main", "what", "x"): "there is no choice 'refnd'; did you mean 'refund'?",
        ("main", "end"): "the flow has no `ask` node 'end'",
        ("mian",): "there is no flows/mian.yaml; did you mean 'main'?",
    }


def test_file_is_read_as_it_was_written() -> None:
    corrections = {"main": {"what": {"take it away": "refund", "包裹": "track"}}}
    assert parse(dump(corrections), "rules/speech.yaml").corrections == corrections
    assert parse("", "rules/speech.yaml").corrections == {}


def test_file_of_another_shape_is_refused_with_its_line() -> None:
    with pytest.raises(ConfigurationError) as refused:
        parse("main:\n  what: [refund]\n", "rules/speech.yaml")
    assert refused.value.problems[0].startswith("rules/speech.yaml:2:")
