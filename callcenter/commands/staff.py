"""`callcenter staff SCENARIO`: how many seats each interval needs for a service level."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from acd.options import QueueOptions
from acd.simulation.scenario import Demand, Scenario
from acd.staffing import Seats, Target, plan
from callcenter.configuration.settings import load
from callcenter.scenario_file import begin_of_day, load_scenario
from foundation.errors import CallCentreError, ConfigurationError


def staff(
    file: Annotated[Path, typer.Argument(help="The scenario (YAML).", metavar="SCENARIO")],
    queue: Annotated[str, typer.Option(help="Of several queues: which one to plan.")] = "",
    target: Annotated[
        str, typer.Option(help="Percent of the callers within seconds; left out: the queue's own.")
    ] = "",
    shrinkage: Annotated[
        float, typer.Option(min=0, max=90, help="Percent of paid time that takes no calls.")
    ] = 0.0,
    days: Annotated[int, typer.Option(min=1, max=200, help="Days played as proof.")] = 10,
    centre: Annotated[
        Path | None, typer.Option("--dir", help="A centre whose queues the scenario uses.")
    ] = None,
) -> None:
    """Seats for each interval, by Erlang A and then by played days."""
    try:
        scenario = load_scenario(file, load(centre) if centre else None)
        demand = _demand(scenario, queue)
        options = scenario.queues[demand.queue]
        wanted = _target(target, shrinkage / 100, options)
        with Console(stderr=True).status("Playing days …"):
            seats = plan(
                demand, options, wanted, interval_s=scenario.interval_s, seeds=range(1, days + 1)
            )
        begin_s = begin_of_day(file)
    except (CallCentreError, ValueError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    Console().print(_table(demand, wanted, seats, begin_s, days))


def _demand(scenario: Scenario, queue: str) -> Demand:
    known = [demand.queue for demand in scenario.demands]
    if not queue and len(known) == 1:
        return scenario.demands[0]
    for demand in scenario.demands:
        if demand.queue == queue:
            return demand
    what = f"there is no queue {queue!r}" if queue else "name one"
    raise ConfigurationError([f"--queue: {what}; the scenario has {', '.join(map(str, known))}"])


def _target(text: str, shrinkage: float, options: QueueOptions) -> Target:
    """ValueError for what is no target."""
    if not text:
        level = options.service_level
        return Target(share=level.percent / 100, within_s=level.within_s, shrinkage=shrinkage)
    percent, slash, within_s = text.partition("/")
    try:
        share, seconds = float(percent) / 100, float(within_s)
    except ValueError:
        slash = ""
    if not slash:
        raise ValueError(f"--target {text}: write percent/seconds, for example 80/15")
    return Target(share=share, within_s=seconds, shrinkage=shrinkage)


def _table(demand: Demand, target: Target, seats: list[Seats], begin_s: float, days: int) -> Table:
    table = Table(
        title=f"{demand.queue}: {target.share:.0%} within {target.within_s:g} s",
        caption=f"level: of {days} played days with these seats; "
        f"formula: {'Erlang A' if demand.patience else 'Erlang C'}",
    )
    for column in ("from", "calls", "formula", "seats", "rostered", "level", "busy"):
        table.add_column(column, justify="left" if column == "from" else "right")
    for each in seats:
        minutes = int(begin_s + each.begin_s) // 60
        table.add_row(
            f"{minutes // 60:02}:{minutes % 60:02}",
            f"{each.calls:g}",
            str(each.formula.agents),
            str(each.agents),
            str(each.rostered),
            "–" if each.played is None else f"{each.played:.1%}",
            f"{each.formula.occupancy:.0%}",
        )
    hours = sum(each.agents for each in seats) * (seats[1].begin_s if len(seats) > 1 else 0) / 3600
    if hours:
        table.add_row("", "", "", f"{hours:.1f} h", "", "", "", style="bold")
    return table
