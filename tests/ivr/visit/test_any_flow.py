"""Any flow that parses, any inputs, any times: it never fails, hangs or overstays."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from foundation.ids import CallId
from ivr.effects import (
    AskSpeech,
    Effect,
    EnterQueue,
    HandOverCard,
    HangUp,
    RecordVoicemail,
    StartLookup,
    Transfer,
)
from ivr.events import FlowEnded, FlowStarted
from ivr.flows.flow import Flow
from ivr.inputs import (
    CallbackPromised,
    CallbackRefused,
    CallerLeft,
    Digit,
    Input,
    LookupDone,
    LookupFailed,
    PromptEnded,
    SpeechFailed,
    SpeechHeard,
    SpeechSilent,
    Start,
    TransferDone,
    TransferFailed,
    VoicemailEnded,
)
from ivr.language.hours import parse as parse_hours
from ivr.visit.caller import Caller
from ivr.visit.engine import State, Visit
from tests.support.any_flow import flow_or_none, flow_texts

CALL = CallId("c-1")
HOURS = {"office": parse_hours({"mon-fri": ["09:00-12:00"]}, [], {})}
CALLER = Caller(
    number="+8613900000001",
    called_at=datetime(2026, 10, 12, 11, 59, tzinfo=ZoneInfo("Asia/Shanghai")),
)
IDS = st.integers(0, 4)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.floats(), st.text(max_size=5), st.integers()),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner),
    max_leaves=5,
)
INPUTS: st.SearchStrategy[Input] = st.one_of(
    st.builds(Digit, st.sampled_from("0123456789*#")),
    st.builds(Digit, st.sampled_from("1#")),
    st.just(PromptEnded()),
    st.builds(LookupDone, IDS, JSON | st.just({"a": [1], "b": "x"})),
    st.builds(LookupFailed, IDS, st.booleans()),
    st.builds(
        SpeechHeard, IDS, st.sampled_from(["order", "yes", "no", "", "什么"]), st.floats(0, 1)
    ),
    st.builds(SpeechSilent, IDS),
    st.builds(SpeechFailed, IDS),
    st.just(VoicemailEnded()),
    st.just(CallbackPromised()),
    st.just(CallbackRefused()),
    st.just(TransferDone()),
    st.just(TransferFailed()),
)
patient = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"A whole flow is read for each example."
STEPS = st.lists(st.tuples(INPUTS | st.none(), st.floats(0, 20)), max_size=60)


def visit_of(text: str, other: str | None) -> Visit:
    flow = flow_or_none(text)
    assume(flow is not None)
    assert flow is not None
    flows: dict[str, Flow] = {"main": flow}
    sub = None if other is None else flow_or_none(other, "sub")
    if sub is not None:
        flows["sub"] = sub
    return Visit(CALL, flow, caller=CALLER, flows=flows, hours=HOURS)


@patient
@given(flow_texts(calls="sub"), st.none() | flow_texts(calls="main"), STEPS)
def test_any_inputs_at_any_times_keep_the_rules(
    text: str, other: str | None, steps: list[tuple[Input | None, float]]
) -> None:
    visit = visit_of(text, other)
    now = 0.0
    effects = visit.feed(Start(), now)
    for given_, passed in steps:
        keeps_the_rules(visit, now)
        now += passed
        effects += visit.tick(now) if given_ is None else visit.feed(given_, now)
    keeps_the_rules(visit, now)
    event(visit.state.value)
    effects += to_the_end(visit, now)
    assert sum(isinstance(one, FlowStarted) for one in effects) == 1
    assert sum(isinstance(one, FlowEnded) for one in effects) == 1
    assert sum(isinstance(one, EnterQueue | HangUp) for one in effects) <= 1


def keeps_the_rules(visit: Visit, now: float) -> None:
    assert (visit.deadline is None) is (visit.state is State.ENDED)
    assert visit.node in visit._course.frame.flow.nodes


def to_the_end(visit: Visit, now: float) -> list[Effect]:
    """Nothing comes any more, not even the end of a prompt: time alone must end it."""
    effects: list[Effect] = []
    for _ in range(10_000):
        if visit.deadline is None:
            return effects
        now = max(now, visit.deadline)
        effects += visit.tick(now)
        assert visit.deadline is None or visit.deadline > now, "it would spin"
    pytest.fail(f"{visit!r} does not end")


@patient
@given(flow_texts(calls="sub"), st.none() | flow_texts(calls="main"))
def test_nobody_stays_longer_than_the_limit_however_often_he_presses(
    text: str, other: str | None
) -> None:
    visit = visit_of(text, other)
    visit.feed(Start(), 0.0)
    now = 0.0
    while visit.deadline is not None:
        now += 7.0
        assert now <= 1800.0 + 7.0
        for given_ in (PromptEnded(), Digit("1"), VoicemailEnded(), CallbackRefused()):
            visit.feed(given_, now)
        visit.tick(now)


@patient
@given(flow_texts(), STEPS)
def test_who_leaves_is_told_once_and_nothing_comes_after(
    text: str, steps: list[tuple[Input | None, float]]
) -> None:
    visit = visit_of(text, None)
    effects = visit.feed(Start(), 0.0)
    effects += visit.feed(CallerLeft(), 1.0)
    assert sum(isinstance(one, FlowEnded) for one in effects) == 1
    for given_, passed in steps:
        assert (visit.tick(passed) if given_ is None else visit.feed(given_, passed)) == []


@patient
@given(flow_texts())
def test_only_one_thing_is_waited_for_at_a_time(text: str) -> None:
    """A lookup, a listener, a recording, a ringing phone."""
    visit = visit_of(text, None)
    effects = visit.feed(Start(), 0.0)
    while True:
        waited = (StartLookup, HandOverCard, AskSpeech, RecordVoicemail, Transfer)
        assert sum(isinstance(one, waited) for one in effects) <= 1
        if visit.deadline is None:
            return
        effects = visit.tick(visit.deadline)


@patient
@given(flow_texts(), st.integers(0, 2000), st.integers(0, 30), st.text(max_size=6))
def test_fuzz_damaged_flow_is_a_flow_or_a_list_of_problems(
    text: str, at: int, cut: int, put: str
) -> None:
    flow_or_none(text[:at] + put + text[at + cut :])


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=6), st.floats()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=8,
)
KINDS = [
    *(
        "say",
        "play",
        "menu",
        "digits",
        "card",
        "ask",
        "hours",
        "branch",
        "set",
        "language",
        "lookup",
    ),
    *("queue", "callback", "voicemail", "survey", "transfer", "call", "return", "hangup", "echo"),
]
KEYS = [
    *("prompt", "say", "wav", "keys", "default", "next", "into", "min", "max", "check", "choices"),
    *("words", "open", "closed", "break", "when", "if", "set", "language", "url", "query", "body"),
    *("method", "failed", "missing", "queue", "priority", "requires", "tier", "offer", "to"),
    *("questions", "flow", "with", "reason", "limit_s", "tries", "wait_s", "terminator"),
]


@given(
    st.dictionaries(
        st.sampled_from(["a", "b"]),
        st.builds(
            lambda do, keys: {"do": do, **keys},
            st.sampled_from(KINDS),
            st.dictionaries(
                st.sampled_from(KEYS), VALUES | st.sampled_from(["a", "{b}", {"en": "x"}])
            ),
        ),
        min_size=1,
    ),
    VALUES,
    VALUES,
)
def test_fuzz_any_nodes_are_a_flow_or_a_list_of_problems(
    nodes: object, variables: object, prompts: object
) -> None:
    written = {"start": "a", "nodes": nodes, "variables": variables, "prompts": prompts}
    flow_or_none(yaml.safe_dump(written, allow_unicode=True))


@given(st.text(max_size=200))
def test_fuzz_any_text_is_a_flow_or_a_list_of_problems(text: str) -> None:
    flow_or_none(text)
