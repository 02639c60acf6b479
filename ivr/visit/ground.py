"""What the rooms of a visit stand on: where the caller is, what he hears, what is waited for.

A room is what may be waited for: keys (`visit.by_keys`), a card (`visit.by_card`), a voice
(`visit.by_voice`), somebody else (`visit.by_others`). `visit.engine` puts them together; the
diagram and the rules are there.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from enum import Enum

from foundation.ids import CallId, QueueId
from ivr.effects import (
    AskSpeech,
    Effect,
    PlayPrompts,
    SetLanguage,
    StopLookup,
    StopPrompts,
    StopSpeech,
    StopTransfer,
    StopVoicemail,
)
from ivr.events import FlowEnded
from ivr.flows.flow import Flow
from ivr.language import templates, values
from ivr.language.hours import Hours
from ivr.language.nodes import Ask, Asking, Card
from ivr.language.templates import Words
from ivr.options import IvrOptions
from ivr.understanding.asking import Listening
from ivr.visit.caller import Caller
from ivr.visit.cards import CardKeys
from ivr.visit.course import Course


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


TAKES_KEYS = (State.SAYING, State.ASKING, State.LISTENING, State.TYPING, State.HEARING)


class Ground(ABC):
    """One caller's visit; `_go` is the engine's."""

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

    def leads_to(self, queue: QueueId) -> bool:
        return self._course.leads_to(queue)

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
        ahead = self._course.node if self.state in TAKES_KEYS else None
        return isinstance(ahead, Card)

    @property
    def languages(self) -> tuple[str, ...]:
        """What the caller hears now."""
        return self._course.languages

    @property
    def variables(self) -> Mapping[str, values.Scalar]:
        return self._course.frame.own

    def _news(self, before: tuple[str, ...]) -> list[Effect]:
        languages = self._course.languages
        return [] if languages == before else [SetLanguage(languages[0])]

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

    def _play(self, state: State, words: tuple[Words, ...], now: float) -> list[Effect]:
        self._wait(state, now + self._options.prompt_limit_s)
        return self._speak(now, *words)

    def _speak(self, now: float, *words: Words | None) -> list[Effect]:
        world = self._course.world(now)
        items = tuple(templates.item(one, world) for one in words if one is not None)
        return [PlayPrompts(items, self._course.languages)] if items else []

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

    @abstractmethod
    def _go(self, name: str, now: float) -> list[Effect]:
        """On to a node, and through those that take no time."""
