"""The centre's configuration: the only reader of configuration files and of the environment.

A centre is a folder: `callcenter.yaml`, `flows/*.yaml`, `boards/*.yaml`, `prompts/`, `rules/`. The
environment overrides the file, two underscores for each level:
`CALLCENTER_HTTP__LISTEN=127.0.0.1:8081`. `load` finds all problems before it complains.
"""

import difflib
import os
import re
import zoneinfo
from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from pydantic import PrivateAttr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

import recordings
from acd.options import Selection
from callcenter.configuration import alarm_settings, board_files, live_names
from callcenter.configuration.alarm_settings import AlarmSection
from callcenter.configuration.board_files import Inventory
from callcenter.configuration.cross_checks import doubts, problems_across
from callcenter.configuration.flow_checks import doubts_of_flow, problems_of_flow
from callcenter.sections.flows import Calendar, Emergency, Lookups, Speech, Tasks
from callcenter.sections.lines import Limits, Line, Outbound, Trunk
from callcenter.sections.media import Media
from callcenter.sections.people import Agent, Phone
from callcenter.sections.queues import Callbacks, Ordering, Queue, Transfers
from callcenter.sections.recordings import Quality, Recordings, Store, async_url
from callcenter.sections.signalling import Http, Sip
from callcenter.sections.values import DialNumber, Listener, Name, Seconds, SecondsOrNever
from foundation import yaml_lines
from foundation.errors import ConfigurationError
from ivr.flows import flow as flows
from ivr.flows.flow import Flow
from ivr.language.nodes import Ask, words_of
from ivr.language.templates import Template
from ivr.speech.emergency import prompt_name
from ivr.speech.spoken import Known
from ivr.understanding import corrections
from recordings.inspection.form import read_form
from recordings.quality import packs
from recordings.quality.pack import Pack
from telephony.sip.sockets.tls import TlsFiles
from wallboard.alarms.alarm_rules import DEFAULT_RULES, Rules
from wallboard.figures.boards import DEFAULT, DEFAULT_PLAN, Plans

FILE = "callcenter.yaml"
ENVIRONMENT = "CALLCENTER_"
CORRECTIONS = "rules/speech.yaml"
"Examples that callers have taught us; see `ivr.understanding.corrections`."
TESTS = ".test.yaml"
"Dialogues beside a flow: `flows/main.test.yaml`."
BUILT_IN_MODELS = Path(recordings.__file__).parent / "models"
"Speech models that come with the package; the configuration calls them by their folder's name."


class _Listed(BaseSettings):
    """Everything `callcenter.yaml` may say."""

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, env_prefix=ENVIRONMENT, env_nested_delimiter="__"
    )

    sip: Sip = Sip()
    "Listeners and domain."
    http: Http = Http()
    "Pages and API."
    timezone: str = "UTC"
    "Decides hours, days and reports; a name like Asia/Shanghai."
    media: Media = Media()
    "RTP: addresses, ports, limits."
    store: Store = Store()
    "The database."
    recordings: Recordings = Recordings()
    "Recording and transcription."
    quality: Quality = Quality()
    "By which rules talks are judged."
    speech: Speech = Speech()
    "How synthesised prompts sound."
    lines: tuple[Line, ...] = ()
    "The numbers that callers dial."
    trunks: tuple[Trunk, ...] = ()
    "Who may call; without any, everybody may who reaches `sip.listen`."
    outbound: tuple[Outbound, ...] = ()
    "Which numbers outside may be dialled; without any, none."
    limits: Limits = Limits()
    "How many calls there may be."
    agents: tuple[Agent, ...] = ()
    "Who answers."
    transfers: Transfers = Transfers()
    "Of talks from one to the next."
    phones: tuple[Phone, ...] = ()
    "Accounts that are no agents: where supervisors are rung to listen, whisper and barge in."
    hours: dict[Name, Calendar] = {}
    'Business hours by name: `{office: {mon-fri: ["09:00-18:00"], holidays: [2026-10-01]}}`.'
    lookups: Lookups = Lookups()
    "Servers that flows may ask."
    emergency: dict[Name, Emergency] = {}
    "Announcements by name that a supervisor can have every caller hear."
    tasks: Tasks = Tasks()
    "Messages and unhappy callers, until somebody has taken care of them."
    queues: dict[Name, Queue] = {}
    "Where callers wait, by name."
    order: Ordering = Ordering()
    "Who is served before whom."
    vip: dict[Name, tuple[DialNumber, ...]] = {}
    "Callers' numbers by VIP tier; the tiers are those of `order.tiers`."
    selection: Selection = Selection.GREATEST_NEED
    "Which of several waiting callers a freed agent takes; docs/acd.md."
    blocked: tuple[DialNumber, ...] = ()
    "Callers' numbers that hear a line fault and are refused."
    auto_ready: bool = False
    "A registered phone makes its agent ready."
    short_abandon_s: SecondsOrNever = 5.0
    "Callers who hang up sooner count as short abandons."
    pause_reasons: tuple[Name, ...] = ("meal", "break", "training", "meeting")
    "What an agent may give as the reason of a pause; `rona` is ours."
    pause_limits: dict[Name, SecondsOrNever] = {}
    "Longest pause by reason; 0: any. Not named: `meal` 3600, `training` and `meeting` 7200."
    pause_limit_s: SecondsOrNever = 900.0
    "Longest pause for any other reason, ours among them; then the team lead is told. 0: any."
    away_grace_s: Seconds = 120.0
    "Who is not back so long after that is signed out."
    max_wrap_up_s: Seconds = 600.0
    "Agents may extend their wrap-up up to this."
    alarms: AlarmSection = AlarmSection()
    "What is an alarm, and who outside is told; docs/wallboard.md."

    @field_validator("timezone")
    @classmethod
    def _is_zone(cls, zone: str) -> str:
        known = zoneinfo.available_timezones()
        if zone not in known:
            raise ValueError(f"is not a time zone; {yaml_lines.nearest(zone, _like(zone, known))}")
        return zone

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, init_settings


def _like(zone: str, known: set[str]) -> list[str]:
    """All 600 zones are too many to list when none is near."""
    return difflib.get_close_matches(zone, known, n=3, cutoff=0.5) or ["Asia/Shanghai", "UTC"]


class Settings(_Listed):
    """A whole centre: the file, the environment's overrides and where it lies."""

    _folder: Path = PrivateAttr(default=Path())
    _flows: dict[str, Flow] = PrivateAttr(default_factory=dict)
    _boards: Plans = PrivateAttr(default_factory=lambda: {DEFAULT: DEFAULT_PLAN})
    _packs: dict[str, Pack] = PrivateAttr(default_factory=dict)
    _warnings: tuple[str, ...] = PrivateAttr(default=())

    @property
    def folder(self) -> Path:
        """Absolute; relative paths of the configuration start here."""
        return self._folder

    @property
    def flows(self) -> Mapping[str, Flow]:
        """Every file of `flows/`, by its name without `.yaml`."""
        return self._flows

    @property
    def boards(self) -> Plans:
        """Every file of `boards/`, by its name without `.yaml`; the default one always."""
        return self._boards

    @property
    def alarm_rules(self) -> Rules:
        return alarm_settings.rules_of(self.alarms)

    def inventory(self) -> Inventory:
        """What boards and alarms may speak of."""
        return Inventory(
            queues=self.queues,
            teams={agent.team for agent in self.agents if agent.team},
            alarms={*DEFAULT_RULES, *self.alarms.rules},
        )

    def has_flow_file(self, name: str) -> bool:
        """Also of a flow with problems, which are told by themselves."""
        return name in self._flows or (self._folder / "flows" / f"{name}.yaml").exists()

    @property
    def listens(self) -> bool:
        """Some flow asks what callers say."""
        return any(isinstance(n, Ask) for flow in self._flows.values() for n in flow.nodes.values())

    @property
    def quality_packs(self) -> Mapping[str, Pack]:
        """The rules in force, by language."""
        return self._packs

    @property
    def measured_path(self) -> Path:
        """What `callcenter quality measure` found; without it, what came with the packs."""
        return self.data_path / "quality" / "measured.json"

    @property
    def follows(self) -> bool:
        """Some queue shows what is said while it is said."""
        wanted = any(queue.live_transcript for queue in self.queues.values())
        return wanted and self.recordings.most_live > 0

    @property
    def prompt_words(self) -> dict[str, Mapping[str, str]]:
        """The words of all flows' prompts, emergency announcements and consents, by name and
        language."""
        ready = {prompt_name(one.text): one.text for one in self.emergency.values() if one.text}
        said = ready | {
            name: words for flow in self._flows.values() for name, words in flow.prompts.items()
        }
        own = {consent_name(one.number): one.consent_words for one in self.lines}
        return {**said, **{name: words for name, words in own.items() if words}}

    @property
    def corrections_file(self) -> Path:
        """What people have put right of what callers said."""
        return self._folder / CORRECTIONS

    @property
    def sentences(self) -> set[Known]:
        """What the flows' sentences with values in them are made of."""
        said = (w for f in self._flows.values() for n in f.nodes.values() for w in words_of(n))
        return {
            (language, part if isinstance(part, str) else part.kind)
            for words in said
            if isinstance(words, Template)
            for language, parts in words.parts.items()
            for part in parts
        }

    @property
    def warnings(self) -> tuple[str, ...]:
        """What works but is probably not meant, as sentences with file and line."""
        return self._warnings

    def advertised(self, listener: Listener) -> tuple[str, int]:
        """Host and port that SIP peers are told for a listener; '' and 0: those it has."""
        given = self.sip.advertised
        text = given if isinstance(given, str) else given.get(str(listener), "")
        if text:
            host, _, port = text.rpartition(":") if re.search(r":[0-9]+$", text) else (text, "", "")
            return host.removeprefix("[").removesuffix("]"), int(port or 0)
        bound, ours = ip_address(listener.host), ip_address(self.media.address)
        usable = bound.is_unspecified and bound.version == ours.version and not ours.is_unspecified
        return (str(ours), 0) if usable else ("", 0)

    def tls_files(self) -> TlsFiles | None:
        """Certificate and key of the secure listeners, as absolute paths."""
        tls = self.sip.tls
        return TlsFiles(self._folder / tls.certificate, self._folder / tls.key) if tls else None

    @property
    def data_path(self) -> Path:
        return self._folder / "data"

    @property
    def prompts_path(self) -> Path:
        return self._folder / "prompts"

    def own_prompts(self) -> frozenset[str]:
        """Names of the recorded prompts: `greeting.wav` or, for one language, `greeting.zh.wav`."""
        return frozenset(file.name.split(".")[0] for file in self.prompts_path.glob("*.wav"))

    @property
    def prompt_cache_path(self) -> Path:
        return self.data_path / "cache" / "prompts"

    @property
    def recordings_path(self) -> Path:
        return self._folder / self.recordings.path

    @property
    def database_url(self) -> str:
        """For SQLAlchemy's asyncio engine. May contain a password."""
        return async_url(self.store.url.get_secret_value(), self._folder)

    @property
    def journal_path(self) -> Path:
        """The journal has a file of its own, whatever database the rest is in."""
        return self.data_path / "journal.db"

    def _take_corrections(self) -> list[str]:
        """Into the flows; the problems of their file."""
        if not self.corrections_file.exists():
            return []
        try:
            written = corrections.parse(_text_of(self.corrections_file), CORRECTIONS)
        except ConfigurationError as error:
            return error.problems
        found = corrections.problems_of(written.corrections, self._flows)
        if problems := [written.document.complaint(*one) for one in found]:
            return problems
        self._flows = {
            name: corrections.applied(flow, written.corrections)
            for name, flow in self._flows.items()
        }
        return []

    def _take_boards(self, known: Inventory) -> list[str]:
        """The problems of their files."""
        files = sorted((self._folder / board_files.FOLDER).glob("*.yaml"))
        texts = {file.stem: _text_of(file) for file in files}
        self._boards, problems = board_files.read_boards(texts, known)
        return problems

    def _take_packs(self) -> list[str]:
        """Rules of quality; the problems of their files."""
        try:
            self._packs = packs.in_force(self.quality.packs, self._folder)
            read_form(self._folder)
        except ConfigurationError as error:
            return error.problems
        return []

    @staticmethod
    def built_in_models() -> tuple[str, ...]:
        return tuple(sorted(path.name for path in BUILT_IN_MODELS.glob("*") if path.is_dir()))

    def model_path(self, language: str) -> Path | None:
        """The folder of the language's speech model, None when none is configured."""
        name = self.recordings.models.get(language)
        return None if name is None else find_model(name, self._folder)


def consent_name(number: str) -> str:
    """The prompt of a line's own words about recording; stars and hashes are in no file's name."""
    return "consent_" + number.translate(str.maketrans("*#+", "shp"))


def find_model(name: str, folder: Path) -> Path:
    """A folder of the centre wins over a built-in model of the same name."""
    own = folder / name
    return own if own.is_dir() or "/" in name else BUILT_IN_MODELS / name


def load(folder: Path) -> Settings:
    """Read a centre; a ConfigurationError holds all of its problems, each with file and line."""
    folder = folder.absolute()
    document = yaml_lines.read(_text_of(folder / FILE), FILE)
    read, problems = _read_flows(folder / "flows")
    first = [*document.doubles, *_unknown_variables()]
    try:
        settings = Settings(**_sections(document))
    except ValidationError as error:
        raise ConfigurationError(first + _placed(document, error) + problems) from None
    except SettingsError as error:
        first.append(f"environment: {error}; lists and sections are written as JSON")
        raise ConfigurationError(first + problems) from None
    settings._folder = folder
    settings._flows = {flow.name: flow for flow, _ in read}
    problems = first + [_placed_one(document, *one) for one in problems_across(settings)] + problems
    seen = _with_queues(settings, live_names.added_queues(settings.data_path))
    for flow, written in read:
        problems += [written.complaint(*one) for one in problems_of_flow(flow, seen)]
    problems += settings._take_corrections()
    problems += settings._take_boards(seen.inventory())
    problems += settings._take_packs()
    if problems:
        raise ConfigurationError(problems)
    settings._warnings = tuple(_placed_one(document, *one) for one in doubts(settings))
    for flow, written in read:
        found = doubts_of_flow(flow, seen)
        settings._warnings += tuple(written.complaint(*one) for one in found)
    return settings


def _with_queues(settings: Settings, names: Iterable[str]) -> Settings:
    """What flows and boards may speak of: also queues that were added while the centre ran."""
    added = {name: Queue(callbacks=Callbacks()) for name in names}
    return settings.model_copy(update={"queues": {**added, **settings.queues}})


def _read_flows(folder: Path) -> tuple[list[tuple[Flow, yaml_lines.Document]], list[str]]:
    read, problems = [], []
    for file in sorted(folder.glob("*.yaml")):
        if file.name.endswith(TESTS):
            continue
        try:
            read.append(flows.parse(_text_of(file), f"flows/{file.name}", file.stem))
        except ConfigurationError as error:
            problems += error.problems
    return read, problems


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigurationError(
            [f"{file}: there is no such file; `callcenter init` writes a starter centre"]
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError([f"{file}: cannot be read: {error}"]) from None


def _sections(document: yaml_lines.Document) -> dict[str, Any]:
    if document.value is None:
        return {}
    if not isinstance(document.value, dict):
        raise ConfigurationError([f"{document.file}:1: is not a mapping of sections"])
    return {str(key): value for key, value in document.value.items()}


def _unknown_variables() -> Iterable[str]:
    """Variables with our prefix that set nothing; pydantic-settings passes over them silently."""
    for name in sorted(os.environ):
        if not name.upper().startswith(ENVIRONMENT):
            continue
        section = name.removeprefix(ENVIRONMENT).lower().split("__")[0]
        if section not in Settings.model_fields:
            hint = yaml_lines.nearest(section, Settings.model_fields)
            yield f"environment {name}: unknown key {section!r}; {hint}"


def _placed(document: yaml_lines.Document, error: ValidationError) -> list[str]:
    found = list(yaml_lines.located(error, Settings))
    found.sort(key=lambda one: document.line(one[0]))
    return [_placed_one(document, *one) for one in found]


def _placed_one(document: yaml_lines.Document, path: yaml_lines.Path, sentence: str) -> str:
    """Name the variable when the value came from the environment, else file and line."""
    for length in range(len(path), 0, -1):
        name = ENVIRONMENT + "__".join(str(part) for part in path[:length]).upper()
        if name in os.environ:
            return f"environment {name}: {sentence}"
    return document.complaint(path, sentence)
