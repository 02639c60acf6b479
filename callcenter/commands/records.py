"""`callcenter records [DIR]`: one row for each call of some days, as CSV."""

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, TextIO
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.progress import Progress

from callcenter.codec import CODEC
from callcenter.configuration.settings import Settings, load
from callcenter.records.records_csv import Days, csv_text
from foundation import clock
from foundation.db import TROUBLES, create_schema, make_engine, make_sessions
from foundation.errors import CallCentreError
from foundation.journal import JournalReader
from telephony.calls.store import PartyStore


def records(
    folder: Annotated[Path, typer.Argument(help="The centre's folder.", metavar="[DIR]")] = Path(),
    first: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="First day; left out: today."),
    ] = None,
    last: Annotated[
        datetime | None,
        typer.Option("--to", formats=["%Y-%m-%d"], help="Last day, included; left out: today."),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--csv", help="Where to; left out: standard output.")
    ] = None,
) -> None:
    """Write the records of calls, for billing: one row each, in the centre's time zone."""
    try:
        settings = load(folder)
        days = _days(ZoneInfo(settings.timezone), first, last)
        asyncio.run(_write(settings, days, file))
    except (CallCentreError, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    except TROUBLES as error:
        typer.echo(f"The database cannot be used: {error}", err=True)
        raise typer.Exit(1) from None


def _days(zone: ZoneInfo, first: datetime | None, last: datetime | None) -> Days:
    today = clock.utc_now().astimezone(zone).date()
    begin = first.date() if first else today
    return Days(begin, last.date() if last else max(begin, today), zone)


@contextmanager
def _opened(file: Path | None) -> Iterator[TextIO]:
    """Standard output, or a file that only its owner reads: it has callers' numbers in it."""
    if file is None:
        yield sys.stdout
        return
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(handle, "w", encoding="utf-8", newline="") as out:
        yield out


async def _write(settings: Settings, days: Days, file: Path | None) -> None:
    reader = JournalReader(settings.journal_path, CODEC)
    engine = make_engine(settings.database_url)
    try:
        await create_schema(engine)
        numbers = PartyStore(make_sessions(engine)).numbers
        last_seq = await reader.last_seq()
        with _opened(file) as out, _progress(last_seq, is_shown=file is not None) as on_progress:
            async for piece in csv_text(reader, days, numbers, on_progress):
                out.write(piece)
    finally:
        await engine.dispose()


@contextmanager
def _progress(last_seq: int, *, is_shown: bool) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, of how far the journal was read."""
    console = Console(stderr=True)
    with Progress(
        console=console, transient=True, disable=not (is_shown and console.is_terminal)
    ) as bar:
        task = bar.add_task("journal", total=last_seq)
        yield lambda seq: bar.update(task, completed=seq)
