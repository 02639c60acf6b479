"""`callcenter simulate SCENARIO`: days on the floor in virtual time, before anybody works them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from acd.simulation.day import DayPlayed, play
from acd.simulation.figures import AgentTime, Cell, total, total_time
from acd.simulation.scenario import Scenario
from callcenter.configuration.settings import Settings, load
from callcenter.records.day_chart import Bar, draw_day
from callcenter.scenario_file import begin_of_day, load_scenario
from foundation.errors import CallCentreError


@dataclass(slots=True)
class Played:
    """All days of one scenario added up."""

    name: str
    scenario: Scenario
    begin_s: float
    days: int
    cells: list[Cell]
    "By interval, all queues together."
    queues: dict[str, Cell]
    times: list[AgentTime]


def simulate(
    file: Annotated[Path, typer.Argument(help="The scenario (YAML).", metavar="SCENARIO")],
    against: Annotated[
        Path | None, typer.Option(help="Another scenario, played with the same callers.")
    ] = None,
    centre: Annotated[
        Path | None,
        typer.Option("--dir", help="A centre whose queues and agents the scenario uses."),
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=1000, help="How many days to play.")] = 10,
    seed: Annotated[int, typer.Option(help="The same seed gives the same days.")] = 1,
    svg: Annotated[Path | None, typer.Option(help="Write the day's picture there.")] = None,
) -> None:
    """Play a day on the floor many times: service level, waits and occupancy, by half hour."""
    try:
        settings = load(centre) if centre else None
        files = [each for each in (file, against) if each is not None]
        played = [_play(each, settings, days, seed) for each in files]
        if svg is not None:
            svg.write_text(_picture(played[0]), encoding="utf-8")
    except (CallCentreError, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    console = Console()
    console.print(_by_interval(played[0]))
    console.print(_summary(played))
    if svg is not None:
        typer.echo(f"The picture is in {svg}.")


def _play(file: Path, settings: Settings | None, days: int, seed: int) -> Played:
    scenario = load_scenario(file, settings)
    count = max(1, scenario.intervals)
    cells = [Cell() for _ in range(count)]
    queues = {str(name): Cell() for name in scenario.queues}
    times = [AgentTime() for _ in range(count)]
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(file.name, total=days)
        for number in range(days):
            _add(play(scenario, seed + number), cells, queues, times)
            bar.advance(task)
    return Played(file.stem, scenario, begin_of_day(file), days, cells, queues, times)


def _add(
    day: DayPlayed, cells: list[Cell], queues: dict[str, Cell], times: list[AgentTime]
) -> None:
    for queue, of_queue in day.cells.items():
        queues[str(queue)].add(total(of_queue))
        for sum_, cell in zip(cells, of_queue, strict=True):
            sum_.add(cell)
    for time_sum, time in zip(times, day.times, strict=True):
        time_sum.add(time)


def _by_interval(played: Played) -> Table:
    table = Table(title=f"{played.name}: a day, mean of {played.days}")
    for column in ("from", "calls", "answered", "abandoned", "level", "", "wait", "busy", "people"):
        table.add_column(column, justify="left" if column in ("from", "") else "right")
    for number, (cell, time) in enumerate(zip(played.cells, played.times, strict=True)):
        table.add_row(
            _clock(played, number),
            f"{cell.offered / played.days:.1f}",
            f"{cell.answered / played.days:.1f}",
            f"{cell.abandoned / played.days:.1f}",
            _percent(cell.service_level),
            _meter(cell.service_level),
            _seconds(cell.mean_wait_s),
            _percent(time.occupancy),
            f"{_people(played, time):.1f}",
        )
    return table


def _summary(played: list[Played]) -> Table:
    table = Table(title="The whole day")
    table.add_column("queue")
    rows = ("calls", "answered", "abandoned", "overflowed", "level", "mean wait", "longest wait")
    for each in played:
        for row in rows:
            table.add_column(row if len(played) == 1 else f"{row} {each.name}", justify="right")
    names = list(dict.fromkeys(name for each in played for name in each.queues))
    for name in names:
        cells = [each.queues.get(name, Cell()) for each in played]
        table.add_row(name, *_figures(cells, played))
    if len(names) > 1:
        sums = [total(each.queues.values()) for each in played]
        table.add_row("all", *_figures(sums, played), style="bold")
    table.caption = "; ".join(
        f"{each.name}: agents busy {_percent(total_time(each.times).occupancy)}" for each in played
    )
    return table


def _figures(cells: list[Cell], played: list[Played]) -> list[str]:
    return [
        text
        for cell, each in zip(cells, played, strict=True)
        for text in (
            f"{cell.offered / each.days:.0f}",
            f"{cell.answered / each.days:.0f}",
            f"{cell.abandoned / each.days:.0f}",
            f"{cell.overflowed / each.days:.0f}",
            _percent(cell.service_level),
            _seconds(cell.mean_wait_s),
            f"{cell.longest_wait_s:.0f} s",
        )
    ]


def _picture(played: Played) -> str:
    bars = [
        Bar(
            _clock(played, number),
            cell.answered / played.days,
            (cell.abandoned + cell.overflowed) / played.days,
            cell.service_level,
            _people(played, time),
        )
        for number, (cell, time) in enumerate(zip(played.cells, played.times, strict=True))
    ]
    return draw_day(f"{played.name} · mean of {played.days} days", bars)


def _people(played: Played, time: AgentTime) -> float:
    return (time.busy_s + time.free_s) / played.days / played.scenario.interval_s


def _clock(played: Played, number: int) -> str:
    minutes = int(played.begin_s + number * played.scenario.interval_s) // 60
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f} s"


def _meter(share: float | None) -> str:
    return "" if share is None else "█" * round(share * 10)
