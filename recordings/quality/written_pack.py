"""The keys of `rules/quality/NAME.yaml`, their limits and defaults."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Text = Annotated[str, Field(min_length=1, max_length=200)]
Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(gt=0, le=3600)]
Decibels = Annotated[float, Field(ge=-90, le=0)]
Severity = Annotated[int, Field(ge=1, le=3)]
Penalty = Annotated[float, Field(ge=0, le=100)]
MOST_RULES = 500


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Priced(Part):
    """A rule: how grave it is."""

    severity: Severity = 1
    penalty: Penalty | None = None
    "Instead of the pack's penalty for this severity."


class WrittenForbidden(Priced):
    phrase: Text
    also: list[Text] = []
    "Other wordings of the same."
    unless: list[Text] = []
    "Longer wordings that are harmless."
    exact: bool = False
    "Another form of address makes it polite."


class WrittenWindow(Part):
    """Where it must be said; none of the keys: anywhere."""

    first_s: Seconds | None = None
    "Within so many seconds from the agent's first word."
    last_s: Seconds | None = None
    "Within so many seconds before the agent's last word."
    after_hold_s: Seconds | None = None
    "Within so many seconds after each hold."

    @model_validator(mode="after")
    def _is_one_place(self) -> Self:
        given = [one for one in (self.first_s, self.last_s, self.after_hold_s) if one is not None]
        if len(given) > 1:
            raise ValueError("is one place only: first_s, last_s or after_hold_s")
        return self


class WrittenRequired(Priced):
    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    say: list[Text] = Field(min_length=1)
    "One of these; {digits} stands for figures."
    window: WrittenWindow = WrittenWindow()


class WrittenSilence(Priced):
    most_share: Share = 0.4
    least_s: Seconds = 20.0


class WrittenTalkOver(Priced):
    most_share: Share = 0.1
    least_s: Seconds = 3.0


class WrittenSpeed(Priced):
    least_per_min: float = Field(gt=0, le=1000)
    most_per_min: float = Field(gt=0, le=1000)


class WrittenLoudness(Priced):
    least_dbfs: Decibels = -38.0
    most_dbfs: Decibels = -14.0
    most_apart_db: float = Field(default=15.0, gt=0, le=60)


class WrittenHold(Priced):
    most_s: Seconds = 60.0


class WrittenHungUp(Priced):
    unless: list[Text] = []
    "Either side's words shortly before, after which hanging up is no fault."


class WrittenEmotion(Priced):
    upset: list[Text] = []
    pleased: list[Text] = []
    pitch_up_st: float = Field(default=3.0, gt=0, le=24)
    "Semitones above the speaker's own base line."
    level_up_db: float = Field(default=5.0, gt=0, le=40)
    rate_up: float = Field(default=0.3, gt=0, le=3)


class WrittenPack(Part):
    """One language's rules."""

    language: str = Field(pattern=r"^[a-z]{2}$")
    title: str = ""
    same: list[list[Annotated[str, Field(min_length=1, max_length=1)]]] = []
    "Groups of characters that sound alike."
    address: list[Text] = []
    "Forms of address; phrases with one of them count with each of them."
    penalties: dict[Severity, Penalty] = {1: 3.0, 2: 8.0, 3: 25.0}
    "By severity."
    most_times: int = Field(default=3, ge=1, le=100)
    "Hits of one rule that cost something in one call."
    least_confidence: Share = 0.35
    forbidden: list[WrittenForbidden] = Field(default=[], max_length=MOST_RULES)
    required: list[WrittenRequired] = Field(default=[], max_length=MOST_RULES)
    silence: WrittenSilence | None = None
    talk_over: WrittenTalkOver | None = None
    speed: WrittenSpeed | None = None
    loudness: WrittenLoudness | None = None
    hold: WrittenHold | None = None
    hung_up: WrittenHungUp | None = None
    emotion: WrittenEmotion | None = None
