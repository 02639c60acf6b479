"""`callcenter quality …`: rules for talks: list them, try a new one, measure them, judge again."""

import asyncio
import getpass
import json
import tempfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from callcenter.asks import RescoreTalks
from callcenter.commands.asking import ask_core, settings_of
from callcenter.configuration.settings import Settings
from callcenter.quality_measure import ROUNDS, measure, speakings
from callcenter.web.quality_book import QualityBook, read_figures
from foundation import clock
from foundation.db import make_engine, make_sessions
from foundation.errors import CallCentreError, ConfigurationError
from recordings.quality import labelled, packs, written
from recordings.quality.figures import PackFigures, RuleFigures, encode
from recordings.quality.judging import rule_names
from recordings.quality.pack import Pack
from recordings.quality.store import QualityStore
from recordings.quality.trying import Trial, try_pack
from recordings.recording import RecordingFilter
from recordings.store import RecordingStore
from recordings.transcribing.vosk_recogniser import VoskRecogniser

app = typer.Typer(help="Rules for talks: list, try, measure, judge again.", no_args_is_help=True)

Folder = Annotated[Path, typer.Option("--dir", help="The centre's folder.")]
Days = Annotated[float, typer.Option("--days", help="So many days back.", min=0.01, max=366)]
MOST_SHOWN = 30
"Calls of a trial that are listed."


@app.command("rules")
def rules(folder: Folder = Path()) -> None:
    """List the rules in force, with precision, recall and the model's errors beside them."""
    settings = settings_of(folder)
    desk = QualityBook(settings, clock.utc_now).desk()
    for pack in settings.quality_packs.values():
        figures = desk.find_figures(pack.name, pack.version)
        Console(highlight=False).print(_rules_table(pack, figures))


@app.command("try")
def try_rules(
    pack: Annotated[str, typer.Argument(help="A pack's name, or its file.", metavar="PACK")],
    folder: Folder = Path(),
    days: Days = 7.0,
) -> None:
    """See which calls of the last days a pack would have hit; nothing of it counts."""
    settings = settings_of(folder)
    trial = asyncio.run(_tried(_read(pack, settings), settings, days))
    for table in (_tried_table(trial), _calls_table(trial)):
        Console(highlight=False).print(table)
    hit = sum(one.is_hit for one in trial.tried)
    typer.echo(f"{hit} of {len(trial.tried)} talks of the last {days:g} days are hit.")
    if trial.mean_score is not None:
        now = trial.mean_score_now
        beside = "" if now is None else f"; today it is {now:.1f}"
        typer.echo(f"The mean score would be {trial.mean_score:.1f}{beside}.")


@app.command("rescore")
def rescore(folder: Folder = Path(), days: Days = 7.0) -> None:
    """Have a running centre judge past talks by the rules in force; earlier results are kept."""
    request = RescoreTalks(days=days, by=f"terminal:{getpass.getuser()}")
    count = ask_core(settings_of(folder), request)
    typer.echo(f"{count} talks are judged again, one after the other.")


@app.command("measure")
def measure_rules(
    folder: Folder = Path(),
    language: Annotated[str, typer.Option(help="Only this one.")] = "",
    rounds: Annotated[int, typer.Option(help="How often each call is spoken.", min=1)] = ROUNDS,
    wrong: Annotated[bool, typer.Option("--wrong", help="List what went wrong.")] = False,
) -> None:
    """Speak the labelled calls, write them down and judge them: precision, recall, word errors.

    Takes about a CPU-second for each call; the API shows the figures from then on.
    """
    settings = settings_of(folder)
    found = []
    for name, pack in settings.quality_packs.items():
        if language in ("", name) and (labelled.FOLDER / f"{name}.yaml").is_file():
            found.append(_measured(pack, settings, rounds, wrong))
    kept = [one for one in read_figures(settings.measured_path) if one.language != language]
    settings.measured_path.parent.mkdir(parents=True, exist_ok=True)
    others = [one for one in kept if one.pack not in {each.pack for each in found}]
    settings.measured_path.write_text(encode([*found, *others]), encoding="utf-8")


@app.command("schema")
def schema() -> None:
    """The JSON Schema of packs, for editors."""
    typer.echo(json.dumps(written.schema(), indent=1, ensure_ascii=False))


def _measured(pack: Pack, settings: Settings, rounds: int, shows_wrong: bool) -> PackFigures:
    model = settings.model_path(pack.language)
    if model is None:
        _fail(f"no speech model is configured for {pack.language!r}")
    spoken = speakings(labelled.read(labelled.FOLDER / f"{pack.language}.yaml"), rounds)
    with tempfile.TemporaryDirectory() as scratch, Progress(transient=True) as progress:
        task = progress.add_task(pack.title, total=len(spoken))
        tally = measure(
            pack,
            spoken,
            VoskRecogniser(model),
            Path(scratch),
            lambda done, _: progress.update(task, completed=done),
        )
    figures = tally.figures(model.name, clock.utc_now().date().isoformat())
    Console(highlight=False).print(_rules_table(pack, figures))
    if shows_wrong:
        for line in tally.wrongs:
            typer.echo(line)
    return figures


def _read(name: str, settings: Settings) -> Pack:
    file = Path(name) if name.endswith(".yaml") else packs.find_file(name, settings.folder)
    if file is None:
        _fail(f"there is no pack {name!r}; known: {', '.join(packs.known_names(settings.folder))}")
    try:
        return packs.read_file(file, settings.folder)
    except ConfigurationError as error:
        _fail(str(error))


async def _tried(pack: Pack, settings: Settings, days: float) -> Trial:
    engine = make_engine(settings.database_url)
    sessions = make_sessions(engine)
    since = clock.utc_now() - timedelta(days=days)
    wanted = RecordingFilter(started_from=since)
    try:
        return await try_pack(pack, wanted, RecordingStore(sessions), QualityStore(sessions))
    except CallCentreError as error:
        _fail(str(error))
    finally:
        await engine.dispose()


# -- tables ----------------------------------------------------------------------------------------


def _rules_table(pack: Pack, figures: PackFigures | None) -> Table:
    errors = "not measured"
    if figures is not None:
        errors = f"{figures.model}: {figures.word_error_rate:.1%} of {figures.said} words wrong"
        if figures.version != pack.version:
            errors += f", measured with version {figures.version}"
    title = f"{pack.title} ({pack.name}, version {pack.version}; {errors})"
    table = Table("rule", "severity", "costs", "precision", "recall", "counts", title=title)
    for name, _, severity, penalty in rule_names(pack):
        found = None if figures is None else figures.find(name)
        table.add_row(name, str(severity), f"{penalty:g}", *_cells(found))
    if figures is not None:
        for kind in dict.fromkeys(kind for _, kind, _, _ in rule_names(pack)):
            table.add_row(f"all {kind.value}", "", "", *_cells(figures.overall(kind)))
        table.add_row("all", "", "", *_cells(figures.overall()))
    return table


def _cells(found: RuleFigures | None) -> Sequence[str]:
    if found is None:
        return "–", "–", "–"
    counts = f"{found.right} right, {found.missed} missed, {found.wrong} wrong"
    return _percent(found.precision), _percent(found.recall), f"{counts}, {found.near} near"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def _tried_table(trial: Trial) -> Table:
    table = Table("rule", "hits", "talks", "talks today", title=trial.pack.title)
    for one in trial.rules:
        if one.hits or one.talks_now:
            table.add_row(one.rule, str(one.hits), str(one.talks), str(one.talks_now))
    return table


def _calls_table(trial: Trial) -> Table:
    table = Table("recording", "began", "agent", "score", "today", "hits")
    hit = sorted((one for one in trial.tried if one.is_hit), key=lambda one: one.verdict.score)
    for one in hit[:MOST_SHOWN]:
        table.add_row(
            one.recording.recording_id,
            f"{one.recording.started:%Y-%m-%d %H:%M}",
            one.recording.agent_id,
            f"{one.verdict.score:.0f}",
            "–" if one.now is None else f"{one.now.verdict.score:.0f}",
            ", ".join(f"{hit.rule} {hit.start_s:.0f} s" for hit in one.verdict.hits),
        )
    return table


def _fail(sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(1)
