"""`speech`, `calendars`, `emergencies`, `lookups` and `tasks`: what flows say, ask, leave to do."""

from typing import Annotated, Literal

from pydantic import Field, PlainValidator, SecretStr, model_validator

from callcenter.sections.values import HOST_AND_PORT, DialNumber, Language, Name, Part
from ivr.language.hours import Hours, HoursError
from ivr.language.hours import parse as parse_hours


class Speech(Part):
    """How synthesised prompts sound; espeak-ng's names, `+f3` is a variant of the voice."""

    voices: dict[Language, str] = {"en": "en-us+f3", "zh": "cmn-latn-pinyin+f3"}
    "espeak-ng's voice for each language of the prompts, or a voice file: `piper:voices/amy.onnx`."
    speed: int = Field(default=150, ge=80, le=400)
    "Words a minute."
    currency: Literal["CNY", "USD", "EUR"] = "CNY"
    "What amounts of money in prompts are in."
    free_text_mb: int = Field(default=50, ge=1, le=100_000)
    "Speech made while a caller waits, of names and the like, is kept up to so much."
    most_listened: int = Field(default=16, ge=1, le=64)
    "Callers who may answer a flow by voice at once; the next one is asked for keys."
    keep_heard_days: float = Field(default=30, ge=0, le=3660)
    "What callers answer to flows is kept so long, for people to put right; 0: not at all."
    answer_pause_s: float = Field(default=0.7, ge=0.3, le=3)
    "A silence of so long ends what a caller says to a flow."


def _calendar(written: object) -> Hours:
    """`{mon-fri: ["09:00-12:00"], holidays: [2026-10-01..2026-10-07], special: {…}}`"""
    if isinstance(written, Hours):
        return written
    if not isinstance(written, dict):
        raise ValueError('write days and their spans: {mon-fri: ["09:00-18:00"]}')
    days = {str(name): value for name, value in written.items()}
    holidays, special = days.pop("holidays", ()), days.pop("special", {})
    if not isinstance(special, dict):
        raise ValueError("special is a mapping of dates to spans")
    try:
        return parse_hours(
            {name: _texts_of(name, spans) for name, spans in days.items()},
            _texts_of("holidays", holidays),
            {str(day): _texts_of(str(day), spans) for day, spans in special.items()},
        )
    except HoursError as error:
        raise ValueError(str(error)) from None


def _texts_of(name: str, given: object) -> list[str]:
    if isinstance(given, list | tuple) and not any(isinstance(one, list | dict) for one in given):
        return [str(one) for one in given]
    raise ValueError(f"{name}: write a list")


Calendar = Annotated[Hours, PlainValidator(_calendar)]


class Emergency(Part):
    """An announcement that a supervisor switches on by its name; its words are made ahead."""

    text: dict[Language, Annotated[str, Field(min_length=1, max_length=500)]] = {}
    "The words by language."
    prompt: Name | None = None
    "A recording of `prompts/` instead: `storm` for `storm.en.wav`."
    lines: tuple[DialNumber, ...] = ()
    "Only callers of these hear it; none: all do."
    then: Literal["continue", "hang_up", "queue"] = "continue"
    "What comes after the words: the line's flow, the end, or a queue."
    queue: Name | None = None
    "Of `then: queue`."
    to_waiting: bool = False
    "Who waits already hears it once, too."

    @model_validator(mode="after")
    def _can_be_said(self) -> "Emergency":
        if bool(self.text) is (self.prompt is not None):
            raise ValueError("needs text or prompt, and not both")
        if (self.then == "queue") is not (self.queue is not None):
            raise ValueError("a queue is needed for `then: queue`, and for nothing else")
        return self


class Lookups(Part):
    """What flows may ask on the network."""

    hosts: tuple[Annotated[str, Field(pattern=HOST_AND_PORT)], ...] = ()
    "Servers that flows may ask, `crm.example` or `127.0.0.1:8000`; without any none may."
    headers: dict[str, dict[str, SecretStr]] = {}
    "Sent to a server with each question: `{crm.example: {Authorization: Bearer …}}`."
    at_once: int = Field(default=20, ge=1, le=500)
    "Questions that are open at a time; the next one has failed."
    max_bytes: int = Field(default=65_536, ge=100, le=1_000_000)
    "Longest answer."


class Tasks(Part):
    """What people have still to do about calls that are over."""

    bad_score: int = Field(default=2, ge=0, le=5)
    "A caller who answers a survey with so little or less is followed up; 0: nobody is."
    voicemail_due_h: float = Field(default=4, gt=0, le=720)
    "Hours within which somebody should have heard a message."
    follow_up_due_h: float = Field(default=24, gt=0, le=720)
    "Hours within which a caller who was not content should be followed up."
    keep_days: float = Field(default=90, gt=0, le=3660)
    "What is done is forgotten after so long."
