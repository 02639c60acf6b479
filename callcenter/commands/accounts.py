"""Users and tokens changed from a terminal: by core when it runs, else here; in the audit always.

An administrator who has lost the password must be able to make another whether the centre runs or
not, and who looks at the audit must be able to see that it was done.
"""

from callcenter.actions.accounts import audit_of
from callcenter.asks import ChangeAccounts
from callcenter.commands.audit import write_down
from callcenter.configuration.settings import Settings
from callcenter.places import Places
from foundation.errors import Unavailable
from foundation.ipc import Client
from foundation.web.changes import AccountChange
from foundation.web.store import UserStore


async def change(settings: Settings, users: UserStore, wanted: AccountChange) -> None:
    """Raises `NotFound` or `Conflict`, and then nothing was changed."""
    try:
        core = await Client.connect(Places(settings.data_path).core_socket)
    except Unavailable:
        await users.apply(wanted)
        told = audit_of(wanted)
        assert told is not None
        await write_down(settings, told)
        return
    try:
        await core.ask(ChangeAccounts(wanted))
    finally:
        await core.close()
