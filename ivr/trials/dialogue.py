"""A conversation with a flow on paper: for trials in a terminal and for `*.test.yaml`.

The real machine, with time as a number and nobody but the reader on the other side: what the caller
hears is a line of text, a look-up has the answer that the reader gives it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from foundation.ids import CallId
from ivr.effects import (
    AskSpeech,
    Echo,
    Effect,
    EnterQueue,
    HandOverCard,
    HangUp,
    OfferCallback,
    PlayPrompts,
    RecordVoicemail,
    SetLanguage,
    StartLookup,
    StopPrompts,
    StopVoicemail,
    Transfer,
)
from ivr.events import SurveyAnswered
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
    SpeechHeard,
    SpeechSilent,
    Start,
    TransferDone,
    TransferFailed,
    VoicemailEnded,
)
from ivr.language.hours import Hours
from ivr.language.values import Scalar, written
from ivr.speech.spoken import Item, Prompt
from ivr.visit.caller import Caller
from ivr.visit.engine import State, Visit

CALL = CallId("trial")
MAX_TURNS = 1000
CARD_LINE = "hands a card over"


@dataclass(frozen=True, slots=True)
class Hangs:
    """A server that never answers."""


Answer: TypeAlias = LookupDone | LookupFailed | Hangs
"To a look-up; its id is filled in."
FAILS = LookupFailed(0)
MISSING = LookupFailed(0, is_missing=True)


@dataclass(slots=True)
class Dialogue:
    """One call; `log` tells it line by line, `done` has what the house was told to do."""

    flow: Flow
    flows: Mapping[str, Flow]
    languages: tuple[str, ...] = ()
    caller: Caller = field(default_factory=Caller)
    hours: Mapping[str, Hours] = field(default_factory=dict)
    answer: Callable[[str, StartLookup | HandOverCard], Answer] = lambda node, _: FAILS
    "What the server says to the look-up of a node, or to its card."
    transfer_works: bool = True
    callback_works: bool = True
    now: float = 0.0
    log: list[str] = field(default_factory=list)
    done: list[Effect] = field(default_factory=list)
    playing: tuple[Item, ...] = ()
    asked: AskSpeech | None = None
    visit: Visit = field(init=False)
    _waiting: list[Input] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.visit = Visit(
            CALL,
            self.flow,
            self.languages,
            caller=self.caller,
            flows=self.flows,
            hours=self.hours,
        )
        self._feed(Start())

    @property
    def is_over(self) -> bool:
        return self.visit.state is State.ENDED

    @property
    def variables(self) -> Mapping[str, Scalar]:
        return self.visit.variables

    # -- what the caller does --

    def press(self, keys: str) -> None:
        for key in keys:
            before, is_of_a_card = len(self.log), self.visit.takes_card
            self._feed(Digit(key))
            is_of_a_card |= self.visit.takes_card or CARD_LINE in self.log[before:]
            self.log.insert(before, f"presses {'a key of a card' if is_of_a_card else key}")

    def say(self, text: str, confidence: float = 1.0) -> bool:
        """False when nobody listens, even after what is being said has been said."""
        self._hear_until(lambda: self.asked is not None)
        if self.asked is None:
            return False
        self.log.append(f"says    {text!r}" + ("" if confidence == 1.0 else f" ({confidence})"))
        self._feed(SpeechHeard(self.asked.ask_id, text, confidence))
        return True

    def hear(self) -> bool:
        """What is being said is said to its end; False when nothing is."""
        if not self.playing:
            return False
        self._feed(PromptEnded())
        return True

    def wait(self, seconds: float) -> None:
        """Time passes; what is said meanwhile takes none of it."""
        self.log.append(f"waits   {seconds:g} s")
        until = self.now + seconds
        for _ in range(MAX_TURNS):
            if self.is_over or (not self.playing and not self._comes_before(until)):
                break
            if self.hear():
                continue
            deadline = self.visit.deadline
            assert deadline is not None
            self.now = max(self.now, deadline)
            self._take(self.visit.tick(self.now))
        self.now = max(self.now, until)

    def _comes_before(self, until: float) -> bool:
        return self.visit.deadline is not None and self.visit.deadline <= until

    def be_silent(self) -> None:
        """Say nothing when asked to speak."""
        self._hear_until(lambda: not self.playing)
        if self.asked is not None:
            self._feed(SpeechSilent(self.asked.ask_id))

    def stop_speaking(self) -> None:
        """Of a message: the silence that ends it."""
        if self.visit.state is State.RECORDING:
            self._feed(VoicemailEnded())

    def hang_up(self) -> None:
        self.log.append("hangs up")
        self._feed(CallerLeft())

    def _hear_until(self, is_enough: Callable[[], bool]) -> None:
        for _ in range(MAX_TURNS):
            if is_enough() or not self.hear():
                return

    # -- what the flow does --

    def _feed(self, given: Input) -> None:
        self._waiting.append(given)
        while self._waiting:
            first = self._waiting.pop(0)
            if isinstance(first, PromptEnded):
                self.playing = ()
            self._take(self.visit.feed(first, self.now))

    def _take(self, effects: list[Effect]) -> None:
        for effect in effects:
            self._do(effect)

    def _do(self, effect: Effect) -> None:
        self.done.append(effect)
        if isinstance(effect, AskSpeech):
            self.asked = effect
        elif self.visit.state is not State.HEARING:
            self.asked = None
        match effect:
            case PlayPrompts(items, languages):
                self.playing = items
                self.log += [f"hears   {self.text(item, languages)}" for item in items]
            case StopPrompts():
                self.playing = ()
            case StartLookup():
                self.log.append(f"asks    {effect.method} {effect.url}")
                self._look_up(effect)
            case HandOverCard():
                self.log.append(CARD_LINE)
                self._look_up(effect)
            case Transfer():
                self.log.append(f"is sent to {effect.to}")
                self._waiting.append(TransferDone() if self.transfer_works else TransferFailed())
            case OfferCallback():
                is_kept = self.callback_works
                word = "is promised" if is_kept else "is refused"
                self.log.append(f"{word} a call to {effect.number} for {effect.queue}")
                self._waiting.append(CallbackPromised() if is_kept else CallbackRefused())
            case _:
                self._note(effect)

    def _look_up(self, effect: StartLookup | HandOverCard) -> None:
        answer = self.answer(self.visit.node, effect)
        match answer:
            case LookupDone(answer=value):
                self._waiting.append(LookupDone(effect.lookup_id, value))
            case LookupFailed(is_missing=is_missing):
                self._waiting.append(LookupFailed(effect.lookup_id, is_missing))

    def _note(self, effect: Effect) -> None:
        match effect:
            case EnterQueue():
                wish = f", P{effect.priority}" if effect.priority is not None else ""
                self.log.append(f"waits in the queue {effect.queue}{wish}")
            case HangUp(reason):
                self.log.append(f"is hung up: {reason}")
            case Echo():
                self.log.append("hears himself")
            case RecordVoicemail(box):
                self.log.append(f"speaks a message for {box}")
            case StopVoicemail():
                self.log.append("ends the message")
            case SetLanguage(language):
                self.log.append(f"speaks {language} from here on")
            case SurveyAnswered():
                self.log.append(f"answers {effect.question}: {effect.score}")

    def text(self, item: Item, languages: tuple[str, ...]) -> str:
        """A prompt's name and words, or the sentence, in the first of the languages."""
        if not isinstance(item, Prompt):
            return f"“{item.text(languages[0])}”"
        words = self._words(item.name)
        spoken = next((words[one] for one in languages if one in words), "")
        return f"{item.name} “{spoken}”" if spoken else item.name

    def _words(self, name: str) -> Mapping[str, str]:
        for flow in (self.flow, *self.flows.values()):
            if name in flow.prompts:
                return flow.prompts[name]
        return {}

    def state(self) -> str:
        """For the terminal: where the caller is, with what the flow knows."""
        known = ", ".join(f"{name}={written(value)}" for name, value in self.variables.items())
        return f"{self.visit.flow}/{self.visit.node} {self.visit.state.value} {known}".rstrip()
