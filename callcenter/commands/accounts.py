"""Users and tokens changed from a terminal: by core when it runs, else here; in the audit always.

An administrator who has lost the password must be able to make another whether the centre runs or
not, and who looks at the audit must be able to see that it was done.
"""

import typer

from callcenter.actions.accounts import audit_of
from callcenter.asks import ChangeAccounts
from callcenter.codec import CODEC
from callcenter.configuration.settings import Settings
from callcenter.places import Places
from foundation.errors import CallCentreError, Unavailable
from foundation.ipc import Client
from foundation.journal import Journal
from foundation.tasks import contain_async
from foundation.web.changes import AccountChange
from foundation.web.store import UserStore


async def change(settings: Settings, users: UserStore, wanted: AccountChange) -> None:
    """Raises `NotFound` or `Conflict`, and then nothing was changed."""
    try:
        core = await Client.connect(Places(settings.data_path).core_socket)
    except Unavailable:
        await users.apply(wanted)
        await _write_down(settings, wanted)
        return
    try:
        await core.ask(ChangeAccounts(wanted))
    finally:
        await core.close()


async def _write_down(settings: Settings, done: AccountChange) -> None:
    """What is done is done: a new password must be told whatever is wrong with the journal."""
    try:
        await contain_async("the audit's line", _publish(settings, done))
    except (CallCentreError, OSError) as error:
        typer.echo(f"It is done, and the audit has no line of it: {error}", err=True)


async def _publish(settings: Settings, done: AccountChange) -> None:
    told = audit_of(done)
    assert told is not None
    journal = await Journal.open(settings.journal_path, CODEC)
    journal.publish(told)
    await journal.close()
