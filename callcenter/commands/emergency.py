"""`callcenter emergency …`: what every caller hears first, switched on and off in one action."""

import getpass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from callcenter.asks import EmergencyStatus, EndEmergency, ReadEmergency, SwitchEmergency
from callcenter.commands.asking import ask_core_in
from callcenter.conduct.emergency import Then

app = typer.Typer(help="The emergency announcement of a running centre.", no_args_is_help=True)

Folder = Annotated[Path, typer.Option("--dir", help="The centre's folder.")]


@app.command("on")
def on(
    name: Annotated[str, typer.Argument(help="A prepared one.", metavar="[NAME]")] = "",
    folder: Folder = Path(),
    say: Annotated[list[str], typer.Option(help="Words for a language: en=We are closed.")] = [],  # noqa: B006
    line: Annotated[list[str], typer.Option(help="Only callers of this number.")] = [],  # noqa: B006
    then: Annotated[Then, typer.Option(help="What comes after the words.")] = Then.CONTINUE,
    queue: Annotated[str, typer.Option(help="Of --then queue.")] = "",
    waiting: Annotated[bool, typer.Option("--waiting", help="Also who waits already.")] = False,
    minutes: Annotated[float, typer.Option(help="Off by itself after so many; 0: never.")] = 0.0,
) -> None:
    """Have every new caller hear it before anything else."""
    wanted = SwitchEmergency(
        by=_by(),
        name=name,
        text=dict(map(_words, say)),
        lines=line,
        then=then,
        queue=queue,
        to_waiting=waiting,
        until=datetime.now(UTC) + timedelta(minutes=minutes) if minutes > 0 else None,
    )
    _show(ask_core_in(folder, wanted, timeout_s=30.0))


@app.command("off")
def off(folder: Folder = Path()) -> None:
    """Let callers through as usual."""
    _show(ask_core_in(folder, EndEmergency(_by())))


@app.command("show")
def show(folder: Folder = Path()) -> None:
    """What is on, and what is prepared."""
    _show(ask_core_in(folder, ReadEmergency()))


def _by() -> str:
    return f"terminal:{getpass.getuser()}"


def _words(given: str) -> tuple[str, str]:
    language, equals, words = given.partition("=")
    if not equals or len(language) != 2 or not words.strip():
        raise typer.BadParameter(f"{given!r}: write en=We are closed.")
    return language, words.strip()


def _show(status: EmergencyStatus) -> None:
    current = status.current
    if current is None:
        typer.echo("No emergency announcement is on.")
        typer.echo(f"Prepared: {', '.join(status.prepared) or 'none'}")
        return
    where = f"on {', '.join(current.lines)}" if current.lines else "on all lines"
    until = "" if current.until is None else f", until {current.until:%Y-%m-%d %H:%M} UTC"
    typer.echo(f"ON {where} since {current.since:%Y-%m-%d %H:%M} UTC by {current.by}{until}")
    for language, words in current.text.items():
        typer.echo(f"  {language}: {words}")
    if current.prompt:
        typer.echo(f"  the prompt {current.prompt}")
    typer.echo(f"  then: {current.then.value} {current.queue}".rstrip())
    if status.lacks:
        typer.echo(f"  not in {', '.join(status.lacks)}: callers there hear another language")
