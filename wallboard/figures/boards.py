"""What one board shows: which queues and teams, which tiles, by which formulas, against what.

Boards are values; `callcenter.configuration.board_files` reads them from `boards/*.yaml`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from wallboard.figures.formulas import STANDARD
from wallboard.figures.scope import Scope
from wallboard.words import Words

DEFAULT = "default"
"The board that is shown when none is named; there without any file."


class Panel(StrEnum):
    """What a board has beside its tiles."""

    QUEUES = "queues"
    TEAMS = "teams"
    AGENTS = "agents"
    CURVE = "curve"
    ALARMS = "alarms"
    NOTICES = "notices"


class Compare(StrEnum):
    """Which earlier day stands behind the day's curve as a faint line."""

    WEEK = "week"
    "The same day of last week; yesterday, if the journal does not reach so far back."
    YESTERDAY = "yesterday"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Norm:
    """A value that somebody else has set, shown as a line beside our own target."""

    figure: str
    value: float
    words: Words


NORMS = {
    "gbt33358": Norm("answer_rate", 0.95, Words("GB/T 33358: 95 %", "国标 33358：95 %")),
    "gbt33358_wait": Norm("asa_s", 15.0, Words("GB/T 33358: 15 s", "国标 33358：15 秒")),
    "nena15": Norm("service_level", 0.90, Words("NENA: 90 % in 15 s", "NENA：15 秒 90 %")),
    "nena20": Norm("service_level", 0.95, Words("NENA: 95 % in 20 s", "NENA：20 秒 95 %")),
    "custom80": Norm("service_level", 0.80, Words("custom: 80 % in 20 s", "惯例：20 秒 80 %")),
}
"Published ones, by the name that a board's file uses."


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    figure: str
    of: Scope | None = None
    "None: of the board's own queues and teams together."
    formula: str = ""
    "'': the board's."
    title: Words | None = None
    "None: the figure's own words."
    target: float | None = None
    "None: for the service level what the queues promise, else none."
    beside: tuple[str, ...] = ()
    "Figures that stand small below the value."


WALLBOARD = Words("Wallboard", "大屏")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One board."""

    name: str = DEFAULT
    title: Words = WALLBOARD
    queues: tuple[str, ...] | None = None
    "None: all, and the totals count each contact once."
    teams: tuple[str, ...] | None = None
    tiles: tuple[Tile, ...] = ()
    panels: tuple[Panel, ...] = tuple(Panel)
    formulas: Mapping[str, str] = field(default_factory=dict)
    "Name of the formula of each figure that has several; of those left out ours."
    norms: tuple[Norm, ...] = ()
    compare: Compare = Compare.WEEK
    alarms: tuple[str, ...] | None = None
    "Rules whose alarms are shown; None: all."

    def formula(self, figure: str) -> str:
        return self.formulas.get(figure, STANDARD)


DEFAULT_PLAN = Plan(
    tiles=(
        Tile(figure="service_level"),
        Tile(figure="waiting", beside=("longest_wait_s",)),
        Tile(figure="talking", beside=("aht_s",)),
        Tile(
            figure="agents_ready",
            beside=("agents_signed_in", "agents_paused", "agents_unreachable"),
        ),
        Tile(figure="answer_rate", beside=("offered", "answered", "asa_s")),
        Tile(figure="abandoned", beside=("short_abandoned", "abandon_rate")),
    )
)
Plans = Mapping[str, Plan]
"By name; `DEFAULT` is always among them."
