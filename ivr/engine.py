"""One caller's way through one flow.

           Start
    NEW ───────────▶ (start node)
                          │
       say, words before a hang-up or echo         menu           queue, hang-up     echo
                          ▼                          ▼                  ▼              ▼
                       SAYING               ┌──▶ ASKING               ENDED ◀───── ECHOING
                          │ PromptEnded     │        │ PromptEnded        limit_s
                          ▼                 │        ▼
                     (next node)            │    LISTENING
                                            │        │ wrong key (also in ASKING),
                                            │        │ no key for wait_s
                                            └────────┴──────▶ (default node)
                                            tries left        no tries left

    a right key in SAYING, ASKING, LISTENING ─▶ (the key's node)
    prompt_limit_s counts as PromptEnded         CallerLeft in any state ─▶ ENDED

Rule 1: in every state but NEW and ENDED there is a deadline, so a visit never gets stuck.
Rule 2: a key is taken at once: pressed while prompts are played, it belongs to the menu that the
        caller would have come to next.
Rule 3: after ENDED nothing comes out any more.
"""

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias, assert_never

from foundation.errors import IllegalTransition
from foundation.ids import CallId, QueueId
from ivr.events import FlowEnded, FlowStarted, IvrEvent, MenuChosen
from ivr.flow import EchoTest, Flow, Goodbye, Menu, Node, Say, ToQueue
from ivr.options import IvrOptions

# -- inputs ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Start:
    """The call is answered; the caller listens."""


@dataclass(frozen=True, slots=True)
class Digit:
    digit: str


@dataclass(frozen=True, slots=True)
class PromptEnded:
    """Everything that was asked to be played has been played."""


@dataclass(frozen=True, slots=True)
class CallerLeft:
    """The call is over."""


Input: TypeAlias = Start | Digit | PromptEnded | CallerLeft

# -- effects ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PlayPrompts:
    """Play these one after the other instead of what is playing, each in all `languages`."""

    names: tuple[str, ...]
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StopPrompts:
    """Cut what is playing."""


@dataclass(frozen=True, slots=True)
class EnterQueue:
    queue: QueueId


@dataclass(frozen=True, slots=True)
class HangUp:
    reason: str


@dataclass(frozen=True, slots=True)
class Echo:
    """Let the caller hear himself."""


Effect: TypeAlias = PlayPrompts | StopPrompts | EnterQueue | HangUp | Echo | IvrEvent


class State(Enum):
    NEW = "new"
    SAYING = "saying"
    ASKING = "asking"
    LISTENING = "listening"
    ECHOING = "echoing"
    ENDED = "ended"


class Visit:
    """The machine: inputs and time in, effects out."""

    def __init__(
        self,
        call_id: CallId,
        flow: Flow,
        languages: tuple[str, ...] = (),
        options: IvrOptions | None = None,
    ) -> None:
        self.state = State.NEW
        self.deadline: float | None = None
        self._call_id = call_id
        self._flow = flow
        self._languages = languages or flow.languages
        self._options = options or IvrOptions()
        self._node: Node = flow.nodes[flow.start]
        self._tries = 0

    def __repr__(self) -> str:
        return f"<Visit {self._call_id} {self._flow.name}/{self._node.name} {self.state.value}>"

    @property
    def node(self) -> str:
        """Where the caller is."""
        return self._node.name

    def feed(self, given: Input, now: float) -> list[Effect]:
        if (self.state is State.NEW) is not isinstance(given, Start):
            if isinstance(given, CallerLeft):
                return self._end()
            raise IllegalTransition(self, self.state, given)
        match given:
            case Start():
                return [
                    FlowStarted(self._call_id, self._flow.name),
                    *self._go(self._node.name, now),
                ]
            case Digit():
                return self._on_digit(given.digit, now)
            case PromptEnded():
                return self._on_played(now)
            case CallerLeft():
                return self._leave()
            case _:
                assert_never(given)

    def tick(self, now: float) -> list[Effect]:
        if self.deadline is None or now < self.deadline:
            return []
        if self.state is State.LISTENING:
            return self._on_no_key(now)
        if self.state is State.ECHOING:
            return [*self._leave(), HangUp("echo over")]
        return [StopPrompts(), *self._on_played(now)]

    # -- keys --

    def _on_digit(self, digit: str, now: float) -> list[Effect]:
        menu = self._menu_ahead()
        if menu is None:
            return []
        stop: list[Effect] = [] if self.state is State.LISTENING else [StopPrompts()]
        self._node = menu
        if digit in menu.keys:
            chosen = MenuChosen(self._call_id, self._flow.name, menu.name, digit)
            return [*stop, chosen, *self._go(menu.keys[digit], now)]
        return [*stop, *self._try_again(menu, digit, menu.wrong_key, now)]

    def _menu_ahead(self) -> Menu | None:
        """The menu that a key pressed now is meant for; none on the way to a queue."""
        if self.state not in (State.SAYING, State.ASKING, State.LISTENING):
            return None
        node = self._node
        while isinstance(node, Say):
            node = self._flow.nodes[node.next]
        return node if isinstance(node, Menu) else None

    def _on_no_key(self, now: float) -> list[Effect]:
        assert isinstance(self._node, Menu)
        return self._try_again(self._node, "", self._node.no_key, now)

    def _try_again(self, menu: Menu, key: str, apology: str | None, now: float) -> list[Effect]:
        self._tries += 1
        if self._tries >= menu.tries:
            chosen = MenuChosen(self._call_id, self._flow.name, menu.name, key)
            return [chosen, *self._go(menu.default, now)]
        prompts = (menu.prompt,) if apology is None else (apology, menu.prompt)
        return self._play(State.ASKING, prompts, now)

    # -- nodes --

    def _on_played(self, now: float) -> list[Effect]:
        node = self._node
        if self.state is State.ASKING and isinstance(node, Menu):
            self._wait(State.LISTENING, now + node.wait_s)
        elif self.state is State.SAYING:
            match node:
                case Say():
                    return self._go(node.next, now)
                case Goodbye():
                    return [*self._leave(), HangUp(node.reason)]
                case EchoTest():
                    return self._echo(node, now)
        return []

    def _go(self, name: str, now: float) -> list[Effect]:
        self._node = node = self._flow.nodes[name]
        self._tries = 0
        match node:
            case Say():
                return self._play(State.SAYING, (node.prompt,), now)
            case Menu():
                return self._play(State.ASKING, (node.prompt,), now)
            case ToQueue():
                return [*self._leave(), EnterQueue(node.queue)]
            case Goodbye():
                if node.prompt is None:
                    return [*self._leave(), HangUp(node.reason)]
                return self._play(State.SAYING, (node.prompt,), now)
            case EchoTest():
                if node.prompt is None:
                    return self._echo(node, now)
                return self._play(State.SAYING, (node.prompt,), now)
            case _:
                assert_never(node)

    def _play(self, state: State, names: tuple[str, ...], now: float) -> list[Effect]:
        self._wait(state, now + self._options.prompt_limit_s)
        return [PlayPrompts(names, self._languages)]

    def _echo(self, node: EchoTest, now: float) -> list[Effect]:
        self._wait(State.ECHOING, now + node.limit_s)
        return [Echo()]

    def _wait(self, state: State, deadline: float) -> None:
        self.state = state
        self.deadline = deadline

    def _leave(self) -> list[Effect]:
        if self.state is State.ENDED:
            return []
        self._end()
        return [FlowEnded(self._call_id, self._flow.name, self._node.name)]

    def _end(self) -> list[Effect]:
        self.state = State.ENDED
        self.deadline = None
        return []
