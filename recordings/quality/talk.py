"""The nouns: one talk as it is judged, and what came of it.

Seconds count from the recording's first sample.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from recordings.quality.pack import Kind
from recordings.recogniser import Word
from telephony.calls.events import EndedBy, Side

Span: TypeAlias = tuple[float, float]
"From, to."


@dataclass(frozen=True, slots=True)
class Stretch:
    """Speech between two pauses, as the voice had it."""

    start_s: float
    end_s: float
    pitch_hz: float
    "Middle of the voiced frames; 0.0: there were too few."
    level_dbfs: float

    @property
    def length_s(self) -> float:
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class Voice:
    """What a side's samples tell beside its words; see `recordings.quality.voice`."""

    duration_s: float
    level_dbfs: float
    "RMS of speech; that of no speech at all is the lowest there is."
    stretches: tuple[Stretch, ...]


@dataclass(frozen=True, slots=True)
class SideTalk:
    """One side's words and voice."""

    language: str
    words: tuple[Word, ...]
    voice: Voice | None
    "None: recorded before voices were measured; what needs them is not judged."


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """Everything that judging looks at."""

    caller: SideTalk
    agent: SideTalk
    duration_s: float
    holds: tuple[Span, ...] = ()
    "In which the agent had put the caller on hold."
    ended_by: EndedBy | None = None
    "None: the call went on after this talk (handed over), or nobody knows."

    def side(self, side: Side) -> SideTalk:
        return self.caller if side is Side.CALLER else self.agent


Fact: TypeAlias = float | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A rule that this talk breaks, and where."""

    rule: str
    kind: Kind
    severity: int
    penalty: float
    "What it costs here; 0 after the pack's `most_times`."
    side: Side
    start_s: float
    end_s: float
    phrase: str = ""
    "As heard; of required phrases: the first wording that was looked for."
    confidence: float | None = None
    "Of the least sure word; None for what was not recognised but measured or missed."
    facts: Mapping[str, Fact] = field(default_factory=dict)
    "What was measured and what the rule allows: {'share': 0.52, 'most': 0.4}."


@dataclass(frozen=True, slots=True)
class Sign:
    """Why a stretch is marked: what, and how much."""

    name: str
    "`words`, `pitch` (semitones up), `level` (dB up) or `rate` (share up)."
    value: Fact
    "The words said, or the difference from the speaker's own base line."


@dataclass(frozen=True, slots=True)
class Mark:
    """A mood: never a number alone, always with its signs."""

    side: Side
    mood: str
    "`upset` or `pleased`."
    start_s: float
    end_s: float
    signs: tuple[Sign, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """What was measured, whether it breaks a rule or not; None: not to be had."""

    silence_share: float | None = None
    talk_over_share: float | None = None
    agent_per_min: float | None = None
    caller_per_min: float | None = None
    agent_dbfs: float | None = None
    caller_dbfs: float | None = None
    hold_s: float = 0.0
    longest_hold_s: float = 0.0
    ended_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one pack makes of one talk."""

    pack: str
    version: str
    language: str
    score: float
    "100 less the penalties, not below 0."
    hits: tuple[Hit, ...]
    marks: tuple[Mark, ...]
    measures: Measures
