"""`callcenter recordings reindex`: old transcripts into the search."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress

from callcenter.asks import IndexTranscript
from callcenter.commands.asking import settings_of
from callcenter.places import Places
from callcenter.settings import Settings
from foundation.db import TROUBLES, create_schema, make_engine, make_sessions
from foundation.errors import CallCentreError, Unavailable
from foundation.ids import RecordingId
from foundation.ipc import Client
from recordings.recording import SideTranscript
from recordings.search_store import Indexed, SearchStore
from recordings.terms import index_parts

app = typer.Typer(help="Recordings and what was said in them.", no_args_is_help=True)

AT_ONCE = 20
"Transcripts that are read together."


@app.callback()
def recordings() -> None:
    """The one command keeps its name."""


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
    columns = (*Progress.get_default_columns(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
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
