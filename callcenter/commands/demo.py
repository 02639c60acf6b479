"""`callcenter demo`: a whole call centre on this machine, with people who call it."""

import asyncio
import io
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from callcenter.configuration.settings import load
from callcenter.demo.report import Result, failures, summary, sums, table
from callcenter.demo.show import Wish, show
from callcenter.places import Places
from foundation.errors import CallCentreError

PLAIN_WIDTH = 120
"Where there is no terminal to measure."


def demo(
    seconds: Annotated[
        float | None,
        typer.Option(
            min=0,
            metavar="N",
            help="Stop by itself after about N s (at least 30, a talk takes its time); "
            "left out: callers come again and again until Ctrl-C.",
        ),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option("--dir", help="A new folder for the centre, kept afterwards.", metavar="DIR"),
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the temporary folder.")] = False,
) -> None:
    """Show a call centre at work: real SIP calls with speech, in English and Chinese."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without Chinese shows '?'
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=PLAIN_WIDTH)
    where = folder or Path(tempfile.mkdtemp(prefix="callcenter-demo-"))
    if folder is not None and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        typer.echo(f"{folder} is not an empty folder; nothing was written.", err=True)
        raise typer.Exit(1)
    found = _run(Wish(folder=where, seconds=seconds), console)
    is_kept = keep or folder is not None or bool(found)
    _say_verdict(found, where, is_kept, console)
    if not is_kept:
        shutil.rmtree(where, ignore_errors=True)
    raise typer.Exit(1 if found else 0)


def _run(wish: Wish, console: Console) -> list[str]:
    """What failed, in sentences."""
    try:
        results = asyncio.run(_show(wish, console))
    except CallCentreError as error:
        return [str(error)]
    names = {agent.id: agent.name for agent in load(wish.folder).agents}
    console.print(table(results, names))
    console.print(summary(sums(results)))
    return failures(results)


async def _show(wish: Wish, console: Console) -> list[Result]:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return await show(wish, console, stop)


def _say_verdict(found: list[str], folder: Path, is_kept: bool, console: Console) -> None:
    places = Places(folder / "data")
    for sentence in found:
        console.print(f"[bold red]failed:[/bold red] {sentence}")
    if found:
        console.print(f"The logs are in {places.logs}")
    elif is_kept:
        console.print(f"Recordings, journal and logs are in {places.data}")
    else:
        console.print("Nothing is left of it; --keep leaves recordings, journal and logs.")
