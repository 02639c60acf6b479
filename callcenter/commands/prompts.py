"""`callcenter prompts make [DIR]`: everything that can be played, made before it is needed."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from callcenter.configuration.settings import Settings, load
from callcenter.prompt_making import make_prompts
from foundation.errors import ConfigurationError
from ivr.speech.synthesis import Synthesiser

app = typer.Typer(help="What callers hear.", no_args_is_help=True)


@app.callback()
def prompts() -> None:
    """With one command only, typer would leave out its name."""


@app.command("make")
def make(
    folder: Annotated[Path, typer.Argument(help="The centre's folder.", metavar="[DIR]")] = Path(),
) -> None:
    """Make all prompts ahead; `serve` does the same when it starts."""
    console = Console(stderr=True)
    try:
        settings = load(folder)
    except ConfigurationError as error:
        for problem in error.problems:
            console.print(problem, markup=False, highlight=False)
        raise typer.Exit(1) from None
    if problems := show_making(settings, console):
        for problem in problems:
            console.print(problem, markup=False, highlight=False)
        raise typer.Exit(1)


def show_making(settings: Settings, console: Console) -> list[str]:
    """Makes them with a progress bar; what could not be made is told in sentences."""
    columns = (TextColumn("Prompts   "), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("", total=None)

        async def run() -> list[str]:
            async with Synthesiser() as synthesiser:
                _prompts, problems = await make_prompts(
                    settings,
                    synthesiser,
                    lambda done, total: bar.update(task, completed=done, total=total),
                )
            return problems

        return asyncio.run(run())
