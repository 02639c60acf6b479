"""`callcenter user …`: who may sign in to the wallboard and the API.

They work whether the centre runs or not (`callcenter.commands.accounts`). A change counts from the
next request on.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeAlias, TypeVar

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from callcenter.commands import accounts
from callcenter.commands.asking import terminal
from callcenter.commands.init import init_command, new_password
from callcenter.configuration.settings import Settings, load
from foundation.db import TROUBLES, create_schema, make_engine
from foundation.errors import CallCentreError, NotFound, RemoteError
from foundation.web.changes import AccountChange, AddUser, ChangePassword, RemoveUser
from foundation.web.store import UserStore
from foundation.web.users import Passwords, Role, User, WeakPassword, check_password_rules
from foundation.yaml_lines import nearest

app = typer.Typer(help="Who may sign in to the wallboard and the API.", no_args_is_help=True)

Result = TypeVar("Result")
Work: TypeAlias = Callable[[UserStore, Settings], Awaitable[Result]]
Folder = Annotated[Path, typer.Option("--dir", help="The centre's folder.")]
Ask = Annotated[bool, typer.Option("--ask", help="Type the password instead of having one made.")]
Name = Annotated[str, typer.Argument(help="The name typed at the sign-in page.")]


def create_first_user(folder: Path, name: str, password_hash: str) -> None:
    """For `init`: the first user may do everything, also make the others."""
    first = User(name, Role.ADMINISTRATOR, password_hash)
    asyncio.run(_with_store(folder, lambda store, _: store.add(first)))


init = init_command(create_first_user)


@app.command("add")
def add(
    name: Name,
    role: Annotated[Role, typer.Option(help="What the user may do.")] = Role.SUPERVISOR,
    agent: Annotated[str, typer.Option(help="The agent that this user is.")] = "",
    ask: Ask = False,
    folder: Folder = Path(),
) -> None:
    """Add a user; the password is made here and shown once."""
    password = _choose_password(name, ask=ask)
    hashed = Passwords().hash(password)

    async def add_user(_: UserStore, settings: Settings) -> AccountChange:
        _check_new(name, agent or None, settings)
        return AddUser(
            by=terminal(), user_id=name, role=role, agent_id=agent or None, password_hash=hashed
        )

    change_accounts(folder, add_user)
    _tell_password(name, password, is_new=not ask)


@app.command("password")
def change_password(name: Name, ask: Ask = False, folder: Folder = Path()) -> None:
    """Make a new password for a user; the old one ends, and so do the user's sessions."""
    password = _choose_password(name, ask=ask)

    async def change(_: UserStore, __: Settings) -> AccountChange:
        hashed = Passwords().hash(password)
        return ChangePassword(by=terminal(), user_id=name, password_hash=hashed)

    change_accounts(folder, change)
    _tell_password(name, password, is_new=not ask)


@app.command("remove")
def remove(name: Name, folder: Folder = Path()) -> None:
    """Remove a user."""

    async def remove_user(_: UserStore, __: Settings) -> AccountChange:
        return RemoveUser(by=terminal(), user_id=name)

    change_accounts(folder, remove_user)
    Console().print(f"{name} is removed.", markup=False)


@app.command("list")
def list_users(folder: Folder = Path()) -> None:
    """All users and their roles."""
    table = Table("user", "role", "agent")
    for user in run_with_users(folder, lambda store, _: store.all()):
        table.add_row(escape(user.user_id), user.role, user.agent_id or "")
    Console().print(table)


def _choose_password(name: str, *, ask: bool) -> str:
    if not ask:
        return new_password()
    typed: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    try:
        check_password_rules(typed, name)
    except WeakPassword as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    return typed


def _tell_password(name: str, password: str, *, is_new: bool) -> None:
    """Only what we made is shown; who typed it knows it."""
    console = Console(highlight=False)
    if not is_new:
        console.print(f"{name}: the password is set.", markup=False)
        return
    console.print(f"{escape(name)}: password [bold]{password}[/bold]", soft_wrap=True)
    console.print("It is shown this once; only its hash is kept.")


def _check_new(name: str, agent_id: str | None, settings: Settings) -> None:
    """Raises for a name that nobody could type, and for an agent that is not configured."""
    if not name.isprintable() or name.split() != [name]:
        raise RemoteError(f"{name!r} is no name for a user; write one word.")
    check_agent(agent_id, settings)


def check_agent(agent_id: str | None, settings: Settings) -> None:
    agents = [agent.id for agent in settings.agents]
    if agent_id is not None and agent_id not in agents:
        raise NotFound(f"There is no agent {agent_id!r}; {nearest(agent_id, agents)}")


def change_accounts(
    folder: Path, wanted: Callable[[UserStore, Settings], Awaitable[AccountChange]]
) -> None:
    """Has it done, or tells why not and ends with exit code 1."""

    async def work(users: UserStore, settings: Settings) -> None:
        await accounts.change(settings, users, await wanted(users, settings))

    run_with_users(folder, work)


def run_with_users(folder: Path, work: Work[Result]) -> Result:
    """The work's result, or a sentence and exit code 1."""
    try:
        return asyncio.run(_with_store(folder, work))
    except CallCentreError as error:
        typer.echo(str(error), err=True)
    except TROUBLES as error:
        sentence = str(getattr(error, "orig", None) or error)
        typer.echo(f"The database cannot be used: {sentence}", err=True)
    raise typer.Exit(1)


async def _with_store(folder: Path, work: Work[Result]) -> Result:
    settings = load(folder)
    engine = make_engine(settings.database_url)
    try:
        await create_schema(engine)
        return await work(UserStore(engine), settings)
    finally:
        await engine.dispose()
