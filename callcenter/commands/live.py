"""`callcenter live …`: what was changed while the centre ran, and undoing it."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from callcenter.asks import ResetLive
from callcenter.changes import live_file
from callcenter.changes.live_file import LiveFile
from callcenter.commands.asking import ask, core_socket, settings_of, terminal
from callcenter.configuration.settings import Settings
from foundation.errors import CallCentreError, ConfigurationError, Unavailable

app = typer.Typer(
    help="Skills and queues as they were changed while the centre ran.", no_args_is_help=True
)
Folder = Annotated[Path, typer.Option("--dir", help="The centre's folder.")]


@app.command("show")
def show(folder: Folder = Path()) -> None:
    """The changes that go before callcenter.yaml."""
    try:
        live = live_file.read(live_file.path_of(settings_of(folder)))
    except ConfigurationError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    typer.echo("Nothing was changed live." if live.is_empty else live_file.text_of(live).rstrip())


def _undo(settings: Settings) -> None:
    path = live_file.path_of(settings)
    try:
        live = live_file.read(path)
    except ConfigurationError:
        live = LiveFile()
    live_file.write(path, live.undone({agent.id for agent in settings.agents}))


@app.command("reset")
def reset(folder: Folder = Path()) -> None:
    """Be as callcenter.yaml says again, at once if the centre runs."""
    settings, by = settings_of(folder), terminal()
    try:
        asyncio.run(ask(core_socket(settings.folder), ResetLive(by=by)))
    except Unavailable:
        _undo(settings)
        typer.echo("Done; the centre does not run.")
        return
    except CallCentreError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    typer.echo("Done.")
