"""What a caller's words come to in one `ask` node: a choice, a doubt, nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from ivr.language.nodes import Ask
from ivr.understanding.intents import guess
from ivr.understanding.phrases import find_choice

YES_KEY, NO_KEY = "1", "2"


class Answer(Enum):
    TAKEN = "taken"
    DOUBTFUL = "doubtful"
    "The caller is to say whether it is right."
    CONFIRMED = "confirmed"
    NONE = "none"


@dataclass(slots=True)
class Listening:
    """Of one caller; `choice`, `text` and `confidence` are of the last answer but NONE."""

    ask_id: int = 0
    choice: str = ""
    text: str = ""
    confidence: float = 0.0
    is_confirming: bool = False
    heard: tuple[str, float] = ("", 0.0)
    "The last words that were no yes or no, and how sure the recogniser was; outlives `forget`."
    refused: set[str] = field(default_factory=set)
    "Choices that the caller has said no to in this question."

    def begin_question(self) -> None:
        self.refused.clear()
        self.forget()

    def forget(self) -> None:
        """The question is asked once more."""
        self.choice, self.text, self.confidence, self.is_confirming = "", "", 0.0, False

    def begin(self, node: Ask, languages: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
        """Listen once more; what may be said."""
        self.ask_id += 1
        if self.is_confirming:
            return {one: (*node.yes.get(one, ()), *node.no.get(one, ())) for one in languages}
        if not node.choices:
            return {}
        return {
            one: tuple(
                phrase for choice in node.choices.values() for phrase in choice.phrases.get(one, ())
            )
            for one in languages
        }

    def key(self, digit: str) -> Answer | None:
        """A key that says yes or no to what was asked back; None: it means something else."""
        if not self.is_confirming or digit not in (YES_KEY, NO_KEY):
            return None
        return Answer.CONFIRMED if digit == YES_KEY else self._refuse()

    def answer(self, node: Ask, text: str, confidence: float, languages: tuple[str, ...]) -> Answer:
        if self.is_confirming:
            sides = {"yes": _spoken(node.yes, languages), "no": _spoken(node.no, languages)}
            return self._confirm(find_choice(text, sides))
        self.heard = text, confidence
        if not text.strip() or not confidence >= node.maybe:
            return Answer.NONE
        if not node.choices:
            self.choice, self.text, self.confidence = "", text, confidence
            return Answer.TAKEN
        return self._choose(node, text, confidence, languages)

    def _confirm(self, side: str | None) -> Answer:
        """None: neither yes nor no was understood, and nothing is refused."""
        if side is None:
            return Answer.NONE
        return Answer.CONFIRMED if side == "yes" else self._refuse()

    def _refuse(self) -> Answer:
        self.refused.add(self.choice)
        return Answer.NONE

    def _choose(
        self, node: Ask, text: str, confidence: float, languages: tuple[str, ...]
    ) -> Answer:
        phrases = {name: _spoken(one.phrases, languages) for name, one in node.choices.items()}
        best = guess(text, confidence, phrases, self.refused)
        if best is None or best.confidence < node.maybe:
            return Answer.NONE
        self.choice, self.text, self.confidence = best.choice, text, best.confidence
        self.is_confirming = best.confidence < node.sure
        return Answer.DOUBTFUL if self.is_confirming else Answer.TAKEN


def _spoken(phrases: Mapping[str, tuple[str, ...]], languages: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(phrase for one in languages for phrase in phrases.get(one, ()))
