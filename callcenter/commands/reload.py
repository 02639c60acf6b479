"""`callcenter reload`: a running centre takes up its changed flows."""

from pathlib import Path
from typing import Annotated

import typer

from callcenter.asks import ReloadFlows
from callcenter.commands.agent import ask, settings_of


def reload(
    folder: Annotated[Path, typer.Argument(help="The centre's folder.", metavar="[DIR]")] = Path(),
) -> None:
    """Take up changed flows, hours and look-up servers; calls go on in the flows they are in."""
    flows = ask(settings_of(folder), ReloadFlows())
    typer.echo(f"New callers hear the flows as they are now: {', '.join(flows)}")
