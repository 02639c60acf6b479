"""The nouns: a pack of rules for one language, as `recordings.quality.written` reads it.

A rule's name is its phrase (forbidden ones), its own (required ones) or its kind. What it costs is
decided when the pack is read; judging (`recordings.quality.judging`) only compares.
"""

from dataclasses import dataclass
from enum import StrEnum

from recordings.quality.tokens import Phrase


class Kind(StrEnum):
    """What a rule is about; the word that API, table and documents use."""

    FORBIDDEN = "forbidden"
    REQUIRED = "required"
    SILENCE = "silence"
    TALK_OVER = "talk_over"
    SPEED = "speed"
    LOUDNESS = "loudness"
    HOLD = "hold"
    HUNG_UP = "hung_up"
    EMOTION = "emotion"


@dataclass(frozen=True, slots=True)
class Price:
    """What a hit costs, in points of 100."""

    severity: int
    "1 impatient, 2 evasive, 3 hostile; for other rules: slight, plain, grave."
    penalty: float


@dataclass(frozen=True, slots=True)
class Forbidden:
    """Something that the agent must not say, in one or several wordings."""

    name: str
    price: Price
    wordings: tuple[Phrase, ...]


class Place(StrEnum):
    """Where in a talk something must be said."""

    FIRST = "first"
    "Within so many seconds from the agent's first word."
    LAST = "last"
    "Within so many seconds before the agent's last word."
    AFTER_HOLD = "after_hold"
    "Within so many seconds after each hold of the caller."
    ANYWHERE = "anywhere"


@dataclass(frozen=True, slots=True)
class Window:
    place: Place
    within_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Required:
    """Something that the agent must say, in one of several wordings."""

    name: str
    price: Price
    wordings: tuple[Phrase, ...]
    window: Window


@dataclass(frozen=True, slots=True)
class SilenceLimit:
    """Nobody speaks; holds are not counted, the caller hears music then."""

    price: Price
    most_share: float
    "Of the talk's time."
    least_s: float
    "Shorter silence, all together, is no fault."


@dataclass(frozen=True, slots=True)
class TalkOverLimit:
    """The agent goes on, or begins, while the caller speaks."""

    price: Price
    most_share: float
    "Of the time in which the caller speaks."
    least_s: float


@dataclass(frozen=True, slots=True)
class SpeedLimit:
    """How fast the agent speaks, in words (Chinese: characters) a minute of speech."""

    price: Price
    least_per_min: float
    most_per_min: float


@dataclass(frozen=True, slots=True)
class LoudnessLimit:
    """How loud the agent is: RMS of speech in dB below full scale."""

    price: Price
    least_dbfs: float
    most_dbfs: float
    most_apart_db: float
    "From the caller."


@dataclass(frozen=True, slots=True)
class HoldLimit:
    price: Price
    most_s: float
    "Of one hold; each longer one is a hit."


@dataclass(frozen=True, slots=True)
class HungUp:
    """It is the agent who hung up, and nobody had said goodbye."""

    price: Price
    goodbyes: tuple[Phrase, ...]


@dataclass(frozen=True, slots=True)
class EmotionSigns:
    """When a stretch of speech is marked as upset or pleased.

    Voice is compared with the same speaker's own base line in the same talk (the middle of all
    stretches); `recordings.quality.emotion` says how signs add up.
    """

    price: Price
    "Of an agent who sounds upset; callers' moods cost nothing."
    upset: tuple[Phrase, ...]
    pleased: tuple[Phrase, ...]
    pitch_up_st: float
    "Semitones above the base line."
    level_up_db: float
    rate_up: float
    "Share above the base line: 0.3 is 30 % faster."


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """Everything one language is judged by."""

    name: str
    version: str
    "Of the text: another text, another version; comments and order of keys make none."
    language: str
    title: str
    most_times: int
    "Hits of one rule that cost something in one talk."
    least_confidence: float
    forbidden: tuple[Forbidden, ...]
    harmless: tuple[Phrase, ...]
    "Longer wordings that a forbidden phrase is part of without harm."
    required: tuple[Required, ...]
    silence: SilenceLimit | None = None
    talk_over: TalkOverLimit | None = None
    speed: SpeedLimit | None = None
    loudness: LoudnessLimit | None = None
    hold: HoldLimit | None = None
    hung_up: HungUp | None = None
    emotion: EmotionSigns | None = None
    same: tuple[frozenset[str], ...] = ()
    "Characters that are one, see `tokens.Spelling`."
