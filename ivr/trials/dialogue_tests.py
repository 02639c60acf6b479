"""Dialogues beside a flow: `flows/main.test.yaml`, run by `callcenter ivr test`.

    tests:
      an order by its number:
        caller: {number: "+8613900000001", tier: gold, called_at: 2026-10-12 10:00}
        languages: [en]
        lookups: {find_order: {answer: {status: shipped}}}      # or missing, fails, hangs
        steps:
          - hears: greeting            # a prompt's name, or some of the words
          - press: "1"
          - says: my order is late     # or {text: …, confidence: 0.5}
          - waits: 6
          - expects: {queue: orders, priority: P1, variables: {order: "1234"}}

Each step stands on its own line; what fails is told with it and with the whole dialogue so far.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, ValidationError

from foundation import yaml_lines
from foundation.errors import ConfigurationError
from foundation.yaml_lines import Document
from ivr.effects import (
    Echo,
    Effect,
    EnterQueue,
    HandOverCard,
    HangUp,
    OfferCallback,
    RecordVoicemail,
    SetLanguage,
    StartLookup,
    Transfer,
)
from ivr.events import CardKeyed, SurveyAnswered
from ivr.flows.flow import Flow
from ivr.flows.written_base import Language, Name, Priority, Written
from ivr.inputs import LookupDone
from ivr.language import values
from ivr.language.hours import Hours
from ivr.speech.spoken import Prompt
from ivr.trials.dialogue import FAILS, MISSING, Answer, Dialogue, Hangs
from ivr.visit.caller import Caller

DEFAULT_MOMENT = datetime(2026, 10, 12, 10, 0)  # noqa: DTZ001  the centre's zone is put to it


def _moment(given: object) -> object:
    """YAML reads a time without seconds as a text."""
    return given.strip().replace(" ", "T", 1) if isinstance(given, str) else given


class WrittenCaller(Written):
    number: str = "+8613900000001"
    tier: str = ""
    line: str = ""
    trunk: str = ""
    called_at: Annotated[datetime, BeforeValidator(_moment)] = DEFAULT_MOMENT
    last_agent: str = ""
    hours: str = ""
    agent: str = Field(default="", description="In a survey: who has talked with the caller.")


class Scripted(Written):
    answer: Any


def _scripted(given: object) -> object:
    if given in ("fails", "missing", "hangs") or isinstance(given, Scripted):
        return given
    return Scripted.model_validate(given)


Script = Annotated[Any, BeforeValidator(_scripted)]


class Said(Written):
    text: str
    confidence: float = Field(default=1.0, ge=0, le=1)


class Expected(Written):
    """What has come of the call so far; only what is written is looked at."""

    queue: Name | None = None
    priority: Priority | None = None
    requires: str | None = None
    tier: str | None = None
    prefer: str | None = None
    hangup: str | None = None
    transfer: str | None = None
    callback: str | None = None
    voicemail: Name | None = None
    language: Language | None = None
    echo: Literal[True] | None = None
    card: Literal["taken", "refused", "timed_out", "wrong"] | None = None
    survey: dict[str, int] | None = None
    node: str | None = None
    variables: dict[str, Any] | None = None


def _keys(given: object) -> object:
    """One key may stand without quotes; of several YAML would make a number of its own."""
    return str(given) if isinstance(given, int) and 0 <= given <= 9 else given


Pressed = Annotated[
    str, BeforeValidator(_keys, json_schema_input_type=str | int), Field(pattern=r"^[0-9*#]+$")
]


class Step(Written):
    hears: str | None = None
    press: Pressed | None = None
    says: str | Said | None = None
    waits: Annotated[float, Field(gt=0, le=86_400)] | None = None
    silent: Literal[True] | None = Field(default=None, description="Say nothing when asked.")
    hangs_up: Literal[True] | None = None
    expects: Expected | None = None


class WrittenTest(Written):
    caller: WrittenCaller = WrittenCaller()
    languages: tuple[Language, ...] = ()
    lookups: dict[str, Script] = Field(default_factory=dict)
    transfers: Literal["work", "fail"] = "work"
    callbacks: Literal["work", "fail"] = "work"
    steps: list[Step] = Field(min_length=1, max_length=500)


class WrittenTests(Written):
    flow: Name | None = Field(default=None, description="Not given: the file's name.")
    tests: dict[str, WrittenTest] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Failure:
    """`where` is file and line; `log` the dialogue up to it."""

    where: str
    test: str
    sentence: str
    log: tuple[str, ...]

    def __str__(self) -> str:
        told = "\n".join(f"    {line}" for line in self.log)
        return f"{self.where}: {self.test}: {self.sentence}\n{told}"


@dataclass(frozen=True, slots=True)
class House:
    """What the flows of one centre are tried in."""

    flows: Mapping[str, Flow]
    hours: Mapping[str, Hours]
    zone: ZoneInfo


def parse(text: str, file: str, flow: str, house: House) -> tuple[WrittenTests, Document]:
    """ConfigurationError with all problems; `flow` is the one that the file is named after."""
    document = yaml_lines.read(text, file)
    try:
        tests = WrittenTests.model_validate(document.value)
    except ValidationError as error:
        complaints = yaml_lines.complaints(document, error, WrittenTests)
        raise ConfigurationError([*document.doubles, *complaints]) from None
    name = tests.flow or flow
    if name not in house.flows:
        hint = yaml_lines.nearest(name, house.flows)
        raise ConfigurationError([document.complaint(("flow",), f"no flow {name!r}; {hint}")])
    if document.doubles:
        raise ConfigurationError(list(document.doubles))
    return tests.model_copy(update={"flow": name}), document


def run(tests: WrittenTests, document: Document, house: House) -> Iterable[Failure | None]:
    """For each test its first failure, None when there is none."""
    for name, test in tests.tests.items():
        yield _run(name, test, house.flows[tests.flow or ""], document, house)


def _run(
    name: str, test: WrittenTest, flow: Flow, document: Document, house: House
) -> Failure | None:
    dialogue = _begin(test, flow, house)
    for at, step in enumerate(test.steps):
        sentence = _take(step, dialogue)
        if sentence:
            line = document.line(("tests", name, "steps", at))
            where = f"{document.file}:{line}"
            log = (*dialogue.log, f"(is at {dialogue.state()})")
            return Failure(where, name, sentence, log)
    return None


def _begin(test: WrittenTest, flow: Flow, house: House) -> Dialogue:
    written = test.caller
    at = written.called_at
    caller = Caller(
        number=written.number,
        tier=written.tier,
        line=written.line,
        trunk=written.trunk,
        called_at=at if at.tzinfo else at.replace(tzinfo=house.zone),
        last_agent=written.last_agent,
        hours=written.hours,
        agent_id=written.agent,
    )

    def answer(node: str, _: StartLookup | HandOverCard) -> Answer:
        match test.lookups.get(node, "fails"):
            case Scripted(answer=value):
                return LookupDone(0, value)
            case "missing":
                return MISSING
            case "hangs":
                return Hangs()
        return FAILS

    return Dialogue(
        flow,
        house.flows,
        test.languages,
        caller,
        house.hours,
        answer,
        transfer_works=test.transfers == "work",
        callback_works=test.callbacks == "work",
    )


def _take(step: Step, dialogue: Dialogue) -> str:
    """Why the step fails; '' when it does not."""
    if step.hears is not None and (sentence := _hears(step.hears, dialogue)):
        return sentence
    if step.press is not None:
        dialogue.press(step.press)
    if step.says is not None:
        said = step.says if isinstance(step.says, Said) else Said(text=step.says)
        if not dialogue.say(said.text, said.confidence):
            return f"says {said.text!r}, and nobody listens"
    if step.waits is not None:
        dialogue.wait(step.waits)
    if step.silent:
        dialogue.be_silent()
        dialogue.stop_speaking()
    if step.hangs_up:
        dialogue.hang_up()
    return "" if step.expects is None else "; ".join(_differences(step.expects, dialogue))


def _hears(wanted: str, dialogue: Dialogue) -> str:
    for _ in range(200):
        if any(_is(wanted, item, dialogue) for item in dialogue.playing):
            return ""
        if not dialogue.hear():
            break
    return f"never hears {wanted!r}"


def _is(wanted: str, item: object, dialogue: Dialogue) -> bool:
    if isinstance(item, Prompt) and item.name == wanted:
        return True
    return any(wanted in dialogue.text(item, (one,)) for one in dialogue.visit.languages)  # type: ignore[arg-type]


def _differences(expected: Expected, dialogue: Dialogue) -> Iterable[str]:
    """Prompts on the way are heard first."""
    while dialogue.hear():
        pass
    got = _outcome(dialogue)
    for name, wanted in expected.model_dump(exclude_none=True, exclude={"variables"}).items():
        if got.get(name) != wanted:
            yield f"expects {name} {wanted!r}, got {got.get(name)!r}"
    for name, wanted in (expected.variables or {}).items():
        if name not in dialogue.variables:
            yield f"no variable is called {name!r}"
            continue
        found = values.written(dialogue.variables[name])
        if found != _plain(wanted):
            yield f"expects {name} = {_plain(wanted)!r}, got {found!r}"


def _plain(wanted: object) -> str:
    if isinstance(wanted, bool):
        return "true" if wanted else "false"
    number = values.number(wanted) if isinstance(wanted, int | float) else None
    return str(wanted) if number is None else values.written(number)


def _outcome(dialogue: Dialogue) -> Mapping[str, object]:
    got: dict[str, object] = {"node": dialogue.visit.node}
    survey: dict[str, int] = {}
    for effect in dialogue.done:
        got |= _got(effect)
        if isinstance(effect, SurveyAnswered):
            survey[effect.question] = effect.score
    return {**got, "survey": survey}


def _got(effect: Effect) -> Mapping[str, object]:
    match effect:
        case EnterQueue():
            priority = None if effect.priority is None else f"P{effect.priority}"
            return {
                "queue": str(effect.queue),
                "priority": priority,
                "requires": effect.requires,
                "tier": effect.tier,
                "prefer": effect.prefer,
            }
        case HangUp(reason):
            return {"hangup": reason}
        case Transfer(to):
            return {"transfer": to}
        case OfferCallback(number=number):
            return {"callback": number}
        case RecordVoicemail(box):
            return {"voicemail": box}
        case SetLanguage(language):
            return {"language": language}
        case Echo():
            return {"echo": True}
        case CardKeyed(outcome=outcome):
            return {"card": outcome}
    return {}
