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

from foundation.errors import IllegalTransition
from ivr.effects import Echo, Effect, EnterQueue, HangUp, PlayPrompts, RecordVoicemail, StopPrompts
from ivr.events import FlowStarted
from ivr.inputs import (
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
)
from ivr.language import values
from ivr.language.nodes import (
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
from ivr.understanding.asking import Answer
from ivr.visit.by_card import ByCard
from ivr.visit.by_keys import ByKeys
from ivr.visit.by_others import ByOthers
from ivr.visit.by_voice import ByVoice
from ivr.visit.course import Astray, Course
from ivr.visit.ground import TAKES_KEYS, State

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


class Visit(ByKeys, ByCard, ByVoice, ByOthers):
    """The machine: inputs and time in, effects out."""

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
                is_card = self.state is State.CHECKING
                return self._on_checked(given, now) if is_card else self._on_looked(given, now)
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
                is_card = isinstance(self._course.node, Card)
                return self._on_card_pause(now) if is_card else self._on_pause(now)
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
        if self.state not in TAKES_KEYS:
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

    def _echo(self, node: EchoTest, now: float) -> list[Effect]:
        self._wait(State.ECHOING, now + node.limit_s)
        return [Echo()]
