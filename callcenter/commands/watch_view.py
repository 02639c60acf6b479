"""A board's document as a terminal shows it: the same figures, formulas and alarms as the page.

Made for 80 columns and 24 lines, and for whatever is larger; Chinese is counted by its width.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from wallboard.alarms.alarm_words import REASONS
from wallboard.screens.document import Document
from wallboard.words import Words

NOTHING = "–"
LINES = 24
TILES_IN_A_ROW = 3
MOST_ALARMS = 3
GRADES = {"good": "green", "warn": "yellow", "alarm": "bold white on red", "": ""}
STATES = {
    "ringing": (Words("Ringing", "振铃"), "yellow"),
    "talking": (Words("Talking", "通话中"), "cyan"),
    "wrap_up": (Words("Wrap-up", "话后整理"), "blue"),
    "ready": (Words("Ready", "示闲"), "green"),
    "paused": (Words("Paused", "示忙"), "magenta"),
    "off": (Words("Signed off", "签出"), "dim"),
}
QUEUE = Words("Queue", "队列")
TEAM = Words("Team", "班组")
AWAY = Words("core is away", "核心离线")
TARGET = Words("target", "目标")
MORE = Words("more", "更多")
QUEUE_COLUMNS: Sequence[tuple[Words, Callable[[Document], tuple[str, str]]]] = (
    (
        Words("Service", "服务水平"),
        lambda queue: (share(queue["service_level"]), queue["service_grade"]),
    ),
    (Words("Waiting", "排队"), lambda queue: (str(queue["waiting"]), "")),
    (
        Words("Longest", "最长等待"),
        lambda queue: (clock(queue["longest_wait_s"]), queue["wait_grade"]),
    ),
    (Words("Talking", "通话中"), lambda queue: (str(queue["talking"]), "")),
    (
        Words("Ans./off.", "接起/进线"),
        lambda queue: (f"{queue['answered']}/{queue['offered']}", ""),
    ),
    (Words("Aband.", "放弃"), lambda queue: (str(queue["abandoned"]), "")),
)
TEAM_COLUMNS: Sequence[tuple[Words, Callable[[Document], tuple[str, str]]]] = (
    (
        Words("Ready", "示闲"),
        lambda team: (str(team["states"]["ready"] - team["unreachable"]), ""),
    ),
    (
        Words("No phone", "话机不可达"),
        lambda team: (str(team["unreachable"]), "warn" if team["unreachable"] else ""),
    ),
    (
        Words("Talking", "通话中"),
        lambda team: (str(team["states"]["talking"] + team["states"]["ringing"]), ""),
    ),
    (Words("Paused", "示忙"), lambda team: (str(team["states"]["paused"]), "")),
    (Words("Answered", "接起"), lambda team: (str(team["answered"]), "")),
    (Words("Occupancy", "占用率"), lambda team: (share(team["occupancy"]), "")),
)


def screen(
    document: Document, now: datetime, language: str = "en", lines: int = LINES
) -> RenderableType:
    """Everything that has room in so many lines, the most urgent first."""
    panels = document["board"]["panels"]
    parts: list[RenderableType] = [_head(document, now, language)]
    parts += _alarms(document, language) if "alarms" in panels else []
    parts.append(_tiles(document, language))
    if "queues" in panels:
        queues = document["queues"]
        parts.append(_table(QUEUE, QUEUE_COLUMNS, queues, _name, language, max(3, lines // 3)))
    if "teams" in panels:
        teams = document["teams"]
        parts.append(_table(TEAM, TEAM_COLUMNS, teams, lambda key, _: key, language, 4))
    if "agents" in panels:
        parts += _agents(document, language)
    parts += _formulas(document, language)
    if "notices" in panels:
        parts += [_line(f"{each['kind']}  {each['text']}", "dim") for each in document["notices"]]
    return Group(*parts)


def _head(document: Document, now: datetime, language: str) -> Text:
    head = Text(document["board"]["title"][language], "bold", no_wrap=True, overflow="ellipsis")
    head.append(f"  {now:%Y-%m-%d %H:%M:%S}", "default")
    if not document["core_up"]:
        head.append(f"  {AWAY.of(language)}", GRADES["alarm"])
    return head


def _alarms(document: Document, language: str) -> list[RenderableType]:
    alarms = sorted(
        document["alarms"].values(), key=lambda each: (each["is_acknowledged"], each["level"])
    )
    shown: list[RenderableType] = []
    for alarm in alarms[:MOST_ALARMS]:
        style = GRADES["alarm" if alarm["level"] == "alarm" else "warn"]
        by = f" · {alarm['acknowledged_by']}" if alarm["is_acknowledged"] else ""
        shown.append(
            _line(f"▲ {alarm['words'][language]}{by}", "dim" if alarm["is_acknowledged"] else style)
        )
    if len(alarms) > MOST_ALARMS:
        shown.append(_line(f"  + {len(alarms) - MOST_ALARMS} {MORE.of(language)}", "dim"))
    return shown


def _tiles(document: Document, language: str) -> Table:
    grid = Table.grid(expand=True, padding=(0, 2, 0, 0))
    for _ in range(TILES_IN_A_ROW):
        grid.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    cells = [
        _tile(plan, document["tiles"][key], language)
        for key, plan in document["board"]["tiles"].items()
    ]
    for first in range(0, len(cells), TILES_IN_A_ROW):
        grid.add_row(*cells[first : first + TILES_IN_A_ROW])
    return grid


def _tile(plan: Document, entry: Document, language: str) -> Text:
    """Two lines: what it is and its value, then what stands beside it."""
    title = " · ".join(filter(None, [plan["title"][language], plan["of"]]))
    tile = Text(f"{title} ", no_wrap=True, overflow="ellipsis")
    tile.append(shown(plan["unit"], entry["value"]), f"bold {GRADES[entry['grade']]}".strip())
    beside = [
        f"{each['title'][language]} {shown(each['unit'], value)}"
        for each, value in zip(plan["beside"], entry["beside"], strict=True)
    ]
    if plan["target"] is not None:
        within = "" if plan["within_s"] is None else f" ≤ {plan['within_s']:g} s"
        beside.insert(0, f"{TARGET.of(language)} {shown(plan['unit'], plan['target'])}{within}")
    tile.append("\n" + ", ".join(beside), "dim")
    return tile


def _formulas(document: Document, language: str) -> list[RenderableType]:
    """Of the tiles that have one, each once."""
    printed = {
        f"{plan['title'][language]} = {plan['formula'][language]}": None
        for plan in document["board"]["tiles"].values()
        if plan["formula"] is not None
    }
    return [_line(words, "dim") for words in printed]


def _name(_: str, entry: Document) -> str:
    return str(entry["name"])


def _table(
    word: Words,
    columns: Iterable[tuple[Words, Callable[[Document], tuple[str, str]]]],
    entries: dict[str, Document],
    name_of: Callable[[str, Document], str],
    language: str,
    most: int,
) -> Table:
    table = Table.grid(expand=True, padding=(0, 2, 0, 0))
    table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    for _ in columns:
        table.add_column(justify="right", no_wrap=True)
    heads = [Text(words.of(language), "dim") for words, _ in columns]
    table.add_row(Text(word.of(language), "dim"), *heads)
    for key, entry in list(entries.items())[:most]:
        cells = [Text(*_styled(show(entry))) for _, show in columns]
        table.add_row(Text(name_of(key, entry)), *cells)
    if len(entries) > most:
        table.add_row(Text(f"+ {len(entries) - most} {MORE.of(language)}", "dim"))
    return table


def _styled(cell: tuple[str, str]) -> tuple[str, str]:
    words, grade = cell
    return words, GRADES[grade]


def _agents(document: Document, language: str) -> list[RenderableType]:
    """A line for each state: how many, and who, the longest in it first."""
    by_state: dict[str, list[Document]] = {state: [] for state in STATES}
    for agent in document["agents"].values():
        by_state[agent["state"]].append(agent)
    parts: list[RenderableType] = []
    for state, members in by_state.items():
        if not members:
            continue
        words, style = STATES[state]
        members.sort(key=lambda each: each["since"] or 0.0)
        line = Text(no_wrap=True, overflow="ellipsis")
        line.append(f"{words.of(language)} {len(members)}", f"bold {style}")
        if state != "off":
            line.append("  " + ", ".join(_agent(each, document, language) for each in members))
        parts.append(line)
    return parts


def _agent(agent: Document, document: Document, language: str) -> str:
    reason = REASONS[agent["reason"]].of(language) if agent["reason"] in REASONS else ""
    known = reason or agent["reason"]
    since = None if agent["since"] is None else document["at_s"] - agent["since"]
    return " ".join(filter(None, [agent["name"], known, clock(since)]))


def summary(document: Document) -> str:
    """The house in one line, without what changes by itself every second."""
    totals = document["totals"]
    words = [f"{name} {totals[name]}" for name in ("offered", "answered", "abandoned", "lost")]
    words += [f"waiting {totals['waiting']}", f"talking {totals['talking']}"]
    words.append(f"service level {share(totals['service_level'])}")
    words += [f"ALARM {each['words']['en']}" for each in document["alarms"].values()]
    return ", ".join(words if document["core_up"] else [AWAY.en, *words])


def _line(words: str, style: str = "") -> Text:
    return Text(words, style, no_wrap=True, overflow="ellipsis")


def shown(unit: str, value: Any) -> str:  # noqa: ANN401  a number of the document, or None
    if value is None:
        return NOTHING
    match unit:
        case "share":
            return share(value)
        case "seconds":
            return clock(value)
        case "gigabytes":
            return f"{value:.0f} GB"
        case _:
            return str(value)


def share(value: float | None) -> str:
    return NOTHING if value is None else f"{100 * value:.0f} %"


def clock(seconds: float | None) -> str:
    if seconds is None:
        return NOTHING
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
