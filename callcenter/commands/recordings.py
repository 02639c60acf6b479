"""`callcenter recordings …`: old transcripts into the search, new keys, is all there?"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress

from callcenter.asks import IndexTranscript
from callcenter.codec import CODEC
from callcenter.commands.asking import settings_of, terminal
from callcenter.commands.audit import write_down
from callcenter.configuration.settings import Settings
from callcenter.events import ActionTaken
from callcenter.places import Places
from callcenter.rules.recordings import archive_keys, archive_shelf
from foundation.db import TROUBLES, create_schema, make_engine, make_sessions
from foundation.errors import CallCentreError, Conflict, NotFound, Unavailable
from foundation.ids import RecordingId
from foundation.ipc import Client
from foundation.journal import JournalReader
from recordings.archive_store import ArchiveStore
from recordings.events import RecordingDeleted, RecordingStarted
from recordings.recording import SideTranscript
from recordings.sealed import SUFFIX, SealedShelf
from recordings.search_store import Indexed, SearchStore
from recordings.store import RecordingStore
from recordings.terms import index_parts
from recordings.verify import Findings, Verifier

app = typer.Typer(help="Recordings and what was said in them.", no_args_is_help=True)

AT_ONCE = 20
"Transcripts that are read together."


@app.command()
def reindex(
    folder: Annotated[Path, typer.Argument(help="The centre's folder.", metavar="[DIR]")] = Path(),
    everything: Annotated[
        bool, typer.Option("--all", help="Those that are indexed already, too.")
    ] = False,
) -> None:
    """Index the transcripts that the search does not know; calls may go on meanwhile."""
    settings = settings_of(folder)
    try:
        count = asyncio.run(_reindex(settings, all_of_them=everything))
    except (CallCentreError, *TROUBLES) as error:
        typer.echo(f"Stopped, the rest can be done later: {error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{count} transcripts indexed.")


@app.command("rotate-key")
def rotate_key(
    folder: Annotated[Path, typer.Argument(help="The centre's folder.", metavar="[DIR]")] = Path(),
    go_on: Annotated[
        bool, typer.Option("--continue", help="No new key: the files that were left over.")
    ] = False,
) -> None:
    """Add a new key for recordings and wrap every file's own key with it; the audio stays as it is.

    Calls may go on meanwhile. Stopped half-way, `--continue` does the rest with the same key; files
    in a bucket, which are sent again for it, are then sent once.
    """
    settings = settings_of(folder)
    shelf, keys = archive_shelf(settings), archive_keys(settings)
    try:
        new = keys.newest() if go_on else keys.add()
        if not go_on:
            _write_down(settings, ActionTaken(terminal(), "recording key added", new.key_id.hex()))
        count, problems = _rewrap_all(shelf)
        done = f"{count} files, {len(problems)} problems"
        _write_down(
            settings, ActionTaken(terminal(), "recordings rewrapped", new.key_id.hex(), done)
        )
    except (CallCentreError, OSError) as error:
        typer.echo(f"Stopped; `--continue` does the rest: {error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(
        f"{count} files are wrapped with the {'newest' if go_on else 'new'} key {new.key_id.hex()}."
    )
    _tell_problems(problems)


def _write_down(settings: Settings, done: ActionTaken) -> None:
    asyncio.run(write_down(settings, done))


def _rewrap_all(shelf: SealedShelf) -> tuple[int, list[str]]:
    """A second round takes what was put there during the first."""
    count, problems = 0, dict[str, str]()
    for _ in range(2):
        keys = [key for key in shelf.all_keys() if key.endswith(SUFFIX)]
        with _bar() as bar:
            for key in bar.track(keys, description="wrapping"):
                try:
                    count += shelf.rewrap(key)
                except NotFound:
                    continue  # deleted meanwhile
                except Conflict as error:
                    problems[key] = f"{key}: {error}"
    return count, list(problems.values())


@app.command()
def verify(
    folder: Annotated[Path, typer.Argument(help="The centre's folder.", metavar="[DIR]")] = Path(),
    repair: Annotated[bool, typer.Option("--repair", help="Mend WAVs that were cut.")] = False,
) -> None:
    """Check that every talk has its audio, whole and untouched, and every file its talk."""
    settings = settings_of(folder)
    try:
        findings = asyncio.run(_verify(settings, repair=repair))
    except (CallCentreError, *TROUBLES) as error:
        typer.echo(f"Stopped: {error}", err=True)
        raise typer.Exit(1) from None
    for each in findings.repaired:
        typer.echo(f"{each} was cut and is mended.")
    typer.echo(f"{findings.talks} talks, {findings.files} with audio that is whole.")
    _tell_problems(findings.problems)


async def _verify(settings: Settings, *, repair: bool) -> Findings:
    engine = make_engine(settings.database_url)
    try:
        if await _is_core_away(settings):
            await create_schema(engine)
        sessions = make_sessions(engine)
        archives = ArchiveStore(sessions)
        verifier = Verifier(
            settings.recordings_path, archive_shelf(settings), RecordingStore(sessions), archives
        )
        with _bar() as bar:
            task = bar.add_task("reading", total=await archives.count_ended())
            return await verifier.run(
                _recorded(settings),
                repair=repair,
                step=lambda done: bar.update(task, completed=done),
            )
    finally:
        await engine.dispose()


async def _is_core_away(settings: Settings) -> bool:
    core = await _find_core(settings)
    if core is not None:
        await core.close()
    return core is None


async def _recorded(settings: Settings) -> AsyncIterator[object]:
    reader = JournalReader(settings.journal_path, CODEC)
    async for record in reader.all_of_kinds((RecordingStarted, RecordingDeleted)):
        yield record.event


def _tell_problems(problems: list[str]) -> None:
    """Exit code 1 when there are any."""
    for each in problems:
        typer.echo(each, err=True)
    if problems:
        raise typer.Exit(1)


def _bar() -> Progress:
    columns = (*Progress.get_default_columns(), MofNCompleteColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)


async def _reindex(settings: Settings, *, all_of_them: bool) -> int:
    """Core writes while it runs, for it is the only writer; else this does."""
    engine = make_engine(settings.database_url)
    core = await _find_core(settings)
    try:
        if core is None:
            await create_schema(engine)
        store = SearchStore(make_sessions(engine))
        return await _index_all(store, core, all_of_them=all_of_them)
    finally:
        if core is not None:
            await core.close()
        await engine.dispose()


async def _find_core(settings: Settings) -> Client | None:
    try:
        return await Client.connect(Places(settings.data_path).core_socket)
    except Unavailable:
        return None


async def _index_all(store: SearchStore, core: Client | None, *, all_of_them: bool) -> int:
    done, after = 0, ""
    with _bar() as bar:
        task = bar.add_task("indexing", total=await store.count(all_of_them=all_of_them))
        while True:
            some = await store.next_transcripts(all_of_them=all_of_them, after=after, limit=AT_ONCE)
            if not some:
                return done
            for recording_id, sides in some.items():
                await _put(store, core, recording_id, sides)
                done, after = done + 1, recording_id
                bar.update(task, completed=done)


async def _put(
    store: SearchStore,
    core: Client | None,
    recording_id: RecordingId,
    sides: list[SideTranscript],
) -> None:
    indexed = [Indexed(each.side, tuple(index_parts(each.words))) for each in sides]
    if core is None:
        await store.put(recording_id, indexed)
    else:
        await core.ask(IndexTranscript(recording_id, indexed))
