"""The section `alarms` of callcenter.yaml: rules added, changed and switched off; who is told.

AlarmSection ─▶ problems_of ─▶ rules_of ─▶ wallboard.alarms.alarm_rules.Rules
"""

from collections.abc import Iterable
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, field_validator

from callcenter.configuration.board_files import Inventory, Value, scope_problems
from callcenter.sections.values import HOST_AND_PORT, Name, Part, Seconds, SecondsOrNever
from foundation.yaml_lines import Path, nearest
from wallboard.alarms.alarm_rules import DEFAULT_RULES, AlarmRule, FigureRule, Rules, RushRule
from wallboard.events import Level
from wallboard.figures.catalogue import FIGURES
from wallboard.figures.scope import HOUSE, Scope

Way = Literal["webhook", "mail"]
FIGURE_FIELDS = ("figure", "of", "above", "below", "clear", "at_least")
RUSH_FIELDS = ("watch", "within_s", "least", "factor")


def _off(written: object) -> object:
    """`disk: off` switches a rule off; YAML reads the word as false."""
    return {"is_on": False} if written is False else written


class Rule(Part):
    """A rule of this name; of one that is there without being written, what is not given stays."""

    is_on: bool = True
    "`NAME: off` switches a rule off."
    figure: str | None = None
    "Which figure; docs/figures.md."
    of: str | None = None
    "`house`, `queue:NAME`, `team:NAME`, or `queue:*` for each by itself."
    above: Value | None = None
    "Raised when the figure is above this …"
    below: Value | None = None
    "… or below this."
    clear: Value | None = None
    "Over when the figure is back here; not given: at the limit itself."
    at_least: int | None = Field(default=None, ge=0)
    "Callers offered today before the figure says anything."
    watch: tuple[str, ...] | None = None
    "Of a rush: `queue:NAME` and `choice:FLOW/NODE/KEY`, with `*`."
    within_s: Seconds | None = None
    "Of a rush: callers are counted over so long."
    least: int | None = Field(default=None, ge=1)
    "Of a rush: so many callers at least."
    factor: float | None = Field(default=None, ge=1)
    "Of a rush: so many times as many as usual."
    for_s: SecondsOrNever | None = None
    "It must last so long before the alarm is raised."
    clear_s: SecondsOrNever | None = None
    "It must be well for so long before the alarm is over."
    level: Level | None = None
    "`alarm` or `warning`."
    sound: bool | None = None
    "Boards may sound for it."
    send: tuple[Way, ...] | None = None
    "Who outside is told."


class WebhookSection(Part):
    url: str = Field(pattern=r"^https?://[^\s]+$", max_length=2000)
    "Gets a POST of JSON for each alarm and for its end."
    secret: SecretStr = Field(min_length=16)
    "Signs it: HMAC-SHA256, docs/wallboard.md."

    @field_validator("url")
    @classmethod
    def _has_host(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
            is_whole = bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_whole = False
        if not is_whole:
            raise ValueError("has no host, or no good port")
        return url


class MailSection(Part):
    server: str = Field(pattern=HOST_AND_PORT)
    "Of SMTP: `mail.example:587`; without a port 587."
    tls: Literal["starttls", "tls", "none"] = "starttls"
    "`tls` from the first byte; `none` within a machine only."
    user: str = ""
    "Of the account there; '': none is needed."
    password: SecretStr = SecretStr("")
    "Of the account."
    sender: str = Field(pattern=r"^[^@\s]+@[^@\s]+$")
    "Stands in From."
    to: tuple[Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")], ...] = Field(min_length=1)
    "Who gets it."


class AlarmSection(Part):
    rules: dict[Name, Annotated[Rule, BeforeValidator(_off)]] = Field(default={})
    "By name; those that are there without being written: docs/wallboard.md."
    webhook: WebhookSection | None = None
    "Not given: nobody is told so."
    mail: MailSection | None = None
    "The same by SMTP."


def problems_of(section: AlarmSection, known: Inventory) -> Iterable[tuple[Path, str]]:
    for name, rule in section.rules.items():
        path: Path = ("alarms", "rules", name)
        yield from _problems_of_rule(path, name, rule, known)


def _problems_of_rule(
    path: Path, name: str, rule: Rule, known: Inventory
) -> Iterable[tuple[Path, str]]:
    if not rule.is_on:
        if name not in DEFAULT_RULES:
            yield path, f"there is no rule {name!r} to switch off; {nearest(name, DEFAULT_RULES)}"
        return
    built_in = DEFAULT_RULES.get(name)
    is_figure = isinstance(built_in, FigureRule) or built_in is None
    for field in _given(rule, RUSH_FIELDS if is_figure else FIGURE_FIELDS):
        if is_figure or not isinstance(built_in, RushRule) or field in FIGURE_FIELDS:
            yield (*path, field), "is not for a rule of this kind"
    if is_figure:
        yield from _problems_of_figure(path, rule, built_in, known)


def _problems_of_figure(
    path: Path, rule: Rule, built_in: AlarmRule | None, known: Inventory
) -> Iterable[tuple[Path, str]]:
    figure = rule.figure or (built_in.figure if isinstance(built_in, FigureRule) else "")
    if figure not in FIGURES:
        hint = nearest(figure, FIGURES) if figure else "a rule of a new name needs one"
        yield (*path, "figure"), f"there is no figure {figure!r}; {hint}"
        return
    if rule.above is not None and rule.below is not None:
        yield (*path, "below"), "give one of above and below"
    if built_in is None and rule.above is None and rule.below is None:
        yield path, "needs one of above and below"
    if rule.of is not None:
        yield from scope_problems((*path, "of"), rule.of, [figure], known, may_be_all=True)
    yield from _wrong_clear(path, rule)


def _wrong_clear(path: Path, rule: Rule) -> Iterable[tuple[Path, str]]:
    if rule.clear is None:
        return
    if rule.above is not None and rule.clear > rule.above:
        yield (*path, "clear"), f"{rule.clear:g} is beyond the limit {rule.above:g} itself"
    if rule.below is not None and rule.clear < rule.below:
        yield (*path, "clear"), f"{rule.clear:g} is beyond the limit {rule.below:g} itself"


def rules_of(section: AlarmSection) -> Rules:
    """To be asked of a section without problems."""
    rules = dict(DEFAULT_RULES)
    for name, written in section.rules.items():
        if not written.is_on:
            del rules[name]
        else:
            rules[name] = _rule(written, rules.get(name))
    return rules


def _rule(written: Rule, built_in: AlarmRule | None) -> AlarmRule:
    given: dict[str, Any] = {
        field: value
        for field in ("for_s", "clear_s", "level", "sound", "send", "figure", "at_least")
        if (value := getattr(written, field)) is not None
    } | _given(written, RUSH_FIELDS)
    given |= _limits(written, built_in)
    if written.of is not None:
        given["of"] = Scope.parse(written.of)
    if built_in is None:
        return FigureRule(**{"of": HOUSE, **given})
    fields = {name: getattr(built_in, name) for name in built_in.__dataclass_fields__}
    return type(built_in)(**{**fields, **given})


def _limits(written: Rule, built_in: AlarmRule | None) -> dict[str, Any]:
    limit = written.above if written.above is not None else written.below
    if limit is None:
        return {} if written.clear is None else {"clear": written.clear}
    clear = limit if written.clear is None else written.clear
    return {"is_above": written.above is not None, "limit": limit, "clear": clear}


def _given(rule: Rule, fields: Iterable[str]) -> dict[str, Any]:
    return {name: value for name in fields if (value := getattr(rule, name)) is not None}
