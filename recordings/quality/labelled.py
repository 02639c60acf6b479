"""The labelled set: what is said in each test call, which rules it breaks, what only sounds so.

    calls:
      - id: zh-01
        misses: [thanks]              # required phrases that are not said where they belong
        breaks: [silence]             # other rules
        ended_by: agent
        turns:
          - {agent: 您好工号三五七零为您服务}
          - {caller: 我不知道}                              # of the other side: no fault
          - {agent: 账单在邮箱你自己去看, says: [你自己去看]}
          - {agent: 我去看一下, near: [你自己去看], pause_s: 3}

The labels are people's; `tests/recordings/quality/test_labelled.py` holds them against the engine
with the text as it is written, `callcenter quality measure` with the text as it was heard.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from foundation import yaml_lines
from foundation.errors import ConfigurationError
from recordings.quality.pack import Kind, Pack
from telephony.calls.events import EndedBy, Side

FOLDER = Path(__file__).parent / "labelled"
HELD_OUT = FOLDER / "held_out"
"Sets that no rule was tuned on."
Text = Annotated[str, Field(min_length=1, max_length=300)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Turn(_Part):
    """One person says something."""

    agent: Text | None = None
    caller: Text | None = None
    says: list[str] = []
    "Forbidden phrases in it, by their rules' names."
    near: list[str] = []
    "Forbidden phrases that it only resembles."
    mood: Literal["upset", "pleased"] | None = None
    raised: bool = False
    "Spoken higher, louder and faster than this person's other turns."
    pause_s: float = Field(default=0.4, ge=0, le=300)
    "Silence before it."
    over_s: float = Field(default=0.0, ge=0, le=10)
    "Begins so long before the other has finished."
    hold_s: float = Field(default=0.0, ge=0, le=600)
    "The caller is on hold before it."

    @model_validator(mode="after")
    def _is_of_one_side(self) -> Self:
        if (self.agent is None) == (self.caller is None):
            raise ValueError("is said by agent or caller")
        return self

    @property
    def side(self) -> Side:
        return Side.AGENT if self.caller is None else Side.CALLER

    @property
    def text(self) -> str:
        return self.agent or self.caller or ""


class LabelledCall(_Part):
    """One test call."""

    id: str
    turns: list[Turn] = Field(min_length=1)
    misses: list[str] = []
    breaks: list[Kind] = []
    ended_by: EndedBy = EndedBy.CALLER
    agent_speed: int = Field(default=150, ge=60, le=450)
    "espeak-ng's words a minute."
    agent_gain_db: float = Field(default=0.0, ge=-40, le=40)


class LabelledSet(_Part):
    language: str
    voices: list[str] = Field(min_length=2)
    calls: list[LabelledCall]


def read(file: Path) -> LabelledSet:
    """ConfigurationError with the line of what is wrong."""
    document = yaml_lines.read(file.read_text(encoding="utf-8"), file.name)
    try:
        return LabelledSet.model_validate(document.value)
    except ValidationError as error:
        raise ConfigurationError(yaml_lines.complaints(document, error, LabelledSet)) from None


def strangers(labelled: LabelledSet, pack: Pack) -> Iterator[str]:
    """Labels that name no rule of the pack."""
    forbidden = {rule.name for rule in pack.forbidden}
    required = {rule.name for rule in pack.required}
    for call in labelled.calls:
        phrases = {name for turn in call.turns for name in (*turn.says, *turn.near)}
        yield from (f"{call.id}: {name}" for name in sorted(phrases - forbidden))
        yield from (f"{call.id}: {name}" for name in sorted(set(call.misses) - required))
