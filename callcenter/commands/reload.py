"""`callcenter reload [DIR]`: the running centre reads its configuration again."""

import getpass
from pathlib import Path
from typing import Annotated

import typer

from callcenter.asks import Reload
from callcenter.commands.asking import ask_core_in

WITHIN_S = 60.0
"Numbers of new agents are spoken first."


def reload(
    folder: Annotated[Path, typer.Argument(help="The centre's folder.", metavar="[DIR]")] = Path(),
) -> None:
    """Take up what has changed in the configuration while calls go on.

    A configuration with a problem is refused whole, and the centre goes on with the old one. What
    was changed live stays on top of the new one.
    """
    report = ask_core_in(folder, Reload(by=f"terminal:{getpass.getuser()}"), WITHIN_S)
    for sentence in report.changed:
        typer.echo(sentence)
    for sentence in report.refused:
        typer.echo(f"Not done: {sentence}", err=True)
    if report.later:
        typer.echo(f"Changed, and taken up at the next start: {', '.join(report.later)}.")
    if not report.changed and not report.refused:
        typer.echo("Nothing of what can be changed live has changed.")
