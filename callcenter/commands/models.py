"""`callcenter models get`, `list`: speech models for transcription and for what callers say."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from rich.table import Table

from callcenter.configuration.settings import BUILT_IN_MODELS, load
from callcenter.model_fetch import MODELS, Got, OnProgress, get, wish
from foundation.errors import CallCentreError, ConfigurationError
from recordings.transcribing.model_catalogue import CATALOGUE
from recordings.transcribing.vosk_recogniser import find_problem, model_rate

app = typer.Typer(help="Speech models.", no_args_is_help=True)

Folder = Annotated[Path, typer.Option("--dir", help="The centre's folder.")]


@app.command("get")
def get_model(
    language: Annotated[str, typer.Argument(help=f"One of {', '.join(CATALOGUE)}.")],
    folder: Folder = Path(),
    source: Annotated[
        str | None, typer.Option("--from", help="A zip's path or URL, instead of the maker's.")
    ] = None,
    sha256: Annotated[
        str | None, typer.Option("--sha256", help="What the zip's checksum must be.")
    ] = None,
) -> None:
    """Download a Vosk model, check it, try it, and put it into the centre's `models` folder."""
    try:
        wanted = wish(language, source, sha256)
        with _shown() as on_progress:
            got = get(wanted, folder.absolute(), on_progress)
    except (CallCentreError, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    _tell(got, language, folder)


def _tell(got: Got, language: str, folder: Path) -> None:
    name = f"{MODELS}/{got.folder.name}"
    typer.echo(f"{name} loads and listens at {got.rate} Hz. SHA-256 {got.sha256}")
    if not got.is_vouched_for:
        typer.echo(
            "Nobody vouched for this checksum. It is kept in models/SHA256SUMS, and the same file "
            "must have it the next time; compare it with what its maker says."
        )
    typer.echo(
        f"To use it, write in {folder / 'callcenter.yaml'} and start the centre again:\n\n"
        f"    recordings:\n      models: {{{language}: {name}}}\n\n"
        f"Then see how fast it is here: python -m bench.transcribe --model {language}={name}"
    )


@contextmanager
def _shown() -> Iterator[OnProgress]:
    """A bar on a terminal; elsewhere a line for each step."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        tasks = {}

        def on_progress(step: str, done: int, whole: int | None) -> None:
            if step not in tasks:
                tasks[step] = bar.add_task(step, total=whole)
                if not console.is_terminal:
                    typer.echo(f"{step} …", err=True)
            bar.update(tasks[step], completed=done, total=whole)

        yield on_progress


@app.command("list")
def list_models(folder: Folder = Path()) -> None:
    """The models that are here, which of them are used, and what can be had."""
    try:
        settings = load(folder)
    except ConfigurationError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    used = {settings.model_path(language): language for language in settings.recordings.models}
    table = Table("model", "used for", "Hz", "MB", "is", box=None)
    own = [path for path in sorted((folder / MODELS).absolute().glob("*")) if path.is_dir()]
    there = [path for path in own if not path.name.startswith(".")]
    built_in = [path for path in sorted(BUILT_IN_MODELS.glob("*")) if path.is_dir()]
    others = [path for path in used if path is not None and path not in (*there, *built_in)]
    for path in (*built_in, *there, *others):
        problem = find_problem(path)
        rate = "" if problem else str(model_rate(path))
        table.add_row(path.name, used.get(path, ""), rate, _megabytes(path), problem or "ready")
    for model in CATALOGUE.values():
        if not any(path.name == model.name for path in there):
            size = f"{model.size / 1e6:.0f} to load"
            step = f"callcenter models get {model.language}"
            table.add_row(model.name, "", "", size, step)
    Console(highlight=False, width=None).print(table)


def _megabytes(folder: Path) -> str:
    whole = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return f"{whole / 1e6:.0f}" if whole else ""
