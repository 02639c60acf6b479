"""`callcenter party …`: what is known of callers, and how it is forgotten."""

import asyncio
import getpass
from pathlib import Path
from typing import Annotated

import typer

from callcenter.asks import EraseParty
from callcenter.codec import CODEC
from callcenter.erase import Eraser
from callcenter.places import Places
from callcenter.settings import Settings, load
from foundation.db import TROUBLES, create_schema, make_engine, make_sessions
from foundation.errors import CallCentreError, Unavailable
from foundation.ipc import Client
from foundation.journal import Journal
from telephony.calls.parties import PartyBook
from telephony.calls.store import PartyStore

app = typer.Typer(help="What is known of callers.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keeps `erase` a word of its own while it is the only one."""


@app.command("erase")
def erase(
    number: Annotated[str, typer.Argument(help="The caller's number, as dialled or +E.164.")],
    folder: Annotated[Path, typer.Option("--dir", help="The centre's folder.")] = Path(),
) -> None:
    """Forget a caller's number for ever; the calls stay counted."""
    ask = EraseParty(number, f"terminal:{getpass.getuser()}")
    try:
        asyncio.run(_erase(load(folder), ask))
    except CallCentreError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    except TROUBLES as error:
        typer.echo(f"The database cannot be used: {error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{number} is erased.")


async def _erase(settings: Settings, ask: EraseParty) -> None:
    """By core when it runs, because it has the number in memory too."""
    try:
        client = await Client.connect(Places(settings.data_path).core_socket)
    except Unavailable:
        await _erase_without_core(settings, ask)
        return
    try:
        await client.ask(ask)
    finally:
        await client.close()


async def _erase_without_core(settings: Settings, ask: EraseParty) -> None:
    """The journal is open meanwhile: a core that is just starting gets `Conflict`, or we do."""
    journal = await Journal.open(settings.journal_path, CODEC)
    engine = make_engine(settings.database_url)
    try:
        await create_schema(engine)
        store = PartyStore(make_sessions(engine))
        book = PartyBook(await store.load(), store.save)
        await Eraser(book, store, journal, journal.publish).erase(ask)
    finally:
        await engine.dispose()
        await journal.close()
