"""`callcenter scenario DIR`: a scenario for `callcenter simulate` from days that were worked."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from callcenter.codec import CODEC
from callcenter.configuration.settings import Settings, load
from callcenter.records.learnt_scenario import DAY_MIN, Learning
from callcenter.records.records_csv import Days
from foundation.errors import CallCentreError, ConfigurationError
from foundation.journal import JournalReader


def scenario(
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")],
    folder: Annotated[Path, typer.Argument(help="The centre's folder.", metavar="[DIR]")] = Path(),
    last: Annotated[
        datetime | None,
        typer.Option("--to", formats=["%Y-%m-%d"], help="Last day, included; left out: one day."),
    ] = None,
    interval_min: Annotated[int, typer.Option(help="Length of an interval in minutes.")] = 30,
) -> None:
    """Write arrivals, talk times and patience of some days as a scenario (YAML, to stdout)."""
    try:
        if interval_min < 1 or DAY_MIN % interval_min:
            raise ConfigurationError([f"--interval-min {interval_min}: must divide a day"])
        settings = load(folder)
        days = Days(first.date(), (last or first).date(), ZoneInfo(settings.timezone))
        learning = asyncio.run(_learn(settings, days, interval_min))
        if not learning.talks:
            raise ConfigurationError([f"nobody talked from {days.first} to {days.last}"])
    except (CallCentreError, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    typer.echo(learning.scenario(), nl=False)


async def _learn(settings: Settings, days: Days, interval_min: int) -> Learning:
    count = (days.last - days.first).days + 1
    learning = Learning(days.zone, interval_min, count)
    reader = JournalReader(settings.journal_path, CODEC)
    async for record in reader.read_since(days.since):
        if record.utc >= days.until:
            break
        learning.take(record)
    return learning
