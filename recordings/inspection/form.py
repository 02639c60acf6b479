"""The form on which a talk is scored: items with points, and faults that make all points nothing.

`rules/inspection.yaml` in the centre's folder, or the one that comes with us beside this file:

    title: {en: …, zh: …}
    items:
      - {id: greeting, points: 10, en: Greets and gives the number, zh: 开头语规范，报工号}
    fatal:
      - {id: insult, en: Insults the caller, zh: 辱骂客户}
"""

import hashlib
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import BaseModel, Field, ValidationError

from foundation.errors import ConfigurationError, RemoteError

log = logging.getLogger(__name__)

OURS = Path(__file__).with_name("form.yaml")
PLACE = Path("rules") / "inspection.yaml"
FULL_SCORE = 100.0


class WrittenItem(BaseModel, extra="forbid", frozen=True):
    id: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    "Never changes; the words may."
    points: float = Field(gt=0, le=100)
    en: str = Field(min_length=1, max_length=200)
    zh: str = Field(min_length=1, max_length=200)


class WrittenFault(BaseModel, extra="forbid", frozen=True):
    id: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    en: str = Field(min_length=1, max_length=200)
    zh: str = Field(min_length=1, max_length=200)


class WrittenForm(BaseModel, extra="forbid", frozen=True):
    title: dict[str, str] = Field(default_factory=dict)
    items: tuple[WrittenItem, ...] = Field(min_length=1, max_length=40)
    fatal: tuple[WrittenFault, ...] = Field(default=(), max_length=20)


@dataclass(frozen=True, slots=True)
class Form:
    """One version of the form; a score stays with the version that it was made on."""

    version: str
    written: WrittenForm

    @property
    def most(self) -> float:
        return sum(item.points for item in self.written.items)

    def score(self, points: Mapping[str, float], fatal: Collection[str]) -> float:
        """0 to 100. Raises RemoteError for anything that the form does not have or allow."""
        self._check(points, fatal)
        if fatal:
            return 0.0
        return round(FULL_SCORE * sum(points.values()) / self.most, 1)

    def _check(self, points: Mapping[str, float], fatal: Collection[str]) -> None:
        allowed = {item.id: item.points for item in self.written.items}
        for name, given in points.items():
            if name not in allowed:
                raise RemoteError(f"The form has no item {name!r}.")
            if not 0 <= given <= allowed[name]:
                raise RemoteError(f"{name!r} has 0 to {allowed[name]:g} points, not {given:g}.")
        faults = {fault.id for fault in self.written.fatal}
        for name in fatal:
            if name not in faults:
                raise RemoteError(f"The form has no fault {name!r}.")

    def check_whole(self, points: Mapping[str, float]) -> None:
        """Raises RemoteError while an item has no points."""
        missing = [item.id for item in self.written.items if item.id not in points]
        if missing:
            raise RemoteError(f"These items have no points yet: {', '.join(missing)}.")


class FormBook:
    """The form as its file has it now; a file that was spoilt meanwhile leaves the form before."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen = 0
        self._form = read_form(folder)

    def form(self) -> Form:
        file = self._folder / PLACE
        changed = file.stat().st_mtime_ns if file.exists() else 0
        if changed != self._seen:
            self._seen = changed
            try:
                self._form = read_form(self._folder)
            except ConfigurationError as error:
                log.error("the form stays as it was: %s", error)
        return self._form


def read_form(folder: Path) -> Form:
    """The centre's own, else ours. Raises ConfigurationError with the file and what is wrong."""
    own = folder / PLACE
    return parse_form((own if own.exists() else OURS).read_text(encoding="utf-8"), str(PLACE))


def parse_form(text: str, name: str) -> Form:
    try:
        written = WrittenForm.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise ConfigurationError([f"{name}: {error}"]) from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError([f"{name}: {place}: {first['msg']}"]) from error
    ids = [*(item.id for item in written.items), *(fault.id for fault in written.fatal)]
    doubled = sorted({each for each in ids if ids.count(each) > 1})
    if doubled:
        raise ConfigurationError([f"{name}: {each!r} is there twice" for each in doubled])
    version = hashlib.sha256(written.model_dump_json().encode()).hexdigest()[:8]
    return Form(version, written)
