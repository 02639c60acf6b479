"""Questions that are answered by voice, or by a key instead; `understanding.asking` understands."""

from ivr.effects import Effect, QuestionOver, StopPrompts
from ivr.events import SpeechSettled
from ivr.inputs import SpeechBegan, SpeechFailed, SpeechHeard, SpeechSilent
from ivr.language.nodes import Ask
from ivr.understanding.asking import Answer
from ivr.visit.ground import Ground, State


class ByVoice(Ground):
    """What was said, and what is asked next."""

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
