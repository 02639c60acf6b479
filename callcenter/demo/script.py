"""The demo's play: who calls, who answers, what is said. Read from `dialogues.yaml`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal

import msgspec
import yaml

from telephony.calls.events import Side

FILE = Path(__file__).with_name("dialogues.yaml")
TURN_GAP_S = 0.4
"Between two turns of a talk."
ROUND_S = 80.0
"When nobody asked for an end, everybody calls again after so long."
UNTIL_QUEUED_S = 2.0
"The greeting's beginning and the key."
MISSED_S = 5.0
"`ring_s` of the queues: the agent who does not pick up costs so much."
UNTIL_TALK_S = 6.0
"Ringing, the agent's number in two languages, and the wrap-up before."


class Expected(StrEnum):
    """What the centre must make of a caller."""

    TALK = "talk"
    GIVES_UP = "gives up"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Turn:
    """One person's sentence."""

    side: Side
    text: str
    voice: str


COURTESY = (
    Turn(Side.AGENT, "您好，这里是演示，我只会说写好的话。感谢您的来电！", "cmn-latn-pinyin+f2"),
    Turn(
        Side.AGENT,
        "Hello! This is a demonstration, and I can only say what is written down for me. "
        "Thank you for calling.",
        "en-us+f1",
    ),
)
"For whoever calls with a phone of his own."


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerPart:
    """One caller; the keys are explained at the top of `dialogues.yaml`."""

    id: str
    number: str
    arrives_s: float
    language: str
    temper: str
    keys: str
    patience_s: float
    queue: str = ""
    blocked: bool = False
    phone: Literal["own", "pyvoip"] = "own"
    hangs_up: Side = Side.CALLER
    turns: tuple[Turn, ...] = ()

    @property
    def expected(self) -> Expected:
        if self.blocked:
            return Expected.REFUSED
        return Expected.TALK if self.turns else Expected.GIVES_UP

    def said(self, side: Side) -> str:
        return " ".join(turn.text for turn in self.turns if turn.side is side)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentPart:
    id: str
    picks_up_after_s: float | Literal["never"]
    phone: Literal["own", "pyvoip"] = "own"


@dataclass(frozen=True, slots=True)
class Play:
    agents: tuple[AgentPart, ...]
    callers: tuple[CallerPart, ...]
    "By arrival."

    @property
    def turns(self) -> list[Turn]:
        """Everything that may be said."""
        return [*COURTESY, *(turn for caller in self.callers for turn in caller.turns)]


class _Caller(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A caller as written."""

    id: str
    number: str
    arrives_s: float
    language: str
    temper: str
    keys: str
    patience_s: float
    queue: str = ""
    blocked: bool = False
    phone: Literal["own", "pyvoip"] = "own"
    hangs_up: Side = Side.CALLER
    caller_voice: str = ""
    agent_voice: str = ""
    turns: list[dict[Side, str]] = []

    def part(self) -> CallerPart:
        own = {name: getattr(self, name) for name in self.__struct_fields__ if name in _PLAIN}
        return CallerPart(**own, turns=tuple(self._turns()))

    def _turns(self) -> Iterator[Turn]:
        voices = {Side.CALLER: self.caller_voice, Side.AGENT: self.agent_voice}
        for turn in self.turns:
            for side, text in turn.items():
                yield Turn(side, text, voices[side])


_PLAIN = set(CallerPart.__slots__) - {"turns"}


class _File(msgspec.Struct, forbid_unknown_fields=True):
    agents: list[AgentPart]
    callers: list[_Caller]


def read_play(file: Path = FILE) -> Play:
    written = msgspec.convert(yaml.safe_load(file.read_text(encoding="utf-8")), _File)
    callers = sorted((caller.part() for caller in written.callers), key=lambda c: c.arrives_s)
    return Play(tuple(written.agents), tuple(callers))


@dataclass(frozen=True, slots=True)
class Entry:
    """A caller's appearance, seconds after the curtain."""

    at_s: float
    caller: CallerPart


def entries(play: Play, talk_s: Mapping[str, float], seconds: float | None) -> Iterator[Entry]:
    """Who calls when; without `seconds` round after round, without end.

    `talk_s` is how long each caller's talk takes. With `seconds` only those call who will be
    through by then, and a round is not begun again unless the whole of it fits.
    """
    start_s, first = 0.0, True
    while seconds is None or first or start_s + ROUND_S <= seconds:
        desk = _Desk(play, start_s)
        for caller in play.callers:
            at_s = start_s + caller.arrives_s
            if seconds is None or desk.takes(at_s, caller, talk_s[caller.id], seconds):
                yield Entry(at_s, caller)
        start_s, first = start_s + ROUND_S, False


class _Desk:
    """A guess at who is through when: all agents alike, callers served in order."""

    def __init__(self, play: Play, start_s: float) -> None:
        picking_up = [agent for agent in play.agents if agent.picks_up_after_s != "never"]
        self._free_at = [start_s] * len(picking_up)
        self._missed_s = MISSED_S if len(picking_up) < len(play.agents) else 0.0
        "Costs the round's first caller who wants to talk."

    def takes(self, at_s: float, caller: CallerPart, talk_s: float, limit_s: float) -> bool:
        """Whether the call is through by `limit_s`; if so, its agent is taken until then."""
        if caller.expected is not Expected.TALK:
            return at_s + UNTIL_QUEUED_S + caller.patience_s <= limit_s
        earliest = min(self._free_at)
        end_s = max(at_s + UNTIL_QUEUED_S + self._missed_s, earliest) + UNTIL_TALK_S + talk_s
        if end_s > limit_s:
            return False
        self._free_at[self._free_at.index(earliest)] = end_s
        self._missed_s = 0.0
        return True
