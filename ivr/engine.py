"""One caller's way through one flow and the flows that it calls.

           Start
    NEW ───────────▶ (start node)
                          │
       say, words before  │   menu, digits, ask        queue, hang-up          echo
       another node       ▼           ▼                       ▼                  ▼
                       SAYING       ASKING                  ENDED ◀───────── ECHOING
                          │           │ PromptEnded          ▲     limit_s
                          ▼           ▼                      │ TransferDone
                     (next node)   LISTENING (menu)       SENDING ◀─ transfer
                                   TYPING    (digits)        │ TransferFailed, ring_s
                                   HEARING   (ask)           └──▶ (failed)
                                      │
       right key, digits, words ──────┴──▶ (their node)     lookup ─▶ LOOKING ─▶ (next, missing,
       wrong ones, none in time ─▶ ASKING again,            failed)   timeout_s ─▶ (failed)
              or (default) after the last try               card ─▶ … TYPING ─▶ CHECKING ─▶ (next,
                                                            refused)  timeout_s ─▶ (refused)
                                                            record ─▶ RECORDING ─▶ (next)
                                                            key, VoicemailEnded, limit_s
                                                            callback ─▶ PROMISING ─▶ (next)
                                                            CallbackRefused ─▶ (refused)
    prompt_limit_s counts as PromptEnded; so does SpeechBegan where a question may be spoken over
    CallerLeft, and the flow's limit_s after the start, in any state ─▶ ENDED

Rule 1: in every state but NEW and ENDED there is a deadline, so a visit never gets stuck.
Rule 2: a key is taken at once: pressed while prompts are played, it belongs to the menu, the digits
        or the question that the caller would have come to next.
Rule 3: after ENDED nothing comes out any more.
Rule 4: what hangs (a lookup, a recording, a phone that rings) is left at its time: the caller goes
        on, and its late answer is nothing.
"""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import assert_never

from foundation.errors import IllegalTransition
from foundation.ids import CallId
from ivr import templates, values
from ivr.asking import Answer, Listening
from ivr.caller import Caller
from ivr.cards import CardKeys, Keyed
from ivr.course import Astray, Course
from ivr.effects import (
    AskSpeech,
    Echo,
    Effect,
    EnterQueue,
    HandOverCard,
    HangUp,
    OfferCallback,
    PlayPrompts,
    QuestionOver,
    RecordVoicemail,
    SetLanguage,
    StopLookup,
    StopPrompts,
    StopSpeech,
    StopTransfer,
    StopVoicemail,
    Transfer,
)
from ivr.events import (
    CallerSent,
    CardKeyed,
    DigitsEntered,
    FlowEnded,
    FlowStarted,
    LookupEnded,
    MenuChosen,
    SpeechSettled,
    SurveyAnswered,
)
from ivr.flow import Flow
from ivr.hours import Hours
from ivr.inputs import (
    CallbackPromised,
    CallbackRefused,
    CallerLeft,
    Digit,
    Input,
    LookupDone,
    LookupFailed,
    PromptEnded,
    SpeechBegan,
    SpeechFailed,
    SpeechHeard,
    SpeechSilent,
    Start,
    TransferDone,
    TransferFailed,
    VoicemailEnded,
)
from ivr.lookups import found_in, start_lookup
from ivr.nodes import (
    Ask,
    Asking,
    Card,
    Digits,
    EchoTest,
    Goodbye,
    Lookup,
    Menu,
    PromiseCallback,
    Record,
    Say,
    Silent,
    ToOther,
    ToQueue,
)
from ivr.options import IvrOptions
from ivr.templates import Words

__all__ = [
    "CallerLeft",
    "Digit",
    "Echo",
    "Effect",
    "EnterQueue",
    "HangUp",
    "Input",
    "PlayPrompts",
    "PromptEnded",
    "Start",
    "State",
    "StopPrompts",
    "Visit",
]


class State(Enum):
    NEW = "new"
    SAYING = "saying"
    ASKING = "asking"
    LISTENING = "listening"
    TYPING = "typing"
    HEARING = "hearing"
    LOOKING = "looking"
    CHECKING = "checking"
    RECORDING = "recording"
    PROMISING = "promising"
    SENDING = "sending"
    ECHOING = "echoing"
    ENDED = "ended"


_TAKES_KEYS = (State.SAYING, State.ASKING, State.LISTENING, State.TYPING, State.HEARING)


class Visit:
    """The machine: inputs and time in, effects out."""

    def __init__(
        self,
        call_id: CallId,
        flow: Flow,
        languages: tuple[str, ...] = (),
        options: IvrOptions | None = None,
        *,
        caller: Caller | None = None,
        flows: Mapping[str, Flow] | None = None,
        hours: Mapping[str, Hours] | None = None,
    ) -> None:
        self.state = State.NEW
        self._until: float | None = None
        self._over_at = 0.0
        self._call_id = call_id
        self._flow = flow
        self._options = options or IvrOptions()
        self._course = Course.begin(
            flow, languages or flow.languages, caller or Caller(), flows or {}, hours or {}
        )
        self._tries = 0
        self._typed = ""
        self._card = CardKeys()
        self._listening = Listening()
        self._is_heard_over = False
        "Of ASKING: the caller is listened to while the question is said."
        self._lookup_id = 0
        self._looked_since = 0.0
        self._is_saying = False
        "Of LOOKING: words are heard meanwhile."
        self._found: str | None = None
        "Of LOOKING: where to go when the words have been heard."

    def __repr__(self) -> str:
        return f"<Visit {self._call_id} {self._flow.name}/{self.node} {self.state.value}>"

    @property
    def node(self) -> str:
        """Where the caller is."""
        return self._course.frame.at

    @property
    def flow(self) -> str:
        """The flow that the node is of."""
        return self._course.frame.flow.name

    @property
    def outer(self) -> str:
        """The flow that the visit began with."""
        return self._flow.name

    def take_heard(self) -> tuple[str, float]:
        """What was said at the question that was just settled; '' nothing."""
        heard, self._listening.heard = self._listening.heard, ("", 0.0)
        return heard

    @property
    def path(self) -> Sequence[str]:
        """The steps so far, as in `FlowEnded`."""
        return self._course.path

    @property
    def deadline(self) -> float | None:
        """When `tick` is wanted next."""
        return None if self._until is None else min(self._until, self._over_at)

    @property
    def takes_card(self) -> bool:
        """What the caller presses is nobody's to see."""
        ahead = self._course.node if self.state in _TAKES_KEYS else None
        return isinstance(ahead, Card)

    @property
    def languages(self) -> tuple[str, ...]:
        """What the caller hears now."""
        return self._course.languages

    @property
    def variables(self) -> Mapping[str, values.Scalar]:
        return self._course.frame.own

    def feed(self, given: Input, now: float) -> list[Effect]:
        if (self.state is State.NEW) is not isinstance(given, Start):
            if isinstance(given, CallerLeft):
                return self._end()
            raise IllegalTransition(self, self.state, given)
        match given:
            case Start():
                return self._start(now)
            case Digit():
                return self._on_digit(given.digit, now)
            case PromptEnded():
                return self._on_played(now)
            case LookupDone() | LookupFailed():
                return self._on_looked(given, now)
            case SpeechBegan():
                return self._on_began(given, now)
            case SpeechHeard() | SpeechSilent() | SpeechFailed():
                return self._on_speech(given, now)
            case CallerLeft():
                return self._leave()
            case _:
                return self._on_done(given, now)

    def tick(self, now: float) -> list[Effect]:
        if self.deadline is None or now < self.deadline:
            return []
        if now >= self._over_at:
            return [*self._stop(), *self._leave(), HangUp("stayed too long")]
        match self.state:
            case State.LISTENING:
                return self._on_no_key(now)
            case State.TYPING:
                return self._on_pause(now)
            case State.HEARING:
                return [*self._stop(), *self._on_answer(Answer.NONE, 0.0, now)]
            case State.ECHOING:
                return [*self._leave(), HangUp("echo over")]
            case State.SAYING | State.ASKING:
                return [StopPrompts(), *self._on_played(now)]
        return self._on_nobody(now)

    def _on_nobody(self, now: float) -> list[Effect]:
        """Whoever was asked has not answered in time."""
        match self.state:
            case State.LOOKING:
                return self._on_looking_over(now)
            case State.CHECKING:
                return [*self._stop(), *self._on_card_answer("timed_out", now)]
            case State.RECORDING:
                return [*self._stop(), *self._on_recorded(now)]
            case State.PROMISING:
                return self._on_promised(False, now)
            case State.SENDING:
                return [*self._stop(), *self._on_not_sent("timed_out", now)]
        raise IllegalTransition(self, self.state, "tick")

    def _start(self, now: float) -> list[Effect]:
        self._course.began_at = now
        self._over_at = now + self._flow.limit_s
        started = FlowStarted(self._call_id, self._flow.name)
        return [started, *self._go(self.node, now)]

    # -- keys --

    def _on_digit(self, digit: str, now: float) -> list[Effect]:
        if self.state is State.RECORDING:
            return self._on_key_while_recording(digit, now)
        ahead = self._ahead(now)
        if ahead is None:
            return []
        stop, news = self._stop(), self._adopt(ahead)
        node = ahead.node
        assert isinstance(node, Asking)
        match node:
            case Menu():
                return [*stop, *news, *self._on_menu_key(node, digit, now)]
            case Digits():
                return [*stop, *news, *self._on_typed(node, digit, now)]
            case Card():
                return [*stop, *news, *self._on_card_key(node, digit, now)]
            case Ask():
                return [*stop, *news, *self._on_key_for_speech(node, digit, now)]

    def _ahead(self, now: float) -> Course | None:
        """The way to what a key pressed now is meant for; none on the way to a queue."""
        if self.state not in _TAKES_KEYS:
            return None
        if isinstance(self._course.node, Asking):
            return self._course
        course = self._course.copy()
        try:
            while isinstance(course.node, Say | Silent):
                if isinstance(course.node, Say):
                    course.go(course.node.next)
                course.pass_silent(now)
        except Astray:
            return None
        return course if isinstance(course.node, Asking) else None

    def _adopt(self, ahead: Course) -> list[Effect]:
        """The caller is there now, without having heard what lies between."""
        before = self._course
        if ahead is before:
            return []
        self._course = ahead
        self._begin_asking()
        return self._news(before.languages)

    def _on_menu_key(self, menu: Menu, digit: str, now: float) -> list[Effect]:
        if digit in menu.keys:
            return [self._chosen(menu, digit), *self._go(menu.keys[digit], now)]
        return self._try_again(menu, digit, menu.wrong_key, now)

    def _on_no_key(self, now: float) -> list[Effect]:
        node = self._course.node
        assert isinstance(node, Menu)
        return self._try_again(node, "", node.no_key, now)

    def _try_again(self, menu: Menu, key: str, apology: Words | None, now: float) -> list[Effect]:
        self._tries += 1
        if self._tries >= menu.tries:
            return [self._chosen(menu, key), *self._go(menu.default, now)]
        return self._ask(now, apology)

    def _chosen(self, menu: Menu, key: str) -> Effect:
        if menu.question:
            score = int(key) if key in menu.keys else 0
            agent = self._course.caller.agent_id
            return SurveyAnswered(self._call_id, self.flow, menu.question, score, agent)
        return MenuChosen(self._call_id, self.flow, menu.name, key)

    # -- digits --

    def _on_typed(self, node: Digits, digit: str, now: float) -> list[Effect]:
        if digit == node.terminator:
            return self._on_pause(now)
        self._typed += digit
        if len(self._typed) >= node.most:
            return self._on_number(node, now)
        self._wait(State.TYPING, now + node.between_s)
        return []

    def _on_pause(self, now: float) -> list[Effect]:
        node = self._course.node
        if isinstance(node, Card):
            return self._on_card(node, self._card.end(node), now)
        assert isinstance(node, Digits)
        return self._on_number(node, now) if self._typed else self._type_again(node, node.none, now)

    def _on_number(self, node: Digits, now: float) -> list[Effect]:
        typed, before = self._typed, self._course.copy()
        self._course.assign(node.into, typed)
        is_right = len(typed) >= node.least and typed.isdecimal()
        if is_right and self._course.evaluate(node.check, now) is True:
            return [self._entered(node, True), *self._go(node.next, now)]
        self._course = before
        return self._type_again(node, node.wrong, now)

    def _type_again(self, node: Digits, apology: Words | None, now: float) -> list[Effect]:
        self._tries += 1
        self._typed = ""
        if self._tries >= node.tries:
            return [self._entered(node, False), *self._go(node.default, now)]
        return self._ask(now, apology)

    def _entered(self, node: Digits, accepted: bool) -> DigitsEntered:
        tries = self._tries + 1 if accepted else self._tries
        return DigitsEntered(self._call_id, self.flow, node.name, accepted, tries)

    # -- cards --

    def _on_card_key(self, node: Card, digit: str, now: float) -> list[Effect]:
        keyed = self._card.key(node, digit)
        if keyed is not Keyed.MORE:
            return self._on_card(node, keyed, now)
        self._wait(State.TYPING, now + node.between_s)
        return []

    def _on_card(self, node: Card, keyed: Keyed, now: float) -> list[Effect]:
        if keyed is Keyed.FITS:
            self._lookup_id += 1
            self._wait(State.CHECKING, now + node.timeout_s)
            return [HandOverCard(self._lookup_id, self._card.take(), node.timeout_s)]
        self._tries += 1
        if self._tries >= node.tries:
            return [self._card_keyed(node, "wrong"), *self._go(node.default, now)]
        return self._ask(now, node.none if keyed is Keyed.NONE else node.wrong)

    def _on_card_answer(self, outcome: str, now: float, answer: object = None) -> list[Effect]:
        node = self._course.node
        assert isinstance(node, Card)
        variables = self._course.frame.flow.variables
        types = {name: kind for name, (kind, _) in variables.items()}
        found = found_in(node, answer, types) if outcome == "taken" else None
        if found is None:
            # An answer without what the flow needs of it is none that it can go on with.
            outcome = "refused" if outcome == "taken" else outcome
            return [self._card_keyed(node, outcome), *self._go(node.refused, now)]
        for name, value in found.items():
            self._course.assign(name, value)
        return [self._card_keyed(node, outcome), *self._go(node.next, now)]

    def _card_keyed(self, node: Card, outcome: str) -> CardKeyed:
        tries = min(self._tries + 1, node.tries)
        return CardKeyed(self._call_id, self.flow, node.name, outcome, tries)

    # -- speech --

    def _on_key_for_speech(self, node: Ask, digit: str, now: float) -> list[Effect]:
        answer = self._listening.key(digit)
        if answer is not None:
            return self._on_answer(answer, 1.0, now)
        if digit in node.keys:
            return [self._settled(node, "key", "", 1.0), *self._go(node.keys[digit], now)]
        return self._on_answer(Answer.NONE, 0.0, now)

    def _on_speech(
        self, given: SpeechHeard | SpeechSilent | SpeechFailed, now: float
    ) -> list[Effect]:
        if given.ask_id != self._listening.ask_id:
            return []
        if self.state is State.ASKING and self._is_heard_over:
            return self._on_speech_over(given, now)
        if self.state is not State.HEARING:
            return []
        node = self._course.node
        assert isinstance(node, Ask)
        match given:
            case SpeechHeard(_, text, confidence):
                answer = self._listening.answer(node, text, confidence, self._course.languages)
                return self._on_answer(answer, confidence, now)
            case SpeechSilent():
                return self._on_answer(Answer.NONE, 0.0, now)
            case SpeechFailed():
                return [self._settled(node, "unavailable", "", 0.0), *self._go(node.default, now)]

    def _on_began(self, given: SpeechBegan, now: float) -> list[Effect]:
        """The caller speaks over the question, which is cut."""
        is_current = given.ask_id == self._listening.ask_id
        if self.state is not State.ASKING or not self._is_heard_over or not is_current:
            return []
        return [StopPrompts(), *self._hear_on(now)]

    def _on_speech_over(
        self, given: SpeechHeard | SpeechSilent | SpeechFailed, now: float
    ) -> list[Effect]:
        """All was said before we heard that it began; or nobody listens, and the question goes on:
        its end is the time to try again."""
        self._is_heard_over = False
        if not isinstance(given, SpeechHeard):
            return []
        self.state = State.HEARING
        return [StopPrompts(), *self._on_speech(given, now)]

    def _hear_on(self, now: float) -> list[Effect]:
        """The question is over, and its answer is listened to already."""
        node = self._course.node
        assert isinstance(node, Ask)
        self._is_heard_over = False
        self._wait(State.HEARING, now + node.wait_s + node.limit_s + self._options.answer_grace_s)
        return [QuestionOver(self._listening.ask_id)]

    def _on_answer(self, answer: Answer, confidence: float, now: float) -> list[Effect]:
        node, listening = self._course.node, self._listening
        assert isinstance(node, Ask)
        match answer:
            case Answer.TAKEN | Answer.CONFIRMED:
                if node.into:
                    self._course.assign(node.into, listening.text)
                choice = listening.choice
                target = node.choices[choice].next if choice else node.next
                outcome = "confirmed" if answer is Answer.CONFIRMED else "understood"
                sureness = listening.confidence
                return [self._settled(node, outcome, choice, sureness), *self._go(target, now)]
            case Answer.DOUBTFUL:
                label = node.choices[listening.choice].label
                before, after = node.confirm
                return self._play(State.ASKING, (before, label, after), now)
            case Answer.NONE:
                return self._ask_once_more(node, confidence, now)

    def _ask_once_more(self, node: Ask, confidence: float, now: float) -> list[Effect]:
        self._tries += 1
        self._listening.forget()
        if self._tries >= node.tries:
            settled = self._settled(node, "fell_back", "", confidence)
            return [settled, *self._go(node.default, now)]
        return self._ask(now, node.wrong)

    def _settled(self, node: Ask, outcome: str, choice: str, confidence: float) -> SpeechSettled:
        tries = min(self._tries + 1, node.tries)
        return SpeechSettled(
            self._call_id, self.flow, node.name, outcome, choice, round(confidence, 3), tries
        )

    def _listen(self, node: Ask, now: float) -> list[Effect]:
        grace_s = self._options.answer_grace_s
        self._wait(State.HEARING, now + node.wait_s + node.limit_s + grace_s)
        return [self._ask_speech(node)]

    def _ask_speech(self, node: Ask, *, over_prompt: bool = False) -> AskSpeech:
        phrases = self._listening.begin(node, self._course.languages)
        return AskSpeech(
            self._listening.ask_id,
            self._course.languages,
            phrases,
            node.wait_s,
            node.limit_s,
            over_prompt,
        )

    # -- lookups --

    def _look_up(self, node: Lookup, now: float) -> list[Effect]:
        self._lookup_id += 1
        self._looked_since = now
        self._found, self._is_saying = None, node.words is not None
        self._wait(State.LOOKING, now + node.timeout_s)
        start = start_lookup(node, self._lookup_id, self._course.world(now))
        return [start, *self._speak(now, node.words)]

    def _on_looked(self, given: LookupDone | LookupFailed, now: float) -> list[Effect]:
        if self.state is State.CHECKING and given.lookup_id == self._lookup_id:
            if isinstance(given, LookupDone):
                return self._on_card_answer("taken", now, given.answer)
            return self._on_card_answer("refused", now)
        is_late = given.lookup_id != self._lookup_id or self._found is not None
        if self.state is not State.LOOKING or is_late:
            return []
        node = self._course.node
        assert isinstance(node, Lookup)
        match given:
            case LookupDone(answer=answer):
                return self._on_found(node, answer, now)
            case LookupFailed(is_missing=True):
                return self._looked(node, "missing", node.missing, now)
            case LookupFailed():
                return self._looked(node, "failed", node.failed, now)

    def _on_found(self, node: Lookup, answer: object, now: float) -> list[Effect]:
        variables = self._course.frame.flow.variables
        found = found_in(node, answer, {name: kind for name, (kind, _) in variables.items()})
        if found is None:
            return self._looked(node, "failed", node.failed, now)
        for name, value in found.items():
            self._course.assign(name, value)
        return self._looked(node, "found", node.next, now)

    def _looked(self, node: Lookup, outcome: str, target: str, now: float) -> list[Effect]:
        took_s = round(now - self._looked_since, 3)
        ended = LookupEnded(self._call_id, self.flow, node.name, outcome, took_s)
        if self._is_saying:
            # Words of a second or two are not cut in the middle because the server was quick.
            self._found = target
            self._wait(State.LOOKING, now + self._options.prompt_limit_s)
            return [ended]
        return [ended, *self._go(target, now)]

    def _on_looking_over(self, now: float) -> list[Effect]:
        """The lookup's time is over, or that of the words while it went on."""
        stop: list[Effect] = [StopPrompts()] if self._is_saying else []
        self._is_saying = False
        if self._found is not None:
            return [*stop, *self._go(self._found, now)]
        node = self._course.node
        assert isinstance(node, Lookup)
        late = StopLookup(self._lookup_id)
        return [*stop, late, *self._looked(node, "timed_out", node.failed, now)]

    # -- voicemail, callback, transfer --

    def _on_done(
        self,
        given: VoicemailEnded | CallbackPromised | CallbackRefused | TransferDone | TransferFailed,
        now: float,
    ) -> list[Effect]:
        match given:
            case VoicemailEnded():
                return self._on_recorded(now)
            case CallbackPromised() | CallbackRefused():
                return self._on_promised(isinstance(given, CallbackPromised), now)
            case TransferDone():
                sent = self._sent("done")
                return [*sent, *self._leave()] if sent else []
            case TransferFailed():
                return self._on_not_sent("failed", now)
            case _:
                assert_never(given)

    def _on_key_while_recording(self, digit: str, now: float) -> list[Effect]:
        node = self._course.node
        assert isinstance(node, Record)
        return [*self._stop(), *self._on_recorded(now)] if digit in node.keys else []

    def _on_recorded(self, now: float) -> list[Effect]:
        node = self._course.node
        if self.state is not State.RECORDING or not isinstance(node, Record):
            return []
        return self._go(node.next, now)

    def _promise(self, node: PromiseCallback, now: float) -> list[Effect]:
        self._wait(State.PROMISING, now + self._options.answer_grace_s)
        number = self._course.callback_number
        return [OfferCallback(self.flow, node.name, node.queue, number, node.priority)]

    def _on_promised(self, is_kept: bool, now: float) -> list[Effect]:
        node = self._course.node
        if self.state is not State.PROMISING or not isinstance(node, PromiseCallback):
            return []
        return self._go(node.next if is_kept else node.refused, now)

    def _send(self, node: ToOther, now: float) -> list[Effect]:
        to = node.to.fill_plain(self._course.world(now))
        self._wait(State.SENDING, now + node.ring_s + self._options.answer_grace_s)
        return [Transfer(to, node.ring_s)]

    def _on_not_sent(self, outcome: str, now: float) -> list[Effect]:
        node, told = self._course.node, self._sent(outcome)
        if not told or not isinstance(node, ToOther):
            return []
        return [*told, *self._go(node.failed, now)]

    def _sent(self, outcome: str) -> list[Effect]:
        if self.state is not State.SENDING:
            return []
        return [CallerSent(self._call_id, self.flow, self.node, outcome)]

    # -- nodes --

    def _on_played(self, now: float) -> list[Effect]:
        node = self._course.node
        match self.state, node:
            case State.ASKING, Menu():
                self._wait(State.LISTENING, now + node.wait_s)
            case State.ASKING, (Digits() | Card()):
                self._wait(State.TYPING, now + node.wait_s)
            case State.ASKING, Ask():
                return self._hear_on(now) if self._is_heard_over else self._listen(node, now)
            case State.LOOKING, _:
                self._is_saying = False
                return [] if self._found is None else self._go(self._found, now)
            case State.SAYING, Say():
                return self._go(node.next, now)
            case State.SAYING, (ToOther() | EchoTest() | Goodbye()) as last:
                return self._do(last, now)
        return []

    def _go(self, name: str, now: float) -> list[Effect]:
        before = self._course.languages
        self._course.go(name)
        try:
            self._course.pass_silent(now)
        except Astray as astray:
            return [*self._leave(), HangUp(str(astray))]
        return [*self._news(before), *self._enter(now)]

    def _news(self, before: tuple[str, ...]) -> list[Effect]:
        languages = self._course.languages
        return [] if languages == before else [SetLanguage(languages[0])]

    def _enter(self, now: float) -> list[Effect]:
        node = self._course.node
        match node:
            case Say():
                return self._play(State.SAYING, (node.words,), now)
            case Menu() | Digits() | Card() | Ask():
                self._begin_asking()
                return self._ask(now)
            case Lookup():
                return self._look_up(node, now)
            case ToQueue():
                return [*self._leave(), self._queue(node, now)]
            case PromiseCallback():
                return self._promise(node, now)
            case Record():
                grace_s = self._options.answer_grace_s
                self._wait(State.RECORDING, now + node.limit_s + grace_s)
                languages = self._course.languages
                return [
                    RecordVoicemail(node.box, node.limit_s, node.silence_s, node.queue, languages)
                ]
            case ToOther() | EchoTest() | Goodbye():
                if node.words is not None:
                    return self._play(State.SAYING, (node.words,), now)
                return self._do(node, now)
        raise IllegalTransition(self, self.state, node)

    def _do(self, node: ToOther | EchoTest | Goodbye, now: float) -> list[Effect]:
        """What comes after the node's words."""
        match node:
            case ToOther():
                return self._send(node, now)
            case EchoTest():
                return self._echo(node, now)
            case Goodbye():
                return [*self._leave(), HangUp(node.reason)]

    def _queue(self, node: ToQueue, now: float) -> EnterQueue:
        caller = self._course.caller
        tier = caller.tier
        if node.tier is not None:
            tier = values.written(self._course.evaluate(node.tier, now))
        prefer = caller.last_agent if node.prefer_last_agent else ""
        return EnterQueue(node.queue, node.priority, node.requires, tier, prefer)

    def _begin_asking(self) -> None:
        self._tries = 0
        self._typed = ""
        self._card.forget()
        self._listening.begin_question()

    def _ask(self, now: float, apology: Words | None = None) -> list[Effect]:
        node = self._course.node
        assert isinstance(node, Asking)
        words = (node.words,) if apology is None else (apology, node.words)
        question = self._play(State.ASKING, words, now)
        if not isinstance(node, Ask) or not node.barge_in:
            return question
        self._is_heard_over = True
        return [*question, self._ask_speech(node, over_prompt=True)]

    def _play(self, state: State, words: tuple[Words, ...], now: float) -> list[Effect]:
        self._wait(state, now + self._options.prompt_limit_s)
        return self._speak(now, *words)

    def _speak(self, now: float, *words: Words | None) -> list[Effect]:
        world = self._course.world(now)
        items = tuple(templates.item(one, world) for one in words if one is not None)
        return [PlayPrompts(items, self._course.languages)] if items else []

    def _echo(self, node: EchoTest, now: float) -> list[Effect]:
        self._wait(State.ECHOING, now + node.limit_s)
        return [Echo()]

    def _wait(self, state: State, deadline: float) -> None:
        self.state = state
        self._until = deadline

    def _stop(self) -> list[Effect]:
        """What is going on for the caller is cut."""
        match self.state:
            case State.ASKING if self._is_heard_over:
                self._is_heard_over = False
                return [StopPrompts(), StopSpeech(self._listening.ask_id)]
            case State.SAYING | State.ASKING:
                return [StopPrompts()]
            case State.HEARING:
                return [StopSpeech(self._listening.ask_id)]
            case State.CHECKING:
                return [StopLookup(self._lookup_id)]
            case State.RECORDING:
                return [StopVoicemail()]
            case State.SENDING:
                return [StopTransfer()]
            case State.LOOKING:
                return [StopPrompts()] if self._is_saying else [StopLookup(self._lookup_id)]
        return []

    def _leave(self) -> list[Effect]:
        if self.state is State.ENDED:
            return []
        self._end()
        outer, path = self._course.outer, tuple(self._course.path)
        return [FlowEnded(self._call_id, self._flow.name, outer.at, path)]

    def _end(self) -> list[Effect]:
        self._card.forget()
        self.state = State.ENDED
        self._until = None
        return []
