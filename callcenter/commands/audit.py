"""The audit's line of what a command did in the centre's files: by core when it runs, else here."""

import typer

from callcenter.asks import NoteAction
from callcenter.codec import CODEC
from callcenter.configuration.settings import Settings
from callcenter.events import ActionTaken
from callcenter.places import Places
from foundation.errors import CallCentreError, Unavailable
from foundation.ipc import Client
from foundation.journal import Journal
from foundation.tasks import contain_async


async def write_down(settings: Settings, done: ActionTaken) -> None:
    """What is done is done; that the journal does not take the line is told and not raised."""
    try:
        await contain_async("the audit's line", _publish(settings, done))
    except (CallCentreError, OSError) as error:
        typer.echo(f"It is done, and the audit has no line of it: {error}", err=True)


async def _publish(settings: Settings, done: ActionTaken) -> None:
    try:
        core = await Client.connect(Places(settings.data_path).core_socket)
    except Unavailable:
        await _publish_here(settings, done)
        return
    try:
        await core.ask(NoteAction(done))
    finally:
        await core.close()


async def _publish_here(settings: Settings, done: ActionTaken) -> None:
    journal = await Journal.open(settings.journal_path, CODEC)
    try:
        journal.publish(done)
    finally:
        await journal.close()
