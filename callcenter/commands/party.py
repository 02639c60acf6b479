"""`callcenter party …`: what is known of callers, and how it is forgotten."""

import asyncio
import getpass
from pathlib import Path
from typing import Annotated

import typer

from callcenter.actions.callers_data import CallersDataFinder
from callcenter.actions.erase import Eraser, forgetting
from callcenter.asks import Erased, EraseParty
from callcenter.codec import CODEC
from callcenter.configuration.settings import Settings, load
from callcenter.places import Places
from callcenter.rules.recordings import archive_shelf, certificates
from desk.store import TaskStore
from foundation import clock
from foundation.db import TROUBLES, create_schema, make_engine, make_sessions
from foundation.errors import CallCentreError, Unavailable
from foundation.ipc import Client
from foundation.journal import Journal
from ivr.store import HeardStore
from recordings.erasing.vault import Vault
from recordings.erasing.vault_store import VaultStore
from telephony.calls.parties import PartyBook
from telephony.calls.store import PartyStore

ERASE_WITHIN_S = 600.0
"The whole journal is read, and each file that goes."

app = typer.Typer(help="What is known of callers.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keeps `erase` a word of its own while it is the only one."""


@app.command("erase")
def erase(
    number: Annotated[str, typer.Argument(help="The caller's number, as dialled or +E.164.")],
    folder: Annotated[Path, typer.Option("--dir", help="The centre's folder.")] = Path(),
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be erased, and erase nothing.")
    ] = False,
) -> None:
    """Forget a caller's number and all that he left, for ever; the calls stay counted.

    Recordings, transcripts, messages and callbacks are deleted with it, and a certificate is
    written into data/certificates. What is under legal hold is refused.
    """
    ask = EraseParty(number, f"terminal:{getpass.getuser()}", dry_run)
    try:
        erased = asyncio.run(_erase(load(folder), ask))
    except CallCentreError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    except TROUBLES as error:
        typer.echo(f"The database cannot be used: {error}", err=True)
        raise typer.Exit(1) from None
    found = ", ".join(f"{count} {what}" for what, count in erased.counts.items())
    if not dry_run:
        typer.echo(f"{number} is erased.\n{found}. Certificate: {erased.certificate}")
        return
    typer.echo(f"{number} would be erased.\n{found}.")
    for sentence in erased.held:
        typer.echo(f"It can't be now: {sentence}.", err=True)
    if erased.held:
        raise typer.Exit(1)


async def _erase(settings: Settings, ask: EraseParty) -> Erased:
    """By core when it runs, because it has the number in memory too."""
    try:
        client = await Client.connect(Places(settings.data_path).core_socket)
    except Unavailable:
        return await _erase_without_core(settings, ask)
    try:
        return await client.ask(ask, ERASE_WITHIN_S)
    finally:
        await client.close()


async def _erase_without_core(settings: Settings, ask: EraseParty) -> Erased:
    """The journal is open meanwhile: a core that is just starting gets `Conflict`, or we do."""
    journal = await Journal.open(settings.journal_path, CODEC)
    engine = make_engine(settings.database_url)
    try:
        await create_schema(engine)
        sessions = make_sessions(engine)
        store, held = PartyStore(sessions), VaultStore(sessions)
        book = PartyBook(await store.load(), store.save)
        vault = Vault(
            settings.recordings_path,
            archive_shelf(settings),
            held,
            certificates(settings),
            journal.publish,
            clock.utc_now,
        )
        finder = CallersDataFinder(journal.reader, held)
        eraser = Eraser(
            *(book, store, journal, journal.publish, finder, vault, held),
            others=[HeardStore(sessions).erase, TaskStore(sessions).erase],
            forget_deleted=forgetting(sessions),
        )
        return await eraser.erase(ask)
    finally:
        await engine.dispose()
        await journal.close()
